import { readFileSync } from 'node:fs';
import { arch, release, totalmem, type } from 'node:os';
import type { Member, SnapshotReport } from '@weir/cluster';
import type {
  Host,
  LogView,
  MigrateAnswer,
  MigrateRequest,
  ProcessView,
  ReplicationView,
  Session,
  SlaveView,
  SnapshotView,
} from '@weir/commands';
import type { HostPort } from '@weir/config';
import { writeFileDurably } from '@weir/log';
import { WEIR_VERSION } from '@weir/dataset';
import type { Timer } from '@weir/time';
import type { LuaModule } from '@weir/scripting';
import { LoopDelay } from './loop-delay.ts';
import { loadLua } from './lua-module.ts';
import { migrate } from './migrate.ts';
import type { EngineNode } from './node.ts';
import { goodSlaves, ownSlaves } from './slaves.ts';
import { askForSnapshot } from './save.ts';

const TIMER_MS_MAX = 2 ** 31 - 1;

/** Reports come every second; an app that is busy may be late. */
const SNAPSHOT_REPORT_MS = 3000;

function notSaving(member: Member): Member {
  return member.snapshot === undefined ? member : { ...member, snapshot: { ...member.snapshot, inProgress: false } };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'No such file or directory' : message;
}

/** What commands may ask of the process: see the interface, which documents each. */

export class EngineHost implements Host {
  readonly #node: EngineNode;
  #wallBaseMs: number;
  #shuttingDown = false;
  /** Snapshots that were asked for and are not there yet. */
  #saving = 0;
  #saveFailed = false;
  readonly #delay: LoopDelay;

  constructor(node: EngineNode) {
    this.#node = node;
    this.#wallBaseMs = node.time.wallMs() - node.time.monotonicMs();
    this.#delay = new LoopDelay(() => node.time.monotonicMs());
  }

  clockMicros(): number {
    return this.#node.time.monotonicMs() * 1000;
  }

  wallClockMicros(): number {
    const monotonic = this.#node.time.monotonicMs();
    const wall = this.#node.time.wallMs();
    // The microseconds are the monotonic clock's, which knows nothing of a wall clock that is set: begin again from that where they part.
    if (Math.abs(this.#wallBaseMs + monotonic - wall) > 2) this.#wallBaseMs = wall - monotonic;
    return Math.floor((this.#wallBaseMs + monotonic) * 1000);
  }

  get sessions(): ReadonlyMap<number, Session> {
    return this.#node.engine.sessions;
  }

  after(ms: number, run: () => void): () => void {
    const { time } = this.#node;
    // A timer of more than 2^31 - 1 ms would come at once.
    let timer: Timer;
    const wait = (left: number): void => {
      const step = Math.min(left, TIMER_MS_MAX);
      timer = time.after(step, () => (left > step ? wait(left - step) : run()));
    };
    wait(ms);
    return () => timer.cancel();
  }

  replication(): ReplicationView {
    const { role } = this.#node;
    const now = this.#node.time.monotonicMs();
    const master = role.role === 'slave' ? role.master : null;
    const loading = role.loading;
    return {
      role: role.role,
      replid: role.logId,
      offset: role.offset,
      epoch: role.epoch,
      seq: role.seq,
      slaves: this.#slaves(now),
      goodSlaves: goodSlaves(this.#node.members(), now, this.#node.config.num.minReplicasMaxLag * 1000),
      master: master && {
        ...master,
        state: role.masterLink.state,
        lastIoSeconds: role.follower === null ? -1 : Math.floor((now - role.follower.lastIoMs) / 1000),
        linkDownSeconds: role.masterLink.up ? 0 : Math.floor((now - role.masterLink.downSinceMs) / 1000),
        syncLeftBytes: loading === null ? 0 : Math.max(0, loading.totalBytes - loading.loadedBytes),
        syncTotalBytes: loading?.totalBytes ?? 0,
      },
    };
  }

  #slaves(now: number): SlaveView[] {
    const slaves: SlaveView[] = [];
    const { role } = this.#node;
    for (const member of ownSlaves(this.#node.members(), role.nodeId, role.role === 'master')) {
      slaves.push({
        ip: member.ip,
        port: member.port,
        state: member.state === 'online' ? 'online' : member.state === 'loading' ? 'send_bulk' : 'wait_bgsave',
        offset: member.offset,
        lagSeconds: Math.floor((now - member.receivedMs) / 1000),
      });
    }
    return slaves.sort((a, b) => a.port - b.port || (a.ip < b.ip ? -1 : 1));
  }

  handOver(options: { to: HostPort | null; timeoutMs: number; force: boolean }): string | null {
    return this.#node.role.handOver(options);
  }

  abortHandover(): boolean {
    return this.#node.role.abortHandover();
  }

  isClustered(): boolean {
    return this.#node.isClustered;
  }

  replicaOf(target: HostPort | null): Promise<string | null> | undefined {
    return this.#node.replicaOf(target);
  }

  waitReplicas(offset: number, replicas: number, timeoutMs: number, done: (acknowledged: number) => void): () => void {
    return this.#node.waits.wait(offset, replicas, timeoutMs, done);
  }

  snapshots(): SnapshotView {
    const member = this.#snapshotMember();
    const report = member?.snapshot ?? null;
    const lastSavedMs = report !== null && report.lastSavedMs > 0 ? report.lastSavedMs : this.#node.startedMs;
    return {
      lastSaveSeconds: Math.floor(lastSavedMs / 1000),
      changesSinceLastSave: report?.changesSince ?? this.#node.engine.ctx.changes,
      inProgress: this.#saving > 0 || (report?.inProgress ?? false),
      lastStatus: this.#saveFailed || report?.lastOk === false ? 'err' : 'ok',
      lastSeconds: report === null || report.saves === 0 ? -1 : Math.floor(report.lastDurationMs / 1000),
      currentSeconds: member?.snapshot.inProgress
        ? Math.floor((member.snapshot.runningMs + this.#node.time.monotonicMs() - member.receivedMs) / 1000)
        : -1,
      saves: report?.saves ?? 0,
    };
  }

  #snapshotMember(): (Member & { snapshot: SnapshotReport }) | null {
    // An app that died within a snapshot says nothing more: SAVE is not refused for as long as its last report is kept.
    const oldest = this.#node.time.monotonicMs() - SNAPSHOT_REPORT_MS;
    const reporting = this.#node
      .members()
      .map((member) => (member.receivedMs < oldest ? notSaving(member) : member))
      .filter((member): member is Member & { snapshot: SnapshotReport } => member.snapshot !== undefined)
      .sort((a, b) => b.snapshot.lastSavedMs - a.snapshot.lastSavedMs);
    return reporting[0] ?? null;
  }

  save(done: (error: string | null) => void): void {
    const access = this.#node.role.access;
    if (access === null) return done('ERR there is no log to make a snapshot of yet');
    this.#saving++;
    void askForSnapshot(access, () => this.#node.role.access === access)
      .catch((error: unknown) => (error as Error).message)
      .then((error) => {
        this.#saving--;
        this.#saveFailed = error !== null;
        if (error !== null) this.#node.logger.warn({ error }, 'snapshot failed');
        done(error === null ? null : `ERR ${error}`);
      });
  }

  shutdown(options: { save: boolean | null; now: boolean; force: boolean }): string | null {
    if (this.#shuttingDown) return null;
    this.#shuttingDown = true;
    const stop = () => this.#node.requestStop();
    if (options.save === true) this.save(() => stop());
    else this.#node.time.endOfTurn(stop);
    return null;
  }

  shutdownAbort(): boolean {
    return false;
  }

  rewriteConfig(): string | null {
    const { config, configFile } = this.#node;
    if (configFile === undefined) return 'ERR The server is running without a config file';
    try {
      const { acl } = this.#node.engine.ctx;
      // With `aclfile` users stand there, and the file has no lines of them.
      const users = config.text.aclfile === '' ? { users: acl.lines() } : {};
      const next = config.rewrite(readFileSync(configFile, 'latin1'), users);
      writeFileDurably(configFile, next, { encoding: 'latin1' });
      return null;
    } catch (error) {
      return `ERR Rewriting config file: ${(error as Error).message}`;
    }
  }

  randomBytes(count: number): Uint8Array {
    return this.#node.time.randomBytes(count);
  }

  readAclFile(): { text: string } | { error: string } {
    try {
      return { text: readFileSync(this.#node.config.path('aclfile'), 'latin1') };
    } catch (error) {
      return { error: reasonOf(error) };
    }
  }

  writeAclFile(text: string): string | null {
    try {
      writeFileDurably(this.#node.config.path('aclfile'), text, { encoding: 'latin1' });
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }

  migrate(request: MigrateRequest, done: (answer: MigrateAnswer) => void): void {
    this.#node.engine.commit.whenCommitted(request.afterRecord, (committed) => {
      if (committed) migrate(request, done);
      else done({ lines: [], failure: 'uncommitted' });
    });
  }

  reload(done: (error: string | null) => void): void {
    this.#node.role.reload().then(
      () => done(null),
      (error: unknown) => done(`ERR Error trying to load the data set: ${(error as Error).message}`),
    );
  }

  sleep(ms: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  }

  process(): ProcessView {
    const node = this.#node;
    const { stats } = node.engine.ctx;
    const { loading } = node.role;
    const cpu = process.cpuUsage();
    return {
      pid: process.pid,
      runId: node.runId,
      os: `${type()} ${release()} ${arch()}`,
      arch: arch(),
      executable: process.argv[1] ?? process.execPath,
      configFile: node.configFile ?? '',
      uptimeMs: this.#node.time.monotonicMs() - node.startedAt,
      tcpPort: node.config.num.port,
      rssBytes: process.memoryUsage.rss(),
      eventLoopDelay: this.#delay.look(),
      totalSystemBytes: totalmem(),
      cpu: { user: cpu.user / 1e6, system: cpu.system / 1e6 },
      networkInputBytes: stats.netInputBytes,
      networkOutputBytes: stats.netOutputBytes,
      loading: loading && { ...loading, elapsedMs: this.#node.time.monotonicMs() - loading.startedAt },
      version: WEIR_VERSION,
    };
  }

  handshake(who: 'slave' | 'replication'): { json: string } | { error: string } {
    const { role } = this.#node;
    if (role.access === null) return { error: 'ERR this node has no log yet; try again' };
    const { cluster, logId, urlFor, rights, ...location } = role.access.location;
    const natsUrl = urlFor === undefined ? location.natsUrl : urlFor(who);
    const given = urlFor === undefined ? rights : who;
    if (natsUrl === null) return { error: 'ERR this node runs the replication app itself: see replication-app' };
    if (who === 'replication' && given === 'slave')
      return { error: 'ERR a slave has no such rights to give: ask its master' };
    const node = { role: role.role, node: role.nodeId, ...(given === undefined ? {} : { rights: given }) };
    return { json: JSON.stringify({ version: 1, cluster, logId, natsUrl, ...node }) };
  }

  logs(done: (answer: readonly LogView[] | string) => void): void {
    this.#node.oldLogs.list().then(done, (error: unknown) => done(`ERR ${(error as Error).message}`));
  }

  forgetLog(id: string, done: (error: string | null) => void): void {
    this.#node.oldLogs.forget(id).then(done, (error: unknown) => done(`ERR ${(error as Error).message}`));
  }

  repair(args: readonly string[], done: (answer: { lines: string[] } | { error: string }) => void): void {
    this.#node.role.repair(args).then(
      (lines) => done({ lines }),
      (error: unknown) => done({ error: (error as Error).message.replaceAll(/\s+/g, ' ') }),
    );
  }

  log(message: string): void {
    this.#node.logger.warn({}, message);
  }

  luaModule(): LuaModule {
    return loadLua();
  }

  crash(how: string): string | null {
    const { logger } = this.#node;
    logger.error({ how }, 'DEBUG asked for a crash');
    switch (how) {
      case 'segfault':
        process.kill(process.pid, 'SIGSEGV');
        return null;
      case 'panic':
      case 'oom':
        process.abort();
      // falls through (abort does not return)
      case 'change-repl-id':
        return null; // the id is the log's, which stays what it is
      default:
        return `ERR DEBUG ${how.toUpperCase()} is not supported`;
    }
  }
}

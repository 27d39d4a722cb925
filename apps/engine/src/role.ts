import { handshake, hasBegun, markBegun, newLogId, serveTail } from '@weir/cluster';
import type { HandshakeResult, MemberReport } from '@weir/cluster';
import type { Config, HostPort } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import { LOG_START, LogError, RecentMessages, isLogError, openWriter } from '@weir/log';
import type { Beginning, LogPosition, LogWriter, WriterState } from '@weir/log';
import { ENGINE_VERSION, Follower, Pace, discardKeyspace, wallClockMs } from '@weir/replica';
import type { LoadProgress, LoadedSnapshot } from '@weir/replica';
import type { Engine } from './engine.ts';
import { LogAccess } from './log-access.ts';
import type { LogLocation } from './log-access.ts';
import type { ImportInto } from './import-file.ts';
import { leaderAddress, leaderNode } from './leader.ts';
import { watchLog } from './log-watch.ts';
import type { Logger } from './logger.ts';
import { MasterLink } from './master-link.ts';
import { beginLog, beginningOf, snapshotFromMemory } from './new-log.ts';
import type { NodeMemory } from './node-memory.ts';
import type { OwnLog } from './own-log.ts';
import { repair } from './repair.ts';
import { Promotions } from './promotions.ts';
import { askSlaves, explainsLoss, healFromGuard, proveHas, takeFromMembers } from './proof.ts';
import { refusalText, retryMs, troubleOf } from './trouble.ts';
import type { Trouble } from './trouble.ts';
import { Pauses, aborted, within } from './waiting.ts';

/**
 * Which role this node plays, and how it gets there.
 *
 *   start ──▶ rebuilding ──claim──▶ leading ──REPLICAOF host port──▶ joining ──▶ following
 *                 ▲                  │   ▲                              ▲ │          │
 *                 └──── fenced ──────┘   └──────── REPLICAOF NO ONE ────┴─┴──────────┘
 *
 * One loop runs one *term* after the other. A term ends when the user asks for another role (its signal is aborted), when
 * it cannot go on (fenced, log diverged), or when the node stops; what it opened it closes. Between terms that failed the
 * loop waits, longer each time, for ever.
 *
 * - rebuilding: newest snapshot, then the log to its end; requests are answered LOADING.
 * - leading: a leadership record of a new epoch was stored behind everything that was applied; from then on only this
 *   node can append.
 * - fenced: somebody else wrote, or the log lost what it had acknowledged. In the first case the data set may hold writes that the log
 *   does not and nobody was told of: it is dropped and built anew, and where another node leads now, this one follows it.
 * - joining: another log's snapshot is being loaded into a fresh keyspace; the old data set keeps answering.
 * - following: the new data set was swapped in whole; records are applied as they come.
 *
 * Invariant *nothing-known-is-dropped*: a data set is replaced only by one from a log that provably holds what this node has of it (proof.ts).
 * What a node has is what its data set stands at (`#holding`) or what its file says that it knew. When the log has lost that, the node keeps its
 * data set and is in trouble (trouble.ts), or, when the log is its alone and its memory is whole, begins a new log with it.
 */

export interface RoleOptions {
  readonly engine: Engine;
  readonly config: Config;
  readonly logger: Logger;
  /** What this node remembers over restarts. */
  readonly memory: NodeMemory;
  readonly newKeyspace: () => Keyspace;
  readonly ownLog: OwnLog;
  /** The address that other nodes are told. */
  readonly announce: () => { ip: string; port: number };
  /** This node leads that log now; null: it leads none any more. */
  readonly onLeading: (location: LogLocation | null) => void;
  /** Before the log is claimed; while it is empty a chance to bring in a data set, which is a usable snapshot when it resolves. */
  readonly importInto?: ImportInto;
}

const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5000;
const HANDSHAKE_MS = 5000;
const DRAIN_MS = 5000;
const CLAIMS_MAX = 200;
/** What is in trouble says so again after so long. */
const TROUBLE_SAID_MS = 60_000;
/** Longer than a master in trouble waits before it asks again. */
const TAIL_OFFERED_MS = 8000;
const TAIL_LOOK_MS = 200;
/** Between two notes of how far the log is known. */
const NOTE_MS = 5000;

/** Of a log that cannot be gone on with, though nobody else has written to it. */
const LOSSES: ReadonlySet<string> = new Set(['log-lost', 'log-missing', 'log-corrupt', 'beginning-missing']);

interface Loading {
  /** A calendar time, to be shown. */
  readonly startedMs: number;
  /** The same by the monotonic clock. */
  readonly startedAt: number;
  readonly totalBytes: number;
  readonly loadedBytes: number;
}

/** The data set that is here, and the position of the log which it reflects: committed records only count. */
interface Holding {
  readonly logId: string;
  readonly position: LogPosition;
}

export class RoleController {
  readonly #o: RoleOptions;
  /** Null: master. */
  target: HostPort | null;
  access: LogAccess | null = null;
  follower: Follower | null = null;
  writer: LogWriter | null = null;
  writerState: WriterState = 'stopped';
  writerDetail = '';
  readonly masterLink = new MasterLink();
  loading: Loading | null = null;
  epoch = 0;
  /** Last sequence committed (leading) or 0. */
  #committedSeq = 0;
  #committedOffset = 0;
  /** Id of the node that answered the last handshake. */
  #follows = '';
  #announceIp = '';
  #stopped = false;
  #term = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  /** The present data set becomes the beginning of a new log (REPLICAOF NO ONE). */
  #promote = false;
  #reloading = false;
  /** Set after fencing: another node leads this node's own log. */
  #deposedBy: HostPort | null = null;
  /** Ended early when the role changes, the node stops or the follower fails. */
  readonly #pauses = new Pauses();
  readonly #promotions = new Promotions();
  trouble: Trouble | null = null;
  #troubleSaidMs = 0;
  #holding: Holding | null = null;
  /** An operator told this node whom to follow, and it has not yet: the data set may be replaced by any. */
  #decided = true;
  /** The newest messages of the log, for when it loses them. */
  #recent = { logId: '', messages: new RecentMessages() };
  /** The log ends before this sequence, which a snapshot has to bring. */
  #owed = 0;
  /** What begins the new log is no data set of a log: a repair put it together. */
  #rescued = false;
  /** The log lost what it had, and the data set here begins a new one. */
  #lost = false;
  /** An operator takes the log as it is, whatever slaves have of it. */
  #accepts = false;
  #notedSeq = -1;
  /** A data set that must not change is being saved. */
  #saving = false;

  constructor(options: RoleOptions) {
    this.#o = options;
    this.target = options.config.replicaof;
  }

  get role(): 'master' | 'slave' {
    return this.target === null && this.#deposedBy === null ? 'master' : 'slave';
  }

  /** Who this slave follows. */
  get master(): HostPort | null {
    return this.target ?? this.#deposedBy;
  }

  get seq(): number {
    return this.writer !== null ? this.#committedSeq : (this.#held?.seq ?? this.follower?.seq ?? 0);
  }

  get offset(): number {
    return this.writer !== null ? this.#committedOffset : ((this.#held ?? this.follower?.position)?.offset ?? 0);
  }

  /** What the data set that answers has of the log at hand, while no follower feeds it: a new one may be on its way. */
  get #held(): LogPosition | null {
    const isServed = this.follower !== null && this.follower.keyspace === this.#o.engine.ctx.keyspace;
    if (isServed || this.#holding === null || this.#holding.logId !== this.access?.location.logId) return null;
    return this.#holding.position;
  }

  get nodeId(): string {
    return this.#o.memory.id;
  }

  get logId(): string {
    return this.access?.location.logId ?? '0'.repeat(40);
  }

  start(): void {
    const { engine } = this.#o;
    engine.ctx.role.isLoading = true;
    engine.ctx.role.isSlave = this.role === 'slave';
    this.masterLink.begin(performance.now());
    engine.commit.onCommitted = (seq, offset) => {
      this.#committedSeq = seq;
      this.#committedOffset = offset;
    };
    engine.commit.onFenced = () => this.#term.abort(new Fenced());
    this.#loop = this.#run();
  }

  /**
   * Another role from now on. Returns at once; a promise is what REPLICAOF NO ONE waits for: null when this node leads, so that
   * an OK means what it says, or the text of an error.
   *
   * Until it leads, a node that is promoted refuses writes as the slave that it was: its data set becomes a snapshot, which a
   * write meanwhile would be half in, and no log would have it.
   */
  replicaOf(target: HostPort | null): Promise<string | null> | undefined {
    const { engine, config } = this.#o;
    const wasSlave = this.role === 'slave';
    if (target === null && !wasSlave) return this.leading ? undefined : this.#promotions.wait();
    this.#deposedBy = null;
    this.#decided = true;
    this.#clearTrouble();
    this.target = target;
    config.assign('replicaof', target === null ? ['no', 'one'] : [target.host, String(target.port)]);
    if (target === null) {
      // A node that never had a data set has nothing to begin a log with: it leads its own log, as if started so.
      this.#promote = !engine.ctx.role.isLoading;
      engine.ctx.role.linkUp = true;
    } else {
      this.#promote = false;
      this.#rescued = false;
      this.#lost = false;
      this.#accepts = false;
      engine.ctx.role.isSlave = true;
      this.masterLink.begin(performance.now());
      engine.ctx.role.linkUp = false;
      this.#promotions.settle('ERR another role was asked for meanwhile');
    }
    this.#term.abort(new RoleChanged());
    this.#pauses.end();
    return target === null ? this.#promotions.wait() : undefined;
  }

  /** For `WEIR REPAIR`: see repair.ts. */
  repair(args: readonly string[]): Promise<string[]> {
    const { logger, memory, newKeyspace, ownLog } = this.#o;
    return repair(
      {
        trouble: () => this.trouble,
        leading: () => this.leading,
        isMaster: this.target === null && this.#deposedBy === null,
        holds: this.#holds(),
        newKeyspace,
        open: async (signal) => {
          const location = this.access?.location ?? (await ownLog.locate(memory, signal));
          return LogAccess.open(location, `weir repair ${this.nodeId}`, () => this.report(), logger, signal);
        },
        source: (logId) => ownLog.guard(logId) ?? this.#recentOf(logId),
        beginWith: (keyspace) => this.#beginWith(keyspace),
        discard: () => this.#discard(),
      },
      args,
    );
  }

  /** The data set that answers here: that of a role which is played, or what is kept of the last one. */
  #holds(): { keys: number; seq: number; logId: string } | null {
    const { keyspace } = this.#o.engine.ctx;
    const keys = keyspace.size;
    if (this.writer !== null || this.follower?.keyspace === keyspace) return { keys, seq: this.seq, logId: this.logId };
    const held = this.#holding;
    return held && { keys, seq: held.position.seq, logId: held.logId };
  }

  /** An operator decided what this node begins a new log with; null: with the data set that it holds. */
  #beginWith(keyspace: Keyspace | null): Promise<string | null> {
    const { engine } = this.#o;
    engine.ctx.role.isSlave = true;
    if (this.leading && this.trouble === null) {
      if (keyspace !== null) discardKeyspace(keyspace);
      return Promise.resolve(
        'ERR what was missing came back meanwhile, and this node leads again: nothing was changed',
      );
    }
    if (keyspace !== null) {
      this.#rescued = true;
      const old = engine.ctx.keyspace;
      engine.swapKeyspace(keyspace);
      discardKeyspace(old);
    }
    engine.ctx.role.isLoading = false;
    this.#clearTrouble();
    this.#promote = true;
    this.#lost = true;
    engine.ctx.role.writeRefusal = this.writeRefusal;
    this.#term.abort(new RoleChanged());
    this.#pauses.end();
    return this.#promotions.wait();
  }

  /** An operator decided that the log is right and this node is not. */
  #discard(): void {
    const { engine, memory, logger, ownLog } = this.#o;
    logger.warn({ holding: this.#holding, known: memory.logId }, 'giving up what this node knows beyond the log');
    this.#holding = null;
    this.#promote = false;
    this.#rescued = false;
    this.#lost = false;
    this.#recent = { logId: '', messages: new RecentMessages() };
    this.#decided = true;
    this.#accepts = true;
    if (this.role === 'master') {
      if (memory.logId !== null) ownLog.settled(memory.logId);
      memory.forget();
      engine.ctx.role.isLoading = true;
    }
    this.#clearTrouble();
    this.#term.abort(new RoleChanged());
    this.#pauses.end();
  }

  get leading(): boolean {
    return this.writer !== null && this.#o.engine.leading && this.role === 'master';
  }

  /** The data set is to become the beginning of a new log, and must not change until it has. */
  get promoting(): boolean {
    return this.#promote || this.#saving;
  }

  /** Why writes are refused whatever the log says, or ''. */
  get writeRefusal(): string {
    if (this.role === 'slave') return '';
    if (this.trouble !== null) return refusalText(this.trouble, this.#holding !== null);
    return this.#lost
      ? 'MISCONF The log lost what it had; a new one is being begun from the data set of this node'
      : '';
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#o.engine.commit.hold(true); // nothing is executed any more, what was executed is committed
    this.#term.abort(new RoleChanged());
    this.#pauses.end();
    this.#promotions.settle('ERR the node stops');
    await this.#loop;
  }

  report(): MemberReport {
    const { ip, port } = this.#o.announce();
    const follower = this.follower;
    const position = this.writer?.committed ?? this.#held ?? follower?.position;
    const { seq } = this;
    return {
      id: this.nodeId,
      role: this.writer !== null ? 'master' : 'slave',
      ip: ip || this.#announceIp || '127.0.0.1',
      port,
      epoch: this.epoch,
      seq,
      offset: this.offset,
      ...(position !== undefined && position.seq === seq ? { checksum: position.checksum } : {}),
      state:
        this.writer !== null || (follower !== null && this.masterLink.up)
          ? 'online'
          : this.loading !== null
            ? 'loading'
            : 'catching-up',
      ...(this.writer === null && this.target !== null && this.#follows !== '' ? { follows: this.#follows } : {}),
    };
  }

  async #run(): Promise<void> {
    let delay = RETRY_MIN_MS;
    while (!this.#stopped) {
      this.#term = new AbortController();
      const { signal } = this.#term;
      const started = performance.now();
      try {
        if (this.target !== null) await this.#follow(this.target, signal);
        else if (this.#deposedBy !== null) await this.#followOwnLog(signal);
        else await this.#lead(signal);
      } catch (error) {
        const isOver = signal.aborted && !(signal.reason instanceof Fenced);
        if (!isOver && !this.#goesOnFromMemory(error)) this.#failed(error);
      }
      await this.#endTerm();
      if (this.#stopped || (signal.aborted && signal.reason instanceof RoleChanged)) {
        delay = RETRY_MIN_MS;
        continue;
      }
      this.#applyTrouble();
      if (performance.now() - started > 30_000) delay = RETRY_MIN_MS;
      await this.#pauses.for(this.trouble === null ? delay : retryMs(this.trouble));
      delay = Math.min(RETRY_MAX_MS, delay * 2);
    }
  }

  #failed(error: unknown): void {
    this.trouble = troubleOf(error, this.trouble);
    const text = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 500);
    this.#promotions.settle(`ERR not the master yet, trying again: ${text}`);
    const { logger } = this.#o;
    if (this.trouble === null)
      logger.error({ err: error, role: this.role }, 'this term ended with an error; trying again');
    else if (performance.now() - this.#troubleSaidMs > TROUBLE_SAID_MS || this.#troubleSaidMs === 0) {
      this.#troubleSaidMs = performance.now();
      const { code } = this.trouble;
      logger.error({ err: error, role: this.role, trouble: code }, refusalText(this.trouble, this.#holding !== null));
    }
  }

  /** Between two terms: what clients are told. A data set that is here goes on answering reads. */
  #applyTrouble(): void {
    const { ctx } = this.#o.engine;
    const keepsData = this.#holding !== null;
    ctx.role.dataRefusal = this.trouble === null ? '' : refusalText(this.trouble, keepsData);
    if (this.trouble !== null && keepsData) {
      ctx.role.isLoading = false;
      ctx.role.isSlave = true; // it stands still: nothing expires and nothing is evicted, since no log would have that
    }
    ctx.role.writeRefusal = this.writeRefusal;
  }

  #clearTrouble(): void {
    if (this.trouble !== null) this.#o.logger.info({ trouble: this.trouble.code }, 'the trouble is over');
    this.trouble = null;
    this.#troubleSaidMs = 0;
    this.#o.engine.ctx.role.dataRefusal = '';
  }

  async #endTerm(): Promise<void> {
    const { engine, logger } = this.#o;
    const { access, follower, writer } = this;
    if (writer !== null && access !== null) {
      // Asked to leave: what is on its way may still arrive, so that its clients hear of it.
      if (writer.state !== 'fenced') await within(DRAIN_MS, this.#drained(writer));
      const isWhole = writer.state !== 'fenced' && writer.pending === 0;
      writer.stop();
      engine.stopLeading();
      this.#o.onLeading(null);
      this.#holding = { logId: access.location.logId, position: writer.committed };
      this.#remember(access, writer, isWhole && (await this.#secured()));
    } else if (follower !== null && access !== null && follower.keyspace === engine.ctx.keyspace) {
      this.#holding = { logId: access.location.logId, position: follower.position };
    }
    this.writer = null;
    this.loading = null;
    engine.ctx.role.writeRefusal = this.writeRefusal;
    follower?.stop();
    this.follower = null;
    // A data set that was being loaded, and nobody will see.
    if (follower !== null && follower.keyspace !== engine.ctx.keyspace) discardKeyspace(follower.keyspace);
    this.access = null;
    if (access !== null) {
      await access.close().catch((error: unknown) => logger.debug({ err: error }, 'closing the connection to the log'));
    }
  }

  /** A stop in order: what was acknowledged is on disk before that is written down. */
  async #secured(): Promise<boolean> {
    try {
      return await within(DRAIN_MS, this.#o.ownLog.secure());
    } catch (error) {
      this.#o.logger.warn({ err: error }, 'cannot sync the log');
      return false;
    }
  }

  async #drained(writer: LogWriter): Promise<void> {
    const { engine } = this.#o;
    while (engine.commit.unsealedBytes > 0 && writer.canAppend) await new Promise((resolve) => setImmediate(resolve));
    await writer.drained();
  }

  // --- leading -------------------------------------------------------------------------------------------------------

  async #lead(signal: AbortSignal): Promise<void> {
    const { engine, logger, ownLog, memory } = this.#o;
    const promote = this.#promote;
    if (promote)
      engine.ctx.role.isSlave = true; // until it leads, nothing changes the data set, reads that find a key expired included
    else if (this.#holding === null) engine.ctx.role.isLoading = true;
    const location = await (promote ? ownLog.place(newLogId(), signal) : ownLog.locate(memory, signal));
    const access = await this.#open(location, signal);
    if (!promote) await this.#prove(access, signal);
    const replicas = this.#o.config.num.logReplicas;
    await access.log.ensureStream({ replicas });
    await access.snapshots.ensure({ replicas });
    let writer: LogWriter | null;
    if (promote) {
      const { keyspace } = engine.ctx;
      const held = this.#rescued ? null : this.#holding;
      const from = held && { logId: held.logId, seq: held.position.seq };
      const begins = await beginLog({ access, keyspace, newKeyspace: this.#o.newKeyspace, signal, from });
      writer = await this.#openWriter(access, LOG_START, begins, signal);
      await ownLog.secure();
      // Only now is it worth remembering: a node that dies before starts again with the log that it had.
      await ownLog.remember(location, memory.generation + 1, signal);
      logger.info({ keys: keyspace.size, logId: location.logId }, 'began a log of its own from the data set');
    } else {
      // In trouble the data set that is kept goes on answering while it is tried again.
      if (this.trouble === null || this.#holding === null) engine.ctx.role.isLoading = true;
      writer = await this.#claim(access, signal, await this.#imported(access, signal));
      if (writer === null) return;
      await ownLog.secure();
    }
    if (signal.aborted) {
      writer.stop();
      return;
    }
    const note = { position: writer.committed, clean: false, slaves: this.#slaveIds(access) };
    if (promote) memory.begin(location.logId, memory.generation + 1, note);
    else memory.remember(location.logId, note);
    await markBegun(access.link, location.cluster, location.logId, replicas);
    ownLog.settled(location.logId);
    this.#promote = false;
    this.#rescued = false;
    this.#lost = false;
    this.#decided = false;
    this.#accepts = false;
    this.epoch = writer.epoch;
    this.#committedSeq = writer.committed.seq;
    this.#committedOffset = writer.committed.offset;
    this.writer = writer;
    this.writerState = 'open';
    engine.lead(writer);
    engine.ctx.role.isLoading = false;
    engine.ctx.role.linkUp = true;
    engine.ctx.role.writeRefusal = '';
    this.loading = null;
    this.#clearTrouble();
    access.membership.start();
    this.#o.onLeading(location);
    this.#promotions.settle(null);
    logger.info({ epoch: writer.epoch, seq: this.#committedSeq, logId: location.logId }, 'leading: ready for writes');
    await this.#watchLog(access, writer, signal);
    if (signal.reason instanceof Fenced) {
      if (this.#promote || this.#beginsAnew(writer.fencedBy, writer.detail)) return;
      logger.error({ detail: writer.detail }, 'the log refused a record: its data set is looked at anew');
      engine.ctx.role.isLoading = true;
      throw signal.reason;
    }
  }

  /** Looks after the log as long as this node leads. */
  async #watchLog(access: LogAccess, writer: LogWriter, signal: AbortSignal): Promise<void> {
    const note = setInterval(() => {
      const { committed } = writer;
      if (committed.seq === this.#notedSeq || signal.aborted) return;
      this.#notedSeq = committed.seq;
      const { logId } = access.location;
      this.#o.memory.note(logId, { position: committed, clean: false, slaves: this.#slaveIds(access) });
    }, NOTE_MS);
    const watching = watchLog(
      {
        access,
        writer,
        logger: this.#o.logger,
        onUnreachable: (why) => this.#saveFromMemory(access, writer, why, signal),
        onReachable: () => {
          this.#clearTrouble();
          this.#o.ownLog.settled(access.location.logId); // a copy that was made since is of what the log has
        },
        onGone: (error) => {
          if (signal.aborted) return;
          if (this.#beginsAnew('log-missing', (error as Error).message)) this.#term.abort(new Fenced());
          else this.#failed(error);
        },
      },
      signal,
      (ms) => this.#pauses.for(ms),
    );
    void watching;
    await aborted(signal);
    clearInterval(note);
  }

  /** The log does not reach back to anything: the data set in memory is the only whole copy. Nothing is executed until it is saved. */
  async #saveFromMemory(access: LogAccess, writer: LogWriter, why: string, signal: AbortSignal): Promise<void> {
    const { engine, logger, newKeyspace } = this.#o;
    this.#failed(new LogError('beginning-missing', why));
    engine.commit.hold(true);
    this.#saving = true;
    try {
      if (!(await within(DRAIN_MS, this.#drained(writer)))) throw new Error('the log does not answer');
      const { keyspace } = engine.ctx;
      const manifest = await snapshotFromMemory({ access, keyspace, position: writer.committed, newKeyspace, signal });
      logger.warn({ snapshot: manifest.id, keys: manifest.keys }, 'saved the data set from memory');
      this.#clearTrouble();
    } finally {
      this.#saving = false;
      engine.commit.hold(this.#stopped);
    }
  }

  /** A master's term ended because of its log, and its data set is here: see #beginsAnew. */
  #goesOnFromMemory(error: unknown): boolean {
    const { access } = this;
    if (!isLogError(error) || this.role === 'slave' || access === null || this.#promote) return false;
    return this.#holding?.logId === access.location.logId && this.#beginsAnew(error.code, error.message);
  }

  /** Whether the data set in memory, which holds everything, is to begin a new log in place of one that was lost: only where nobody else can lead. */
  #beginsAnew(code: string, detail: string): boolean {
    if (!LOSSES.has(code) || !this.#o.ownLog.ownsStore) return false;
    this.#promote = true;
    this.#lost = true;
    this.#o.engine.ctx.role.writeRefusal = this.writeRefusal;
    this.#o.logger.error(
      { code, detail },
      'the log lost what it had: a new one is begun from the data set of this node',
    );
    return true;
  }

  /** The log has what this node knows of it. Throws LogError when not. */
  async #prove(access: LogAccess, signal: AbortSignal): Promise<void> {
    this.#owed = 0;
    const { log, link, location, snapshots } = access;
    const { logId, cluster } = location;
    const { logger, memory, ownLog } = this.#o;
    const holding = this.#holding?.logId === logId ? this.#holding : null;
    const known = holding?.position ?? memory.known(logId)?.position ?? null;
    const guard = ownLog.guard(logId);
    if (guard !== null) await healFromGuard(access, guard, signal, logger);
    try {
      if (known !== null) await proveHas(log, known, 'this node', this.#recentOf(logId), logger);
      else if (await hasBegun(link, cluster, logId)) {
        if ((await log.state()).lastSeq === 0 && !this.#accepts)
          throw new LogError('log-lost', 'the log is empty, and it has had a leader');
      }
    } catch (error) {
      if (!isLogError(error)) throw error;
      if (error.code === 'log-missing') throw new LogError('log-missing', `${whose(known)} is not there (${logId})`);
      if (error.code === 'log-lost' && known !== null && (await askSlaves(access, known, signal, logger))) return;
      // A snapshot of what came later is as good as the log up to there.
      const newest = error.code === 'log-lost' ? await snapshots.newestUsable() : null;
      if (newest !== null && known !== null && newest.seq >= known.seq && holding === null) {
        this.#owed = known.seq; // if it can be loaded: #claim looks
        return;
      }
      const noted = error.code === 'log-lost' && holding === null ? memory.known(logId) : null;
      if (noted === null || !(await explainsLoss(log, noted, memory.bootId, logger))) throw error;
    }
  }

  #recentOf(logId: string): RecentMessages {
    if (this.#recent.logId !== logId) this.#recent = { logId, messages: new RecentMessages() };
    return this.#recent.messages;
  }

  #slaveIds(access: LogAccess): string[] {
    return access.membership.others().flatMap(({ id, role }) => (role === 'slave' ? [id] : []));
  }

  #remember(access: LogAccess, writer: LogWriter, clean: boolean): void {
    try {
      const known = { position: writer.committed, clean, slaves: this.#slaveIds(access) };
      this.#o.memory.remember(access.location.logId, known);
    } catch (error) {
      this.#o.logger.warn({ err: error }, 'cannot write down how far the log is known');
    }
  }

  /** What a file brings into a log that is empty. */
  async #imported(access: LogAccess, signal: AbortSignal): Promise<LoadedSnapshot | null> {
    const { importInto, newKeyspace } = this.#o;
    const logIsEmpty = (await access.log.state()).lastSeq === 0;
    const onProgress = (progress: LoadProgress): void => this.#loads(progress);
    return (await importInto?.(access, { logIsEmpty, newKeyspace, onProgress, signal })) ?? null;
  }

  /**
   * Everything up to the log's end, then the lead of it; null when another node leads, which this one is to follow. Only who has
   * everything can win, so against a master that appends all the time it takes more than one try.
   */
  async #claim(access: LogAccess, signal: AbortSignal, loaded: LoadedSnapshot | null): Promise<LogWriter | null> {
    const { engine, logger, memory } = this.#o;
    access.membership.start();
    const follower = await this.#rebuild(access, signal, loaded);
    if (!this.#accepts) await takeFromMembers(access, memory.known(access.location.logId), signal, logger);
    await this.#reachEnd(follower, access, signal);
    if (follower.seq < this.#owed) {
      const { lastSeq } = await access.log.state();
      throw new LogError('log-lost', `the log ends at ${lastSeq}, this node had it up to ${this.#owed}`);
    }
    for (let attempt = 1; ; attempt++) {
      follower.pause();
      if (this.epoch > 0 && this.#isDeposed(follower)) {
        // Fenced in this life of the process, and it was no accident.
        this.#deposedBy = leaderAddress(follower.leader);
        engine.ctx.role.isSlave = true;
        logger.error({ leader: this.#deposedBy }, 'another node leads this log now; following it');
        return null;
      }
      const { lastSeq } = await access.log.state();
      if (follower.seq > lastSeq) {
        // The broker lost the end of the log (a power cut between two fsyncs) and kept a snapshot of what came later. Nothing can be
        // appended behind a sequence that is not there; but the data set is, and nothing acknowledged before it is missing.
        this.#adopt(follower);
        this.#holding = { logId: access.location.logId, position: follower.position };
        this.#promote = true;
        throw new Error(
          `the log ends at ${lastSeq}, a snapshot has ${follower.seq}: its data set becomes the beginning of a new log`,
        );
      }
      try {
        const begins = follower.tail.seq === 0 ? beginningOf(follower.base) : undefined;
        const writer = await this.#openWriter(access, follower.tail, begins, signal);
        follower.stop();
        this.#adopt(follower);
        return writer;
      } catch (error) {
        if (!isLogError(error, 'log-fenced') || attempt === CLAIMS_MAX) throw error;
        logger.debug({ attempt, seq: follower.seq }, 'another master wrote meanwhile; claiming the log again');
      }
      follower.resume();
      await this.#reachEnd(follower, access, signal);
    }
  }

  #openWriter(
    access: LogAccess,
    tail: LogPosition,
    begins: Beginning | undefined,
    signal: AbortSignal,
  ): Promise<LogWriter> {
    const { ip, port } = this.#o.announce();
    return openWriter({
      log: access.log,
      tail,
      engineVersion: ENGINE_VERSION,
      onState: (state, detail) => {
        if (this.writer !== null || state !== 'fenced') this.#writerChanged(state, detail); // a lost claim is the claimer's to tell
      },
      recent: this.#recentOf(access.location.logId),
      leadership: { node: this.nodeId, ip, port, ...(begins === undefined ? {} : { begins }) },
      signal,
    });
  }

  /** Whether the log has a newer leader than this node was: one that is not an earlier life of this very node. */
  #isDeposed(follower: Follower): boolean {
    const { leader } = follower;
    if (leader !== null) return leader.epoch > this.epoch && leaderNode(leader) !== this.nodeId;
    return follower.position.epoch > this.epoch; // its record was trimmed behind a snapshot already
  }

  /** The follower's data set takes the place of the present one, whose memory is given back now. */
  #adopt(follower: Follower): void {
    const { engine } = this.#o;
    const old = engine.ctx.keyspace;
    if (old === follower.keyspace) return;
    engine.swapKeyspace(follower.keyspace);
    discardKeyspace(old);
  }

  #writerChanged(state: WriterState, detail: string): void {
    this.writerState = state;
    this.writerDetail = detail;
    if (state === 'open') this.#o.logger.info({}, 'the log takes records again');
    else if (state !== 'stopped') this.#o.logger.warn({ state, detail }, 'the log does not take records');
    // Found out while nothing was under way: no append tells the engine.
    if (state === 'fenced' && this.writer !== null) this.#term.abort(new Fenced());
  }

  /** Snapshot and log up to the log's end. */
  async #rebuild(access: LogAccess, signal: AbortSignal, loaded: LoadedSnapshot | null = null): Promise<Follower> {
    const follower = this.#newFollower(access, true, loaded);
    this.follower = follower;
    await this.#catchUp(follower, access, signal);
    return follower;
  }

  async #catchUp(follower: Follower, access: LogAccess, signal: AbortSignal): Promise<void> {
    await follower.bootstrap(signal);
    follower.start();
    await this.#reachEnd(follower, access, signal);
    await follower.serve();
    signal.throwIfAborted();
  }

  async #reachEnd(follower: Follower, access: LogAccess, signal: AbortSignal): Promise<void> {
    for (;;) {
      const { lastSeq } = await access.log.state();
      signal.throwIfAborted();
      if (follower.seq >= lastSeq) return;
      await follower.reached(lastSeq, signal);
    }
  }

  // --- following -----------------------------------------------------------------------------------------------------

  async #follow(target: HostPort, signal: AbortSignal): Promise<void> {
    const { logger } = this.#o;
    const found = await this.#locate(target, signal);
    this.#follows = found.node ?? '';
    this.#announceIp = found.localAddress.replace(/^::ffff:/, '');
    logger.info({ master: `${target.host}:${target.port}`, logId: found.logId }, 'found the log of the master');
    const access = await this.#open(found, signal);
    await this.#join(access, signal);
    access.membership.onReport(({ id, left }) => {
      if (left === true && id === found.node) this.#pauses.end();
    });
    while (!signal.aborted) {
      await this.#pauses.for(1000);
      this.#watch(access, found.node);
      const follower = this.follower!;
      if (follower.state === 'failed') {
        if (!isLogError(follower.failure, 'log-lost')) throw follower.failure;
        return await this.#offerTail(access, follower.position, signal);
      }
      if (signal.aborted) return;
      if (this.masterLink.mayHaveMoved(performance.now())) {
        const again = await this.#ask(target, signal).catch(() => null);
        if (again !== null && (again.logId !== found.logId || !access.renew(again.natsUrl))) {
          logger.info({ logId: again.logId }, 'the master has another log now');
          return;
        }
      }
    }
  }

  /** After fencing: this node's own log is led by another one. */
  async #followOwnLog(signal: AbortSignal): Promise<void> {
    this.#o.engine.ctx.role.isSlave = true;
    const access = await this.#open(await this.#o.ownLog.locate(this.#o.memory, signal), signal);
    await this.#join(access, signal);
    while (!signal.aborted) {
      await this.#pauses.for(1000);
      this.#watch(access, undefined);
      if (this.follower!.state === 'failed') throw this.follower!.failure;
    }
  }

  async #join(access: LogAccess, signal: AbortSignal): Promise<void> {
    const { engine, logger } = this.#o;
    const { logId } = access.location;
    access.membership.start();
    // What the log lost and this node remembers is what its master asks for now.
    if (this.#holding?.logId === logId) await this.#offerTail(access, this.#holding.position, signal);
    this.masterLink.state = 'sync';
    const follower = await this.#rebuild(access, signal);
    this.#proveMore(follower, logId);
    this.#adopt(follower);
    this.#decided = false;
    this.#accepts = false;
    this.#clearTrouble();
    engine.ctx.role.isLoading = false;
    engine.ctx.role.linkUp = true;
    this.loading = null;
    this.masterLink.connected(performance.now());
    this.epoch = follower.position.epoch;
    access.membership.report();
    logger.info({ seq: follower.seq, keys: follower.keyspace.size }, 'following: the data set is current');
  }

  /** Stays connected for a while with more than the log has: a master that starts asks for it. */
  async #offerTail(access: LogAccess, position: LogPosition, signal: AbortSignal): Promise<void> {
    const until = performance.now() + TAIL_OFFERED_MS;
    for (;;) {
      try {
        return await proveHas(access.log, position, 'this slave', null, this.#o.logger);
      } catch (error) {
        if (!isLogError(error, 'log-lost') || performance.now() > until) throw error;
      }
      await this.#pauses.for(TAIL_LOOK_MS);
      signal.throwIfAborted();
    }
  }

  /**
   * The log is another one than that of the data set here, and nobody asked for that: its master began anew. With the data of the log that is followed
   * here, it is taken. One that began with nothing, a file or a repair takes the place of data only when an operator says so.
   */
  #proveMore(follower: Follower, logId: string): void {
    const { size } = this.#o.engine.ctx.keyspace;
    const before = this.#holding;
    if (this.#decided || before === null || before.logId === logId || size === 0) return;
    const { beginning } = follower;
    if (beginning?.kind === 'snapshot' && beginning.from?.logId === before.logId) return;
    throw new LogError(
      'log-unrelated',
      `the master has a new log that did not begin with this one's data; this slave keeps ${size} keys of log ${before.logId}`,
    );
  }

  #watch(access: LogAccess, node: string | undefined): void {
    const { engine, logger } = this.#o;
    const { state, position, seq } = this.follower!;
    for (const other of access.membership.others()) {
      const comparable = other.role === 'master' && other.seq === seq && position.seq === seq;
      if (comparable && other.checksum !== undefined && other.checksum !== position.checksum)
        throw new LogError('log-diverged', `record ${seq} of the master is another one than this slave has`);
    }
    if (this.masterLink.watch(state, access.membership.others(), node, performance.now())) {
      if (this.masterLink.up) logger.info({}, 'the link to the master is up');
      else logger.warn({ replication: state }, 'the link to the master is down; serving what is here');
    }
    engine.ctx.role.linkUp = this.masterLink.up;
    this.epoch = position.epoch;
  }

  async #locate(target: HostPort, signal: AbortSignal): Promise<HandshakeResult> {
    let delay = RETRY_MIN_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        this.masterLink.state = 'connecting';
        return await this.#ask(target, signal);
      } catch (error) {
        signal.throwIfAborted();
        this.masterLink.state = 'connect'; // until it tries again
        const level = attempt === 1 || attempt % 10 === 0 ? 'warn' : 'debug';
        this.#o.logger[level]({ attempt }, `the master ${(error as Error).message}; trying again`);
        await this.#pauses.for(delay);
        signal.throwIfAborted();
        delay = Math.min(RETRY_MAX_MS, delay * 2);
      }
    }
  }

  #ask(target: HostPort, signal: AbortSignal): Promise<HandshakeResult> {
    const { text } = this.#o.config;
    return handshake({
      ...target,
      user: text.masteruser,
      password: text.masterauth,
      timeoutMs: HANDSHAKE_MS,
      signal,
    });
  }

  async #open(location: LogLocation, signal: AbortSignal): Promise<LogAccess> {
    const { logger } = this.#o;
    const access = await LogAccess.open(location, `weir engine ${this.nodeId}`, () => this.report(), logger, signal);
    this.access = access; // closed at the end of the term
    const { cluster, logId } = location;
    serveTail(access.link, cluster, logId, this.nodeId, this.#recentOf(logId));
    signal.throwIfAborted();
    return access;
  }

  /** `keeps`: what it reads is remembered. */
  #newFollower(access: LogAccess, keeps: boolean, loaded: LoadedSnapshot | null = null): Follower {
    const { logger } = this.#o;
    if (this.loading === null) this.#loads({ totalBytes: 0, loadedBytes: 0 });
    const follower = new Follower({
      log: access.log,
      snapshots: access.snapshots,
      newKeyspace: this.#o.newKeyspace,
      ...(loaded === null ? {} : { loaded }),
      logger,
      now: wallClockMs,
      ...(keeps ? { recent: this.#recentOf(access.location.logId) } : {}),
      pace: new Pace(),
      onState: (state, detail) => {
        logger[state === 'failed' || state === 'disconnected' ? 'warn' : 'debug']({ state, detail }, 'replication');
        if (state === 'failed') this.#pauses.end();
      },
      onProgress: (progress) => this.#loads(progress),
    });
    return follower;
  }

  #loads({ totalBytes, loadedBytes }: LoadProgress): void {
    const { startedMs, startedAt } = this.loading ?? { startedMs: wallClockMs(), startedAt: performance.now() };
    this.loading = { startedMs, startedAt, totalBytes, loadedBytes };
  }

  /** DEBUG RELOAD: a fresh data set from snapshot and log takes the place of the present one. Requests wait meanwhile. */
  async reload(): Promise<void> {
    const { engine } = this.#o;
    const { access, writer } = this;
    const { signal } = this.#term;
    // Between two roles the data set that answers is not what the log has: it is becoming the beginning of a new one, or waits for
    // that of another master to be loaded.
    const settled = writer !== null || this.follower?.keyspace === engine.ctx.keyspace;
    if (access === null || this.#reloading || engine.ctx.role.isLoading || !settled)
      throw new Error('there is no log to load from now');
    this.#reloading = true;
    // On a slave nobody waits: the present data set answers, and follows the log, until the new one has caught up.
    if (writer !== null) engine.commit.hold(true);
    let fresh: Follower | null = null;
    try {
      if (writer !== null && !(await within(DRAIN_MS, this.#drained(writer))))
        throw new Error('the log does not answer');
      signal.throwIfAborted();
      fresh = this.#newFollower(access, writer === null);
      await this.#catchUp(fresh, access, signal);
      if (writer !== null) fresh.stop();
      else {
        this.follower?.stop();
        this.follower = fresh;
      }
      this.#adopt(fresh);
    } catch (error) {
      fresh?.stop();
      if (fresh !== null) discardKeyspace(fresh.keyspace);
      throw error;
    } finally {
      this.#reloading = false;
      this.loading = null;
      if (writer !== null) engine.commit.hold(this.#stopped);
    }
  }
}

function whose(known: LogPosition | null): string {
  return known === null ? 'the log of the cluster' : `the log that this node knew up to record ${known.seq}`;
}

class RoleChanged extends Error {}

class Fenced extends Error {
  constructor() {
    super('the log is led by another writer, or lost records');
  }
}

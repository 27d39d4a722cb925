import { handshake, newLogId } from '@weir/cluster';
import type { HandshakeResult, MemberReport } from '@weir/cluster';
import type { Config, HostPort } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import { openWriter } from '@weir/log';
import type { LogWriter, WriterState } from '@weir/log';
import { ENGINE_VERSION, Follower, LOG_START, REDIS_VERSION, discardKeyspace, uploadSnapshot } from '@weir/replica';
import type { LeaderInfo } from '@weir/replica';
import type { Engine } from './engine.ts';
import { LogAccess } from './log-access.ts';
import type { LogLocation } from './log-access.ts';
import type { Logger } from './logger.ts';

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
 * - fenced: somebody else wrote, or the log lost what it had acknowledged. The data set may hold writes that the log
 *   does not: it is dropped and built anew. Where another node leads now, this one follows it.
 * - joining: another log's snapshot is being loaded into a fresh keyspace; the old data set keeps answering.
 * - following: the new data set was swapped in whole; records are applied as they come.
 */

export type MasterState = 'connect' | 'connecting' | 'sync' | 'connected';

export interface RoleOptions {
  readonly engine: Engine;
  readonly config: Config;
  readonly logger: Logger;
  readonly nodeId: string;
  readonly newKeyspace: () => Keyspace;
  /** Where this node's own log is; starts what is needed for it. `fresh`: with that id, a log that does not exist yet. */
  readonly ownLog: (signal: AbortSignal, fresh?: string) => Promise<LogLocation>;
  /** The address that other nodes are told. */
  readonly announce: () => { ip: string; port: number };
  /** This node leads that log now; null: it leads none any more. */
  readonly onLeading: (location: LogLocation | null) => void;
  /** First start of a master whose log is empty: a chance to bring in a data set. Resolves when it is a usable snapshot. */
  readonly importInto?: (access: LogAccess) => Promise<void>;
}

const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5000;
const HANDSHAKE_MS = 5000;
/** A log that cannot be reached for so long makes a slave ask its master again where the log is. */
const ASK_AGAIN_MS = 3000;
/** A master reports every second. */
const MASTER_SILENT_MS = 5000;
const DRAIN_MS = 5000;
/** REPLICAOF NO ONE is answered when this node leads, or cannot, or after so long; it goes on trying in any case. */
const PROMOTION_MS = 30_000;

export class RoleController {
  readonly #o: RoleOptions;
  /** Null: master. */
  target: HostPort | null;
  access: LogAccess | null = null;
  follower: Follower | null = null;
  writer: LogWriter | null = null;
  writerState: WriterState = 'stopped';
  writerDetail = '';
  writerSince = 0;
  masterState: MasterState = 'connect';
  masterDownSince = 0;
  loading: { startedMs: number; totalBytes: number; loadedBytes: number } | null = null;
  epoch = 0;
  /** Last sequence committed (leading) or 0. */
  #committedSeq = 0;
  #committedOffset = 0;
  #announceIp = '';
  /** When the node that is followed was last heard of in its log. */
  #masterSeenMs = 0;
  #stopped = false;
  #term = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  /** The present data set becomes the beginning of a new log (REPLICAOF NO ONE). */
  #promote = false;
  #reloading = false;
  /** Set after fencing: another node leads this node's own log. */
  #deposedBy: HostPort | null = null;
  readonly #wakes = new Set<() => void>();
  /** Told when this node leads, or has another role to play. */
  readonly #promotions = new Set<(error: string | null) => void>();

  constructor(options: RoleOptions) {
    this.#o = options;
    this.target = options.config.replicaof;
  }

  get #connected(): boolean {
    return this.masterState === 'connected';
  }

  get role(): 'master' | 'slave' {
    return this.target === null && this.#deposedBy === null ? 'master' : 'slave';
  }

  /** Who this slave follows. */
  get master(): HostPort | null {
    return this.target ?? this.#deposedBy;
  }

  get seq(): number {
    return this.writer !== null ? this.#committedSeq : (this.follower?.seq ?? 0);
  }

  get offset(): number {
    return this.writer !== null ? this.#committedOffset : (this.follower?.position.offset ?? 0);
  }

  get nodeId(): string {
    return this.#o.nodeId;
  }

  get logId(): string {
    return this.access?.location.logId ?? '0'.repeat(40);
  }

  start(): void {
    const { engine } = this.#o;
    engine.ctx.loading = true;
    engine.ctx.slave = this.role === 'slave';
    this.masterDownSince = Date.now();
    engine.onCommitted = (seq, offset) => {
      this.#committedSeq = seq;
      this.#committedOffset = offset;
    };
    engine.onFenced = () => this.#term.abort(new Fenced());
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
    if (target === null && !wasSlave) return this.leading ? undefined : this.#promoted();
    this.#deposedBy = null;
    this.target = target;
    config.assign('replicaof', target === null ? ['no', 'one'] : [target.host, String(target.port)]);
    if (target === null) {
      // A node that never had a data set has nothing to begin a log with: it leads its own log, as if started so.
      this.#promote = !engine.ctx.loading;
      engine.ctx.linkUp = true;
    } else {
      this.#promote = false;
      engine.ctx.slave = true;
      this.masterState = 'connect';
      this.masterDownSince = Date.now();
      engine.ctx.linkUp = false;
      this.#settlePromotions('ERR another role was asked for meanwhile');
    }
    this.#term.abort(new RoleChanged());
    this.#wake();
    return target === null ? this.#promoted() : undefined;
  }

  get leading(): boolean {
    return this.writer !== null && this.#o.engine.leading && this.role === 'master';
  }

  /** The data set is to become the beginning of a new log, and must not change until it has. */
  get promoting(): boolean {
    return this.#promote;
  }

  #promoted(): Promise<string | null> {
    return new Promise((resolve) => {
      const done = (error: string | null): void => {
        clearTimeout(timer);
        this.#promotions.delete(done);
        resolve(error);
      };
      const timer = setTimeout(() => done('ERR the log is not begun yet; it will be'), PROMOTION_MS);
      this.#promotions.add(done);
    });
  }

  #settlePromotions(error: string | null): void {
    for (const done of [...this.#promotions]) done(error);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#o.engine.hold(true); // nothing is executed any more, what was executed is committed
    this.#term.abort(new RoleChanged());
    this.#wake();
    this.#settlePromotions('ERR the node stops');
    await this.#loop;
  }

  report(): MemberReport {
    const { ip, port } = this.#o.announce();
    const follower = this.follower;
    return {
      id: this.#o.nodeId,
      role: this.writer !== null ? 'master' : 'slave',
      ip: ip || this.#announceIp || '127.0.0.1',
      port,
      epoch: this.epoch,
      seq: this.seq,
      offset: this.offset,
      state:
        this.writer !== null || (follower !== null && this.masterState === 'connected')
          ? 'online'
          : this.loading !== null
            ? 'loading'
            : 'catching-up',
    };
  }

  async #run(): Promise<void> {
    let delay = RETRY_MIN_MS;
    while (!this.#stopped) {
      this.#term = new AbortController();
      const { signal } = this.#term;
      const started = Date.now();
      try {
        if (this.target !== null) await this.#follow(this.target, signal);
        else if (this.#deposedBy !== null) await this.#followOwnLog(signal);
        else await this.#lead(signal);
      } catch (error) {
        if (!signal.aborted || signal.reason instanceof Fenced) this.#failed(error);
      }
      await this.#endTerm();
      if (this.#stopped || (signal.aborted && signal.reason instanceof RoleChanged)) {
        delay = RETRY_MIN_MS;
        continue;
      }
      if (Date.now() - started > 30_000) delay = RETRY_MIN_MS;
      await this.#pause(delay);
      delay = Math.min(RETRY_MAX_MS, delay * 2);
    }
  }

  #failed(error: unknown): void {
    this.#o.logger.error({ err: error, role: this.role }, 'this term ended with an error; trying again');
    const text = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 500);
    this.#settlePromotions(`ERR not the master yet, trying again: ${text}`);
  }

  /** Ends early when the role changes, the node stops or the follower fails. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wakes.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wakes.add(done);
    });
  }

  #wake(): void {
    for (const done of [...this.#wakes]) done();
  }

  async #endTerm(): Promise<void> {
    const { engine, logger } = this.#o;
    const { access, follower, writer } = this;
    if (writer !== null) {
      // Asked to leave: what is on its way may still arrive, so that its clients hear of it.
      if (writer.state !== 'fenced') await within(DRAIN_MS, this.#drained(writer));
      writer.stop();
      engine.stopLeading();
      this.#o.onLeading(null);
    }
    this.writer = null;
    this.loading = null;
    engine.ctx.writeRefusal = '';
    follower?.stop();
    this.follower = null;
    // A data set that was being loaded, and nobody will see.
    if (follower !== null && follower.keyspace !== engine.ctx.keyspace) discardKeyspace(follower.keyspace);
    this.access = null;
    if (access !== null) {
      await access.close().catch((error: unknown) => logger.debug({ err: error }, 'closing the connection to the log'));
    }
  }

  async #drained(writer: LogWriter): Promise<void> {
    const { engine } = this.#o;
    while (engine.unsealedBytes > 0 && writer.canAppend) await new Promise((resolve) => setImmediate(resolve));
    await writer.drained();
  }

  // --- leading -------------------------------------------------------------------------------------------------------

  async #lead(signal: AbortSignal): Promise<void> {
    const { engine, logger, nodeId } = this.#o;
    const promote = this.#promote;
    if (!promote) engine.ctx.loading = true;
    const location = await this.#o.ownLog(signal, promote ? newLogId() : undefined);
    const access = await this.#open(location, signal);
    const replicas = this.#o.config.num.logReplicas;
    await access.log.ensureStream({ replicas });
    await access.snapshots.ensure({ replicas });
    let tail = LOG_START;
    if (promote) {
      await this.#beginLog(access, engine.ctx.keyspace, signal);
    } else {
      if ((await access.log.state()).lastSeq === 0) await this.#o.importInto?.(access);
      const follower = await this.#rebuild(access, signal);
      tail = follower.tail;
      follower.stop();
      if (this.epoch > 0 && this.#isDeposed(follower)) {
        // Fenced in this life of the process, and it was no accident: another node leads.
        this.#deposedBy = leaderAddress(follower.leader);
        engine.ctx.slave = true;
        logger.error({ leader: this.#deposedBy }, 'another node leads this log now; following it');
        return;
      }
      this.#adopt(follower);
      const { lastSeq } = await access.log.state();
      if (follower.seq > lastSeq) {
        // The broker lost the end of the log (a power cut between two fsyncs) and kept a snapshot of what came later. Nothing can be
        // appended behind a sequence that is not there; but the data set is, and nothing acknowledged before it is missing.
        this.#promote = true;
        throw new Error(
          `the log ends at ${lastSeq}, a snapshot has ${follower.seq}: its data set becomes the beginning of a new log`,
        );
      }
    }
    const { ip, port } = this.#o.announce();
    const writer = await openWriter({
      log: access.log,
      tail,
      engineVersion: ENGINE_VERSION,
      onState: (state, detail) => this.#writerChanged(state, detail),
      info: { node: nodeId, ip, port },
      signal,
    });
    if (signal.aborted) {
      writer.stop();
      return;
    }
    this.#promote = false;
    this.epoch = writer.epoch;
    this.#committedSeq = writer.committed.seq;
    this.#committedOffset = writer.committed.offset;
    this.writer = writer;
    this.writerState = 'open';
    engine.lead(writer);
    engine.ctx.loading = false;
    engine.ctx.linkUp = true;
    this.loading = null;
    access.membership.start();
    this.#o.onLeading(location);
    this.#settlePromotions(null);
    logger.info({ epoch: writer.epoch, seq: this.#committedSeq, logId: location.logId }, 'leading: ready for writes');
    await aborted(signal);
    if (signal.reason instanceof Fenced) {
      logger.error({ detail: writer.detail }, 'the log refused a record: dropping the data set and building it anew');
      engine.ctx.loading = true;
      throw signal.reason;
    }
  }

  /** Whether the log has a newer leader than this node was: one that is not an earlier life of this very node. */
  #isDeposed(follower: Follower): boolean {
    const { leader } = follower;
    if (leader !== null) return leader.epoch > this.epoch && leaderNode(leader) !== this.#o.nodeId;
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
    this.writerSince = Date.now();
    if (state === 'open') this.#o.logger.info({}, 'the log takes records again');
    else if (state !== 'stopped') this.#o.logger.warn({ state, detail }, 'the log does not take records');
  }

  /** The data set that is here becomes the beginning of an empty log: its snapshot at sequence 0. */
  async #beginLog(access: LogAccess, keyspace: Keyspace, signal: AbortSignal): Promise<void> {
    const { logger } = this.#o;
    if ((await access.log.state()).lastSeq > 0) throw new Error('the log that this node was to begin is not empty');
    const nowMs = Date.now();
    const manifest = await uploadSnapshot(access.snapshots, keyspace, LOG_START, {
      id: `base-${nowMs}`,
      engineVersion: ENGINE_VERSION,
      nowMs,
      redisVersion: REDIS_VERSION,
      signal,
    });
    await access.snapshots.markUsable(manifest.id);
    logger.info({ keys: manifest.keys, logId: access.location.logId }, 'began a log of its own from the data set');
  }

  /** Snapshot and log up to the log's end. */
  async #rebuild(access: LogAccess, signal: AbortSignal): Promise<Follower> {
    const follower = this.#newFollower(access);
    this.follower = follower;
    await this.#catchUp(follower, access, signal);
    return follower;
  }

  async #catchUp(follower: Follower, access: LogAccess, signal: AbortSignal): Promise<void> {
    await follower.bootstrap(signal);
    follower.start();
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
    this.masterState = 'connecting';
    const found = await this.#locate(target, signal);
    this.#announceIp = found.localAddress.replace(/^::ffff:/, '');
    logger.info({ master: `${target.host}:${target.port}`, logId: found.logId }, 'found the log of the master');
    const access = await this.#open(found, signal);
    await this.#join(access, signal);
    while (!signal.aborted) {
      await this.#pause(1000);
      this.#watch(access, found.node);
      const follower = this.follower!;
      if (follower.state === 'failed') throw follower.failure;
      if (signal.aborted) return;
      if (this.#masterIsAway(access, found.node)) {
        const again = await this.#ask(target, signal).catch(() => null);
        if (again !== null && (again.logId !== found.logId || again.natsUrl !== found.natsUrl)) {
          logger.info({ logId: again.logId }, 'the master has another log now');
          return;
        }
      }
    }
  }

  /**
   * The log cannot be reached, or the node that this one was told to follow is not heard of there: it may have another log now
   * (REPLICAOF NO ONE, REPLICAOF of its own), and the old one would be followed for ever.
   */
  #masterIsAway(access: LogAccess, node: string | undefined): boolean {
    const now = Date.now();
    if (!this.#connected) return now - this.masterDownSince > ASK_AGAIN_MS;
    return this.#masterSilentMs(access, node, now) > ASK_AGAIN_MS;
  }

  /** How long ago the node that this one follows was heard of. */
  #masterSilentMs(access: LogAccess, node: string | undefined, now: number): number {
    for (const member of access.membership.others()) {
      if (node === undefined ? member.role === 'master' : member.id === node) {
        this.#masterSeenMs = Math.max(this.#masterSeenMs, member.receivedMs);
      }
    }
    return now - this.#masterSeenMs;
  }

  /** After fencing: this node's own log is led by another one. */
  async #followOwnLog(signal: AbortSignal): Promise<void> {
    this.#o.engine.ctx.slave = true;
    const access = await this.#open(await this.#o.ownLog(signal), signal);
    await this.#join(access, signal);
    while (!signal.aborted) {
      await this.#pause(1000);
      this.#watch(access, undefined);
      if (this.follower!.state === 'failed') throw this.follower!.failure;
    }
  }

  async #join(access: LogAccess, signal: AbortSignal): Promise<void> {
    const { engine, logger } = this.#o;
    access.membership.start();
    this.masterState = 'sync';
    const follower = await this.#rebuild(access, signal);
    this.#adopt(follower);
    engine.ctx.loading = false;
    engine.ctx.linkUp = true;
    this.loading = null;
    this.masterState = 'connected';
    this.#masterSeenMs = Date.now();
    this.epoch = follower.position.epoch;
    access.membership.report();
    logger.info({ seq: follower.seq, keys: follower.keyspace.size }, 'following: the data set is current');
  }

  /** The link is up while records can come and the master lives: its NATS server may outlive it, and would be silent. */
  #watch(access: LogAccess, node: string | undefined): void {
    const follower = this.follower!;
    const now = Date.now();
    const follows = follower.state === 'live' || follower.state === 'catching-up';
    const up = follows && this.#masterSilentMs(access, node, now) <= MASTER_SILENT_MS;
    if (up && this.masterState !== 'connected') {
      this.masterState = 'connected';
      this.#o.logger.info({}, 'the link to the master is up');
    } else if (!up && this.masterState === 'connected') {
      this.masterState = 'connect';
      this.masterDownSince = now;
      this.#o.logger.warn({ replication: follower.state }, 'the link to the master is down; serving what is here');
    }
    this.#o.engine.ctx.linkUp = up;
    this.epoch = follower.position.epoch;
  }

  async #locate(target: HostPort, signal: AbortSignal): Promise<HandshakeResult> {
    let delay = RETRY_MIN_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ask(target, signal);
      } catch (error) {
        signal.throwIfAborted();
        const level = attempt === 1 || attempt % 10 === 0 ? 'warn' : 'debug';
        this.#o.logger[level]({ attempt }, `the master ${(error as Error).message}; trying again`);
        await this.#pause(delay);
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
    const { logger, nodeId } = this.#o;
    const access = await LogAccess.open(location, `weir engine ${nodeId}`, () => this.report(), logger, signal);
    this.access = access; // closed at the end of the term
    signal.throwIfAborted();
    return access;
  }

  #newFollower(access: LogAccess): Follower {
    const { logger } = this.#o;
    this.loading = { startedMs: Date.now(), totalBytes: 0, loadedBytes: 0 };
    const follower = new Follower({
      log: access.log,
      snapshots: access.snapshots,
      newKeyspace: this.#o.newKeyspace,
      logger,
      now: Date.now,
      onState: (state, detail) => {
        logger[state === 'failed' || state === 'disconnected' ? 'warn' : 'debug']({ state, detail }, 'replication');
        if (state === 'failed') this.#wake();
      },
      onProgress: ({ loadedBytes, totalBytes }) => {
        this.loading = { startedMs: this.loading?.startedMs ?? Date.now(), totalBytes, loadedBytes };
      },
    });
    return follower;
  }

  /** DEBUG RELOAD: a fresh data set from snapshot and log takes the place of the present one. Requests wait meanwhile. */
  async reload(): Promise<void> {
    const { engine } = this.#o;
    const { access, writer } = this;
    const { signal } = this.#term;
    if (access === null || this.#reloading || engine.ctx.loading) throw new Error('there is no log to load from now');
    this.#reloading = true;
    // On a slave nobody waits: the present data set answers, and follows the log, until the new one has caught up.
    if (writer !== null) engine.hold(true);
    let fresh: Follower | null = null;
    try {
      if (writer !== null && !(await within(DRAIN_MS, this.#drained(writer))))
        throw new Error('the log does not answer');
      signal.throwIfAborted();
      fresh = this.#newFollower(access);
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
      if (writer !== null) engine.hold(this.#stopped);
    }
  }
}

class RoleChanged extends Error {}

class Fenced extends Error {
  constructor() {
    super('the log is led by another writer, or lost records');
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Whether the promise was kept in that time. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function leaderInfo(leader: LeaderInfo | null): { node?: unknown; ip?: unknown; port?: unknown } {
  try {
    const value: unknown = leader === null ? null : JSON.parse(Buffer.from(leader.payload).toString());
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // A leadership record of somebody who does not say who it is.
  }
  return {};
}

function leaderNode(leader: LeaderInfo): unknown {
  return leaderInfo(leader).node;
}

function leaderAddress(leader: LeaderInfo | null): HostPort {
  const { ip, port } = leaderInfo(leader);
  return typeof ip === 'string' && typeof port === 'number' ? { host: ip, port } : { host: '?', port: 0 };
}

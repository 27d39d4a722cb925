import { handshake, newLogId } from '@weir/cluster';
import type { HandshakeResult, MemberReport } from '@weir/cluster';
import type { Config, HostPort } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import { LOG_START, isLogError, openWriter } from '@weir/log';
import type { LogPosition, LogWriter, WriterState } from '@weir/log';
import { ENGINE_VERSION, Follower, Pace, REDIS_VERSION, discardKeyspace, uploadSnapshot } from '@weir/replica';
import type { Engine } from './engine.ts';
import { LogAccess } from './log-access.ts';
import type { LogLocation } from './log-access.ts';
import { leaderAddress, leaderNode } from './leader.ts';
import type { Logger } from './logger.ts';
import { MasterLink } from './master-link.ts';
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
 * - fenced: somebody else wrote, or the log lost what it had acknowledged. The data set may hold writes that the log
 *   does not: it is dropped and built anew. Where another node leads now, this one follows it.
 * - joining: another log's snapshot is being loaded into a fresh keyspace; the old data set keeps answering.
 * - following: the new data set was swapped in whole; records are applied as they come.
 */

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
const DRAIN_MS = 5000;
const CLAIMS_MAX = 200;
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
  readonly masterLink = new MasterLink();
  loading: { startedMs: number; totalBytes: number; loadedBytes: number } | null = null;
  epoch = 0;
  /** Last sequence committed (leading) or 0. */
  #committedSeq = 0;
  #committedOffset = 0;
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
  /** Told when this node leads, or has another role to play. */
  readonly #promotions = new Set<(error: string | null) => void>();

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
    this.masterLink.begin(Date.now());
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
      this.masterLink.begin(Date.now());
      engine.ctx.linkUp = false;
      this.#settlePromotions('ERR another role was asked for meanwhile');
    }
    this.#term.abort(new RoleChanged());
    this.#pauses.end();
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
    this.#pauses.end();
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
        this.writer !== null || (follower !== null && this.masterLink.up)
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
      await this.#pauses.for(delay);
      delay = Math.min(RETRY_MAX_MS, delay * 2);
    }
  }

  #failed(error: unknown): void {
    this.#o.logger.error({ err: error, role: this.role }, 'this term ended with an error; trying again');
    const text = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 500);
    this.#settlePromotions(`ERR not the master yet, trying again: ${text}`);
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
    const { engine, logger } = this.#o;
    const promote = this.#promote;
    if (!promote) engine.ctx.loading = true;
    const location = await this.#o.ownLog(signal, promote ? newLogId() : undefined);
    const access = await this.#open(location, signal);
    const replicas = this.#o.config.num.logReplicas;
    await access.log.ensureStream({ replicas });
    await access.snapshots.ensure({ replicas });
    let writer: LogWriter | null;
    if (promote) {
      await this.#beginLog(access, engine.ctx.keyspace, signal);
      writer = await this.#openWriter(access, LOG_START, signal);
    } else {
      if ((await access.log.state()).lastSeq === 0) await this.#o.importInto?.(access);
      writer = await this.#claim(access, signal);
      if (writer === null) return;
    }
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

  /**
   * Everything up to the log's end, then the lead of it; null when another node leads, which this one is to follow. Only who has
   * everything can win, so against a master that appends all the time it takes more than one try.
   */
  async #claim(access: LogAccess, signal: AbortSignal): Promise<LogWriter | null> {
    const { engine, logger } = this.#o;
    const follower = await this.#rebuild(access, signal);
    for (let attempt = 1; ; attempt++) {
      follower.pause();
      if (this.epoch > 0 && this.#isDeposed(follower)) {
        // Fenced in this life of the process, and it was no accident.
        this.#deposedBy = leaderAddress(follower.leader);
        engine.ctx.slave = true;
        logger.error({ leader: this.#deposedBy }, 'another node leads this log now; following it');
        return null;
      }
      const { lastSeq } = await access.log.state();
      if (follower.seq > lastSeq) {
        // The broker lost the end of the log (a power cut between two fsyncs) and kept a snapshot of what came later. Nothing can be
        // appended behind a sequence that is not there; but the data set is, and nothing acknowledged before it is missing.
        this.#adopt(follower);
        this.#promote = true;
        throw new Error(
          `the log ends at ${lastSeq}, a snapshot has ${follower.seq}: its data set becomes the beginning of a new log`,
        );
      }
      try {
        const writer = await this.#openWriter(access, follower.tail, signal);
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

  #openWriter(access: LogAccess, tail: LogPosition, signal: AbortSignal): Promise<LogWriter> {
    const { ip, port } = this.#o.announce();
    return openWriter({
      log: access.log,
      tail,
      engineVersion: ENGINE_VERSION,
      onState: (state, detail) => {
        if (this.writer !== null || state !== 'fenced') this.#writerChanged(state, detail); // a lost claim is the claimer's to tell
      },
      info: { node: this.#o.nodeId, ip, port },
      signal,
    });
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
    this.masterLink.state = 'connecting';
    const found = await this.#locate(target, signal);
    this.#announceIp = found.localAddress.replace(/^::ffff:/, '');
    logger.info({ master: `${target.host}:${target.port}`, logId: found.logId }, 'found the log of the master');
    const access = await this.#open(found, signal);
    await this.#join(access, signal);
    while (!signal.aborted) {
      await this.#pauses.for(1000);
      this.#watch(access, found.node);
      const follower = this.follower!;
      if (follower.state === 'failed') throw follower.failure;
      if (signal.aborted) return;
      if (this.masterLink.mayHaveMoved(Date.now())) {
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
    this.#o.engine.ctx.slave = true;
    const access = await this.#open(await this.#o.ownLog(signal), signal);
    await this.#join(access, signal);
    while (!signal.aborted) {
      await this.#pauses.for(1000);
      this.#watch(access, undefined);
      if (this.follower!.state === 'failed') throw this.follower!.failure;
    }
  }

  async #join(access: LogAccess, signal: AbortSignal): Promise<void> {
    const { engine, logger } = this.#o;
    access.membership.start();
    this.masterLink.state = 'sync';
    const follower = await this.#rebuild(access, signal);
    this.#adopt(follower);
    engine.ctx.loading = false;
    engine.ctx.linkUp = true;
    this.loading = null;
    this.masterLink.connected(Date.now());
    this.epoch = follower.position.epoch;
    access.membership.report();
    logger.info({ seq: follower.seq, keys: follower.keyspace.size }, 'following: the data set is current');
  }

  #watch(access: LogAccess, node: string | undefined): void {
    const { engine, logger } = this.#o;
    const { state, position } = this.follower!;
    if (this.masterLink.watch(state, access.membership.others(), node, Date.now())) {
      if (this.masterLink.up) logger.info({}, 'the link to the master is up');
      else logger.warn({ replication: state }, 'the link to the master is down; serving what is here');
    }
    engine.ctx.linkUp = this.masterLink.up;
    this.epoch = position.epoch;
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
      pace: new Pace(),
      onState: (state, detail) => {
        logger[state === 'failed' || state === 'disconnected' ? 'warn' : 'debug']({ state, detail }, 'replication');
        if (state === 'failed') this.#pauses.end();
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
    // Between two roles the data set that answers is not what the log has: it is becoming the beginning of a new one, or waits for
    // that of another master to be loaded.
    const settled = writer !== null || this.follower?.keyspace === engine.ctx.keyspace;
    if (access === null || this.#reloading || engine.ctx.loading || !settled)
      throw new Error('there is no log to load from now');
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

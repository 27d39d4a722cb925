import type { MemberReport } from '@weir/cluster';
import type { HostPort } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import type { LogPosition, LogWriter, WriterState } from '@weir/log';
import { discardKeyspace } from '@weir/dataset';
import type { Follower } from '@weir/replica';
import type { LogAccess } from './log-access.ts';
import type { MasterLink } from './master-link.ts';
import { repair } from './repair.ts';
import { RoleExecutor } from './role/executor.ts';
import { RoleParts } from './role/parts.ts';
import type { Loading } from './role/parts.ts';
import type { RoleOptions } from './role/ports.ts';
import { reload } from './role/reloading.ts';
import type { Trouble } from './trouble.ts';

/**
 * A node's role as the rest of the node sees it: what it is now, and how people change it. What happens is decided by the state machine in
 * role/next-role.ts and done by its executor (role/executor.ts).
 */
export class RoleController {
  readonly #o: RoleOptions;
  readonly #parts: RoleParts;
  readonly #executor: RoleExecutor;
  #reloading = false;

  constructor(options: RoleOptions) {
    this.#o = options;
    this.#parts = new RoleParts(options, () => this.report());
    this.#executor = new RoleExecutor(this.#parts);
  }

  // --- what it is ----------------------------------------------------------------------------------------------------

  get role(): 'master' | 'slave' {
    return this.#executor.view.role;
  }

  /** Who this slave follows: the node that was named, or who leads the log in its place. */
  get master(): HostPort | null {
    const { errand } = this.#executor.state;
    return errand.kind === 'follow' ? (this.#parts.masterLink.leader ?? errand.hint) : null;
  }

  get access(): LogAccess | null {
    return this.#executor.term?.access ?? null;
  }

  get follower(): Follower | null {
    return this.#executor.term?.follower ?? null;
  }

  /** Null unless it leads. */
  get writer(): LogWriter | null {
    return this.#executor.term?.leads === true ? this.#executor.term.writer : null;
  }

  get masterLink(): MasterLink {
    return this.#parts.masterLink;
  }

  get writerState(): WriterState {
    return this.#parts.writerState;
  }

  get writerDetail(): string {
    return this.#parts.writerDetail;
  }

  get loading(): Loading | null {
    return this.#parts.loading;
  }

  get epoch(): number {
    return this.#parts.epoch;
  }

  get trouble(): Trouble | null {
    return this.#executor.state.trouble;
  }

  get seq(): number {
    if (this.writer !== null) return this.#parts.committedSeq;
    return this.#heldPosition?.seq ?? this.follower?.seq ?? 0;
  }

  get offset(): number {
    if (this.writer !== null) return this.#parts.committedOffset;
    return (this.#heldPosition ?? this.follower?.position)?.offset ?? 0;
  }

  /** What the data set that answers has of the log at hand, while no follower feeds it: a new one may be on its way. */
  get #heldPosition(): LogPosition | null {
    const { held } = this.#executor.state;
    if (this.#isFed || held?.kind !== 'of-log' || held.logId !== this.access?.location.logId) return null;
    return held.position;
  }

  /** The follower's data set is the one that answers. */
  get #isFed(): boolean {
    return this.follower !== null && this.follower.keyspace === this.#o.engine.ctx.keyspace;
  }

  get nodeId(): string {
    return this.#o.memory.id;
  }

  get logId(): string {
    return this.access?.location.logId ?? '0'.repeat(40);
  }

  get leading(): boolean {
    return this.writer !== null && this.#o.engine.leading && this.role === 'master';
  }

  /** The data set is to become the beginning of a new log, or is being saved, and must not change until it has. */
  get promoting(): boolean {
    return this.#executor.state.errand.kind === 'begin' || this.#executor.state.kind === 'saving';
  }

  /** Why writes are refused whatever the log says, or ''. */
  get writeRefusal(): string {
    return this.#executor.view.writeRefusal;
  }

  report(): MemberReport {
    const { ip: announced, port, link } = this.#o.announce();
    const ip = announced || this.#parts.announceIp || '127.0.0.1';
    const linkAddress = link?.(ip) ?? '';
    const { seq, writer, follower, masterLink } = this;
    const position = writer?.committed ?? this.#heldPosition ?? follower?.position;
    const { errand } = this.#executor.state;
    const isTold = errand.kind === 'follow' && errand.of === 'named';
    const { follows } = this.#parts;
    const isOnline = writer !== null || (follower !== null && masterLink.up);
    return {
      id: this.nodeId,
      role: writer !== null ? 'master' : 'slave',
      ip,
      port,
      epoch: this.epoch,
      seq,
      offset: this.offset,
      ...(position !== undefined && position.seq === seq ? { checksum: position.checksum } : {}),
      state: isOnline ? 'online' : this.loading !== null ? 'loading' : 'catching-up',
      ...(writer === null && isTold && follows !== '' ? { follows } : {}),
      ...(linkAddress === '' ? {} : { link: linkAddress }),
      ...(this.#o.cluster === undefined ? {} : { priority: this.#o.cluster.priority() }),
    };
  }

  // --- what people decide --------------------------------------------------------------------------------------------

  start(): void {
    this.#executor.start();
  }

  /**
   * Another role from now on. Returns at once; a promise is what REPLICAOF NO ONE waits for: null when this node leads, so that
   * an OK means what it says, or the text of an error.
   *
   * Until it leads, a node that is promoted refuses writes as the slave that it was: its data set becomes a snapshot, which a
   * write meanwhile would be half in, and no log would have it.
   */
  replicaOf(target: HostPort | null): Promise<string | null> | undefined {
    const { config } = this.#o;
    const { promotions } = this.#parts;
    if (target === null && this.role === 'master') return this.leading ? undefined : promotions.wait();
    config.assign('replicaof', target === null ? ['no', 'one'] : [target.host, String(target.port)]);
    this.#parts.follows = '';
    const answer = target === null ? promotions.wait() : undefined;
    this.#executor.tell(target === null ? { kind: 'told-to-lead' } : { kind: 'told-to-follow', target });
    return answer;
  }

  /** For `WEIR REPAIR`: see repair.ts. */
  repair(args: readonly string[]): Promise<string[]> {
    const { memory, newKeyspace, ownLog, time } = this.#o;
    return repair(
      {
        trouble: () => this.trouble,
        leading: () => this.leading,
        isMaster: this.role === 'master',
        holds: this.#holds(),
        newKeyspace,
        time,
        open: async (signal) => {
          const location = this.access?.location ?? (await ownLog.locate(memory, signal));
          return this.#parts.open(location, `weir repair ${this.nodeId}`, signal, null);
        },
        source: (logId) => ownLog.guard(logId) ?? this.#parts.recentOf(logId),
        beginWith: (keyspace) => this.#beginWith(keyspace),
        discard: () => this.#executor.tell({ kind: 'repair-discards' }),
      },
      args,
    );
  }

  /** The data set that answers here: that of a role which is played, or what is kept of the last one. */
  #holds(): { keys: number; seq: number; logId: string } | null {
    const keys = this.#o.engine.ctx.keyspace.size;
    if (this.writer !== null || this.#isFed) return { keys, seq: this.seq, logId: this.logId };
    const { held } = this.#executor.state;
    if (held === null) return null;
    return held.kind === 'rescued' ? { keys, seq: 0, logId: '' } : { keys, seq: held.position.seq, logId: held.logId };
  }

  /** An operator decided what this node begins a new log with; null: with the data set that it holds. */
  #beginWith(keyspace: Keyspace | null): Promise<string | null> {
    if (this.leading && this.trouble === null) {
      if (keyspace !== null) discardKeyspace(keyspace);
      return Promise.resolve(
        'ERR what was missing came back meanwhile, and this node leads again: nothing was changed',
      );
    }
    const answer = this.#parts.promotions.wait();
    this.#executor.rescued = keyspace;
    this.#executor.tell({ kind: 'repair-begins', isRescued: keyspace !== null });
    return answer;
  }

  /** DEBUG RELOAD. Rejects with a sentence when there is nothing to load from. */
  async reload(): Promise<void> {
    const term = this.#executor.term;
    // Between two roles the data set that answers is not what the log has: it is becoming the beginning of a new one, or waits for
    // that of another master to be loaded.
    const isSettled = this.writer !== null || this.#isFed;
    if (term === null || term.access === null || this.#reloading || this.#executor.view.loading || !isSettled)
      throw new Error('there is no log to load from now');
    this.#reloading = true;
    try {
      await reload(this.#parts, term);
    } finally {
      this.#reloading = false;
    }
  }

  async stop(): Promise<void> {
    this.#parts.isStopping = true;
    await this.#executor.stop();
  }
}

export type { RoleOptions } from './role/ports.ts';

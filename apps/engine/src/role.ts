import type { MemberReport } from '@weir/cluster';
import type { HostPort } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import type { LogPosition, LogWriter, WriterState } from '@weir/log';
import { discardKeyspace } from '@weir/replica';
import type { Follower } from '@weir/replica';
import type { Timer } from '@weir/time';
import type { LogAccess } from './log-access.ts';
import type { MasterLink } from './master-link.ts';
import { repair } from './repair.ts';
import { begin, claim, establish, importInto, prove, rebuild } from './role/claiming.ts';
import { complain } from './role/complaints.ts';
import type { RoleAction, RoleEvent } from './role/events.ts';
import { follow, join, locate, offerTail, open } from './role/following.ts';
import { lead, save } from './role/leading.ts';
import { leave } from './role/leaving.ts';
import { nextRole } from './role/next-role.ts';
import { RoleParts } from './role/parts.ts';
import type { Loading } from './role/parts.ts';
import type { RoleOptions } from './role/ports.ts';
import { reload } from './role/reloading.ts';
import { Delays } from './role/delays.ts';
import { firstState } from './role/state.ts';
import type { FollowErrand, Held, RoleState } from './role/state.ts';
import { tellClients } from './role/tell-clients.ts';
import { Term } from './role/term.ts';
import { viewOf } from './role/view.ts';
import type { RoleView } from './role/view.ts';
import type { Trouble } from './trouble.ts';

/**
 * A node's role: the executor of the state machine in role/next-role.ts, which decides everything. It does the actions, one term at a time, and tells
 * the machine what came of them; what it knows besides the machine's state is what a term has opened (role/term.ts).
 */
export class RoleController {
  readonly #o: RoleOptions;
  readonly #parts: RoleParts;
  #state: RoleState;
  #view: RoleView;
  #term: Term | null = null;
  /** Told while another event was being dealt with. */
  readonly #events: RoleEvent[] = [];
  #isBusy = false;
  #retry: Timer | null = null;
  readonly #delays = new Delays();
  /** What a repair put together, until it is adopted. */
  #rescued: Keyspace | null = null;
  #reloading = false;
  #stopped: (() => void)[] = [];

  constructor(options: RoleOptions) {
    this.#o = options;
    this.#parts = new RoleParts(options, () => this.report());
    this.#state = firstState(options.config.replicaof, options.ownLog.ownsStore);
    this.#view = viewOf(this.#state);
    tellClients(options.engine.ctx, this.#view, this.#parts.masterLink.up);
  }

  // --- what it is ----------------------------------------------------------------------------------------------------

  get role(): 'master' | 'slave' {
    return this.#view.role;
  }

  /** Who this slave follows: the node that was named, or who leads the log in its place. */
  get master(): HostPort | null {
    const { errand } = this.#state;
    return errand.kind === 'follow' ? (this.#parts.masterLink.leader ?? errand.hint) : null;
  }

  get access(): LogAccess | null {
    return this.#term?.access ?? null;
  }

  get follower(): Follower | null {
    return this.#term?.follower ?? null;
  }

  /** Null unless it leads. */
  get writer(): LogWriter | null {
    return this.#term?.leads === true ? this.#term.writer : null;
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
    return this.#state.trouble;
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
    const { held } = this.#state;
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
    return this.#state.errand.kind === 'begin' || this.#state.kind === 'saving';
  }

  /** Why writes are refused whatever the log says, or ''. */
  get writeRefusal(): string {
    return this.#view.writeRefusal;
  }

  report(): MemberReport {
    const { ip, port } = this.#o.announce();
    const { seq, writer, follower, masterLink } = this;
    const position = writer?.committed ?? this.#heldPosition ?? follower?.position;
    const isOnline = writer !== null || (follower !== null && masterLink.up);
    return {
      id: this.nodeId,
      role: writer !== null ? 'master' : 'slave',
      ip: ip || this.#parts.announceIp || '127.0.0.1',
      port,
      epoch: this.epoch,
      seq,
      offset: this.offset,
      ...(position !== undefined && position.seq === seq ? { checksum: position.checksum } : {}),
      state: isOnline ? 'online' : this.loading !== null ? 'loading' : 'catching-up',
    };
  }

  // --- what people decide --------------------------------------------------------------------------------------------

  start(): void {
    const { engine, time } = this.#o;
    engine.onCommitted = (seq, offset) => {
      this.#parts.committedSeq = seq;
      this.#parts.committedOffset = offset;
    };
    engine.onFenced = () => {
      const term = this.#term;
      if (term === null || !term.leads || term.isOver) return;
      const { fencedBy: by, detail } = term.writer!;
      const error = new Error('the log is led by another writer, or lost records');
      this.#tell({ kind: 'fenced', by, detail, error, wallMs: time.wallMs() });
    };
    this.#tell({ kind: 'start' });
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
    const answer = target === null ? promotions.wait() : undefined;
    this.#tell(target === null ? { kind: 'told-to-lead' } : { kind: 'told-to-follow', target });
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
          return this.#parts.open(location, `weir repair ${this.nodeId}`, signal);
        },
        source: (logId) => ownLog.guard(logId) ?? this.#parts.recentOf(logId),
        beginWith: (keyspace) => this.#beginWith(keyspace),
        discard: () => this.#tell({ kind: 'repair-discards' }),
      },
      args,
    );
  }

  /** The data set that answers here: that of a role which is played, or what is kept of the last one. */
  #holds(): { keys: number; seq: number; logId: string } | null {
    const keys = this.#o.engine.ctx.keyspace.size;
    if (this.writer !== null || this.#isFed) return { keys, seq: this.seq, logId: this.logId };
    const { held } = this.#state;
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
    this.#rescued = keyspace;
    this.#tell({ kind: 'repair-begins', isRescued: keyspace !== null });
    return answer;
  }

  /** DEBUG RELOAD. Rejects with a sentence when there is nothing to load from. */
  async reload(): Promise<void> {
    const term = this.#term;
    // Between two roles the data set that answers is not what the log has: it is becoming the beginning of a new one, or waits for
    // that of another master to be loaded.
    const isSettled = this.writer !== null || this.#isFed;
    if (term === null || term.access === null || this.#reloading || this.#o.engine.ctx.loading || !isSettled)
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
    const stopped = new Promise<void>((resolve) => this.#stopped.push(resolve));
    this.#tell({ kind: 'stop' });
    await stopped;
  }

  // --- the executor --------------------------------------------------------------------------------------------------

  #tell(event: RoleEvent): void {
    this.#events.push(event);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#deal(next);
    } finally {
      this.#isBusy = false;
    }
  }

  #deal(event: RoleEvent): void {
    const { state, actions } = nextRole(this.#state, event);
    if (state.kind !== this.#state.kind) this.#o.logger.debug({ from: this.#state.kind, to: state.kind }, 'role');
    this.#state = state;
    if (state.kind !== 'waiting') this.#retry?.cancel();
    if (state.kind === 'waiting') this.#term = null;
    this.#showView();
    for (const action of actions) this.#perform(action);
    if (state.kind === 'stopped') for (const done of this.#stopped.splice(0)) done();
  }

  /** Only what changed: the refusal of writes has other reasons too (node.ts). */
  #showView(): void {
    const before = this.#view;
    const view = viewOf(this.#state);
    this.#view = view;
    const { masterLink } = this.#parts;
    const names = Object.keys(view) as (keyof RoleView)[];
    if (names.some((name) => view[name] !== before[name])) tellClients(this.#o.engine.ctx, view, masterLink.up);
  }

  #perform(action: RoleAction): void {
    const parts = this.#parts;
    const { logger, memory, ownLog, engine } = this.#o;
    switch (action.do) {
      case 'locate':
        this.#term = new Term(parts.now);
        return this.#step((term) => locate(parts, term, action));
      case 'open':
        return this.#step((term) => open(parts, term, action));
      case 'prove':
        return this.#step((term) => prove(parts, term, action));
      case 'import':
        return this.#step((term) => importInto(parts, term));
      case 'rebuild':
        return this.#step((term) => rebuild(parts, term, action));
      case 'claim':
        return this.#step((term) => claim(parts, term, action));
      case 'begin':
        return this.#step((term) => begin(parts, term, action));
      case 'establish':
        return this.#step((term) => establish(parts, term, action));
      case 'lead': {
        const term = this.#term!;
        return lead(parts, term, (event) => this.#hear(term, event));
      }
      case 'save':
        return this.#step((term) => save(parts, term));
      case 'join':
        return this.#step((term) => join(parts, term, action));
      case 'follow':
        return this.#step((term) => follow(parts, term, this.#state.errand as FollowErrand));
      case 'offer-tail':
        return this.#step((term) => offerTail(parts, term));
      case 'leave':
        return this.#leave();
      case 'retry': {
        const ms = this.#delays.next(action.after);
        this.#retry = this.#o.time.after(ms, () => this.#tell({ kind: 'retry-due' }));
        return;
      }
      case 'adopt':
        if (action.what === 'loaded') return parts.adopt(this.#term!.follower!.keyspace);
        parts.adopt(this.#rescued!);
        this.#rescued = null;
        return;
      case 'forget':
        parts.forgetRecent();
        if (!action.isOwn) return;
        if (memory.logId !== null) ownLog.settled(memory.logId);
        return memory.forget();
      case 'answer':
        return parts.promotions.settle(action.error);
      case 'link':
        return parts.linkIs(action.is);
      case 'refresh':
        this.#delays.reset();
        parts.attempts = 0;
        return;
      case 'hold':
        return engine.hold(true); // nothing is executed any more, what was executed is committed
      case 'say':
        return logger[action.level](action.fields, action.text);
      case 'complain':
        return complain(parts, action.error, this.#state, this.role);
    }
  }

  /** A step of the present term. Nobody hears of it when the term ends first. */
  #step(work: (term: Term) => Promise<RoleEvent>): void {
    const term = this.#term!;
    const failed = (error: unknown): RoleEvent => ({ kind: 'failed', error, wallMs: this.#o.time.wallMs() });
    term.track(
      work(term).then(
        (event) => this.#hear(term, event),
        (error: unknown) => this.#hear(term, failed(error)),
      ),
    );
  }

  #hear(term: Term, event: RoleEvent): void {
    if (!term.isOver && term === this.#term) this.#tell(event);
  }

  #leave(): void {
    const term = this.#term!;
    const lasted = this.#parts.now - term.startedMs;
    this.#delays.termEnded(lasted);
    term.end();
    this.#parts.pauses.end();
    void leave(this.#parts, term).then((held: Held | null) => {
      this.#term = null;
      this.#tell({ kind: 'left', held });
    });
  }
}

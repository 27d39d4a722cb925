import type { Keyspace } from '@weir/keyspace';
import type { Timer } from '@weir/time';
import { begin, claim, establish, importInto, prove, rebuild, take } from './claiming.ts';
import { complain } from './complaints.ts';
import { Delays } from './delays.ts';
import { holdRequests, listen, tellClients, tellLink } from './engine-side.ts';
import type { RoleAction, RoleEvent } from './events.ts';
import { follow, join, locate, offerTail, open } from './following.ts';
import { lead, save } from './leading.ts';
import { leave } from './leaving.ts';
import { nextRole } from './next-role.ts';
import type { RoleParts } from './parts.ts';
import { firstState } from './state.ts';
import type { FollowErrand, Held, RoleState } from './state.ts';
import { Term } from './term.ts';
import { viewOf } from './view.ts';
import type { RoleView } from './view.ts';

/**
 * Does what the state machine (next-role.ts) decides: performs its actions, one term at a time, and tells it what came of them. What it knows besides
 * the machine's state is what a term has opened (term.ts).
 *
 * Events are dealt with one after the other: one that comes up while another is dealt with waits for it.
 */
export class RoleExecutor {
  readonly #parts: RoleParts;
  state: RoleState;
  view: RoleView;
  term: Term | null = null;
  /** What a repair put together, until it is adopted. */
  rescued: Keyspace | null = null;
  /** `term`: what told it; it counts only as long as that one is played. */
  readonly #events: { readonly event: RoleEvent; readonly term: Term | null }[] = [];
  #isBusy = false;
  #retry: Timer | null = null;
  readonly #delays: Delays;
  readonly #stopped: (() => void)[] = [];

  constructor(parts: RoleParts) {
    const { config, ownLog, engine, time, cluster } = parts.options;
    this.#parts = parts;
    this.#delays = new Delays(time);
    this.state = firstState(config.replicaof, ownLog.ownsStore, cluster !== undefined);
    this.view = viewOf(this.state);
    tellClients(engine, this.view);
    this.#tellLink();
  }

  start(): void {
    const { engine, time } = this.#parts.options;
    this.#parts.onFenced = () => {
      const { term } = this;
      if (term === null || !term.leads || term.isOver) return;
      const { fencedBy: by, detail } = term.writer!;
      const error = new Error('the log is led by another writer, or lost records');
      this.tell({ kind: 'fenced', by, detail, error, wallMs: time.wallMs() }, term);
    };
    listen(engine, {
      onCommitted: (seq, offset) => {
        this.#parts.committedSeq = seq;
        this.#parts.committedOffset = offset;
      },
      onFenced: () => this.#parts.onFenced(),
    });
    this.tell({ kind: 'start' });
  }

  /** Resolves when nothing is open any more. */
  async stop(): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#stopped.push(resolve));
    this.tell({ kind: 'stop' });
    await stopped;
  }

  tell(event: RoleEvent, term: Term | null = null): void {
    this.#events.push({ event, term });
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const isStale = next.term !== null && (next.term.isOver || next.term !== this.term);
        if (!isStale) this.#deal(next.event);
      }
    } finally {
      this.#isBusy = false;
    }
  }

  #deal(event: RoleEvent): void {
    const { state, actions } = nextRole(this.state, event);
    if (state.kind !== this.state.kind)
      this.#parts.options.logger.debug({ from: this.state.kind, to: state.kind }, 'role');
    this.state = state;
    if (state.kind !== 'waiting') this.#retry?.cancel();
    if (state.kind === 'waiting') this.term = null;
    this.#showView();
    for (const action of actions) this.#perform(action);
    if (state.kind === 'stopped') for (const done of this.#stopped.splice(0)) done();
  }

  /** Only what changed: the refusal of writes has other reasons too (node.ts). */
  #showView(): void {
    const before = this.view;
    const view = viewOf(this.state);
    this.view = view;
    const names = Object.keys(view) as (keyof RoleView)[];
    if (names.some((name) => view[name] !== before[name])) tellClients(this.#parts.options.engine, view);
    this.#tellLink();
  }

  #perform(action: RoleAction): void {
    const parts = this.#parts;
    const { logger, memory, ownLog, engine } = this.#parts.options;
    switch (action.do) {
      case 'locate':
        this.term = new Term(parts.now);
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
        const term = this.term!;
        return lead(parts, term, (event) => this.tell(event, term));
      }
      case 'save':
        return this.#step((term) => save(parts, term));
      case 'join':
        return this.#step((term) => join(parts, term, action, this.state.errand as FollowErrand));
      case 'follow':
        return this.#step((term) => follow(parts, term, this.state.errand as FollowErrand));
      case 'take':
        return this.#step((term) => take(parts, term, action));
      case 'offer-tail':
        return this.#step((term) => offerTail(parts, term, this.state.errand as FollowErrand));
      case 'leave':
        return this.#leave();
      case 'retry': {
        const ms = this.#delays.next(action.after);
        this.#retry = this.#parts.options.time.after(ms, () => this.tell({ kind: 'retry-due' }));
        return;
      }
      case 'adopt':
        if (action.what === 'loaded') return parts.adopt(this.term!.follower!.keyspace);
        parts.adopt(this.rescued!);
        this.rescued = null;
        return;
      case 'forget':
        parts.forgetRecent();
        if (!action.isOwn) return;
        if (memory.logId !== null) ownLog.settled(memory.logId);
        try {
          memory.forget();
        } catch (error) {
          logger.warn({ err: error }, 'what was given up is still in the file: it will be asked for after a restart');
        }
        return;
      case 'answer':
        return parts.promotions.settle(action.error);
      case 'link':
        return this.#linkIs(action.is);
      case 'refresh':
        this.#delays.reset();
        parts.attempts = 0;
        return;
      case 'hold':
        return holdRequests(engine, true); // nothing is executed any more, what was executed is committed
      case 'say':
        return logger[action.level](action.fields, action.text);
      case 'complain':
        return complain(parts, action.error, this.state, this.view.role);
    }
  }

  #linkIs(is: 'lost' | 'sought' | 'syncing' | 'up'): void {
    this.#parts.linkIs(is);
    this.#tellLink();
  }

  #tellLink(): void {
    tellLink(this.#parts.options.engine, this.view.role === 'master' || this.#parts.masterLink.up);
  }

  /** A step of the present term. Nobody hears of it when the term ends first. */
  #step(work: (term: Term) => Promise<RoleEvent>): void {
    const term = this.term!;
    const failed = (error: unknown): RoleEvent => ({
      kind: 'failed',
      error,
      wallMs: this.#parts.options.time.wallMs(),
    });
    term.track(
      work(term).then(
        (event) => this.tell(event, term),
        (error: unknown) => this.tell(failed(error), term),
      ),
    );
  }

  #leave(): void {
    const term = this.term!;
    const lasted = this.#parts.now - term.startedMs;
    this.#delays.termEnded(lasted);
    term.end();
    this.#linkIs('sought'); // nothing is followed any more
    this.#parts.pauses.end();
    void leave(this.#parts, term).then((held: Held | null) => {
      this.term = null;
      this.tell({ kind: 'left', held });
    });
  }
}

/** The transitions that several states share. The table that names them is in next-role.ts. */

import type { HostPort } from '@weir/config';
import { LogError, isLogError } from '@weir/log';
import type { LogErrorCode } from '@weir/log';
import { retryMs, troubleOf } from '../trouble.ts';
import type { EventKind, EventOf, RoleAction, RoleEvent } from './events.ts';
import { clusterErrand, isReadable } from './state.ts';
import type { BeginErrand, Errand, FollowErrand, Held, LeadErrand, RoleState, StateKind, StateOf } from './state.ts';
import { viewOf } from './view.ts';

export interface Step {
  readonly state: RoleState;
  readonly actions: readonly RoleAction[];
}

export type Transition<S extends StateKind, E extends EventKind> = (state: StateOf<S>, event: EventOf<E>) => Step;

/** What every state has. */
export type Common<E extends Errand = Errand> = Pick<
  RoleState,
  'held' | 'isServed' | 'trouble' | 'ledEpoch' | 'isSole' | 'isClustered'
> & {
  readonly errand: E;
};

/** Of a log that cannot be gone on with, though nobody else has written to it. */
export const LOSSES: ReadonlySet<LogErrorCode> = new Set([
  'log-lost',
  'log-missing',
  'log-corrupt',
  'beginning-missing',
]);

export const to = (state: RoleState, ...actions: RoleAction[]): Step => ({ state, actions });

export const answer = (error: string | null): RoleAction => ({ do: 'answer', error });

/** An entry of the table for what cannot happen: it says why, and throws when it does. */
export const never =
  (why: string) =>
  (state: RoleState, event: RoleEvent): Step => {
    throw new Error(`the role cannot be told '${event.kind}' in the state '${state.kind}': ${why}`);
  };

/** An entry for what may happen and changes nothing. */
export const ignored =
  (_why: string) =>
  (state: RoleState): Step =>
    to(state);

export function common<E extends Errand>(state: Common<E>): Common<E> {
  const { errand, held, isServed, trouble, ledEpoch, isSole, isClustered } = state;
  return { errand, held, isServed, trouble, ledEpoch, isSole, isClustered };
}

/** Nothing is open: the errand begins. */
export function go(from: Common, ...before: RoleAction[]): Step {
  const { errand } = from;
  const sought: RoleAction[] = errand.kind === 'follow' ? [{ do: 'link', is: 'sought' }] : [];
  return to({ ...common(from), kind: 'locating' }, ...before, ...sought, { do: 'locate', errand });
}

/** The term ends, and then the errand begins at once, or after a pause. */
export function leave(from: Common, then: 'go' | 'wait' | 'stop', ...before: RoleAction[]): Step {
  return to({ ...common(from), kind: 'leaving', then, forgets: false }, ...before, { do: 'leave' });
}

/** Says that a trouble is over, if there was one. */
export function overcome({ trouble }: Pick<RoleState, 'trouble'>): RoleAction[] {
  if (trouble === null) return [];
  return [{ do: 'say', level: 'info', fields: { trouble: trouble.code }, text: 'the trouble is over' }];
}

/** A step did not do what it should: again after a while, unless what is lost is whole in memory and nobody else can lead. */
export function failed(
  state: RoleState,
  { error, wallMs }: { readonly error: unknown; readonly wallMs: number },
): Step {
  if (isLogError(error) && mayBeginAnew(state, error.code) && holdsItsLog(state))
    return beginAnew(state, error.code, error.message);
  return leave(
    {
      ...common(state),
      errand: errandAfter(state),
      trouble: troubleOf(error, state.trouble, wallMs),
      // A master that leads no more may have executed what no log has.
      isServed: state.isServed && state.errand.kind !== 'lead',
    },
    'wait',
    { do: 'complain', error },
    notYet(error),
  );
}

/** A node of a cluster that could not lead, or does not any more, follows whoever does. */
function errandAfter({ errand, isClustered }: RoleState): Errand {
  return isClustered && errand.kind === 'lead' ? clusterErrand() : errand;
}

/** What is answered to those who wait for this node to lead. */
export function notYet(error: unknown): RoleAction {
  const text = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 500);
  return answer(`ERR not the master yet, trying again: ${text}`);
}

/** The data set here is of the very log that the term is about. */
function holdsItsLog(state: RoleState): boolean {
  return 'logId' in state && state.held?.kind === 'of-log' && state.held.logId === state.logId;
}

/** Only where nobody else can lead: another node's log is not given up for a memory. */
export function mayBeginAnew({ errand, isSole }: RoleState, code: LogErrorCode): boolean {
  return errand.kind === 'lead' && isSole && LOSSES.has(code);
}

/** The data set in memory, which holds everything, begins a new log in place of one that was lost. What that holds is known when the term has ended. */
export function beginAnew(state: RoleState, code: LogErrorCode, detail: string): Step {
  const errand: BeginErrand = { kind: 'begin', why: 'lost' };
  return leave({ ...common(state), errand, isServed: false, trouble: null }, 'wait', {
    do: 'say',
    level: 'error',
    fields: { code, detail },
    text: 'the log lost what it had: a new one is begun from the data set of this node',
  });
}

/** What a log that begins with the data set here says it was. */
export function originOf(held: Held | null): { readonly logId: string; readonly seq: number } | null {
  return held?.kind === 'of-log' ? { logId: held.logId, seq: held.position.seq } : null;
}

/** Invariant nothing-known-is-dropped, for a slave: `from` is the log whose data the one that was loaded began with. */
export function mayReplace(state: StateOf<'joining'>, from: string | null, keys: number): LogError | null {
  const { held, errand, logId } = state;
  if (errand.decision !== 'none' || held === null || keys === 0) return null;
  if (held.kind === 'of-log' && (held.logId === logId || held.logId === from)) return null;
  const whose = held.kind === 'of-log' ? `log ${held.logId}` : 'a repair';
  return new LogError(
    'log-unrelated',
    `the master has a new log that did not begin with this one's data; this slave keeps ${keys} keys of ${whose}`,
  );
}

/** Somebody decided: the errand is another one from now on. */
function turnTo(state: RoleState, next: Common, forgets: boolean, ...actions: RoleAction[]): Step {
  const refreshed: RoleAction[] = [{ do: 'refresh' }, ...overcome(state), ...actions];
  const chosen = { ...common(next), trouble: null };
  switch (state.kind) {
    case 'idle':
      return to({ ...chosen, kind: 'idle' }, ...refreshed);
    case 'waiting':
      return go(chosen, ...refreshed);
    case 'leaving':
      if (state.then === 'stop') return to(state, answer(STOPS));
      return to({ ...chosen, kind: 'leaving', then: 'go', forgets: state.forgets || forgets }, ...refreshed);
    case 'stopped':
      return to(state, answer(STOPS));
    default:
      return to({ ...chosen, kind: 'leaving', then: 'go', forgets }, ...refreshed, { do: 'leave' });
  }
}

const STOPS = 'ERR the node stops';

/** REPLICAOF host port: of that node's log any data set will do. */
export function toFollow(state: RoleState, { target }: { readonly target: HostPort }): Step {
  const errand: FollowErrand = { kind: 'follow', of: 'named', hint: target, known: null, decision: 'master' };
  const told: RoleAction[] = [{ do: 'link', is: 'lost' }, answer('ERR another role was asked for meanwhile')];
  return turnTo(state, { ...common(state), errand }, false, ...told);
}

/** REPLICAOF NO ONE: a slave that never had a data set has nothing to begin a log with, and leads its own as if it were started so. */
export function toLead(state: RoleState): Step {
  if (state.errand.kind !== 'follow') return to(state);
  const isServed = !viewOf(state).loading;
  const errand: Errand = isServed ? { kind: 'begin', why: 'promoted' } : { kind: 'lead', decision: 'master' };
  return turnTo(state, { ...common(state), errand, isServed }, false);
}

export function toRepair(state: RoleState, { isRescued }: { readonly isRescued: boolean }): Step {
  const errand: BeginErrand = { kind: 'begin', why: 'repaired' };
  const held: Held | null = isRescued ? { kind: 'rescued' } : state.held;
  const adopted: RoleAction[] = isRescued ? [{ do: 'adopt', what: 'rescued' }] : [];
  const isServed = state.isServed || isReadable(held);
  return turnTo(state, { ...common(state), errand, held, isServed }, false, ...adopted);
}

/** WEIR REPAIR DISCARD: the log is right and this node is not. */
export function toDiscard(state: RoleState): Step {
  const { errand, held } = state;
  const isSlave = errand.kind === 'follow';
  const next: FollowErrand | LeadErrand = isSlave ? { ...errand, decision: 'log' } : { kind: 'lead', decision: 'log' };
  const isServed = isSlave && !viewOf(state).loading;
  const warned: RoleAction[] = [
    { do: 'say', level: 'warn', fields: { held }, text: 'giving up what this node knows beyond the log' },
    { do: 'forget', isOwn: !isSlave },
  ];
  return turnTo(state, { ...common(state), errand: next, held: null, isServed }, true, ...warned);
}

export function toStop(state: RoleState): Step {
  const stopped: RoleAction[] = [{ do: 'hold' }, answer(STOPS)];
  switch (state.kind) {
    case 'idle':
    case 'waiting':
      return to({ ...common(state), kind: 'stopped' }, ...stopped);
    case 'stopped':
      return to(state);
    case 'leaving':
      return to({ ...state, then: 'stop' }, ...stopped);
    default:
      return leave(state, 'stop', ...stopped);
  }
}

/** All is closed. */
export function left(state: StateOf<'leaving'>, event: EventOf<'left'>): Step {
  // What a repair put together is of no log, whatever the term was about.
  const isRescued = state.held?.kind === 'rescued';
  const held = state.forgets ? null : isRescued ? state.held : (event.held ?? state.held);
  // What was executed and is in no log is shown to nobody, before it is in one or is gone.
  const isBegun = state.errand.kind === 'begin';
  const isServed = held?.kind === 'of-log' ? isReadable(held) && (state.isServed || isBegun) : state.isServed;
  const next = { ...common(state), held, isServed };
  if (state.then === 'go') return go(next);
  if (state.then === 'stop') return to({ ...next, kind: 'stopped', isServed: false });
  const after = next.trouble === null ? 'term' : retryMs(next.trouble);
  return to({ ...next, kind: 'waiting' }, { do: 'retry', after });
}

/** For tests of the state machine: events with something in them, and a role that is told them. */

import { LogError } from '@weir/log';
import type { LogErrorCode, LogPosition } from '@weir/log';
import type { EventKind, EventOf, RoleAction, RoleEvent } from './events.ts';
import { nextRole } from './next-role.ts';
import type { FoundLog, Held, RoleState, StateKind } from './state.ts';
import { firstState } from './state.ts';
import { viewOf } from './view.ts';
import type { RoleView } from './view.ts';

export const HOST = { host: '10.0.0.1', port: 6379 };

export function position(seq: number): LogPosition {
  return { seq, offset: seq * 10, epoch: 1, checksum: '0123456789abcdef' };
}

export function heldOf(logId: string, seq: number, isExact = true): Held {
  return { kind: 'of-log', logId, position: position(seq), isExact };
}

export function foundLog(logId: string): FoundLog {
  return { location: { natsUrl: 'nats://x', cluster: 'weir', logId }, node: 'n1', isMaster: true };
}

export function lost(code: LogErrorCode): { error: LogError; wallMs: number } {
  return { error: new LogError(code, `it is ${code}`), wallMs: 1 };
}

/** One of each kind. */
export const EXAMPLES: { readonly [E in EventKind]: EventOf<E> } = {
  start: { kind: 'start' },
  'told-to-lead': { kind: 'told-to-lead' },
  'told-to-follow': { kind: 'told-to-follow', target: HOST },
  'told-to-hand-over': { kind: 'told-to-hand-over' },
  'repair-begins': { kind: 'repair-begins', isRescued: true },
  'repair-discards': { kind: 'repair-discards' },
  stop: { kind: 'stop' },
  located: { kind: 'located', found: foundLog('log'), isTold: true },
  'not-located': { kind: 'not-located' },
  opened: { kind: 'opened' },
  proven: { kind: 'proven', owed: 0 },
  imported: { kind: 'imported' },
  rebuilt: { kind: 'rebuilt', seq: 7, lastSeq: 7, wallMs: 1 },
  claimed: { kind: 'claimed' },
  'claim-lost': { kind: 'claim-lost', ...lost('log-fenced') },
  deposed: { kind: 'deposed', leader: HOST },
  'log-short': { kind: 'log-short', held: heldOf('log', 9), error: new Error('it is short'), wallMs: 1 },
  begun: { kind: 'begun' },
  established: { kind: 'established', epoch: 3, held: heldOf('log', 8) },
  joined: { kind: 'joined', held: heldOf('log', 7), from: null, keys: 5, wallMs: 1 },
  'log-empty': { kind: 'log-empty' },
  leaderless: { kind: 'leaderless', why: 'silence' },
  'tail-given': { kind: 'tail-given' },
  failed: { kind: 'failed', error: new Error('it failed'), wallMs: 1 },
  fenced: { kind: 'fenced', by: 'log-fenced', detail: 'another wrote', error: new Error('fenced'), wallMs: 1 },
  'log-gone': { kind: 'log-gone', ...lost('log-missing') },
  unreachable: { kind: 'unreachable', ...lost('beginning-missing') },
  reachable: { kind: 'reachable' },
  saved: { kind: 'saved' },
  'save-failed': { kind: 'save-failed' },
  'follower-failed': { kind: 'follower-failed', ...lost('log-trimmed') },
  moved: { kind: 'moved', found: foundLog('new') },
  left: { kind: 'left', held: null },
  'retry-due': { kind: 'retry-due' },
};

/** A role, and what it does. */
export class Played {
  state: RoleState;
  /** Of the last event. */
  actions: readonly RoleAction[] = [];

  constructor(state: RoleState) {
    this.state = state;
  }

  static master(isSole = true): Played {
    return new Played(firstState(null, isSole));
  }

  /** A node of a cluster. */
  static member(): Played {
    return new Played(firstState(null, false, true));
  }

  static slave(isSole = true): Played {
    return new Played(firstState(HOST, isSole));
  }

  /** One after the other; a name is the example of that kind. */
  tell(...events: (EventKind | RoleEvent)[]): this {
    for (const event of events) {
      const { state, actions } = nextRole(this.state, typeof event === 'string' ? EXAMPLES[event] : event);
      this.state = state;
      this.actions = actions;
    }
    return this;
  }

  /** From the start, without trouble. */
  leads(): this {
    return this.tell('start', 'located', 'opened', 'proven', 'imported', 'rebuilt', 'claimed', 'established');
  }

  follows(): this {
    return this.tell('start', 'located', 'opened', 'joined');
  }

  get kind(): RoleState['kind'] {
    return this.state.kind;
  }

  get view(): RoleView {
    return viewOf(this.state);
  }

  /** The names of what was done last. */
  get done(): string[] {
    return this.actions.map((action) => action.do);
  }

  find<D extends RoleAction['do']>(name: D): Extract<RoleAction, { do: D }> | undefined {
    return this.actions.find((action): action is Extract<RoleAction, { do: D }> => action.do === name);
  }
}

/** A role in each state, by the shortest way. */
export const IN_STATE: { readonly [S in StateKind]: () => Played } = {
  idle: () => Played.master(),
  locating: () => Played.master().tell('start'),
  opening: () => Played.master().tell('start', 'located'),
  proving: () => Played.master().tell('start', 'located', 'opened'),
  importing: () => Played.master().tell('start', 'located', 'opened', 'proven'),
  rebuilding: () => Played.master().tell('start', 'located', 'opened', 'proven', 'imported'),
  claiming: () => Played.master().tell('start', 'located', 'opened', 'proven', 'imported', 'rebuilt'),
  establishing: () => Played.master().tell('start', 'located', 'opened', 'proven', 'imported', 'rebuilt', 'claimed'),
  leading: () => Played.master().leads(),
  saving: () => Played.master().leads().tell('unreachable'),
  beginning: () => Played.slave().follows().tell('told-to-lead', 'left', 'located', 'opened'),
  joining: () => Played.slave().tell('start', 'located', 'opened'),
  following: () => Played.slave().follows(),
  taking: () => Played.member().follows().tell('leaderless'),
  offering: () =>
    Played.slave()
      .follows()
      .tell({ kind: 'follower-failed', ...lost('log-lost') }),
  leaving: () => Played.slave().tell('start', 'located', 'failed'),
  waiting: () => Played.slave().tell('start', 'not-located'),
  stopped: () => Played.master().tell('stop'),
};

import { LogError, isLogError } from '@weir/log';
import { troubleOf } from '../trouble.ts';
import type { EventKind, RoleEvent } from './events.ts';
import { clusterErrand } from './state.ts';
import type { FollowErrand, LeadErrand, RoleState, StateKind } from './state.ts';
import {
  answer,
  beginAnew,
  common,
  failed,
  go,
  ignored,
  leave,
  left,
  mayBeginAnew,
  mayReplace,
  never,
  notYet,
  originOf,
  overcome,
  to,
  toDiscard,
  toFollow,
  toLead,
  toRepair,
  toStop,
} from './transitions.ts';
import type { Step, Transition } from './transitions.ts';

/**
 * Which role a node plays, and how it gets there: a pure function of a state and an event. It performs nothing; the executor (../role.ts) does the
 * actions and brings what came of them as events.
 *
 *   idle ──▶ locating ──▶ opening ──lead──▶ proving ─▶ importing ─▶ rebuilding ─▶ claiming ─▶ establishing ─▶ leading ⇄ saving
 *              ▲   ▲          ├──begin─▶ beginning ────────────────────────────────────────────▲
 *              │   │          └─follow─▶ joining ──▶ following ──▶ offering                     ▲
 *              │   │                        │             ⇅                                      │
 *              │   │        proving ◀─empty─┘          taking ───────────────────────────────────┘
 *              │   └── waiting ◀─┐      from every state between locating and offering:
 *              └──────────────── leaving ◀── an error, a fence, another decision, a stop
 *                                   └────▶ stopped
 *
 * A *term* is what lies between `locating` and `leaving`; it has one errand (state.ts): to lead its own log, to begin a new one with the data set
 * that is here, or to follow a log. Whatever ends it, what it opened is closed before the next one begins, so that a node never leads and
 * follows at once.
 *
 * - An error (`failed`) ends the term, and the errand is tried again. One that does not pass by itself is a trouble (trouble.ts).
 * - Fenced because another node wrote: the log is proven and rebuilt, and its new leader followed (`deposed`).
 * - Fenced because the log lost what it had: its end is asked for; where nobody else can lead, the memory begins a new log.
 * - In a cluster (`isClustered`) the errand is to follow its log. Nobody has ever written to it: this node tries to be the first (`log-empty`).
 *   Nobody leads it: this node claims it as it stands (`taking`), and goes on following when another one was quicker.
 * - People decide in every state (`people` below); what they decide is the errand of the next term.
 *
 * Invariant *nothing-known-is-dropped*: an action `adopt` is only reached through `proven`, through `joined` with a data set that goes on from the one
 * here, or with somebody's decision. Invariant *own-log-only*: `lead` is only reached through `established`.
 */
type Table = { readonly [S in StateKind]: { readonly [E in EventKind]: Transition<S, E> } };

/** Claims that others won, one after the other. */
const CLAIMS_MAX = 200;

const STEP = 'it is the answer to another step, and those of ended terms are not heard';

/** What people decide, in a state with or without a term. */
const people = {
  start: never('a node is started once'),
  'told-to-lead': toLead,
  'told-to-follow': toFollow,
  'repair-begins': toRepair,
  'repair-discards': toDiscard,
  stop: toStop,
};

const noStep = {
  located: never(STEP),
  'not-located': never(STEP),
  opened: never(STEP),
  proven: never(STEP),
  imported: never(STEP),
  rebuilt: never(STEP),
  claimed: never(STEP),
  'claim-lost': never(STEP),
  deposed: never(STEP),
  'log-short': never(STEP),
  begun: never(STEP),
  established: never(STEP),
  joined: never(STEP),
  'log-empty': never(STEP),
  'tail-given': never(STEP),
};

const notLeading = {
  fenced: never('it has no writer'),
  'log-gone': never('only a leader watches its log'),
  unreachable: never('only a leader watches its log'),
  reachable: never('only a leader watches its log'),
  saved: never('nothing is being saved'),
  'save-failed': never('nothing is being saved'),
};

const notFollowing = {
  'follower-failed': never('nothing is followed'),
  moved: never('nothing is followed'),
  leaderless: never('nothing is followed'),
};

const inTerm = {
  left: never('nothing is being closed'),
  'retry-due': never('the timer is cancelled when a term begins'),
};

/** Nothing is under way that could fail. */
const noTerm = {
  ...noStep,
  ...notLeading,
  ...notFollowing,
  failed: never('no step is under way'),
  left: never('nothing is being closed'),
};

/** A step of a term that neither leads nor follows yet. */
const step = { ...people, ...noStep, ...notLeading, ...notFollowing, ...inTerm, failed };

/** While it leads, whether it saves from memory or not. */
const leader = {
  ...people,
  ...noStep,
  ...notFollowing,
  ...inTerm,
  failed,
  fenced: ((state, event) => {
    if (mayBeginAnew(state, event.by)) return beginAnew(state, event.by, event.detail);
    const { detail } = event;
    const text = 'the log refused a record: its data set is looked at anew';
    const { state: next, actions } = failed(state, event);
    return to(next, { do: 'say', level: 'error', fields: { detail }, text }, ...actions);
  }) satisfies Transition<'leading' | 'saving', 'fenced'>,
  'log-gone': ((state, { error, wallMs }) => {
    const text = error instanceof Error ? error.message : String(error);
    if (mayBeginAnew(state, 'log-missing')) return beginAnew(state, 'log-missing', text);
    return to({ ...state, trouble: troubleOf(error, state.trouble, wallMs) }, { do: 'complain', error });
  }) satisfies Transition<'leading' | 'saving', 'log-gone'>,
};

const TABLE: Table = {
  idle: {
    ...people,
    ...noTerm,
    'retry-due': never('nothing was tried yet'),
    start: (state) =>
      state.errand.kind === 'follow' ? go(common(state), { do: 'link', is: 'lost' }) : go(common(state)),
  },

  locating: {
    ...step,
    located: (state, { found, isTold }) => {
      const errand = state.errand.kind === 'follow' ? { ...state.errand, known: found } : state.errand;
      const { logId } = found.location;
      return to({ ...common(state), kind: 'opening', logId, errand }, { do: 'open', found, isTold });
    },
    'not-located': (state) => to({ ...common(state), kind: 'waiting' }, { do: 'retry', after: 'asking' }),
  },

  opening: {
    ...step,
    opened: (state) => {
      const { errand, held, logId } = state;
      switch (errand.kind) {
        case 'lead':
          return to(
            { ...common(state), errand, kind: 'proving', logId },
            { do: 'prove', held, isAccepted: errand.decision === 'log' },
          );
        case 'begin':
          return to({ ...common(state), errand, kind: 'beginning', logId }, { do: 'begin', from: originOf(held) });
        case 'follow':
          return to(
            { ...common(state), errand, kind: 'joining', logId },
            { do: 'link', is: 'syncing' },
            { do: 'join', held },
          );
      }
    },
  },

  proving: {
    ...step,
    proven: (state, { owed }) => to({ ...state, kind: 'importing', owed }, { do: 'import' }),
  },

  importing: {
    ...step,
    imported: (state) =>
      to({ ...state, kind: 'rebuilding' }, { do: 'rebuild', isAccepted: state.errand.decision === 'log' }),
  },

  rebuilding: {
    ...step,
    rebuilt: (state, { seq, lastSeq, wallMs }) => {
      const { errand, logId, owed, ledEpoch } = state;
      if (seq < owed) {
        const error = new LogError('log-lost', `the log ends at ${lastSeq}, this node had it up to ${owed}`);
        return failed(state, { error, wallMs });
      }
      return to(
        { ...common(state), errand, kind: 'claiming', logId, attempt: 1 },
        { do: 'claim', ledEpoch, attempt: 1 },
      );
    },
  },

  claiming: {
    ...step,
    claimed: (state) => {
      const { errand, logId } = state;
      return to(
        { ...common(state), errand, kind: 'establishing', logId },
        { do: 'adopt', what: 'loaded' },
        { do: 'establish', isNew: false },
      );
    },
    'claim-lost': (state, event) => {
      // It would follow the other one if it were started now.
      if (state.isClustered) return leave({ ...common(state), errand: clusterErrand() }, 'go');
      const attempt = state.attempt + 1;
      if (attempt > CLAIMS_MAX) return failed(state, event);
      return to({ ...state, attempt }, { do: 'claim', ledEpoch: state.ledEpoch, attempt });
    },
    deposed: (state, { leader: hint }) => {
      const errand: FollowErrand = state.isClustered
        ? clusterErrand(hint)
        : { kind: 'follow', of: 'own', hint, known: null, decision: 'none' };
      const text = 'another node leads this log now; following it';
      return leave(
        { ...common(state), errand },
        'wait',
        { do: 'say', level: 'error', fields: { leader: hint }, text },
        { do: 'link', is: 'lost' },
        answer(`ERR another node leads the log of this one: ${hint.host}:${hint.port}`),
      );
    },
    // Nothing can be appended behind a sequence that is not there; but the data set is, and nothing acknowledged before it is missing.
    'log-short': (state, { held, error }) =>
      leave(
        { ...common(state), errand: { kind: 'begin', why: 'short' }, held, isServed: true, trouble: null },
        'wait',
        { do: 'adopt', what: 'loaded' },
        { do: 'complain', error },
        notYet(error),
      ),
  },

  beginning: {
    ...step,
    begun: (state) => {
      const { errand, logId } = state;
      return to({ ...common(state), errand, kind: 'establishing', logId }, { do: 'establish', isNew: true });
    },
  },

  establishing: {
    ...step,
    established: (state, { epoch, held }) =>
      to(
        {
          ...common(state),
          kind: 'leading',
          errand: { kind: 'lead', decision: 'none' },
          ledEpoch: epoch,
          logId: state.logId,
          held,
          isServed: true,
          trouble: null,
        },
        { do: 'lead' },
        ...overcome(state),
        answer(null),
      ),
  },

  leading: {
    ...leader,
    unreachable: (state, { error, wallMs }) => {
      const trouble = troubleOf(error, state.trouble, wallMs);
      return to({ ...state, kind: 'saving', trouble }, { do: 'complain', error }, { do: 'save' });
    },
    reachable: (state) => to({ ...state, trouble: null }, ...overcome(state)),
    saved: never('nothing is being saved'),
    'save-failed': never('nothing is being saved'),
  },

  saving: {
    ...leader,
    unreachable: never('the log is not looked at meanwhile'),
    reachable: never('the log is not looked at meanwhile'),
    saved: (state) => to({ ...state, kind: 'leading', trouble: null }, ...overcome(state)),
    'save-failed': (state) => to({ ...state, kind: 'leading' }), // asked for again at the next look
  },

  joining: {
    ...step,
    joined: (state, { held, from, keys, wallMs }) => {
      const error = mayReplace(state, from, keys);
      if (error !== null) return failed(state, { error, wallMs });
      const { logId } = state;
      const errand: FollowErrand = { ...state.errand, decision: 'none' };
      return to(
        { ...common(state), errand, kind: 'following', logId, held, isServed: true, trouble: null },
        ...overcome(state),
        { do: 'adopt', what: 'loaded' },
        { do: 'link', is: 'up' },
        { do: 'follow' },
      );
    },
    'log-empty': (state, event) => {
      if (state.errand.of !== 'cluster') return never('it is for its master to begin the log')(state, event);
      const errand: LeadErrand = { kind: 'lead', decision: 'none' };
      const { held, logId } = state;
      return to({ ...common(state), errand, kind: 'proving', logId }, { do: 'prove', held, isAccepted: false });
    },
  },

  following: {
    ...step,
    'follower-failed': (state, event) => {
      if (!isLogError(event.error, 'log-lost')) return failed(state, event);
      return to({ ...state, kind: 'offering' }, { do: 'offer-tail' });
    },
    moved: (state, { found }) => {
      const errand: FollowErrand = { ...state.errand, known: found };
      return leave({ ...common(state), errand }, 'wait');
    },
    leaderless: (state, event) => {
      if (state.errand.of !== 'cluster') return never('only a node of a cluster leads by itself')(state, event);
      return to({ ...state, kind: 'taking' }, { do: 'take', why: event.why });
    },
  },

  taking: {
    ...step,
    claimed: (state) => {
      const errand: LeadErrand = { kind: 'lead', decision: 'none' };
      // The data set is the one that was followed with.
      return to(
        { ...common(state), errand, kind: 'establishing', logId: state.logId },
        { do: 'establish', isNew: false },
      );
    },
    'claim-lost': (state) => to({ ...state, kind: 'following' }, { do: 'follow' }),
  },

  offering: {
    ...step,
    'tail-given': (state) => leave(state, 'wait'),
    'follower-failed': ignored('it has failed already'),
    moved: never('the master is not asked meanwhile'),
    leaderless: never('nobody may lead a log that lost something'),
  },

  leaving: {
    ...people,
    ...noTerm,
    'retry-due': never('the timer is cancelled when a term begins'),
    left,
  },

  waiting: {
    ...people,
    ...noTerm,
    'retry-due': (state) => go(common(state)),
  },

  stopped: {
    ...people,
    ...noTerm,
    'retry-due': never('the timer was cancelled'),
  },
};

export function nextRole(state: RoleState, event: RoleEvent): Step {
  const row: { readonly [E in EventKind]: (state: never, event: never) => Step } = TABLE[state.kind];
  return row[event.kind](state as never, event as never);
}

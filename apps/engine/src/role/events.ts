/** What can happen to a role (RoleEvent), and what it has done about it (RoleAction). */

import type { HostPort } from '@weir/config';
import type { LeadershipCause, LogErrorCode } from '@weir/log';
import type { Errand, FoundLog, Held } from './state.ts';

/** An error of a step, with the wall clock's time for people. */
interface Failure {
  readonly error: unknown;
  readonly wallMs: number;
}

export type RoleEvent =
  // --- people --------------------------------------------------------------------------------------------------------
  | { readonly kind: 'start' }
  /** REPLICAOF NO ONE. */
  | { readonly kind: 'told-to-lead' }
  /** REPLICAOF host port. */
  | { readonly kind: 'told-to-follow'; readonly target: HostPort }
  /** FAILOVER: another node of the cluster, which the term knows, leads next. */
  | { readonly kind: 'told-to-hand-over' }
  /** WEIR REPAIR CUT, SKIP, SNAPSHOT, EMPTY (`isRescued`: another data set is to take the place of the one here), MEMORY. */
  | { readonly kind: 'repair-begins'; readonly isRescued: boolean }
  /** WEIR REPAIR DISCARD. */
  | { readonly kind: 'repair-discards' }
  | { readonly kind: 'stop' }
  // --- steps ---------------------------------------------------------------------------------------------------------
  | { readonly kind: 'located'; readonly found: FoundLog; readonly isTold: boolean }
  /** The node to follow does not tell where its log is. */
  | { readonly kind: 'not-located' }
  | { readonly kind: 'opened' }
  /** The log holds what this node knows of it, but for what a snapshot up to `owed` has to bring. */
  | { readonly kind: 'proven'; readonly owed: number }
  | { readonly kind: 'imported' }
  | ({ readonly kind: 'rebuilt'; readonly seq: number; readonly lastSeq: number } & Pick<Failure, 'wallMs'>)
  | { readonly kind: 'claimed' }
  /** Another master wrote meanwhile. */
  | ({ readonly kind: 'claim-lost' } & Failure)
  /** Another node leads with a later epoch than this one did. */
  | { readonly kind: 'deposed'; readonly leader: HostPort }
  /** The log ends before its newest snapshot, whose data set stands at `position`. */
  | ({ readonly kind: 'log-short'; readonly held: Held } & Failure)
  | { readonly kind: 'begun' }
  | { readonly kind: 'established'; readonly epoch: number; readonly held: Held }
  /** The log's data set is loaded, and stands at `held`. `from`: the log whose data this one began with; `keys`: what it would replace has so many. */
  | ({
      readonly kind: 'joined';
      readonly held: Held;
      readonly from: string | null;
      readonly keys: number;
    } & Pick<Failure, 'wallMs'>)
  /** The log holds what this slave has, again. */
  | { readonly kind: 'tail-given' }
  | ({ readonly kind: 'failed' } & Failure)
  // --- while it leads ------------------------------------------------------------------------------------------------
  | ({ readonly kind: 'fenced'; readonly by: LogErrorCode; readonly detail: string } & Failure)
  | ({ readonly kind: 'log-gone' } & Failure)
  /** Nothing that is stored gives the data set back. */
  | ({ readonly kind: 'unreachable' } & Failure)
  | { readonly kind: 'reachable' }
  | { readonly kind: 'saved' }
  | { readonly kind: 'save-failed' }
  // --- while it follows ----------------------------------------------------------------------------------------------
  | ({ readonly kind: 'follower-failed' } & Failure)
  /** The node that was named has another log now. */
  | { readonly kind: 'moved'; readonly found: FoundLog }
  /** Of a cluster: nothing was ever written to its log. */
  | { readonly kind: 'log-empty' }
  /** Of a cluster: nobody leads, and this node may. */
  | { readonly kind: 'leaderless'; readonly why: LeadershipCause }
  // --- between terms -------------------------------------------------------------------------------------------------
  /** All is closed. `held`: what the data set here stands for now; null: as before. */
  | { readonly kind: 'left'; readonly held: Held | null }
  | { readonly kind: 'retry-due' };

export type EventKind = RoleEvent['kind'];
export type EventOf<K extends EventKind> = Extract<RoleEvent, { kind: K }>;

export type RoleAction =
  // Steps of a term: each is answered by an event, unless the term ends first.
  | { readonly do: 'locate'; readonly errand: Errand }
  /** `isTold`: somebody said so just now; else it is given up when nobody answers there. */
  | { readonly do: 'open'; readonly found: FoundLog; readonly isTold: boolean }
  | { readonly do: 'prove'; readonly held: Held | null; readonly isAccepted: boolean }
  | { readonly do: 'import' }
  | { readonly do: 'rebuild'; readonly isAccepted: boolean }
  | { readonly do: 'claim'; readonly ledEpoch: number; readonly attempt: number }
  | { readonly do: 'begin'; readonly from: { readonly logId: string; readonly seq: number } | null }
  | { readonly do: 'establish'; readonly isNew: boolean }
  | { readonly do: 'lead' }
  | { readonly do: 'save' }
  | { readonly do: 'join'; readonly held: Held | null }
  | { readonly do: 'follow' }
  | { readonly do: 'take'; readonly why: LeadershipCause }
  | { readonly do: 'offer-tail' }
  /** Closes what the term opened; answered by `left`. */
  | { readonly do: 'leave' }
  /** Answered by `retry-due`: after so long, or, with a name, after longer each time. */
  | { readonly do: 'retry'; readonly after: number | 'asking' | 'term' }
  // At once.
  /** The data set that was loaded, or that a repair made, takes the place of the one here. */
  | { readonly do: 'adopt'; readonly what: 'loaded' | 'rescued' }
  /** What this node remembers beyond the log is given up; `isOwn`: what it noted of its own log too. */
  | { readonly do: 'forget'; readonly isOwn: boolean }
  /** Whoever waits for this node to lead: null is an OK. */
  | { readonly do: 'answer'; readonly error: string | null }
  /** The link of a slave to its master, as INFO shows it. */
  | { readonly do: 'link'; readonly is: 'lost' | 'sought' | 'syncing' | 'up' }
  /** Waits and delays of before count no more: somebody decided. */
  | { readonly do: 'refresh' }
  /** Clients' requests wait from now on. */
  | { readonly do: 'hold' }
  | { readonly do: 'say'; readonly level: 'info' | 'warn' | 'error'; readonly fields: object; readonly text: string }
  /** The error of a step: at most once a minute as long as it is the same trouble. */
  | { readonly do: 'complain'; readonly error: unknown };

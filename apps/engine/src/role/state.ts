/** The states of a node's role, and what each of them knows. The diagram and the transitions are in next-role.ts. */

import type { HostPort } from '@weir/config';
import type { LogPosition } from '@weir/log';
import type { LogLocation } from '../log-access.ts';
import type { Trouble } from '../trouble.ts';

/** What the data set that is here stands for. Null: nothing that anybody would miss. */
export type Held =
  /** It has everything of that log up to the position; committed records only count. `isExact`: and nothing that was executed beyond it. */
  | { readonly kind: 'of-log'; readonly logId: string; readonly position: LogPosition; readonly isExact: boolean }
  /** A repair put it together: it is the data set of no log yet. */
  | { readonly kind: 'rescued' };

/** Readers may see it though no term feeds it: it holds nothing that no log holds. */
export function isReadable(held: Held | null): boolean {
  return held !== null && (held.kind === 'rescued' || held.isExact);
}

/**
 * Whether somebody said that the data set here may give way.
 *
 * - none: it gives way only to one from a log that provably holds it.
 * - master: an operator named the node to follow (or this node starts so): any log of that master will do.
 * - log: an operator takes the log as it is (WEIR REPAIR DISCARD), whatever this node or a slave had beyond it.
 */
export type Decision = 'none' | 'master' | 'log';

/** Where a log is, and through whom it was found. */
export interface FoundLog {
  readonly location: LogLocation;
  /** By which the hint reports in the log; null: it does not say, or nobody was asked. */
  readonly node: string | null;
  /** The hint led that log when it was asked. */
  readonly isMaster: boolean;
}

/** To lead the log that is this node's own. */
export interface LeadErrand {
  readonly kind: 'lead';
  readonly decision: Decision;
}

/** The data set that is here becomes the beginning of a new log. */
export interface BeginErrand {
  readonly kind: 'begin';
  readonly why:
    | 'promoted' // REPLICAOF NO ONE
    | 'lost' // the log lost what it had, and nobody else can lead it
    | 'short' // the log ends before its newest snapshot, whose data set is here
    | 'repaired'; // WEIR REPAIR
}

/** To follow a log, whoever leads it. */
export interface FollowErrand {
  readonly kind: 'follow';
  /**
   * named: an operator named a node, whose log it is. own: this node's own log, after another node deposed it. cluster: that of the cluster, which
   * this node leads itself when nobody else does.
   */
  readonly of: 'named' | 'own' | 'cluster';
  /** A node that was of that log when it was last heard of: a hint for finding it. */
  readonly hint: HostPort;
  /** Where the log was found; null: not yet. It is looked for there when the hint does not answer. */
  readonly known: FoundLog | null;
  readonly decision: Decision;
}

export type Errand = LeadErrand | BeginErrand | FollowErrand;

interface Common<E extends Errand = Errand> {
  /** What the node is up to. */
  readonly errand: E;
  readonly held: Held | null;
  /** What is in memory is fit for readers. Not so before the first data set is loaded, nor when it may hold what no log does. */
  readonly isServed: boolean;
  /** What keeps it from its errand and does not pass by itself. */
  readonly trouble: Trouble | null;
  /** The epoch that it led its own log with last; 0: not since it was started. Whoever leads that log with a later one is followed, not deposed. */
  readonly ledEpoch: number;
  /** The NATS server of this node's own log is its alone: nobody else leads a log there. */
  readonly isSole: boolean;
  /** Its nodes choose their leader: what this node does is to follow the cluster's log, and to lead it while it can. */
  readonly isClustered: boolean;
}

/** Entered by the constructor, ended by `start`. Nothing is open. */
export interface Idle extends Common {
  readonly kind: 'idle';
}

/** The errand's log is being found out. Ends when it is known where it is, or in `waiting`. */
export interface Locating extends Common {
  readonly kind: 'locating';
}

/** Connecting. From here on a term has something open, and ends by `leaving` only. */
export interface Opening extends Common {
  readonly kind: 'opening';
  readonly logId: string;
}

/** The log has to hold what this node knows of it before anything else is believed. */
export interface Proving extends Common<LeadErrand> {
  readonly kind: 'proving';
  readonly logId: string;
}

/** The streams are there; while the log is empty a file may come in. */
export interface Importing extends Common<LeadErrand> {
  readonly kind: 'importing';
  readonly logId: string;
  /** The log ends before this sequence, which a snapshot has to bring; 0: nothing is owed. */
  readonly owed: number;
}

/** Snapshot and log are being loaded beside the data set that is here, up to the log's end. */
export interface Rebuilding extends Common<LeadErrand> {
  readonly kind: 'rebuilding';
  readonly logId: string;
  readonly owed: number;
}

/** A leadership record of the next epoch is tried behind everything that was loaded. */
export interface Claiming extends Common<LeadErrand> {
  readonly kind: 'claiming';
  readonly logId: string;
  readonly attempt: number;
}

/** A snapshot of the data set that is here, then the first record of a new log. The data set must not change. */
export interface BeginningLog extends Common<BeginErrand> {
  readonly kind: 'beginning';
  readonly logId: string;
}

/** The leadership record is stored, and is being written down here. Nobody is served as a master yet. */
export interface Establishing extends Common<LeadErrand | BeginErrand> {
  readonly kind: 'establishing';
  readonly logId: string;
}

/** Only this node can append. With a trouble it refuses writes, and goes on looking. */
export interface Leading extends Common<LeadErrand> {
  readonly kind: 'leading';
  readonly logId: string;
}

/** Leading, and nothing that is stored gives the data set back: nobody is served while it is saved from memory. */
export interface Saving extends Common<LeadErrand> {
  readonly kind: 'saving';
  readonly logId: string;
}

/** The log's data set is being loaded beside the one that is here, which goes on answering. */
export interface Joining extends Common<FollowErrand> {
  readonly kind: 'joining';
  readonly logId: string;
}

/** The data set is that of the log; records are applied as they come. */
export interface Following extends Common<FollowErrand> {
  readonly kind: 'following';
  readonly logId: string;
}

/** Nobody leads: a leadership record is tried behind all that was applied. The data set goes on answering; nothing more is applied meanwhile. */
export interface Taking extends Common<FollowErrand> {
  readonly kind: 'taking';
  readonly logId: string;
}

/** The log ends before what this slave has of it. It stays connected for a while: a master that starts asks for that. */
export interface Offering extends Common<FollowErrand> {
  readonly kind: 'offering';
  readonly logId: string;
}

/** What the term opened is being closed; the errand is already the next one. */
export interface Leaving extends Common {
  readonly kind: 'leaving';
  readonly then: 'go' | 'wait' | 'stop';
  /** An operator gave up what is here: it is nothing that is held when the term has ended. */
  readonly forgets: boolean;
}

/** Nothing is open; the errand is tried again after a while. */
export interface Waiting extends Common {
  readonly kind: 'waiting';
}

export interface Stopped extends Common {
  readonly kind: 'stopped';
}

export type RoleState =
  | Idle
  | Locating
  | Opening
  | Proving
  | Importing
  | Rebuilding
  | Claiming
  | BeginningLog
  | Establishing
  | Leading
  | Saving
  | Joining
  | Following
  | Taking
  | Offering
  | Leaving
  | Waiting
  | Stopped;

export type StateKind = RoleState['kind'];
export type StateOf<K extends StateKind> = Extract<RoleState, { kind: K }>;

/** Of a cluster whose leader is not known. */
const NOBODY: HostPort = { host: '?', port: 0 };

/** To follow the cluster's log, or to lead it. */
export function clusterErrand(hint: HostPort = NOBODY, decision: Decision = 'none'): FollowErrand {
  return { kind: 'follow', of: 'cluster', hint, known: null, decision };
}

/** How a node begins: in a cluster; as the slave of that node; or, with null, as the master of its own log. */
export function firstState(target: HostPort | null, isSole: boolean, isClustered = false): Idle {
  const errand: Errand = isClustered
    ? clusterErrand(NOBODY, 'master')
    : target === null
      ? { kind: 'lead', decision: 'master' }
      : { kind: 'follow', of: 'named', hint: target, known: null, decision: 'master' };
  return { kind: 'idle', errand, held: null, isServed: false, trouble: null, ledEpoch: 0, isSole, isClustered };
}

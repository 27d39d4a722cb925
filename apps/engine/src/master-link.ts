/**
 * The link of a slave to the master of its log, as ROLE and INFO show it: up while records can come and somebody leads. NATS may outlive a killed
 * master, and would only be silent.
 *
 * A log is followed, whoever leads it. The node that an operator named is a hint for finding it: as long as that node takes part in the log, it is
 * the one that is shown. When it does not, the link is up all the same as long as another node leads, which is shown then; and the named node
 * is asked whether it has another log now.
 */

import type { Member } from '@weir/cluster';
import type { HostPort } from '@weir/config';
import type { FollowerState } from '@weir/replica';

export type MasterState = 'connect' | 'connecting' | 'sync' | 'connected';

/** Whom an operator named. */
export interface NamedNode {
  /** By which it reports in the log; null: nobody is known. */
  readonly node: string | null;
  /** It led the log when it was asked. */
  readonly isMaster: boolean;
}

/** A master reports every second. */
const SILENT_MS = 5000;
/** A link that is down, or a named node unheard of, for so long makes a slave ask again where the log is. */
const ASK_AGAIN_MS = 3000;

export class MasterLink {
  state: MasterState = 'connect';
  downSinceMs = 0;
  /** Who leads, where that is not the node that was named: its address. */
  leader: HostPort | null = null;
  /** When a leader of the log, or the named node, was last heard of. */
  #seenMs = 0;
  /** When the named node was. */
  #namedMs = 0;
  /** One of them was, since the data set is that of this log. */
  #heard = false;

  get up(): boolean {
    return this.state === 'connected';
  }

  /** From now on it is tried to get one. */
  begin(now: number): void {
    this.state = 'connect';
    this.downSinceMs = now;
  }

  /** The data set is that of the log. */
  connected(now: number): void {
    this.state = 'connected';
    this.#seenMs = now;
    this.#namedMs = now;
    this.#heard = false;
    this.leader = null;
  }

  /** Looks at the members of the log. One that was heard of and is not among them any more left it. Returns whether the state changed. */
  watch(follower: FollowerState, members: readonly Member[], named: NamedNode, now: number): boolean {
    let isThere = false;
    let isNamedThere = false;
    let leader: Member | null = null;
    for (const member of members) {
      const isNamed = member.id === named.node;
      const isMaster = member.role === 'master';
      if (!isNamed && !isMaster) continue;
      isThere = true;
      this.#seenMs = Math.max(this.#seenMs, member.receivedMs);
      if (isMaster && (leader === null || member.epoch > leader.epoch)) leader = member;
      if (!isNamed) continue;
      this.#namedMs = Math.max(this.#namedMs, member.receivedMs);
      isNamedThere = isMaster || !named.isMaster;
    }
    this.leader = isNamedThere || leader === null ? null : { host: leader.ip, port: leader.port };
    this.#heard ||= isThere;
    const follows = follower === 'live' || follower === 'catching-up';
    const up = follows && now - this.#seenMs <= SILENT_MS && (isThere || !this.#heard);
    if (up === this.up) return false;
    if (up) this.state = 'connected';
    else this.begin(now);
    return true;
  }

  /**
   * The log cannot be reached, or the node that was named is not heard of there: it may have another log now (REPLICAOF NO ONE, REPLICAOF of its
   * own), and the old one would be followed for ever.
   */
  mayHaveMoved(now: number): boolean {
    return now - (this.up ? this.#namedMs : this.downSinceMs) > ASK_AGAIN_MS;
  }
}

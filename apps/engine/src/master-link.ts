import type { Member } from '@weir/cluster';
import type { FollowerState } from '@weir/replica';

/**
 * The link of a slave to its master, as ROLE and INFO show it: up while records can come and the master lives. Its NATS
 * server may outlive a killed master, and would only be silent.
 */

export type MasterState = 'connect' | 'connecting' | 'sync' | 'connected';

/** A master reports every second. */
const SILENT_MS = 5000;
/** A link that is down, or a master unheard of, for so long makes a slave ask again where the log is. */
const ASK_AGAIN_MS = 3000;

export class MasterLink {
  state: MasterState = 'connect';
  downSinceMs = 0;
  /** When the node that is followed was last heard of in its log. */
  #seenMs = 0;
  /** It was, since the data set is that of this log. */
  #heard = false;

  get up(): boolean {
    return this.state === 'connected';
  }

  /** From now on it is tried to get one. */
  begin(now: number): void {
    this.state = 'connect';
    this.downSinceMs = now;
  }

  /** The data set is the master's. */
  connected(now: number): void {
    this.state = 'connected';
    this.#seenMs = now;
    this.#heard = false;
  }

  /**
   * Looks at what is known now: `members` of the log, and `node`, the id of the one that is followed (undefined: whoever
   * is master). One that was heard of and is not among them any more left this log: what it serves now is something else.
   * Returns whether the state changed.
   */
  watch(follower: FollowerState, members: readonly Member[], node: string | undefined, now: number): boolean {
    let isThere = false;
    for (const member of members) {
      if (node === undefined ? member.role === 'master' : member.id === node) {
        isThere = true;
        this.#seenMs = Math.max(this.#seenMs, member.receivedMs);
      }
    }
    this.#heard ||= isThere;
    const follows = follower === 'live' || follower === 'catching-up';
    const up = follows && now - this.#seenMs <= SILENT_MS && (isThere || !this.#heard);
    if (up === this.up) return false;
    if (up) this.state = 'connected';
    else this.begin(now);
    return true;
  }

  /**
   * The log cannot be reached, or the node that this one was told to follow is not heard of there: it may have another log now
   * (REPLICAOF NO ONE, REPLICAOF of its own), and the old one would be followed for ever.
   */
  mayHaveMoved(now: number): boolean {
    return now - (this.up ? this.#seenMs : this.downSinceMs) > ASK_AGAIN_MS;
  }
}

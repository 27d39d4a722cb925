/**
 * Where what happens to keys is announced, and where those who want to know of it subscribe: one to a data set, whoever
 * changes it: clients' commands, expiry, eviction, the log's replay. A listener says which classes it needs; the events
 * of a class that nobody needs go no further than a test of `wanted`, so that they cost nothing.
 *
 * A listener is called in the middle of a command. It takes note, and does neither look at the data set nor change it:
 * the key may be there still, or half of its value. What it wants to do is done when the command is over.
 */

import { CLASS_WHOLE, KEY_EVENTS } from './events.ts';

export interface ChangeListener {
  /**
   * Something happened to a key; `event` is the number of a kind (events.ts). `changed`: false where Redis publishes it
   * although the key is what it was (LTRIM that takes nothing). The bytes of the key are lent for the call.
   */
  key(event: number, db: number, hash: number, buf: Uint8Array, off: number, len: number, changed: boolean): void;
  /**
   * Something happened to many keys, for those who subscribed with CLASS_WHOLE: to database `a`, or to all when it is
   * -1, and to database `b` as well unless it is -1.
   */
  whole(event: number, a: number, b: number): void;
}

interface Subscription {
  readonly classes: number;
  readonly listener: ChangeListener;
}

export class Changes {
  /** The classes (events.ts) that somebody wants to hear of; 0 while nobody listens. Look at it before telling. */
  wanted = 0;
  #subscriptions: readonly Subscription[] = [];

  /** Tells the listener what is of one of the classes, until the returned function is called. */
  subscribe(classes: number, listener: ChangeListener): () => void {
    const subscription = { classes, listener };
    this.#set([...this.#subscriptions, subscription]);
    return () => this.#set(this.#subscriptions.filter((other) => other !== subscription));
  }

  #set(subscriptions: readonly Subscription[]): void {
    this.#subscriptions = subscriptions;
    this.wanted = subscriptions.reduce((bits, { classes }) => bits | classes, 0);
  }

  /** An event of one key, whose bytes and hash are given. */
  tell(event: number, db: number, hash: number, buf: Uint8Array, off: number, len: number, changed = true): void {
    const { bits } = KEY_EVENTS[event];
    if ((bits & this.wanted) === 0) return;
    for (const { classes, listener } of this.#subscriptions) {
      if ((classes & bits) !== 0) listener.key(event, db, hash, buf, off, len, changed);
    }
  }

  /** An event of all keys of database `a` (-1: of all databases), and of database `b` (-1: of no other). */
  tellWhole(event: number, a: number, b: number): void {
    if ((this.wanted & CLASS_WHOLE) === 0) return;
    for (const { classes, listener } of this.#subscriptions) {
      if ((classes & CLASS_WHOLE) !== 0) listener.whole(event, a, b);
    }
  }
}

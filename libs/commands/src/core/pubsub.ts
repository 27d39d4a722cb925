/**
 * Who listens to which channel, and how a message comes to all of them.
 *
 * There are three kinds of subscriptions: to channels, to patterns of channels' names, and to shard channels, which know nothing of the other two. A
 * message is encoded once, however many get it: RESP2 and RESP3 differ in its first byte alone (`*3`, `>3`), which is written anew for each. A
 * subscriber's connection copies what it is given.
 *
 * A message never fails and waits for nobody: who does not read is cut off by the limits of its output. What happens between nodes, and that a message may have to
 * wait until what its publisher wrote before is stored, is decided by those who call `publish` (pubsub/publish.ts).
 */

import { globMatchAt } from '@weir/config';
import { ReplyWriter } from '@weir/resp';
import { ByteTable } from './byte-table.ts';
import type { Named } from './byte-table.ts';
import type { Session } from './session.ts';

export const CHANNEL = 0;
export const PATTERN = 1;
export const SHARD = 2;
export type SubscriptionKind = typeof CHANNEL | typeof PATTERN | typeof SHARD;

/** All sessions together have no more subscriptions, and their names no more bytes: they are on the heap, whose end is the end of the process. */
export const SUBSCRIPTIONS_MAX = 2 ** 20;
export const NAME_BYTES_MAX = 256 * 1024 * 1024;
/** Beside the name's bytes: entries in two sets, and a part of the topic. */
const SUBSCRIPTION_BYTES = 300;

/** A channel or pattern that somebody has subscribed to. */
export class Topic implements Named {
  readonly hash: number;
  readonly bytes: Uint8Array;
  next: this | null = null;
  readonly subscribers = new Set<Session>();

  constructor(hash: number, bytes: Uint8Array) {
    this.hash = hash;
    this.bytes = bytes;
  }
}

/** What one session has subscribed to, in its order. */
export class Subscriptions {
  readonly of: readonly [Set<Topic>, Set<Topic>, Set<Topic>] = [new Set(), new Set(), new Set()];
  /** That they take in memory, about. */
  memoryBytes = 0;

  /** As SUBSCRIBE and PSUBSCRIBE count: together. */
  get count(): number {
    return this.of[CHANNEL].size + this.of[PATTERN].size;
  }

  get total(): number {
    return this.count + this.of[SHARD].size;
  }
}

export interface PubSubOptions {
  readonly hash: (buf: Uint8Array, off: number, len: number) => number;
  /** Hands `buf[start, end)`, lent for the call, to a subscriber. */
  readonly push: (session: Session, buf: Uint8Array, start: number, end: number) => void;
}

const NONE: readonly Topic[] = [];
const ARRAY = 42;
const PUSH = 62;
/** `message` or `smessage` in front of channel and payload. */
const WORDS = ['message', 'pmessage', 'smessage'] as const;

export class PubSub {
  readonly topics: readonly [ByteTable<Topic>, ByteTable<Topic>, ByteTable<Topic>] = [
    new ByteTable(),
    new ByteTable(),
    new ByteTable(),
  ];
  /** Subscriptions of all sessions, one name that several listen to as often. */
  count = 0;
  /** Bytes of their names. */
  nameBytes = 0;
  readonly #o: PubSubOptions;
  /** Null while a message is handed out: who is cut off meanwhile may make another one be published. */
  #spare: ReplyWriter | null = null;

  constructor(options: PubSubOptions) {
    this.#o = options;
  }

  /** Whether as many more find room. */
  hasRoom(names: number, bytes: number): boolean {
    return this.count + names <= SUBSCRIPTIONS_MAX && this.nameBytes + bytes <= NAME_BYTES_MAX;
  }

  /** The session listens from now on, if it does not already. */
  subscribe(session: Session, kind: SubscriptionKind, buf: Uint8Array, off: number, len: number): void {
    const table = this.topics[kind];
    const hash = this.#o.hash(buf, off, len);
    let topic = table.find(hash, buf, off, len);
    if (topic === null) {
      topic = new Topic(hash, new Uint8Array(buf.subarray(off, off + len)));
      table.add(topic);
    }
    if (topic.subscribers.has(session)) return;
    topic.subscribers.add(session);
    const own = (session.subscriptions ??= new Subscriptions());
    own.of[kind].add(topic);
    own.memoryBytes += len + SUBSCRIPTION_BYTES;
    this.count++;
    this.nameBytes += len;
    session.subscriptionsChanged();
  }

  unsubscribe(session: Session, kind: SubscriptionKind, buf: Uint8Array, off: number, len: number): void {
    const topic = this.topics[kind].find(this.#o.hash(buf, off, len), buf, off, len);
    if (topic !== null) this.leave(session, kind, topic);
  }

  leave(session: Session, kind: SubscriptionKind, topic: Topic): void {
    if (!topic.subscribers.delete(session)) return;
    const own = session.subscriptions!;
    const { length } = topic.bytes;
    own.of[kind].delete(topic);
    own.memoryBytes -= length + SUBSCRIPTION_BYTES;
    this.count--;
    this.nameBytes -= length;
    if (topic.subscribers.size === 0) this.topics[kind].remove(topic);
    session.subscriptionsChanged();
  }

  /** The session listens to nothing more. */
  drop(session: Session): void {
    const own = session.subscriptions;
    if (own === null) return;
    for (const kind of [CHANNEL, PATTERN, SHARD] as const)
      for (const topic of own.of[kind]) this.leave(session, kind, topic);
    session.subscriptions = null;
  }

  /** Whether anybody listens to anything of that kind. */
  hasListeners(isShard: boolean): boolean {
    const [channels, patterns, shards] = this.topics;
    return isShard ? shards.size > 0 : channels.size > 0 || patterns.size > 0;
  }

  /** How many subscriptions a message of that channel meets now. */
  receivers(isShard: boolean, buf: Uint8Array, off: number, len: number): number {
    const topic = this.topics[isShard ? SHARD : CHANNEL].find(this.#o.hash(buf, off, len), buf, off, len);
    let count = topic === null ? 0 : topic.subscribers.size;
    if (isShard) return count;
    for (const pattern of this.topics[PATTERN]) if (matches(pattern, buf, off, len)) count += pattern.subscribers.size;
    return count;
  }

  /**
   * Hands a message to everybody who listens to its channel: first those of the channel, then those of patterns. Channel and payload may stand in
   * different buffers, both lent for the call. Returns how many subscriptions it met.
   */
  publish(
    isShard: boolean,
    buf: Uint8Array,
    off: number,
    len: number,
    payload: Uint8Array,
    payloadOff: number,
    payloadLen: number,
  ): number {
    if (!this.hasListeners(isShard)) return 0;
    const out = this.#spare ?? new ReplyWriter();
    this.#spare = null;
    out.resp = 3;
    let count = 0;
    const kind = isShard ? SHARD : CHANNEL;
    const topic = this.topics[kind].find(this.#o.hash(buf, off, len), buf, off, len);
    if (topic !== null) {
      out.push(3);
      out.bulkLatin1(WORDS[kind]);
      out.bulk(buf, off, len);
      out.bulk(payload, payloadOff, payloadLen);
      count += this.#handOut(topic, out);
    }
    for (const pattern of isShard ? NONE : this.topics[PATTERN]) {
      if (!matches(pattern, buf, off, len)) continue;
      out.push(4);
      out.bulkLatin1(WORDS[PATTERN]);
      out.bulk(pattern.bytes, 0, pattern.bytes.length);
      out.bulk(buf, off, len);
      out.bulk(payload, payloadOff, payloadLen);
      count += this.#handOut(pattern, out);
    }
    this.#spare = out;
    return count;
  }

  /** What was written goes to all of them. Who is cut off for it leaves the set meanwhile, which a Set allows. */
  #handOut({ subscribers }: Topic, out: ReplyWriter): number {
    const { buf, pos } = out;
    const count = subscribers.size;
    for (const session of subscribers) {
      buf[0] = session.resp === 2 ? ARRAY : PUSH;
      this.#o.push(session, buf, 0, pos);
    }
    out.reset();
    return count;
  }
}

function matches({ bytes }: Topic, buf: Uint8Array, off: number, len: number): boolean {
  return globMatchAt(bytes, 0, bytes.length, buf, off, off + len, false);
}

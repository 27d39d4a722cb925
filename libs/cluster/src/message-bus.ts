/**
 * What clients publish, from each node of a log to all the others, as plain messages of NATS: not stored, at most once, in the order in which one node
 * sent them.
 *
 * What is published in one turn of the event loop goes as one *batch*, in one message of NATS or, where it is large, in several *parts*. A batch says
 * how much of the log its sender had: who gets it can wait until it has as much, so that whoever is told of a change finds it.
 *
 * part   version 1, flags 1, sender 8, number 4; the first one: sequence 8; then bytes of the batch
 * batch  for each message: kind 1, length of the channel 4, of the payload 4, channel, payload
 *
 * Bounds: of what NATS has not taken yet no more than UNSENT_BYTES_MAX is kept: what is published beyond that is lost for other nodes, and counted.
 * NATS cuts a reader off that is 64 MB behind, so a message beyond MESSAGE_BYTES_MAX does not leave its node.
 */

import type { NatsHandle } from '@weir/log';
import type { Time } from '@weir/time';
import { messagesSubject } from './topics.ts';

export const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;
export const UNSENT_BYTES_MAX = 32 * 1024 * 1024;
/** NATS takes 1 MB unless told otherwise. */
const PART_BYTES_MAX = 512 * 1024;
/** A turn that publishes more sends what it has. */
const BATCH_BYTES = 256 * 1024;
/** Parts of batches that are not whole yet, of all senders. */
const UNFINISHED_BYTES_MAX = 256 * 1024 * 1024;
const SENDERS_MAX = 1024;

const VERSION = 1;
const HEAD_BYTES = 14;
const SEQ_BYTES = 8;
const MESSAGE_HEAD_BYTES = 9;
const FIRST = 1;
const LAST = 2;
const SENDER_BYTES = 8;

export interface PublishedMessage {
  /** Of a shard channel. */
  readonly isShard: boolean;
  /** Both lent for the call. */
  readonly channel: Uint8Array;
  readonly payload: Uint8Array;
}

export interface MessageBusOptions {
  readonly nats: NatsHandle;
  readonly cluster: string;
  readonly logId: string;
  readonly time: Pick<Time, 'endOfTurn' | 'randomBytes'>;
  /** Sequence of the log's last record that this node has, and its clients see. */
  readonly seq: () => number;
  /** Another node's batch, lent for the call; `messagesOf` takes it apart. `seq`: what its sender had. */
  readonly onBatch: (batch: Uint8Array, seq: number) => void;
  /** So many messages did not leave this node. */
  readonly onLost: (messages: number, why: string) => void;
}

interface Unfinished {
  readonly seq: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

export class MessageBus {
  readonly #o: MessageBusOptions;
  readonly #subject: string;
  readonly #sender: Uint8Array;
  readonly #stop: () => void;
  #batch: Buffer = Buffer.allocUnsafe(4096);
  #bytes = 0;
  #messages = 0;
  #scheduled = false;
  /** Bytes handed to NATS's client since its server answered last, and whether it was asked to answer. */
  #unsentBytes = 0;
  #isAsking = false;
  readonly #unfinished = new Map<string, Unfinished>();
  #unfinishedBytes = 0;

  constructor(options: MessageBusOptions) {
    this.#o = options;
    this.#subject = messagesSubject(options.cluster, options.logId);
    this.#sender = options.time.randomBytes(SENDER_BYTES);
    this.#stop = options.nats.subscribe(this.#subject, (data) => this.#heard(data));
  }

  stop(): void {
    this.#stop();
    this.#bytes = this.#messages = 0;
    this.#unfinished.clear();
  }

  /** Sends a message to all other nodes at the end of this turn. Its bytes are lent for the call. */
  publish(
    isShard: boolean,
    buf: Uint8Array,
    off: number,
    len: number,
    payload: Uint8Array,
    payloadOff: number,
    payloadLen: number,
  ): void {
    const bytes = MESSAGE_HEAD_BYTES + len + payloadLen;
    if (this.#o.nats.status !== 'connected') return;
    if (bytes > MESSAGE_BYTES_MAX) return this.#o.onLost(1, `it has more than ${MESSAGE_BYTES_MAX} bytes`);
    if (this.#unsentBytes + this.#bytes + bytes > UNSENT_BYTES_MAX && this.#unsentBytes > 0)
      return this.#o.onLost(1, 'NATS does not take messages as fast as they are published');
    if (this.#bytes > 0 && this.#bytes + bytes > BATCH_BYTES) this.#flush();
    this.#ensure(bytes);
    const batch = this.#batch;
    let at = this.#bytes;
    batch[at] = isShard ? 1 : 0;
    batch.writeUInt32LE(len, at + 1);
    batch.writeUInt32LE(payloadLen, at + 5);
    at += MESSAGE_HEAD_BYTES;
    batch.set(buf.subarray(off, off + len), at);
    batch.set(payload.subarray(payloadOff, payloadOff + payloadLen), at + len);
    this.#bytes = at + len + payloadLen;
    this.#messages++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#o.time.endOfTurn(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #ensure(bytes: number): void {
    if (this.#bytes + bytes <= this.#batch.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#batch.length, this.#bytes + bytes));
    this.#batch.copy(grown, 0, 0, this.#bytes);
    this.#batch = grown;
  }

  #flush(): void {
    const { nats, onLost, seq } = this.#o;
    const bytes = this.#bytes;
    if (bytes === 0) return;
    const batch = this.#batch.subarray(0, bytes);
    const messages = this.#messages;
    this.#bytes = this.#messages = 0;
    if (nats.status !== 'connected') return;
    try {
      for (let at = 0, number = 0; at < bytes; at += PART_BYTES_MAX, number++) {
        const end = Math.min(bytes, at + PART_BYTES_MAX);
        nats.publish(this.#subject, this.#part(batch.subarray(at, end), number, end === bytes, seq()));
      }
    } catch (error) {
      // A connection that is closing, a server that takes less than it should: this is at most once.
      onLost(messages, (error as Error).message);
    }
    if (this.#batch.length > BATCH_BYTES) this.#batch = Buffer.allocUnsafe(4096);
    this.#unsentBytes += bytes;
    this.#ask();
  }

  /** A copy: NATS's client keeps what it is given. */
  #part(bytes: Uint8Array, number: number, isLast: boolean, seq: number): Uint8Array {
    const isFirst = number === 0;
    const head = HEAD_BYTES + (isFirst ? SEQ_BYTES : 0);
    const part = Buffer.allocUnsafe(head + bytes.length);
    part[0] = VERSION;
    part[1] = (isFirst ? FIRST : 0) | (isLast ? LAST : 0);
    part.set(this.#sender, 2);
    part.writeUInt32LE(number, 2 + SENDER_BYTES);
    if (isFirst) part.writeDoubleLE(seq, HEAD_BYTES);
    part.set(bytes, head);
    return part;
  }

  /** How much NATS has taken shows when its server answers. */
  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const asked = this.#unsentBytes;
    this.#o.nats.flushed().then(
      () => this.#answered(asked),
      // The connection is away or was another one meanwhile: nothing is kept for it that counts here.
      () => this.#answered(this.#unsentBytes),
    );
  }

  #answered(bytes: number): void {
    this.#isAsking = false;
    this.#unsentBytes -= bytes;
    if (this.#unsentBytes > 0) this.#ask();
  }

  // --- from others ---------------------------------------------------------------------------------------------------

  /** Anybody with rights on the subject may send anything: what is no part of a batch is dropped. */
  #heard(data: Uint8Array): void {
    if (data.length < HEAD_BYTES || data[0] !== VERSION) return;
    const part = Buffer.from(data.buffer, data.byteOffset, data.length);
    const sender = part.subarray(2, 2 + SENDER_BYTES);
    if (sender.equals(this.#sender)) return;
    const isFirst = (part[1]! & FIRST) !== 0;
    const isLast = (part[1]! & LAST) !== 0;
    const number = part.readUInt32LE(2 + SENDER_BYTES);
    if (isFirst && (number !== 0 || part.length < HEAD_BYTES + SEQ_BYTES)) return;
    const bytes = part.subarray(HEAD_BYTES + (isFirst ? SEQ_BYTES : 0));
    const name = sender.toString('hex');
    if (isFirst) {
      const seq = part.readDoubleLE(HEAD_BYTES);
      this.#forget(name);
      if (isLast) return this.#o.onBatch(bytes, seq);
      if (this.#unfinished.size < SENDERS_MAX) this.#unfinished.set(name, { seq, parts: [], bytes: 0 });
    }
    this.#add(name, number, bytes, isLast);
  }

  #add(name: string, number: number, bytes: Uint8Array, isLast: boolean): void {
    const unfinished = this.#unfinished.get(name);
    if (unfinished === undefined) return;
    // A part is missing, or there is no room for more.
    if (unfinished.parts.length !== number || this.#unfinishedBytes + bytes.length > UNFINISHED_BYTES_MAX) {
      return this.#forget(name);
    }
    unfinished.parts.push(bytes.slice());
    unfinished.bytes += bytes.length;
    this.#unfinishedBytes += bytes.length;
    if (!isLast) return;
    this.#forget(name);
    this.#o.onBatch(Buffer.concat(unfinished.parts), unfinished.seq);
  }

  #forget(name: string): void {
    const unfinished = this.#unfinished.get(name);
    if (unfinished === undefined) return;
    this.#unfinished.delete(name);
    this.#unfinishedBytes -= unfinished.bytes;
  }
}

/** The messages of a batch, in their order; what is no message ends it. */
export function* messagesOf(batch: Uint8Array): Generator<PublishedMessage> {
  const buf = Buffer.from(batch.buffer, batch.byteOffset, batch.length);
  let at = 0;
  while (at + MESSAGE_HEAD_BYTES <= buf.length) {
    const kind = buf[at]!;
    const channelAt = at + MESSAGE_HEAD_BYTES;
    const payloadAt = channelAt + buf.readUInt32LE(at + 1);
    const end = payloadAt + buf.readUInt32LE(at + 5);
    if (kind > 1 || end > buf.length) return;
    yield { isShard: kind === 1, channel: buf.subarray(channelAt, payloadAt), payload: buf.subarray(payloadAt, end) };
    at = end;
  }
}

/**
 * What clients publish, between this node and the others of its log.
 *
 * A message is sent only while another node is known of: who is alone pays nothing. A message that comes waits until this node has as much of the log
 * as its sender had, so that a subscriber of a slave finds there what it was told of; but not for long, and no more than some bytes of them: then it is
 * handed out all the same, in its order.
 */

import { MessageBus, messagesOf } from '@weir/cluster';
import type { Context } from '@weir/commands';
import { LineRate } from '@weir/link';
import type { Time, Timer } from '@weir/time';
import type { LogAccess } from './log-access.ts';
import type { Logger } from './logger.ts';

/** A slave that loads, or is far behind, does not make its subscribers wait longer. */
const WAIT_MS_MAX = 1000;
const WAITING_BYTES_MAX = 64 * 1024 * 1024;

export interface MessagesOptions {
  readonly ctx: Context;
  readonly time: Time;
  readonly logger: Logger;
  /** Sequence of the log's last record that clients of this node see. */
  readonly seq: () => number;
  /** Resolves when the data set has come to that sequence; null: nothing says when. */
  readonly reached: (seq: number, signal: AbortSignal) => Promise<void> | null;
}

interface Waiting {
  readonly seq: number;
  readonly batch: Uint8Array;
  readonly untilMs: number;
}

export class Messages {
  readonly #o: MessagesOptions;
  #bus: MessageBus | null = null;
  /** Another node takes part. */
  #isHeard = false;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** Ends the wait for the first of them. */
  #wake: (() => void) | null = null;
  readonly #losses = new LineRate();

  constructor(options: MessagesOptions) {
    this.#o = options;
    options.ctx.onPublished = (isShard, buf, off, len, payload, payloadOff, payloadLen) => {
      if (this.#isHeard) this.#bus!.publish(isShard, buf, off, len, payload, payloadOff, payloadLen);
    };
  }

  /** This node takes part in a log from now on, instead of the one before. */
  attach({ location: { cluster, logId }, link, messages = link, membership }: LogAccess): void {
    this.detach();
    const { time, seq } = this.#o;
    this.#bus = new MessageBus({
      nats: messages,
      cluster,
      logId,
      time,
      seq,
      onBatch: (batch, at) => this.#came(batch, at),
      onLost: (count, why) => this.#lost(count, why),
    });
    // It hears its own reports, too, so that it notices when the others are gone.
    membership.onReport(() => {
      this.#isHeard = membership.others().some(({ role }) => role !== 'replication');
    });
  }

  detach(): void {
    this.#isHeard = false;
    this.#bus?.stop();
    this.#bus = null;
    this.#handOutAll();
  }

  #lost(count: number, why: string): void {
    this.#o.ctx.stats.messagesLost += count;
    this.#losses.line((leftOut) =>
      this.#o.logger.warn({ more: leftOut }, `a message was published to the subscribers of this node only: ${why}`),
    );
  }

  #came(batch: Uint8Array, seq: number): void {
    if (this.#waiting.length === 0 && seq <= this.#o.seq()) return this.#handOut(batch);
    // More of them wait than there is room for: then they do not wait any longer.
    if (this.#waitingBytes + batch.length > WAITING_BYTES_MAX) {
      this.#handOutAll();
      return this.#handOut(batch);
    }
    this.#waiting.push({ seq, batch: batch.slice(), untilMs: this.#o.time.monotonicMs() + WAIT_MS_MAX });
    this.#waitingBytes += batch.length;
    if (this.#wake === null) this.#await();
  }

  /** Waits for the first of them, and looks at those behind it when it is due. */
  #await(): void {
    const { time, reached, seq } = this.#o;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const leftMs = first.untilMs - time.monotonicMs();
      if (first.seq > seq() && leftMs > 0) return this.#sleep(first.seq, leftMs, reached);
      this.#waiting.shift();
      this.#waitingBytes -= first.batch.length;
      this.#handOut(first.batch);
    }
  }

  #sleep(seq: number, ms: number, reached: MessagesOptions['reached']): void {
    const over = new AbortController();
    const wake = (): void => {
      if (this.#wake !== wake) return;
      this.#wake = null;
      timer.cancel();
      over.abort(new Error('nobody waits for it any more'));
      this.#await();
    };
    const timer: Timer = this.#o.time.after(ms, wake);
    this.#wake = wake;
    reached(seq, over.signal)?.then(wake, () => {}); // a follower that fails: the time goes on
  }

  #handOutAll(): void {
    const waiting = this.#waiting.splice(0);
    this.#waitingBytes = 0;
    this.#wake?.();
    for (const { batch } of waiting) this.#handOut(batch);
  }

  #handOut(batch: Uint8Array): void {
    const { pubsub } = this.#o.ctx;
    for (const { isShard, channel, payload } of messagesOf(batch)) {
      pubsub.publish(isShard, channel, 0, channel.length, payload, 0, payload.length);
    }
  }
}

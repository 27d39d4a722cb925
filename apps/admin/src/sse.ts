/**
 * Server-sent events with back-pressure: at most BUFFER_BYTES wait for a client, then whoever produces events waits too. A client that takes nothing for
 * STALL_MS is let go; it can go on where it was by the id of the last event that it has.
 */

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { Problem } from './problems.ts';

export interface ServerEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data: unknown;
}

export interface StreamTimes {
  readonly heartbeatMs: number;
  readonly stallMs: number;
}

const BUFFER_BYTES = 256 * 1024;
const TIMES: StreamTimes = { heartbeatMs: 15_000, stallMs: 60_000 };

export function formatEvent({ id, event, data }: ServerEvent): string {
  const lines = [...(id === undefined ? [] : [`id: ${id}`]), ...(event === undefined ? [] : [`event: ${event}`])];
  // JSON has no line end of its own.
  return `${[...lines, `data: ${JSON.stringify(data)}`].join('\n')}\n\n`;
}

export class EventStream {
  readonly #out = new PassThrough({ highWaterMark: BUFFER_BYTES });
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #ended = new AbortController();
  #drainedMs = performance.now();

  constructor(times: StreamTimes = TIMES) {
    // A client hears at once that it is connected, however long the first event takes.
    this.#out.write(': open\n\n');
    this.#out.on('close', () => this.end());
    this.#out.on('error', () => this.end());
    this.#out.on('drain', () => (this.#drainedMs = performance.now()));
    this.#timers.push(
      setInterval(() => {
        if (!this.#out.writableNeedDrain) this.#out.write(': still here\n\n');
      }, times.heartbeatMs),
      setInterval(() => {
        if (this.#out.writableNeedDrain && performance.now() - this.#drainedMs > times.stallMs) this.#out.destroy();
      }, times.stallMs / 4),
    );
  }

  get readable(): Readable {
    return this.#out;
  }

  /** Aborted when the client is gone, or the stream was ended. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves when there is room for more; at once where there is. */
  send(event: ServerEvent): void | Promise<void> {
    if (this.#ended.signal.aborted) return undefined;
    if (!this.#out.writableNeedDrain) this.#drainedMs = performance.now();
    if (this.#out.write(formatEvent(event))) return undefined;
    return once(this.#out, 'drain', { signal: this.#ended.signal }).then(
      () => undefined,
      () => undefined, // it has ended: nothing is sent any more
    );
  }

  /** What was sent still arrives. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    for (const timer of this.#timers) clearInterval(timer);
    this.#out.end();
  }
}

/** The streams that are open: bounded in number, and all ended when the app stops. */
export class EventStreams {
  readonly #max: number;
  readonly #open = new Set<EventStream>();

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Throws a Problem when too many are open. */
  open(): EventStream {
    if (this.#open.size >= this.#max)
      throw new Problem('too-many-streams', `${this.#max} streams are open, more are not served`);
    const stream = new EventStream();
    this.#open.add(stream);
    stream.signal.addEventListener('abort', () => void this.#open.delete(stream), { once: true });
    return stream;
  }

  endAll(): void {
    for (const stream of [...this.#open]) stream.end();
  }
}

export function replyWithEvents(reply: FastifyReply, stream: EventStream): FastifyReply {
  reply.raw.once('close', () => stream.end());
  return reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(stream.readable);
}

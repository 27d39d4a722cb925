/**
 * The memory of all clients together, and what happens when it is too much.
 *
 * Every buffer of one client has a bound of its own, but ten thousand clients times that bound is more than a machine has. So all are added
 * up: at each run of the cron, and as soon as the buffers have grown by GROWTH_BYTES since. A sum that is kept with every reply would cost the
 * fast path; this one looks at nobody as long as the kernel takes what is written and requests come whole. Above the limit the largest are
 * closed first, as Redis 7 evicts clients (`maxmemory-clients`). Without that directive there is a limit all the same, half of the
 * machine: a server that is killed for its memory takes the data of everybody with it.
 */

import { clientLine } from '@weir/commands';
import type { ClientMemory as Memory, Context, Session } from '@weir/commands';
import { LineRate } from '@weir/link';
import { machineBytes } from '@weir/program';
import type { Time } from '@weir/time';

/** The sum is made anew when the buffers may have grown by so much. */
const GROWTH_BYTES = 16 * 1024 * 1024;
/** Redis lets no limit be so small that nobody could be served. */
const LIMIT_BYTES_MIN = 128 * 1024;
/** `client_recent_max_…` is over so many seconds. */
const RECENT_SECONDS = 8;

/** A client, as far as its memory goes. */
export interface Client {
  readonly session: Session;
  /** Nothing is kept for it any more. */
  readonly isGone: boolean;
  /** What this connection keeps. */
  memory(): Memory;
  /** Closes the connection when the replies that its client leaves unread are too many. True when it is closed. */
  limitOutput(more: number, nowMs: number): boolean;
  destroy(): void;
}

/** Who is told by a client that its buffers grow, or that it is closed for them. */
export interface ClientLimits {
  /** Buffers of a client have grown by that. */
  grew(bytes: number): void;
  /** A client leaves too much unread. */
  closedForOutput(client: Client): void;
  /** A client sent more than is kept for one. */
  closedForQuery(client: Client): void;
}

export class ClientMemory implements ClientLimits {
  /** The limit while `maxmemory-clients` is 0. */
  bytesMax = Math.floor(machineBytes() / 2);
  readonly #ctx: Context;
  readonly #clients: ReadonlyMap<number, Client>;
  readonly #time: Time;
  readonly #evictions = new LineRate();
  readonly #closings = new LineRate();
  readonly #inputs = new Float64Array(RECENT_SECONDS);
  readonly #outputs = new Float64Array(RECENT_SECONDS);
  #grown = 0;
  #scheduled = false;
  #second = 0;

  constructor(ctx: Context, clients: ReadonlyMap<number, Client>, time: Time) {
    this.#ctx = ctx;
    this.#clients = clients;
    this.#time = time;
  }

  /** Buffers of a client have grown by that. */
  grew(bytes: number): void {
    this.#grown += bytes;
    if (this.#grown < GROWTH_BYTES || this.#scheduled) return;
    this.#scheduled = true;
    this.#time.endOfTurn(() => {
      this.#scheduled = false;
      this.check(this.#time.monotonicMs());
    });
  }

  /** Looks at all clients: closes who is above a limit for too long, and the largest while all together are. */
  check(nowMs: number): void {
    this.#grown = 0;
    let total = 0;
    let input = 0;
    let output = 0;
    for (const client of this.#clients.values()) {
      // An ingress that does not confirm the end of a session must not make others pay for it.
      if (client.limitOutput(0, nowMs)) continue;
      const memory = client.memory();
      total += memory.total;
      input = Math.max(input, memory.query + memory.queryFree);
      output = Math.max(output, memory.output);
    }
    this.#remember(input, output, Math.floor(nowMs / 1000));
    const evictable = this.#limit();
    if (total > evictable) this.#evict(total, evictable);
  }

  #limit(): number {
    const { maxmemoryClients, maxmemory } = this.#ctx.config.num;
    const wanted = maxmemoryClients < 0 ? Math.floor((maxmemory * -maxmemoryClients) / 100) : maxmemoryClients;
    return wanted === 0 ? this.bytesMax : Math.max(wanted, LIMIT_BYTES_MIN);
  }

  /** The largest first; who asked not to be evicted is spared as long as the limit is the directive's. */
  #evict(total: number, limit: number): void {
    const spared = this.#ctx.config.num.maxmemoryClients !== 0;
    const candidates = [...this.#clients.values()]
      .filter((client) => !client.isGone && !(spared && client.session.noEvict))
      .map((client) => ({ client, bytes: client.memory().total }))
      .sort((a, b) => Number(a.client.session.noEvict) - Number(b.client.session.noEvict) || b.bytes - a.bytes);
    for (const { client, bytes } of candidates) {
      if (total <= limit) return;
      total -= bytes;
      this.#ctx.stats.evictedClients++;
      this.#say(this.#evictions, client, (line) => `Evicting client: ${line}`);
      client.destroy();
    }
  }

  #remember(input: number, output: number, second: number): void {
    const slot = second % RECENT_SECONDS;
    if (second !== this.#second) {
      this.#inputs[slot] = this.#outputs[slot] = 0;
      this.#second = second;
    }
    this.#inputs[slot] = Math.max(this.#inputs[slot], input);
    this.#outputs[slot] = Math.max(this.#outputs[slot], output);
    this.#ctx.stats.clientInputBytesMax = Math.max(...this.#inputs);
    this.#ctx.stats.clientOutputBytesMax = Math.max(...this.#outputs);
  }

  /** A client leaves too much unread. */
  closedForOutput(client: Client): void {
    this.#ctx.stats.outputBufferDisconnections++;
    this.#say(this.#closings, client, (line) => `Client ${line} closed for overcoming of output buffer limits.`);
  }

  /** A client sent more than is kept for one. */
  closedForQuery(client: Client): void {
    this.#ctx.stats.queryBufferDisconnections++;
    this.#say(this.#closings, client, (line) => `Closing client that reached max query buffer length: ${line}`);
  }

  #say(rate: LineRate, { session }: Client, text: (line: string) => string): void {
    rate.line((leftOut) => {
      const more = leftOut === 0 ? '' : ` (and ${leftOut} like it before)`;
      this.#ctx.host.log?.(text(clientLine(session, this.#ctx.now)) + more);
    });
  }
}

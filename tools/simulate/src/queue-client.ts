/**
 * A client that pushes to one list, or waits for an element of it with BLPOP. One request at a time; like the others it believes nothing but replies. A
 * pop without a reply may have taken an element.
 */

import { encodeCommand } from '@weir/resp';
import type { Reply } from '@weir/resp';
import { Line, valueOf } from './client.ts';
import type { Ledger, Op } from './ledger.ts';
import type { SimulatedNode } from './node.ts';
import type { Scheduler } from './scheduler.ts';

const KEY = 'queue:all';
/** Seconds. */
const WAIT = '2';
const PATIENCE_MS = 12_000;

export class QueueClient {
  readonly id: number;
  readonly #scheduler: Scheduler;
  readonly #ledger: Ledger;
  readonly #nodes: readonly SimulatedNode[];
  readonly #thinkMs: number;
  #line: Line | null = null;
  /** What it waits for: its push, or a pop. */
  #expected: Op | 'pop' | null = null;
  #index = 0;
  #stopped = false;
  #heard = 0;

  constructor(options: {
    readonly id: number;
    readonly scheduler: Scheduler;
    readonly ledger: Ledger;
    readonly nodes: readonly SimulatedNode[];
    readonly thinkMs: number;
  }) {
    this.id = options.id;
    this.#scheduler = options.scheduler;
    this.#ledger = options.ledger;
    this.#nodes = options.nodes;
    this.#thinkMs = options.thinkMs;
  }

  start(): void {
    this.#scheduler.after(this.#scheduler.between(0, this.#thinkMs), () => this.#go());
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
    if (this.idle) this.#line?.hangUp();
  }

  get idle(): boolean {
    return this.#expected === null;
  }

  #go(): void {
    if (this.#stopped) return;
    const line = this.#connected();
    if (this.#scheduler.chance(0.5)) {
      this.#expected = 'pop';
      this.#ledger.popBegins();
      line.send(encodeCommand(['BLPOP', KEY, WAIT]));
    } else {
      const op = this.#ledger.write('queue', KEY, this.id, ++this.#index);
      this.#expected = op;
      line.send(encodeCommand(['RPUSH', KEY, op.token]));
    }
    const heard = this.#heard;
    this.#scheduler.after(PATIENCE_MS, () => {
      if (this.#heard === heard && this.#expected !== null) this.#leave('no reply');
    });
  }

  #connected(): Line {
    if (this.#line !== null && !this.#line.closed) return this.#line;
    const line: Line = new Line(
      this.#scheduler,
      this.#nodes[this.#scheduler.below(this.#nodes.length)]!,
      (reply) => this.#reply(reply),
      () => {
        if (this.#line !== line) return;
        if (this.#expected === null) this.#line = null;
        else this.#leave('closed');
      },
    );
    this.#line = line;
    return line;
  }

  #leave(why: string): void {
    const line = this.#line;
    this.#line = null;
    line?.hangUp();
    this.#scheduler.note(`q${this.id}`, `leaves ${line?.node.name}: ${why}`);
    const expected = this.#expected;
    if (expected !== null && expected !== 'pop') expected.state = 'unknown';
    this.#expected = null;
    this.#heard++;
    this.#scheduler.after(this.#scheduler.between(5, 300), () => this.#go());
  }

  #reply(reply: Reply): void {
    this.#heard++;
    const expected = this.#expected;
    const node = this.#line!.node.name;
    if (expected === null) throw new Error(`queue client ${this.id} got a reply that it did not ask for`);
    this.#expected = null;
    const refused = reply.type === 'error';
    const isOpen = refused && /may or may not/.test(reply.value);
    if (expected === 'pop') {
      const value = refused ? null : valueOf(reply);
      this.#scheduler.note(`q${this.id}`, `${node} pops ${refused ? reply.value.slice(0, 60) : String(value)}`);
      if (value !== null) this.#ledger.popped(node, value[1]!);
      else if (!isOpen) this.#ledger.popEnds();
    } else if (refused) {
      expected.state = isOpen ? 'unknown' : 'refused';
      this.#scheduler.note(`q${this.id}`, `${node} ${expected.token}: ${reply.value.slice(0, 60)}`);
    } else {
      this.#scheduler.note(`q${this.id}`, `${node} pushes ${expected.token}`);
      this.#ledger.ack(expected, 0);
    }
    this.#next(refused);
  }

  #next(refused: boolean): void {
    if (this.#stopped) return this.#line?.hangUp();
    const scheduler = this.#scheduler;
    if (scheduler.chance(refused ? 0.7 : 0.02)) {
      this.#line?.hangUp();
      this.#line = null;
    }
    scheduler.after((refused ? 100 : 0) + this.#thinkMs * scheduler.between(0.2, 2), () => this.#go());
  }
}

/**
 * A client of a node: sends pipelines of writes and reads, believes nothing but replies, and goes elsewhere when it is refused or hears nothing. A
 * write without a reply may or may not have happened.
 */

import type { SessionPort, SessionSink } from '@weir/link';
import { ReplyParser, encodeCommand } from '@weir/resp';
import type { Reply } from '@weir/resp';
import type { Kind, Ledger, Op } from './ledger.ts';
import { TOKEN } from './broker.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedNode } from './node.ts';

const PIPELINE_MAX = 5;
/** A few are long: their record is of many commands, and of fragments where messages are small. */
const LONG_PIPELINE_MAX = 40;
const PATIENCE_MS = 12_000;
const HOP_MS = 0.3;

interface Expected {
  readonly op: Op | null;
  readonly read: {
    readonly key: string;
    readonly kind: Kind;
    readonly floor: ReturnType<Ledger['floor']>;
    /** How many writes of the key were acknowledged when it was asked. */
    readonly acked: number;
  } | null;
  readonly probe: ((reply: Reply) => void) | null;
}

/** One connection of a client to a life of a node. */
export class Line {
  readonly node: SimulatedNode;
  closed = false;
  /** The reply at hand is of a node that led when it gave it. */
  ofLeader = false;
  readonly #scheduler: Scheduler;
  readonly #life: number;
  readonly #parser = new ReplyParser();
  readonly #onReply: (reply: Reply) => void;
  readonly #onClose: () => void;
  #port: SessionPort | null = null;
  #upAt = 0;
  #downAt = 0;

  constructor(scheduler: Scheduler, node: SimulatedNode, onReply: (reply: Reply) => void, onClose: () => void) {
    this.#scheduler = scheduler;
    this.node = node;
    this.#life = node.life;
    this.#onReply = onReply;
    this.#onClose = onClose;
    const { process } = node;
    if (process === null || !process.alive) {
      scheduler.after(HOP_MS, () => this.#close());
      return;
    }
    node.lines.add(this);
    this.#up(() => {
      if (this.closed) return;
      this.#port = node.engineNode!.engine.open(
        { remoteAddr: 'client:1', localAddr: node.name, fd: -1, unixSocket: false },
        this.#sink,
      );
    });
  }

  readonly #sink: SessionSink = ((line: Line) => ({
    output(buf: Uint8Array, start: number, end: number) {
      const copy = new Uint8Array(buf.subarray(start, end));
      const ofLeader = line.node.engineNode!.engine.leading;
      line.#down(() => {
        line.ofLeader = ofLeader;
        line.#receive(copy);
      });
      return true;
    },
    close: () => line.#down(() => line.#close()),
    destroy: () => line.#down(() => line.#close()),
    pauseInput() {},
    resumeInput() {},
    pendingOutputBytes: 0,
  }))(this);

  send(bytes: Uint8Array): void {
    this.#up(() => {
      if (!this.closed) this.#port?.input(bytes, 0, bytes.length);
    });
  }

  /** The process at the other end is gone. */
  cut(): void {
    this.#port = null;
    this.#scheduler.after(HOP_MS, () => this.#close());
  }

  /** The client hangs up. */
  hangUp(): void {
    if (this.closed) return;
    this.closed = true;
    this.node.lines.delete(this);
    const port = this.#port;
    this.#port = null;
    if (port !== null && this.node.life === this.#life) this.#up(() => port.closed());
  }

  #close(): void {
    if (this.closed) return;
    this.hangUp();
    this.#onClose();
  }

  #receive(bytes: Uint8Array): void {
    if (this.closed) return;
    this.#parser.feed(bytes);
    for (let reply = this.#parser.next(); reply !== undefined && !this.closed; reply = this.#parser.next())
      this.#onReply(reply);
  }

  #up(fn: () => void): void {
    const { process } = this.node;
    this.#upAt = Math.max(this.#upAt, this.#scheduler.now + HOP_MS * this.#scheduler.between(0.5, 2));
    this.#scheduler.after(this.#upAt - this.#scheduler.now, fn, process);
  }

  #down(fn: () => void): void {
    this.#downAt = Math.max(this.#downAt, this.#scheduler.now + HOP_MS * this.#scheduler.between(0.5, 2));
    this.#scheduler.after(this.#downAt - this.#scheduler.now, fn);
  }
}

export class Client {
  readonly id: number;
  readonly #scheduler: Scheduler;
  readonly #ledger: Ledger;
  readonly #nodes: readonly SimulatedNode[];
  readonly #thinkMs: number;
  readonly #writes: number;
  readonly #hasLeases: boolean;
  #line: Line | null = null;
  #expected: Expected[] = [];
  #index = 0;
  #stopped = false;
  /** Counts what was heard: silence is told by it. */
  #heard = 0;

  constructor(options: {
    readonly id: number;
    readonly scheduler: Scheduler;
    readonly ledger: Ledger;
    readonly nodes: readonly SimulatedNode[];
    readonly thinkMs: number;
    /** Share of writes. */
    readonly writes: number;
    /** Who leads answers nothing but what is current. */
    readonly hasLeases: boolean;
  }) {
    this.id = options.id;
    this.#scheduler = options.scheduler;
    this.#ledger = options.ledger;
    this.#nodes = options.nodes;
    this.#thinkMs = options.thinkMs;
    this.#writes = options.writes;
    this.#hasLeases = options.hasLeases;
  }

  start(): void {
    this.#scheduler.after(this.#scheduler.between(0, this.#thinkMs), () => this.#go());
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
    if (this.#expected.length === 0) this.#line?.hangUp();
  }

  get idle(): boolean {
    return this.#expected.length === 0;
  }

  #go(): void {
    if (this.#stopped) return;
    if (this.#line === null || this.#line.closed) this.#connect();
    this.#sendSome();
    const heard = this.#heard;
    this.#scheduler.after(PATIENCE_MS, () => {
      if (this.#heard === heard && this.#expected.length > 0) this.#leave('no reply');
    });
  }

  #connect(): void {
    const node = this.#nodes[this.#scheduler.below(this.#nodes.length)]!;
    const line: Line = new Line(
      this.#scheduler,
      node,
      (reply) => this.#reply(reply),
      () => {
        if (this.#line === line) this.#leave('closed');
      },
    );
    this.#line = line;
  }

  /** What has no reply yet may have happened. */
  #leave(why: string): void {
    const line = this.#line;
    this.#line = null;
    line?.hangUp();
    this.#scheduler.note(`c${this.id}`, `leaves ${line?.node.name}: ${why}, ${this.#expected.length} without a reply`);
    for (const { op } of this.#expected.splice(0)) if (op !== null && op.state === 'sent') op.state = 'unknown';
    this.#heard++;
    this.#scheduler.after(this.#scheduler.between(5, 300), () => this.#go());
  }

  #sendSome(): void {
    const scheduler = this.#scheduler;
    const line = this.#line!;
    const commands: Uint8Array[] = [];
    const most = scheduler.chance(0.05) ? LONG_PIPELINE_MAX : PIPELINE_MAX;
    for (let n = 1 + scheduler.below(most); n > 0; n--) {
      if (scheduler.chance(this.#writes)) commands.push(this.#write());
      else commands.push(this.#read(line.node.name));
    }
    line.send(Buffer.concat(commands));
  }

  #write(): Uint8Array {
    const scheduler = this.#scheduler;
    const kind = (['incr', 'append', 'lpush', 'set', 'append'] as const)[scheduler.below(5)]!;
    // Only its own client sets a key: then the order of its values is known.
    const shared = kind !== 'set' && scheduler.chance(0.5);
    const key = `${kind}:${shared ? 'all' : this.id}`;
    const op = this.#ledger.write(kind, key, this.id, ++this.#index);
    this.#expected.push({ op, read: null, probe: null });
    if (kind === 'incr') return encodeCommand(['INCR', key]);
    return encodeCommand([kind.toUpperCase(), key, op.token]);
  }

  #read(node: string): Uint8Array {
    const scheduler = this.#scheduler;
    const kind = (['incr', 'append', 'lpush', 'set'] as const)[scheduler.below(4)]!;
    const whose = kind !== 'set' && scheduler.chance(0.5) ? 'all' : String(scheduler.below(3));
    const key = `${kind}:${whose}`;
    this.#expected.push({
      op: null,
      read: { key, kind, floor: this.#ledger.floor(node, key), acked: this.#ledger.ackedOf(key) },
      probe: null,
    });
    return kind === 'lpush' ? encodeCommand(['LRANGE', key, '0', '-1']) : encodeCommand(['GET', key]);
  }

  #reply(reply: Reply): void {
    this.#heard++;
    const node = this.#line!.node.name;
    const expected = this.#expected.shift();
    if (expected === undefined) throw new Error(`client ${this.id} got a reply that it did not ask for`);
    const { op, read } = expected;
    if (reply.type === 'error') {
      const text = reply.value;
      if (op !== null) op.state = /may or may not/.test(text) ? 'unknown' : 'refused';
      this.#scheduler.note(`c${this.id}`, `${node} ${op?.token ?? read!.key}: ${text.slice(0, 60)}`);
      if (this.#expected.length === 0) this.#next(/^(READONLY|LOADING|MISCONF|NOREPLICAS|MASTERDOWN)/.test(text));
      return;
    }
    if (op !== null) {
      const value = reply.type === 'int' ? Number(reply.value) : 0;
      this.#scheduler.note(`c${this.id}`, `${node} ${op.kind} ${op.token} ${value}`);
      this.#ledger.ack(op, value);
    } else if (read !== null) this.#showed(node, read, reply);
    if (this.#expected.length === 0) this.#next(false);
  }

  #showed(node: string, { key, kind, floor, acked }: NonNullable<Expected['read']>, reply: Reply): void {
    const ledger = this.#ledger;
    const value = valueOf(reply);
    this.#scheduler.note(`c${this.id}`, `${node} ${key} ${value === null ? '-' : value.length}`);
    if (this.#hasLeases && this.#line!.ofLeader)
      ledger.fresh(node, key, kind, value === null ? '' : typeof value === 'string' ? value : value.join(''), acked);
    if (kind === 'incr') ledger.readNumber(node, key, value === null ? 0 : Number(value), floor);
    else if (kind === 'lpush') ledger.read(node, key, [...((value ?? []) as string[])].reverse(), floor, true);
    else ledger.read(node, key, ((value ?? '') as string).match(TOKEN) ?? [], floor, kind === 'append');
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

export function valueOf(reply: Reply): string | string[] | null {
  if (reply.type === 'bulk') return Buffer.from(reply.value).toString('latin1');
  if (reply.type === 'array') return reply.value.map((each: Reply) => String(valueOf(each)));
  if (reply.type === 'nil') return null;
  if (reply.type === 'int') return String(reply.value);
  return typeof reply.value === 'string' ? reply.value : JSON.stringify(reply.value);
}

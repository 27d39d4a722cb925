/*
 * Messages of a stream in sequence order, from the broker's pull consumers, without the client's consumer classes: those check no continuity, need up to
 * a minute to notice a dead server, count either messages or bytes, and make several promises and strings per message.
 *
 * Two requests ("lanes") are open at a time, each bounded in messages and bytes, so that what the server has under way for us stays
 * far below its max_pending of 64 MiB (above that it drops the client) and what lies in our memory while the handler is busy is bounded
 * as well: a lane asks again only when everything received was handled. The lanes have different sizes so that they do not run dry together.
 *
 * Trust nothing but sequence numbers. A *generation* is one ephemeral consumer with its own inboxes; whatever goes wrong (a hole, a
 * consumer that vanished, a leadership change, a lost connection, silence while the stream is ahead) ends it, and the next starts at nextSeq.
 */

import type { Msg, Subscription as NatsSubscription } from 'nats';
import { Retry, realTime } from '@weir/time';
import { apiErrorCode, describe, JS_NO_MESSAGE } from './connect.ts';
import type { NatsLink } from './connect.ts';
import { isLogError, LogError } from './errors.ts';
import { guard } from './guard.ts';
import type { ConsumeState, LogSubscription, Unsubscribe } from './types.ts';

/** `pending`: messages which the stream still has behind this one. */
export type PullHandler = (seq: number, data: Uint8Array, msg: Msg, pending: number) => void | Promise<void>;

export interface PullOptions {
  readonly stream: string;
  /** A sequence, or the last message of each subject (then holes are normal). */
  readonly from: number | 'last-per-subject';
  /** Needed for 'last-per-subject'. */
  readonly filter?: string;
  readonly handler: PullHandler;
  readonly onGap?: (gap: { readonly expected: number; readonly first: number }) => void;
  readonly onAhead?: (info: { readonly expected: number; readonly last: number }) => void;
  readonly onState?: (state: ConsumeState, detail: string) => void;
  readonly onError?: (error: unknown) => void;
}

interface StreamInfo {
  readonly state: {
    readonly first_seq: number;
    readonly last_seq: number;
    readonly messages: number;
    readonly bytes: number;
  };
}

const LANE_MESSAGES = [4096, 2048] as const;
const LANE_BYTES = 16 * 1024 * 1024;
const MAX_PENDING = 64 * 1024 * 1024;
if (LANE_MESSAGES.length * LANE_BYTES * 2 > MAX_PENDING) throw new Error('lanes and max_pending');

const WATCH_MS = 500;
/** Silence after which the stream's last sequence is looked up, and how long a message may then still take. */
const SILENCE_MS = 1_000;
const GRACE_MS = 500;
const HEARTBEAT_MS = 1_000;
const EXPIRES_MS = 30_000;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 2_000;
const NANOS = 1_000_000;

class Lane {
  readonly index: number;
  sub: NatsSubscription | null = null;
  inbox = '';
  /** Each request answers to a subject of its own, so that the end of an old one is not taken for the end of the current. */
  requests = 0;
  reply = '';
  open = false;
  messages = 0;
  bytes = 0;
  received = 0;
  constructor(index: number) {
    this.index = index;
  }
}

interface Queued {
  readonly seq: number;
  readonly data: Uint8Array;
  readonly msg: Msg;
  readonly pending: number;
}

export class PullConsumer implements LogSubscription {
  readonly #link: NatsLink;
  readonly #options: PullOptions;
  readonly #lanes: Lane[] = LANE_MESSAGES.map((_, i) => new Lane(i));
  readonly #watch: NodeJS.Timeout;
  readonly #unsubscribe: Unsubscribe;
  #state: ConsumeState | 'stopped' = 'catching-up';
  #nextSeq: number;
  #consumer = '';
  #generation = 0;
  #starting = false;
  readonly #retry = new Retry({ time: realTime, minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });
  #laneBytes: number;
  #paused = false;
  #busy = false;
  #queue: Queued[] = [];
  #queueAt = 0;
  #lastMessage = performance.now();
  #checking = false;
  #holeSeq = -1;
  /** Where it was silent the last time though the stream goes on. */
  #silentSeq = -1;

  constructor(link: NatsLink, options: PullOptions) {
    this.#link = link;
    this.#options = options;
    this.#nextSeq = options.from === 'last-per-subject' ? 0 : Math.max(1, options.from);
    this.#laneBytes = Math.max(LANE_BYTES, link.maxPayload + 64 * 1024);
    this.#watch = setInterval(() => this.#tick(), WATCH_MS);
    this.#unsubscribe = link.onStatus((status, detail) => {
      if (status === 'connected') this.#restart('reconnected');
      else {
        this.#endGeneration();
        this.#become('disconnected', detail);
      }
    });
    void this.#start();
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  get state(): ConsumeState | 'stopped' {
    return this.#state;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#lastMessage = performance.now();
    if (!this.#busy) this.#drain();
  }

  stop(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    clearInterval(this.#watch);
    this.#retry.cancel();
    this.#unsubscribe();
    this.#endGeneration();
    this.#queue = [];
    this.#queueAt = 0;
  }

  #become(state: ConsumeState, detail: string): void {
    if (this.#state === state || this.#state === 'stopped') return;
    this.#state = state;
    this.#options.onState?.(state, detail);
  }

  #fail(error: unknown): void {
    if (this.#state === 'stopped') return;
    this.stop();
    this.#options.onError?.(error);
  }

  // ---------------------------------------------------------------------------------------------- generations

  #endGeneration(): void {
    this.#generation++;
    const consumer = this.#consumer;
    this.#consumer = '';
    const usable = this.#link.status === 'connected';
    for (const lane of this.#lanes) {
      lane.open = false;
      if (this.#link.status !== 'closed') lane.sub?.unsubscribe();
      lane.sub = null;
    }
    // Best effort; a forgotten one goes away by its inactive_threshold.
    if (consumer !== '' && usable)
      this.#link.publish(`$JS.API.CONSUMER.DELETE.${this.#options.stream}.${consumer}`, new Uint8Array(0));
  }

  #restart(why: string): void {
    if (this.#state === 'stopped') return;
    this.#endGeneration();
    this.#become('catching-up', why);
    this.#startIn(0);
  }

  #startIn(ms: number): void {
    this.#retry.scheduleIn(ms, () => void this.#start());
  }

  #startLater(): void {
    this.#retry.schedule(() => void this.#start());
  }

  async #start(): Promise<void> {
    if (this.#state === 'stopped' || this.#starting || this.#link.status !== 'connected') return;
    this.#starting = true;
    const generation = this.#generation;
    try {
      await this.#open(generation);
      this.#retry.succeeded();
    } catch (error) {
      if (this.#isStopped()) return;
      if (!isLogError(error)) throw error;
      this.#become('disconnected', describe(error));
      this.#startLater();
    } finally {
      this.#starting = false;
    }
    // It ended while it was being opened: nobody else will start the next one.
    if (generation !== this.#generation && !this.#retry.waiting) this.#startIn(0);
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  async #open(generation: number): Promise<void> {
    const { stream, from } = this.#options;
    const info = await this.#link.api<StreamInfo>(`STREAM.INFO.${stream}`, undefined);
    if (generation !== this.#generation) return;
    // A stream that begins anew (in memory, recreated): everything again.
    if (from === 'last-per-subject' && this.#nextSeq > info.state.last_seq + 1) this.#nextSeq = 0;
    const bySeq = from !== 'last-per-subject' || this.#nextSeq > 0;
    if (from !== 'last-per-subject') {
      // Queued messages have been received already: the next wanted one is behind them.
      const wanted = this.#wanted();
      if (info.state.first_seq > wanted && this.#queueEmpty()) return this.#gap(info.state.first_seq);
      if (wanted > info.state.last_seq + 1) {
        this.stop();
        this.#options.onAhead?.({ expected: wanted, last: info.state.last_seq });
        return;
      }
      if (wanted === info.state.last_seq + 1) this.#become('live', '');
    }
    const name = `w${generation.toString(36)}${this.#link.inbox().slice(-16)}`;
    await this.#link.api(`CONSUMER.CREATE.${stream}.${name}`, {
      stream_name: stream,
      config: {
        name,
        ...(bySeq
          ? { deliver_policy: 'by_start_sequence', opt_start_seq: this.#wanted() }
          : { deliver_policy: 'last_per_subject' }),
        ...(this.#options.filter !== undefined ? { filter_subject: this.#options.filter } : {}),
        ack_policy: 'none',
        replay_policy: 'instant',
        inactive_threshold: 60_000 * NANOS,
        max_waiting: 16,
        num_replicas: 1,
        mem_storage: true,
      },
    });
    if (generation !== this.#generation) {
      if (this.#link.status === 'connected')
        this.#link.publish(`$JS.API.CONSUMER.DELETE.${stream}.${name}`, new Uint8Array(0));
      return;
    }
    this.#consumer = name;
    this.#lastMessage = performance.now();
    for (const lane of this.#lanes) {
      lane.inbox = this.#link.inbox();
      lane.sub = this.#link.nc.subscribe(`${lane.inbox}.*`, {
        callback: (error, msg) => {
          if (error === null && generation === this.#generation) guard(() => this.#receive(lane, msg));
        },
      });
      this.#ask(lane);
    }
  }

  #gap(first: number): void {
    const expected = this.#nextSeq;
    this.stop();
    this.#options.onGap?.({ expected, first });
  }

  // ---------------------------------------------------------------------------------------------- lanes

  #ask(lane: Lane): void {
    if (lane.open || this.#consumer === '' || this.#paused || this.#busy || !this.#queueEmpty()) return;
    lane.open = true;
    lane.messages = LANE_MESSAGES[lane.index]!;
    lane.bytes = this.#laneBytes;
    lane.received = 0;
    lane.reply = `${lane.inbox}.${++lane.requests}`;
    const request = `{"batch":${lane.messages},"max_bytes":${lane.bytes},"expires":${EXPIRES_MS * NANOS},"idle_heartbeat":${HEARTBEAT_MS * NANOS}}`;
    this.#link.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${this.#options.stream}.${this.#consumer}`,
      Buffer.from(request, 'latin1'),
      lane.reply,
    );
  }

  #askAll(): void {
    for (const lane of this.#lanes) this.#ask(lane);
  }

  #receive(lane: Lane, msg: Msg): void {
    const raw = msg as unknown as RawMsg;
    const reply = raw._msg.reply;
    if (reply === undefined || !parseAck(reply)) return this.#status(lane, msg);
    this.#lastMessage = performance.now();
    const seq = ackSeq;
    const pending = ackPending;
    lane.received++;
    lane.messages--;
    // As the server counts against max_bytes.
    lane.bytes -= raw._msg.subject.length + reply.length + raw._msg.size;
    if (lane.messages <= 0 || lane.bytes <= 0) lane.open = false;
    const wanted = this.#wanted();
    if (seq !== wanted && this.#options.from !== 'last-per-subject') {
      if (seq > wanted) this.#hole(seq);
      return;
    }
    if (this.#busy || this.#paused || !this.#queueEmpty()) {
      this.#queue.push({ seq, data: msg.data, msg, pending });
      return;
    }
    this.#deliver(seq, msg.data, msg, pending);
    if (!lane.open) this.#ask(lane);
  }

  /** Next sequence to come from the broker: behind what waits in the queue. */
  #wanted(): number {
    return this.#queueEmpty() ? this.#nextSeq : this.#queue[this.#queue.length - 1]!.seq + 1;
  }

  #queueEmpty(): boolean {
    return this.#queueAt === this.#queue.length;
  }

  #deliver(seq: number, data: Uint8Array, msg: Msg, pending: number): void {
    this.#nextSeq = seq + 1;
    let result: void | Promise<void>;
    try {
      result = this.#options.handler(seq, data, msg, pending);
    } catch (error) {
      return this.#fail(error);
    }
    if (result === undefined) return this.#handled(pending);
    this.#busy = true;
    result.then(
      () => {
        this.#busy = false;
        this.#lastMessage = performance.now();
        this.#handled(pending);
        this.#drain();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /**
   * A message of an open generation was handled: that is better proof of a link than any question. Without it a server that was away for
   * seconds and came back with its consumers kept the state 'disconnected' until the log was silent for long enough to be asked about.
   */
  #handled(pending: number): void {
    if (this.#state === 'live' || this.#consumer === '') return;
    this.#become(pending === 0 ? 'live' : 'catching-up', '');
  }

  #drain(): void {
    while (!this.#queueEmpty() && !this.#busy && !this.#paused && this.#state !== 'stopped') {
      const q = this.#queue[this.#queueAt++]!;
      this.#deliver(q.seq, q.data, q.msg, q.pending);
    }
    if (!this.#queueEmpty()) return;
    this.#queue = [];
    this.#queueAt = 0;
    if (this.#state !== 'stopped') this.#askAll();
  }

  /** Heartbeats, and why a request ended. */
  #status(lane: Lane, msg: Msg): void {
    const code = msg.headers?.code ?? 0;
    if (code === 100) return;
    const description = msg.headers?.description ?? '';
    const ended = code === 408 || code === 404 || (code === 409 && /maxbytes|batch completed/i.test(description));
    if (ended) {
      if (msg.subject !== lane.reply) return;
      // One message alone above the bound would be refused for ever.
      if (code === 409 && lane.received === 0) this.#laneBytes = Math.min(this.#laneBytes * 2, MAX_PENDING);
      lane.open = false;
      this.#ask(lane);
    } else {
      // Consumer or stream deleted, leadership change, server shutdown, nobody there.
      this.#endGeneration();
      this.#become('catching-up', `${code} ${description}`);
      this.#startLater();
    }
  }

  #hole(got: number): void {
    const wanted = this.#wanted();
    this.#endGeneration();
    void this.#explainHole(wanted, got).catch((error: unknown) => {
      if (isLogError(error)) this.#startLater();
      else this.#fail(error);
    });
  }

  async #explainHole(wanted: number, got: number): Promise<void> {
    const info = await this.#link.api<StreamInfo>(`STREAM.INFO.${this.#options.stream}`, undefined);
    if (this.#isStopped()) return;
    if (info.state.first_seq > wanted) {
      if (this.#queueEmpty() && !this.#busy) return this.#gap(info.state.first_seq);
      return this.#startIn(WATCH_MS); // #open reports it when what was received is handled
    }
    if (this.#holeSeq === wanted) {
      return this.#fail(
        new LogError('log-corrupt', `sequence ${wanted} is missing in the middle of the log (${got} is there)`),
      );
    }
    this.#holeSeq = wanted;
    this.#startIn(0);
  }

  // ---------------------------------------------------------------------------------------------- watchdog

  #tick(): void {
    const now = performance.now();
    if (this.#paused || this.#busy || !this.#queueEmpty() || this.#consumer === '') {
      this.#lastMessage = now;
      // Every retry path schedules itself; this is the net below them.
      if (this.#consumer === '' && !this.#starting && !this.#retry.waiting && this.#link.status === 'connected')
        this.#startIn(0);
      return;
    }
    if (now - this.#lastMessage < SILENCE_MS || this.#checking || this.#link.status !== 'connected') return;
    this.#checking = true;
    void this.#check(this.#generation, this.#nextSeq).finally(() => (this.#checking = false));
  }

  async #check(generation: number, nextSeq: number): Promise<void> {
    let last: number;
    try {
      last = (await this.#link.api<StreamInfo>(`STREAM.INFO.${this.#options.stream}`, undefined, 2_000)).state.last_seq;
    } catch (error) {
      this.#become('disconnected', describe(error));
      return;
    }
    const still = (): boolean =>
      generation === this.#generation && nextSeq === this.#nextSeq && this.#state !== 'stopped';
    if (!still()) return;
    if (last < nextSeq) {
      if (last < nextSeq - 1) {
        if (this.#options.from === 'last-per-subject') return this.#restart('the stream began anew');
        this.stop();
        this.#options.onAhead?.({ expected: nextSeq, last });
        return;
      }
      if (nextSeq > 0) this.#become('live', '');
      this.#lastMessage = performance.now();
      return;
    }
    if (this.#options.from === 'last-per-subject' && nextSeq === 0) {
      if ((await this.#isUnreadable(1)) && still()) this.#become('live', '');
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    if (!still() || this.#busy || this.#paused) return;
    // Another consumer did not get it either: there is nothing that can be got.
    if (this.#silentSeq === nextSeq && (await this.#isUnreadable(nextSeq))) {
      if (!still() || this.#busy || this.#paused) return;
      if (this.#options.from === 'last-per-subject') return this.#become('live', '');
      const { stream } = this.#options;
      return this.#fail(
        new LogError('log-corrupt', `message ${nextSeq} of ${stream} cannot be read; it ends at ${last}`),
      );
    }
    this.#silentSeq = nextSeq;
    this.#restart(`silent at ${nextSeq} while the log is at ${last}`);
  }

  /** The server says that it has no such message: a damaged one is none to it. False where that is not sure, or it was trimmed meanwhile. */
  async #isUnreadable(seq: number): Promise<boolean> {
    const { stream, from, filter } = this.#options;
    const which = from === 'last-per-subject' ? { seq, next_by_subj: filter } : { seq };
    try {
      await this.#link.api(`STREAM.MSG.GET.${stream}`, which);
      return false;
    } catch (error) {
      if (apiErrorCode(error) !== JS_NO_MESSAGE) return false;
    }
    const info = await this.#link.api<StreamInfo>(`STREAM.INFO.${stream}`, undefined).catch(() => null);
    return info !== null && (from === 'last-per-subject' || info.state.first_seq <= seq);
  }
}

/** What the pinned client keeps in a message: reading the reply as bytes spares two strings per message. */
interface RawMsg {
  readonly _msg: { readonly subject: Uint8Array; readonly reply: Uint8Array | undefined; readonly size: number };
}

// Results of parseAck: numbers without an object.
let ackSeq = 0;
let ackPending = 0;

/**
 * `$JS.ACK.<stream>.<consumer>.<delivered>.<seq>.<cseq>.<time>.<pending>`, or with `<domain>.<account>` before the stream and
 * perhaps a token at the end. log.bench.ts: "replay".
 */
function parseAck(reply: Uint8Array): boolean {
  if (reply.length < 8 || reply[0] !== 0x24 || reply[4] !== 0x41) return false; // $JS.A
  let dots = 0;
  for (let i = 0; i < reply.length; i++) if (reply[i] === 0x2e) dots++;
  const seqAt = dots === 8 ? 5 : dots >= 10 ? 7 : -1;
  if (seqAt < 0) return false;
  let token = 0;
  let value = 0;
  for (let i = 0; i < reply.length; i++) {
    const byte = reply[i]!;
    if (byte === 0x2e) {
      if (token === seqAt) ackSeq = value;
      else if (token === seqAt + 3) {
        ackPending = value;
        return true;
      }
      token++;
      value = 0;
    } else if (token === seqAt || token === seqAt + 3) value = value * 10 + (byte - 0x30);
  }
  ackPending = value;
  return token === seqAt + 3;
}

/*
 * LogStore over JetStream.
 *
 * Appending does not use the client's js.publish: that makes a timer, a promise, header objects and a lookup by token per call. Here one inbox
 * subscription takes all answers, a ring holds what is outstanding, and one timer sweeps it. log.bench.ts, "append", has both.
 */
import { headers as natsHeaders, type Msg, type MsgHdrs, type PublishOptions } from 'nats';
import {
  type ApiError,
  apiErrorCode,
  JS_NO_MESSAGE,
  JS_NO_SPACE,
  JS_STREAM_NOT_FOUND,
  JS_WRONG_LAST_SEQUENCE,
  JS_WRONG_LAST_SEQUENCE_CONSTANT,
  type NatsLink,
} from './connect.ts';
import { LogError } from './errors.ts';
import { TAIL_KEPT } from './fragments.ts';
import { guard } from './guard.ts';
import { PullConsumer } from './pull.ts';
import { ensureStream } from './stream.ts';
import type {
  AppendCallback,
  AppendResult,
  ConsumeOptions,
  EnsureStreamOptions,
  LogState,
  LogStore,
  LogSubscription,
  MessageHandler,
  Unsubscribe,
} from './types.ts';

export interface JetStreamLogOptions {
  readonly cluster: string;
  readonly logId: string;
  /** An append without an answer for so long is 'unknown'. */
  readonly appendTimeoutMs?: number;
}

/** Of the NATS header and the protocol line around a record. */
const ENVELOPE_BYTES = 256;
const RING = 64;
const SWEEP_MS = 250;
const NAME = /^[A-Za-z0-9_-]+$/;
const JS_MESSAGE_TOO_LARGE = 10054;
if ((RING & (RING - 1)) !== 0 || ENVELOPE_BYTES < 96) throw new Error('ring and envelope');

class Outstanding {
  token = -1;
  deadline = 0;
  callback: AppendCallback | null = null;
}

/** The client only calls encode(): the one header this needs, without its header classes. */
class ExpectedLastSequence {
  seq = 0;
  encode(): Uint8Array {
    return Buffer.from(`NATS/1.0\r\nNats-Expected-Last-Sequence: ${this.seq}\r\n\r\n`, 'latin1');
  }
}

export class JetStreamLog implements LogStore {
  readonly stream: string;
  readonly subject: string;
  readonly #link: NatsLink;
  readonly #timeoutMs: number;
  readonly #inbox: string;
  readonly #ring: Outstanding[] = Array.from({ length: RING }, () => new Outstanding());
  readonly #expected = new ExpectedLastSequence();
  readonly #publishOptions: PublishOptions;
  readonly #listeners = new Set<(connected: boolean) => void>();
  #token = 0;
  #count = 0;
  #sweeper: NodeJS.Timeout | null = null;
  #closed = false;
  readonly #close: () => void;

  constructor(link: NatsLink, options: JetStreamLogOptions) {
    if (!NAME.test(options.cluster) || !NAME.test(options.logId)) throw new TypeError('cluster and log id: letters, digits, - and _');
    this.#link = link;
    this.#timeoutMs = options.appendTimeoutMs ?? 5_000;
    this.stream = `WEIR_${options.cluster}_${options.logId}_LOG`;
    this.subject = `weir.${options.cluster}.${options.logId}.log`;
    this.#inbox = `${link.inbox()}.`;
    this.#publishOptions = { reply: '', headers: this.#expected as unknown as MsgHdrs };
    const sub = link.nc.subscribe(`${this.#inbox}*`, {
      callback: (error, msg) => {
        if (error === null) guard(() => this.#answer(msg));
      },
    });
    const off = link.onStatus((status) => {
      if (status !== 'connected') this.#failAll(`connection ${status}`);
      for (const listener of [...this.#listeners]) listener(status === 'connected');
    });
    this.#close = () => {
      off();
      if (link.status !== 'closed') sub.unsubscribe();
    };
  }

  get maxMessageBytes(): number {
    return this.#link.maxPayload - ENVELOPE_BYTES;
  }

  get connected(): boolean {
    return this.#link.status === 'connected';
  }

  onConnection(listener: (connected: boolean) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Ends the subscription for answers; what is outstanding becomes 'unknown'. The connection stays. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failAll('closed');
    this.#close();
  }

  // ---------------------------------------------------------------------------------------------- append

  append(message: Uint8Array, expectedLastSeq: number): Promise<AppendResult> {
    return new Promise((resolve) => this.appendCb(message, expectedLastSeq, resolve));
  }

  appendCb(message: Uint8Array, expectedLastSeq: number, callback: AppendCallback): void {
    if (this.#closed || this.#link.status !== 'connected') {
      return later(callback, { kind: 'refused', reason: 'disconnected', error: 'not connected to NATS' });
    }
    if (message.byteLength > this.maxMessageBytes) {
      return later(callback, { kind: 'refused', reason: 'too-large', error: `${message.byteLength} bytes, ${this.maxMessageBytes} fit` });
    }
    const token = this.#token++;
    const slot = this.#ring[token & (RING - 1)]!;
    if (slot.callback !== null) {
      return later(callback, { kind: 'refused', reason: 'unavailable', error: `more than ${RING} appends outstanding` });
    }
    this.#expected.seq = expectedLastSeq;
    this.#publishOptions.reply = this.#inbox + token;
    try {
      this.#link.nc.publish(this.subject, message, this.#publishOptions);
    } catch (error) {
      return later(callback, { kind: 'refused', reason: 'unavailable', error: String(error) });
    }
    slot.token = token;
    slot.deadline = performance.now() + this.#timeoutMs;
    slot.callback = callback;
    this.#count++;
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS);
  }

  #answer(msg: Msg): void {
    const subject = msg.subject;
    let token = 0;
    for (let i = this.#inbox.length; i < subject.length; i++) token = token * 10 + subject.charCodeAt(i) - 0x30;
    const slot = this.#ring[token & (RING - 1)]!;
    const callback = slot.callback;
    if (slot.token !== token || callback === null) return; // too late: already 'unknown'
    slot.callback = null;
    this.#count--;
    let result: AppendResult;
    try {
      result = parseAnswer(msg);
    } catch (error) {
      result = { kind: 'unknown', error: `answer not understood: ${String(error)}` };
    }
    callback(result);
  }

  #sweep(): void {
    const now = performance.now();
    for (const slot of this.#ring) {
      if (slot.callback !== null && slot.deadline <= now) this.#fail(slot, `no answer within ${this.#timeoutMs} ms`);
    }
    if (this.#count === 0 && this.#sweeper !== null) {
      clearInterval(this.#sweeper);
      this.#sweeper = null;
    }
  }

  #failAll(error: string): void {
    const open = this.#ring.filter((slot) => slot.callback !== null).sort((a, b) => a.token - b.token);
    for (const slot of open) this.#fail(slot, error);
    this.#sweep();
  }

  #fail(slot: Outstanding, error: string): void {
    const callback = slot.callback!;
    slot.callback = null;
    this.#count--;
    callback({ kind: 'unknown', error });
  }

  // ---------------------------------------------------------------------------------------------- reading

  async state(): Promise<LogState> {
    const { state } = await this.#link.api<{ state: { first_seq: number; last_seq: number; bytes: number; messages: number } }>(
      `STREAM.INFO.${this.stream}`,
      undefined,
    );
    return {
      firstSeq: state.messages === 0 ? state.last_seq + 1 : state.first_seq,
      lastSeq: state.last_seq,
      bytes: state.bytes,
      messages: state.messages,
    };
  }

  // The API request goes to the leader; the stream has allow_direct off, and a direct get could be a lagging replica's.
  async read(seq: number): Promise<Uint8Array | null> {
    if (seq < 1) return null;
    try {
      const stored = await this.#link.api<{ message: { data?: string } }>(`STREAM.MSG.GET.${this.stream}`, { seq });
      return new Uint8Array(Buffer.from(stored.message.data ?? '', 'base64'));
    } catch (error) {
      if (apiErrorCode(error) === JS_NO_MESSAGE) return null;
      throw error;
    }
  }

  async readLast(): Promise<{ readonly seq: number; readonly message: Uint8Array } | null> {
    for (;;) {
      const { lastSeq } = await this.state();
      if (lastSeq === 0) return null;
      const message = await this.read(lastSeq);
      if (message !== null) return { seq: lastSeq, message };
      // Gone in between, or the stream's last message is gone for good.
      if ((await this.state()).lastSeq === lastSeq) {
        throw new LogError('log-corrupt', `the log's last message, ${lastSeq}, is missing`);
      }
    }
  }

  consume(fromSeq: number, handler: MessageHandler, options: ConsumeOptions): LogSubscription {
    return new PullConsumer(this.#link, { ...options, stream: this.stream, from: fromSeq, handler });
  }

  // ---------------------------------------------------------------------------------------------- upkeep

  async purgeTo(seq: number): Promise<void> {
    const { lastSeq } = await this.state();
    const to = Math.min(seq, lastSeq - TAIL_KEPT + 1);
    if (to > 1) await this.#link.api(`STREAM.PURGE.${this.stream}`, { seq: to }, 30_000);
  }

  async ensureStream(options: EnsureStreamOptions = {}): Promise<void> {
    await ensureStream(this.#link, {
      name: this.stream,
      subjects: [this.subject],
      retention: 'limits',
      storage: 'file',
      discard: 'new',
      max_age: 0,
      max_msgs: -1,
      max_msgs_per_subject: -1,
      max_bytes: options.maxBytes ?? -1,
      num_replicas: options.replicas ?? 1,
      // No message carries a Nats-Msg-Id; the smallest window costs the least.
      duplicate_window: 100_000_000,
      allow_direct: false,
      deny_delete: true,
      deny_purge: false,
    });
  }

  /** For tests and for whoever removes a whole log. */
  async destroy(): Promise<void> {
    try {
      await this.#link.api(`STREAM.DELETE.${this.stream}`, undefined);
    } catch (error) {
      if (apiErrorCode(error) !== JS_STREAM_NOT_FOUND) throw error;
    }
  }
}

function later(callback: AppendCallback, result: AppendResult): void {
  queueMicrotask(() => callback(result));
}

const SEQ_KEY = Buffer.from('"seq":', 'latin1');

function parseAnswer(msg: Msg): AppendResult {
  const data = msg.data;
  if (data.byteLength === 0) {
    return { kind: 'refused', reason: 'no-stream', error: `nobody stores this subject (${msg.headers?.code ?? 'empty answer'})` };
  }
  // {"stream":"…","seq":123,…} is the answer in all but bad times; anything else goes through JSON.
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (data[2] === 0x73) {
    let at = bytes.indexOf(SEQ_KEY);
    if (at > 0) {
      let seq = 0;
      for (at += SEQ_KEY.length; at < bytes.length; at++) {
        const digit = bytes[at]! - 0x30;
        if (digit < 0 || digit > 9) break;
        seq = seq * 10 + digit;
      }
      if (seq > 0) return { kind: 'stored', seq };
    }
  }
  const answer = JSON.parse(bytes.toString('utf8')) as { seq?: number; error?: ApiError };
  const error = answer.error;
  if (error === undefined) return { kind: 'stored', seq: answer.seq! };
  const text = `${error.description} (${error.err_code})`;
  switch (error.err_code) {
    case JS_WRONG_LAST_SEQUENCE:
    case JS_WRONG_LAST_SEQUENCE_CONSTANT: {
      const last = /(\d+)\s*$/.exec(error.description)?.[1];
      return { kind: 'rejected', lastSeq: last === undefined ? undefined : Number(last) };
    }
    case JS_MESSAGE_TOO_LARGE:
      return { kind: 'refused', reason: 'too-large', error: text };
    case JS_STREAM_NOT_FOUND:
      return { kind: 'refused', reason: 'no-stream', error: text };
    default:
      return { kind: 'refused', reason: JS_NO_SPACE.has(error.err_code) ? 'no-space' : 'unavailable', error: text };
  }
}

/** Kept next to its replacement for the benchmark: the client's own header object for the same header. */
export function clientHeaders(expectedLastSeq: number): MsgHdrs {
  const headers = natsHeaders();
  headers.set('Nats-Expected-Last-Sequence', String(expectedLastSeq));
  return headers;
}

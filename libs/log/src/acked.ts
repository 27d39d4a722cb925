/*
 * Publishing with JetStream's acknowledgement, without the client's js.publish: that makes a timer, a promise, header objects and a lookup by token
 * per call. Here one inbox subscription takes all answers, a ring holds what is outstanding, and one timer sweeps it. log.bench.ts, "append", has both.
 */

import type { Msg, MsgHdrs, PublishOptions } from 'nats';
import {
  JS_NO_SPACE,
  JS_STREAM_NOT_FOUND,
  JS_WRONG_LAST_SEQUENCE,
  JS_WRONG_LAST_SEQUENCE_CONSTANT,
} from './connect.ts';
import type { ApiError, NatsLink } from './connect.ts';
import { guard } from './guard.ts';
import type { AppendCallback, AppendResult } from './types.ts';

const RING = 64;
const SWEEP_MS = 250;
const JS_MESSAGE_TOO_LARGE = 10054;
if ((RING & (RING - 1)) !== 0) throw new Error('ring');

/** Of the NATS header and the protocol line around a message. */
export const ENVELOPE_BYTES = 256;

class Outstanding {
  token = -1;
  deadline = 0;
  callback: AppendCallback | null = null;
}

/** The client only calls encode(): the one header this needs, without its header classes. */
export class NumberHeader {
  value = 0;
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  encode(): Uint8Array {
    return Buffer.from(`NATS/1.0\r\n${this.#name}: ${this.value}\r\n\r\n`, 'latin1');
  }
}

/** At most RING publishes at a time, by the caller's own window. */
export class AckedPublisher {
  readonly #link: NatsLink;
  readonly #timeoutMs: number;
  readonly #inbox: string;
  readonly #ring: Outstanding[] = Array.from({ length: RING }, () => new Outstanding());
  readonly #close: () => void;
  readonly #options: PublishOptions = { reply: '' };
  readonly #optionsWithHeader: PublishOptions = { reply: '' };
  #token = 0;
  #count = 0;
  #sweeper: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(link: NatsLink, timeoutMs: number) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
    this.#inbox = `${link.inbox()}.`;
    const sub = link.nc.subscribe(`${this.#inbox}*`, {
      callback: (error, msg) => {
        if (error === null) guard(() => this.#answer(msg));
      },
    });
    const off = link.onStatus((status) => {
      if (status !== 'connected') this.#failAll(`connection ${status}`);
    });
    this.#close = () => {
      off();
      if (link.status !== 'closed') sub.unsubscribe();
    };
  }

  /** What is outstanding becomes 'unknown'. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failAll('closed');
    this.#close();
  }

  publish(subject: string, message: Uint8Array, header: NumberHeader | null, callback: AppendCallback): void {
    // While disconnected the client would buffer it and send it who knows when.
    if (this.#closed || this.#link.status !== 'connected') {
      return later(callback, { kind: 'refused', reason: 'disconnected', error: 'not connected to NATS' });
    }
    const max = this.#link.maxPayload - ENVELOPE_BYTES;
    if (message.byteLength > max) {
      return later(callback, {
        kind: 'refused',
        reason: 'too-large',
        error: `${message.byteLength} bytes, ${max} fit`,
      });
    }
    const token = this.#token++;
    const slot = this.#ring[token & (RING - 1)]!;
    if (slot.callback !== null) {
      return later(callback, {
        kind: 'refused',
        reason: 'unavailable',
        error: `more than ${RING} publishes outstanding`,
      });
    }
    const options = header === null ? this.#options : this.#optionsWithHeader;
    options.reply = this.#inbox + token;
    if (header !== null) options.headers = header as unknown as MsgHdrs;
    try {
      this.#link.nc.publish(subject, message, options);
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
}

function later(callback: AppendCallback, result: AppendResult): void {
  queueMicrotask(() => callback(result));
}

const SEQ_KEY = Buffer.from('"seq":', 'latin1');

function parseAnswer(msg: Msg): AppendResult {
  const data = msg.data;
  if (data.byteLength === 0) {
    return {
      kind: 'refused',
      reason: 'no-stream',
      error: `nobody stores this subject (${msg.headers?.code ?? 'empty answer'})`,
    };
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

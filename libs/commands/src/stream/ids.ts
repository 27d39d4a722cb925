/** Stream IDs in requests and replies. */

import { streams } from '@weir/keyspace';
import type { ReplyWriter, Request } from '@weir/resp';
import type { Context } from '../core/context.ts';

export const INVALID_ID = 'ERR Invalid stream ID specified as stream command argument';

const ID_BYTES_MAX = 127;
const DASH = 45;
const STAR = 42;

/** What `parseUint64` read: high and low half. (In variables they would be garbage: half of them are no small integers.) */
const value64 = new Uint32Array(2);

/**
 * An unsigned 64-bit integer as Redis's string2ull takes it: digits, or what is left to C's strtoull: spaces and signs in front, and
 * negative numbers that are not canonical, modulo 2^64.
 */
function parseUint64(buf: Uint8Array, off: number, end: number): boolean {
  const digits = end - off;
  if (digits > 0 && digits <= 15) {
    let value = 0;
    let at = off;
    for (; at < end; at++) {
      const digit = buf[at] - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === end) {
      value64[0] = value / 4294967296;
      value64[1] = value;
      return true;
    }
  }
  let text = '';
  for (let at = off; at < end; at++) text += String.fromCharCode(buf[at]);
  const match = /^[ \t-\r]*([+-]?)(\d+)$/.exec(text);
  if (match === null) return false;
  let value = BigInt(match[2]);
  if (value > 0xffffffffffffffffn) return false;
  if (match[1] === '-') {
    if (/^-[1-9]\d*$/.test(text) && value <= 1n << 63n) return false;
    value = BigInt.asUintN(64, -value);
  }
  value64[0] = Number(value >> 32n);
  value64[1] = Number(value & 0xffffffffn);
  return true;
}

/** `parseId` met `ms-*`: the sequence is to be chosen. */
export let sequenceOpen = false;

/**
 * Reads an ID out of bytes; false: it is none. Without a sequence it gets 0, or with `missingMax` the highest. `strict`: `-`
 * and `+` are none. `open`: `ms-*` is one.
 */
export function parseIdBytes(
  buf: Uint8Array,
  off: number,
  len: number,
  out: streams.StreamId,
  strict: boolean,
  missingMax = false,
  open = false,
): boolean {
  sequenceOpen = false;
  if (len > ID_BYTES_MAX) return false;
  // As a C string, which a NUL ends.
  let end = off;
  let dash = 0;
  for (const stop = off + len; end < stop; end++) {
    const byte = buf[end];
    if (byte === 0) break;
    if (byte === DASH && dash === 0) dash = end + 1;
  }
  if (end === off + 1 && (buf[off] === DASH || buf[off] === 43)) {
    if (strict) return false;
    out.fill(buf[off] === DASH ? 0 : 0xffffffff);
    return true;
  }
  if (!parseUint64(buf, off, dash === 0 ? end : dash - 1)) return false;
  const msHi = value64[0];
  const msLo = value64[1];
  if (dash === 0) value64.fill(missingMax ? 0xffffffff : 0);
  else if (open && end === dash + 1 && buf[dash] === STAR) {
    sequenceOpen = true;
    value64.fill(0);
  } else if (!parseUint64(buf, dash, end)) return false;
  out[0] = msHi;
  out[1] = msLo;
  out[2] = value64[0];
  out[3] = value64[1];
  return true;
}

/** The ID in an argument, strictly. False: answered with the error. */
export function idArg(ctx: Context, i: number, out: streams.StreamId, open = false): boolean {
  const { req } = ctx;
  if (parseIdBytes(req.buf, req.args[2 * i], req.args[2 * i + 1], out, true, false, open)) return true;
  ctx.reply.error(INVALID_ID);
  return false;
}

/** An end of a range: `-`, `+`, an ID, or behind a parenthesis one that is not in the range. False: answered. */
export function boundArg(ctx: Context, i: number, out: streams.StreamId, isEnd: boolean): boolean {
  const { req, reply } = ctx;
  const off = req.args[2 * i];
  const len = req.args[2 * i + 1];
  const exclusive = len > 1 && req.buf[off] === 40;
  const skipped = exclusive ? 1 : 0;
  if (!parseIdBytes(req.buf, off + skipped, len - skipped, out, exclusive, isEnd)) {
    reply.error(INVALID_ID);
    return false;
  }
  if (exclusive && !(isEnd ? streams.decrementId(out) : streams.incrementId(out))) {
    reply.error(`ERR invalid ${isEnd ? 'end' : 'start'} ID for the interval`);
    return false;
  }
  return true;
}

/** Whether an argument is that one character, as a C string. */
export function isChar(req: Request, i: number, char: number): boolean {
  const len = req.args[2 * i + 1];
  const off = req.args[2 * i];
  return len > 0 && req.buf[off] === char && (len === 1 || req.buf[off + 1] === 0);
}

const text = new Uint8Array(streams.ID_TEXT_BYTES_MAX);

export function replyId(reply: ReplyWriter, id: streams.StreamId): void {
  reply.bulk(text, 0, streams.formatId(text, 0, id));
}

/** The text of an ID, for effects: `length` bytes of `bytes`, until the next call. */
export const idText = { bytes: text, length: 0 };

export function formatIdText(id: streams.StreamId): void {
  idText.length = streams.formatId(text, 0, id);
}

/** IDs in a row, kept for the next command. */
export class IdList {
  length = 0;
  #words: Uint32Array;

  constructor(room = 16) {
    this.#words = new Uint32Array(4 * Math.max(1, room));
  }

  reset(): void {
    this.length = 0;
    if (this.#words.length > 65_536) this.#words = new Uint32Array(64);
  }

  push(id: streams.StreamId): void {
    const at = 4 * this.length++;
    if (at === this.#words.length) {
      const grown = new Uint32Array(2 * at);
      grown.set(this.#words);
      this.#words = grown;
    }
    const words = this.#words;
    words[at] = id[0];
    words[at + 1] = id[1];
    words[at + 2] = id[2];
    words[at + 3] = id[3];
  }

  get(index: number, out: streams.StreamId): void {
    const words = this.#words;
    const at = 4 * index;
    out[0] = words[at];
    out[1] = words[at + 1];
    out[2] = words[at + 2];
    out[3] = words[at + 3];
  }
}

/** The arguments from `from` to the end, which are all IDs, into the list. False: answered. */
export function idArgs(ctx: Context, from: number, list: IdList): boolean {
  list.reset();
  for (let i = from; i < ctx.req.argc; i++) {
    if (!idArg(ctx, i, scratch)) return false;
    list.push(scratch);
  }
  return true;
}

const scratch = streams.newId();

/** Answers with a signed 64-bit integer, given as halves. */
export function replyInt64(reply: ReplyWriter, lo: number, hi: number): void {
  const value = hi * 4294967296 + (lo >>> 0);
  if (Number.isSafeInteger(value)) reply.int(value);
  else reply.bigint((BigInt(hi) << 32n) | BigInt(lo >>> 0));
}

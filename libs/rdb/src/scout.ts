/**
 * Runs ahead of the reader over the entries that follow, and finds the places of their keys. Whoever builds a table of the entries waits for memory
 * at each one; told of the next ones together, it waits once for all (RdbSink.keysAhead). Of the loading of two million strings the search in the table was a
 * quarter, and is a ninth with all that is done here.
 *
 * It decides nothing, and what it cannot pass over quickly it stops at: the end of the chunk, a key that is stored as an integer or compressed, a large
 * collection, whatever is wrong. The reader will see for itself.
 */

import {
  ENC_INT32,
  ENC_LZF,
  LEN_14BIT,
  LEN_32BIT_BYTE,
  LEN_6BIT,
  LEN_ENCODED,
  OP_EXPIRE_MS,
  OP_EXPIRE_SECONDS,
  OP_FREQ,
  OP_IDLE,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_LIST_QUICKLIST,
  TYPE_LIST_QUICKLIST_2,
  TYPE_NAMES,
  TYPE_SET,
  TYPE_SET_LISTPACK,
  TYPE_STREAM_LISTPACKS,
  TYPE_STREAM_LISTPACKS_2,
  TYPE_STRING,
  TYPE_ZSET_2,
} from './format.ts';
import { isReadable } from './values.ts';

/** Keys that are told at a time. Twice as many bring nothing more. */
export const KEYS_AHEAD_MAX = 16;
/** Items of a collection that are worth being stepped over. */
const ITEMS_MAX = 32;
/** Bytes in which the lengths in front of a string surely end. */
const HEAD_BYTES_MAX = 16;

export class KeyScout {
  /** Of each key found: where it begins in the buffer, and its length. */
  readonly places = new Int32Array(2 * KEYS_AHEAD_MAX);
  /** Where it stopped: until then there is nothing new to find. */
  end = 0;

  /** Another buffer comes, or other bytes in it. */
  reset(): void {
    this.end = 0;
  }

  /** Looks at the entries from `pos` on, where an entry or an opcode begins. Returns how many keys it found. */
  look(buf: Uint8Array, pos: number, stop: number): number {
    const places = this.places;
    let count = 0;
    let at = pos;
    while (count < KEYS_AHEAD_MAX) {
      const type = skipAttributes(buf, at, stop);
      if (type < 0) break;
      const key = type + 1;
      const keyLen = plainLength(buf, key, stop);
      if (keyLen < 0) break;
      const keyAt = key + (buf[key] >>> 6 === LEN_6BIT ? 1 : 2);
      if (keyAt + keyLen > stop) break;
      places[2 * count] = keyAt;
      places[2 * count + 1] = keyLen;
      count++;
      at = keyAt + keyLen;
      const next = skipValue(buf, buf[type], at, stop);
      if (next < 0) break;
      at = next;
    }
    // At least past this one: there is no second look at what could not be found.
    this.end = Math.max(at, pos + 1);
    return count;
  }
}

/** Where the type of the entry stands that begins here; -1 when none does. */
function skipAttributes(buf: Uint8Array, at: number, stop: number): number {
  for (;;) {
    if (at + HEAD_BYTES_MAX > stop) return -1;
    switch (buf[at]) {
      case OP_EXPIRE_MS:
        at += 9;
        break;
      case OP_EXPIRE_SECONDS:
        at += 5;
        break;
      case OP_FREQ:
        at += 2;
        break;
      case OP_IDLE: {
        const kind = buf[at + 1] >>> 6;
        if (kind === LEN_ENCODED) return -1;
        at += kind === LEN_6BIT ? 2 : kind === LEN_14BIT ? 3 : buf[at + 1] === LEN_32BIT_BYTE ? 6 : 10;
        break;
      }
      default:
        return buf[at] < TYPE_NAMES.length && isReadable(buf[at]) ? at : -1;
    }
  }
}

/** A length of one or two bytes; -1 for all others. */
function plainLength(buf: Uint8Array, at: number, stop: number): number {
  if (at + HEAD_BYTES_MAX > stop) return -1;
  const kind = buf[at] >>> 6;
  if (kind === LEN_6BIT) return buf[at];
  return kind === LEN_14BIT ? ((buf[at] & 0x3f) << 8) | buf[at + 1] : -1;
}

/** The place behind a value; -1 when it cannot be said quickly. */
function skipValue(buf: Uint8Array, type: number, at: number, stop: number): number {
  // All of the value is one string.
  if (type === TYPE_STRING || (type > TYPE_ZSET_2 && type < TYPE_LIST_QUICKLIST)) return skipString(buf, at, stop);
  if (type > TYPE_STREAM_LISTPACKS && type < TYPE_LIST_QUICKLIST_2) return skipString(buf, at, stop);
  if (type === TYPE_SET_LISTPACK) return skipString(buf, at, stop);
  if (type >= TYPE_STREAM_LISTPACKS_2) return -1;
  const items = plainLength(buf, at, stop);
  if (items < 0 || items > ITEMS_MAX) return -1;
  at += buf[at] >>> 6 === LEN_6BIT ? 1 : 2;
  switch (type) {
    case TYPE_LIST:
    case TYPE_SET:
    case TYPE_LIST_QUICKLIST:
      return skipStrings(buf, items, 0, 0, at, stop);
    case TYPE_HASH:
      return skipStrings(buf, 2 * items, 0, 0, at, stop);
    case TYPE_ZSET_2:
      return skipStrings(buf, items, 0, 8, at, stop);
    case TYPE_LIST_QUICKLIST_2: // the kind of the node is one byte
      return skipStrings(buf, items, 1, 0, at, stop);
    default:
      return -1;
  }
}

function skipStrings(buf: Uint8Array, count: number, before: number, behind: number, at: number, stop: number): number {
  for (let i = 0; i < count && at >= 0; i++) {
    at = skipString(buf, at + before, stop);
    if (at >= 0) at += behind;
  }
  return at;
}

function skipString(buf: Uint8Array, at: number, stop: number): number {
  if (at + HEAD_BYTES_MAX > stop) return -1;
  const first = buf[at];
  switch (first >>> 6) {
    case LEN_6BIT:
      at += 1 + first;
      break;
    case LEN_14BIT:
      at += 2 + (((first & 0x3f) << 8) | buf[at + 1]);
      break;
    case LEN_ENCODED: {
      const encoding = first & 0x3f;
      if (encoding <= ENC_INT32) {
        at += 1 + (1 << encoding);
        break;
      }
      if (encoding !== ENC_LZF) return -1;
      const compressed = plainLength(buf, at + 1, stop);
      if (compressed < 0) return -1;
      at += buf[at + 1] >>> 6 === LEN_6BIT ? 2 : 3;
      // What it expands to, then the bytes.
      at += lengthBytes(buf[at]) + compressed;
      break;
    }
    default: {
      if (first !== LEN_32BIT_BYTE) return -1;
      const length = buf[at + 1] * 0x1000000 + ((buf[at + 2] << 16) | (buf[at + 3] << 8) | buf[at + 4]);
      at += 5 + length;
    }
  }
  return at <= stop ? at : -1;
}

function lengthBytes(first: number): number {
  const kind = first >>> 6;
  if (kind === LEN_6BIT) return 1;
  if (kind === LEN_14BIT) return 2;
  return first === LEN_32BIT_BYTE ? 5 : 9;
}

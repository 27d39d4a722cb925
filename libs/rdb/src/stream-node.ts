// A node of a stream is a listpack of entries whose IDs are differences to the node's master ID:
//
//   live count   deleted count   number of master fields   master field…   0
//   entry = flags   ms difference   seq difference   [number of fields]   field and value…   elements of the entry
//
// An entry that has the master's fields (a flag) has values only.

import { Int64 } from './int64.ts';
import {
  LISTPACK_END,
  LISTPACK_HEADER_BYTES,
  listpackFrameFits,
  listpackNextChecked,
  readInteger,
} from './listpack.ts';

const FLAG_DELETED = 1;
const FLAG_SAME_FIELDS = 2;

/** A stream ID in four 32-bit parts, the highest first. */
export type StreamIdParts = Uint32Array;

export function compareStreamIds(a: StreamIdParts, b: StreamIdParts): number {
  for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

/** Four words by hand take a tenth of the time that TypedArray's `set` takes. */
export function copyStreamId(to: StreamIdParts, from: StreamIdParts): void {
  to[0] = from[0];
  to[1] = from[1];
  to[2] = from[2];
  to[3] = from[3];
}

export const STREAM_ID_ZERO: StreamIdParts = new Uint32Array(4);

/** Checks nodes of streams; one object, used again. */
export class StreamNodeCheck {
  /** Of the node that was checked last: its live entries, the first of them, and the highest ID, deleted or not. */
  live = 0;
  readonly first: StreamIdParts = new Uint32Array(4);
  readonly highest: StreamIdParts = new Uint32Array(4);

  readonly #id: StreamIdParts = new Uint32Array(4);
  readonly #ms = new Int64();
  readonly #seq = new Int64();
  readonly #number = new Int64();
  #buf: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** True when the bytes are a node of this master ID that is whole in all its parts, with ascending IDs. */
  check(buf: Uint8Array, off: number, len: number, master: StreamIdParts): boolean {
    if (!listpackFrameFits(buf, off, len)) return false;
    this.#buf = buf;
    this.#at = off + LISTPACK_HEADER_BYTES;
    this.#end = off + len - 1;
    this.live = 0;
    copyStreamId(this.first, STREAM_ID_ZERO);
    copyStreamId(this.highest, STREAM_ID_ZERO);
    const whole = this.#node(master);
    this.#buf = EMPTY;
    return whole;
  }

  #node(master: StreamIdParts): boolean {
    const live = this.#count();
    const deleted = this.#count();
    const masterFields = this.#count();
    if (live === -1 || deleted === -1 || masterFields === -1 || !this.#skip(masterFields)) return false;
    if (this.#count() !== 0) return false;
    const total = live + deleted;
    for (let i = 0; i < total; i++) {
      if (!this.#entry(master, masterFields, i === 0)) return false;
    }
    return this.live === live && this.#at === this.#end;
  }

  #entry(master: StreamIdParts, masterFields: number, isFirst: boolean): boolean {
    const flags = this.#count();
    if (flags === -1 || !this.#integer(this.#ms) || !this.#integer(this.#seq)) return false;
    addDifferences(master, this.#ms, this.#seq, this.#id);
    if (!isFirst && compareStreamIds(this.#id, this.highest) <= 0) return false;
    copyStreamId(this.highest, this.#id);
    if ((flags & FLAG_DELETED) === 0) {
      if (this.live === 0) copyStreamId(this.first, this.#id);
      this.live++;
    }
    let elements: number;
    if ((flags & FLAG_SAME_FIELDS) !== 0) {
      if (!this.#skip(masterFields)) return false;
      elements = masterFields + 3;
    } else {
      const fields = this.#count();
      if (fields === -1 || !this.#skip(2 * fields)) return false;
      elements = 2 * fields + 4;
    }
    return this.#count() === elements;
  }

  /** An integer of at least 0, or -1. */
  #count(): number {
    const at = this.#at;
    if (at + 1 < this.#end && this.#buf[at] < 0x80 && this.#buf[at + 1] === 1) {
      this.#at = at + 2;
      return this.#buf[at];
    }
    return this.#integer(this.#number) && this.#number.hi >= 0 ? this.#number.hi * 0x100000000 + this.#number.lo : -1;
  }

  #integer(out: Int64): boolean {
    const at = this.#at;
    return at < this.#end && this.#buf[at] !== LISTPACK_END && readInteger(this.#buf, at, out) && this.#skip(1);
  }

  #skip(count: number): boolean {
    const buf = this.#buf;
    const end = this.#end;
    let at = this.#at;
    for (let i = 0; i < count; i++) {
      if (at >= end) return false;
      const size = (buf[at] & 0x3f) + 1;
      // Short strings, which most elements are, spelled out.
      if (buf[at] >= 0x80 && buf[at] < 0xc0 && at + size < end && buf[at + size] === size) at += size + 1;
      else {
        at = listpackNextChecked(buf, at, end);
        if (at === -1) return false;
      }
    }
    this.#at = at;
    return true;
  }
}

const EMPTY = new Uint8Array(0);

/** Modulo 2^64 each, as Redis adds them. */
function addDifferences(master: StreamIdParts, ms: Int64, seq: Int64, out: StreamIdParts): void {
  addPart(master, 0, ms, out);
  addPart(master, 2, seq, out);
}

function addPart(master: StreamIdParts, at: number, difference: Int64, out: StreamIdParts): void {
  const low = master[at + 1] + difference.lo;
  out[at + 1] = low;
  out[at] = master[at] + difference.hi + (low > 0xffffffff ? 1 : 0);
}

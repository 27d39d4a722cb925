import { invalidate } from './estimate.ts';
import {
  DENSE,
  DENSE_BYTES,
  HEADER_BYTES,
  REGISTERS,
  SPARSE,
  SPARSE_VALUE_MAX,
  raiseDense,
  setDenseRegister,
  spanAt,
} from './registers.ts';

/** Answers of `raise`. */
export const RAISED = 1;
export const UNCHANGED = 0;
export const CORRUPTED = -1;

const ZEROS_MAX = 64;
const VALUES_MAX = 4;
/** Runs that are looked at for neighbours which can be one. */
const MERGE_RUNS = 5;

/**
 * A HyperLogLog being changed, outside the arena: the string is written back when all is done, so that a full arena changes
 * nothing. One object serves every command.
 */
export class Sketch {
  buf = new Uint8Array(DENSE_BYTES + 16);
  len = 0;
  /** A run of `raise` made it dense because it had become too long, not because a value needs it. */
  outgrown = false;

  /** An empty one, sparse. */
  clear(): void {
    this.buf.fill(0, 0, HEADER_BYTES);
    this.buf[0] = 72;
    this.buf[1] = 89;
    this.buf[2] = this.buf[3] = 76;
    this.buf[4] = SPARSE;
    this.len = HEADER_BYTES + writeZeros(this.buf, HEADER_BYTES, REGISTERS);
    this.outgrown = false;
  }

  load(u8: Uint8Array, at: number, len: number): void {
    if (this.buf.length < len + 16) this.buf = new Uint8Array(len + 16);
    this.buf.set(u8.subarray(at, at + len));
    this.len = len;
    this.outgrown = false;
  }

  get dense(): boolean {
    return this.buf[4] === DENSE;
  }

  /** Raises a register to a value. A sparse one that would be longer than `bytesMax` becomes dense. */
  raise(register: number, value: number, bytesMax: number): number {
    if (this.dense) return raiseDense(this.buf, HEADER_BYTES, register, value) ? RAISED : UNCHANGED;
    return value > SPARSE_VALUE_MAX ? this.#promote(register, value) : this.#raiseSparse(register, value, bytesMax);
  }

  #promote(register: number, value: number): number {
    if (!this.toDense()) return CORRUPTED;
    setDenseRegister(this.buf, HEADER_BYTES, register, value);
    return RAISED;
  }

  /** Makes it dense; false: it is corrupted, and as before. */
  toDense(): boolean {
    if (this.dense) return true;
    const from = this.buf;
    const end = this.len;
    const to = new Uint8Array(DENSE_BYTES + 16);
    to.set(from.subarray(0, HEADER_BYTES));
    to[4] = DENSE;
    let i = 0;
    for (let at = HEADER_BYTES; at < end;) {
      const op = from[at];
      const span = spanAt(from, at, end);
      if (i + span > REGISTERS) return false;
      if (op >= 0x80) for (let j = i; j < i + span; j++) setDenseRegister(to, HEADER_BYTES, j, ((op >> 2) & 31) + 1);
      i += span;
      at += isLong(op) ? 2 : 1;
    }
    if (i !== REGISTERS) return false;
    this.buf = to;
    this.len = DENSE_BYTES;
    return true;
  }

  #raiseSparse(register: number, value: number, bytesMax: number): number {
    const { buf } = this;
    const end = this.len;
    let at = HEADER_BYTES;
    let previous = HEADER_BYTES;
    let first = 0;
    let span = 0;
    while (at < end) {
      span = spanAt(buf, at, end);
      if (register < first + span) break;
      previous = at;
      first += span;
      at += isLong(buf[at]) ? 2 : 1;
    }
    const op = buf[at];
    if (at >= end || (isLong(op) && at + 1 >= end)) return CORRUPTED;
    const old = op >= 0x80 ? ((op >> 2) & 31) + 1 : 0;
    if (old >= value) return UNCHANGED;
    if (span === 1 && !isLong(op)) writeValues(buf, at, value, 1);
    else {
      // The run becomes what is before the register, the register, and what is behind it.
      const before = register - first;
      const behind = span - 1 - before;
      const bytes = runBytes(before, old) + 1 + runBytes(behind, old);
      const grown = bytes - (isLong(op) ? 2 : 1);
      if (grown > 0 && end + grown > bytesMax) {
        const promoted = this.#promote(register, value);
        this.outgrown = promoted === RAISED;
        return promoted;
      }
      if (buf.length < end + 8) {
        this.buf = new Uint8Array(end * 2);
        this.buf.set(buf);
      }
      const next = at + bytes - grown;
      this.buf.copyWithin(next + grown, next, end);
      this.len = end + grown;
      at += writeRun(this.buf, at, before, old);
      at += writeValues(this.buf, at, value, 1);
      writeRun(this.buf, at, behind, old);
    }
    this.#mergeFrom(previous);
    invalidate(this.buf, 0);
    return RAISED;
  }

  /** Makes neighbours of the same value one run where it can hold them. */
  #mergeFrom(at: number): void {
    const { buf } = this;
    for (let runs = 0; runs < MERGE_RUNS && at < this.len; runs++) {
      const op = buf[at];
      if (op < 0x80) {
        at += isLong(op) ? 2 : 1;
        continue;
      }
      if (at + 1 < this.len && buf[at + 1] >= 0x80 && ((buf[at + 1] ^ op) & 0x7c) === 0) {
        const count = (op & 3) + 1 + (buf[at + 1] & 3) + 1;
        if (count <= VALUES_MAX) {
          writeValues(buf, at + 1, ((op >> 2) & 31) + 1, count);
          buf.copyWithin(at, at + 1, this.len);
          this.len--;
          continue;
        }
      }
      at++;
    }
  }
}

function isLong(op: number): boolean {
  return op >= 0x40 && op < 0x80;
}

function runBytes(count: number, value: number): number {
  if (count === 0) return 0;
  return value === 0 && count > ZEROS_MAX ? 2 : 1;
}

function writeRun(buf: Uint8Array, at: number, count: number, value: number): number {
  if (count === 0) return 0;
  return value === 0 ? writeZeros(buf, at, count) : writeValues(buf, at, value, count);
}

function writeZeros(buf: Uint8Array, at: number, count: number): number {
  if (count <= ZEROS_MAX) {
    buf[at] = count - 1;
    return 1;
  }
  buf[at] = ((count - 1) >> 8) | 0x40;
  buf[at + 1] = count - 1;
  return 2;
}

function writeValues(buf: Uint8Array, at: number, value: number, count: number): number {
  buf[at] = ((value - 1) << 2) | (count - 1) | 0x80;
  return 1;
}

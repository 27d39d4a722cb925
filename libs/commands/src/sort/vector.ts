import { Element, zsets } from '@weir/keyspace';
import type { Context } from '../core/context.ts';
import type { Pattern } from './pattern.ts';
import { mergeSort, partialSort } from './order.ts';

/**
 * The elements that a SORT is about, as places of their bytes: in the arena, where nothing that a SORT looks at moves meanwhile,
 * or, for what is kept as an integer, in a buffer of the vector's own (as negative offsets). No element becomes a JavaScript object.
 */
export class Vector {
  size = 0;
  #off: Float64Array;
  #len: Uint32Array;
  /** What elements are compared by: numbers, or bytes. A length of NONE: the pattern names no value. */
  #score: Float64Array | null = null;
  #byOff: Float64Array | null = null;
  #byLen: Uint32Array | null = null;
  readonly #arena: Uint8Array;
  #own = new Uint8Array(1024);
  #ownEnd = 0;
  /** The elements in the order that they are told in. */
  readonly order: Uint32Array;

  constructor(ctx: Context, size: number) {
    this.#arena = ctx.arena.u8;
    this.#off = new Float64Array(size);
    this.#len = new Uint32Array(size);
    this.order = new Uint32Array(size);
  }

  add(element: Element): void {
    const i = this.size++;
    this.order[i] = i;
    this.#off[i] = this.#place(element);
    this.#len[i] = element.len;
  }

  #place(element: Element): number {
    if (element.buf === this.#arena) return element.off;
    const end = this.#ownEnd + element.len;
    if (end > this.#own.length) {
      const grown = new Uint8Array(2 * end);
      grown.set(this.#own);
      this.#own = grown;
    }
    for (let i = 0; i < element.len; i++) this.#own[this.#ownEnd + i] = element.buf[element.off + i];
    const place = -1 - this.#ownEnd;
    this.#ownEnd = end;
    return place;
  }

  /** Reads the element at a place of the order. */
  get(at: number, out: Element): void {
    const i = this.order[at];
    this.#view(this.#off[i], this.#len[i], out);
  }

  #view(place: number, len: number, out: Element): void {
    if (place < 0) out.setBytes(this.#own, -1 - place, len);
    else out.setBytes(this.#arena, place, len);
  }

  /** Compares as numbers; of the elements, or of what `by` names (nothing counts as 0). False: something is no number. */
  weighAsNumbers(ctx: Context, by: Pattern | null): boolean {
    const scores = new Float64Array(this.size);
    let valid = true;
    for (let i = 0; i < this.size; i++) {
      this.#view(this.#off[i], this.#len[i], element);
      if (by !== null && !by.read(ctx, element.buf, element.off, element.len, element)) continue;
      const score = number(element);
      if (score !== score) valid = false;
      scores[i] = score;
    }
    this.#score = scores;
    return valid;
  }

  /** Compares as bytes. `cStrings`: up to a NUL, as strcoll. */
  weighAsBytes(ctx: Context, by: Pattern | null, cStrings: boolean): void {
    const offs = by === null ? this.#off : new Float64Array(this.size);
    const lens = by === null && !cStrings ? this.#len : new Uint32Array(this.size);
    for (let i = 0; i < this.size; i++) {
      this.#view(this.#off[i], this.#len[i], element);
      if (by !== null) {
        if (!by.read(ctx, element.buf, element.off, element.len, element)) {
          lens[i] = NONE;
          continue;
        }
        offs[i] = this.#place(element);
      }
      lens[i] = cStrings ? lengthOfCString(element) : element.len;
    }
    this.#byOff = offs;
    this.#byLen = lens;
  }

  /** Sorts all elements, or if `partially` so far that those of [first, last] are right. */
  sort(descending: boolean, partially: boolean, first: number, last: number): void {
    const sign = descending ? -1 : 1;
    const compare =
      this.#score === null
        ? (a: number, b: number): number => sign * this.#compareBytes(this.#byOff!, this.#byLen!, a, b)
        : (a: number, b: number): number => sign * this.#compareScores(this.#score!, a, b);
    if (partially) partialSort(this.order, compare, first, last);
    else mergeSort(this.order, compare);
  }

  /** Brings the elements in an order that does not depend on where they came from. */
  sortByElement(): void {
    mergeSort(this.order, (a, b) => this.#compareBytes(this.#off, this.#len, a, b));
    // The order that `sort` begins with.
    const offs = new Float64Array(this.size);
    const lens = new Uint32Array(this.size);
    for (let i = 0; i < this.size; i++) {
      offs[i] = this.#off[this.order[i]];
      lens[i] = this.#len[this.order[i]];
    }
    for (let i = 0; i < this.size; i++) this.order[i] = i;
    this.#off = offs;
    this.#len = lens;
  }

  #compareScores(scores: Float64Array, a: number, b: number): number {
    const x = scores[a];
    const y = scores[b];
    return x < y ? -1 : x > y ? 1 : this.#compareBytes(this.#off, this.#len, a, b);
  }

  #compareBytes(offs: Float64Array, lens: Uint32Array, a: number, b: number): number {
    const lenA = lens[a];
    const lenB = lens[b];
    if (lenA === NONE || lenB === NONE) return lenA === lenB ? 0 : lenA === NONE ? -1 : 1;
    const bufA = offs[a] < 0 ? this.#own : this.#arena;
    const bufB = offs[b] < 0 ? this.#own : this.#arena;
    const offA = offs[a] < 0 ? -1 - offs[a] : offs[a];
    const offB = offs[b] < 0 ? -1 - offs[b] : offs[b];
    const len = Math.min(lenA, lenB);
    for (let i = 0; i < len; i++) {
      const difference = bufA[offA + i] - bufB[offB + i];
      if (difference !== 0) return difference;
    }
    return lenA - lenB;
  }
}

const NONE = 0xffffffff;
const element = new Element();

/** NaN: not a number that a double holds. */
function number(of: Element): number {
  const end = of.off + lengthOfCString(of);
  const value = zsets.strtod(of.buf, of.off, end);
  if (zsets.parsed.end !== end || zsets.parsed.range) return NaN;
  // What is too small for a normal number has lost digits, which C calls out of range.
  return value !== 0 && Math.abs(value) < 2.2250738585072014e-308 ? NaN : value;
}

function lengthOfCString({ buf, off, len }: Element): number {
  for (let i = 0; i < len; i++) if (buf[off + i] === 0) return i;
  return len;
}

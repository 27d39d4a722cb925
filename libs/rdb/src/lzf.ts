// LZF, the format of liblzf. A control byte below 32 begins a run of (control + 1) literal bytes; any other is a copy from up to
// 8192 bytes back: three bits of length (7: one more byte adds to it), thirteen of distance.

const HASH_BITS = 16;
const HASH_MASK = (1 << HASH_BITS) - 1;
const LITERAL_BITS = 5;
const LITERAL_MAX = 1 << LITERAL_BITS;
const DISTANCE_MAX = 8192;
const MATCH_MAX = 264;

/** No compressed byte stands for more than this: a three-byte copy gives at most 264. Bounds a claim before memory is spent on it. */
export const LZF_EXPANSION_MAX = 88;

/**
 * Decompresses src[srcOff, +srcLen) into exactly dstLen bytes. False, with dst in an undefined state, when the input is malformed or
 * stands for another length. Never reads or writes outside the two ranges.
 */
export function lzfDecompress(
  src: Uint8Array,
  srcOff: number,
  srcLen: number,
  dst: Uint8Array,
  dstOff: number,
  dstLen: number,
): boolean {
  const srcEnd = srcOff + srcLen;
  const dstEnd = dstOff + dstLen;
  let i = srcOff;
  let o = dstOff;
  while (i < srcEnd) {
    const control = src[i++];
    if (control < LITERAL_MAX) {
      const stop = i + control + 1;
      if (stop > srcEnd || o + control + 1 > dstEnd) return false;
      do dst[o++] = src[i++];
      while (i < stop);
      continue;
    }
    let length = control >>> 5;
    if (length === 7) {
      if (i >= srcEnd) return false;
      length += src[i++];
    }
    if (i >= srcEnd) return false;
    let from = o - (((control & 0x1f) << 8) | src[i++]) - 1;
    const stop = o + length + 2;
    if (from < dstOff || stop > dstEnd) return false;
    // Byte by byte on purpose: source and target may overlap, which is how LZF writes runs.
    // Three there are in every copy.
    dst[o] = dst[from];
    dst[o + 1] = dst[from + 1];
    dst[o + 2] = dst[from + 2];
    o += 3;
    from += 3;
    while (o < stop) dst[o++] = dst[from++];
  }
  return o === dstEnd;
}

/**
 * Greedy, one hash probe per position, and in all its choices (hash, which positions are remembered, where it gives up) the same as
 * liblzf in Redis, so that DUMP answers and snapshots are the bytes that Redis writes. Any other choice would be as valid to read.
 *
 * The table is never cleared: it holds positions counted over all inputs, so that what an earlier input left behind is recognised by
 * being below this one's base. (Clearing 256 KiB per string would cost far more than compressing a short one.)
 */
export class LzfCompressor {
  readonly #table = new Int32Array(1 << HASH_BITS);
  #base = 1;

  /** Compressed length, or 0 when it would not fit into dstLen: a few bytes of dst are wanted spare, as liblzf wants them. */
  compress(src: Uint8Array, srcOff: number, srcLen: number, dst: Uint8Array, dstOff: number, dstLen: number): number {
    if (srcLen === 0) return 0;
    if (this.#base > 0x7fffffff - srcLen) {
      this.#table.fill(0);
      this.#base = 1;
    }
    const base = this.#base;
    this.#base += srcLen;
    return lzfCompress(this.#table, base, src, srcOff, srcLen, dst, dstOff, dstLen);
  }
}

function lzfCompress(
  table: Int32Array,
  base: number,
  src: Uint8Array,
  srcOff: number,
  srcLen: number,
  dst: Uint8Array,
  dstOff: number,
  dstLen: number,
): number {
  const srcEnd = srcOff + srcLen;
  const dstEnd = dstOff + dstLen;
  const hashStop = srcEnd - 2; // three bytes are hashed
  const toPosition = base - srcOff;
  let i = srcOff;
  let o = dstOff;
  let literalFrom = srcOff;
  while (i < hashStop) {
    const b0 = src[i];
    const b1 = src[i + 1];
    const b2 = src[i + 2];
    const slot = hash(b0, b1, b2);
    const candidate = table[slot];
    table[slot] = i + toPosition;
    const ref = candidate - toPosition;
    // The very first position is never referred to: liblzf's test for stale entries excludes it.
    if (candidate <= base || i - ref > DISTANCE_MAX || src[ref] !== b0 || src[ref + 1] !== b1 || src[ref + 2] !== b2) {
      const literals = i - literalFrom;
      if (o + literals + (literals >>> LITERAL_BITS) + 1 >= dstEnd) return 0;
      i++;
      continue;
    }

    let lengthMax = srcEnd - i - 2 < MATCH_MAX ? srcEnd - i - 2 : MATCH_MAX;
    if (lengthMax === 17 || lengthMax === 18) lengthMax = 19; // liblzf compares sixteen bytes in a row, then one more
    let length = 3;
    while (length < lengthMax && src[ref + length] === src[i + length]) length++;

    const literals = i - literalFrom;
    if (o + literals + ((literals + LITERAL_MAX - 1) >>> LITERAL_BITS) + 4 >= dstEnd) return 0;
    o = putLiterals(src, literalFrom, i, dst, o);
    const distance = i - ref - 1;
    if (length < 9) {
      dst[o++] = ((length - 2) << 5) | (distance >>> 8);
    } else {
      dst[o++] = (7 << 5) | (distance >>> 8);
      dst[o++] = length - 9;
    }
    dst[o++] = distance;
    i += length;
    literalFrom = i;
    if (i >= hashStop) break;
    // Of the positions inside a copy only the last two are remembered.
    table[hash(src[i - 2], src[i - 1], src[i])] = i - 2 + toPosition;
    table[hash(src[i - 1], src[i], src[i + 1])] = i - 1 + toPosition;
  }
  const literals = i - literalFrom;
  if (o + literals + (literals >>> LITERAL_BITS) + 4 > dstEnd) return 0;
  return putLiterals(src, literalFrom, srcEnd, dst, o) - dstOff;
}

function hash(b0: number, b1: number, b2: number): number {
  return (((b0 << 8) | b1) - ((b1 << 8) | b2) * 5) & HASH_MASK;
}

/** The new end of output; the caller has made sure of the room. */
function putLiterals(src: Uint8Array, from: number, to: number, dst: Uint8Array, out: number): number {
  let i = from;
  let o = out;
  while (i < to) {
    const run = to - i < LITERAL_MAX ? to - i : LITERAL_MAX;
    dst[o++] = run - 1;
    for (const stop = i + run; i < stop;) dst[o++] = src[i++];
  }
  return o;
}

// LZF, the format of liblzf. A control byte below 32 begins a run of (control + 1) literal bytes; any other is a copy from up to
// 8192 bytes back: three bits of length (7: one more byte adds to it), thirteen of distance.

const HASH_BITS = 14;
const LITERAL_MAX = 32;
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
      while (i < stop) dst[o++] = src[i++];
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
    while (o < stop) dst[o++] = dst[from++];
  }
  return o === dstEnd;
}

/**
 * Greedy, one hash probe per position. The table is never cleared: it holds positions counted over all inputs, so that what an
 * earlier input left behind is recognised by being below this one's base (clearing 64 KiB per string would cost more than a
 * short string's whole compression).
 */
export class LzfCompressor {
  readonly #table = new Int32Array(1 << HASH_BITS);
  #base = 1;

  /** Compressed length, or 0 when it would not fit into dstLen. */
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
  const shift = 32 - HASH_BITS;
  let i = srcOff;
  let o = dstOff;
  let literalFrom = srcOff;
  while (i < hashStop) {
    const b0 = src[i];
    const b1 = src[i + 1];
    const b2 = src[i + 2];
    const slot = Math.imul((b0 << 16) | (b1 << 8) | b2, 0x9e3779b1) >>> shift;
    const candidate = table[slot];
    table[slot] = base + (i - srcOff);
    if (candidate < base) {
      i++;
      continue;
    }
    const ref = srcOff + (candidate - base);
    const distance = i - ref - 1;
    if (distance >= DISTANCE_MAX || src[ref] !== b0 || src[ref + 1] !== b1 || src[ref + 2] !== b2) {
      i++;
      continue;
    }
    let length = 3;
    const lengthMax = srcEnd - i < MATCH_MAX ? srcEnd - i : MATCH_MAX;
    while (length < lengthMax && src[ref + length] === src[i + length]) length++;

    o = putLiterals(src, literalFrom, i, dst, o, dstEnd);
    if (o < 0 || o + 3 > dstEnd) return 0;
    if (length < 9) {
      dst[o++] = ((length - 2) << 5) | (distance >>> 8);
    } else {
      dst[o++] = (7 << 5) | (distance >>> 8);
      dst[o++] = length - 9;
    }
    dst[o++] = distance;
    i += length;
    literalFrom = i;
  }
  o = putLiterals(src, literalFrom, srcEnd, dst, o, dstEnd);
  return o < 0 ? 0 : o - dstOff;
}

/** The new end of output, or -1 when there is no room. */
function putLiterals(src: Uint8Array, from: number, to: number, dst: Uint8Array, out: number, dstEnd: number): number {
  let i = from;
  let o = out;
  while (i < to) {
    const run = to - i < LITERAL_MAX ? to - i : LITERAL_MAX;
    if (o + run + 1 > dstEnd) return -1;
    dst[o++] = run - 1;
    for (const stop = i + run; i < stop;) dst[o++] = src[i++];
  }
  return o;
}

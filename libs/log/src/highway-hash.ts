/*
 * HighwayHash-64, which nats-server puts behind each record of its files (key: SHA-256 of the stream's name). Only a check of it tells before
 * nats-server starts which record it will not take, and that it will cut the file there (block-file.ts).
 *
 * 64-bit numbers are two halves of 32 bits in one Uint32Array: four lanes of v0, v1, mul0 and mul1, low half first. BigInt would read like the
 * published algorithm and takes a hundred times as long.
 */
const V0 = 0;
const V1 = 8;
const MUL0 = 16;
const MUL1 = 24;

// prettier-ignore
const START = new Uint32Array([
  0xfe4cce2f, 0xdbe6d5d5, 0x299f31d0, 0xa4093822, 0x03707344, 0x13198a2e, 0x85a308d3, 0x243f6a88,
  0xcb0ef593, 0x3bd39e10, 0xb5f18a8c, 0xc0acf169, 0x34e90c6c, 0xbe5466cf, 0x38d01377, 0x452821e6,
]);

export class HighwayHash {
  readonly #initial = new Uint32Array(32);
  readonly #state = new Uint32Array(32);
  readonly #packet = new Uint32Array(8);
  readonly #packetBytes = new Uint8Array(this.#packet.buffer);
  #filled = 0;
  /** Of the result. */
  hi = 0;
  lo = 0;

  /** `key`: 32 bytes. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    const s = this.#initial;
    for (let i = 0; i < 8; i++) {
      s[MUL0 + i] = START[i]!;
      s[MUL1 + i] = START[8 + i]!;
      s[V0 + i] = START[i]! ^ view.getUint32(i * 4, true);
      s[V1 + i] = START[8 + i]! ^ view.getUint32((i ^ 1) * 4, true);
    }
  }

  reset(): void {
    this.#state.set(this.#initial);
    this.#filled = 0;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    const packet = this.#packetBytes;
    let filled = this.#filled;
    for (let at = start; at < end; at++) {
      packet[filled++] = bytes[at]!;
      if (filled === 32) {
        update(this.#state, this.#packet);
        filled = 0;
      }
    }
    this.#filled = filled;
  }

  /** Leaves the hash in `hi` and `lo`. */
  finish(): void {
    const s = this.#state;
    if (this.#filled > 0) this.#remainder(this.#filled);
    const permuted = this.#packet;
    for (let round = 0; round < 4; round++) {
      // Lanes 2, 3, 0, 1 of v0, each with its halves exchanged.
      for (let i = 0; i < 8; i++) permuted[i] = s[V0 + (((i + 4) & 7) ^ 1)]!;
      update(s, permuted);
    }
    let carry = 0;
    for (const half of [0, 1]) {
      const sum = s[V0 + half]! + s[V1 + half]! + s[MUL0 + half]! + s[MUL1 + half]! + carry;
      carry = Math.floor(sum / 0x1_0000_0000);
      if (half === 0) this.lo = sum >>> 0;
      else this.hi = sum % 0x1_0000_0000;
    }
  }

  #remainder(size: number): void {
    const s = this.#state;
    const bytes = this.#packetBytes.slice(0, size);
    const packet = this.#packetBytes.fill(0);
    for (let i = 0; i < 8; i += 2) {
      const lo = s[V0 + i]! + size;
      s[V0 + i] = lo;
      s[V0 + i + 1] = s[V0 + i + 1]! + size + (lo > 0xffff_ffff ? 1 : 0);
    }
    for (let i = V1; i < V1 + 8; i++) s[i] = (s[i]! << size) | (s[i]! >>> (32 - size));
    const rest = size & 3;
    const whole = size & ~3;
    packet.set(bytes.subarray(0, whole));
    if ((size & 16) !== 0) packet.set(bytes.subarray(size - 4), 28);
    else if (rest !== 0) {
      packet[16] = bytes[whole]!;
      packet[17] = bytes[whole + (rest >> 1)]!;
      packet[18] = bytes[size - 1]!;
    }
    update(s, this.#packet);
  }
}

function update(s: Uint32Array, packet: Uint32Array): void {
  for (let i = 0; i < 8; i += 2) {
    // v1 += mul0 + packet
    const lo = s[V1 + i]! + s[MUL0 + i]! + packet[i]!;
    const v1lo = lo >>> 0;
    const v1hi = (s[V1 + i + 1]! + s[MUL0 + i + 1]! + packet[i + 1]! + Math.floor(lo / 0x1_0000_0000)) >>> 0;
    s[V1 + i] = v1lo;
    s[V1 + i + 1] = v1hi;
    multiply(s, MUL0 + i, v1lo, s[V0 + i + 1]!);
    const sum = s[V0 + i]! + s[MUL1 + i]!;
    const v0lo = sum >>> 0;
    s[V0 + i] = v0lo;
    s[V0 + i + 1] = s[V0 + i + 1]! + s[MUL1 + i + 1]! + (sum > 0xffff_ffff ? 1 : 0);
    multiply(s, MUL1 + i, v0lo, v1hi);
  }
  zipperMerge(s, V1, V0);
  zipperMerge(s, V1 + 4, V0 + 4);
  zipperMerge(s, V0, V1);
  zipperMerge(s, V0 + 4, V1 + 4);
}

/** s[at] ^= a * b, all 64 bits of it. */
function multiply(s: Uint32Array, at: number, a: number, b: number): void {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const middle = ah * bl + ((al * bl) >>> 16);
  const other = al * bh + (middle & 0xffff);
  s[at] = s[at]! ^ Math.imul(a, b);
  s[at + 1] = s[at + 1]! ^ (ah * bh + (middle >>> 16) + (other >>> 16));
}

/** Mixes the bytes of two lanes at `from` and adds the result to the two at `to`. */
function zipperMerge(s: Uint32Array, from: number, to: number): void {
  const al = s[from]!;
  const ah = s[from + 1]!;
  const bl = s[from + 2]!;
  const bh = s[from + 3]!;
  const lo0 = (al >>> 24) | ((bh & 0xff) << 8) | (al & 0xff0000) | ((ah & 0xff00) << 16);
  const hi0 = ((bh >>> 16) & 0xff) | (al & 0xff00) | ((bh >>> 24) << 16) | (al << 24);
  const lo1 = (bl >>> 24) | ((ah & 0xff) << 8) | (bl & 0xff0000) | ((bh & 0xff00) << 16);
  const hi1 = ((bl >>> 8) & 0xff) | ((ah & 0xff0000) >>> 8) | ((bl & 0xff) << 16) | (ah & 0xff000000);
  const sum0 = s[to]! + (lo0 >>> 0);
  s[to] = sum0;
  s[to + 1] = s[to + 1]! + (hi0 >>> 0) + (sum0 > 0xffff_ffff ? 1 : 0);
  const sum1 = s[to + 2]! + (lo1 >>> 0);
  s[to + 2] = sum1;
  s[to + 3] = s[to + 3]! + (hi1 >>> 0) + (sum1 > 0xffff_ffff ? 1 : 0);
}

/**
 * SHA-1 for DEBUG DIGEST, which hashes several short strings for every key: it reads from any buffer, keeps its state in
 * module-level arrays and allocates nothing; node's own hash would cost an object and two crossings into C++ a call.
 * The four rounds are four loops, each with its own function, five steps at a time, so that no word is moved from one
 * variable to the next. Not for secrets.
 */

export const SHA1_BYTES = 20;

const H = new Int32Array(5);
const W = new Int32Array(80);
const TAIL = new Uint8Array(128);

/** Writes the 20 bytes of the hash of buf[off, off + len) at out[at]; out may be buf. */
export function sha1(buf: Uint8Array, off: number, len: number, out: Uint8Array, at: number): void {
  H[0] = 0x67452301;
  H[1] = 0xefcdab89 | 0;
  H[2] = 0x98badcfe | 0;
  H[3] = 0x10325476;
  H[4] = 0xc3d2e1f0 | 0;
  let pos = off;
  const end = off + len;
  for (; end - pos >= 64; pos += 64) block(buf, pos);
  const rest = end - pos;
  for (let i = 0; i < rest; i++) TAIL[i] = buf[pos + i];
  TAIL[rest] = 0x80;
  const tailBytes = rest < 56 ? 64 : 128;
  for (let i = rest + 1; i < tailBytes - 8; i++) TAIL[i] = 0;
  writeWord(TAIL, tailBytes - 8, Math.floor(len / 0x20000000));
  writeWord(TAIL, tailBytes - 4, (len << 3) | 0);
  block(TAIL, 0);
  if (tailBytes === 128) block(TAIL, 64);
  for (let i = 0; i < 5; i++) writeWord(out, at + 4 * i, H[i]);
}

function writeWord(out: Uint8Array, at: number, word: number): void {
  out[at] = word >>> 24;
  out[at + 1] = word >>> 16;
  out[at + 2] = word >>> 8;
  out[at + 3] = word;
}

function block(buf: Uint8Array, pos: number): void {
  const w = W;
  for (let i = 0; i < 16; i++, pos += 4) {
    w[i] = (buf[pos] << 24) | (buf[pos + 1] << 16) | (buf[pos + 2] << 8) | buf[pos + 3];
  }
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
    w[i] = (x << 1) | (x >>> 31);
  }
  let a = H[0];
  let b = H[1];
  let c = H[2];
  let d = H[3];
  let e = H[4];
  for (let i = 0; i < 20; i += 5) {
    e = (((a << 5) | (a >>> 27)) + (d ^ (b & (c ^ d))) + e + w[i] + 0x5a827999) | 0;
    b = (b << 30) | (b >>> 2);
    d = (((e << 5) | (e >>> 27)) + (c ^ (a & (b ^ c))) + d + w[i + 1] + 0x5a827999) | 0;
    a = (a << 30) | (a >>> 2);
    c = (((d << 5) | (d >>> 27)) + (b ^ (e & (a ^ b))) + c + w[i + 2] + 0x5a827999) | 0;
    e = (e << 30) | (e >>> 2);
    b = (((c << 5) | (c >>> 27)) + (a ^ (d & (e ^ a))) + b + w[i + 3] + 0x5a827999) | 0;
    d = (d << 30) | (d >>> 2);
    a = (((b << 5) | (b >>> 27)) + (e ^ (c & (d ^ e))) + a + w[i + 4] + 0x5a827999) | 0;
    c = (c << 30) | (c >>> 2);
  }
  for (let i = 20; i < 40; i += 5) {
    e = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + w[i] + 0x6ed9eba1) | 0;
    b = (b << 30) | (b >>> 2);
    d = (((e << 5) | (e >>> 27)) + (a ^ b ^ c) + d + w[i + 1] + 0x6ed9eba1) | 0;
    a = (a << 30) | (a >>> 2);
    c = (((d << 5) | (d >>> 27)) + (e ^ a ^ b) + c + w[i + 2] + 0x6ed9eba1) | 0;
    e = (e << 30) | (e >>> 2);
    b = (((c << 5) | (c >>> 27)) + (d ^ e ^ a) + b + w[i + 3] + 0x6ed9eba1) | 0;
    d = (d << 30) | (d >>> 2);
    a = (((b << 5) | (b >>> 27)) + (c ^ d ^ e) + a + w[i + 4] + 0x6ed9eba1) | 0;
    c = (c << 30) | (c >>> 2);
  }
  for (let i = 40; i < 60; i += 5) {
    e = (((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) + e + w[i] + 0x8f1bbcdc) | 0;
    b = (b << 30) | (b >>> 2);
    d = (((e << 5) | (e >>> 27)) + ((a & b) | (c & (a | b))) + d + w[i + 1] + 0x8f1bbcdc) | 0;
    a = (a << 30) | (a >>> 2);
    c = (((d << 5) | (d >>> 27)) + ((e & a) | (b & (e | a))) + c + w[i + 2] + 0x8f1bbcdc) | 0;
    e = (e << 30) | (e >>> 2);
    b = (((c << 5) | (c >>> 27)) + ((d & e) | (a & (d | e))) + b + w[i + 3] + 0x8f1bbcdc) | 0;
    d = (d << 30) | (d >>> 2);
    a = (((b << 5) | (b >>> 27)) + ((c & d) | (e & (c | d))) + a + w[i + 4] + 0x8f1bbcdc) | 0;
    c = (c << 30) | (c >>> 2);
  }
  for (let i = 60; i < 80; i += 5) {
    e = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + w[i] + 0xca62c1d6) | 0;
    b = (b << 30) | (b >>> 2);
    d = (((e << 5) | (e >>> 27)) + (a ^ b ^ c) + d + w[i + 1] + 0xca62c1d6) | 0;
    a = (a << 30) | (a >>> 2);
    c = (((d << 5) | (d >>> 27)) + (e ^ a ^ b) + c + w[i + 2] + 0xca62c1d6) | 0;
    e = (e << 30) | (e >>> 2);
    b = (((c << 5) | (c >>> 27)) + (d ^ e ^ a) + b + w[i + 3] + 0xca62c1d6) | 0;
    d = (d << 30) | (d >>> 2);
    a = (((b << 5) | (b >>> 27)) + (c ^ d ^ e) + a + w[i + 4] + 0xca62c1d6) | 0;
    c = (c << 30) | (c >>> 2);
  }
  H[0] += a;
  H[1] += b;
  H[2] += c;
  H[3] += d;
  H[4] += e;
}

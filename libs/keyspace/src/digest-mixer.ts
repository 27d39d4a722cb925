import { SHA1_BYTES, sha1 } from './sha1.ts';

/**
 * The two steps of Redis's digests (debug.c): *xor* adds the SHA-1 of some bytes to the digest, order does not count; *mix* does
 * so and replaces the digest by its own SHA-1, order counts.
 */
export class DigestMixer {
  /** 20 bytes. */
  readonly bytes = new Uint8Array(SHA1_BYTES);
  readonly #hash = new Uint8Array(SHA1_BYTES);
  readonly #number = new Uint8Array(4);

  reset(): void {
    this.bytes.fill(0);
  }

  xor(buf: Uint8Array, off: number, len: number): void {
    sha1(buf, off, len, this.#hash, 0);
    for (let i = 0; i < SHA1_BYTES; i++) this.bytes[i] ^= this.#hash[i];
  }

  mix(buf: Uint8Array, off: number, len: number): void {
    this.xor(buf, off, len);
    sha1(this.bytes, 0, SHA1_BYTES, this.bytes, 0);
  }

  /** Big endian, 32 bits. */
  mixNumber(value: number): void {
    const number = this.#number;
    number[0] = value >>> 24;
    number[1] = value >>> 16;
    number[2] = value >>> 8;
    number[3] = value;
    this.mix(number, 0, 4);
  }
}

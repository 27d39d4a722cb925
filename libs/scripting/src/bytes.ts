/** Bytes that are put together, to become a string of Lua. */
export class Bytes {
  buf = new Uint8Array(256);
  length = 0;
  /** No longer than this. */
  static readonly MAX = 128 * 1024 * 1024;

  reset(): void {
    this.length = 0;
    if (this.buf.length > 1024 * 1024) this.buf = new Uint8Array(256);
  }

  /** Makes room for so many more. False: there is none. */
  reserve(bytes: number): boolean {
    const needed = this.length + bytes;
    if (needed <= this.buf.length) return true;
    if (needed > Bytes.MAX) return false;
    const grown = new Uint8Array(Math.max(needed, 2 * this.buf.length));
    grown.set(this.buf.subarray(0, this.length));
    this.buf = grown;
    return true;
  }

  byte(value: number): void {
    if (this.length === this.buf.length && !this.reserve(1)) throw new RangeError('a string is too long');
    this.buf[this.length++] = value;
  }

  copy(from: Uint8Array, at: number, length: number): void {
    if (!this.reserve(length)) throw new RangeError('a string is too long');
    this.buf.set(from.subarray(at, at + length), this.length);
    this.length += length;
  }

  /** One byte per character. */
  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }
}

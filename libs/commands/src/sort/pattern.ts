import { Element, TYPE_HASH, TYPE_STRING, hashes, typeOf, valueAddress, valueLength } from '@weir/keyspace';
import type { Context } from '../core/context.ts';

/**
 * A pattern of BY or GET: a key name in which the first `*` stands for the element, with `->field` behind it for a field of a hash; or
 * `#`, the element itself. As for Redis, which looks for them in C strings, `*`, `#` and `->` count only in front of a NUL.
 */
export class Pattern {
  readonly isSelf: boolean;
  readonly hasStar: boolean;
  readonly #buf: Uint8Array;
  readonly #off: number;
  readonly #star: number;
  /** Where the key ends, and the field, if there is one, begins and ends. */
  readonly #keyEnd: number;
  readonly #field: number;
  readonly #end: number;

  constructor(buf: Uint8Array, off: number, len: number) {
    const end = off + len;
    const nul = buf.indexOf(0, off);
    const stop = nul < 0 || nul > end ? end : nul;
    const star = buf.indexOf(42, off);
    this.isSelf = stop - off === 1 && buf[off] === 35;
    this.hasStar = star >= 0 && star < stop;
    this.#buf = buf;
    this.#off = off;
    this.#star = star;
    this.#keyEnd = this.#field = this.#end = end;
    if (!this.hasStar) return;
    for (let at = star + 1; at + 2 < stop; at++) {
      if (buf[at] !== 45 || buf[at + 1] !== 62) continue;
      this.#keyEnd = at;
      this.#field = at + 2;
      break;
    }
  }

  /** Reads what the pattern names for an element; false: there is no such value. It is looked up as by a GET or HGET of its own. */
  read(ctx: Context, buf: Uint8Array, off: number, len: number, out: Element): boolean {
    if (this.isSelf) {
      out.setBytes(buf, off, len);
      return true;
    }
    if (!this.hasStar) return false;
    const prefix = this.#star - this.#off;
    const postfix = this.#keyEnd - this.#star - 1;
    const keyLen = prefix + len + postfix;
    if (keyLen > key.length) key = new Uint8Array(2 * keyLen);
    for (let i = 0; i < prefix; i++) key[i] = this.#buf[this.#off + i];
    for (let i = 0; i < len; i++) key[prefix + i] = buf[off + i];
    for (let i = 0; i < postfix; i++) key[prefix + len + i] = this.#buf[this.#star + 1 + i];
    const ref = ctx.findKey(ctx.db, key, 0, keyLen);
    if (ref === 0) {
      ctx.missedKey(key, 0, keyLen);
      return false;
    }
    ctx.stats.keyspaceHits++;
    ctx.touch(ref);
    const { arena } = ctx;
    if (this.#field < this.#end) {
      if (typeOf(arena, ref) !== TYPE_HASH) return false;
      return hashes.get(ctx.space, ref, this.#buf, this.#field, this.#end - this.#field, out);
    }
    if (typeOf(arena, ref) !== TYPE_STRING) return false;
    out.setBytes(arena.u8, valueAddress(arena, ref), valueLength(arena, ref));
    return true;
  }
}

let key = new Uint8Array(256);

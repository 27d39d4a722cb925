import type { Ref } from '@weir/memory';
import { TYPE_HASH as RDB_HASH, TYPE_HASH_LISTPACK as RDB_HASH_LISTPACK } from '@weir/rdb';
import type { RdbWriter } from '@weir/rdb';
import * as lp from '../listpack/index.ts';
import { ELEMENT_BYTES, TypeLoader } from '../rdb/type-rdb.ts';
import type { TypeWriter } from '../rdb/type-rdb.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { isListpack, length } from './hash.ts';
import { HashIterator } from './iterate.ts';
import { fromListpack, loadPair, prepareLoad } from './load.ts';

export function hashRdbType(space: Space, holder: Ref): number {
  return isListpack(space.arena, holder) ? RDB_HASH_LISTPACK : RDB_HASH;
}

export class HashWriter implements TypeWriter {
  readonly #pairs = new HashIterator();
  #to!: RdbWriter;
  #isWritten = false;

  begin(space: Space, holder: Ref, to: RdbWriter): void {
    const { arena } = space;
    this.#to = to;
    this.#isWritten = isListpack(arena, holder);
    if (this.#isWritten) {
      const root = rootOf(arena, holder);
      to.valueString(arena.u8, root * 16, lp.bytesOf(arena, root));
      return;
    }
    to.valueLength(length(space, holder));
    this.#pairs.start(space, holder);
  }

  more(bytes: number): boolean {
    if (this.#isWritten) return true;
    const pairs = this.#pairs;
    const { field, value } = pairs;
    for (let left = bytes; left > 0; left -= field.len + value.len + 2 * ELEMENT_BYTES) {
      if (!pairs.next()) return true;
      this.#to.valueString(field.buf, field.off, field.len);
      this.#to.valueString(value.buf, value.off, value.len);
    }
    return false;
  }
}

export class HashLoader extends TypeLoader {
  /** A pair was told: the value is prepared for more. */
  #prepared = false;

  override begin(space: Space, holder: Ref, sizeHint: number): void {
    super.begin(space, holder, sizeHint);
    this.#prepared = false;
  }

  override listpack(buf: Uint8Array, off: number, len: number): void {
    if (!fromListpack(this.space, this.holder, buf, off, len)) this.refuse('a field comes twice');
  }

  override pair(
    fieldBuf: Uint8Array,
    fieldOff: number,
    fieldLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
  ): void {
    const { space, holder } = this;
    if (!this.#prepared) {
      this.#prepared = true;
      prepareLoad(space, holder, this.sizeHint);
    }
    if (!loadPair(space, holder, fieldBuf, fieldOff, fieldLen, valBuf, valOff, valLen)) {
      this.refuse('a field comes twice');
    }
  }
}

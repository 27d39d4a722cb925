import type { Ref } from '@weir/memory';
import { TYPE_ZSET_2 as RDB_ZSET, TYPE_ZSET_LISTPACK as RDB_ZSET_LISTPACK } from '@weir/rdb';
import type { RdbWriter } from '@weir/rdb';
import * as listpack from '../listpack/index.ts';
import { ELEMENT_BYTES, TypeLoader } from '../rdb/type-rdb.ts';
import type { TypeWriter } from '../rdb/type-rdb.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { Cursor } from './cursor.ts';
import { isPacked, loadListpack, loadMember, reserve, size } from './zset.ts';

export function zsetRdbType(space: Space, holder: Ref): number {
  return isPacked(space, holder) ? RDB_ZSET_LISTPACK : RDB_ZSET;
}

export class ZsetWriter implements TypeWriter {
  readonly #scores = new Cursor();
  #to!: RdbWriter;
  /** A member is at hand that is not written yet. */
  #atMember = false;

  begin(space: Space, holder: Ref, to: RdbWriter): void {
    const { arena } = space;
    this.#to = to;
    this.#atMember = false;
    if (isPacked(space, holder)) {
      const root = rootOf(arena, holder);
      to.valueString(arena.u8, root * 16, listpack.bytesOf(arena, root));
      return;
    }
    const members = size(space, holder);
    to.valueLength(members);
    this.#atMember = this.#scores.seek(space, holder, members - 1);
  }

  /** The highest score first, as in Redis: then who loads it always adds in front. */
  more(bytes: number): boolean {
    const scores = this.#scores;
    const { element } = scores;
    for (let left = bytes; left > 0; left -= element.len + 2 * ELEMENT_BYTES) {
      if (!this.#atMember) return true;
      this.#to.valueMember(element.buf, element.off, element.len, scores.score());
      this.#atMember = scores.prev();
    }
    return false;
  }
}

export class ZsetLoader extends TypeLoader {
  /** A member was told: the value is prepared for more. */
  #prepared = false;

  override begin(space: Space, holder: Ref, sizeHint: number): void {
    super.begin(space, holder, sizeHint);
    this.#prepared = false;
  }

  override listpack(buf: Uint8Array, off: number, len: number): void {
    if (listpack.hasDuplicates(this.space, buf, off, 2)) this.refuse('a member comes twice');
    loadListpack(this.space, this.holder, buf, off, len);
  }

  override member(buf: Uint8Array, off: number, len: number, score: number): void {
    const { space, holder } = this;
    if (!this.#prepared) {
      this.#prepared = true;
      reserve(space, holder, this.sizeHint);
    }
    if (!loadMember(space, holder, buf, off, len, score)) this.refuse('a member comes twice');
  }
}

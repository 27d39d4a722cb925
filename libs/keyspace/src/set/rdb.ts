import type { Ref } from '@weir/memory';
import { ListpackBuilder, TYPE_SET as RDB_SET, TYPE_SET_INTSET as RDB_SET_INTSET } from '@weir/rdb';
import type { RdbWriter } from '@weir/rdb';
import { ENC_INTSET, encodingOf } from '../entry.ts';
import { Element } from '../listpack/index.ts';
import { parseHalves } from '../listpack/int64.ts';
import { ELEMENT_BYTES, TypeLoader } from '../rdb/type-rdb.ts';
import type { TypeWriter } from '../rdb/type-rdb.ts';
import type { Space } from '../space.ts';
import { SetIterator } from './iterator.ts';
import { loadIntset, loadListpack, raw, startLoading } from './load.ts';
import { add, size } from './value.ts';

/** Of a set's members so many bytes are put together before they are in the arena. */
const PACKED_BYTES_MAX = 64 * 1024;

/** As Redis 7.0 would write it, which has no type for a set that is a listpack. */
export function setRdbType(space: Space, holder: Ref): number {
  return encodingOf(space.arena, holder) === ENC_INTSET ? RDB_SET_INTSET : RDB_SET;
}

export class SetWriter implements TypeWriter {
  readonly #members = new SetIterator();
  readonly #raw = new Element();
  #to!: RdbWriter;
  #isWritten = false;

  begin(space: Space, holder: Ref, to: RdbWriter): void {
    this.#to = to;
    this.#isWritten = encodingOf(space.arena, holder) === ENC_INTSET;
    if (this.#isWritten) {
      raw(space, holder, this.#raw);
      to.valueString(this.#raw.buf, this.#raw.off, this.#raw.len);
      return;
    }
    to.valueLength(size(space, holder));
    this.#members.start(space, holder);
  }

  more(bytes: number): boolean {
    if (this.#isWritten) return true;
    const members = this.#members;
    const { element } = members;
    for (let left = bytes; left > 0; left -= element.len + ELEMENT_BYTES) {
      if (!members.next()) return true;
      this.#to.valueString(element.buf, element.off, element.len);
    }
    return false;
  }
}

export class SetLoader extends TypeLoader {
  /** A member was told: the value is prepared for more. */
  #prepared = false;
  /** The members of a set that is going to be a listpack: one allocation instead of one for each, one search for equal ones. */
  readonly #packed = new ListpackBuilder();
  #packedBytes = 0;
  #isPacking = false;

  override begin(space: Space, holder: Ref, sizeHint: number): void {
    super.begin(space, holder, sizeHint);
    this.#prepared = false;
    this.#isPacking = false;
  }

  override finish(): void {
    if (this.#isPacking) this.#unpack();
  }

  override listpack(buf: Uint8Array, off: number, len: number): void {
    if (!loadListpack(this.space, this.holder, buf, off, len)) this.refuse('a member comes twice');
  }

  override intset(buf: Uint8Array, off: number, len: number): void {
    loadIntset(this.space, this.holder, buf, off, len);
  }

  override element(buf: Uint8Array, off: number, len: number): void {
    const { space, holder } = this;
    if (!this.#prepared) {
      this.#prepared = true;
      this.#isPacking = this.#startsPacking(buf, off, len);
      if (!this.#isPacking) startLoading(space, holder, this.sizeHint);
    }
    if (this.#isPacking) {
      if (this.#pack(buf, off, len)) return;
      this.#unpack();
    }
    if (add(space, holder, buf, off, len) === 0) this.refuse('a member comes twice');
  }

  /** Whether a set of so many members, of which this is the first, becomes a listpack as far as one knows. */
  #startsPacking(buf: Uint8Array, off: number, len: number): boolean {
    const { setMaxIntsetEntries, setMaxListpackEntries, setMaxListpackValue } = this.space.limits;
    if (this.sizeHint > setMaxIntsetEntries || this.sizeHint > setMaxListpackEntries || len > setMaxListpackValue)
      return false;
    this.#packed.reset();
    this.#packedBytes = 0;
    return !parseHalves(buf, off, len);
  }

  #pack(buf: Uint8Array, off: number, len: number): boolean {
    const { setMaxListpackEntries, setMaxListpackValue } = this.space.limits;
    const packed = this.#packed;
    this.#packedBytes += len;
    if (packed.count >= setMaxListpackEntries || len > setMaxListpackValue) return false;
    if (this.#packedBytes > PACKED_BYTES_MAX) return false;
    packed.append(buf, off, len);
    return true;
  }

  /** The members so far are a set. */
  #unpack(): void {
    this.#isPacking = false;
    const bytes = this.#packed.finish();
    if (!loadListpack(this.space, this.holder, this.#packed.bytes, 0, bytes)) this.refuse('a member comes twice');
  }
}

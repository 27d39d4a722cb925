import type { Ref } from '@weir/memory';
import { RdbError } from '@weir/rdb';
import type { RdbStreamMeta } from '@weir/rdb';
import type { Space } from '../space.ts';
import { opsOfType } from '../values.ts';
import type { TypeLoader } from './type-rdb.ts';

/** A claim of a file makes no table reserve more than for this many elements. */
const RESERVE_MAX = 1 << 20;

/**
 * Builds values of the parts that an RDB reader tells (RdbSink), in holders that who derives from it provides: hands each part to the loader of the
 * value's type (type-rdb.ts). A value that cannot be throws an RdbError of code `bad-value`; the holder then holds a part of the value.
 */
export abstract class ValueLoader {
  /** 0: the parts are of a value that is not wanted. */
  protected holder: Ref = 0;
  /** By type, made when the first value of one comes. */
  readonly #loaders: (TypeLoader | undefined)[] = [];
  #loader!: TypeLoader;

  /** Which value it is, for error messages. */
  protected abstract describe(): string;

  protected begin(space: Space, holder: Ref, type: number, sizeHint: number): void {
    this.holder = holder;
    this.#loader = this.#loaders[type] ??= opsOfType(type).newLoader((why) => this.#refuse(why));
    this.#loader.begin(space, holder, Math.min(sizeHint, RESERVE_MAX));
  }

  /** All parts were told. */
  protected finish(): void {
    this.#loader.finish();
  }

  listpack(buf: Uint8Array, off: number, len: number): void {
    if (this.holder !== 0) this.#loader.listpack(buf, off, len);
  }

  intset(buf: Uint8Array, off: number, len: number): void {
    if (this.holder !== 0) this.#loader.intset(buf, off, len);
  }

  element(buf: Uint8Array, off: number, len: number): void {
    if (this.holder !== 0) this.#loader.element(buf, off, len);
  }

  pair(
    fieldBuf: Uint8Array,
    fieldOff: number,
    fieldLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
  ): void {
    if (this.holder !== 0) this.#loader.pair(fieldBuf, fieldOff, fieldLen, valBuf, valOff, valLen);
  }

  member(buf: Uint8Array, off: number, len: number, score: number): void {
    if (this.holder !== 0) this.#loader.member(buf, off, len, score);
  }

  streamNode(
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    buf: Uint8Array,
    off: number,
    len: number,
  ): void {
    if (this.holder !== 0) this.#loader.streamNode(msHi, msLo, seqHi, seqLo, buf, off, len);
  }

  streamMeta(meta: RdbStreamMeta): void {
    if (this.holder !== 0) this.#loader.streamMeta(meta);
  }

  streamGroup(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    readHi: number,
    readLo: number,
  ): void {
    if (this.holder === 0) return;
    this.#loader.streamGroup(nameBuf, nameOff, nameLen, msHi, msLo, seqHi, seqLo, readHi, readLo);
  }

  streamPending(
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    deliveryTimeMs: number,
    countHi: number,
    countLo: number,
  ): void {
    if (this.holder === 0) return;
    this.#loader.streamPending(msHi, msLo, seqHi, seqLo, deliveryTimeMs, countHi, countLo);
  }

  streamConsumer(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    seenTimeMs: number,
    activeTimeMs: number,
  ): void {
    if (this.holder !== 0) this.#loader.streamConsumer(nameBuf, nameOff, nameLen, seenTimeMs, activeTimeMs);
  }

  streamConsumerPending(msHi: number, msLo: number, seqHi: number, seqLo: number): void {
    if (this.holder !== 0) this.#loader.streamConsumerPending(msHi, msLo, seqHi, seqLo);
  }

  #refuse(why: string): never {
    throw new RdbError('bad-value', `${this.describe()} cannot be loaded: ${why}`);
  }
}

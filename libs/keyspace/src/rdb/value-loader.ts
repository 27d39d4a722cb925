import type { Ref } from '@weir/memory';
import { ListpackBuilder, RdbError } from '@weir/rdb';
import type { RdbStreamMeta } from '@weir/rdb';
import { ENC_LISTPACK, ENC_STREAM, TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_ZSET } from '../entry.ts';
import * as hashes from '../hash/index.ts';
import { parseHalves } from '../listpack/int64.ts';
import { hasDuplicates } from '../listpack/index.ts';
import * as lists from '../list/index.ts';
import * as sets from '../set/index.ts';
import type { Space } from '../space.ts';
import * as streams from '../stream/index.ts';
import * as zsets from '../zset/index.ts';

/** A claim of a file makes no table reserve more than for this many elements. */
const RESERVE_MAX = 1 << 20;
/** Of a set's members so many bytes are put together before they are in the arena. */
const PACKED_BYTES_MAX = 64 * 1024;

/** The encoding of a holder before a value is loaded into it. */
export function emptyEncoding(type: number): number {
  return type === TYPE_STREAM ? ENC_STREAM : ENC_LISTPACK;
}

/**
 * Builds values of the parts that an RDB reader tells (RdbSink), in holders that who derives from it provides. The encoding is chosen by
 * the limits, as Redis does on loading. A value that cannot be, which the codec does not see (equal members), throws an
 * RdbError of code `bad-value`; the holder then holds a part of the value.
 */
export abstract class ValueLoader {
  /** 0: the parts are of a value that is not wanted. */
  protected holder: Ref = 0;
  #space!: Space;
  #type = 0;
  #sizeHint = 0;
  /** An element was told: the value is prepared for more. */
  #prepared = false;
  /** The members of a set that is going to be a listpack: one allocation instead of one for each, one search for equal ones. */
  readonly #packed = new ListpackBuilder();
  #packedBytes = 0;
  #isPacking = false;
  #group: Ref = 0;
  #consumer: Ref = 0;
  readonly #id = streams.newId();
  readonly #otherId = streams.newId();

  /** Which value it is, for error messages. */
  protected abstract describe(): string;

  protected begin(space: Space, holder: Ref, type: number, sizeHint: number): void {
    this.#space = space;
    this.holder = holder;
    this.#type = type;
    this.#sizeHint = Math.min(sizeHint, RESERVE_MAX);
    this.#prepared = false;
    this.#isPacking = false;
    if (type === TYPE_STREAM) streams.init(space, holder);
  }

  /** All parts were told. */
  protected finish(): void {
    if (this.#type === TYPE_LIST) lists.finishLoad(this.#space, this.holder);
    if (this.#isPacking) this.#unpack();
    if (this.#type !== TYPE_STREAM) return;
    try {
      streams.loadEnd(this.#space, this.holder);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  listpack(buf: Uint8Array, off: number, len: number): void {
    const { holder } = this;
    if (holder === 0) return;
    const space = this.#space;
    switch (this.#type) {
      case TYPE_LIST:
        lists.loadNode(space, holder, buf, off, len);
        break;
      case TYPE_HASH:
        if (!hashes.fromListpack(space, holder, buf, off, len)) this.#refuse('a field comes twice');
        break;
      case TYPE_ZSET:
        if (hasDuplicates(space, buf, off, 2)) this.#refuse('a member comes twice');
        zsets.loadListpack(space, holder, buf, off, len);
        break;
      case TYPE_SET:
        if (!sets.loadListpack(space, holder, buf, off, len)) this.#refuse('a member comes twice');
        break;
      default:
        throw new Error(`values of type ${this.#type} have no listpack`);
    }
  }

  intset(buf: Uint8Array, off: number, len: number): void {
    if (this.holder !== 0) sets.loadIntset(this.#space, this.holder, buf, off, len);
  }

  element(buf: Uint8Array, off: number, len: number): void {
    const { holder } = this;
    if (holder === 0) return;
    const space = this.#space;
    if (this.#type === TYPE_LIST) {
      lists.loadElement(space, holder, buf, off, len);
      return;
    }
    if (!this.#prepared) {
      this.#prepared = true;
      this.#isPacking = this.#startsPacking(buf, off, len);
      if (!this.#isPacking) sets.startLoading(space, holder, this.#sizeHint);
    }
    if (this.#isPacking) {
      if (this.#pack(buf, off, len)) return;
      this.#unpack();
    }
    if (sets.add(space, holder, buf, off, len) === 0) this.#refuse('a member comes twice');
  }

  pair(
    fieldBuf: Uint8Array,
    fieldOff: number,
    fieldLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
  ): void {
    const { holder } = this;
    if (holder === 0) return;
    const space = this.#space;
    if (!this.#prepared) {
      this.#prepared = true;
      hashes.prepareLoad(space, holder, this.#sizeHint);
    }
    if (!hashes.loadPair(space, holder, fieldBuf, fieldOff, fieldLen, valBuf, valOff, valLen)) {
      this.#refuse('a field comes twice');
    }
  }

  member(buf: Uint8Array, off: number, len: number, score: number): void {
    const { holder } = this;
    if (holder === 0) return;
    const space = this.#space;
    if (!this.#prepared) {
      this.#prepared = true;
      zsets.reserve(space, holder, this.#sizeHint);
    }
    if (!zsets.loadMember(space, holder, buf, off, len, score)) this.#refuse('a member comes twice');
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
    if (this.holder === 0) return;
    setId(this.#id, msHi, msLo, seqHi, seqLo);
    try {
      streams.loadNode(this.#space, this.holder, this.#id, buf, off, len);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  streamMeta(meta: RdbStreamMeta): void {
    if (this.holder === 0) return;
    const last = setId(this.#id, meta.lastMsHi, meta.lastMsLo, meta.lastSeqHi, meta.lastSeqLo);
    const { maxDeletedMsHi, maxDeletedMsLo, maxDeletedSeqHi, maxDeletedSeqLo, entriesAddedLo, entriesAddedHi } = meta;
    const deleted = setId(this.#otherId, maxDeletedMsHi, maxDeletedMsLo, maxDeletedSeqHi, maxDeletedSeqLo);
    try {
      streams.loadMeta(this.#space, this.holder, meta.length, last, deleted, entriesAddedLo, entriesAddedHi);
    } catch (error) {
      this.#rethrow(error);
    }
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
    const { holder } = this;
    if (holder === 0) return;
    const space = this.#space;
    const last = setId(this.#id, msHi, msLo, seqHi, seqLo);
    try {
      this.#group = streams.loadGroup(space, holder, nameBuf, nameOff, nameLen, last, readLo, readHi);
    } catch (error) {
      this.#rethrow(error);
    }
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
    const id = setId(this.#id, msHi, msLo, seqHi, seqLo);
    try {
      streams.loadPending(this.#space, this.#group, id, deliveryTimeMs, countLo, countHi);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  streamConsumer(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    seenTimeMs: number,
    activeTimeMs: number,
  ): void {
    if (this.holder === 0) return;
    const space = this.#space;
    try {
      const group = this.#group;
      this.#consumer = streams.loadConsumer(space, group, nameBuf, nameOff, nameLen, seenTimeMs, activeTimeMs);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  streamConsumerPending(msHi: number, msLo: number, seqHi: number, seqLo: number): void {
    if (this.holder === 0) return;
    const id = setId(this.#id, msHi, msLo, seqHi, seqLo);
    try {
      streams.loadConsumerPending(this.#space, this.#group, this.#consumer, id);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  /** Whether a set of so many members, of which this is the first, becomes a listpack as far as one knows. */
  #startsPacking(buf: Uint8Array, off: number, len: number): boolean {
    const { setMaxIntsetEntries, setMaxListpackEntries, setMaxListpackValue } = this.#space.limits;
    if (this.#sizeHint > setMaxIntsetEntries || this.#sizeHint > setMaxListpackEntries || len > setMaxListpackValue)
      return false;
    this.#packed.reset();
    this.#packedBytes = 0;
    return !parseHalves(buf, off, len);
  }

  #pack(buf: Uint8Array, off: number, len: number): boolean {
    const { setMaxListpackEntries, setMaxListpackValue } = this.#space.limits;
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
    if (!sets.loadListpack(this.#space, this.holder, this.#packed.bytes, 0, bytes))
      this.#refuse('a member comes twice');
  }

  #rethrow(error: unknown): never {
    if (error instanceof streams.StreamLoadError) this.#refuse(error.message);
    throw error;
  }

  #refuse(why: string): never {
    throw new RdbError('bad-value', `${this.describe()} cannot be loaded: ${why}`);
  }
}

function setId(id: streams.StreamId, msHi: number, msLo: number, seqHi: number, seqLo: number): streams.StreamId {
  id[0] = msHi;
  id[1] = msLo;
  id[2] = seqHi;
  id[3] = seqLo;
  return id;
}

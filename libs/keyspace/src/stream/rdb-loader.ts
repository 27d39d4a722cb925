import type { Ref } from '@weir/memory';
import type { RdbStreamMeta } from '@weir/rdb';
import { TypeLoader } from '../rdb/type-rdb.ts';
import type { Space } from '../space.ts';
import { newId } from './id.ts';
import type { StreamId } from './id.ts';
import {
  StreamLoadError,
  loadConsumer,
  loadConsumerPending,
  loadEnd,
  loadGroup,
  loadMeta,
  loadNode,
  loadPending,
} from './load.ts';
import { init } from './root.ts';

export class StreamLoader extends TypeLoader {
  #group: Ref = 0;
  #consumer: Ref = 0;
  readonly #id = newId();
  readonly #otherId = newId();

  override begin(space: Space, holder: Ref, sizeHint: number): void {
    super.begin(space, holder, sizeHint);
    init(space, holder);
  }

  override finish(): void {
    try {
      loadEnd(this.space, this.holder);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  override streamNode(
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    buf: Uint8Array,
    off: number,
    len: number,
  ): void {
    setId(this.#id, msHi, msLo, seqHi, seqLo);
    try {
      loadNode(this.space, this.holder, this.#id, buf, off, len);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  override streamMeta(meta: RdbStreamMeta): void {
    const last = setId(this.#id, meta.lastMsHi, meta.lastMsLo, meta.lastSeqHi, meta.lastSeqLo);
    const { maxDeletedMsHi, maxDeletedMsLo, maxDeletedSeqHi, maxDeletedSeqLo, entriesAddedLo, entriesAddedHi } = meta;
    const deleted = setId(this.#otherId, maxDeletedMsHi, maxDeletedMsLo, maxDeletedSeqHi, maxDeletedSeqLo);
    try {
      loadMeta(this.space, this.holder, meta.length, last, deleted, entriesAddedLo, entriesAddedHi);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  override streamGroup(
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
    const last = setId(this.#id, msHi, msLo, seqHi, seqLo);
    try {
      this.#group = loadGroup(this.space, this.holder, nameBuf, nameOff, nameLen, last, readLo, readHi);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  override streamPending(
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    deliveryTimeMs: number,
    countHi: number,
    countLo: number,
  ): void {
    const id = setId(this.#id, msHi, msLo, seqHi, seqLo);
    try {
      loadPending(this.space, this.#group, id, deliveryTimeMs, countLo, countHi);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  override streamConsumer(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    seenTimeMs: number,
    activeTimeMs: number,
  ): void {
    try {
      const group = this.#group;
      this.#consumer = loadConsumer(this.space, group, nameBuf, nameOff, nameLen, seenTimeMs, activeTimeMs);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  override streamConsumerPending(msHi: number, msLo: number, seqHi: number, seqLo: number): void {
    const id = setId(this.#id, msHi, msLo, seqHi, seqLo);
    try {
      loadConsumerPending(this.space, this.#group, this.#consumer, id);
    } catch (error) {
      this.#rethrow(error);
    }
  }

  #rethrow(error: unknown): never {
    if (error instanceof StreamLoadError) this.refuse(error.message);
    throw error;
  }
}

function setId(id: StreamId, msHi: number, msLo: number, seqHi: number, seqLo: number): StreamId {
  id[0] = msHi;
  id[1] = msLo;
  id[2] = seqHi;
  id[3] = seqLo;
  return id;
}

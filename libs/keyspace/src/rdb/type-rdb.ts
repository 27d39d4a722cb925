/**
 * How a type's values go into RDB files and DUMP payloads and come out of them: each type has a writer and a loader in its own folder (`rdb.ts`),
 * which its ValueOps make. The bytes of a file are the codec's (libs/rdb), which knows no arena: a loader is told the parts that it found.
 */

import type { Ref } from '@weir/memory';
import type { RdbStreamMeta, RdbWriter } from '@weir/rdb';
import type { Space } from '../space.ts';

/** Writes values, a large one in steps. Between two steps others may look at the same values. */
export interface TypeWriter {
  /** Writes the beginning of a value, behind the type byte that `rdbType` gave for it. */
  begin(space: Space, holder: Ref, to: RdbWriter): void;
  /** Writes about so many bytes more; true when the value is complete. */
  more(bytes: number): boolean;
}

/** What an element takes in a file beside its bytes, about: keeps a step of a million empty elements short as well. */
export const ELEMENT_BYTES = 8;

/** Ends the loading of a value that cannot be, which the codec does not see (equal members). */
export type Refuse = (why: string) => never;

/**
 * Builds values of the parts that an RDB reader tells (RdbSink), in holders that are given. The encoding is chosen by the limits, as Redis
 * does on loading. A type takes the parts that its values have; the codec tells it no others.
 */
export abstract class TypeLoader {
  protected space!: Space;
  protected holder: Ref = 0;
  protected sizeHint = 0;
  protected readonly refuse: Refuse;

  constructor(refuse: Refuse) {
    this.refuse = refuse;
  }

  /** `holder` has the type and its empty encoding, and no value. `sizeHint` is the file's claim, within bounds. */
  begin(space: Space, holder: Ref, sizeHint: number): void {
    this.space = space;
    this.holder = holder;
    this.sizeHint = sizeHint;
  }

  /** All parts were told. */
  finish(): void {}

  listpack(_buf: Uint8Array, _off: number, _len: number): void {
    throw hasNo('listpack');
  }

  intset(_buf: Uint8Array, _off: number, _len: number): void {
    throw hasNo('intset');
  }

  element(_buf: Uint8Array, _off: number, _len: number): void {
    throw hasNo('element');
  }

  pair(
    _fieldBuf: Uint8Array,
    _fieldOff: number,
    _fieldLen: number,
    _valBuf: Uint8Array,
    _valOff: number,
    _valLen: number,
  ): void {
    throw hasNo('pair');
  }

  member(_buf: Uint8Array, _off: number, _len: number, _score: number): void {
    throw hasNo('member');
  }

  streamNode(
    _msHi: number,
    _msLo: number,
    _seqHi: number,
    _seqLo: number,
    _buf: Uint8Array,
    _off: number,
    _len: number,
  ): void {
    throw hasNo('node');
  }

  streamMeta(_meta: RdbStreamMeta): void {
    throw hasNo('counters');
  }

  streamGroup(
    _nameBuf: Uint8Array,
    _nameOff: number,
    _nameLen: number,
    _msHi: number,
    _msLo: number,
    _seqHi: number,
    _seqLo: number,
    _readHi: number,
    _readLo: number,
  ): void {
    throw hasNo('group');
  }

  streamPending(
    _msHi: number,
    _msLo: number,
    _seqHi: number,
    _seqLo: number,
    _deliveryTimeMs: number,
    _countHi: number,
    _countLo: number,
  ): void {
    throw hasNo('pending entry');
  }

  streamConsumer(
    _nameBuf: Uint8Array,
    _nameOff: number,
    _nameLen: number,
    _seenTimeMs: number,
    _activeTimeMs: number,
  ): void {
    throw hasNo('consumer');
  }

  streamConsumerPending(_msHi: number, _msLo: number, _seqHi: number, _seqLo: number): void {
    throw hasNo('pending entry');
  }
}

function hasNo(part: string): Error {
  return new Error(`values of this type have no ${part}`);
}

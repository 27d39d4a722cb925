import type { Ref } from '@weir/memory';
import type { RdbStreamMeta, RdbWriter } from '@weir/rdb';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { readId } from '../stream/id.ts';
import * as streams from '../stream/index.ts';
import { nodesOf } from '../stream/root.ts';
import { TreeCursor, forward, keyWord, seekFirst, valueAt } from '../stream/tree.ts';

const NODE_BYTES = 32;

/** Writes streams, their nodes in steps (value-writer.ts). */
export class StreamWriter {
  readonly #place = new TreeCursor();
  readonly #pending = new streams.PendingCursor();
  readonly #id = streams.newId();
  readonly #meta: RdbStreamMeta = {
    length: 0,
    lastMsHi: 0,
    lastMsLo: 0,
    lastSeqHi: 0,
    lastSeqLo: 0,
    firstMsHi: 0,
    firstMsLo: 0,
    firstSeqHi: 0,
    firstSeqLo: 0,
    maxDeletedMsHi: 0,
    maxDeletedMsLo: 0,
    maxDeletedSeqHi: 0,
    maxDeletedSeqLo: 0,
    entriesAddedHi: 0,
    entriesAddedLo: 0,
  };
  #space!: Space;
  #holder: Ref = 0;
  #to!: RdbWriter;

  begin(space: Space, holder: Ref, to: RdbWriter): void {
    this.#space = space;
    this.#holder = holder;
    this.#to = to;
    to.valueLength(streams.nodeCount(space, holder));
    seekFirst(space.arena, nodesOf(rootOf(space.arena, holder)), this.#place);
  }

  more(bytes: number): boolean {
    const { arena } = this.#space;
    const place = this.#place;
    const id = this.#id;
    let left = bytes;
    while (place.node !== 0) {
      if (left <= 0) return false;
      const node = valueAt(arena, place);
      const length = arena.u32[node * 4];
      readId(arena, keyWord(place), id);
      this.#to.valueStreamNode(id[0], id[1], id[2], id[3], arena.u8, node * 16, length);
      forward(arena, place);
      left -= length + NODE_BYTES;
    }
    this.#writeMeta();
    this.#writeGroups();
    return true;
  }

  #writeMeta(): void {
    const space = this.#space;
    const holder = this.#holder;
    const meta = this.#meta;
    const id = this.#id;
    meta.length = streams.length(space, holder);
    streams.lastId(space, holder, id);
    meta.lastMsHi = id[0];
    meta.lastMsLo = id[1];
    meta.lastSeqHi = id[2];
    meta.lastSeqLo = id[3];
    streams.firstId(space, holder, id);
    meta.firstMsHi = id[0];
    meta.firstMsLo = id[1];
    meta.firstSeqHi = id[2];
    meta.firstSeqLo = id[3];
    streams.maxDeletedId(space, holder, id);
    meta.maxDeletedMsHi = id[0];
    meta.maxDeletedMsLo = id[1];
    meta.maxDeletedSeqHi = id[2];
    meta.maxDeletedSeqLo = id[3];
    meta.entriesAddedHi = streams.entriesAddedHi(space, holder) >>> 0;
    meta.entriesAddedLo = streams.entriesAddedLo(space, holder) >>> 0;
    this.#to.valueStreamMeta(meta);
  }

  #writeGroups(): void {
    const space = this.#space;
    const groups = streams.groupCount(space, this.#holder);
    this.#to.valueLength(groups);
    for (let i = 0; i < groups; i++) this.#writeGroup(streams.groupAt(space, this.#holder, i));
  }

  #writeGroup(group: Ref): void {
    const space = this.#space;
    const to = this.#to;
    const { u8 } = space.arena;
    const id = this.#id;
    streams.groupLastId(space, group, id);
    const readHi = streams.entriesReadHi(space, group) >>> 0;
    const readLo = streams.entriesReadLo(space, group) >>> 0;
    const name = streams.groupName(group);
    to.valueStreamGroup(u8, name, streams.nameLength(space, group), id[0], id[1], id[2], id[3], readHi, readLo);
    to.valueLength(streams.pendingCount(space, group));
    const cursor = this.#pending;
    cursor.startGroup(space, group, streams.ID_MIN);
    while (cursor.next()) {
      const { id: at, pending } = cursor;
      const countHi = streams.deliveryCountHi(space, pending) >>> 0;
      const countLo = streams.deliveryCountLo(space, pending) >>> 0;
      to.valueStreamPending(at[0], at[1], at[2], at[3], streams.deliveryTime(space, pending), countHi, countLo);
    }
    const consumers = streams.consumerCount(space, group);
    to.valueLength(consumers);
    for (let i = 0; i < consumers; i++) this.#writeConsumer(streams.consumerAt(space, group, i));
  }

  /** Type 19 has no active times: who loads it takes the time when the consumer was seen. */
  #writeConsumer(consumer: Ref): void {
    const space = this.#space;
    const to = this.#to;
    const name = streams.consumerName(consumer);
    const length = streams.nameLength(space, consumer);
    to.valueStreamConsumer(space.arena.u8, name, length, streams.seenTime(space, consumer));
    to.valueLength(streams.consumerPendingCount(space, consumer));
    const cursor = this.#pending;
    cursor.startConsumer(space, consumer, streams.ID_MIN);
    while (cursor.next()) {
      const { id } = cursor;
      to.valueStreamConsumerPending(id[0], id[1], id[2], id[3]);
    }
  }
}

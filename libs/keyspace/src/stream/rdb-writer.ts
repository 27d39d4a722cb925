import type { Ref } from '@weir/memory';
import type { RdbStreamMeta, RdbWriter } from '@weir/rdb';
import type { TypeWriter } from '../rdb/type-rdb.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import { readId } from './id.ts';
import * as streams from './index.ts';
import { nodesOf } from './root.ts';
import { TreeCursor, forward, keyWord, seekFirst, valueAt } from './tree.ts';

// What is written beside bytes of nodes and names, about.
const NODE_BYTES = 32;
const GROUP_BYTES = 48;
const CONSUMER_BYTES = 24;
const PENDING_BYTES = 32;
const OWN_PENDING_BYTES = 16;

/** Nothing is in hand: the next group, or the next consumer of it. */
const NOTHING = 0;

/**
 * Writes streams in steps (type-rdb.ts), of which there may be several in each part:
 *
 *   nodes → meta → for each group: itself, its pending entries → for each of its consumers: itself, the IDs that it owns
 */
export class StreamWriter implements TypeWriter {
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
  /** Nodes and meta are written. */
  #inGroups = false;
  #groups = 0;
  #nextGroup = 0;
  #group: Ref = NOTHING;
  /** The pending entries of the group in hand are written. */
  #inConsumers = false;
  #consumers = 0;
  #nextConsumer = 0;
  #consumer: Ref = NOTHING;

  begin(space: Space, holder: Ref, to: RdbWriter): void {
    this.#space = space;
    this.#holder = holder;
    this.#to = to;
    this.#inGroups = false;
    to.valueLength(streams.nodeCount(space, holder));
    seekFirst(space.arena, nodesOf(rootOf(space.arena, holder)), this.#place);
  }

  /** Writes about so many bytes more; true when the stream is complete. */
  more(bytes: number): boolean {
    let left = bytes;
    if (!this.#inGroups) {
      left = this.#moreNodes(left);
      if (left <= 0) return false;
      this.#writeMeta();
      this.#beginGroups();
    }
    while (left > 0) {
      if (this.#group === NOTHING) {
        if (this.#nextGroup === this.#groups) return true;
        left -= this.#writeGroup();
      } else if (!this.#inConsumers) left = this.#morePending(left);
      else if (this.#consumer !== NOTHING) left = this.#moreOwnPending(left);
      else if (this.#nextConsumer < this.#consumers) left -= this.#writeConsumer();
      else this.#group = NOTHING;
    }
    return false;
  }

  /** Returns what is left of the bytes: more than nothing when all nodes are written. */
  #moreNodes(bytes: number): number {
    const { arena } = this.#space;
    const place = this.#place;
    const id = this.#id;
    let left = bytes;
    while (place.node !== 0) {
      if (left <= 0) return 0;
      const node = valueAt(arena, place);
      const length = arena.u32[node * 4];
      readId(arena, keyWord(place), id);
      this.#to.valueStreamNode(id[0], id[1], id[2], id[3], arena.u8, node * 16, length);
      forward(arena, place);
      left -= length + NODE_BYTES;
    }
    return Math.max(left, 1);
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

  #beginGroups(): void {
    this.#inGroups = true;
    this.#groups = streams.groupCount(this.#space, this.#holder);
    this.#nextGroup = 0;
    this.#group = NOTHING;
    this.#to.valueLength(this.#groups);
  }

  /** Takes the next group in hand. */
  #writeGroup(): number {
    const space = this.#space;
    const to = this.#to;
    const id = this.#id;
    const group = streams.groupAt(space, this.#holder, this.#nextGroup++);
    this.#group = group;
    this.#inConsumers = false;
    streams.groupLastId(space, group, id);
    const readHi = streams.entriesReadHi(space, group) >>> 0;
    const readLo = streams.entriesReadLo(space, group) >>> 0;
    const name = streams.groupName(group);
    const length = streams.nameLength(space, group);
    to.valueStreamGroup(space.arena.u8, name, length, id[0], id[1], id[2], id[3], readHi, readLo);
    to.valueLength(streams.pendingCount(space, group));
    this.#pending.startGroup(space, group, streams.ID_MIN);
    return GROUP_BYTES + length;
  }

  #morePending(bytes: number): number {
    const space = this.#space;
    const cursor = this.#pending;
    for (let left = bytes; left > 0; left -= PENDING_BYTES) {
      if (!cursor.next()) {
        this.#inConsumers = true;
        this.#consumers = streams.consumerCount(space, this.#group);
        this.#nextConsumer = 0;
        this.#consumer = NOTHING;
        this.#to.valueLength(this.#consumers);
        return left;
      }
      const { id: at, pending } = cursor;
      const countHi = streams.deliveryCountHi(space, pending) >>> 0;
      const countLo = streams.deliveryCountLo(space, pending) >>> 0;
      this.#to.valueStreamPending(at[0], at[1], at[2], at[3], streams.deliveryTime(space, pending), countHi, countLo);
    }
    return 0;
  }

  /** Takes the next consumer in hand. Type 19 has no active times: who loads it takes the time when the consumer was seen. */
  #writeConsumer(): number {
    const space = this.#space;
    const to = this.#to;
    const consumer = streams.consumerAt(space, this.#group, this.#nextConsumer++);
    this.#consumer = consumer;
    const name = streams.consumerName(consumer);
    const length = streams.nameLength(space, consumer);
    to.valueStreamConsumer(space.arena.u8, name, length, streams.seenTime(space, consumer));
    to.valueLength(streams.consumerPendingCount(space, consumer));
    this.#pending.startConsumer(space, consumer, streams.ID_MIN);
    return CONSUMER_BYTES + length;
  }

  #moreOwnPending(bytes: number): number {
    const cursor = this.#pending;
    for (let left = bytes; left > 0; left -= OWN_PENDING_BYTES) {
      if (!cursor.next()) {
        this.#consumer = NOTHING;
        return left;
      }
      const { id } = cursor;
      this.#to.valueStreamConsumerPending(id[0], id[1], id[2], id[3]);
    }
    return 0;
  }
}

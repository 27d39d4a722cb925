import type { Ref } from '@weir/memory';
import {
  TYPE_HASH as RDB_HASH,
  TYPE_HASH_LISTPACK as RDB_HASH_LISTPACK,
  TYPE_LIST_QUICKLIST_2 as RDB_LIST,
  TYPE_SET as RDB_SET,
  TYPE_SET_INTSET as RDB_SET_INTSET,
  TYPE_STREAM_LISTPACKS_2 as RDB_STREAM,
  TYPE_STRING as RDB_STRING,
  TYPE_ZSET_2 as RDB_ZSET,
  TYPE_ZSET_LISTPACK as RDB_ZSET_LISTPACK,
} from '@weir/rdb';
import type { RdbWriter } from '@weir/rdb';
import {
  ENC_INTSET,
  ENC_LISTPACK,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
  encodingOf,
  typeOf,
  valueAddress,
  valueLength,
} from '../entry.ts';
import { HashIterator } from '../hash/index.ts';
import * as hashes from '../hash/index.ts';
import { NodeIterator } from '../list/index.ts';
import * as listpack from '../listpack/index.ts';
import * as sets from '../set/index.ts';
import { rootOf } from '../space.ts';
import type { Space } from '../space.ts';
import * as zsets from '../zset/index.ts';
import { StreamWriter } from './stream-writer.ts';

/** What an element takes in a file beside its bytes, about: keeps a step of a million empty elements short as well. */
const ELEMENT_BYTES = 8;

/**
 * Writes values as RDB files and DUMP payloads have them, a large one in steps, so that its bytes can be handed on before all of them
 * are written. One object for each who writes: between two steps others may look at the same values.
 *
 *     const type = rdbType(space, holder);
 *     writer.begin(space, holder, to);
 *     while (!writer.more(bytes)) …;
 */
export class ValueWriter {
  readonly #nodes = new NodeIterator();
  readonly #members = new sets.SetIterator();
  readonly #pairs = new HashIterator();
  readonly #scores = new zsets.Cursor();
  readonly #raw = new listpack.Element();
  readonly #stream = new StreamWriter();
  #space!: Space;
  #to!: RdbWriter;
  #type = -1;
  /** A sorted set has a member at hand that is not written yet. */
  #atMember = false;

  begin(space: Space, holder: Ref, to: RdbWriter): void {
    const { arena } = space;
    this.#space = space;
    this.#to = to;
    this.#type = rdbType(space, holder);
    switch (this.#type) {
      case RDB_STRING:
        to.valueString(arena.u8, valueAddress(arena, holder), valueLength(arena, holder));
        this.#type = -1;
        break;
      case RDB_HASH_LISTPACK:
      case RDB_ZSET_LISTPACK: {
        const root = rootOf(arena, holder);
        to.valueString(arena.u8, root * 16, listpack.bytesOf(arena, root));
        this.#type = -1;
        break;
      }
      case RDB_SET_INTSET:
        sets.raw(space, holder, this.#raw);
        to.valueString(this.#raw.buf, this.#raw.off, this.#raw.len);
        this.#type = -1;
        break;
      case RDB_LIST:
        to.valueLength(this.#nodes.start(space, holder));
        break;
      case RDB_SET:
        to.valueLength(sets.size(space, holder));
        this.#members.start(space, holder);
        break;
      case RDB_HASH:
        to.valueLength(hashes.length(space, holder));
        this.#pairs.start(space, holder);
        break;
      case RDB_ZSET: {
        const members = zsets.size(space, holder);
        to.valueLength(members);
        this.#atMember = this.#scores.seek(space, holder, members - 1);
        break;
      }
      default:
        this.#stream.begin(space, holder, to);
    }
  }

  /** Writes about so many bytes more; true when the value is complete. */
  more(bytes: number): boolean {
    switch (this.#type) {
      case -1:
        return true;
      case RDB_LIST:
        return this.#moreNodes(bytes);
      case RDB_SET:
        return this.#moreMembers(bytes);
      case RDB_HASH:
        return this.#morePairs(bytes);
      case RDB_ZSET:
        return this.#moreScores(bytes);
      default:
        return this.#stream.more(bytes);
    }
  }

  #moreNodes(bytes: number): boolean {
    const nodes = this.#nodes;
    const u8 = this.#space.arena.u8;
    for (let left = bytes; left > 0; left -= nodes.len + ELEMENT_BYTES) {
      if (!nodes.next()) return true;
      this.#to.valueNode(nodes.plain, u8, nodes.off, nodes.len);
    }
    return false;
  }

  #moreMembers(bytes: number): boolean {
    const members = this.#members;
    const { element } = members;
    for (let left = bytes; left > 0; left -= element.len + ELEMENT_BYTES) {
      if (!members.next()) return true;
      this.#to.valueString(element.buf, element.off, element.len);
    }
    return false;
  }

  #morePairs(bytes: number): boolean {
    const pairs = this.#pairs;
    const { field, value } = pairs;
    for (let left = bytes; left > 0; left -= field.len + value.len + 2 * ELEMENT_BYTES) {
      if (!pairs.next()) return true;
      this.#to.valueString(field.buf, field.off, field.len);
      this.#to.valueString(value.buf, value.off, value.len);
    }
    return false;
  }

  /** The highest score first, as in Redis: then who loads it always adds in front. */
  #moreScores(bytes: number): boolean {
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

/** The type byte of a value, as Redis 7.0 would write it: which has no type for a set that is a listpack. */
export function rdbType(space: Space, holder: Ref): number {
  const { arena } = space;
  const encoding = encodingOf(arena, holder);
  switch (typeOf(arena, holder)) {
    case TYPE_STRING:
      return RDB_STRING;
    case TYPE_LIST:
      return RDB_LIST;
    case TYPE_SET:
      return encoding === ENC_INTSET ? RDB_SET_INTSET : RDB_SET;
    case TYPE_HASH:
      return encoding === ENC_LISTPACK ? RDB_HASH_LISTPACK : RDB_HASH;
    case TYPE_ZSET:
      return encoding === ENC_LISTPACK ? RDB_ZSET_LISTPACK : RDB_ZSET;
    case TYPE_STREAM:
      return RDB_STREAM;
    default:
      throw new Error(`no RDB type for values of type ${typeOf(arena, holder)}`);
  }
}

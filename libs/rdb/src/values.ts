// Reads values. begin() takes the first item of a value: all of it when it is one string (a small collection as listpack, intset,
// ziplist, …), else its length. Then, until `done`, each step() takes one item more: an element, a pair, a node of a list, a part of
// a stream. So only the incomplete item is kept, and nothing is read twice. Both answer false when bytes are missing, and are then
// called again from the start of the item; they tell the sink nothing before they have all of it.

import {
  NODE_PACKED,
  NODE_PLAIN,
  OBJECT_HASH,
  OBJECT_LIST,
  OBJECT_SET,
  OBJECT_STREAM,
  OBJECT_ZSET,
  TYPE_HASH,
  TYPE_HASH_LISTPACK,
  TYPE_HASH_ZIPLIST,
  TYPE_HASH_ZIPMAP,
  TYPE_LIST,
  TYPE_LIST_QUICKLIST,
  TYPE_LIST_QUICKLIST_2,
  TYPE_LIST_ZIPLIST,
  TYPE_NAMES,
  TYPE_SET,
  TYPE_SET_INTSET,
  TYPE_SET_LISTPACK,
  TYPE_STREAM_LISTPACKS,
  TYPE_STREAM_LISTPACKS_2,
  TYPE_STREAM_LISTPACKS_3,
  TYPE_STRING,
  TYPE_ZSET,
  TYPE_ZSET_2,
  TYPE_ZSET_LISTPACK,
  TYPE_ZSET_ZIPLIST,
} from './format.ts';
import type { RdbInput } from './input.ts';
import { validateIntset } from './intset.ts';
import { ListpackBuilder } from './listpack-builder.ts';
import { canonicalListpackCount, ListpackCursor, validateListpack } from './listpack.ts';
import { parseScore } from './score.ts';
import { orderFault } from './sorted-pairs.ts';
import { StreamReader } from './stream-reader.ts';
import type { RdbSink } from './types.ts';
import { ziplistToListpack, zipmapToListpack } from './ziplist.ts';

/** Everything of an entry but its value. One object per reader, reused. */
export class RdbEntry {
  db = 0;
  keyBuf: Uint8Array = new Uint8Array(0);
  keyOff = 0;
  keyLen = 0;
  expireAtMs = -1;
  lruIdleSeconds = -1;
  lfuFreq = -1;
  #held = new Uint8Array(256);

  /** Copies the key, so that it outlives the input. */
  holdKey(): void {
    const { keyBuf, keyOff, keyLen } = this;
    if (this.#held.length < keyLen || this.#held.length > HELD_KEY_KEPT_BYTES) {
      this.#held = new Uint8Array(Math.max(256, keyLen));
    }
    // Not by a view: those of all keys were a quarter of the garbage of loading.
    copyBytes.call(keyBuf, this.#held, 0, keyOff, keyOff + keyLen);
    this.keyBuf = this.#held;
    this.keyOff = 0;
  }
}

const copyBytes = Buffer.prototype.copy;
const HELD_KEY_KEPT_BYTES = 64 * 1024;

type Items = 'none' | 'elements' | 'pairs' | 'members' | 'members-text' | 'nodes' | 'ziplists' | 'stream';

export class ValueReader {
  readonly #sink: RdbSink;
  readonly #entry: RdbEntry;
  readonly #stream: StreamReader;
  readonly #built = new ListpackBuilder();
  readonly #cursor = new ListpackCursor();
  /** A payload cannot hold more items than it has bytes. */
  readonly #hintMax: number;
  #items: Items = 'none';
  #type = 0;
  #remaining = 0;
  /** The sink was told: a list is begun with the first node that is not empty. */
  #begun = false;

  /** Where and how long the listpack is that #listpack or #converted found. */
  #blob: Uint8Array = EMPTY;
  #blobOff = 0;
  #blobLen = 0;

  constructor(sink: RdbSink, entry: RdbEntry, hintMax = Infinity) {
    this.#hintMax = hintMax;
    this.#sink = sink;
    this.#entry = entry;
    this.#stream = new StreamReader(sink, (input, why) => this.#damaged(input, why));
  }

  /** The sink was told of the value: it was not an empty collection. */
  get told(): boolean {
    return this.#begun;
  }

  /** The value is complete, or there is none. */
  get done(): boolean {
    return this.#items === 'none';
  }

  /** `type` must be one that isReadable. */
  begin(input: RdbInput, type: number): boolean {
    this.#type = type;
    this.#begun = false;
    switch (type) {
      case TYPE_STRING:
        return this.#string(input);
      case TYPE_LIST:
        return this.#many(input, OBJECT_LIST, 'elements');
      case TYPE_SET:
        return this.#many(input, OBJECT_SET, 'elements');
      case TYPE_ZSET:
        return this.#many(input, OBJECT_ZSET, 'members-text');
      case TYPE_ZSET_2:
        return this.#many(input, OBJECT_ZSET, 'members');
      case TYPE_HASH:
        return this.#many(input, OBJECT_HASH, 'pairs');
      case TYPE_LIST_QUICKLIST:
        return this.#nodes(input, 'ziplists');
      case TYPE_LIST_QUICKLIST_2:
        return this.#nodes(input, 'nodes');
      case TYPE_STREAM_LISTPACKS:
        return this.#beginStream(input, 1);
      case TYPE_STREAM_LISTPACKS_2:
        return this.#beginStream(input, 2);
      case TYPE_STREAM_LISTPACKS_3:
        return this.#beginStream(input, 3);
      case TYPE_SET_INTSET:
        return this.#intset(input);
      case TYPE_LIST_ZIPLIST:
        return this.#small(input, OBJECT_LIST, 1);
      case TYPE_SET_LISTPACK:
        return this.#small(input, OBJECT_SET, 1);
      case TYPE_HASH_ZIPMAP:
      case TYPE_HASH_ZIPLIST:
      case TYPE_HASH_LISTPACK:
        return this.#small(input, OBJECT_HASH, 2);
      case TYPE_ZSET_ZIPLIST:
      case TYPE_ZSET_LISTPACK:
        return this.#small(input, OBJECT_ZSET, 2);
      default:
        throw new Error(`type ${type} has no reader`);
    }
  }

  /** The next item of a value that is not done. */
  step(input: RdbInput): boolean {
    switch (this.#items) {
      case 'elements':
        if (!input.readString(input.valueScratch)) return false;
        this.#sink.element(input.strBuf, input.strOff, input.strLen);
        break;
      case 'pairs':
        if (!this.#pair(input)) return false;
        break;
      case 'members':
      case 'members-text':
        if (!this.#member(input)) return false;
        break;
      case 'nodes':
        if (!this.#node(input)) return false;
        break;
      case 'ziplists':
        if (!input.readString(input.valueScratch)) return false;
        this.#ziplistNode(input);
        break;
      case 'stream':
        if (!this.#stream.step(input)) return false;
        if (this.#stream.done) this.#end();
        return true;
      default:
        throw new Error('a value without items has no next one');
    }
    if (--this.#remaining === 0) this.#end();
    return true;
  }

  /** Drops references to buffers that are not ours, and large ones of its own. */
  release(): void {
    this.#blob = EMPTY;
    this.#built.reset();
    this.#cursor.close();
  }

  #string(input: RdbInput): boolean {
    if (!input.readString(input.valueScratch)) return false;
    const entry = this.#entry;
    this.#begun = true;
    this.#sink.string(
      entry.db,
      entry.keyBuf,
      entry.keyOff,
      entry.keyLen,
      input.strBuf,
      input.strOff,
      input.strLen,
      entry.expireAtMs,
      entry.lruIdleSeconds,
      entry.lfuFreq,
    );
    return true;
  }

  /** A collection of as many items as its first item says. An empty one is no key: Redis skips it as well. */
  #many(input: RdbInput, object: number, items: Items): boolean {
    if (!input.readPlainLength()) return false;
    if (input.length === 0) return true;
    this.#beginItems(items, input.length);
    this.#tellBegin(object, input.length);
    return true;
  }

  #nodes(input: RdbInput, items: Items): boolean {
    if (!input.readPlainLength()) return false;
    if (input.length === 0) return true;
    this.#beginItems(items, input.length);
    return true;
  }

  #beginStream(input: RdbInput, version: number): boolean {
    if (!input.readPlainLength()) return false;
    this.#beginItems('stream', input.length);
    this.#stream.begin(version, input.length);
    this.#tellBegin(OBJECT_STREAM, input.length);
    return true;
  }

  #beginItems(items: Items, count: number): void {
    this.#items = items;
    this.#remaining = count;
    this.#entry.holdKey();
  }

  #tellBegin(object: number, sizeHint: number): void {
    const entry = this.#entry;
    this.#begun = true;
    this.#sink.beginValue(
      object,
      entry.db,
      entry.keyBuf,
      entry.keyOff,
      entry.keyLen,
      Math.min(sizeHint, this.#hintMax),
      entry.expireAtMs,
      entry.lruIdleSeconds,
      entry.lfuFreq,
    );
  }

  #end(): void {
    this.#items = 'none';
    if (this.#begun) this.#sink.endValue();
  }

  #pair(input: RdbInput): boolean {
    if (!input.readString(input.keyScratch)) return false;
    const { strBuf: fieldBuf, strOff: fieldOff, strLen: fieldLen } = input;
    if (!input.readString(input.valueScratch)) return false;
    this.#sink.pair(fieldBuf, fieldOff, fieldLen, input.strBuf, input.strOff, input.strLen);
    return true;
  }

  #member(input: RdbInput): boolean {
    if (!input.readString(input.valueScratch)) return false;
    const { strBuf, strOff, strLen } = input;
    if (!(this.#items === 'members' ? input.readDouble() : this.#textDouble(input))) return false;
    if (Number.isNaN(input.double)) this.#damaged(input, 'a score is not a number');
    this.#sink.member(strBuf, strOff, strLen, input.double);
    return true;
  }

  /** One byte of length, or of what has no text: 253 is no number, 254 and 255 are the infinities. */
  #textDouble(input: RdbInput): boolean {
    if (!input.has(1)) return false;
    const length = input.buf[input.pos];
    if (length >= 253) {
      input.double = length === 253 ? NaN : length === 254 ? Infinity : -Infinity;
      input.pos++;
      return true;
    }
    if (!input.has(1 + length)) return false;
    input.double = parseScore(input.buf, input.pos + 1, length);
    input.pos += 1 + length;
    return true;
  }

  #node(input: RdbInput): boolean {
    if (!input.readPlainLength()) return false;
    const container = input.length;
    if (container !== NODE_PLAIN && container !== NODE_PACKED) this.#damaged(input, `container ${container} of a node`);
    if (!input.readString(input.valueScratch)) return false;
    if (container === NODE_PLAIN) {
      if (input.strLen === 0) this.#damaged(input, 'a plain node is empty');
      if (!this.#begun) this.#tellBegin(OBJECT_LIST, this.#remaining);
      this.#sink.element(input.strBuf, input.strOff, input.strLen);
      return true;
    }
    this.#tellNode(this.#listpack(input));
    return true;
  }

  #ziplistNode(input: RdbInput): void {
    this.#tellNode(this.#converted(input));
  }

  #tellNode(count: number): void {
    if (count === 0) return;
    if (!this.#begun) this.#tellBegin(OBJECT_LIST, this.#remaining);
    this.#sink.listpack(this.#blob, this.#blobOff, this.#blobLen, count);
  }

  /** A collection that is one string, of elements (`per` 1) or of pairs (2). */
  #small(input: RdbInput, object: number, per: number): boolean {
    if (!input.readString(input.valueScratch)) return false;
    const type = this.#type;
    const plain = type === TYPE_SET_LISTPACK || type === TYPE_HASH_LISTPACK || type === TYPE_ZSET_LISTPACK;
    const count = plain ? this.#listpack(input) : this.#converted(input);
    if (count % per !== 0) this.#damaged(input, `it has ${count} elements, which make no pairs`);
    if (object === OBJECT_ZSET) {
      const fault = orderFault(this.#blob, this.#blobOff);
      if (fault !== undefined) this.#damaged(input, fault);
    }
    if (count === 0) return true;
    this.#tellBegin(object, count / per);
    this.#sink.listpack(this.#blob, this.#blobOff, this.#blobLen, count);
    this.#sink.endValue();
    return true;
  }

  #intset(input: RdbInput): boolean {
    if (!input.readString(input.valueScratch)) return false;
    const count = validateIntset(input.strBuf, input.strOff, input.strLen);
    if (count === -1) this.#damaged(input, 'its intset is no ascending row of integers');
    this.#tellBegin(OBJECT_SET, count);
    this.#sink.intset(input.strBuf, input.strOff, input.strLen);
    this.#sink.endValue();
    return true;
  }

  /** The number of elements of the listpack that was read, made canonical where it is not. */
  #listpack(input: RdbInput): number {
    const { strBuf, strOff, strLen } = input;
    const canonical = canonicalListpackCount(strBuf, strOff, strLen);
    if (canonical !== -1) {
      this.#blob = strBuf;
      this.#blobOff = strOff;
      this.#blobLen = strLen;
      return canonical;
    }
    if (validateListpack(strBuf, strOff, strLen) === -1) this.#damaged(input, 'its listpack is broken');
    const built = this.#built;
    const cursor = this.#cursor;
    built.reset();
    cursor.open(strBuf, strOff);
    while (cursor.next()) built.append(cursor.strBuf, cursor.strOff, cursor.strLen);
    return this.#finishBuilt();
  }

  /** The same for a ziplist or zipmap, made into a listpack. */
  #converted(input: RdbInput): number {
    const { strBuf, strOff, strLen } = input;
    const zipmap = this.#type === TYPE_HASH_ZIPMAP;
    const convert = zipmap ? zipmapToListpack : ziplistToListpack;
    this.#built.reset();
    if (!convert(strBuf, strOff, strLen, this.#built)) {
      this.#damaged(input, `its ${zipmap ? 'zipmap' : 'ziplist'} is broken`);
    }
    return this.#finishBuilt();
  }

  #finishBuilt(): number {
    this.#blobLen = this.#built.finish();
    this.#blob = this.#built.bytes;
    this.#blobOff = 0;
    return this.#built.count;
  }

  #damaged(input: RdbInput, why: string): never {
    const { keyBuf, keyOff, keyLen } = this.#entry;
    const name = TYPE_NAMES[this.#type];
    return input.fail('bad-value', `The ${name} at key ${printableKey(keyBuf, keyOff, keyLen)} is damaged: ${why}`);
  }
}

const EMPTY = new Uint8Array(0);

/** Types that ValueReader reads; all others are refused by name. */
export function isReadable(type: number): boolean {
  return type <= TYPE_ZSET_2 || (type >= TYPE_HASH_ZIPMAP && type <= TYPE_STREAM_LISTPACKS_3);
}

const KEY_SHOWN_BYTES = 64;

/** A key for an error message: printable ASCII as it is, the rest escaped, long ones cut. */
export function printableKey(buf: Uint8Array, off: number, len: number): string {
  let text = '"';
  for (let i = off, stop = off + Math.min(len, KEY_SHOWN_BYTES); i < stop; i++) {
    const byte = buf[i];
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text + (len > KEY_SHOWN_BYTES ? '"…' : '"');
}

import { ListpackCursor } from './listpack.ts';
import {
  OBJECT_HASH,
  OBJECT_LIST,
  OBJECT_SET,
  OBJECT_STREAM,
  TYPE_HASH,
  TYPE_HASH_LISTPACK,
  TYPE_LIST_QUICKLIST_2,
  TYPE_SET,
  TYPE_SET_INTSET,
  TYPE_STREAM_LISTPACKS_2,
  TYPE_ZSET_2,
  TYPE_ZSET_LISTPACK,
} from './format.ts';
import type { RdbSink, RdbStreamMeta } from './types.ts';
import { RdbWriter } from './writer.ts';

/** A view's bytes, one character each: comparable and readable in a failed assertion. */
export function latin1(buf: Uint8Array, off = 0, len = buf.length - off): string {
  return Buffer.from(buf.buffer, buf.byteOffset + off, len).toString('latin1');
}

export function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** Takes everything and keeps nothing: to be derived from. */
export class SilentSink implements RdbSink {
  header(_version: number): void {}
  aux(_key: Uint8Array, _value: Uint8Array): void {}
  selectDb(_db: number): void {}
  resizeDb(_keys: number, _expires: number): void {}
  string(..._entry: Parameters<RdbSink['string']>): void {}
  beginValue(..._entry: Parameters<RdbSink['beginValue']>): void {}
  listpack(..._part: Parameters<RdbSink['listpack']>): void {}
  intset(..._part: Parameters<RdbSink['intset']>): void {}
  element(..._part: Parameters<RdbSink['element']>): void {}
  pair(..._part: Parameters<RdbSink['pair']>): void {}
  member(..._part: Parameters<RdbSink['member']>): void {}
  streamNode(..._part: Parameters<RdbSink['streamNode']>): void {}
  streamMeta(_meta: RdbStreamMeta): void {}
  streamGroup(..._part: Parameters<RdbSink['streamGroup']>): void {}
  streamPending(..._part: Parameters<RdbSink['streamPending']>): void {}
  streamConsumer(..._part: Parameters<RdbSink['streamConsumer']>): void {}
  streamConsumerPending(..._part: Parameters<RdbSink['streamConsumerPending']>): void {}
  endValue(): void {}
  end(): void {}
}

interface CollectedKey {
  readonly db: number;
  readonly key: string;
  readonly expireAtMs: number;
  readonly lruIdleSeconds: number;
  readonly lfuFreq: number;
}

export interface CollectedEntry extends CollectedKey {
  readonly value: string;
}

export interface CollectedPending {
  readonly id: string;
  readonly deliveryTimeMs: number;
  readonly deliveryCount: bigint;
}

export interface CollectedConsumer {
  readonly name: string;
  readonly seenTimeMs: number;
  readonly activeTimeMs: number;
  readonly pending: string[];
}

export interface CollectedGroup {
  readonly name: string;
  readonly lastId: string;
  /** Signed. */
  readonly entriesRead: bigint;
  readonly pending: CollectedPending[];
  readonly consumers: CollectedConsumer[];
}

/** What was told between beginValue and endValue, in order. */
export type CollectedPart =
  | { readonly kind: 'listpack'; readonly bytes: string; readonly count: number }
  | { readonly kind: 'intset'; readonly bytes: string }
  | { readonly kind: 'element'; readonly value: string }
  | { readonly kind: 'pair'; readonly field: string; readonly value: string }
  | { readonly kind: 'member'; readonly value: string; readonly score: number }
  | { readonly kind: 'node'; readonly id: string; readonly bytes: string };

export interface CollectedValue extends CollectedKey {
  readonly object: number;
  readonly sizeHint: number;
  readonly parts: CollectedPart[];
  meta: RdbStreamMeta | undefined;
  readonly groups: CollectedGroup[];
  ended: boolean;
}

/** Keeps everything that a reader tells, bytes as latin1 strings. */
export class CollectingSink implements RdbSink {
  version = 0;
  ended = false;
  readonly auxFields: [string, string][] = [];
  readonly databases: number[] = [];
  readonly sizes: [number, number][] = [];
  /** Strings. */
  readonly entries: CollectedEntry[] = [];
  /** All others. */
  readonly values: CollectedValue[] = [];
  readonly functions: string[] = [];

  header(version: number): void {
    this.version = version;
  }
  aux(key: Uint8Array, value: Uint8Array): void {
    this.auxFields.push([latin1(key), latin1(value)]);
  }
  selectDb(db: number): void {
    this.databases.push(db);
  }
  resizeDb(keys: number, expires: number): void {
    this.sizes.push([keys, expires]);
  }
  string(
    db: number,
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void {
    const key = latin1(keyBuf, keyOff, keyLen);
    this.entries.push({ db, key, value: latin1(valBuf, valOff, valLen), expireAtMs, lruIdleSeconds, lfuFreq });
  }
  beginValue(
    object: number,
    db: number,
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    sizeHint: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void {
    const last = this.values.at(-1);
    if (last !== undefined && !last.ended) throw new Error('a value begins before the last one ended');
    const key = latin1(keyBuf, keyOff, keyLen);
    const times = { expireAtMs, lruIdleSeconds, lfuFreq };
    this.values.push({ object, db, key, sizeHint, ...times, parts: [], meta: undefined, groups: [], ended: false });
  }
  listpack(buf: Uint8Array, off: number, len: number, count: number): void {
    this.#value.parts.push({ kind: 'listpack', bytes: latin1(buf, off, len), count });
  }
  intset(buf: Uint8Array, off: number, len: number): void {
    this.#value.parts.push({ kind: 'intset', bytes: latin1(buf, off, len) });
  }
  element(buf: Uint8Array, off: number, len: number): void {
    this.#value.parts.push({ kind: 'element', value: latin1(buf, off, len) });
  }
  pair(
    fieldBuf: Uint8Array,
    fieldOff: number,
    fieldLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
  ): void {
    const field = latin1(fieldBuf, fieldOff, fieldLen);
    this.#value.parts.push({ kind: 'pair', field, value: latin1(valBuf, valOff, valLen) });
  }
  member(buf: Uint8Array, off: number, len: number, score: number): void {
    this.#value.parts.push({ kind: 'member', value: latin1(buf, off, len), score });
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
    this.#value.parts.push({ kind: 'node', id: idText(msHi, msLo, seqHi, seqLo), bytes: latin1(buf, off, len) });
  }
  streamMeta(meta: RdbStreamMeta): void {
    this.#value.meta = { ...meta };
  }
  streamGroup(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    entriesReadHi: number,
    entriesReadLo: number,
  ): void {
    const name = latin1(nameBuf, nameOff, nameLen);
    const lastId = idText(msHi, msLo, seqHi, seqLo);
    const entriesRead = BigInt.asIntN(64, joined(entriesReadHi, entriesReadLo));
    this.#value.groups.push({ name, lastId, entriesRead, pending: [], consumers: [] });
  }
  streamPending(
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
    deliveryTimeMs: number,
    deliveryCountHi: number,
    deliveryCountLo: number,
  ): void {
    const deliveryCount = joined(deliveryCountHi, deliveryCountLo);
    this.#group.pending.push({ id: idText(msHi, msLo, seqHi, seqLo), deliveryTimeMs, deliveryCount });
  }
  streamConsumer(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    seenTimeMs: number,
    activeTimeMs: number,
  ): void {
    this.#group.consumers.push({ name: latin1(nameBuf, nameOff, nameLen), seenTimeMs, activeTimeMs, pending: [] });
  }
  streamConsumerPending(msHi: number, msLo: number, seqHi: number, seqLo: number): void {
    this.#group.consumers.at(-1)!.pending.push(idText(msHi, msLo, seqHi, seqLo));
  }
  endValue(): void {
    this.#value.ended = true;
  }
  functionLibrary(code: Uint8Array): void {
    this.functions.push(latin1(code));
  }
  end(): void {
    this.ended = true;
  }

  get #value(): CollectedValue {
    const value = this.values.at(-1);
    if (value === undefined || value.ended) throw new Error('a part is told outside of a value');
    return value;
  }

  get #group(): CollectedGroup {
    return this.#value.groups.at(-1)!;
  }
}

export interface FileOptions {
  readonly compress?: boolean;
  readonly checksum?: boolean;
  readonly chunkBytes?: number;
}

/** The file that `write` writes, in one piece. */
export function writeFile(write: (writer: RdbWriter) => void, options: FileOptions = {}): Uint8Array {
  const parts: Buffer[] = [];
  const writer = new RdbWriter({ ...options, flush: (chunk) => parts.push(Buffer.from(chunk)) });
  writer.header();
  write(writer);
  writer.end();
  const file = new Uint8Array(Buffer.concat(parts));
  if (file.length !== writer.bytesWritten) throw new Error(`wrote ${file.length}, says ${writer.bytesWritten}`);
  return file;
}

export function putEntry(writer: RdbWriter, entry: CollectedEntry): void {
  const key = bytes(entry.key);
  const value = bytes(entry.value);
  const { expireAtMs, lruIdleSeconds, lfuFreq } = entry;
  writer.stringEntry(key, 0, key.length, value, 0, value.length, expireAtMs, lruIdleSeconds, lfuFreq);
}

/** The type that stands for a value in a file of Redis 7.0. */
export function writtenType(value: CollectedValue): number {
  const kind = value.parts[0]?.kind;
  switch (value.object) {
    case OBJECT_LIST:
      return TYPE_LIST_QUICKLIST_2;
    case OBJECT_SET:
      return kind === 'intset' ? TYPE_SET_INTSET : TYPE_SET;
    case OBJECT_HASH:
      return kind === 'listpack' ? TYPE_HASH_LISTPACK : TYPE_HASH;
    case OBJECT_STREAM:
      return TYPE_STREAM_LISTPACKS_2;
    default:
      return kind === 'listpack' ? TYPE_ZSET_LISTPACK : TYPE_ZSET_2;
  }
}

export function putValue(writer: RdbWriter, value: CollectedValue): void {
  const key = bytes(value.key);
  const { expireAtMs, lruIdleSeconds, lfuFreq } = value;
  writer.entryPrefix(writtenType(value), key, 0, key.length, expireAtMs, lruIdleSeconds, lfuFreq);
  putParts(writer, value);
}

/** The value alone, as a DUMP payload has it. Sets that were told as a listpack are written element by element. */
export function putParts(writer: RdbWriter, value: CollectedValue): void {
  let parts = value.parts;
  if (value.object === OBJECT_SET && parts[0].kind === 'listpack') {
    parts = listpackElements(parts[0].bytes).map((element) => ({ kind: 'element', value: element }));
  }
  const whole = value.object !== OBJECT_LIST && (parts[0]?.kind === 'listpack' || parts[0]?.kind === 'intset');
  if (!whole) writer.valueLength(parts.length);
  const put = (text: string): void => writer.valueString(bytes(text), 0, text.length);
  for (const part of parts) {
    if (part.kind === 'pair') {
      put(part.field);
      put(part.value);
    } else if (part.kind === 'member') {
      writer.valueMember(bytes(part.value), 0, part.value.length, part.score);
    } else if (part.kind === 'node') {
      writer.valueStreamNode(...idParts(part.id), bytes(part.bytes), 0, part.bytes.length);
    } else {
      const text = part.kind === 'element' ? part.value : part.bytes;
      if (value.object === OBJECT_LIST) writer.valueNode(part.kind === 'element', bytes(text), 0, text.length);
      else put(text);
    }
  }
  if (value.object !== OBJECT_STREAM) return;
  writer.valueStreamMeta(value.meta!);
  writer.valueLength(value.groups.length);
  for (const { name, lastId, entriesRead, pending, consumers } of value.groups) {
    writer.valueStreamGroup(bytes(name), 0, name.length, ...idParts(lastId), ...halves(entriesRead));
    writer.valueLength(pending.length);
    for (const { id, deliveryTimeMs, deliveryCount } of pending) {
      writer.valueStreamPending(...idParts(id), deliveryTimeMs, ...halves(deliveryCount));
    }
    writer.valueLength(consumers.length);
    for (const consumer of consumers) {
      writer.valueStreamConsumer(bytes(consumer.name), 0, consumer.name.length, consumer.seenTimeMs);
      writer.valueLength(consumer.pending.length);
      for (const id of consumer.pending) writer.valueStreamConsumerPending(...idParts(id));
    }
  }
}

/** Writes what a reader tells: a copied file. */
export class CopyingSink extends CollectingSink {
  readonly #writer: RdbWriter;
  constructor(writer: RdbWriter) {
    super();
    this.#writer = writer;
  }
  override header(): void {
    this.#writer.header();
  }
  override aux(key: Uint8Array, value: Uint8Array): void {
    this.#writer.aux(key, value);
  }
  override selectDb(db: number): void {
    this.#writer.selectDb(db);
  }
  override resizeDb(keys: number, expires: number): void {
    this.#writer.resizeDb(keys, expires);
  }
  override string(...args: Parameters<RdbSink['string']>): void {
    const [, ...entry] = args;
    this.#writer.stringEntry(...entry);
  }
  override endValue(): void {
    super.endValue();
    putValue(this.#writer, this.values.pop()!);
  }
  override end(): void {
    this.#writer.end();
  }
}

export function listpackElements(text: string): string[] {
  const cursor = new ListpackCursor();
  const elements: string[] = [];
  cursor.open(bytes(text), 0);
  while (cursor.next()) elements.push(latin1(cursor.strBuf, cursor.strOff, cursor.strLen));
  return elements;
}

function intsetElements(text: string): string[] {
  const data = Buffer.from(text, 'latin1');
  const width = data.readUInt32LE(0);
  return Array.from({ length: data.readUInt32LE(4) }, (_, i) =>
    (width === 8 ? data.readBigInt64LE(8 + 8 * i) : data.readIntLE(8 + width * i, width)).toString(),
  );
}

export interface StreamItem {
  readonly id: string;
  /** Fields and values in turn. */
  readonly fields: string[];
}

/**
 * What a value holds, whatever its encoding: a list's elements, a set's in order of bytes, a hash's pairs in order of fields, a sorted
 * set's members and scores in their order, a stream's live entries.
 */
export function contentOf(value: CollectedValue): unknown[] {
  if (value.object === OBJECT_STREAM) {
    return value.parts.flatMap((part) => (part.kind === 'node' ? nodeItems(part.id, part.bytes) : []));
  }
  const flat = value.parts.flatMap((part): string[] => {
    switch (part.kind) {
      case 'listpack':
        return listpackElements(part.bytes);
      case 'intset':
        return intsetElements(part.bytes);
      case 'element':
        return [part.value];
      case 'pair':
        return [part.field, part.value];
      case 'member':
        return [part.value, String(part.score)];
      case 'node':
        return [];
    }
  });
  if (value.object === OBJECT_LIST) return flat;
  if (value.object === OBJECT_SET) return flat.sort();
  const pairs: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i], flat[i + 1]]);
  if (value.object === OBJECT_HASH) return pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return inOrderOfScores(pairs);
}

/** Members and scores as text, scores as JavaScript prints them. */
export function inOrderOfScores(pairs: [string, string][]): [string, string][] {
  return pairs
    .map(([member, score]): [string, number] => [member, Number(score.replace(/inf$/i, 'Infinity'))])
    .sort(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x - y))
    .map(([member, score]) => [member, String(score)]);
}

function nodeItems(master: string, text: string): StreamItem[] {
  const elements = listpackElements(text);
  const [ms, seq] = master.split('-').map(BigInt);
  let at = 0;
  const take = (count: number): string[] => elements.slice(at, (at += count));
  const total = Number(elements[0]) + Number(elements[1]);
  const masterFields = take(3 + Number(elements[2])).slice(3);
  at++; // the zero
  const items: StreamItem[] = [];
  for (let i = 0; i < total; i++) {
    const flags = Number(take(1)[0]);
    const [msDelta, seqDelta] = take(2).map(BigInt);
    const id = `${BigInt.asUintN(64, ms + msDelta)}-${BigInt.asUintN(64, seq + seqDelta)}`;
    const fields =
      (flags & 2) !== 0 ? masterFields.flatMap((field) => [field, ...take(1)]) : take(2 * Number(take(1)[0]));
    at++; // the count
    if ((flags & 1) === 0) items.push({ id, fields });
  }
  return items;
}

export function idText(msHi: number, msLo: number, seqHi: number, seqLo: number): string {
  return `${joined(msHi, msLo)}-${joined(seqHi, seqLo)}`;
}

/** An unsigned 64-bit integer. */
export function joined(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}

export function halves(value: bigint): [hi: number, lo: number] {
  return [Number((value >> 32n) & 0xffffffffn), Number(value & 0xffffffffn)];
}

function idParts(text: string): [number, number, number, number] {
  const [ms, seq] = text.split('-').map(BigInt);
  return [...halves(ms), ...halves(seq)];
}

export { intset, listpack, signed, stream, streamNode, string, ziplist } from './old-formats.testing.ts';
export type { Stream, StreamEntry, StreamGroup } from './old-formats.testing.ts';

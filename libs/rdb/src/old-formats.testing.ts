// Values as Redis 2.4 to 6.2 and 7.2 wrote them, made by the descriptions of these formats: no such servers are at hand, but Redis
// 7.0 still reads all of the old ones (values.e2e.test.ts asks it).

import { Crc64 } from './crc64.ts';
import { ListpackBuilder } from './listpack-builder.ts';
import { bytes, latin1 } from './testing.ts';

export const little = (value: number | bigint, width: number): string => {
  const out = Buffer.alloc(8);
  out.writeBigInt64LE(BigInt(value));
  return out.toString('latin1', 0, width);
};

/** A length as it stands in a file. */
export function length(n: number | bigint): string {
  if (n < 64) return String.fromCharCode(Number(n));
  if (n < 16384) return String.fromCharCode(0x40 | (Number(n) >> 8), Number(n) & 0xff);
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(n));
  return n < 2n ** 32n ? `\x80${out.toString('latin1', 4)}` : `\x81${out.toString('latin1')}`;
}

export const string = (text: string): string => length(text.length) + text;

const isInteger = (text: string): boolean =>
  /^(?:0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);

function ziplistInteger(value: bigint): string {
  const fits = (bits: number): boolean => BigInt.asIntN(bits, value) === value;
  if (value >= 0n && value <= 12n) return String.fromCharCode(0xf1 + Number(value));
  if (fits(8)) return `\xfe${little(value, 1)}`;
  if (fits(16)) return `\xc0${little(value, 2)}`;
  if (fits(24)) return `\xf0${little(value, 3)}`;
  return fits(32) ? `\xd0${little(value, 4)}` : `\xe0${little(value, 8)}`;
}

function ziplistString(text: string): string {
  const n = text.length;
  if (n < 64) return String.fromCharCode(n) + text;
  if (n < 16384) return String.fromCharCode(0x40 | (n >> 8), n & 0xff) + text;
  const long = Buffer.alloc(4);
  long.writeUInt32BE(n);
  return `\x80${long.toString('latin1')}${text}`;
}

/** `wide`: lengths of previous entries in five bytes where one would do, as ziplists have them after deletions. */
export function ziplist(elements: readonly string[], wide = false): string {
  let body = '';
  let previous = 0;
  let tail = 10;
  for (const element of elements) {
    tail = 10 + body.length;
    const data = isInteger(element) ? ziplistInteger(BigInt(element)) : ziplistString(element);
    const entry = (wide || previous >= 254 ? `\xfe${little(previous, 4)}` : String.fromCharCode(previous)) + data;
    previous = entry.length;
    body += entry;
  }
  return little(11 + body.length, 4) + little(tail, 4) + little(Math.min(elements.length, 0xffff), 2) + body + '\xff';
}

/** `unused`: free bytes behind each value. */
export function zipmap(pairs: readonly string[], unused = 0): string {
  const size = (n: number): string => (n < 254 ? String.fromCharCode(n) : `\xfe${little(n, 4)}`);
  let body = String.fromCharCode(Math.min(pairs.length / 2, 254));
  pairs.forEach((text, i) => {
    body += size(text.length) + (i % 2 === 0 ? text : `${String.fromCharCode(unused)}${text}${'?'.repeat(unused)}`);
  });
  return `${body}\xff`;
}

export function intset(values: readonly bigint[], width: 2 | 4 | 8): string {
  return little(width, 4) + little(values.length, 4) + values.map((value) => little(value, width)).join('');
}

export function listpack(elements: readonly string[]): string {
  const builder = new ListpackBuilder();
  for (const element of elements) builder.append(bytes(element), 0, element.length);
  return latin1(builder.bytes, 0, builder.finish());
}

/** A score as versions before 8 write it. */
export function textDouble(score: number): string {
  if (Number.isNaN(score)) return '\xfd';
  if (score === Infinity) return '\xfe';
  if (score === -Infinity) return '\xff';
  return string(String(score));
}

export function binaryDouble(score: number): string {
  const out = Buffer.alloc(8);
  out.writeDoubleLE(score);
  return out.toString('latin1');
}

function rawId(id: string): string {
  const out = Buffer.alloc(16);
  const [ms, seq] = id.split('-').map(BigInt);
  out.writeBigUInt64BE(ms, 0);
  out.writeBigUInt64BE(seq, 8);
  return out.toString('latin1');
}

const lengthId = (id: string): string => id.split('-').map(BigInt).map(length).join('');

export interface StreamEntry {
  /** Relative to the master ID. */
  readonly ms: number;
  readonly seq: number;
  /** In turn with values; absent: the master's, and `values` has as many. */
  readonly fields?: readonly string[];
  readonly values: readonly string[];
  readonly deleted?: boolean;
}

export function streamNode(masterFields: readonly string[], entries: readonly StreamEntry[]): string {
  const deleted = entries.filter((entry) => entry.deleted === true).length;
  const elements = [entries.length - deleted, deleted, masterFields.length, ...masterFields, 0].map(String);
  for (const entry of entries) {
    const flags = (entry.deleted === true ? 1 : 0) | (entry.fields === undefined ? 2 : 0);
    const own =
      entry.fields === undefined
        ? entry.values
        : [String(entry.fields.length), ...entry.fields.flatMap((field, i) => [field, entry.values[i]])];
    elements.push(String(flags), String(entry.ms), String(entry.seq), ...own, String(3 + own.length));
  }
  return listpack(elements);
}

export interface StreamGroup {
  readonly name: string;
  readonly lastId: string;
  readonly entriesRead?: bigint;
  readonly pending: readonly { readonly id: string; readonly time: number; readonly count: number }[];
  readonly consumers: readonly {
    readonly name: string;
    readonly seen: number;
    readonly active?: number;
    readonly pending: readonly string[];
  }[];
}

export interface Stream {
  readonly nodes: readonly (readonly [id: string, node: string])[];
  readonly length: number;
  readonly lastId: string;
  /** Versions 2 and 3. */
  readonly firstId?: string;
  readonly maxDeletedId?: string;
  readonly entriesAdded?: number | bigint;
  readonly groups: readonly StreamGroup[];
}

export function stream(version: 1 | 2 | 3, value: Stream): string {
  let out = length(value.nodes.length);
  for (const [id, node] of value.nodes) out += string(rawId(id)) + string(node);
  out += length(value.length) + lengthId(value.lastId);
  if (version >= 2) {
    out += lengthId(value.firstId!) + lengthId(value.maxDeletedId!) + length(value.entriesAdded!);
  }
  out += length(value.groups.length);
  for (const group of value.groups) {
    out += string(group.name) + lengthId(group.lastId);
    if (version >= 2) out += length(group.entriesRead!);
    out += length(group.pending.length);
    for (const { id, time, count } of group.pending) out += rawId(id) + little(time, 8) + length(count);
    out += length(group.consumers.length);
    for (const { name, seen, active, pending } of group.consumers) {
      out += string(name) + little(seen, 8) + (version === 3 ? little(active!, 8) : '');
      out += length(pending.length) + pending.map(rawId).join('');
    }
  }
  return out;
}

/** A DUMP payload: type and value, version and checksum. */
export function signed(body: string, version = 10): Uint8Array {
  const payload = bytes(`${body}${String.fromCharCode(version, 0)}${'\x00'.repeat(8)}`);
  const crc = new Crc64();
  crc.update(payload, 0, payload.length - 8);
  crc.writeTo(payload, payload.length - 8);
  return payload;
}

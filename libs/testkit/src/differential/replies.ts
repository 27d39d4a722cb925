/** Replies as the comparisons of rows.ts look at them, and as people read them. */

import { latin1 } from '@weir/commands/testing';
import { ReplyParser } from '@weir/resp';
import type { Reply } from '@weir/resp';
import type { Comparison } from './rows.ts';

const TOLERANCE_MS = 2000;

export function sameReply(a: Uint8Array, b: Uint8Array, compare: Comparison): boolean {
  if (Buffer.compare(a, b) === 0) return true;
  if (compare === 'exact' || a[0] === 45 || b[0] === 45) return false;
  if (a.length === 0 || b.length === 0) return false;
  if (typeof compare === 'function') return compare(latin1(a), latin1(b)) === null;
  const theirs = parse(a);
  const ours = parse(b);
  if (theirs.type !== ours.type) return false;
  switch (compare) {
    case 'set':
      return sorted(items(theirs)) === sorted(items(ours));
    case 'pairs':
      return sorted(pairs(theirs)) === sorted(pairs(ours));
    case 'kind':
      return true;
    case 'time-seconds':
    case 'time-milliseconds': {
      if (theirs.type !== 'int' || ours.type !== 'int' || theirs.value < 0 || ours.value < 0) return false;
      const unit = compare === 'time-seconds' ? 1000 : 1;
      return Math.abs(Number(theirs.value) - Number(ours.value)) * unit <= TOLERANCE_MS;
    }
    case 'idle':
      return sameBut(theirs, ours, alikeTimes);
    case 'near':
      return sameBut(theirs, ours, alikeNumbers);
    case 'random':
      return theirs.type === 'array' ? items(theirs).length === items(ours).length : true;
    case 'scan': // of a page, nothing can be said; the harness completes scans
      return true;
    case 'pop':
    case 'new-id':
      return false;
  }
}

/** Whether replies are the same but for how doubles are written: `%.17g` until Redis 7.0, as short as possible since 7.2. */
export function sameButDoubles(a: string, b: string): boolean {
  return shortDoubles(a) === shortDoubles(b);
}

function shortDoubles(reply: string): string {
  const short = (number: string): string => (Object.is(Number(number), -0) ? '-0' : String(Number(number)));
  return reply
    .replace(/\$\d+\r\n(-?\d+(?:\.\d+)?(?:e[+-]\d+)?)\r\n/g, (_, number: string) => `$\r\n${short(number)}\r\n`)
    .replace(/,(-?\d+(?:\.\d+)?(?:e[+-]\d+)?)\r\n/g, (_, number: string) => `,${short(number)}\r\n`);
}

// --- structure ---------------------------------------------------------------------------------------------------------

/** One text for equal replies. */
export function canonical(reply: Reply): string {
  const value = reply.value as unknown;
  if (value instanceof Uint8Array) return `${reply.type} ${latin1(value)}`;
  if (Array.isArray(value)) return `${reply.type} [${(value as (Reply | Reply[])[]).map(nested).join('\n')}]`;
  return `${reply.type} ${String(value)}`;
}

function nested(part: Reply | Reply[]): string {
  return Array.isArray(part) ? part.map(canonical).join('=') : canonical(part);
}

function sorted(texts: readonly string[]): string {
  return texts.toSorted().join('\x01\n');
}

function items(reply: Reply): string[] {
  return Array.isArray(reply.value) ? (reply.value as (Reply | Reply[])[]).map(nested) : [canonical(reply)];
}

/** Of a map, an array of pairs, or a flat array. */
export function pairs(reply: Reply): string[] {
  const all = items(reply);
  if (reply.type !== 'array') return all;
  if (reply.value.length > 0 && reply.value.every((part) => part.type === 'array' && part.value.length === 2))
    return all;
  return Array.from({ length: Math.ceil(all.length / 2) }, (_, i) => `${all[2 * i]}=${all[2 * i + 1] ?? 'nothing'}`);
}

/** Where a leaf stands: behind which name (in a map, or in RESP2 behind a word), and at which place of how many. */
interface Place {
  readonly name: string;
  readonly index: number;
  readonly of: number;
}

type Alike = (a: Reply, b: Reply, place: Place) => boolean;

/** Equal, but that leaves which differ need only be alike. */
function sameBut(a: Reply, b: Reply, alike: Alike, place: Place = { name: '', index: 0, of: 0 }): boolean {
  if (a.type !== b.type) return false;
  if (!Array.isArray(a.value) || !Array.isArray(b.value)) return canonical(a) === canonical(b) || alike(a, b, place);
  if (a.value.length !== b.value.length) return false;
  const of = a.value.length;
  let name = '';
  for (let index = 0; index < of; index++) {
    const [left, right] = [a.value[index], b.value[index]] as [Reply | Reply[], Reply | Reply[]];
    if (Array.isArray(left) && Array.isArray(right)) {
      if (canonical(left[0]) !== canonical(right[0])) return false;
      if (!sameBut(left[1], right[1], alike, { name: leaf(left[0]), index: 1, of: 2 })) return false;
    } else if (!Array.isArray(left) && !Array.isArray(right)) {
      if (!sameBut(left, right, alike, { name, index, of })) return false;
      name = left.type === 'bulk' && /^[a-z-]+$/.test(leaf(left)) ? leaf(left) : '';
    } else return false;
  }
  return true;
}

const TIME_FIELDS = /^(idle|inactive|seen-time|active-time)$/;

/** In a PEL an entry is ID, consumer, time, deliveries, and that of a consumer's own PEL lacks the consumer. */
const alikeTimes: Alike = (a, b, { name, index, of }) => {
  if (a.type !== 'int' || b.type !== 'int' || a.value < 0 || b.value < 0) return false;
  const isTime = TIME_FIELDS.test(name) || (of === 4 && index === 2) || (of === 3 && index === 1);
  return isTime && Math.abs(Number(a.value) - Number(b.value)) <= TOLERANCE_MS;
};

const alikeNumbers: Alike = (a, b) => {
  const [x, y] = [leaf(a), leaf(b)];
  return x.trim() !== '' && y.trim() !== '' && nearly(Number(x), Number(y));
};

function nearly(x: number, y: number): boolean {
  return Number.isFinite(x) && Number.isFinite(y) && Math.abs(x - y) <= Math.max(2e-4, Math.abs(x) * 1e-12);
}

/** The elements of an array, set or map, one below the other. */
export function leaves(reply: Reply): string[] {
  if (!Array.isArray(reply.value)) return [leaf(reply)];
  return (reply.value as (Reply | Reply[])[]).flatMap((part) =>
    Array.isArray(part) ? part.flatMap(leaves) : leaves(part),
  );
}

export function leaf(reply: Reply): string {
  if (reply.value instanceof Uint8Array) return latin1(reply.value);
  return typeof reply.value === 'object' ? JSON.stringify(reply.value) : String(reply.value);
}

export function parse(bytes: Uint8Array): Reply {
  const parser = new ReplyParser();
  parser.feed(bytes);
  let reply = parser.next();
  while (reply?.type === 'push' || reply?.type === 'attribute') reply = parser.next();
  if (reply === undefined || parser.pendingBytes > 0) throw new Error(`not one reply: ${show(bytes)}`);
  return reply;
}

export function isError(reply: Uint8Array): boolean {
  return reply[0] === 45 || reply[0] === 33;
}

export function words(...texts: string[]): Uint8Array[] {
  return texts.map((text) => Buffer.from(text, 'latin1'));
}

// --- printing ----------------------------------------------------------------------------------------------------------

/** A request as redis-cli takes it. */
export function line(args: readonly Uint8Array[]): string {
  return args.map((arg) => quote(latin1(arg))).join(' ');
}

function quote(text: string): string {
  if (/^[\w:*.+{}-]+$/.test(text)) return text;
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, (c) => `\\x${hex(c)}`);
  return `"${escaped}"`;
}

function hex(c: string): string {
  return c.charCodeAt(0).toString(16).padStart(2, '0');
}

const SHOWN_MAX = 600;

export function show(reply: Uint8Array): string {
  const text = quote(latin1(reply));
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}… (${reply.length} bytes)` : text;
}

/** Two replies, and of long ones the part where they begin to differ. */
export function showBoth(redis: Uint8Array, weir: Uint8Array): string {
  let at = 0;
  while (at < redis.length && at < weir.length && redis[at] === weir[at]) at++;
  const skip = redis.length > SHOWN_MAX || weir.length > SHOWN_MAX ? Math.max(0, at - 100) : 0;
  const where = skip > 0 ? `, from byte ${skip}` : '';
  return `Redis${where}: ${show(redis.subarray(skip))}\nWeir${where}:  ${show(weir.subarray(skip))}`;
}

/**
 * Random requests from small grammars. A grammar makes a run of arguments from a source of randomness; grammars are put
 * together from others, so that a command is one line in a table (rows-*.ts) that reads like its documentation.
 *
 * Numbers that a command takes as a time are never near: a reply must not depend on which side looked first. Relative
 * times are longer than any test, or not positive; absolute ones are far away on either side.
 */

import { Random } from '@weir/keyspace';

export type Grammar = (g: Gen) => Uint8Array[];

export class Gen {
  readonly random: Random;
  /** The types whose keys are used. */
  types: readonly KeyType[] = KEY_TYPES;
  /** Members come from a large population, so that a burst of them makes a large collection. */
  wide = false;
  /** Grows, for what has to (stream IDs). */
  tick = 1;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** Integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.random.double() * n);
  }

  chance(p: number): boolean {
    return this.random.double() < p;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** Mostly a key of that type, now and then any. */
  key(type: KeyType): Uint8Array {
    return this.chance(0.9) ? this.pick(TYPED_KEYS[type]) : key(this)[0];
  }
}

/** Each has a few keys of its own. Bitmaps, HyperLogLogs and geo indexes are strings and sorted sets. */
export type KeyType = (typeof KEY_TYPES)[number];
const KEY_TYPES = ['string', 'list', 'hash', 'set', 'zset', 'stream', 'bitmap', 'hll', 'geo'] as const;

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

// --- combinators -------------------------------------------------------------------------------------------------------

export const seq =
  (...parts: Grammar[]): Grammar =>
  (g) =>
    parts.flatMap((part) => part(g));

export const oneOf =
  (...choices: Grammar[]): Grammar =>
  (g) =>
    g.pick(choices)(g);

export const opt =
  (...parts: Grammar[]): Grammar =>
  (g) =>
    g.chance(0.4) ? parts.flatMap((part) => part(g)) : [];

export const many =
  (min: number, max: number, part: Grammar): Grammar =>
  (g) => {
    const all: Uint8Array[] = [];
    for (let left = min + g.below(max - min + 1); left > 0; left--) all.push(...part(g));
    return all;
  };

/** Some of the parts, in any order, now and then one twice. */
export const options =
  (...parts: Grammar[]): Grammar =>
  (g) => {
    const chosen: Grammar[] = [];
    for (const part of parts) if (g.chance(1.2 / parts.length)) chosen.push(part);
    if (chosen.length > 0 && g.chance(0.05)) chosen.push(g.pick(chosen));
    chosen.sort(() => g.random.double() - 0.5);
    return chosen.flatMap((part) => part(g));
  };

/** A keyword, in any case. */
export const word =
  (text: string): Grammar =>
  (g) => [bytes(g.chance(0.7) ? text : g.chance(0.5) ? text.toLowerCase() : text[0] + text.slice(1).toLowerCase())];

export const literal =
  (...texts: (string | number | bigint)[]): Grammar =>
  (g) => [bytes(String(g.pick(texts)))];

// --- arguments ---------------------------------------------------------------------------------------------------------

const KEYS = ['a', 'b', 'c', 'd', 'key:1', 'key:2', '{tag}x', '', '\xff\x00\r\n\x80', 'k'.repeat(300), '0'].map(bytes);

const numbered = (letter: string): readonly Uint8Array[] => [1, 2, 3, 4].map((n) => bytes(letter + String(n)));

const TYPED_KEYS: Readonly<Record<KeyType, readonly Uint8Array[]>> = {
  string: KEYS.slice(0, 4),
  list: numbered('l'),
  hash: numbered('h'),
  set: numbered('s'),
  zset: numbered('z'),
  // few: most commands need a stream, a group and something pending in it
  stream: numbered('x').slice(0, 2),
  bitmap: numbered('b'),
  hll: numbered('p'),
  geo: numbered('g'),
};

/** A key of any type, or a strange one. Few keys, so that commands meet each other's values. */
export const key: Grammar = (g) => [g.chance(0.75) ? g.pick(TYPED_KEYS[g.pick(g.types)]) : g.pick(KEYS)];

/** Mostly a key of that type. */
export const keyOf =
  (type: KeyType): Grammar =>
  (g) => [g.key(type)];

const INTEGERS = [
  '0',
  '1',
  '-1',
  '9',
  '10',
  '99',
  '100',
  '9999',
  '10000',
  '2147483647',
  '2147483648',
  '-2147483648',
  '-2147483649',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775806',
  '9223372036854775807',
  '-9223372036854775807',
  '-9223372036854775808',
];

const NO_INTEGERS = [
  '',
  '-',
  '+1',
  '01',
  '-0',
  ' 1',
  '1 ',
  '1.0',
  '0x10',
  '1e3',
  'abc',
  '1\x00',
  '9223372036854775808',
  '-9223372036854775809',
  '18446744073709551616',
  '123456789012345678901234567890',
];

export const integer: Grammar = (g) => {
  const kind = g.below(20);
  if (kind < 8) return [bytes(String(g.below(2000) - 1000))];
  if (kind < 12) return [bytes(String(Math.round((g.random.double() - 0.5) * 2 ** (2 + g.below(52)))))];
  return [bytes(kind < 19 ? g.pick(INTEGERS) : g.pick(NO_INTEGERS))];
};

/** A position in a string. */
export const index: Grammar = (g) => (g.chance(0.85) ? [bytes(String(g.below(80) - 30))] : integer(g));

const FLOATS = [
  '0.1',
  '-0.1',
  '0.2',
  '3.0',
  '1.5e3',
  '1e17',
  '1e18',
  '-1e25',
  '1.7976931348623157e308',
  '1e-17',
  '5e-18',
  '0.30000000000000004',
  '123456789.123456789',
  '18446744073709551615',
  '18446744073709551617',
  '9223372036854775807.5',
  '.5',
  '5.',
  '+2',
  '-0',
  '0e5',
  '1e-4940',
  '1e-4960',
  '1e4931',
  '1e4932',
  '1e4933',
  '-1e4932',
  '1e999999',
  '0x10',
  '0x1.8p1',
  '0X.8P-3',
  '0x',
  '0x1p',
  'inf',
  '-Infinity',
  'nan',
  'NAN(1)',
  '1e',
  '1e+',
  '.',
  '1,5',
  ' 1',
  '1 ',
  '1\x00',
  'infinit',
  '1' + '0'.repeat(100),
  '0.' + '3'.repeat(60),
];

export const float: Grammar = (g) => {
  const kind = g.below(10);
  if (kind < 3) return [bytes(((g.random.double() - 0.5) * 10 ** g.below(20)).toString())];
  if (kind < 5) return [bytes((g.below(2000) / 100 - 10).toFixed(g.below(6)))];
  return kind < 6 ? integer(g) : [bytes(g.pick(FLOATS))];
};

/** Bytes from a small alphabet, so that LCS and patterns find something. */
export const text: Grammar = (g) => {
  const out = new Uint8Array(g.below(g.chance(0.2) ? 100 : 20));
  for (let i = 0; i < out.length; i++) out[i] = 97 + g.below(3);
  return [out];
};

const LENGTHS = [0, 1, 11, 12, 20, 21, 43, 44, 45, 63, 64, 65, 255, 256, 1000, 1023, 1024, 1025, 1100, 4096, 20000];

export const blob: Grammar = (g) => {
  const out = new Uint8Array(g.pick(LENGTHS));
  const kind = g.below(3);
  for (let i = 0; i < out.length; i++) out[i] = kind === 0 ? g.below(256) : kind === 1 ? 120 : 65 + ((i >> 2) % 26);
  return [out];
};

export const value: Grammar = (g) => g.pick([text, text, text, blob, integer, integer, float])(g);

export const pattern: Grammar = (g) => [
  bytes(g.pick(['*', '*', '**', 'a*', '?', '[abc]', '[^a]', 'key:[0-9]', '\\a', '*\xff*', '', '[', 'k*k', '{tag}*'])),
];

export const dbIndex: Grammar = (g) => [
  bytes(
    g.chance(0.93) ? String(g.below(4)) : g.pick(['15', '16', '-1', '99999999999', 'x', '', '9223372036854775808']),
  ),
];

const EDGE_TIMES = ['0', '-1', '-100', '9223372036854775807', '-9223372036854775808', '9223372036854775808', 'x', ''];

/** No two are near each other, but for the same one twice: with GT and LT that would be a race. */
const relative =
  (unit: number): Grammar =>
  (g) => [bytes(g.chance(0.9) ? String((1000 + g.below(1_000_000) * 10) * unit) : g.pick(EDGE_TIMES))];

export const seconds: Grammar = relative(1);
export const milliseconds: Grammar = relative(1000);

/** Unix times: in the years 2096 and later, or long ago. */
const absolute =
  (unit: number): Grammar =>
  (g) => {
    const kind = g.below(20);
    if (kind < 14) return [bytes(String((4_000_000_000 + g.below(1_000_000)) * unit))];
    return [bytes(kind < 17 ? String(1 + g.below(1_000_000) * unit) : g.pick(EDGE_TIMES))];
  };

export const unixSeconds: Grammar = absolute(1);
export const unixMilliseconds: Grammar = absolute(1000);

/** Arguments that are wrong in most places; as a time each of them is far away or refused. */
const JUNK = [
  '',
  'abc',
  '-1',
  '0',
  '9223372036854775807',
  '9223372036854775808',
  '100000000',
  '1e5',
  ' 1',
  '\x00',
  'nx\x00y',
  'NX',
  'XX',
  'GT',
  'EX',
  'GET',
  'REPLACE',
  'COUNT',
  'a\r\nb',
].map(bytes);

/** Breaks a request now and then: too few or too many arguments, options twice, values that are none. */
export function mutate(g: Gen, args: Uint8Array[]): Uint8Array[] {
  if (!g.chance(0.06)) return args;
  const out = [...args];
  const at = 1 + g.below(out.length);
  switch (g.below(5)) {
    case 0:
      out.length = Math.max(1, out.length - 1);
      break;
    case 1:
      out.splice(at, 1);
      break;
    case 2:
      out.push(g.pick(JUNK));
      break;
    case 3:
      if (at < out.length) out[at] = g.pick(JUNK);
      break;
    default:
      if (at < out.length) out.splice(at, 0, out[at]);
  }
  return out;
}

/** The arguments of the commands of collections, with the values at which an implementation turns. */

import { float, integer, keyOf, literal, many, oneOf, opt, seq, text, value, word } from './grammar.ts';
import type { Gen, Grammar, KeyType } from './grammar.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** `text`, or something else now and then. */
const mostly =
  (p: number, usual: Grammar, seldom: Grammar): Grammar =>
  (g) =>
    g.chance(p) ? usual(g) : seldom(g);

// --- members -----------------------------------------------------------------------------------------------------------

const FEW = ['a', 'b', 'c', 'd', 'e', 'foo', 'bar', 'x y', 'A', 'aa', 'ab', 'b\x00', '1', '2', '3', '-1'].map(bytes);
/** Just below and above what a listpack takes (64), its element headers (6, 12 bits), and a list's node (8 KiB). */
const LENGTHS = [62, 63, 64, 65, 66, 127, 128, 250, 4095, 4096];
const LONG = [8100, 8170, 8183, 8190, 8191, 8192, 8193, 8200, 16384, 70_000];
/** Integers at the limits of the encodings of listpacks and intsets. */
const LIMITS = [7, 8, 12, 13, 15, 16, 23, 24, 31, 32, 63].flatMap((bits) =>
  [-1n, 0n, 1n].flatMap((d) => [String(2n ** BigInt(bits) + d), String(-(2n ** BigInt(bits)) + d)]),
);

/** An element of a list, a member of a set or sorted set, a field or a value of a hash: often one that is there already. */
export const member: Grammar = (g) => {
  if (g.wide) return [bytes(g.chance(0.5) ? String(g.below(5000)) : `m:${g.below(5000)}`)];
  const kind = g.below(100);
  if (kind < 55) return [g.pick(FEW)];
  if (kind < 68) return [bytes(String(g.below(40) - 5))];
  if (kind < 74) return [bytes(`m:${g.below(100)}`)];
  if (kind < 79) return text(g);
  if (kind < 84) return [bytes(g.pick(LIMITS))];
  if (kind < 88) return integer(g);
  if (kind < 91) return float(g);
  if (kind < 93) return [bytes('')];
  if (kind < 95) return [bytes(g.pick(['\xff\x00\r\n\x80', '\x00', '\r\n', '\xc3\xa9', '\x00a', 'a\x00b']))];
  if (kind < 99) return [long(g, g.pick(LENGTHS))];
  return [g.chance(0.5) ? long(g, g.pick(LONG)) : value(g)[0]];
};

function long(g: Gen, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.fill(97 + g.below(2));
  if (g.chance(0.5)) out[length - 1] = 48 + g.below(10);
  return out;
}

/** Integers only, so that sets stay intsets. */
export const intMember: Grammar = (g) => [
  bytes(g.wide ? String(g.below(100_000)) : g.chance(0.9) ? String(g.below(60) - 10) : g.pick(LIMITS)),
];

/** The part once or a few times, now and then so often, and with so many different members, that encodings change. */
export const burst =
  (part: Grammar): Grammar =>
  (g) => {
    const kind = g.below(1000);
    if (kind < 900) return many(1, kind < 650 ? 2 : 12, part)(g);
    g.wide = true;
    try {
      return many(20, kind < 985 ? 150 : 700, part)(g);
    } finally {
      g.wide = false;
    }
  };

/** `count` keys of that type behind their number, which is wrong now and then. */
export const numkeys =
  (type: KeyType, max = 3): Grammar =>
  (g) => {
    const n = 1 + g.below(max);
    const keys = many(n, n, keyOf(type))(g);
    return [
      bytes(g.chance(0.93) ? String(n) : g.pick(['0', '-1', String(n + 1), 'x', '', '9223372036854775807'])),
      ...keys,
    ];
  };

// --- numbers -----------------------------------------------------------------------------------------------------------

/** How many: mostly small. */
export const count: Grammar = mostly(0.9, (g) => [bytes(String(g.below(12)))], oneOf(literal(-1, 0, 1000), integer));

/** The same, negative too, where that has a meaning (LREM, SRANDMEMBER). Never so large that the reply would be. */
export const signedCount: Grammar = mostly(
  0.93,
  (g) => [bytes(String(g.below(24) - 12))],
  literal('', 'x', '-0', '+1', '1.0', '9223372036854775808', '-9223372036854775808', '300', '-300'),
);

/** A position in a list or sorted set, from either end. */
export const rank: Grammar = mostly(0.9, (g) => [bytes(String(g.below(16) - 6))], integer);

const SCORES = [
  '0',
  '-0',
  '0.0',
  '1',
  '1.0',
  '+1',
  '00012',
  '.5',
  '5.',
  '1e3',
  '0.1',
  '0.2',
  '-0.1',
  '3.3333333333333335',
  '0.30000000000000004',
  '1e17',
  '1e21',
  '123456789012345680',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '18446744073709551615',
  '1.7976931348623157e308',
  '-1.7976931348623157e+308',
  '2.2250738585072014e-308',
  '4.9406564584124654e-324',
  '5e-324',
  '1e-400',
  '1e-7',
  '0.000001',
  '0x10',
  '0x1.8p1',
  '-0X.8P-3',
  'inf',
  '-inf',
  '+inf',
  'Infinity',
  '-INFINITY',
];
const NO_SCORES = [
  '',
  'nan',
  '-nan',
  'NaN',
  'nan(1)',
  '1e400',
  '-1e400',
  ' 1',
  '1 ',
  'x',
  '1,5',
  '0x',
  '1e',
  '--1',
  '1\x00',
  '.',
];

/** A score, often one that another member has. */
export const score: Grammar = (g) => {
  const kind = g.below(20);
  if (kind < 11) return [bytes(String(g.below(12) - 4))];
  if (kind < 14) return [bytes(((g.random.double() - 0.5) * 10 ** (g.below(12) - 4)).toString())];
  return [bytes(kind < 19 ? g.pick(SCORES) : g.pick(NO_SCORES))];
};

/** An end of a range by score. */
export const scoreBound: Grammar = (g) => {
  const kind = g.below(20);
  if (kind < 5) return [bytes(g.pick(['-inf', '+inf', 'inf', '(inf', '(-inf', '-Inf', '(+inf']))];
  if (kind < 6) return [bytes(g.pick(['(', '((1', '[1', '( 1', '-', '+', '(nan', '1(', '(1e400', '']))];
  return [bytes((g.chance(0.3) ? '(' : '') + latin1(score(g)[0]))];
};

/** An end of a range by name. */
export const lexBound: Grammar = (g) => {
  const kind = g.below(20);
  if (kind < 6) return [bytes(g.pick(['-', '+']))];
  if (kind < 7) return [bytes(g.pick(['', 'a', '-a', '+a', '[', '(', '--', '((a', ' [a']))];
  return [Buffer.concat([bytes(g.chance(0.6) ? '[' : '('), member(g)[0]])];
};

export const limit: Grammar = seq(
  word('LIMIT'),
  mostly(0.85, (g) => [bytes(String(g.below(5)))], rank),
  signedCount,
);

// --- streams -----------------------------------------------------------------------------------------------------------

const MAX = '18446744073709551615';
const EDGE_IDS = [
  '0-0',
  '0-1',
  '0',
  '1',
  `0-${MAX}`,
  `${MAX}-0`,
  `${MAX}-${MAX}`,
  MAX,
  `${MAX}-*`,
  `9223372036854775807-9223372036854775808`,
  '18446744073709551616-0',
  '0-18446744073709551616',
];
const NO_IDS = [
  '',
  '-',
  '+',
  '*',
  '$',
  '>',
  '-1',
  '1-',
  '-1-1',
  '1--1',
  '1-2-3',
  'x',
  '1-x',
  '01-1',
  '1 -1',
  ' 1-1',
  '*-1',
  '(1-1',
  '1-1*',
];

/** An ID that is there, or was, or may come. */
export const streamId: Grammar = (g) => {
  const kind = g.below(40);
  if (kind < 36) return [bytes(`${g.below(g.tick + 2)}${g.chance(0.7) ? `-${g.below(4)}` : ''}`)];
  return [bytes(kind < 39 ? g.pick(EDGE_IDS) : g.pick(NO_IDS))];
};

/** The ID of a new entry: mostly above all those before. An `*` needs a row with `compare: 'new-id'`. */
export const newStreamId: Grammar = (g) => {
  const kind = g.below(40);
  if (kind < 26) return [bytes(`${(g.tick += g.below(2))}-${g.below(4)}`)];
  if (kind < 34) return [bytes(`${(g.tick += g.below(2))}-*`)];
  if (kind < 38) return [bytes('*')];
  // A maximal ID ends a stream: seldom.
  return g.chance(0.8) ? streamId(g) : [bytes(g.pick([...EDGE_IDS, ...NO_IDS]))];
};

/** An end of XRANGE and the like. */
export const streamBound: Grammar = (g) => {
  const kind = g.below(20);
  if (kind < 8) return [bytes(g.pick(['-', '+']))];
  if (kind < 9) return [bytes(g.pick(['(-', '(+', '(', '((1-1', '[1', '(0-0', `(${MAX}-${MAX}`, '(5-', '', '*', '$']))];
  return [bytes((g.chance(0.25) ? '(' : '') + latin1(streamId(g)[0]))];
};

export const groupName: Grammar = mostly(0.9, literal('g1', 'g1', 'g1', 'g2'), literal('', 'nosuch'));
export const consumerName: Grammar = literal('c1', 'c1', 'c2', 'c2', 'c3', '');

/** Times in milliseconds that every entry has waited, or none. */
export const idleTime: Grammar = mostly(
  0.94,
  literal(0, 0, 0, 100_000_000),
  literal('-1', 'x', '', '9223372036854775808'),
);

// --- bits, geo, scans --------------------------------------------------------------------------------------------------

/** Above 2^23 it is beyond the test's proto-max-bulk-len of 1 MiB, and refused. */
export const bitOffset: Grammar = mostly(
  0.92,
  (g) => [bytes(String(g.below(g.chance(0.8) ? 100 : 4000)))],
  literal(8_388_607, 8_388_608, 4_294_967_295, 4_294_967_296, '-1', 'x', '', '9223372036854775807', '1e1', ' 1', '01'),
);

export const bitfieldType: Grammar = mostly(
  0.93,
  (g) => [
    bytes(
      `${g.pick(['u', 'i'])}${g.chance(0.5) ? g.pick([1, 2, 4, 5, 7, 8, 16, 31, 32, 33, 62, 63]) : 1 + g.below(63)}`,
    ),
  ],
  literal('i64', 'i64', 'u64', 'i0', 'u0', 'i65', 'u', '', 'x8', 'U8', 'I8', 'u08', 'u8 ', 'i-1', 'u1x'),
);

export const bitfieldOffset: Grammar = mostly(0.6, bitOffset, (g) => [bytes(`#${latin1(bitOffset(g)[0])}`)]);

export const longitude: Grammar = mostly(
  0.85,
  (g) => [bytes((g.random.double() * 360 - 180).toFixed(g.below(10)))],
  literal('180', '-180', '180.0001', '-180.0001', '0', '-0', '13.361389', '15.087269', 'x', '', 'nan', 'inf', '1e1'),
);
export const latitude: Grammar = mostly(
  0.85,
  (g) => [bytes((g.random.double() * 170 - 85).toFixed(g.below(10)))],
  literal('85.05112878', '-85.05112878', '85.05112879', '-86', '0', '38.115556', '37.502669', 'x', '', 'nan', '9e1'),
);
export const geoUnit: Grammar = mostly(
  0.95,
  oneOf(word('m'), word('km'), word('ft'), word('mi')),
  literal('', 'x', 'mm'),
);
export const distance: Grammar = mostly(
  0.9,
  (g) => [bytes((g.random.double() * 10 ** g.below(8)).toFixed(g.below(4)))],
  literal('0', '-1', 'x', '', 'nan', 'inf', '1e400', '40000', '1e10'),
);

/** The cursor and options of HSCAN, SSCAN, ZSCAN. Complete scans are compared as sets. */
export const scanArgs: Grammar = seq(
  mostly(0.9, literal(0), literal('1', '-1', '', 'x', '18446744073709551616', '+0', ' 0')),
  opt(word('MATCH'), literal('*', 'a*', '[ab]', '?', 'm:*', '\\a', '*\xff*', '', '1*')),
  opt(word('COUNT'), mostly(0.9, literal(1, 5, 100, 100_000), integer)),
);

function latin1(argument: Uint8Array): string {
  return Buffer.from(argument).toString('latin1');
}

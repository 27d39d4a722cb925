import { keyOf, literal, many, oneOf, seq, value } from './grammar.ts';
import type { Grammar } from './grammar.ts';
import { burst, member } from './grammar-types.ts';
import type { CommandRow } from './rows.ts';

const key = keyOf('hll');
/** Enough different ones that a sparse HyperLogLog becomes dense. */
const element: Grammar = (g) => (g.chance(0.6) ? [Buffer.from(`e${g.below(1_000_000)}`)] : member(g));

const HEADER = 'HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80';
const raw = (text: string): Uint8Array => Buffer.from(text, 'latin1');
/** Strings that are nearly HyperLogLogs, or are ones with odd contents. */
const forged = [
  'HYLL',
  'HYLL\x01',
  'HYLM\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff',
  'HYLL\x02\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff',
  'HYLL\0\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff',
  HEADER,
  `${HEADER}\x7f\xfe`,
  `${HEADER}\x7f\xff\x00`,
  `${HEADER}\x3f\x7f\xbe\x80`,
  `${HEADER}\x40\x00\x7f\xfe`,
  `${HEADER}\xff\xff\xff\x7f\xf3`,
  'HYLL\x01abc\x05\0\0\0\0\0\0\0\x7f\xff',
  'HYLL\x01abc\xff\xff\xff\xff\xff\xff\xff\x7f\x7f\xff',
  `${HEADER}${'\xff'.repeat(4096)}`,
  `${HEADER}${'\xff'.repeat(4095)}`,
  `HYLL\0\0\0\0\0\0\0\0\0\0\0\x80${'\xff'.repeat(12288)}`,
  `HYLL\0\0\0\0\0\0\0\0\0\0\0\x80${'\x00'.repeat(12288)}`,
  `HYLL\0\0\0\0\0\0\0\0\0\0\0\x80${'\xf3\x3c\xcf'.repeat(4096)}`,
  `HYLL\0\0\0\0\0\0\0\0\0\0\0\x80${'\xb2\x2c\xcb'.repeat(4096)}`,
].map(raw);

const subcommand = oneOf(literal('GETREG', 'decode', 'DECODE', 'ENCODING', 'encoding', 'TODENSE', 'todense', 'x', ''));

export const hllRows: readonly CommandRow[] = [
  { name: 'pfadd', args: seq(key, burst(element)), weight: 8 },
  { name: 'pfadd', args: key },
  { name: 'pfcount', args: key, weight: 6 },
  { name: 'pfcount', args: many(2, 4, key), weight: 3 },
  { name: 'pfmerge', args: many(1, 4, key), weight: 3 },
  { name: 'pfdebug', args: seq(subcommand, key), weight: 2 },
  { name: 'get', args: key, weight: 4 },
  { name: 'strlen', args: key },
  { name: 'set', args: seq(key, (g) => [g.pick(forged)]), weight: 2 },
  { name: 'set', args: seq(key, value), weight: 0.2 },
  // The header only, and no run of zeros without its second byte: Redis reads, and writes, behind the string then.
  { name: 'setrange', args: seq(key, literal(0, 4, 5, 8, 15), literal('\x00', '\x01', '\x7f', '\x80', '\xff')) },
  { name: 'append', args: seq(key, literal('\x00', '\x80', '\xff', '\x7f\xff')), weight: 0.5 },
  { name: 'object', args: seq(literal('ENCODING'), key) },
  { name: 'pfselftest', args: () => [], weight: 0.002 },
];

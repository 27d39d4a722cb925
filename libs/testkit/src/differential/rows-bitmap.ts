import { index, integer, keyOf, literal, many, oneOf, opt, options, seq, value, word } from './grammar.ts';
import type { Grammar } from './grammar.ts';
import { bitOffset, bitfieldOffset, bitfieldType } from './grammar-types.ts';
import type { CommandRow } from './rows.ts';

const key = keyOf('bitmap');
const bit: Grammar = oneOf(literal(0, 1, 0, 1, 0, 1, 0, 1), literal('', '2', '-1', 'x', '01'));
const unit = oneOf(word('BYTE'), word('BIT'), word('BIT'));
/** Strings in which bits are to be looked for: long runs, and words that are nearly full. */
const patterns: Grammar = (g) => {
  const bytes = Buffer.alloc(g.below(g.chance(0.3) ? 3000 : 40), g.pick([0, 0xff, 0xff, 0x55]));
  for (let i = g.below(4); i > 0 && bytes.length > 0; i--) bytes[g.below(bytes.length)] = g.below(256);
  return [bytes];
};
const position: Grammar = oneOf(index, index, literal(7, 8, 9, 31, 32, 33, 63, 64, -9, -33, 100, 1000, -1000));
const operand: Grammar = oneOf(
  integer,
  literal(0, 1, -1, 2, 127, 128, -128, -129, 255, 256, 32767, 65535, 65536, 2147483647, 2147483648, -2147483648),
  literal('4294967295', '4294967296', '9223372036854775807', '-9223372036854775808', '4611686018427387904'),
);
const get = seq(word('GET'), bitfieldType, bitfieldOffset);
const set = seq(word('SET'), bitfieldType, bitfieldOffset, operand);
const incrby = seq(word('INCRBY'), bitfieldType, bitfieldOffset, operand);
const overflow = seq(word('OVERFLOW'), oneOf(word('WRAP'), word('SAT'), word('FAIL')));

export const bitmapRows: readonly CommandRow[] = [
  { name: 'setbit', args: seq(key, bitOffset, bit), weight: 6 },
  { name: 'getbit', args: seq(key, bitOffset), weight: 3 },
  { name: 'set', args: seq(key, patterns), weight: 4 },
  { name: 'set', args: seq(key, value) },
  { name: 'bitcount', args: key, weight: 2 },
  { name: 'bitcount', args: seq(key, position, position, opt(unit)), weight: 5 },
  { name: 'bitpos', args: seq(key, bit, opt(position)), weight: 3 },
  { name: 'bitpos', args: seq(key, bit, position, position, opt(unit)), weight: 5 },
  {
    name: 'bitop',
    args: seq(oneOf(word('AND'), word('OR'), word('XOR')), key, many(1, 4, key)),
    weight: 5,
  },
  { name: 'bitop', args: seq(oneOf(word('NOT'), word('NOT'), literal('x', '')), key, key), weight: 2 },
  { name: 'bitfield', args: seq(key, many(1, 4, oneOf(get, set, incrby, incrby, overflow))), weight: 8 },
  { name: 'bitfield', args: seq(key, options(get, set, incrby, overflow)), weight: 2 },
  { name: 'bitfield', args: seq(key, overflow, incrby, incrby, get), weight: 3 },
  { name: 'bitfield_ro', args: seq(key, many(1, 3, get)), weight: 3 },
  { name: 'bitfield_ro', args: seq(key, set), weight: 0.2, refused: 'it sets' },
  { name: 'get', args: key, weight: 4 },
  { name: 'append', args: seq(key, value), weight: 0.5 },
  { name: 'object', args: seq(literal('ENCODING'), key) },
];

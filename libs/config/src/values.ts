import { LONG_MAX, ULONG_MAX } from './directive.ts';
import { parseSpecial } from './specials.ts';
import type { TableRow } from './table.ts';

/** A canonical text, or why there is none. */
export type Parsed = { readonly text: string } | { readonly error: string };

const WRONG_COUNT: Parsed = { error: 'wrong number of arguments' };

export interface ParseContext {
  /** The canonical text so far: some directives change a part of it only. */
  readonly current: string;
  /** A line of a file after the first one of its name: `save` lines add up. */
  readonly accumulate: boolean;
}

/** Checks the arguments of a directive as Redis does and brings them into the form that CONFIG GET answers. */
export function parseValue(row: TableRow, args: readonly string[], context: ParseContext): Parsed {
  if (row.options.multi !== true && args.length !== 1) return WRONG_COUNT;
  const parsed = parseKind(row, args, context);
  if ('error' in parsed) return parsed;
  const refusal = row.options.check?.(parsed.text);
  return refusal === undefined ? parsed : { error: refusal };
}

function parseKind(row: TableRow, args: readonly string[], context: ParseContext): Parsed {
  switch (row.kind) {
    case 'bool': {
      const text = args[0].toLowerCase();
      return text === 'yes' || text === 'no' ? { text } : { error: "argument must be 'yes' or 'no'" };
    }
    case 'string':
      return { text: args[0] };
    case 'enum':
      return parseEnum(row, args[0]);
    case 'flags':
      return parseFlags(row, args);
    case 'special':
      return parseSpecial(row.name, args, context);
    default:
      return parseNumber(row, args[0]);
  }
}

function notOneOf(row: TableRow): Parsed {
  return { error: `argument(s) must be one of the following: ${row.values.join(', ')}` };
}

function parseEnum(row: TableRow, arg: string): Parsed {
  const text = arg.toLowerCase();
  if (!row.values.includes(text)) return notOneOf(row);
  // The one synonym: CONFIG GET names the first of two values that mean the same.
  return { text: row.name === 'oom-score-adj' && text === 'relative' ? 'yes' : text };
}

/** The first value is the empty set: `default`. */
function parseFlags(row: TableRow, args: readonly string[]): Parsed {
  const given = args.map((arg) => arg.toLowerCase());
  if (given.length === 0 || given.some((flag) => !row.values.includes(flag))) return notOneOf(row);
  const set = row.values.slice(1).filter((flag) => given.includes(flag));
  return { text: set.length === 0 ? row.values[0] : set.join(' ') };
}

function parseNumber(row: TableRow, arg: string): Parsed {
  let value: bigint | undefined;
  if (row.kind === 'memory' || row.kind === 'percent-memory') {
    value = parseMemory(arg);
    if (value === undefined && row.kind === 'percent-memory') {
      const percent = arg.endsWith('%') ? parseInteger(arg.slice(0, -1)) : undefined;
      if (percent !== undefined && percent >= 0n) value = -percent;
    }
    if (value === undefined) {
      const what = row.kind === 'memory' ? 'a memory value' : 'a memory or percent value';
      return { error: `argument must be ${what}` };
    }
    // Redis keeps signed ones in a long long: from 2^63 on they are negative, and out of range.
    if (row.max !== ULONG_MAX) value = BigInt.asIntN(64, value);
  } else if (row.kind === 'octal') {
    const match = /^\s*[+-]?[0-7]+$/.test(arg) ? arg.trim() : arg === '' ? '0' : undefined;
    if (match === undefined) return { error: "argument couldn't be parsed as an octal number" };
    value = BigInt(Number.parseInt(match, 8));
  } else {
    value = parseInteger(arg);
    if (value === undefined) return { error: "argument couldn't be parsed into an integer" };
  }
  if (row.kind === 'percent-memory' && value < 0n) {
    if (value < row.min) return { error: `percentage argument must be less or equal to ${-row.min}` };
    return { text: `${-value}%` };
  }
  const radix = row.kind === 'octal' ? 8 : 10;
  if (value < row.min || value > row.max) {
    return { error: `argument must be between ${row.min.toString(radix)} and ${row.max.toString(radix)} inclusive` };
  }
  const clamp = row.options.clamp;
  if (clamp !== undefined) value = value < clamp[0] ? clamp[0] : value > clamp[1] ? clamp[1] : value;
  return { text: value.toString(radix) };
}

/** Redis's string2ll: no sign +, no leading zeros, no spaces, 64 bits. */
export function parseInteger(text: string): bigint | undefined {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value > LONG_MAX || value < -LONG_MAX - 1n ? undefined : value;
}

/** C's strtoll of a whole string: spaces and a + in front are fine, an empty string is 0, overflow saturates. */
export function parseLoose(text: string): bigint | undefined {
  if (text === '') return 0n;
  const match = /^[ \t\n\v\f\r]*([+-]?[0-9]+)$/.exec(text);
  if (match === null) return undefined;
  const value = BigInt(match[1].replace('+', ''));
  return value > LONG_MAX ? LONG_MAX : value < -LONG_MAX - 1n ? -LONG_MAX - 1n : value;
}

const UNITS: Record<string, bigint> = {
  '': 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000_000n,
  mb: 1048576n,
  g: 1000_000_000n,
  gb: 1073741824n,
};

/** Redis's memtoull: no digits are 0, digits saturate at 2^64-1, a product that does not fit wraps. */
export function parseMemory(text: string): bigint | undefined {
  const match = /^([0-9]*)([a-z]*)$/i.exec(text);
  const unit = match === null ? undefined : UNITS[match[2].toLowerCase()];
  if (match === null || unit === undefined || match[1].length > 127) return undefined;
  const digits = BigInt(match[1]);
  return BigInt.asUintN(64, (digits > ULONG_MAX ? ULONG_MAX : digits) * unit);
}

/** As CONFIG REWRITE writes sizes: in the largest unit that loses nothing. */
export function formatMemory(bytes: bigint): string {
  if (bytes !== 0n && bytes % 1073741824n === 0n) return `${bytes / 1073741824n}gb`;
  if (bytes !== 0n && bytes % 1048576n === 0n) return `${bytes / 1048576n}mb`;
  if (bytes !== 0n && bytes % 1024n === 0n) return `${bytes / 1024n}kb`;
  return `${bytes}`;
}

/** The number that `config.num` shows: percentages are negative, as in Redis. */
export function toNumber(row: TableRow, text: string): number {
  if (row.kind === 'octal') return Number.parseInt(text, 8);
  return text.endsWith('%') ? 0 - Number(text.slice(0, -1)) : Number(text);
}

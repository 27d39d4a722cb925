import { allCommands } from '@weir/commands';
import { latin1 } from '@weir/commands/testing';
import { isAvoided } from './differences.ts';
import { Gen, mutate } from './grammar.ts';
import type { KeyType } from './grammar.ts';
import { rowGroups } from './groups.ts';
import type { Selection } from './groups.ts';
import { words } from './replies.ts';
import type { CommandRow, Comparison, OracleName } from './rows.ts';

/** One request of a sequence. */
export interface Step {
  /** 0 speaks RESP2, 1 speaks RESP3. */
  readonly connection: 0 | 1;
  readonly args: readonly Uint8Array[];
  readonly compare: Comparison;
  /** Where it comes from; absent on what a row sends before. */
  readonly row?: CommandRow;
  /** The comparison may send requests of its own, which no other step's reply must tell of. */
  readonly probe: boolean;
}

export interface GenerateOptions {
  readonly steps?: number;
  readonly oracle?: OracleName;
  /** Whether the sequence is about the data set alone. */
  readonly probe?: boolean;
}

const SEQUENCE_STEPS = 300;

/** Needs requests of its own to compare. */
const PROBING = new Set<Comparison>(['pop', 'random']);

const isByChance = ({ compare }: CommandRow): boolean =>
  compare === 'pop' || compare === 'random' || compare === 'new-id';

/** A random sequence from the rows. */
export function generate(g: Gen, { rows, types }: Selection, options: GenerateOptions = {}): Step[] {
  const { steps = SEQUENCE_STEPS, oracle = 'redis', probe = true } = options;
  const usable = rows.filter(
    (row) => (row.oracle ?? oracle) === oracle && (probe || !PROBING.has(row.compare ?? 'exact')),
  );
  // A change of the request can make any row of such a command one that is answered by chance.
  const byName = new Map(usable.filter(isByChance).map(({ name, compare }) => [name, compare!]));
  const focus = focusOf(g, types);
  g.types = [...types, ...focus, ...focus, ...focus];
  const dense = new Set(focus.flatMap((type) => rowGroups[type]));
  const weights = usable.map((row) => (row.weight ?? 1) * (dense.has(row) ? FOCUS : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const sequence: Step[] = probe ? thresholds(g, types, oracle) : [];
  while (sequence.length < steps) {
    let at = g.random.double() * total;
    const row = usable[weights.findIndex((weight) => (at -= weight) < 0)] ?? usable[0];
    const connection = g.chance(0.5) ? 0 : 1;
    const name = g.chance(0.8) ? row.name.toUpperCase() : row.name;
    const whole = [Buffer.from(name), ...row.args(g)];
    const mutated = row.fixed === true ? whole : mutate(g, whole);
    // Another subcommand is another row's, with its own rule of comparison.
    const args = isAnotherSubcommand(whole, mutated) ? whole : mutated;
    if (isAvoided(args, oracle) || (!probe && storesDistances(args))) continue;
    for (const before of row.before ?? []) sequence.push({ connection, ...preparation(before), probe });
    sequence.push({ connection, args, compare: row.compare ?? byName.get(row.name) ?? 'exact', row, probe });
  }
  return sequence;
}

/**
 * Sines and cosines of JavaScript and of the C library may differ in their last bit, and so may the scores that STOREDIST
 * stores: after it, the real server is given Weir's. (Replies have four decimals.)
 */
export function storesDistances(args: readonly Uint8Array[]): boolean {
  return /^(geosearchstore|georadius|georadiusbymember)$/i.test(latin1(args[0])) && args.some(isStoredist);
}

export const isStoredist = (arg: Uint8Array): boolean => /^storedist$/i.test(latin1(arg));

/** How much more often than others the rows come that a sequence is about. */
const FOCUS = 6;

/** A sequence is about one or two types above all: of all at once, too little would meet. */
function focusOf(g: Gen, types: readonly KeyType[]): readonly KeyType[] {
  const count = Math.min(types.length, 1 + g.below(2));
  return Array.from({ length: count }, () => g.pick(types));
}

/** A preparation is compared like any step; a scan has other pages on the two sides. */
function preparation(texts: readonly string[]): Pick<Step, 'args' | 'compare'> {
  return { args: words(...texts), compare: texts[0] === 'SCAN' ? 'scan' : 'exact' };
}

/** Values at which encodings change: low in half of the sequences, so that it happens all the time. */
export const THRESHOLDS: readonly (readonly [
  type: string,
  name: string,
  values: readonly string[],
  oracle?: OracleName,
])[] = [
  ['hash', 'hash-max-listpack-entries', ['4', '0', '512']],
  ['hash', 'hash-max-listpack-value', ['4', '64', '0']],
  ['list', 'list-max-listpack-size', ['4', '-1', '-2', '-5', '1', '0']],
  ['list', 'list-compress-depth', ['0', '1', '2']],
  ['set', 'set-max-intset-entries', ['4', '0', '512'], 'redis'],
  // Not below set-max-listpack-entries: in which order SUNIONSTORE finds integers and words would then decide about the encoding.
  ['set', 'set-max-intset-entries', ['128', '200', '512'], 'valkey'],
  ['set', 'set-max-listpack-entries', ['4', '0', '128'], 'valkey'],
  ['set', 'set-max-listpack-value', ['4', '64', '0'], 'valkey'],
  ['zset', 'zset-max-listpack-entries', ['4', '0', '128']],
  ['zset', 'zset-max-listpack-value', ['4', '64', '0']],
  ['stream', 'stream-node-max-entries', ['3', '1', '0', '100']],
  ['stream', 'stream-node-max-bytes', ['100', '0', '4096']],
  ['hll', 'hll-sparse-max-bytes', ['30', '0', '3000']],
];

function thresholds(g: Gen, types: readonly string[], oracle: OracleName): Step[] {
  if (g.chance(0.5)) return [];
  const sequence: Step[] = [];
  for (const [type, name, values, only] of THRESHOLDS) {
    const value = g.pick(values);
    if (!types.includes(type === 'zset' && types.includes('geo') ? 'geo' : type) && !types.includes(type)) continue;
    if ((only ?? oracle) !== oracle || g.chance(0.4)) continue;
    sequence.push({ connection: 0, args: words('CONFIG', 'SET', name, value), compare: 'exact', probe: true });
  }
  return sequence;
}

const SUBCOMMANDS = new Map(
  allCommands.map((command) => [command.name, (command.subcommands ?? []).map((subcommand) => subcommand.name)]),
);

function isAnotherSubcommand(whole: readonly Uint8Array[], mutated: readonly Uint8Array[]): boolean {
  if (mutated === whole || mutated.length < 2) return false;
  const [before, after] = [whole, mutated].map((args) => (args.length < 2 ? '' : latin1(args[1]).toLowerCase()));
  return before !== after && (SUBCOMMANDS.get(latin1(whole[0]).toLowerCase()) ?? []).includes(after);
}

/** 'config|get', 'get'. */
export function fullName(args: readonly Uint8Array[]): string {
  const name = latin1(args[0]).toLowerCase();
  const subcommand = args.length > 1 ? latin1(args[1]).toLowerCase() : '';
  return (SUBCOMMANDS.get(name) ?? []).includes(subcommand) ? `${name}|${subcommand}` : name;
}

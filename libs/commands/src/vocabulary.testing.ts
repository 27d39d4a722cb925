/*
 * The words of the log. A command gets there as the request that it was (then its form is the command's own syntax) or as an effect that a handler wrote in its
 * place. Both are frozen for each ENGINE_VERSION in vocabulary.golden.json: `syntax` is all that a record may hold and a replay has to
 * take; `written` is what the effect tests of this folder have seen handlers write.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Command, CommandArgument } from './index.ts';
import { ENGINE_VERSION, allCommands } from './index.ts';

export interface Vocabulary {
  /** By name, in capitals: arity and syntax, without the names of arguments. */
  readonly syntax: Readonly<Record<string, string>>;
  /** Name, and the words of its syntax that stood in it, sorted. */
  readonly written: readonly string[];
}

const FILE = new URL('vocabulary.golden.json', import.meta.url);

/** By engine version. */
export const golden = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Vocabulary | undefined>;

function formOf({ type, token, flags = [], arguments: parts = [] }: CommandArgument): string {
  const inner = parts.map(formOf);
  let text =
    type === 'pure-token'
      ? token!
      : type === 'oneof'
        ? inner.join('|')
        : type === 'block'
          ? inner.join(' ')
          : `<${type}>`;
  if (type !== 'pure-token' && token !== undefined) text = `${token === '' ? '""' : token} ${text}`;
  if (inner.length > 0) text = `(${text})`;
  if (flags.includes('multiple')) text += flags.includes('multiple_token') ? '#...' : '...';
  return flags.includes('optional') ? `[${text}]` : text;
}

/** Commands that wait have their pop in the log. (XREADGROUP is there for as long as logs are: it was in the vocabulary before it could wait.) */
const isNeverLogged = ({ name, flags }: Command): boolean => flags.includes('blocking') && name !== 'xreadgroup';

const reachesLog = (command: Command): boolean => {
  const { name, flags } = command;
  if (isNeverLogged(command)) return false;
  return ['select', 'multi', 'exec'].includes(name) || flags.includes('write') || flags.includes('may_replicate');
};

/** What the commands of this checkout may have in the log. */
export function syntaxNow(): Record<string, string> {
  const forms: Record<string, string> = {};
  for (const command of allCommands) {
    const whole = (command.subcommands ?? []).filter((sub) => sub.flags.includes('write'));
    for (const one of [command, ...whole]) {
      if (one.run === undefined || !reachesLog(one)) continue;
      const name = (one === command ? one.name : `${command.name} ${one.name}`).toUpperCase();
      forms[name] = [one.arity, ...(one.docs.arguments ?? []).map(formOf)].join(' ');
    }
  }
  return Object.fromEntries(Object.entries(forms).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const words = new Map<string, ReadonlySet<string>>();

/** Words of a syntax; types of arguments are in small letters. */
function wordsOf(syntax: string): ReadonlySet<string> {
  let found = words.get(syntax);
  if (found === undefined) words.set(syntax, (found = new Set(syntax.match(/[A-Z]+|=|~/g))));
  return found;
}

/** Checks that an effect that a handler wrote is one that this engine version writes. */
export function checkWritten(args: readonly string[]): void {
  const vocabulary = golden[ENGINE_VERSION];
  assert.ok(vocabulary !== undefined, `vocabulary.golden.json has no engine version ${ENGINE_VERSION}`);
  const single = args[0].toUpperCase();
  const double = `${single} ${(args[1] ?? '').toUpperCase()}`;
  const name = Object.hasOwn(vocabulary.syntax, double) ? double : single;
  assert.ok(Object.hasOwn(vocabulary.syntax, name), `${name} is no word of engine version ${ENGINE_VERSION}`);
  const known = wordsOf(vocabulary.syntax[name]);
  // A key or a value may be called as an option is.
  const plain = /^-?\d+((?: <[a-z-]+>(?!\.))*)/.exec(vocabulary.syntax[name])![1].split('<').length - 1;
  const behind = args.slice(plain + (name === single ? 1 : 2)).map((arg) => arg.toUpperCase());
  // So may a field of a stream: its options end at the first ID, that of the entry or the one that MINID goes by.
  const used =
    name === 'XADD'
      ? behind.slice(
          0,
          behind.findIndex((arg) => /^\d+-\d+$/.test(arg)),
        )
      : behind;
  const form = [name, ...[...new Set(used.filter((arg) => known.has(arg)))].toSorted()].join(' ');
  assert.ok(
    vocabulary.written.includes(form),
    `handlers of engine version ${ENGINE_VERSION} do not write "${form}": see vocabulary.test.ts for what a new form needs`,
  );
}

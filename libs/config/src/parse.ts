/**
 * redis.conf as Redis reads it, line by line into a Config. Files come through injected functions.
 *
 * A line that cannot be used does not end the reading: all of them are told at once, since a file of another version may have ten.
 *
 * `save` lines add up, and the first one replaces the default. Behind an `include` each replaces those before it. That is Redis's
 * rule since 7.0, oversight or not: a file that is brought along has to mean what it meant there.
 *
 * Departures from Redis 7.0.15, each a bug there: files matched by one include pattern are not glued together where one lacks its
 * last line end; include loops are an error, not a crash; unbalanced quotes inside a quoted multi-argument value are an error, not an
 * empty value.
 */

import { splitArgs } from './args.ts';
import { fromText, latin1, toText } from './bytes.ts';
import { globMatch } from './glob.ts';
import { resolvePath } from './paths.ts';
import { isModuleSetting, retired } from './retired.ts';
import { findDirective } from './table.ts';
import { passwordOf } from './users.ts';
import { parseValue } from './values.ts';
import { VERSION } from './version.ts';
import type { Config } from './config.ts';
import type { TableRow } from './table.ts';

export interface FileAccess {
  /** Absolute directory that the process runs in. */
  readonly cwd: string;
  /** Throws; an error with a `code` like ENOENT is reported in Redis's words. */
  readonly readFile: (path: string) => Uint8Array | string;
  /** Names in a directory, for `include` with wildcards. Left out or throwing, nothing matches. */
  readonly readDirectory?: (path: string) => readonly string[];
  /** Why `dir` cannot be that directory, in the words of strerror; left out, any will do. */
  readonly checkDirectory?: (path: string) => string | undefined;
  /** Whether a command exists, for `rename-command`; left out, any name is taken. */
  readonly isCommand?: (lowerCaseName: string) => boolean;
}

const DUPLICATE = 'Duplicate user found. A user can only be defined once in config files';
const TWO_PLACES =
  'Users in the configuration and an aclfile exclude each other: declare either an ACL file or `user` lines, but not both.';

/** Deepest nesting of includes. */
const INCLUDE_DEPTH_MAX = 32;

/** The configuration cannot be used; the message is meant for standard error as it is. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly reason: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** The message without its title. */
  readonly description: string;
  readonly #again: (others: readonly ConfigError[]) => ConfigError;

  /** Of what was wrong first. */
  constructor(reason: string, where?: Where, text?: string, others: readonly ConfigError[] = []) {
    const reading = where === undefined ? '' : `Reading ${where.title}\n`;
    const quoted = text === undefined ? '' : `>>> '${toText(withoutSecrets(text))}'\n`;
    const description = `${reading}${quoted}${reason}`;
    const all = [description, ...others.map((other) => other.description)];
    super(`\n*** FATAL CONFIG FILE ERROR (Weir ${VERSION}) ***\n${all.join('\n')}`);
    this.reason = reason;
    this.file = where?.file;
    this.line = where?.line;
    this.description = description;
    this.#again = (others) => new ConfigError(reason, where, text, others);
  }

  /** This error with others behind it, in one message. */
  with(others: readonly ConfigError[]): ConfigError {
    return this.#again(others);
  }
}

/** A line as it may be shown: passwords end up in a supervisor's log otherwise. */
function withoutSecrets(line: string): string {
  const [name = '', user = ''] = line.split(/\s+/);
  const known = name.replace(/["']/g, '').toLowerCase();
  if (known === 'user')
    return /^[\w.-]+$/.test(user) ? `user ${user} (redacted)` : line === name ? line : 'user (redacted)';
  return findDirective(known)?.options.sensitive === true && line !== name ? `${known} (redacted)` : line;
}

export interface Where {
  /** What follows "Reading " in an error. */
  readonly title: string;
  readonly file?: string;
  readonly line?: number;
}

export class Loader {
  readonly #config: Config;
  readonly #access: FileAccess;
  /** Lines of directives that no version has any more. */
  readonly retired = new Set<string>();
  readonly #problems: ConfigError[] = [];
  #saveSeen = false;
  /** `save` lines add up: until an include has been read. */
  #savesAddUp = true;
  #dir: string;

  constructor(config: Config, access: FileAccess) {
    this.#config = config;
    this.#access = access;
    this.#dir = access.cwd;
    this.#store('dir', fromText(access.cwd));
  }

  loadFile(path: string): void {
    this.#loadFile(resolvePath(this.#dir, path), path, []);
  }

  /** A whole text; `name` is what an error calls it. */
  loadText(content: Uint8Array | string, name: string): void {
    this.#loadLines(content, (line) => ({ title: `${name}, at line ${line}`, line }), []);
  }

  /** One line that is in no file; byte string. */
  loadLine(line: string, title: string): void {
    this.#try(() => this.#line(line, { title }, []));
  }

  /** One directive and its arguments, replacing what is there; byte strings. */
  loadValue(row: TableRow, args: readonly string[], title: string): void {
    this.#try(() => this.#directive(row, args, false, { title }, `${row.name} ${args.join(' ')}`));
    if (row.name === 'save') this.#saveSeen = true;
  }

  /** The value is the content of a file, without the line end that editors put behind it: how an orchestrator hands over a secret. */
  loadValueOfFile(row: TableRow, path: string, title: string): void {
    this.#try(() => {
      let content: Uint8Array | string;
      try {
        content = this.#access.readFile(path);
      } catch (error) {
        throw new ConfigError(`can't read '${path}': ${describe(error)}`, { title }, row.name);
      }
      const text = typeof content === 'string' ? fromText(content) : latin1(content);
      this.loadValue(row, [text.replace(/\r?\n$/, '')], title);
    });
  }

  /** After the last source. Throws one ConfigError that names every line which could not be used. */
  finish(): void {
    const { users } = this.#config;
    if (users.length > 0 && this.#config.value('aclfile') !== '') this.#problems.push(new ConfigError(TWO_PLACES));
    if (this.#config.value('requirepass') === '') this.#store('requirepass', passwordOf(users));
    const [first, ...others] = this.#problems;
    if (first !== undefined) throw first.with(others);
  }

  #try(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#problems.push(error);
    }
  }

  #loadFile(path: string, spelled: string, including: readonly string[]): void {
    let content: Uint8Array | string;
    try {
      content = this.#access.readFile(path);
    } catch (error) {
      throw new ConfigError(`Fatal error, can't open config file '${spelled}': ${describe(error)}`);
    }
    const where = (line: number): Where => ({
      title: `the configuration file '${path}', at line ${line}`,
      file: path,
      line,
    });
    this.#loadLines(content, where, [...including, path]);
  }

  #loadLines(content: Uint8Array | string, where: (line: number) => Where, including: readonly string[]): void {
    const lines = (typeof content === 'string' ? fromText(content) : latin1(content)).split('\n');
    for (let i = 0; i < lines.length; i += 1) {
      const line = lines[i].replace(/^[ \t\r]+|[ \t\r]+$/g, '');
      if (line !== '' && !line.startsWith('#')) this.#try(() => this.#line(line, where(i + 1), including));
    }
  }

  #line(line: string, where: Where, including: readonly string[]): void {
    const args = splitArgs(line);
    if (args === undefined) throw new ConfigError('Unbalanced quotes in configuration line', where, line);
    if (args.length === 0) return;
    const name = args[0].toLowerCase();
    const row = findDirective(name);
    const given = args.slice(1);
    if (row !== undefined) this.#directive(row, given, true, where, line);
    else this.#other(name, given, where, line, including);
  }

  #directive(row: TableRow, given: readonly string[], accumulate: boolean, where: Where, line: string): void {
    let args = given;
    // Both `save 900 1` and `save "900 1"`.
    if (row.options.multi === true && args.length === 1 && args[0] !== '') {
      const split = splitArgs(args[0]);
      if (split === undefined) throw new ConfigError('Unbalanced quotes in configuration line', where, line);
      args = split;
    }
    const parsed = parseValue(row, args, {
      current: this.#config.value(row.name as never),
      accumulate: accumulate && this.#savesAddUp && this.#saveSeen,
    });
    if ('error' in parsed) throw new ConfigError(parsed.error, where, line);
    if (row.name === 'save' && this.#savesAddUp) this.#saveSeen = true;
    if (row.name !== 'dir') {
      this.#config.load(row, parsed.text);
      return;
    }
    // Redis changes directory on the spot: an `include` below is relative to the new one.
    const dir = resolvePath(this.#dir, toText(parsed.text));
    const refusal = this.#access.checkDirectory?.(dir);
    if (refusal !== undefined) throw new ConfigError(refusal, where, line);
    this.#dir = dir;
    this.#config.load(row, fromText(dir));
  }

  /** What is no value of the table. */
  #other(name: string, args: string[], where: Where, line: string, including: readonly string[]): void {
    const old = retired(name, args);
    if (old === 'skip') {
      this.retired.add(name);
    } else if (old !== undefined) {
      throw new ConfigError(old.error, where, line);
    } else if (name === 'include' && args.length === 1) {
      this.#savesAddUp = true;
      this.#include(toText(args[0]), where, line, including);
      this.#savesAddUp = false;
    } else if (name === 'rename-command' && args.length === 2) {
      this.#rename(args[0].toLowerCase(), args[1].toLowerCase(), where, line);
    } else if (name === 'user' && args.length >= 1) {
      this.#user(args, where, line);
    } else if ((name.startsWith('loadmodule') && args.length >= 1) || isModuleSetting(name)) {
      throw new ConfigError('Weir does not load Redis modules', where, line);
    } else if (name === 'sentinel') {
      throw new ConfigError('sentinel directive while not in sentinel mode', where, line);
    } else {
      throw new ConfigError('Bad directive or wrong number of arguments', where, line);
    }
  }

  #include(spelled: string, where: Where, line: string, including: readonly string[]): void {
    const pattern = resolvePath(this.#dir, spelled);
    const wild = /[*?[]/.test(spelled);
    for (const path of wild ? expandGlob(pattern, this.#access.readDirectory) : [pattern]) {
      if (including.includes(path)) {
        throw new ConfigError(`include goes in a circle: ${[...including, path].join(' -> ')}`, where, line);
      }
      if (including.length >= INCLUDE_DEPTH_MAX) {
        throw new ConfigError(`includes are nested more than ${INCLUDE_DEPTH_MAX} deep`, where, line);
      }
      try {
        this.#loadFile(path, wild ? path : spelled, including);
      } catch (error) {
        // A file that cannot be opened has no line of its own: name the one that asked for it.
        if (error instanceof ConfigError && error.file === undefined) throw new ConfigError(error.reason, where, line);
        throw error;
      }
    }
  }

  #user(args: readonly string[], where: Where, line: string): void {
    if (this.#config.users.some(([name]) => name === args[0])) throw new ConfigError(DUPLICATE, where, line);
    this.#config.users.push(args);
  }

  #rename(from: string, to: string, where: Where, line: string): void {
    const { renamedCommands } = this.#config;
    const isCommand = this.#access.isCommand;
    const exists = (name: string): boolean =>
      [...renamedCommands.values()].includes(name) || (isCommand?.(name) === true && !renamedCommands.has(name));
    if (isCommand !== undefined && !exists(from)) {
      throw new ConfigError('No such command in rename-command', where, line);
    }
    // It may have been renamed before.
    const original = [...renamedCommands].find((pair) => pair[1] === from)?.[0] ?? from;
    if (to !== '' && to !== from && exists(to)) {
      throw new ConfigError('Target command name already exists', where, line);
    }
    renamedCommands.set(original, to);
  }

  #store(name: string, text: string): void {
    this.#config.load(findDirective(name) as TableRow, text);
  }
}

/** Paths that a pattern with wildcards matches, sorted; wildcards do not match a leading dot. */
export function expandGlob(pattern: string, readDirectory: FileAccess['readDirectory']): string[] {
  let found = [''];
  const parts = pattern.split('/').filter((part) => part !== '');
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i];
    if (!/[*?[]/.test(part)) {
      found = found.map((path) => `${path}/${part}`);
      // A name behind a wildcard need not exist in every directory that matched.
      if (i > 0 && /[*?[]/.test(parts.slice(0, i).join('/'))) {
        found = found.filter((path) => namesIn(path.slice(0, path.lastIndexOf('/')), readDirectory).includes(part));
      }
      continue;
    }
    const bytes = new TextEncoder().encode(part.replace(/\[!/g, '[^'));
    const next: string[] = [];
    for (const path of found) {
      for (const name of [...namesIn(path === '' ? '/' : path, readDirectory)].sort()) {
        if (name.startsWith('.') && !part.startsWith('.')) continue;
        if (globMatch(bytes, new TextEncoder().encode(name))) next.push(`${path}/${name}`);
      }
    }
    found = next;
  }
  return found;
}

function namesIn(path: string, readDirectory: FileAccess['readDirectory']): readonly string[] {
  try {
    return readDirectory?.(path) ?? [];
  } catch {
    return [];
  }
}

const ERRNO: Record<string, string> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  ELOOP: 'Too many levels of symbolic links',
};

function describe(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && ERRNO[code] !== undefined) return ERRNO[code];
  return error instanceof Error ? error.message : String(error);
}

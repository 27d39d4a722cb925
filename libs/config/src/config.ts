/**
 * The configuration of a running node.
 *
 * The state is one canonical text per directive; the typed fields are refreshed from it whenever it changes. Hot code reads
 * `config.num.maxmemory`: `num`, `bool`, `choice` and `text` are plain objects that keep their identity and shape for the whole
 * life of the configuration, so they can be kept in a local and read per command.
 *
 * Names and values of `get` and `set` are byte strings (latin1), what a RESP argument is; `text` fields are decoded from UTF-8.
 */

import { globMatch } from './glob.ts';
import { resolvePath } from './paths.ts';
import { readBufferLimits, readPercentiles, readReplicaOf, readSave, shownEvents } from './specials.ts';
import { findDirective, namesOf, table } from './table.ts';
import { toBytes, toText } from './bytes.ts';
import { parseValue, toNumber } from './values.ts';
import { rewriteConfig } from './rewrite.ts';
import type { RewriteOptions } from './rewrite.ts';
import type { BufferLimits, HostPort, SavePoint } from './specials.ts';
import type { BoolFields, ChoiceFields, DirectiveName, NumberFields, TableRow, TextFields } from './table.ts';

export interface SetContext {
  /** A data set is being loaded: some directives answer -LOADING. */
  readonly loading?: boolean;
  /** The client is on this machine (enable-protected-configs local). */
  readonly local?: boolean;
}

/** The error is a whole RESP error without its `-` and line end. */
export type SetResult = { readonly ok: true } | { readonly ok: false; readonly error: string };

export interface Change {
  readonly name: DirectiveName;
  /** Canonical texts, byte strings. */
  readonly before: string;
  readonly after: string;
}

/** Called after the typed fields changed; a string refuses the change, with this message, and everything is put back. */
export type ChangeHook = (change: Change) => string | undefined | void;

/**
 * Asked before CONFIG SET changes a directive whose effect takes time: makes the value true, and resolves when it is, or with why it is not.
 * Undefined at once: nothing has to be waited for.
 */
export type ChangeGate = (after: string) => Promise<string | undefined> | undefined;

export const LOADING_ERROR = 'LOADING Redis is loading the dataset in memory';

export class Config {
  readonly num: NumberFields;
  readonly bool: BoolFields;
  readonly text: TextFields;
  readonly choice: ChoiceFields;

  save: readonly SavePoint[] = [];
  clientOutputBufferLimit: BufferLimits = readBufferLimits('normal 0 0 0 slave 0 0 0 pubsub 0 0 0');
  /** Addresses to listen on; one that begins with `-` may be missing on this machine. */
  bind: readonly string[] = [];
  replicaof: HostPort | null = null;
  latencyPercentiles: readonly number[] = [];

  /** `user` lines, in order: name and rules, byte strings. Only the engine, which knows the commands, can tell whether the rules are right. */
  readonly users: (readonly string[])[] = [];
  /** `rename-command` lines: lower-case command name to its new name; an empty one removes the command. */
  readonly renamedCommands = new Map<string, string>();

  readonly #values: string[];
  readonly #given = new Set<number>();
  readonly #hooks: (ChangeHook[] | undefined)[];
  readonly #gates = new Map<string, ChangeGate>();
  readonly #shown = new Map<string, () => string>();
  #fields: { num: Record<string, number>; bool: Record<string, boolean>; texts: Record<string, string> };
  #choices: Record<string, string>;

  constructor() {
    this.#values = table.map((row) => row.default);
    this.#hooks = table.map(() => undefined);
    this.#fields = { num: {}, bool: {}, texts: {} };
    this.#choices = {};
    for (const row of table) this.#refresh(row);
    // An object that dozens of computed names were added to is a dictionary to V8; its copy is a proper one (reads: 0.8 for 5 ns).
    const { num, bool, texts } = this.#fields;
    this.#fields = { num: { ...num }, bool: { ...bool }, texts: { ...texts } };
    this.#choices = { ...this.#choices };
    this.num = this.#fields.num as unknown as NumberFields;
    this.bool = this.#fields.bool as unknown as BoolFields;
    this.text = this.#fields.texts as unknown as TextFields;
    this.choice = this.#choices as unknown as ChoiceFields;
    this.#shown.set('notify-keyspace-events', () => shownEvents(this.text.notifyKeyspaceEvents));
  }

  /** The canonical text: what CONFIG GET answers. */
  value(name: DirectiveName): string {
    return this.#values[rowOf(name).index];
  }

  /** What CONFIG GET answers: what holds, where that is not what was asked for. */
  #answer(row: TableRow): string {
    return this.#shown.get(row.name)?.() ?? this.#values[row.index];
  }

  /** The value as bytes: for passwords. */
  bytes(name: DirectiveName): Uint8Array {
    return toBytes(this.value(name));
  }

  isDefault(name: DirectiveName): boolean {
    const row = rowOf(name);
    return this.#values[row.index] === row.default;
  }

  /** Somebody said it, be it what the default says. */
  isGiven(name: DirectiveName): boolean {
    return this.#given.has(rowOf(name).index);
  }

  /** A path of the configuration (logfile, pidfile, unixsocket), absolute: they are relative to `dir`. */
  path(name: 'logfile' | 'pidfile' | 'unixsocket' | 'aclfile' | 'dbfilename' | 'admin-token-file'): string {
    return resolvePath(this.text.dir, toText(this.value(name)));
  }

  /**
   * CONFIG GET: names and values of everything that a pattern matches, each once. A name without wildcards is answered as it
   * was spelled, as Redis does; hidden directives answer to their exact name only.
   */
  get(patterns: readonly string[]): [name: string, value: string][] {
    const found = new Map<string, [string, string]>();
    for (const pattern of patterns) {
      if (!/[[*?]/.test(pattern)) {
        const row = findDirective(pattern);
        const key = pattern.toLowerCase();
        if (row !== undefined && !found.has(key)) found.set(key, [pattern, this.#answer(row)]);
        continue;
      }
      const bytes = toBytes(pattern);
      for (const row of table) {
        if (row.options.hidden === true) continue;
        for (const name of row.options.alias === undefined ? [row.name] : [row.name, row.options.alias]) {
          if (!found.has(name) && globMatch(bytes, toBytes(name), true)) found.set(name, [name, this.#answer(row)]);
        }
      }
    }
    return [...found.values()];
  }

  /** CONFIG SET: all or nothing. */
  set(pairs: Pairs, context: SetContext = {}): SetResult {
    return this.#set(pairs, context, false);
  }

  /**
   * CONFIG SET where an effect takes time: what gates guard is made true first, and then set. What was made true and is not set after all
   * is taken back.
   */
  setInOrder(pairs: Pairs, context: () => SetContext): SetResult | Promise<SetResult> {
    const checked = this.#gates.size === 0 ? undefined : this.#set(pairs, context(), true);
    const gated = checked?.ok === true ? this.#gated(pairs) : [];
    if (gated.length === 0) return this.set(pairs, context());
    return (async () => {
      const made: typeof gated = [];
      for (const one of gated) {
        const refusal = await one.gate(one.after);
        if (refusal === undefined) made.push(one);
        else {
          for (const { gate, row } of made.reverse()) await gate(this.#values[row.index]);
          return refuseFor(one.row.name, refusal);
        }
      }
      const result = this.set(pairs, context());
      if (!result.ok) for (const { gate, row } of made.reverse()) await gate(this.#values[row.index]);
      return result;
    })();
  }

  /** What of a request that is in order changes a value that a gate guards. */
  #gated(pairs: Pairs): { row: TableRow; after: string; gate: ChangeGate }[] {
    const gated: { row: TableRow; after: string; gate: ChangeGate }[] = [];
    for (const [name, value] of pairs) {
      const row = findDirective(name)!;
      const gate = this.#gates.get(row.name);
      if (gate === undefined) continue;
      const current = this.#values[row.index];
      const parsed = parseValue(row, [value], { current, accumulate: false });
      if (!('error' in parsed) && parsed.text !== current) gated.push({ row, after: parsed.text, gate });
    }
    return gated;
  }

  #set(pairs: Pairs, context: SetContext, dryRun: boolean): SetResult {
    const rows: TableRow[] = [];
    const names = new Set<string>();
    for (const [name] of pairs) {
      const row = findDirective(name);
      if (row === undefined) {
        return refuse(`Unknown option or number of arguments for CONFIG SET - '${name}'`);
      }
      if (row.options.immutable === true) return refuseFor(name, "can't set immutable config");
      if (row.options.protected === true && !this.#allowsProtected(context)) {
        return refuseFor(name, "can't set protected config");
      }
      if (row.options.denyLoading === true && context.loading === true) return { ok: false, error: LOADING_ERROR };
      // An alias beside its name is no duplicate in Redis; the later one wins.
      if (names.has(name.toLowerCase())) return refuseFor(name, 'duplicate parameter');
      names.add(name.toLowerCase());
      rows.push(row);
    }

    const before = rows.map((row) => this.#values[row.index]);
    const putBack = (): void => {
      for (let i = rows.length - 1; i >= 0; i -= 1) this.#store(rows[i], before[i]);
    };
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i];
      const value = pairs[i][1];
      const args = row.options.multi === true ? value.split(' ') : [value];
      const parsed = parseValue(row, args, { current: this.#values[row.index], accumulate: false });
      if ('error' in parsed) {
        putBack();
        return refuseFor(nameOf(row, pairs[i][0]), parsed.error);
      }
      this.#store(row, row.name === 'dir' ? this.#absolute(parsed.text) : parsed.text);
    }
    if (dryRun) {
      putBack();
      return { ok: true };
    }
    const applied: [hook: ChangeHook, change: Change][] = [];
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i];
      const after = this.#values[row.index];
      if (after === before[i] || rows.indexOf(row) !== i) continue;
      const change: Change = { name: row.name as DirectiveName, before: before[i], after };
      for (const hook of this.#hooks[row.index] ?? []) {
        const refusal = hook(change);
        if (typeof refusal === 'string') {
          putBack();
          // Those that already acted on their change act on its reverse; what they answer now changes nothing.
          for (const [other, { name, before, after }] of applied.reverse())
            other({ name, before: after, after: before });
          return refuseFor(nameOf(row, pairs[i][0]), refusal);
        }
        applied.push([hook, change]);
      }
    }
    return { ok: true };
  }

  /** Sets a directive from inside (REPLICAOF at run time): what CONFIG SET may not do. Hooks are told. */
  assign(name: DirectiveName, args: readonly string[]): void {
    const row = rowOf(name);
    const before = this.#values[row.index];
    const parsed = parseValue(row, args, { current: before, accumulate: false });
    if ('error' in parsed) throw new Error(`${name}: ${parsed.error}`);
    this.#given.add(row.index);
    this.#store(row, parsed.text);
    if (parsed.text !== before)
      for (const hook of this.#hooks[row.index] ?? []) hook({ name, before, after: parsed.text });
  }

  onChange(name: DirectiveName, hook: ChangeHook): void {
    (this.#hooks[rowOf(name).index] ??= []).push(hook);
  }

  /** CONFIG SET of that directive goes through it, and answers when it has resolved. */
  gate(name: DirectiveName, gate: ChangeGate): void {
    this.#gates.set(rowOf(name).name, gate);
  }

  /** CONFIG GET answers what this says, whatever stands in the file. */
  show(name: DirectiveName, shown: () => string): void {
    this.#shown.set(rowOf(name).name, shown);
  }

  /** The text of the file after CONFIG REWRITE. Byte strings both. */
  rewrite(oldText: string, options: RewriteOptions = {}): string {
    return rewriteConfig(oldText, (row) => this.#values[row.index], options);
  }

  /** For the loader: stores a canonical text without hooks. */
  load(row: TableRow, text: string): void {
    this.#given.add(row.index);
    this.#store(row, text);
  }

  #allowsProtected(context: SetContext): boolean {
    const who = this.choice.enableProtectedConfigs;
    return who === 'yes' || (who === 'local' && context.local === true);
  }

  #absolute(path: string): string {
    return resolvePath(this.#values[rowOf('dir').index], path);
  }

  #store(row: TableRow, text: string): void {
    if (this.#values[row.index] === text) return;
    this.#values[row.index] = text;
    this.#refresh(row);
  }

  #refresh(row: TableRow): void {
    const text = this.#values[row.index];
    switch (row.kind) {
      case 'bool':
        this.#fields.bool[row.field] = text === 'yes';
        break;
      case 'string':
        this.#fields.texts[row.field] = toText(text);
        break;
      case 'enum':
        this.#choices[row.field] = text;
        break;
      case 'flags':
        break;
      case 'special':
        this.#refreshSpecial(row.name, text);
        break;
      default:
        this.#fields.num[row.field] = toNumber(row, text);
    }
  }

  #refreshSpecial(name: string, text: string): void {
    if (name === 'save') this.save = readSave(text);
    else if (name === 'client-output-buffer-limit') this.clientOutputBufferLimit = readBufferLimits(text);
    else if (name === 'bind') this.bind = text === '' ? [] : text.split(' ');
    else if (name === 'replicaof') this.replicaof = readReplicaOf(toText(text));
    else if (name === 'latency-tracking-info-percentiles') this.latencyPercentiles = readPercentiles(text);
    else if (name === 'dir') this.#fields.texts['dir'] = toText(text);
    else if (name === 'notify-keyspace-events') this.#fields.texts['notifyKeyspaceEvents'] = text;
  }
}

type Pairs = readonly (readonly [name: string, value: string])[];

function rowOf(name: string): TableRow {
  const row = findDirective(name);
  if (row === undefined) throw new Error(`no directive is called ${name}`);
  return row;
}

function nameOf(row: TableRow, spelled: string): string {
  const name = spelled.toLowerCase();
  return namesOf(row).includes(name) ? name : row.name;
}

function refuse(message: string): SetResult {
  return { ok: false, error: `ERR ${message}` };
}

function refuseFor(name: string, reason: string): SetResult {
  return refuse(`CONFIG SET failed (possibly related to argument '${name}') - ${reason}`);
}

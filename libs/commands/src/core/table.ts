/**
 * The commands, by name. A lookup reads the name's bytes in the request and makes no string: names hash by length and
 * three of their letters, and the few that share a slot are compared.
 */

import { aclCategories } from './categories.ts';
import type { AclCategory } from './categories.ts';
import type { Command } from './command.ts';
import { legacyRange } from './key-specs.ts';
import type { KeyRange } from './key-specs.ts';
import { LatencyHistogram } from './latency-histogram.ts';

export const F_WRITE = 1;
export const F_DENYOOM = 4;
export const F_LOADING = 8;
export const F_STALE = 16;
export const F_NO_AUTH = 32;
/** Takes so little time that reading the clock would be a good part of it. */
export const F_CHEAP = 64;
export const F_SKIP_SLOWLOG = 128;
export const F_WHOLE_KEYSPACE = 256;
/** Redis's `fast`: names the latency event. */
export const F_FAST = 512;
/** Refused between MULTI and EXEC. */
export const F_NO_MULTI = 1024;
/** Runs between MULTI and EXEC at once: it is about the transaction, or ends the connection's. */
export const F_NOT_QUEUED = 2048;
/** EXEC, which is admitted as what it runs. */
export const F_EXEC = 4096;
/** Goes on while the data set cannot be loaded. */
export const F_IN_TROUBLE = 8192;
/** Runs for a client of RESP2 that has subscriptions. */
export const F_SUBSCRIBED = 16384;
/** Waits while writes are paused. */
export const F_PAUSED_WRITE = 32768;
/** Refused inside of scripts. */
export const F_NOSCRIPT = 65536;
/** Runs while a script keeps everybody else waiting. */
export const F_ALLOW_BUSY = 131072;
/** Never waits while clients are paused: slaves find the log by it. */
export const F_NEVER_PAUSED = 262144;

/** Not writes, but what they do may be told to others. Redis's CMD_MAY_REPLICATE. */
const MAY_REPLICATE = new Set(['pfcount', 'publish', 'spublish', 'eval', 'evalsha', 'fcall']);
const NEVER_PAUSED = new Set(['weir|handshake']);
/** Touches the keyspace, or tells others: a client that monitors may not. */
export const F_TOUCHES = 524288;
/** MONITOR does not show it, or it shows itself. */
export const F_HIDDEN = 1048576;
export const F_READONLY = 2097152;

const NOT_QUEUED = new Set(['multi', 'exec', 'discard', 'watch', 'quit', 'reset']);

const SUBSCRIBED = new Set([
  ...['subscribe', 'ssubscribe', 'psubscribe', 'unsubscribe', 'sunsubscribe', 'punsubscribe'],
  ...['ping', 'quit', 'reset'],
]);

/** Of a cheap command's calls one in so many is timed, and that many at first. */
const SAMPLE_EVERY = 64;

const BITS: Partial<Record<Command['flags'][number], number>> = {
  write: F_WRITE | F_PAUSED_WRITE | F_TOUCHES,
  readonly: F_READONLY | F_TOUCHES,
  denyoom: F_DENYOOM,
  loading: F_LOADING,
  stale: F_STALE,
  no_auth: F_NO_AUTH,
  skip_slowlog: F_SKIP_SLOWLOG,
  whole_keyspace: F_WHOLE_KEYSPACE,
  fast: F_FAST,
  admin: F_HIDDEN,
  skip_monitor: F_HIDDEN,
  no_multi: F_NO_MULTI,
  in_trouble: F_IN_TROUBLE,
  noscript: F_NOSCRIPT,
  allow_busy: F_ALLOW_BUSY,
};

/** A command as the dispatcher uses it, with its counters. */
export class TableCommand {
  readonly command: Command;
  /** `config|get`: as statistics and ACL name it. */
  readonly fullName: string;
  readonly parent: TableCommand | null;
  readonly name: Uint8Array;
  readonly arity: number;
  readonly flags: number;
  /** ACL categories, in Redis's order. */
  readonly acl: readonly AclCategory[];
  /** The key range of COMMAND INFO. */
  readonly keys: KeyRange;
  readonly run: Command['run'];
  /** Arguments of its first key and of the member in it, for looking ahead; 0: none. */
  readonly key: number;
  readonly member: number;
  readonly subcommands: readonly TableCommand[];
  calls = 0;
  /** `calls` from which on a call is to be timed. Stays 0 unless the command is cheap: all are. */
  timedFrom = 0;
  /** Both are of all calls after `settle`. The histogram is absent until a call was tracked. */
  micros = 0;
  histogram: LatencyHistogram | null = null;
  /** Calls that these two have counted. */
  #settled = 0;
  /** How long the last call of the sample took. */
  #sampleMicros = 0;
  rejected = 0;
  failed = 0;

  constructor(command: Command, parent: TableCommand | null, name: string = command.name) {
    this.command = command;
    this.parent = parent;
    this.fullName = parent === null ? name : `${parent.fullName}|${name}`;
    this.name = Buffer.from(name, 'latin1');
    this.arity = command.arity;
    const cheap = command.docs.complexity === 'O(1)' || command.flags.includes('fast');
    const isQueued = parent !== null || !NOT_QUEUED.has(command.name);
    const isSubscribed = parent === null && SUBSCRIBED.has(command.name);
    const own =
      (cheap ? F_CHEAP : 0) |
      (isQueued ? 0 : F_NOT_QUEUED) |
      (command.name === 'exec' ? F_EXEC : 0) |
      (isSubscribed ? F_SUBSCRIBED : 0) |
      (parent === null && MAY_REPLICATE.has(command.name) ? F_PAUSED_WRITE | F_TOUCHES : 0) |
      (NEVER_PAUSED.has(this.fullName) ? F_NEVER_PAUSED : 0);
    this.flags = command.flags.reduce((bits, flag) => bits | (BITS[flag] ?? 0), own);
    this.acl = aclCategories(command);
    this.keys = legacyRange(command);
    this.run = command.run;
    this.key = this.keys[0];
    this.member = command.member ?? 0;
    this.subcommands = (command.subcommands ?? []).map((sub) => new TableCommand(sub, this));
  }

  /** The call that was counted last took that long. `track`: the histogram counts it. */
  measure(micros: number, track: boolean): void {
    if ((this.flags & F_CHEAP) !== 0 && this.calls > this.timedFrom) this.#sample(micros, track);
    this.#settled++;
    this.micros += micros;
    if (track) (this.histogram ??= new LatencyHistogram()).record(micros, 1);
  }

  /**
   * Of a cheap command's calls, the call is of the sample: it stands for those after it. A call that is timed for a reason of its own (a large
   * request) does not.
   */
  #sample(micros: number, track: boolean): void {
    this.#count(this.calls - 1 - this.#settled, track);
    this.#sampleMicros = micros;
    if (this.calls >= SAMPLE_EVERY) this.timedFrom = Math.ceil(this.calls / SAMPLE_EVERY) * SAMPLE_EVERY;
  }

  /** Counts the calls that were not timed. `track`: in the histogram, too. */
  settle(track: boolean): void {
    this.#count(this.calls - this.#settled, track);
  }

  #count(untimed: number, track: boolean): void {
    if (untimed <= 0) return;
    this.#settled += untimed;
    this.micros += untimed * this.#sampleMicros;
    if (track && this.histogram !== null) this.histogram.record(this.#sampleMicros, untimed);
  }

  /** CONFIG RESETSTAT, with the subcommands. */
  resetCounters(): void {
    this.calls = this.micros = this.rejected = this.failed = this.timedFrom = this.#settled = 0;
    this.histogram = null;
    for (const sub of this.subcommands) sub.resetCounters();
  }
}

const SLOTS = 4096;

export class CommandTable {
  readonly all: readonly TableCommand[];
  /** What the table was made of: commands under their own names, those that were removed included. */
  readonly commands: readonly Command[];
  /** Some command has another name here than everywhere else. */
  readonly renamed: boolean;
  readonly #slots: (TableCommand[] | undefined)[] = new Array<TableCommand[] | undefined>(SLOTS).fill(undefined);

  /** `renamed`: `rename-command` lines, lower-case name to new name; an empty new name removes the command. */
  constructor(commands: readonly Command[], renamed: ReadonlyMap<string, string> = new Map()) {
    const all: TableCommand[] = [];
    this.commands = commands;
    this.renamed = renamed.size > 0;
    for (const command of commands) {
      const name = renamed.get(command.name) ?? command.name;
      if (name === '') continue;
      const entry = new TableCommand(command, null, name.toLowerCase());
      if (this.find(entry.name, 0, entry.name.length) !== undefined) throw new Error(`command ${name} is there twice`);
      all.push(entry);
      (this.#slots[slotOf(entry.name, 0, entry.name.length)] ??= []).push(entry);
    }
    this.all = all;
  }

  find(buf: Uint8Array, off: number, len: number): TableCommand | undefined {
    if (len === 0) return undefined;
    const candidates = this.#slots[slotOf(buf, off, len)];
    if (candidates === undefined) return undefined;
    for (let i = 0; i < candidates.length; i++) {
      if (sameName(candidates[i].name, buf, off, len)) return candidates[i];
    }
    return undefined;
  }

  /** Every command by its full name: `get`, `config|get`. */
  static byFullName(table: CommandTable, name: string): TableCommand | undefined {
    const words = name.split('|').map((word) => Buffer.from(word, 'latin1'));
    const entry = table.find(words[0], 0, words[0].length);
    if (entry === undefined || words.length === 1) return entry;
    return words.length > 2 ? undefined : CommandTable.findSubcommand(entry, words[1], 0, words[1].length);
  }

  /** The subcommand, or undefined. */
  static findSubcommand(of: TableCommand, buf: Uint8Array, off: number, len: number): TableCommand | undefined {
    for (const sub of of.subcommands) if (sameName(sub.name, buf, off, len)) return sub;
    return undefined;
  }
}

function slotOf(buf: Uint8Array, off: number, len: number): number {
  const first = buf[off] | 32;
  const middle = buf[off + (len >> 1)] | 32;
  const last = buf[off + len - 1] | 32;
  return (len * 1031 + first * 131 + middle * 17 + last * 5) & (SLOTS - 1);
}

/** Letters only differ by bit 32; other bytes of names (digits, '-', '|', '.') have no upper case. */
function sameName(name: Uint8Array, buf: Uint8Array, off: number, len: number): boolean {
  if (name.length !== len) return false;
  for (let i = 0; i < len; i++) {
    let byte = buf[off + i];
    if (byte >= 65 && byte <= 90) byte |= 32;
    if (byte !== name[i]) return false;
  }
  return true;
}

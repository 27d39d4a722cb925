/**
 * What routing makes of a request, found out from the command table that engines tell (flags, subcommands): no handler is known here. Looked up by bytes,
 * without a string.
 */

import type { LinkCommand } from '@weir/link';
import type { Request } from '@weir/resp';

/** Everything else: for the master, and in its place among the requests of its connection. */
export const OTHER = 0;
/** Reads the data set and changes nothing: any engine with the data may answer it. */
export const READ = 1;
/** Asks nothing of the data set: it goes wherever the connection is. */
export const ANYWHERE = 2;
/** Answered by the ingress itself, from here on. */
export const LOCAL = 3;
export const CONSISTENCY = 3;
export const TOKEN = 4;
export const READONLY = 5;
export const READWRITE = 6;

/** Reads by their flags that depend on more than the data. */
const MASTERS_OWN = new Set([
  // A cursor is a place in the table of one engine, and means nothing in that of another.
  'scan',
  'hscan',
  'sscan',
  'zscan',
  // It is there to be noticed by who evicts.
  'touch',
  // Scripts are known to the engine that was given them.
  'evalsha_ro',
]);
const ANYWHERES = new Set(['ping', 'echo', 'select']);
const LOCALS = new Map([
  ['weir|consistency', CONSISTENCY],
  ['weir|token', TOKEN],
]);
/** Of cluster clients. They are answered here whether the engines have them or not. */
const CLUSTERS: readonly LinkCommand[] = [
  { name: 'readonly', arity: 1, flags: [], keys: [0, 0, 0] },
  { name: 'readwrite', arity: 1, flags: [], keys: [0, 0, 0] },
];

function kindOf(own: string, { flags }: LinkCommand): number {
  if (own === 'readonly') return READONLY;
  if (own === 'readwrite') return READWRITE;
  const local = LOCALS.get(own);
  if (local !== undefined) return local;
  if (ANYWHERES.has(own)) return ANYWHERE;
  return flags.includes('readonly') && !flags.includes('blocking') && !MASTERS_OWN.has(own) ? READ : OTHER;
}

interface Named {
  readonly name: Uint8Array;
  readonly kind: number;
  readonly subcommands: Names | null;
}

/** Names in a hash table of open addressing, found whatever their case. */
class Names {
  readonly #mask: number;
  readonly #slots: (Named | null)[];

  constructor(all: readonly Named[]) {
    let size = 8;
    while (size < 4 * all.length) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Array<Named | null>(size).fill(null);
    for (const named of all) {
      let at = hash(named.name, 0, named.name.length) & this.#mask;
      while (this.#slots[at] !== null) at = (at + 1) & this.#mask;
      this.#slots[at] = named;
    }
  }

  find(buf: Uint8Array, off: number, len: number): Named | null {
    for (let at = hash(buf, off, len) & this.#mask; ; at = (at + 1) & this.#mask) {
      const named = this.#slots[at];
      if (named === null || isName(named.name, buf, off, len)) return named;
    }
  }
}

function hash(buf: Uint8Array, off: number, len: number): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < len; i++) h = Math.imul(h ^ lower(buf[off + i]), 0x01000193);
  return h ^ (h >>> 15);
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

function isName(name: Uint8Array, buf: Uint8Array, off: number, len: number): boolean {
  if (name.length !== len) return false;
  for (let i = 0; i < len; i++) if (name[i] !== lower(buf[off + i])) return false;
  return true;
}

/** A longer first argument is no name. */
const NAME_BYTES_MAX = 64;

export class CommandKinds {
  readonly #names: Names;

  constructor(commands: readonly LinkCommand[]) {
    const known = new Set(commands.map(({ name }) => name));
    const clusters = CLUSTERS.filter(({ name }) => !known.has(name));
    this.#names = new Names([...commands, ...clusters].map((command) => named(command, command.own ?? command.name)));
  }

  of(request: Request): number {
    const { buf, args } = request;
    if (args[1] > NAME_BYTES_MAX) return OTHER;
    const command = this.#names.find(buf, args[0], args[1]);
    if (command === null) return OTHER;
    if (command.subcommands === null) return command.kind;
    if (request.argc < 2 || args[3] > NAME_BYTES_MAX) return OTHER;
    return command.subcommands.find(buf, args[2], args[3])?.kind ?? OTHER;
  }
}

function named(command: LinkCommand, own: string): Named {
  const subcommands = command.subcommands?.map((sub) => named(sub, `${own}|${sub.own ?? sub.name}`)) ?? [];
  return {
    name: Buffer.from(command.name.toLowerCase(), 'latin1'),
    kind: kindOf(own, command),
    subcommands: subcommands.length === 0 ? null : new Names(subcommands),
  };
}

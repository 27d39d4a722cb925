/**
 * The payload of COMMANDS: UTF-8 JSON. It goes over a link once, so it is made to be read and to be added to: a receiver passes over fields
 * that it does not know. A golden test beside this file holds the names of those that there are.
 */

import type { LinkCommand } from './types.ts';

export function encodeCommands({ node = '', commands }: CommandsPayload): Uint8Array {
  return Buffer.from(JSON.stringify({ node, commands }));
}

export interface CommandsPayload {
  /** Id of the engine's node, or ''. */
  readonly node?: string;
  readonly commands: readonly LinkCommand[];
}

/** Undefined when it is no command table. */
export function decodeCommands(buf: Uint8Array, start: number, end: number): Required<CommandsPayload> | undefined {
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString());
  } catch {
    return undefined;
  }
  const { node = '', commands } = (found ?? {}) as { node?: unknown; commands?: unknown };
  if (typeof node !== 'string' || !Array.isArray(commands)) return undefined;
  return commands.every((one) => isCommand(one, false)) ? { node, commands } : undefined;
}

function isCommand(value: unknown, nested: boolean): value is LinkCommand {
  if (typeof value !== 'object' || value === null) return false;
  const { name, own, arity, flags, keys, specs, subcommands } = value as Record<keyof LinkCommand, unknown>;
  return (
    typeof name === 'string' &&
    (own === undefined || typeof own === 'string') &&
    Number.isInteger(arity) &&
    Array.isArray(flags) &&
    flags.every((flag) => typeof flag === 'string') &&
    Array.isArray(keys) &&
    keys.length === 3 &&
    keys.every(Number.isInteger) &&
    (specs === undefined || (Array.isArray(specs) && specs.every(isSpec))) &&
    (subcommands === undefined ||
      (!nested && Array.isArray(subcommands) && subcommands.every((one) => isCommand(one, true))))
  );
}

function isSpec(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { flags, begin, find } = value as Record<string, unknown>;
  return Array.isArray(flags) && isUnknownOrObject(begin) && isUnknownOrObject(find);
}

function isUnknownOrObject(value: unknown): boolean {
  return value === 'unknown' || (typeof value === 'object' && value !== null);
}

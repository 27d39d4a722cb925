import type { LinkCommand } from './types.ts';

/**
 * The payload of COMMANDS: UTF-8 JSON. It goes over a link once, so it is made to be read and to be added to: a receiver passes over fields
 * that it does not know. A golden test beside this file holds the names of those that there are.
 */

export function encodeCommands(commands: readonly LinkCommand[]): Uint8Array {
  return Buffer.from(JSON.stringify({ commands }));
}

/** Undefined when it is no command table. */
export function decodeCommands(buf: Uint8Array, start: number, end: number): LinkCommand[] | undefined {
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString());
  } catch {
    return undefined;
  }
  const commands = (found as { commands?: unknown } | null)?.commands;
  return Array.isArray(commands) && commands.every((one) => isCommand(one, false)) ? commands : undefined;
}

function isCommand(value: unknown, nested: boolean): value is LinkCommand {
  if (typeof value !== 'object' || value === null) return false;
  const { name, arity, flags, keys, specs, subcommands } = value as Record<keyof LinkCommand, unknown>;
  return (
    typeof name === 'string' &&
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

import { globMatchAt } from '@weir/config';
import type { Request } from '@weir/resp';
import type { Command, KeyPosition } from '../core/command.ts';
import { hasKeys, keyPositions } from '../core/key-positions.ts';
import type { AclCatalog, AclCommand } from './catalog.ts';
import { READ, WRITE } from './selector.ts';
import type { ChannelPattern, Selector } from './selector.ts';
import type { User } from './user.ts';

/** What is denied, in the order in which the denials of several selectors weigh. */
export const ALLOWED = 0;
export const DENIED_COMMAND = 1;
export const DENIED_KEY = 2;
export const DENIED_CHANNEL = 3;
export type Verdict = typeof ALLOWED | typeof DENIED_COMMAND | typeof DENIED_KEY | typeof DENIED_CHANNEL;

/** By name: whether the arguments of those who name channels are patterns, which have to be allowed literally; and how many are channels. */
const CHANNELS: Readonly<Record<string, { readonly literal: boolean; readonly one: boolean }>> = {
  publish: { literal: false, one: true },
  spublish: { literal: false, one: true },
  subscribe: { literal: false, one: false },
  ssubscribe: { literal: false, one: false },
  psubscribe: { literal: true, one: false },
};

const NO_KEYS: readonly KeyPosition[] = [];

/** Looks whether a user may do something. One at a time: what is denied stands in `at`. */
export class Checker {
  /** Argument of the key or channel that was denied last. */
  at = 0;
  readonly #catalog: AclCatalog;
  #keys: readonly KeyPosition[] | null = null;

  constructor(catalog: AclCatalog) {
    this.#catalog = catalog;
  }

  /** Whether the user may run the request, whose command stands in argument `base`. */
  check(user: User, command: Command, req: Request, base = 0): Verdict {
    if (user.isUnrestricted) return ALLOWED;
    this.#keys = null;
    this.at = 0;
    let worst: Verdict = DENIED_COMMAND;
    let at = 0;
    for (const selector of user.selectors) {
      const verdict = this.#checkSelector(selector, command, req, base);
      if (verdict === ALLOWED) return ALLOWED;
      if (verdict > worst || (verdict === worst && this.at > at)) {
        worst = verdict;
        at = this.at;
      }
    }
    this.at = at;
    return worst;
  }

  /** Whether he may run it by rules that let him read every key: what SORT needs for BY and GET. */
  mayReadAll(user: User, command: Command, req: Request): boolean {
    if (user.isUnrestricted) return true;
    this.#keys = null;
    return user.selectors.some(
      (selector) => this.#checkSelector(selector, command, req, 0) === ALLOWED && readsAll(selector),
    );
  }

  #checkSelector(selector: Selector, command: Command, req: Request, base: number): Verdict {
    const entry = this.#catalog.of(command);
    if (!selector.allCommands && !command.flags.includes('no_auth') && !allowsCommand(selector, entry, req, base)) {
      return DENIED_COMMAND;
    }
    if (!selector.allKeys && hasKeys(command)) {
      this.#keys ??= keyPositions(command, req, base) ?? NO_KEYS;
      for (const { index, flags } of this.#keys) {
        if (allowsKey(selector, req.buf, req.off(index), req.len(index), permissionsOf(flags))) continue;
        this.at = index;
        return DENIED_KEY;
      }
    }
    const channels = selector.allChannels || entry.parent !== null ? undefined : CHANNELS[entry.fullName];
    if (channels === undefined) return ALLOWED;
    const end = channels.one ? Math.min(base + 2, req.argc) : req.argc;
    for (let i = base + 1; i < end; i++) {
      if (allowsChannel(selector.channels, req.buf, req.off(i), req.len(i), channels.literal)) continue;
      this.at = i;
      return DENIED_CHANNEL;
    }
    return ALLOWED;
  }
}

function allowsCommand(selector: Selector, { id }: AclCommand, req: Request, base: number): boolean {
  if (selector.commands.has(id)) return true;
  const words = selector.firstArgs.get(id);
  if (words === undefined || req.argc - base < 2) return false;
  const first = req.latin1(base + 1).toLowerCase();
  return words.some((word) => word.toLowerCase() === first);
}

function permissionsOf(flags: readonly string[]): number {
  let permissions = 0;
  for (const flag of flags) {
    if (flag === 'access') permissions |= READ;
    else if (flag === 'insert' || flag === 'delete' || flag === 'update') permissions |= WRITE;
  }
  return permissions;
}

function allowsKey({ keys }: Selector, buf: Uint8Array, off: number, len: number, needed: number): boolean {
  for (const { permissions, bytes } of keys) {
    if ((permissions & needed) !== needed) continue;
    if (globMatchAt(bytes, 0, bytes.length, buf, off, off + len, false)) return true;
  }
  return false;
}

function readsAll({ allKeys, keys }: Selector): boolean {
  return allKeys || keys.some(({ pattern, permissions }) => (permissions & READ) !== 0 && pattern === '*');
}

/** Whether one of the patterns matches a channel; `literal`: is the very same text. */
export function allowsChannel(
  channels: readonly ChannelPattern[],
  buf: Uint8Array,
  off: number,
  len: number,
  literal: boolean,
): boolean {
  return channels.some(({ bytes }) =>
    literal
      ? bytes.length === len && Buffer.compare(bytes, buf.subarray(off, off + len)) === 0
      : globMatchAt(bytes, 0, bytes.length, buf, off, off + len, false),
  );
}

/**
 * One set of permissions: commands, keys and channels. A user has one at least, the *root*, and may have more in parentheses; a command
 * runs when one of them allows all of it. Texts are byte strings.
 */

import { splitArgs } from '@weir/config';
import { Bits } from './bits.ts';
import { categoryBit } from './catalog.ts';
import type { AclCatalog, AclCommand } from './catalog.ts';

export const READ = 1;
export const WRITE = 2;

export interface KeyPattern {
  readonly pattern: string;
  readonly bytes: Uint8Array;
  /** READ, WRITE or both. */
  permissions: number;
}

export interface ChannelPattern {
  readonly pattern: string;
  readonly bytes: Uint8Array;
}

export const UNKNOWN_NAME = 'Unknown command or category name in ACL';
const SYNTAX = 'Syntax error';
const KEYS_AFTER_ALL =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns";
const CHANNELS_AFTER_ALL =
  "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels";
const FIRST_ARG_OF_SUBCOMMAND = 'Allowing first-arg of a subcommand is not supported';

/** What C's isspace says, and NUL. */
const SPACE_OR_NUL = /[\0\t-\r ]/;

export const hasSpaces = (text: string): boolean => SPACE_OR_NUL.test(text);

export class Selector {
  readonly #catalog: AclCatalog;
  /** By the commands' ids. */
  readonly commands: Bits;
  /** +@all was the last to set everything: commands of a later version are allowed, too, and rules are told as what is taken away. */
  startsFromAll = false;
  /** … and nothing was taken away since. */
  allCommands = false;
  allKeys = false;
  allChannels: boolean;
  /** First arguments that are allowed of commands that are not, by the commands' ids. */
  readonly firstArgs = new Map<number, string[]>();
  keys: KeyPattern[] = [];
  channels: ChannelPattern[] = [];

  constructor(catalog: AclCatalog, allChannels: boolean) {
    this.#catalog = catalog;
    this.commands = new Bits(catalog.all.length);
    this.allChannels = allChannels;
  }

  copy(): Selector {
    const copy = new Selector(this.#catalog, this.allChannels);
    copy.commands.set(this.commands);
    copy.startsFromAll = this.startsFromAll;
    copy.allCommands = this.allCommands;
    copy.allKeys = this.allKeys;
    for (const [id, words] of this.firstArgs) copy.firstArgs.set(id, [...words]);
    copy.keys = this.keys.map((key) => ({ ...key }));
    copy.channels = [...this.channels];
    return copy;
  }

  /** It keeps nobody from anything. */
  get isUnrestricted(): boolean {
    return this.allCommands && this.allKeys && this.allChannels;
  }

  /** Applies a rule. Answers why it cannot, in Redis's words; or ''. */
  apply(rule: string): string {
    switch (rule.toLowerCase()) {
      case 'allkeys':
      case '~*':
        this.allKeys = true;
        this.keys = [];
        return '';
      case 'resetkeys':
        this.allKeys = false;
        this.keys = [];
        return '';
      case 'allchannels':
      case '&*':
        this.allChannels = true;
        this.channels = [];
        return '';
      case 'resetchannels':
        this.allChannels = false;
        this.channels = [];
        return '';
      case 'allcommands':
      case '+@all':
        this.#setAll(true);
        return '';
      case 'nocommands':
      case '-@all':
        this.#setAll(false);
        return '';
    }
    switch (rule[0]) {
      case '~':
        return this.#addKey(rule.slice(1), READ | WRITE);
      case '%':
        return this.#addKeyWith(rule);
      case '&':
        return this.#addChannel(rule.slice(1));
      case '+':
        if (rule[1] === '@') return this.#setCategory(rule.slice(2), true);
        return rule.includes('|') ? this.#allowPart(rule.slice(1)) : this.#setNamed(rule.slice(1), true);
      case '-':
        if (rule[1] === '@') return this.#setCategory(rule.slice(2), false);
        return this.#setNamed(rule.slice(1), false);
      default:
        return SYNTAX;
    }
  }

  // --- commands --------------------------------------------------------------------------------------------------------

  #setAll(allowed: boolean): void {
    this.commands.fill(allowed);
    this.startsFromAll = this.allCommands = allowed;
    this.firstArgs.clear();
  }

  /** A container's permission is that of all its subcommands, too. */
  setCommand(command: AclCommand, allowed: boolean): void {
    this.commands.put(command.id, allowed);
    for (const sub of command.subcommands) this.commands.put(sub.id, allowed);
    if (!allowed) this.allCommands = false;
    this.firstArgs.delete(command.id);
  }

  #setNamed(name: string, allowed: boolean): string {
    const command = this.#catalog.find(name);
    if (command === undefined) return UNKNOWN_NAME;
    this.setCommand(command, allowed);
    return '';
  }

  #setCategory(name: string, allowed: boolean): string {
    const bit = categoryBit(name);
    if (bit === 0) return UNKNOWN_NAME;
    this.setCategory(bit, allowed);
    return '';
  }

  setCategory(bit: number, allowed: boolean): void {
    for (const command of this.#catalog.all) if ((command.categories & bit) !== 0) this.setCommand(command, allowed);
  }

  /** A subcommand, or a first argument of a command that has none. */
  #allowPart(name: string): string {
    const at = name.lastIndexOf('|');
    const command = this.#catalog.find(name.slice(0, at));
    const part = name.slice(at + 1);
    if (command === undefined) return UNKNOWN_NAME;
    if (command.parent !== null) return FIRST_ARG_OF_SUBCOMMAND;
    if (part === '') return SYNTAX;
    if (command.subcommands.length > 0) return this.#setNamed(name, true);
    const words = this.firstArgs.get(command.id) ?? [];
    if (!words.some((word) => word.toLowerCase() === part.toLowerCase())) words.push(part);
    this.firstArgs.set(command.id, words);
    return '';
  }

  // --- keys and channels -----------------------------------------------------------------------------------------------

  /** `%R~pattern` and its kind. */
  #addKeyWith(rule: string): string {
    if (this.allKeys) return KEYS_AFTER_ALL;
    let permissions = 0;
    for (let i = 1; i < rule.length; i++) {
      const letter = rule[i].toUpperCase();
      if (letter === 'R' && (permissions & READ) === 0) permissions |= READ;
      else if (letter === 'W' && (permissions & WRITE) === 0) permissions |= WRITE;
      else if (letter === '~' && permissions !== 0) return this.#addKey(rule.slice(i + 1), permissions);
      else return SYNTAX;
    }
    // Redis takes a rule that ends before its pattern for one with an empty pattern.
    return permissions === 0 ? SYNTAX : this.#addKey('', permissions);
  }

  #addKey(pattern: string, permissions: number): string {
    if (this.allKeys) return KEYS_AFTER_ALL;
    if (hasSpaces(pattern)) return SYNTAX;
    const same = this.keys.find((key) => key.pattern === pattern);
    if (same === undefined) this.keys.push({ pattern, bytes: Buffer.from(pattern, 'latin1'), permissions });
    else same.permissions |= permissions;
    return '';
  }

  #addChannel(pattern: string): string {
    if (this.allChannels) return CHANNELS_AFTER_ALL;
    if (hasSpaces(pattern)) return SYNTAX;
    if (!this.channels.some((channel) => channel.pattern === pattern)) {
      this.channels.push({ pattern, bytes: Buffer.from(pattern, 'latin1') });
    }
    return '';
  }
}

/** A selector from its text in parentheses, or why it cannot be. */
export function readSelector(catalog: AclCatalog, text: string, allChannels: boolean): Selector | string {
  const selector = new Selector(catalog, allChannels);
  for (const rule of splitArgs(text.slice(1, -1)) ?? []) {
    const error = selector.apply(rule);
    if (error !== '') return error;
  }
  return selector;
}

/**
 * The users of this node: docs/internals/acl.md. Names are byte strings. Whoever changes a user tells the sessions with `settleSessions`
 * (sessions.ts).
 */

import type { Config } from '@weir/config';
import type { Request } from '@weir/resp';
import type { Command } from '../core/command.ts';
import { CommandTable } from '../core/table.ts';
import type { TableCommand } from '../core/table.ts';
import { AclCatalog } from './catalog.ts';
import { ALLOWED, Checker } from './check.ts';
import { AclLog } from './log.ts';
import { hasSpaces } from './selector.ts';
import { User } from './user.ts';

const DEFAULT = 'default';
const NO_CHANGE = 'WARNING: ACL errors detected, no change to the previously active ACL rules was performed';

export class Acl {
  readonly catalog: AclCatalog;
  readonly checker: Checker;
  readonly log = new AclLog();
  /** Who a connection is before it says so. It is the same object for good. */
  readonly defaultUser: User;
  #users = new Map<string, User>();
  readonly #config: Config;

  /** With the users that the configuration has. Throws where a line of it is wrong. */
  constructor(commands: readonly Command[], config: Config) {
    this.#config = config;
    this.catalog = new AclCatalog(commands);
    this.checker = new Checker(this.catalog);
    this.defaultUser = this.#newDefault();
    this.#users.set(DEFAULT, this.defaultUser);
    this.#takePassword();
    config.onChange('requirepass', () => this.#takePassword());
    this.#configure(config.users);
  }

  /** Connections need not log in. */
  get isOpen(): boolean {
    return this.defaultUser.nopass && this.defaultUser.enabled;
  }

  /** In the order of their names' bytes. */
  get users(): readonly User[] {
    return [...this.#users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): User | undefined {
    return this.#users.get(name);
  }

  /** The lines of ACL LIST, without `user`. */
  lines(): string[] {
    return this.users.map((user) => `${user.name} ${user.describe()}`);
  }

  /** A new one, or a copy of the one there is, to be changed and given to `put`. */
  draft(name: string): User {
    return this.#users.get(name)?.copy() ?? this.#newUser(name);
  }

  /** Its rights are the user's of its name from now on. */
  put(draft: User): void {
    const user = this.#users.get(draft.name);
    if (user === undefined) this.#users.set(draft.name, draft);
    else user.become(draft);
  }

  remove(name: string): User | undefined {
    const user = this.#users.get(name);
    if (user !== undefined) this.#users.delete(name);
    return user;
  }

  /** Whether the user may run that request; without a command of that name he may not. */
  mayRun(user: User, table: CommandTable, req: Request): boolean {
    const command = commandOf(table, req);
    return command !== undefined && this.checker.check(user, command.command, req) === ALLOWED;
  }

  // --- files -------------------------------------------------------------------------------------------------------------

  /** What `aclfile` has to hold to have the users that are there. */
  text(): string {
    return this.lines()
      .map((line) => `user ${line}\n`)
      .join('');
  }

  /**
   * Takes the users of a file in place of all. Answers what is wrong with it, and then nothing has changed; or ''. `name` is the file's, for
   * errors.
   */
  load(text: string, name: string): string {
    const users = new Map<string, User>();
    let errors = '';
    for (const [i, whole] of text.split('\n').entries()) {
      const line = whole.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
      if (line !== '') errors += this.#readLine(line.split(' '), `${name}:${i + 1}`, i + 1, users);
    }
    if (errors !== '') return errors + NO_CHANGE;
    this.defaultUser.become(users.get(DEFAULT) ?? this.#newDefault());
    users.set(DEFAULT, this.defaultUser);
    // Who keeps his name keeps his connections, and they their user.
    for (const [key, user] of users) {
      const before = this.#users.get(key);
      if (before === undefined || before === user) continue;
      before.become(user);
      users.set(key, before);
    }
    this.#users = users;
    return '';
  }

  #readLine(words: readonly string[], where: string, line: number, users: Map<string, User>): string {
    const [keyword, username, ...rules] = words;
    if (keyword !== 'user' || words.length < 2)
      return `${where} should start with user keyword followed by the username. `;
    if (hasSpaces(username)) return `'${where}: username '${username}' contains invalid characters. `;
    if (users.has(username)) return `WARNING: Duplicate user '${username}' found on line ${line}. `;
    const user = this.#newUser(username);
    users.set(username, user);
    const merged = mergeSelectors(rules);
    if (typeof merged === 'number') return `${where}: Unmatched parenthesis in selector definition.`;
    let errors = '';
    for (const rule of merged) {
      const error = user.apply(rule.replace(/^[\t\r\n]+|[\t\r\n]+$/g, ''));
      if (error !== '') errors += `${where}: ${error}. `;
    }
    return errors;
  }

  /** The `user` lines of the configuration. */
  #configure(lines: readonly (readonly string[])[]): void {
    for (const [name, ...rules] of lines) {
      const wrong = (what: string, why: string): never => {
        throw new Error(`Error in user declaration '${what}': ${why}`);
      };
      if (hasSpaces(name)) wrong(name, 'Spaces not allowed in ACL usernames');
      const merged = mergeSelectors(rules);
      if (typeof merged === 'number')
        return wrong(shown(rules[merged]), 'Unmatched parenthesis in selector definition');
      const user = this.draft(name);
      if (name === DEFAULT) user.apply('reset');
      for (const rule of merged) {
        const error = user.apply(rule);
        if (error !== '') wrong(shown(rule), `${error} (user '${name}')`);
      }
      this.put(user);
    }
  }

  // --- users -------------------------------------------------------------------------------------------------------------

  #newUser(name: string): User {
    return new User(name, this.catalog, () => this.#config.choice.aclPubsubDefault === 'allchannels');
  }

  #newDefault(): User {
    const user = this.#newUser(DEFAULT);
    for (const rule of ['+@all', '~*', '&*', 'on', 'nopass']) user.apply(rule);
    return user;
  }

  #takePassword(): void {
    const password = this.#config.value('requirepass');
    this.defaultUser.apply('resetpass');
    this.defaultUser.apply(password === '' ? 'nopass' : `>${password}`);
  }
}

/** Rules in which what stands in parentheses is one; or the place of a parenthesis that nothing closes. */
export function mergeSelectors(rules: readonly string[]): readonly string[] | number {
  const merged: string[] = [];
  let open = -1;
  let selector = '';
  for (const [i, rule] of rules.entries()) {
    if (open < 0 && !(rule.startsWith('(') && !rule.endsWith(')'))) merged.push(rule);
    else if (rule.startsWith('(') && !rule.endsWith(')')) {
      selector = rule;
      open = i;
    } else {
      selector += ` ${rule}`;
      if (!rule.endsWith(')')) continue;
      merged.push(selector);
      open = -1;
    }
  }
  return open < 0 ? merged : open;
}

/** A rule as a supervisor's log may show it. */
function shown(rule: string): string {
  return /^[><#!]/.test(rule) ? `${rule[0]}(redacted)` : rule;
}

/** The command that a request names, or its subcommand. */
export function commandOf(table: CommandTable, req: Request, base = 0): TableCommand | undefined {
  const found = table.find(req.buf, req.off(base), req.len(base));
  if (found === undefined || found.subcommands.length === 0 || req.argc - base < 2) return found;
  return CommandTable.findSubcommand(found, req.buf, req.off(base + 1), req.len(base + 1));
}

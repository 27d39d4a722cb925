import { sha256Hex } from '../core/sha256.ts';
import type { AclCatalog } from './catalog.ts';
import { describeSelector } from './describe.ts';
import { Selector, readSelector } from './selector.ts';

const NO_SUCH_PASSWORD = 'The password you are trying to remove from the user does not exist';
const BAD_HASH = 'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters';
const HASH = /^[0-9a-f]{64}$/;

/** A user: who may log in, and what he may do then. Names and passwords are byte strings. */
export class User {
  readonly name: string;
  enabled = false;
  /** Every password is right. */
  nopass = false;
  /** Redis's flags of RESTORE, kept and told; every payload is checked here. */
  sanitize: '' | 'sanitize-payload' | 'skip-sanitize-payload' = '';
  /** SHA-256 of each, in hexadecimal. */
  passwords: string[] = [];
  /** The root first. */
  selectors: Selector[];
  /** Nothing is kept from him. */
  isUnrestricted = false;
  readonly #catalog: AclCatalog;
  readonly #newMayAllChannels: () => boolean;

  /** `newMayAllChannels`: what `acl-pubsub-default` says now. */
  constructor(name: string, catalog: AclCatalog, newMayAllChannels: () => boolean) {
    this.name = name;
    this.#catalog = catalog;
    this.#newMayAllChannels = newMayAllChannels;
    this.selectors = [new Selector(catalog, newMayAllChannels())];
  }

  get root(): Selector {
    return this.selectors[0];
  }

  /** Another one with the same rights. */
  copy(): User {
    const copy = new User(this.name, this.#catalog, this.#newMayAllChannels);
    copy.become(this);
    return copy;
  }

  /** Gets the rights and passwords of another one. */
  become(other: User): void {
    this.enabled = other.enabled;
    this.nopass = other.nopass;
    this.sanitize = other.sanitize;
    this.passwords = [...other.passwords];
    this.selectors = other.selectors.map((selector) => selector.copy());
    this.isUnrestricted = other.isUnrestricted;
  }

  /** Applies a rule. Answers why it cannot, in Redis's words; or ''. */
  apply(rule: string): string {
    const error = rule === '' ? '' : this.#apply(rule);
    this.isUnrestricted = this.selectors.some((selector) => selector.isUnrestricted);
    return error;
  }

  #apply(rule: string): string {
    switch (rule.toLowerCase()) {
      case 'on':
        this.enabled = true;
        return '';
      case 'off':
        this.enabled = false;
        return '';
      case 'sanitize-payload':
      case 'skip-sanitize-payload':
        this.sanitize = rule.toLowerCase() as User['sanitize'];
        return '';
      case 'nopass':
        this.nopass = true;
        this.passwords = [];
        return '';
      case 'resetpass':
        this.nopass = false;
        this.passwords = [];
        return '';
      case 'clearselectors':
        this.selectors.length = 1;
        return '';
      case 'reset':
        this.#reset();
        return '';
    }
    if (rule[0] === '>' || rule[0] === '#') return this.#addPassword(rule);
    if (rule[0] === '<' || rule[0] === '!') return this.#removePassword(rule);
    if (rule[0] !== '(' || !rule.endsWith(')')) return this.root.apply(rule);
    const selector = readSelector(this.#catalog, rule, this.#newMayAllChannels());
    if (typeof selector === 'string') return selector;
    this.selectors.push(selector);
    return '';
  }

  #reset(): void {
    this.nopass = this.enabled = false;
    this.passwords = [];
    this.sanitize = 'sanitize-payload';
    this.selectors = [new Selector(this.#catalog, this.#newMayAllChannels())];
  }

  #addPassword(rule: string): string {
    const hash = hashOf(rule, '>');
    if (!HASH.test(hash)) return BAD_HASH;
    if (!this.passwords.includes(hash)) this.passwords.push(hash);
    this.nopass = false;
    return '';
  }

  #removePassword(rule: string): string {
    const hash = hashOf(rule, '<');
    if (!HASH.test(hash)) return BAD_HASH;
    const at = this.passwords.indexOf(hash);
    if (at < 0) return NO_SUCH_PASSWORD;
    this.passwords.splice(at, 1);
    return '';
  }

  /** Whether that password lets him in. */
  accepts(password: Uint8Array): boolean {
    if (!this.enabled) return false;
    if (this.nopass) return true;
    const hash = sha256Hex(password);
    return this.passwords.reduce((right, one) => isSame(one, hash) || right, false);
  }

  get flags(): string[] {
    return [this.enabled ? 'on' : 'off', this.nopass ? 'nopass' : '', this.sanitize].filter((flag) => flag !== '');
  }

  /** The rules that make him what he is. */
  describe(): string {
    const selectors = this.selectors.map((selector, i) => {
      const text = describeSelector(this.#catalog, selector);
      return i === 0 ? text : `(${text})`;
    });
    return [...this.flags, ...this.passwords.map((hash) => `#${hash}`), ...selectors].join(' ');
  }
}

function hashOf(rule: string, plain: string): string {
  return rule[0] === plain ? sha256Hex(Buffer.from(rule.slice(1), 'latin1')) : rule.slice(1);
}

/** Takes as long for a hash that is wrong early as for one that is wrong late. */
function isSame(a: string, b: string): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

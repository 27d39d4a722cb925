import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

/**
 * Who may do what. A token file has a line per token, `<role> <token> [name]`; lines that begin with # say nothing. The name stands in the
 * audit log. `operate` includes `read`.
 */
export type Role = 'read' | 'operate';

export interface Principal {
  readonly name: string;
  readonly role: Role;
}

interface Token extends Principal {
  readonly digest: Buffer;
}

const TOKEN_CHARACTERS_MIN = 16;
const LINE = /^(read|operate)\s+([\x21-\x7e]+)(?:\s+([\w.@-]{1,64}))?$/;

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

export class Tokens {
  readonly #tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get count(): number {
    return this.#tokens.length;
  }

  /** Takes the same time whichever token it is, or none. */
  find(text: string): Principal | null {
    const digest = digestOf(text);
    let found: Token | null = null;
    for (const token of this.#tokens) if (timingSafeEqual(token.digest, digest)) found = token;
    return found === null ? null : { name: found.name, role: found.role };
  }
}

/** Throws with the number of the line, never with what stands in it. */
export function parseTokens(text: string): Tokens {
  const tokens: Token[] = [];
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, role, token, name] = LINE.exec(line) ?? [];
    if (role === undefined || token === undefined) {
      throw new Error(`line ${i + 1} is not "read TOKEN [NAME]" or "operate TOKEN [NAME]"`);
    }
    if (token.length < TOKEN_CHARACTERS_MIN) {
      throw new Error(`the token in line ${i + 1} is shorter than ${TOKEN_CHARACTERS_MIN} characters`);
    }
    const digest = digestOf(token);
    if (tokens.some((one) => one.digest.equals(digest)))
      throw new Error(`the token in line ${i + 1} stands there twice`);
    tokens.push({ name: name ?? `line ${i + 1}`, role: role as Role, digest });
  }
  return new Tokens(tokens);
}

/** Throws where the file cannot be read, can be read by others than its owner, or holds no token. */
export function readTokenFile(path: string): Tokens {
  const fail = (why: string): Error => new Error(`admin-token-file ${path}: ${why}`);
  let text: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0) throw new Error(`others may read it; chmod 600 ${path}`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fail((error as Error).message);
  }
  let tokens: Tokens;
  try {
    tokens = parseTokens(text);
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (tokens.count === 0) throw fail('it holds no token');
  return tokens;
}

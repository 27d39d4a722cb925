/**
 * What clients wrote, what they were told, and whether what they see fits. Every write carries a word of its own, so that it can be found again:
 * in the log, in a reply, in the data set at the end.
 *
 * - `acknowledged-stays`: a write that was acknowledged is in the data set, once, but for what a power cut took from a broker that was told to
 *   sync once a second, and that nobody gave back.
 * - `applied-once`: no write is there twice, and none that was refused.
 * - `one-history`: two acknowledged increments of a key have not the same value, nor two appends the same length.
 * - `committed-reads`: what a read shows was stored in a log when it was shown.
 * - `popped-once`: an element that was pushed to a queue is in one reply of a pop or in the list at the end; it can be in neither only as often as a pop
 *   has had no reply. A power cut may give back what was popped.
 * - `fresh-reads`: what a leader answers under a lease holds every write that was acknowledged, by anybody, before the read was sent.
 * - `monotonic-reads`: on one node, what was seen of a key stays seen.
 */

import { TOKEN } from './broker.ts';

export type Kind = 'incr' | 'append' | 'lpush' | 'set' | 'queue';

export interface Op {
  readonly kind: Kind;
  readonly key: string;
  readonly token: string;
  readonly client: number;
  readonly index: number;
  state: 'sent' | 'acked' | 'unknown' | 'refused';
  /** Of INCR and APPEND. */
  value: number;
}

export class Violation extends Error {}

interface Seen {
  /** The words of the longest value that this node showed. */
  tokens: readonly string[];
  number: number;
}

export class Ledger {
  readonly ops: Op[] = [];
  readonly #byToken = new Map<string, Op>();
  readonly #stored = new Set<string>();
  readonly #lost = new Set<string>();
  readonly #byKey = new Map<string, Op[]>();
  readonly #values = new Map<string, Map<number, Op>>();
  readonly #seen = new Map<string, Seen>();
  /** Of each key, what was acknowledged, in that order. */
  readonly #acked = new Map<string, Op[]>();
  acked = 0;
  reads = 0;
  readonly #popped = new Set<string>();
  /** Pops of which nobody knows whether they took something. */
  #openPops = 0;
  /** A power cut took something. */
  anyLost = false;

  // --- what happens

  write(kind: Kind, key: string, client: number, index: number): Op {
    const op: Op = { kind, key, token: `<${client}.${index}>`, client, index, state: 'sent', value: 0 };
    this.ops.push(op);
    this.#byToken.set(op.token, op);
    const ofKey = this.#byKey.get(key);
    if (ofKey === undefined) this.#byKey.set(key, [op]);
    else ofKey.push(op);
    return op;
  }

  stored(tokens: readonly string[]): void {
    for (const token of tokens) this.#stored.add(token);
  }

  lost(tokens: readonly string[]): void {
    this.anyLost = true;
    for (const token of tokens) this.#lost.add(token);
  }

  ack(op: Op, value: number): void {
    op.state = 'acked';
    op.value = value;
    this.acked++;
    const ofKey = this.#acked.get(op.key);
    if (ofKey === undefined) this.#acked.set(op.key, [op]);
    else ofKey.push(op);
    if (!this.#stored.has(op.token) && op.kind !== 'incr')
      throw new Violation(`${op.token} was acknowledged, and no log has it`);
    if (op.kind !== 'incr' && op.kind !== 'append' && op.kind !== 'lpush') return;
    let values = this.#values.get(op.key);
    if (values === undefined) this.#values.set(op.key, (values = new Map()));
    const other = values.get(value);
    if (other !== undefined && !this.#excused(other) && !this.#excused(op))
      throw new Violation(`${op.kind} ${op.key}: both ${other.token} and ${op.token} were told ${value}`);
    values.set(value, op);
  }

  // INCR leaves no word: whether it was lost cannot be seen in a log, so one that came before a loss may be.
  #excused(op: Op): boolean {
    return this.#lost.has(op.token) || (op.kind === 'incr' && this.anyLost);
  }

  /** A reader is about to ask: what it must find at least. */
  floor(node: string, key: string): Seen {
    return this.#seen.get(`${node} ${key}`) ?? { tokens: [], number: 0 };
  }

  /** How many writes of that key are acknowledged so far. */
  ackedOf(key: string): number {
    return this.#acked.get(key)?.length ?? 0;
  }

  /** A leader showed that, in answer to a read that was sent when so many writes of the key were acknowledged. */
  fresh(node: string, key: string, kind: Kind, value: string, acked: number): void {
    const before = this.#acked.get(key)?.slice(0, acked) ?? [];
    if (kind === 'incr') {
      if (Number(value || '0') < acked && !this.anyLost)
        throw new Violation(
          `${node} led and showed ${value || 'nothing'} of ${key}, when ${acked} increments were acknowledged`,
        );
    } else if (kind === 'set') {
      const own = this.#byToken.get(value)?.index ?? 0;
      const newest = Math.max(0, ...before.map(({ index }) => index));
      if (own < newest && !this.anyLost)
        throw new Violation(`${node} led and showed write ${own} of ${key}, when ${newest} was acknowledged`);
    } else {
      const missing = before.find(({ token }) => !this.#lost.has(token) && !value.includes(token));
      if (missing !== undefined)
        throw new Violation(`${node} led and did not show ${missing.token} of ${key}, which was acknowledged before`);
    }
  }

  /** A node showed the value of a key of words. `words` is in the order in which they were written. */
  read(node: string, key: string, words: readonly string[], floor: Seen, append: boolean): void {
    this.reads++;
    for (const token of words) {
      if (!this.#stored.has(token)) throw new Violation(`${node} showed ${token} of ${key}, and no log has had it`);
      const op = this.#byToken.get(token);
      if (op === undefined || op.key !== key)
        throw new Violation(`${node} showed ${token} in ${key}, where nobody wrote it`);
    }
    if (append) {
      const kept = floor.tokens.filter((token) => !this.#lost.has(token));
      const there = new Set(words);
      for (const token of kept)
        if (!there.has(token)) throw new Violation(`${node} had shown ${token} of ${key}, and does not any more`);
      if (words.length >= (this.#seen.get(`${node} ${key}`)?.tokens.length ?? 0))
        this.#seen.set(`${node} ${key}`, { tokens: words, number: 0 });
    } else {
      const own = words.length === 0 ? 0 : this.#byToken.get(words[0]!)!.index;
      if (own < floor.number && !this.anyLost)
        throw new Violation(`${node} had shown write ${floor.number} of ${key}, and shows ${own}`);
      const seen = this.#seen.get(`${node} ${key}`);
      if (seen === undefined || own > seen.number) this.#seen.set(`${node} ${key}`, { tokens: [], number: own });
    }
  }

  readNumber(node: string, key: string, value: number, floor: Seen): void {
    this.reads++;
    if (value < floor.number && !this.anyLost)
      throw new Violation(`${node} had shown ${floor.number} of ${key}, and shows ${value}`);
    const seen = this.#seen.get(`${node} ${key}`);
    if (seen === undefined || value > seen.number) this.#seen.set(`${node} ${key}`, { tokens: [], number: value });
    const most = this.#byKey.get(key)?.length ?? 0;
    if (value > most)
      throw new Violation(`${node} showed ${value} of ${key}, which was incremented ${most} times at most`);
  }

  popBegins(): void {
    this.#openPops++;
  }

  /** It took nothing. */
  popEnds(): void {
    this.#openPops--;
  }

  popped(node: string, token: string): void {
    this.#openPops--;
    const op = this.#byToken.get(token);
    if (op?.kind !== 'queue') throw new Violation(`${node} popped ${token}, which nobody pushed`);
    if (op.state === 'refused') throw new Violation(`${node} popped ${token}, which was refused`);
    if (!this.#stored.has(token)) throw new Violation(`${node} popped ${token}, and no log has had it`);
    if (this.#popped.has(token) && !this.anyLost) throw new Violation(`${token} was popped twice`);
    this.#popped.add(token);
  }

  // --- the end

  keys(): { readonly key: string; readonly kind: Kind }[] {
    return [...this.#byKey].map(([key, ops]) => ({ key, kind: ops[0]!.kind }));
  }

  /** The value of a key when all has healed. */
  settled(key: string, value: string | readonly string[] | number | null): void {
    const ops = this.#byKey.get(key)!;
    const { kind } = ops[0]!;
    if (kind === 'incr') return this.#settledCounter(key, ops, typeof value === 'number' ? value : 0);
    if (kind === 'set') return this.#settledSet(key, ops, typeof value === 'string' ? value : null);
    const words = typeof value === 'string' ? (value.match(TOKEN) ?? []) : Array.isArray(value) ? value : [];
    if (typeof value === 'string' && words.join('') !== value)
      throw new Violation(`${key} holds more than words: ${value}`);
    const counts = new Map<string, number>();
    for (const token of words as readonly string[]) counts.set(token, (counts.get(token) ?? 0) + 1);
    for (const [token, count] of counts) {
      const op = this.#byToken.get(token);
      if (op === undefined || op.key !== key) throw new Violation(`${key} holds ${token}, which nobody wrote there`);
      if (count > 1) throw new Violation(`${key} holds ${token} ${count} times`);
      if (op.state === 'refused') throw new Violation(`${key} holds ${token}, which was refused`);
    }
    if (kind === 'queue') return this.#settledQueue(key, ops, counts);
    for (const op of ops)
      if (op.state === 'acked' && !counts.has(op.token) && !this.#lost.has(op.token))
        throw new Violation(`${key} lacks ${op.token}, which was acknowledged`);
  }

  #settledQueue(key: string, ops: readonly Op[], left: ReadonlyMap<string, number>): void {
    if (this.anyLost) return;
    const gone: string[] = [];
    for (const { token, state } of ops) {
      const isPopped = this.#popped.has(token);
      if (isPopped && left.has(token)) throw new Violation(`${key} holds ${token}, which was popped`);
      if (state === 'acked' && !isPopped && !left.has(token)) gone.push(token);
    }
    if (gone.length > this.#openPops)
      throw new Violation(`${key} lacks ${gone.join(' ')}, and ${this.#openPops} pops had no reply`);
  }

  #settledCounter(key: string, ops: readonly Op[], value: number): void {
    const acked = ops.filter(({ state }) => state === 'acked').length;
    const refused = ops.filter(({ state }) => state === 'refused').length;
    if (value < acked && !this.anyLost)
      throw new Violation(`${key} is ${value}, ${acked} increments were acknowledged`);
    if (value > ops.length - refused)
      throw new Violation(`${key} is ${value}, at most ${ops.length - refused} increments can have happened`);
  }

  #settledSet(key: string, ops: readonly Op[], value: string | null): void {
    const at = value === null ? -1 : ops.findIndex(({ token }) => token === value);
    if (value !== null && at < 0) throw new Violation(`${key} is ${value}, which nobody wrote`);
    if (at >= 0 && ops[at]!.state === 'refused') throw new Violation(`${key} is ${value}, which was refused`);
    for (let later = at + 1; later < ops.length; later++)
      if (ops[later]!.state === 'acked' && !this.#lost.has(ops[later]!.token))
        throw new Violation(`${key} is ${value}, after which ${ops[later]!.token} was acknowledged`);
  }
}

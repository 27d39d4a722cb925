import { TestEngine, latin1 } from '@weir/commands/testing';
import type { TestEngineOptions, TestSession } from '@weir/commands/testing';
import { ReplyParser } from '@weir/resp';
import type { Reply } from '@weir/resp';
import { knownDifference } from './differences.ts';
import { Gen, mutate } from './grammar.ts';
import { RawConnection } from './redis-server.ts';
import type { CommandRow, Comparison } from './rows.ts';

/**
 * Random sequences of commands, sent to a real Redis and to an engine without sockets, whose replies must be the same
 * bytes. After each sequence every key is compared, and the engine's data set with what a replica makes of its log.
 * A sequence that fails is shrunk by leaving steps out for as long as it still fails.
 */

export interface Step {
  /** 0 speaks RESP2, 1 speaks RESP3. */
  readonly connection: 0 | 1;
  readonly args: readonly Uint8Array[];
  readonly compare: Comparison;
}

export interface Mismatch {
  /** Index of the step, or the length of the sequence when the data sets differ at its end. */
  readonly step: number;
  readonly text: string;
}

const SEQUENCE_STEPS = 300;
const DATABASES = 16;
const TOLERANCE_MS = 2000;

export class Differential {
  readonly #redis: readonly [RawConnection, RawConnection];
  readonly #options: TestEngineOptions;
  #engine!: TestEngine;
  #sessions!: [TestSession, TestSession];
  /** Steps compared so far. */
  steps = 0;

  private constructor(redis: readonly [RawConnection, RawConnection], options: TestEngineOptions) {
    this.#redis = redis;
    this.#options = options;
  }

  /** The options are the engine's; the server must have been started with the same configuration. */
  static async connect(port: number, options: TestEngineOptions = {}): Promise<Differential> {
    const redis = [await RawConnection.connect(port), await RawConnection.connect(port)] as const;
    await redis[1].call('HELLO', '3');
    // Which keys are gone already must not depend on a timer.
    expectOk(await redis[0].call('DEBUG', 'SET-ACTIVE-EXPIRE', '0'));
    return new Differential(redis, options);
  }

  close(): void {
    for (const connection of this.#redis) connection.close();
  }

  async #reset(): Promise<void> {
    for (const connection of this.#redis) expectOk(await connection.call('SELECT', '0'));
    expectOk(await this.#redis[0].call('FLUSHALL'));
    this.#engine = new TestEngine({ databases: DATABASES, reserveBytes: 256 * 1024 ** 2, ...this.#options });
    this.#sessions = [this.#engine.session(2), this.#engine.session(3)];
  }

  async #callBoth(connection: 0 | 1, args: readonly Uint8Array[]): Promise<[redis: Uint8Array, weir: Uint8Array]> {
    const theirs = await this.#redis[connection].call(...args);
    this.#engine.now = Date.now();
    return [theirs, this.#sessions[connection].call(...args)];
  }

  /** The first mismatch of a sequence run from empty data sets. */
  async run(sequence: readonly Step[]): Promise<Mismatch | null> {
    await this.#reset();
    for (let i = 0; i < sequence.length; i++) {
      const { connection, args, compare } = sequence[i];
      const [theirs, ours] = await this.#callBoth(connection, args);
      this.steps++;
      if (sameReply(theirs, ours, compare, args) || knownDifference(args, theirs, ours)) continue;
      return { step: i, text: `${line(args)}\nRedis: ${show(theirs)}\nWeir:  ${show(ours)}` };
    }
    const text = (await this.#compareKeys()) ?? this.#compareReplica();
    return text === null ? null : { step: sequence.length, text };
  }

  async #compareKeys(): Promise<string | null> {
    for (let db = 0; db < DATABASES; db++) {
      await this.#callBoth(0, words('SELECT', String(db)));
      const [theirs, ours] = await this.#callBoth(0, words('KEYS', '*'));
      const keys = elements(theirs);
      if (keys.join() !== elements(ours).join()) {
        return `keys of database ${db}\nRedis: ${show(theirs)}\nWeir:  ${show(ours)}`;
      }
      for (const key of keys) {
        const name = Buffer.from(key, 'latin1');
        for (const [command, compare] of PROBES) {
          const args = [...words(...command), name];
          const [a, b] = await this.#callBoth(0, args);
          if (sameReply(a, b, compare, args) || knownDifference(args, a, b)) continue;
          return `in database ${db}, ${line(args)}\nRedis: ${show(a)}\nWeir:  ${show(b)}`;
        }
      }
    }
    return null;
  }

  /** What a replica has applied must be what the master has. (Encodings may differ, as they do in Redis.) */
  #compareReplica(): string | null {
    const text = (engine: TestEngine): string[] =>
      engine.contents().map(({ db, key, type, expireMs, value }) => JSON.stringify({ db, key, type, expireMs, value }));
    this.#engine.verify();
    const replica = this.#engine.replica();
    replica.verify();
    const master = text(this.#engine);
    const applied = text(replica);
    for (let i = 0; i < Math.max(master.length, applied.length); i++) {
      if (master[i] !== applied[i]) return `master:  ${master[i] ?? 'nothing'}\nreplica: ${applied[i] ?? 'nothing'}`;
    }
    return null;
  }

  /** Leaves steps out while the sequence still fails, for at most that long. */
  async shrink(sequence: readonly Step[], msMax = 20_000): Promise<{ sequence: readonly Step[]; mismatch: Mismatch }> {
    let mismatch = await this.run(sequence);
    if (mismatch === null) throw new Error('the sequence fails only now and then: the test is at fault');
    let best = sequence.slice(0, mismatch.step + 1);
    const until = Date.now() + msMax;
    for (let chunk = Math.ceil(best.length / 2); chunk >= 1;) {
      let removed = false;
      for (let at = 0; at < best.length && Date.now() < until;) {
        const candidate = [...best.slice(0, at), ...best.slice(at + chunk)];
        const found = await this.run(candidate);
        if (found === null) at += chunk;
        else {
          best = candidate.slice(0, found.step + 1);
          mismatch = found;
          removed = true;
        }
      }
      if (Date.now() >= until) break;
      if (chunk > 1) chunk = Math.ceil(chunk / 2);
      else if (!removed) break;
    }
    return { sequence: best, mismatch };
  }
}

const PROBES: readonly (readonly [readonly string[], Comparison])[] = [
  [['TYPE'], 'exact'],
  [['OBJECT', 'ENCODING'], 'exact'],
  [['DUMP'], 'exact'],
  [['PEXPIRETIME'], 'time-milliseconds'],
];

/** A random sequence from the rows. */
export function generate(g: Gen, rows: readonly CommandRow[], steps = SEQUENCE_STEPS): Step[] {
  let total = 0;
  for (const row of rows) total += row.weight ?? 1;
  const sequence: Step[] = [];
  while (sequence.length < steps) {
    let at = g.random.double() * total;
    const row = rows.find((candidate) => (at -= candidate.weight ?? 1) < 0) ?? rows[0];
    const connection = g.chance(0.5) ? 0 : 1;
    for (const before of row.before ?? []) sequence.push({ connection, args: words(...before), compare: 'scan' });
    const name = g.chance(0.8) ? row.name.toUpperCase() : row.name;
    const args = mutate(g, [Buffer.from(name), ...row.args(g)]);
    sequence.push({ connection, args, compare: row.compare ?? 'exact' });
  }
  return sequence;
}

function words(...texts: string[]): Uint8Array[] {
  return texts.map((text) => Buffer.from(text, 'latin1'));
}

function expectOk(reply: Uint8Array): void {
  if (latin1(reply) !== '+OK\r\n') throw new Error(`Redis refused what the test needs: ${latin1(reply)}`);
}

// --- comparing ---------------------------------------------------------------------------------------------------------

function sameReply(a: Uint8Array, b: Uint8Array, compare: Comparison, args: readonly Uint8Array[]): boolean {
  if (Buffer.compare(a, b) === 0) return true;
  if (compare === 'exact' || a[0] === 45 || b[0] === 45) return false;
  const theirs = parse(a);
  const ours = parse(b);
  if (theirs.type !== ours.type) return false;
  switch (compare) {
    case 'set':
      return elements(a).join() === elements(b).join();
    case 'kind':
      return true;
    case 'time-seconds':
    case 'time-milliseconds': {
      if (theirs.type !== 'int' || ours.type !== 'int' || theirs.value < 0 || ours.value < 0) return false;
      const unit = compare === 'time-seconds' ? 1000 : 1;
      return Math.abs(Number(theirs.value) - Number(ours.value)) * unit <= TOLERANCE_MS;
    }
    case 'scan':
      return sameScan(theirs, ours, args);
  }
}

function sameScan(theirs: Reply, ours: Reply, args: readonly Uint8Array[]): boolean {
  if (theirs.type !== 'array' || ours.type !== 'array') return false;
  if (theirs.value.length !== 2 || ours.value.length !== 2) return false;
  if (theirs.value[1].type !== 'array' || ours.value[1].type !== 'array') return false;
  const complete = [theirs, ours].every((reply) => leaf(reply.value[0]) === '0') && /^\+?0*$/.test(latin1(args[1]));
  if (!complete) return true;
  return theirs.value[1].value.map(leaf).sort().join() === ours.value[1].value.map(leaf).sort().join();
}

function elements(reply: Uint8Array): string[] {
  const parsed = parse(reply);
  return parsed.type === 'array' || parsed.type === 'set' ? parsed.value.map(leaf).sort() : [];
}

function leaf(reply: Reply): string {
  if (reply.value instanceof Uint8Array) return latin1(reply.value);
  return typeof reply.value === 'object' ? JSON.stringify(reply.value) : String(reply.value);
}

function parse(bytes: Uint8Array): Reply {
  const parser = new ReplyParser();
  parser.feed(bytes);
  const reply = parser.next();
  if (reply === undefined || parser.pendingBytes > 0) throw new Error(`not one reply: ${show(bytes)}`);
  return reply;
}

// --- printing ----------------------------------------------------------------------------------------------------------

/** A request as redis-cli takes it. */
export function line(args: readonly Uint8Array[]): string {
  return args.map((arg) => quote(latin1(arg))).join(' ');
}

export function printSequence(sequence: readonly Step[]): string {
  let connection = -1;
  return sequence
    .map((step) => {
      const switched = step.connection !== connection ? `# RESP${step.connection + 2}\n` : '';
      connection = step.connection;
      return switched + line(step.args);
    })
    .join('\n');
}

function quote(text: string): string {
  if (/^[\w:*.+{}-]+$/.test(text)) return text;
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, (c) => `\\x${hex(c)}`);
  return `"${escaped}"`;
}

function hex(c: string): string {
  return c.charCodeAt(0).toString(16).padStart(2, '0');
}

function show(reply: Uint8Array): string {
  const text = quote(latin1(reply));
  return text.length > 600 ? `${text.slice(0, 600)}… (${reply.length} bytes)` : text;
}

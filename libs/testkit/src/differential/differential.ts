import { setTimeout as sleep } from 'node:timers/promises';
import { REPLY_ON, allCommands } from '@weir/commands';
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

const NOTHING = new Uint8Array(0);
const SEQUENCE_STEPS = 300;
const DATABASES = 16;
const TOLERANCE_MS = 2000;

export class Differential {
  readonly #port: number;
  readonly #options: TestEngineOptions;
  /** A third connection, on both sides, which prepares and looks at the data sets. */
  readonly #admin: RawConnection;
  readonly #redis: RawConnection[] = [];
  #engine!: TestEngine;
  readonly #sessions: TestSession[] = [];
  /** The server's configuration, to which it is brought back before each sequence. */
  readonly #config: ReadonlyMap<string, string>;
  /** Steps compared so far. */
  steps = 0;

  private constructor(
    port: number,
    options: TestEngineOptions,
    admin: RawConnection,
    config: ReadonlyMap<string, string>,
  ) {
    this.#port = port;
    this.#options = options;
    this.#admin = admin;
    this.#config = config;
  }

  /** The options are the engine's; the server must have been started with the same configuration. */
  static async connect(port: number, options: TestEngineOptions = {}): Promise<Differential> {
    const admin = await RawConnection.connect(port);
    // Which keys are gone already must not depend on a timer.
    expectOk(await admin.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0'));
    return new Differential(port, options, admin, await configOf(admin));
  }

  close(): void {
    for (const connection of [this.#admin, ...this.#redis]) connection.close();
  }

  async #reset(): Promise<void> {
    const changed = [...(await configOf(this.#admin))].filter(([name, value]) => this.#config.get(name) !== value);
    const restored = changed.flatMap(([name]) => [name, this.#config.get(name)!]);
    if (restored.length > 0) expectOk(await this.#admin.call('CONFIG', 'SET', ...restored));
    for (const connection of this.#redis) connection.close();
    await this.#admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
    expectOk(await this.#admin.call('SLOWLOG', 'RESET'));
    expectOk(await this.#admin.call('CLIENT', 'SETNAME', ''));
    expectOk(await this.#admin.call('SELECT', '0'));
    expectOk(await this.#admin.call('FLUSHALL'));
    this.#engine = new TestEngine({ databases: DATABASES, reserveBytes: 256 * 1024 ** 2, ...this.#options });
    await this.#callAdmin(words('CONFIG', 'RESETSTAT'));
    for (const connection of [0, 1] as const) await this.#open(connection);
  }

  /** A fresh connection on both sides. */
  async #open(connection: 0 | 1): Promise<void> {
    this.#redis[connection] = await RawConnection.connect(this.#port);
    const session = this.#engine.session();
    session.session.authenticated = this.#engine.config.text.requirepass === '';
    this.#sessions[connection] = session;
    if (connection === 1) await this.#callBoth(1, words('HELLO', '3'));
  }

  async #callAdmin(args: readonly Uint8Array[]): Promise<[redis: Uint8Array, weir: Uint8Array]> {
    const theirs = await this.#admin.call(...args);
    this.#engine.now = Date.now();
    return [theirs, this.#engine.call(...args)];
  }

  async #callBoth(connection: 0 | 1, args: readonly Uint8Array[]): Promise<[redis: Uint8Array, weir: Uint8Array]> {
    const redis = this.#redis[connection];
    const { session } = this.#sessions[connection];
    // Where the requests are framed these are refused, which an engine without sockets has no part in.
    const unknown = !session.authenticated && this.#engine.config.text.requirepass !== '';
    if (unknown && (args.length > 10 || args.some((arg) => arg.length > 16384))) return [NOTHING, NOTHING];
    // CLIENT REPLY OFF silences Redis's replies, not its pushes.
    if (session.replyMode !== REPLY_ON && /^debug protocol push$/i.test(line(args))) return [NOTHING, NOTHING];
    redis.send(...args);
    this.#engine.now = Date.now();
    const ours = this.#sessions[connection].call(...args).slice();
    const silent = ours.length === 0;
    // If Redis has a reply where we have none, it is found in the place of the next.
    const theirs = silent ? ours : await redis.receive();
    if (session.closeAfterReply) {
      // A silenced connection is not closed by Redis, nor served any more.
      if (silent) redis.close();
      else await redis.ended();
    }
    if (silent) await this.#settle();
    if (session.closeAfterReply) {
      this.#engine.sessions.delete(session.id);
      await this.#open(connection);
    }
    return [theirs, ours];
  }

  /** Redis looks at its connections one after another: once it has answered one thrice, it has read the others. */
  async #settle(): Promise<void> {
    await sleep(1);
    for (let i = 0; i < 3; i++) await this.#callAdmin(words('PING'));
  }

  /** The first mismatch of a sequence run from empty data sets. */
  async run(sequence: readonly Step[]): Promise<Mismatch | null> {
    await this.#reset();
    for (let i = 0; i < sequence.length; i++) {
      const { connection, args, compare } = sequence[i];
      let theirs: Uint8Array;
      let ours: Uint8Array;
      try {
        [theirs, ours] = await this.#callBoth(connection, args);
      } catch (error) {
        return { step: i, text: `${line(args)}\nRedis: ${String(error)}` };
      }
      this.steps++;
      if (sameReply(theirs, ours, compare, args) || knownDifference(args, theirs, ours)) continue;
      const differs = typeof compare === 'function' ? `\n${compare(latin1(theirs), latin1(ours))}` : '';
      return { step: i, text: `${line(args)}\nRedis: ${show(theirs)}\nWeir:  ${show(ours)}${differs}` };
    }
    const text = (await this.#compareKeys()) ?? this.#compareReplica();
    return text === null ? null : { step: sequence.length, text };
  }

  async #compareKeys(): Promise<string | null> {
    for (let db = 0; db < DATABASES; db++) {
      await this.#callAdmin(words('SELECT', String(db)));
      const [theirs, ours] = await this.#callAdmin(words('KEYS', '*'));
      const keys = elements(theirs);
      if (keys.join() !== elements(ours).join()) {
        return `keys of database ${db}\nRedis: ${show(theirs)}\nWeir:  ${show(ours)}`;
      }
      for (const key of keys) {
        const name = Buffer.from(key, 'latin1');
        for (const [command, compare] of PROBES) {
          const args = [...words(...command), name];
          const [a, b] = await this.#callAdmin(args);
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
    const whole = [Buffer.from(name), ...row.args(g)];
    const mutated = row.fixed === true ? whole : mutate(g, whole);
    // Another subcommand is another row's, with its own rule of comparison.
    const args = isAnotherSubcommand(whole, mutated) ? whole : mutated;
    sequence.push({ connection, args, compare: row.compare ?? 'exact' });
  }
  return sequence;
}

const SUBCOMMANDS = new Map(
  allCommands.map((command) => [command.name, (command.subcommands ?? []).map((subcommand) => subcommand.name)]),
);

function isAnotherSubcommand(whole: readonly Uint8Array[], mutated: readonly Uint8Array[]): boolean {
  if (mutated === whole || mutated.length < 2) return false;
  const [before, after] = [whole, mutated].map((args) => (args.length < 2 ? '' : latin1(args[1]).toLowerCase()));
  return before !== after && (SUBCOMMANDS.get(latin1(whole[0]).toLowerCase()) ?? []).includes(after);
}

async function configOf(connection: RawConnection): Promise<Map<string, string>> {
  const reply = parse(await connection.call('CONFIG', 'GET', '*'));
  const texts = reply.type === 'array' ? reply.value.map(leaf) : [];
  return new Map(Array.from({ length: texts.length / 2 }, (_, i) => [texts[2 * i], texts[2 * i + 1]]));
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
  if (a.length === 0 || b.length === 0) return false;
  if (typeof compare === 'function') return compare(latin1(a), latin1(b)) === null;
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
  let reply = parser.next();
  while (reply?.type === 'push' || reply?.type === 'attribute') reply = parser.next();
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

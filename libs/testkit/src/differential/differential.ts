/**
 * Random sequences of commands, sent to a real Redis (or Valkey) and to an engine without sockets, whose replies must be the
 * same bytes. After each sequence every key is compared, and the engine's data set with what a replica makes of its log.
 * A sequence that fails is shrunk by leaving steps out for as long as it still fails.
 *
 * What is decided by chance or by the clock (SPOP, XADD *) is decided by Weir, and Redis is told: the two data sets stay the
 * same.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { REPLY_ON } from '@weir/commands';
import { TestEngine, latin1 } from '@weir/commands/testing';
import type { TestEngineOptions, TestSession } from '@weir/commands/testing';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_ZSET } from '@weir/keyspace';
import type { Reply } from '@weir/resp';
import type { BothSides } from './contents.ts';
import { compareContents, compareReplica, sameEncoding } from './contents.ts';
import { knownDifference, knownEventDifference } from './differences.ts';
import { AnnouncedEvents, PublishedEvents } from './events.ts';
import { fullName, isStoredist, storesDistances } from './generate.ts';
import type { Step } from './generate.ts';
import { RawConnection } from './redis-server.ts';
import { isError, leaf, leaves, line, parse, sameReply, show, showBoth, words } from './replies.ts';
import type { OracleName } from './rows.ts';

export interface Mismatch {
  /** Index of the step, or the length of the sequence when the data sets differ at its end. */
  readonly step: number;
  readonly text: string;
}

/** How often something was sent, and how often it was not answered with an error. */
export interface Count {
  readonly sent: number;
  readonly done: number;
}

const NOTHING = new Uint8Array(0);
const NO_EVENTS: { readonly published: readonly string[]; readonly announced: readonly string[] } = {
  published: [],
  announced: [],
};
const DATABASES = 16;
const TYPE_NAMES: Readonly<Record<number, string>> = {
  [TYPE_LIST]: 'list',
  [TYPE_SET]: 'set',
  [TYPE_ZSET]: 'zset',
  [TYPE_HASH]: 'hash',
};
const GEO_SEARCH = /^(geosearch|georadius(bymember)?(_ro)?)$/i;
/** No row's key. */
const SCRATCH = Buffer.from('\x00weir scratch');

export class Differential {
  readonly #port: number;
  readonly #options: TestEngineOptions;
  readonly oracle: OracleName;
  /** A third connection, on both sides, which prepares and looks at the data sets. */
  readonly #admin: RawConnection;
  readonly #redis: RawConnection[] = [];
  #engine!: TestEngine;
  readonly #sessions: TestSession[] = [];
  /** The server's configuration, to which it is brought back before each sequence. */
  readonly #config: ReadonlyMap<string, string>;
  /** Whether each side restores the other's dumps at the end of a sequence. */
  exchangesDumps = true;
  /** Steps compared so far. */
  steps = 0;
  /** Events compared so far. */
  events = 0;
  /** By full name of the command, so far. */
  readonly commands = new Map<string, Count>();
  /** A known difference was about an error: what INFO counts is not the same any more. */
  #errorsDiffer = false;
  /** There was a SORT. */
  #sorted = false;
  /** A known difference changed one data set only. */
  #dataDiffers = false;
  /** When events are compared: where they come from, and those of the step at hand. */
  readonly #published: PublishedEvents | null;
  #announced: AnnouncedEvents | null = null;
  #events = NO_EVENTS;

  private constructor(
    port: number,
    options: TestEngineOptions,
    oracle: OracleName,
    admin: RawConnection,
    config: ReadonlyMap<string, string>,
    published: PublishedEvents | null,
  ) {
    this.#port = port;
    this.#options = options;
    this.oracle = oracle;
    this.#admin = admin;
    this.#config = config;
    this.#published = published;
  }

  /**
   * The options are the engine's; the server must have been started with the same configuration. `events`: what happens to
   * keys is compared too, for which it must publish `EVENT_CLASSES`.
   */
  static async connect(
    port: number,
    options: TestEngineOptions = {},
    oracle: OracleName = 'redis',
    events = false,
  ): Promise<Differential> {
    const admin = await RawConnection.connect(port);
    // Which keys are gone already must not depend on a timer.
    expectOk(await admin.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0'));
    const published = events ? await PublishedEvents.connect(port) : null;
    return new Differential(port, options, oracle, admin, await configOf(admin), published);
  }

  close(): void {
    for (const connection of [this.#admin, ...this.#redis]) connection.close();
    this.#published?.close();
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
    this.#engine = this.#newEngine();
    if (this.#published !== null) this.#announced = new AnnouncedEvents(this.#engine);
    await this.#callAdmin(words('CONFIG', 'RESETSTAT'));
    for (const connection of [0, 1] as const) await this.#open(connection);
  }

  #newEngine(): TestEngine {
    return new TestEngine({ databases: DATABASES, reserveBytes: 256 * 1024 ** 2, ...this.#options });
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
    return [theirs, this.#callWeir(null, args)];
  }

  #callWeir(connection: 0 | 1 | null, args: readonly Uint8Array[]): Uint8Array {
    this.#engine.now = Date.now();
    const session = connection === null ? this.#engine : this.#sessions[connection];
    return session.call(...args).slice();
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
    this.#announced?.read();
    const ours = this.#callWeir(connection, args);
    const announced = this.#announced?.read() ?? [];
    const silent = ours.length === 0;
    // If Redis has a reply where we have none, it is found in the place of the next.
    const theirs = silent ? ours : await redis.receive();
    if (session.isEnding) {
      // A silenced connection is not closed by Redis, nor served any more.
      if (silent) redis.close();
      else await redis.ended();
    }
    if (silent) await this.#settle();
    if (this.#published !== null && this.#events === NO_EVENTS) {
      this.#events = { published: await this.#published.read(), announced };
    }
    if (session.isEnding) {
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
    this.#errorsDiffer = this.#dataDiffers = this.#sorted = false;
    for (let i = 0; i < sequence.length; i++) {
      if (this.#errorsDiffer && !sequence[i].probe) break;
      let text: string | null;
      try {
        this.#events = NO_EVENTS;
        await this.#published?.read();
        text = (await this.#step(sequence[i])) ?? this.#compareEvents(sequence[i]);
      } catch (error) {
        text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      }
      this.steps++;
      if (this.#dataDiffers) return null;
      if (text !== null) return { step: i, text: `${line(sequence[i].args)}\n${text}` };
    }
    const sides: BothSides = {
      oracle: this.oracle,
      databases: DATABASES,
      exchangesDumps: this.exchangesDumps,
      sorted: this.#sorted,
      call: (...args) =>
        this.#callAdmin(args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg, 'latin1') : arg))),
      known: (args, theirs, ours) => knownDifference(args, theirs, ours, this.oracle) !== undefined,
    };
    const text = (await compareContents(sides)) ?? compareReplica(this.#engine, () => this.#newEngine());
    return text === null ? null : { step: sequence.length, text };
  }

  /** Sends one step to both; what differs, or null. */
  async #step(step: Step): Promise<string | null> {
    const { connection, args, compare } = step;
    this.#sorted ||= /^sort/i.test(latin1(args[0]));
    if (compare === 'pop' && args.length > 1) return this.#pop(step);
    if (compare === 'new-id') return this.#newId(step);
    const [theirs, ours] = await this.#callBoth(connection, args);
    this.#count(step, ours);
    const text = this.#compare(step, args, theirs, ours);
    if (text !== null && GEO_SEARCH.test(latin1(args[0])) && (await this.#differInTies(step, theirs, ours)))
      return null;
    if (text !== null || !step.probe || isError(theirs) || isError(ours)) return text;
    if (storesDistances(args)) return this.#adoptScores(step);
    if (compare === 'random') return this.#checkMembers(step, ours);
    if (compare === 'scan') return this.#completeScan(step, theirs, ours);
    return null;
  }

  #compare(step: Step, args: readonly Uint8Array[], theirs: Uint8Array, ours: Uint8Array): string | null {
    const { compare, connection } = step;
    if (sameReply(theirs, ours, compare)) return null;
    const known = knownDifference(args, theirs, ours, this.oracle);
    if (known !== undefined) {
      this.#errorsDiffer ||= isError(theirs) || isError(ours);
      this.#dataDiffers ||= known.ends === true;
      return null;
    }
    if (/^object encoding /i.test(line(args)) && !isError(theirs) && !isError(ours)) {
      const type = this.#typeOf(connection, args[2]);
      if (sameEncoding(this.oracle, type, leaf(parse(theirs)), leaf(parse(ours)), this.#sorted)) return null;
    }
    const differs = typeof compare === 'function' ? `\n${compare(latin1(theirs), latin1(ours)) ?? ''}` : '';
    return showBoth(theirs, ours) + differs;
  }

  /** What happened to keys is the same, in the same order. */
  #compareEvents({ args }: Step): string | null {
    const { published, announced } = this.#events;
    if (published.join('\n') === announced.join('\n')) {
      this.events += published.length;
      return null;
    }
    if (knownEventDifference(args, published, announced)) return null;
    return `Redis publishes\n  ${published.join('\n  ')}\nWeir announces\n  ${announced.join('\n  ')}`;
  }

  /** By a look at the keyspace: a command would be counted. */
  #typeOf(connection: 0 | 1, key: Uint8Array): string {
    const { db } = this.#sessions[connection].session;
    const name = latin1(key);
    const found = this.#engine.contents().find((content) => content.db === db && content.key === name);
    return found === undefined ? 'none' : (TYPE_NAMES[found.type] ?? 'another');
  }

  #count({ args }: Step, reply: Uint8Array): void {
    const name = fullName(args);
    const { sent, done } = this.commands.get(name) ?? { sent: 0, done: 0 };
    this.commands.set(name, { sent: sent + 1, done: done + (isError(reply) ? 0 : 1) });
  }

  /**
   * SPOP: Redis answers about a copy of the set, and then removes from the set itself what Weir chose. As Redis may change
   * the encoding when it removes much at once, and does not when told the members, it gets Weir's order in a new set where
   * the encodings differ then.
   */
  async #pop(step: Step): Promise<string | null> {
    const { connection, args } = step;
    const redis = this.#redis[connection];
    const [name, key, ...rest] = args;
    await redis.call('COPY', key, SCRATCH, 'REPLACE');
    // What COPY found out about the key SPOP would have, too.
    const before = (await this.#published?.read())?.filter((event) => event.startsWith('expired ')) ?? [];
    const theirs = await redis.call(name, SCRATCH, ...rest);
    const scratch = latin1(SCRATCH);
    const popped = (await this.#published?.read())?.map((event) => event.replace(scratch, latin1(key))) ?? [];
    const sizeAfter = await redis.call('SCARD', SCRATCH);
    const encodingAfter = await redis.call('OBJECT', 'ENCODING', SCRATCH);
    await redis.call('DEL', SCRATCH);
    this.#announced?.read();
    const ours = this.#callWeir(connection, args);
    this.#events = { published: [...before, ...popped], announced: this.#announced?.read() ?? [] };
    const effects = this.#engine.effects.filter(([effect]) => effect.toUpperCase() !== 'SELECT');
    this.#count(step, ours);
    if (isError(theirs) || isError(ours)) return this.#compare({ ...step, compare: 'exact' }, args, theirs, ours);
    const [a, b] = [parse(theirs), parse(ours)];
    const members = leaves(b);
    if (a.type !== b.type || leaves(a).length !== members.length) return showBoth(theirs, ours);
    const there = new Set(leaves(parse(await redis.call('SMEMBERS', key))));
    for (const effect of effects) {
      const reply = await redis.call(...words(...effect));
      if (isError(reply)) return `Redis refuses the effect ${effect.join(' ')}: ${show(reply)}`;
    }
    const after = new Set(leaves(parse(await redis.call('SMEMBERS', key))));
    if (b.type !== 'nil') {
      if (members.some((member) => !there.has(member))) return `no member before: ${show(ours)}`;
      if (new Set(members).size !== members.length) return `a member twice: ${show(ours)}`;
      if (members.some((member) => after.has(member))) return `the log does not remove all of ${show(ours)}`;
      if (after.size !== there.size - members.length) return `the log removes more than ${show(ours)}`;
    }
    const [size, mine] = [await redis.call('SCARD', key), this.#callWeir(connection, words('SCARD', latin1(key)))];
    if (isError(mine)) return null; // of another type, and nil
    if (latin1(mine) !== latin1(size) || latin1(sizeAfter) !== latin1(size)) return `SCARD afterwards: ${show(mine)}`;
    if (after.size === 0) return null;
    // Which members are long decides about the encoding, and each side keeps others.
    const alike = [...there].every((member) => member.length > 0 && member.length <= 4);
    return this.#adoptEncoding(connection, key, alike ? leaf(parse(encodingAfter)) : '');
  }

  async #adoptEncoding(connection: 0 | 1, key: Uint8Array, popped: string): Promise<string | null> {
    const redis = this.#redis[connection];
    const weir = (...args: (string | Uint8Array)[]): Uint8Array =>
      this.#callWeir(
        connection,
        args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg) : arg)),
      );
    const ours = leaf(parse(weir('OBJECT', 'ENCODING', key)));
    if (ours === leaf(parse(await redis.call('OBJECT', 'ENCODING', key)))) return null;
    if (popped === 'hashtable' && !sameEncoding(this.oracle, 'set', popped, ours)) {
      return `OBJECT ENCODING afterwards: Redis hashtable, Weir ${ours}`;
    }
    const expireMs = leaf(parse(await redis.call('PEXPIRETIME', key)));
    const members = parse(weir('SMEMBERS', key));
    if (members.type !== 'array' && members.type !== 'set') return 'SMEMBERS is no array';
    await redis.call('DEL', key);
    const values = members.value.map((member) => member.value as Uint8Array);
    if (ours === 'listpack' && values.every((value) => /^-?\d+$/.test(latin1(value)))) {
      // A listpack of integers: what was begun with a word, which is gone before the last of them comes.
      await redis.call('SADD', key, '');
      if (values.length > 1) await redis.call('SADD', key, ...values.slice(1));
      if (values.length > 1) await redis.call('SREM', key, '');
      await redis.call('SADD', key, values[0]);
      await redis.call('SREM', key, '');
    } else await redis.call('SADD', key, ...values);
    if (expireMs !== '-1') await redis.call('PEXPIREAT', key, expireMs);
    return null;
  }

  /** XADD *: the clocks are not the same, so Redis gets the ID that Weir made, which must be about now. */
  async #newId(step: Step): Promise<string | null> {
    const { connection, args } = step;
    const at = args.findIndex((arg, i) => i >= 2 && arg.length === 1 && arg[0] === 42);
    if (at < 0) {
      const [theirs, ours] = await this.#callBoth(connection, args);
      this.#count(step, ours);
      return this.#compare({ ...step, compare: 'exact' }, args, theirs, ours);
    }
    // Without the reply Redis could not be told.
    if (this.#sessions[connection].session.replyMode !== REPLY_ON) return null;
    this.#announced?.read();
    const ours = this.#callWeir(connection, args);
    const announced = this.#announced?.read() ?? [];
    this.#count(step, ours);
    const id = /^\$\d+\r\n(\d+)-\d+\r\n$/.exec(latin1(ours));
    // After an ID from the future, the clock has no part in it.
    const isNow = id !== null && Math.abs(Number(id[1]) - this.#engine.now) < 1000;
    const same = isNow ? args.with(at, Buffer.from(leaf(parse(ours)))) : args;
    const theirs = await this.#redis[connection].call(...same);
    this.#events = { published: (await this.#published?.read()) ?? [], announced };
    return this.#compare({ ...step, compare: 'exact' }, args, theirs, ours);
  }

  /** Places that are as far away as each other come in any order: their distances must be the same then. */
  async #differInTies({ connection, args, probe }: Step, theirs: Uint8Array, ours: Uint8Array): Promise<boolean> {
    if (isError(theirs) || isError(ours) || parse(theirs).type !== 'array') return false;
    const lengths = [theirs, ours].map((reply) => leaves(parse(reply)).length);
    if (lengths[0] !== lengths[1] || !probe) return lengths[0] === lengths[1];
    const withDistances = await this.#callBoth(connection, [...args, Buffer.from('WITHDIST')]);
    const [a, b] = withDistances.map((reply) => {
      const { type, value } = parse(reply);
      return type === 'array' ? value.map((place) => Number(leaf((place.value as Reply[])[1]))) : [];
    });
    return a.length > 0 && a.length === b.length && a.every((distance, i) => Math.abs(distance - b[i]) <= 2e-4);
  }

  /** The sorted set that STOREDIST made: nearly the same on both sides, and then exactly. */
  async #adoptScores({ connection, args }: Step): Promise<string | null> {
    const behind = args[args.findLastIndex(isStoredist) + 1];
    const key = /^geosearchstore$/i.test(latin1(args[0])) ? args[1] : behind;
    if (key === undefined) return null;
    const range = [Buffer.from('ZRANGE'), key, ...words('0', '-1', 'WITHSCORES')];
    const [theirs, ours] = await this.#callBoth(connection, range);
    if (Buffer.compare(theirs, ours) === 0) return null;
    if (isError(theirs) || isError(ours) || !sameReply(theirs, ours, 'near')) return showBoth(theirs, ours);
    const members = leaves(parse(ours));
    const pairs = members.flatMap((member, i) => (i % 2 === 0 ? [members[i + 1], member] : []));
    await this.#redis[connection].call('DEL', key);
    await this.#redis[connection].call('ZADD', key, ...words(...pairs));
    return null;
  }

  /** What was drawn must be there, and without repetition unless the count was negative. */
  #checkMembers({ connection, args }: Step, ours: Uint8Array): string | null {
    const name = latin1(args[0]).toLowerCase();
    const whole = { srandmember: ['SMEMBERS'], hrandfield: ['HGETALL'], zrandmember: ['ZRANGE'] }[name];
    const reply = parse(ours);
    if (whole === undefined || reply.type === 'nil') return null;
    const behind = name === 'zrandmember' ? ['0', '-1', 'WITHSCORES'] : [];
    // What Weir says of the whole is compared with Redis at the end.
    const all = leaves(parse(this.#callWeir(connection, [...words(...whole), args[1], ...words(...behind)])));
    const drawn = leaves(reply);
    const paired = name !== 'srandmember';
    const there = new Map(
      paired ? Array.from({ length: all.length / 2 }, (_, i) => [all[2 * i], all[2 * i + 1]]) : all.map((x) => [x, '']),
    );
    const withValues = args.length > 3;
    const members = withValues ? drawn.filter((_, i) => i % 2 === 0) : drawn;
    for (const [i, member] of members.entries()) {
      if (!there.has(member)) return `no member: ${member}`;
      if (withValues && there.get(member) !== drawn[2 * i + 1])
        return `not the value of ${member}: ${drawn[2 * i + 1]}`;
    }
    const repeated = args.length > 2 && latin1(args[2]).startsWith('-');
    return !repeated && new Set(members).size !== members.length ? `a member twice: ${show(ours)}` : null;
  }

  /** A scan from 0, to its end on both sides: the same elements in some order. */
  async #completeScan({ connection, args }: Step, theirs: Uint8Array, ours: Uint8Array): Promise<string | null> {
    const at = latin1(args[0]).toLowerCase() === 'scan' ? 1 : 2;
    if (!/^\+?0+$/.test(latin1(args[at]))) return null;
    const name = latin1(args[0]).toLowerCase();
    const found: Buffer[] = [];
    for (const [first, call] of [
      [theirs, (next: readonly Uint8Array[]) => this.#redis[connection].call(...next)],
      [ours, (next: readonly Uint8Array[]) => Promise.resolve(this.#callWeir(connection, next))],
    ] as const) {
      const all: string[] = [];
      for (let reply = parse(first); ;) {
        if (reply.type !== 'array' || reply.value.length !== 2) return `no page of a scan: ${JSON.stringify(reply)}`;
        const [cursor, page] = reply.value;
        const elements = leaves(page).map((element) => `$${element.length}\r\n${element}\r\n`);
        const step = name === 'hscan' || name === 'zscan' ? 2 : 1;
        for (let i = 0; i < elements.length; i += step) all.push(elements.slice(i, i + step).join(''));
        if (leaf(cursor) === '0') break;
        reply = parse(await call(args.with(at, Buffer.from(leaf(cursor)))));
      }
      found.push(Buffer.from([...new Set(all)].sort().join(''), 'latin1'));
    }
    const [redis, weir] = found;
    if (redis.equals(weir) || knownDifference(args, redis, weir, this.oracle) !== undefined) return null;
    return `scanned to the end\n${showBoth(redis, weir)}`;
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

async function configOf(connection: RawConnection): Promise<Map<string, string>> {
  const reply = parse(await connection.call('CONFIG', 'GET', '*'));
  const texts = reply.type === 'array' ? reply.value.map(leaf) : [];
  return new Map(Array.from({ length: texts.length / 2 }, (_, i) => [texts[2 * i], texts[2 * i + 1]]));
}

function expectOk(reply: Uint8Array): void {
  if (latin1(reply) !== '+OK\r\n') throw new Error(`Redis refused what the test needs: ${latin1(reply)}`);
}

/** The steps as lines for redis-cli. */
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

/**
 * Invariants `no-uncommitted-reads` and `replies-in-order`, for every command that looks at keys, from a seed.
 *
 * The same requests go to two engines: one whose log stores at once, which says what every reply must be, and one whose log
 * stores when the dice say so. For each request the test works out by comparing the data set before and after what changed and
 * who looked at it: a reply may leave only when everything is stored that it depends on.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Config } from '@weir/config';
import { Random, keyAddress, keyLength, valueAddress, valueLength, expireOf } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';
import { ReplyParser } from '@weir/resp';
import { testEngine, turn } from './testing-sessions.ts';
import type { TestClient } from './testing-sessions.ts';

const REQUESTS = 2500;
const CLIENTS = 5;
const KEYS = 6;
const DBS = 2;

/** In CI the same every time. */
const FIRST_SEED = process.env['CI'] === undefined ? Date.now() % 1_000_000 : 1;
const seeds = process.env['WEIR_SEED'] !== undefined ? [Number(process.env['WEIR_SEED'])] : [];
for (let i = 0; seeds.length < Number(process.env['WEIR_SIM_RUNS'] ?? 4); i++) seeds.push(FIRST_SEED + i);

function request(pick: (n: number) => number): string {
  const key = () => `k${pick(KEYS)}`;
  const value = () => (pick(2) === 0 ? String(pick(50)) : 'v'.repeat(pick(60)));
  const all: (() => string)[] = [
    () => `set ${key()} ${value()}`,
    () => `set ${key()} ${value()} nx`,
    () => `set ${key()} ${value()} xx get`,
    () => `setnx ${key()} ${value()}`,
    () => `mset ${key()} ${value()} ${key()} ${value()}`,
    () => `msetnx ${key()} ${value()} ${key()} ${value()}`,
    () => `getset ${key()} ${value()}`,
    () => `getdel ${key()}`,
    () => `append ${key()} ${value()}`,
    () => `setrange ${key()} ${pick(20)} ${value()}`,
    () => `incr ${key()}`,
    () => `incrbyfloat ${key()} 1.5`,
    () => `del ${key()} ${key()}`,
    () => `rename ${key()} ${key()}`,
    () => `renamenx ${key()} ${key()}`,
    () => `copy ${key()} ${key()} db ${pick(DBS)}`,
    () => `move ${key()} ${pick(DBS)}`,
    () => `pexpireat ${key()} ${9e12 + pick(9)} nx`,
    () => `getex ${key()} pxat ${9e12 + pick(9)}`,
    () => `getex ${key()} persist`,
    () => `persist ${key()}`,
    () => `get ${key()}`,
    () => `mget ${key()} ${key()} ${key()}`,
    () => `exists ${key()} ${key()}`,
    () => `touch ${key()}`,
    () => `type ${key()}`,
    () => `pexpiretime ${key()}`,
    () => `strlen ${key()}`,
    () => `getrange ${key()} 0 -1`,
    () => `lcs ${key()} ${key()}`,
    () => `dump ${key()}`,
    () => `object encoding ${key()}`,
    () => `memory usage ${key()}`,
    () => `select ${pick(DBS)}`,
    () => `ping`,
  ];
  const rare: (() => string)[] = [
    () => 'dbsize',
    () => 'debug digest',
    () => 'flushdb',
    () => 'flushall',
    () => 'swapdb 0 1',
    () => 'client reply skip',
    () => 'client reply off',
    () => 'client reply on',
  ];
  return (pick(15) === 0 ? rare[pick(rare.length)]! : all[pick(all.length)]!)();
}

/** Every entry as text, by `database:key`. */
function entries(keyspace: Keyspace): Map<string, string> {
  const found = new Map<string, string>();
  const { arena } = keyspace;
  const text = (at: number, len: number) => Buffer.from(arena.u8.subarray(at, at + len)).toString('latin1');
  for (const db of keyspace.dbs.slice(0, DBS)) {
    db.keys.forEach((ref) => {
      const value = text(valueAddress(arena, ref), valueLength(arena, ref));
      found.set(
        `${db.index}:${text(keyAddress(arena, ref), keyLength(arena, ref))}`,
        `${value} ${expireOf(arena, ref)}`,
      );
    });
  }
  return found;
}

interface Expected {
  readonly what: string;
  readonly reply: string;
  /** Offset that has to be stored before this reply may leave. */
  readonly needs: number;
}

async function simulate(seed: number): Promise<void> {
  const random = new Random(seed);
  const pick = (n: number) => random.u32() % n;
  const config = () => {
    const made = new Config();
    made.assign('enable-debug-command', ['yes']);
    return made;
  };
  const real = testEngine({}, config());
  const shadow = testEngine({}, config());
  let stored = 0;
  const ends: number[] = [];
  real.log.onPayload = (payload) => void ends.push((ends.at(-1) ?? 0) + payload.length);
  const commit = () => {
    stored = ends[real.log.seq - real.log.pending.length]!;
    real.log.commit();
  };
  const storeAllOfShadow = async () => {
    await turn();
    while (shadow.log.pending.length > 0) shadow.log.commit();
  };

  const queues: Expected[][] = [];
  const clients: TestClient[] = [];
  const models: TestClient[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const client = real.client();
    const queue: Expected[] = [];
    const parser = new ReplyParser();
    const { sink } = client;
    let raw = '';
    sink.output = (buf, start, end) => {
      parser.feed(buf.subarray(start, end));
      raw += Buffer.from(buf.subarray(start, end)).toString('latin1');
      while (parser.next() !== undefined) {
        const expected = queue.shift();
        if (expected === undefined) assert.fail(`seed ${seed}: a reply too many: ${raw}`);
        const got = raw.slice(0, expected.reply.length);
        raw = raw.slice(expected.reply.length);
        assert.equal(got, expected.reply, `seed ${seed}: ${expected.what}`);
        assert.ok(expected.needs <= stored, `seed ${seed}: ${expected.what} shows what is not stored: ${got}`);
      }
      return true;
    };
    clients.push(client);
    queues.push(queue);
    models.push(shadow.client());
  }

  /** Where the last change of each key ends in the log. */
  const changed = new Map<string, number>();
  const dbs = clients.map(() => 0);
  let replies = 0;
  for (let i = 0; i < REQUESTS; i++) {
    const who = pick(CLIENTS);
    const what = request(pick);
    const words = what.split(' ');
    models[who]!.send(what);
    await storeAllOfShadow();
    const reply = models[who]!.take();

    const before = entries(real.engine.ctx.keyspace);
    const queue = queues[who]!;
    // What it looks at, as it stands before: the reply is due no sooner than that is stored.
    const names = words.slice(1).filter((word) => /^k\d$/.test(word));
    let needs = 0;
    const need = (key: string) => (needs = Math.max(needs, changed.get(key) ?? 0));
    for (const name of names) {
      need(`${dbs[who]}:${name}`);
    }
    if (words[0] === 'move' && before.has(`${dbs[who]}:${words[1]}`)) need(`${words[2]}:${words[1]}`);
    if (words[0] === 'dbsize') for (const key of changed.keys()) if (key.startsWith(`${dbs[who]}:`)) need(key);
    if (words[0] === 'debug') for (const key of changed.keys()) need(key);
    // RENAME of a missing key, MSETNX that fails early, COPY into another database look at less than they name.
    const looksAtAll =
      !['rename', 'renamenx', 'msetnx', 'copy'].includes(words[0]!) && !reply.startsWith('-ERR source and');
    const expected = { what: `${who}: ${what}`, reply, needs: looksAtAll ? needs : 0 };
    const at = queue.length;
    if (reply !== '') {
      queue.push(expected);
      replies++;
    }
    clients[who]!.send(what);
    if (words[0] === 'select') dbs[who] = Number(words[1]);
    const after = entries(real.engine.ctx.keyspace);
    const end = real.engine.commit.writtenOffset();
    let changes = 0;
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      if (before.get(key) === after.get(key)) continue;
      changed.set(key, end);
      changes++;
    }
    // Its own change has to be stored as well; it cannot have been answered yet.
    if (changes > 0 && reply !== '') {
      assert.equal(queue[at], expected, `seed ${seed}: ${what} was answered before its record was handed over`);
      queue[at] = { ...expected, needs: end };
    }
    if (pick(3) === 0) await turn();
    if (pick(3) === 0 && real.log.pending.length > 0) commit();
  }
  for (let i = 0; i < 100; i++) {
    await turn();
    while (real.log.pending.length > 0) commit();
  }
  for (const queue of queues) assert.deepEqual(queue, [], `seed ${seed}: replies are missing`);
  assert.ok(replies > REQUESTS / 4);
}

test(`no reply shows what is not stored, and all are those of a log that stores at once (seeds ${seeds[0]}…)`, async () => {
  for (const seed of seeds) await simulate(seed);
});

// A reply has a largest size, and a write that would answer more must not have happened. In service that is 4 GiB, here less: a power of
// two, since buffers double until they meet it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gen, dataRows, firstSeed, generate, printSequence } from '@weir/testkit';
import { EFFECT_BYTES_MAX } from './core/context.ts';
import { limits } from './stream/effects.ts';
import { TestEngine } from './testing.ts';
import type { KeyContent, TestArg, TestSession } from './testing.ts';

const LIMIT = 64 * 1024;
const TOO_LONG = '-ERR the reply would be longer than 4 GiB\r\n';

function limited(bytes: number): TestEngine {
  const engine = new TestEngine({ reserveBytes: 256 * 1024 * 1024 });
  engine.ctx.reply.bytesMax = bytes;
  return engine;
}

/** What makes a reply of about as many bytes as the value is long, and the command. */
interface Case {
  readonly title: string;
  readonly before: (value: string) => readonly (readonly TestArg[])[];
  readonly command: readonly TestArg[];
  readonly resp?: 2 | 3;
}

const numbers = Array.from({ length: 300 }, (_, i) => `${i}`);
const words = Array.from({ length: 300 }, (_, i) => `word ${i}`);
const list = (value: string): TestArg[][] => [['RPUSH', 'k', 'a', 'b', value, 'c', 'd']];
const one = (value: string): TestArg[][] => [['RPUSH', 'k', value, 'x', value]];
const scores = (value: string): TestArg[][] => [
  ['ZADD', 'k', '1', 'a', '2', value, '3', 'b', '4', 'c'],
  ['ZADD', 'other', '1', 'a'],
];
const small = (value: string): TestArg[][] => [['ZADD', 'k', '1', value, '2', value + 'x', '3', 'c']];
const text = (value: string): TestArg[][] => [['SET', 'k', value, 'EX', 1000]];
const stream = (value: string): TestArg[][] => [
  ['XADD', 'k', '1-1', 'f', 'v'],
  ['XADD', 'k', '2-1', 'f', value],
  ['XADD', 'k', '3-1', 'f', 'v'],
  ['XADD', 'other', '1-1', 'f', 'v'],
  ['XGROUP', 'CREATE', 'k', 'g', '0'],
  ['XGROUP', 'CREATE', 'other', 'g', '0'],
];
const pending = (value: string): TestArg[][] => [
  ...stream(value),
  // Claiming them so answers their IDs alone.
  ['XCLAIM', 'k', 'g', 'c', '0', '1-1', '2-1', '3-1', 'FORCE', 'JUSTID'],
  ['XDEL', 'k', '1-1'],
];

const cases: readonly Case[] = [
  { title: 'LPOP', before: one, command: ['LPOP', 'k'] },
  { title: 'LPOP of several', before: list, command: ['LPOP', 'k', 3] },
  { title: 'RPOP', before: one, command: ['RPOP', 'k'] },
  { title: 'RPOP of several', before: list, command: ['RPOP', 'k', 4] },
  { title: 'RPOP of all', before: list, command: ['RPOP', 'k', 400] },
  { title: 'LMPOP', before: list, command: ['LMPOP', 2, 'nothing', 'k', 'RIGHT', 'COUNT', 3] },
  { title: 'LMOVE', before: one, command: ['LMOVE', 'k', 'to', 'LEFT', 'RIGHT'] },
  { title: 'LMOVE within a list', before: one, command: ['LMOVE', 'k', 'k', 'LEFT', 'RIGHT'] },
  { title: 'RPOPLPUSH', before: one, command: ['RPOPLPUSH', 'k', 'to'] },
  { title: 'SPOP', before: (value) => [['SADD', 'k', value]], command: ['SPOP', 'k'] },
  { title: 'SPOP of all', before: (value) => [['SADD', 'k', value, 'a', '1']], command: ['SPOP', 'k', 3] },
  {
    title: 'SPOP of most of a table',
    before: (value) => [['SADD', 'k', ...numbers.map((n) => n + 'x'.repeat(value.length / 300))]],
    command: ['SPOP', 'k', 299],
  },
  {
    title: 'SPOP of most of a listpack',
    before: (value) => [
      ['CONFIG', 'SET', 'set-max-listpack-entries', '1000', 'set-max-listpack-value', '100000'],
      ['SADD', 'k', ...numbers.map((n) => n + 'x'.repeat(value.length / 300))],
    ],
    command: ['SPOP', 'k', 299],
  },
  { title: 'ZPOPMIN of several', before: scores, command: ['ZPOPMIN', 'k', 3] },
  { title: 'ZPOPMAX of several', before: scores, command: ['ZPOPMAX', 'k', 3] },
  { title: 'ZPOPMAX of several in RESP3', before: scores, command: ['ZPOPMAX', 'k', 3], resp: 3 },
  { title: 'ZPOPMIN of all', before: scores, command: ['ZPOPMIN', 'k', 400] },
  { title: 'ZPOPMIN', before: small, command: ['ZPOPMIN', 'k'] },
  { title: 'ZMPOP', before: scores, command: ['ZMPOP', 2, 'nothing', 'k', 'MIN', 'COUNT', 3] },
  { title: 'GETDEL', before: text, command: ['GETDEL', 'k'] },
  { title: 'GETSET', before: text, command: ['GETSET', 'k', 'new'] },
  { title: 'SET with GET', before: text, command: ['SET', 'k', 'new', 'GET', 'PX', 5000] },
  { title: 'GETEX', before: text, command: ['GETEX', 'k'] },
  { title: 'GETEX with a time', before: text, command: ['GETEX', 'k', 'EX', 77] },
  { title: 'GETEX with a time that is past', before: text, command: ['GETEX', 'k', 'PXAT', 77] },
  { title: 'GETEX with PERSIST', before: text, command: ['GETEX', 'k', 'PERSIST'] },
  { title: 'XREADGROUP', before: stream, command: ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'k', '>'] },
  {
    title: 'XREADGROUP with NOACK',
    before: stream,
    command: ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '2', 'NOACK', 'STREAMS', 'k', '>'],
  },
  {
    title: 'XREADGROUP of several streams',
    before: stream,
    command: ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'other', 'k', '>', '>'],
    resp: 3,
  },
  {
    title: 'XREADGROUP of pending entries',
    before: pending,
    command: ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'other', 'k', '>', '0'],
  },
  { title: 'XCLAIM', before: pending, command: ['XCLAIM', 'k', 'g', 'new', '0', '1-1', '2-1', '3-1', 'LASTID', '9-9'] },
  {
    title: 'XCLAIM with FORCE',
    before: stream,
    command: ['XCLAIM', 'k', 'g', 'new', '0', '1-1', '2-1', '3-1', 'FORCE'],
  },
  {
    title: 'XCLAIM of an ID twice',
    before: pending,
    command: ['XCLAIM', 'k', 'g', 'new', '0', '2-1', '2-1', 'IDLE', '100'],
  },
  { title: 'XAUTOCLAIM', before: pending, command: ['XAUTOCLAIM', 'k', 'g', 'new', '0', '-'] },
  { title: 'SORT', before: (value) => [['RPUSH', 'k', 'b', value, 'a']], command: ['SORT', 'k', 'ALPHA'] },
  {
    title: 'GEORADIUS',
    before: (value) => [['GEOADD', 'k', '13.3', '38.1', 'P', '13.4', '38.2', value]],
    command: ['GEORADIUS', 'k', '13.3', '38.1', '100', 'km', 'WITHDIST'],
  },
];

interface Tried {
  readonly engine: TestEngine;
  readonly session: TestSession;
  readonly before: readonly KeyContent[];
  readonly reply: string;
}

function play({ before, command, resp = 2 }: Case, valueBytes: number, limit: number): Tried {
  const engine = limited(limit);
  const session = engine.session(resp);
  for (const line of before('v'.repeat(valueBytes))) {
    const reply = session.text(...line);
    assert.ok(!reply.startsWith('-'), reply.slice(0, 100));
  }
  const contents = engine.contents();
  return { engine, session, before: contents, reply: session.text(...command) };
}

for (const tried of cases) {
  test(`${tried.title}: as much as a reply may hold is answered, more is refused and nothing has changed`, () => {
    const length = play(tried, 30_000, Infinity).reply.length;
    // Some reply the value several times, or its parts.
    const times = (play(tried, 30_300, Infinity).reply.length - length) / 300;
    const bytesFor = (target: number): number => 30_000 + 300 * Math.floor((target - length) / (300 * times));
    const below = play(tried, bytesFor(LIMIT - 40), LIMIT);
    assert.ok(below.reply.length <= LIMIT && below.reply.length > LIMIT - 1000, `${below.reply.length}`);
    assert.ok(!below.reply.startsWith('-'), below.reply.slice(0, 100));

    const above = play(tried, bytesFor(LIMIT) + 300, LIMIT);
    assert.equal(above.reply, TOO_LONG);
    assert.equal(above.engine.ctx.stats.errorReplies, 1);
    assert.deepEqual(above.engine.effects, []);
    assert.deepEqual(above.engine.contents(), above.before);
    above.engine.verify();
    assert.equal(above.session.text('PING'), '+PONG\r\n');
    // The same again: what it looked at is as it was.
    assert.equal(above.session.text(...tried.command), TOO_LONG);
    above.engine.ctx.reply.bytesMax = Infinity;
    assert.ok(above.session.text(...tried.command).length > LIMIT);
    assert.deepEqual(sameData(above.engine.replica()), sameData(above.engine));
  });
}

/** A replica may have got somewhere by another way than growing: its encodings may be others. */
const sameData = (engine: TestEngine): unknown => engine.contents().map((content) => ({ ...content, encoding: 0 }));

test('BITFIELD and PFDEBUG GETREG have room for all of their reply before they change anything', () => {
  const engine = limited(4096);
  engine.call('SET', 'k', 'v');
  engine.call('PFADD', 'h', ...words);
  const before = engine.contents();
  const sets = words.flatMap((_, i) => ['SET', 'i64', `#${i}`, '-9223372036854775808']);
  assert.equal(engine.text('BITFIELD', 'k', ...sets), TOO_LONG);
  assert.equal(engine.text('PFDEBUG', 'GETREG', 'h'), TOO_LONG);
  assert.deepEqual(engine.contents(), before);
  assert.ok(engine.text('BITFIELD', 'k', ...sets.slice(0, 400)).startsWith('*100\r\n'));
});

test('an XREADGROUP that names a stream twice answers what it has done, when the rest would be too long', () => {
  const engine = limited(LIMIT);
  for (const line of stream('v'.repeat(40_000))) engine.call(...line);
  const first = engine.text('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'other', 'k', 'k', '>', '>', '0');
  assert.ok(first.startsWith('*2\r\n*2\r\n$5\r\nother\r\n'), first.slice(0, 100));
  assert.equal(first.match(/3-1/g)?.length, 1);
  assert.ok(engine.text('XPENDING', 'k', 'g').startsWith('*4\r\n:3\r\n'));
  assert.equal(engine.text('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'k', '>'), '*-1\r\n');
  engine.verify();
  assert.deepEqual(sameData(engine.replica()), sameData(engine));
});

test('what claims write to the log is bounded before they change anything', () => {
  const engine = new TestEngine();
  const { claimBytesMax } = limits;
  limits.claimBytesMax = 100_000;
  try {
    const group = 'g'.repeat(1000);
    engine.call('XGROUP', 'CREATE', 'k', group, '0', 'MKSTREAM');
    for (let i = 1; i <= 200; i++) engine.call('XADD', 'k', `${i}-1`, 'f', 'v');
    engine.call('XREADGROUP', 'GROUP', group, 'c', 'STREAMS', 'k', '>');
    // Delivered as often all of them: one command of the log claims them.
    assert.ok(engine.text('XAUTOCLAIM', 'k', group, 'c', '0', '-', 'COUNT', '1000').startsWith('*3\r\n'));
    for (let i = 1; i <= 200; i += 2) engine.call('XCLAIM', 'k', group, 'c', '0', `${i}-1`);
    const before = engine.contents();
    const tooLong = '-ERR the names of key, group and consumer are too long for that many entries\r\n';
    const all = Array.from({ length: 200 }, (_, i) => `${i + 1}-1`);
    for (const command of [
      ['XAUTOCLAIM', 'k', group, 'new', '0', '-', 'COUNT', '1000'],
      ['XCLAIM', 'k', group, 'new', '0', ...all],
      ['XREADGROUP', 'GROUP', group, 'c', 'STREAMS', 'k', '0'],
    ]) {
      assert.equal(engine.text(...command), tooLong, command[0]);
      // So is what a transaction has room for behind other changes.
      limits.claimBytesMax = claimBytesMax;
      engine.ctx.effectBytesMax = 100_000;
      assert.equal(engine.text(...command), tooLong, command[0]);
      engine.ctx.effectBytesMax = EFFECT_BYTES_MAX;
      limits.claimBytesMax = 100_000;
      assert.deepEqual(engine.effects, []);
      assert.deepEqual(engine.contents(), before);
    }
    const fewer = engine.text('XREADGROUP', 'GROUP', group, 'c', 'COUNT', '50', 'STREAMS', 'k', '0');
    assert.ok(fewer.startsWith('*1\r\n'));
    assert.deepEqual(sameData(engine.replica()), sameData(engine));
  } finally {
    limits.claimBytesMax = claimBytesMax;
  }
});

test('SPOP from under a long key does not repeat it in the log for each thousand of members', () => {
  const engine = new TestEngine();
  const key = 'k'.repeat(200_000);
  for (let i = 0; i < 6; i++) engine.call('SADD', key, ...Array.from({ length: 1000 }, (_, j) => `${i}:${j}`));
  engine.call('SPOP', key, 5000);
  const logged = engine.history.at(-1)!.length;
  assert.ok(logged > 200_000 && logged < 600_000, `${logged}`);
  assert.deepEqual(sameData(engine.replica()), sameData(engine));
});

/** What random commands seldom do: add a quarter of the limit to a key, or change much of one. */
function large(g: Gen): TestArg[] {
  const value = String.fromCharCode(97 + g.below(26)).repeat(2000);
  const id = g.pick(['>', '>', '0']);
  return g.pick<() => TestArg[]>([
    () => ['RPUSH', g.key('list'), value, value],
    () => ['LPOP', g.key('list'), g.below(10)],
    () => ['LMPOP', 2, g.key('list'), g.key('list'), 'RIGHT', 'COUNT', 5],
    () => ['SADD', g.key('set'), value, `${value}x`],
    () => ['SPOP', g.key('set'), g.below(10)],
    () => ['ZADD', g.key('zset'), 1, value, 2, `${value}x`],
    () => ['ZPOPMAX', g.key('zset'), g.below(10)],
    () => ['ZMPOP', 2, g.key('zset'), g.key('zset'), 'MIN', 'COUNT', 5],
    () => ['APPEND', g.key('string'), value],
    () => ['SET', g.key('string'), 'v', 'GET'],
    () => ['GETEX', g.key('string'), 'PERSIST'],
    () => ['XGROUP', 'CREATE', g.key('stream'), 'all', '0', 'MKSTREAM'],
    () => ['XADD', g.key('stream'), '*', 'f', value, 'g', value],
    () => ['XREADGROUP', 'GROUP', 'all', `c${g.below(3)}`, 'STREAMS', g.key('stream'), g.key('stream'), id, id],
    () => ['XREADGROUP', 'GROUP', 'all', `c${g.below(3)}`, 'COUNT', 2, 'STREAMS', g.key('stream'), id],
    () => ['XAUTOCLAIM', g.key('stream'), 'all', 'new', g.below(2), '-', 'COUNT', 10],
  ])();
}

const seed = firstSeed('WEIR_SEED');
const SEQUENCES = 20;

test('of random commands under a small limit none throws, and none that is refused for it has changed anything', (t) => {
  t.diagnostic(`WEIR_SEED=${seed}`);
  let refused = 0;
  const refusedWrites = new Set<string>();
  for (let number = seed; number < seed + SEQUENCES; number++) {
    const g = new Gen(number);
    const sequence = generate(g, dataRows, { oracle: number % 2 === 0 ? 'redis' : 'valkey' });
    // Beyond the longest number that HINCRBYFLOAT answers.
    const engine = limited(8192);
    const replica = limited(Infinity);
    const sessions = [engine.session(2), engine.session(3)] as const;
    let done = 0;
    const check = (session: TestSession, args: readonly TestArg[]): void => {
      const reply = session.text(...args);
      if (engine.effects.length > 0) replica.apply(engine.history.at(-1)!);
      if (reply !== TOO_LONG) return;
      refused++;
      // What expired while it was looked up may have been removed, and the log says so.
      for (const [name] of engine.effects) assert.match(name, /^(SELECT|DEL)$/);
      const name = Buffer.from(args[0] as string | Uint8Array);
      const command = engine.ctx.table.find(name, 0, name.length);
      if (command?.command.flags.includes('write') === true) refusedWrites.add(command.fullName);
      assert.deepEqual(sameData(replica), sameData(engine));
    };
    try {
      for (const step of sequence) {
        done++;
        engine.now++;
        if (g.chance(0.5)) check(sessions[step.connection], large(g));
        check(sessions[step.connection], step.args);
      }
      engine.verify();
      assert.deepEqual(sameData(replica), sameData(engine));
    } catch (error) {
      const last = printSequence(sequence.slice(0, done)).split('\n').slice(-20).join('\n');
      throw new Error(`WEIR_SEED=${number}, step ${done}:\n${last}`, { cause: error });
    }
  }
  t.diagnostic(`${refused} refused; writes among them: ${[...refusedWrites].sort().join(' ')}`);
  assert.ok(refusedWrites.size > 5);
});

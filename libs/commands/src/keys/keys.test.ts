import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TestEngine, latin1 } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { KEY_EXCHANGES, KEY_EXCHANGES_RESP3 } from './exchanges.testing.ts';

test('commands on keys answer as Redis does', () => {
  for (const [line, reply] of KEY_EXCHANGES) assert.equal(play(line), reply, line);
});

test('commands on keys answer as Redis does in RESP3', () => {
  for (const [line, reply] of KEY_EXCHANGES_RESP3) assert.equal(play(line, { resp: 3 }), reply, line);
});

// The clock stands at 1700000000000.
const EFFECTS: readonly EffectCase[] = [
  ['mset a 1 b 2', 'DEL a x b', ['DEL a x b']],
  ['', 'DEL a', []],
  ['set a 1', 'UNLINK a', ['UNLINK a']],
  ['set k v', 'EXPIRE k 100', ['PEXPIREAT k 1700000100000']],
  ['set k v', 'PEXPIRE k 100 NX', ['PEXPIREAT k 1700000000100']],
  ['set k v', 'EXPIREAT k 1800000000', ['PEXPIREAT k 1800000000000']],
  ['set k v', 'PEXPIREAT k 1800000000000', ['PEXPIREAT k 1800000000000']],
  ['set k v', 'EXPIRE k 100 XX', []],
  ['set k v', 'EXPIRE k 0', ['DEL k']],
  ['set k v', 'PEXPIREAT k 1', ['DEL k']],
  ['', 'EXPIRE k 100', []],
  ['setex k 10 v', 'PERSIST k', ['PERSIST k']],
  ['set k v', 'PERSIST k', []],
  ['set k v', 'PEXPIREAT k 9223372036854775807', ['PEXPIREAT k 9007199254740991']],
  ['setex a 10 v', 'RENAME a b', ['RENAME a b']],
  ['mset a 1 b 2', 'RENAMENX a b', []],
  ['set a 1', 'RENAME a a', []],
  ['setex a 10 v', 'COPY a b', ['COPY a b']],
  ['mset a 1 b 2', 'COPY a b', []],
  ['mset a 1 b 2', 'COPY a b REPLACE', ['COPY a b REPLACE']],
  ['setex a 10 v', 'COPY a b DB 3', ['COPY a b DB 3']],
  ['setex a 10 v', 'MOVE a 3', ['MOVE a 3']],
  ['', 'MOVE a 3', []],
  [
    '',
    'RESTORE k 0 "\\x00\\xc0\\x01\\x0a\\x00\\x26\\x78\\xe7\\xb6\\xd1\\x01\\x11\\xfc"',
    ['RESTORE k 0 \x00\xc0\x01\n\x00\x26\x78\xe7\xb6\xd1\x01\x11\xfc'],
  ],
  [
    '',
    'RESTORE k 500 "\\x00\\xc0\\x01\\x0a\\x00\\x26\\x78\\xe7\\xb6\\xd1\\x01\\x11\\xfc" REPLACE',
    ['RESTORE k 1700000000500 \x00\xc0\x01\n\x00\x26\x78\xe7\xb6\xd1\x01\x11\xfc REPLACE ABSTTL'],
  ],
  [
    'set k v',
    'RESTORE k 1 "\\x00\\xc0\\x01\\x0a\\x00\\x26\\x78\\xe7\\xb6\\xd1\\x01\\x11\\xfc" REPLACE ABSTTL',
    ['DEL k'],
  ],
  ['', 'RESTORE k 1 "\\x00\\xc0\\x01\\x0a\\x00\\x26\\x78\\xe7\\xb6\\xd1\\x01\\x11\\xfc" ABSTTL', []],
  ['', 'FLUSHDB', ['FLUSHDB']],
  ['set k v', 'FLUSHALL ASYNC', ['FLUSHALL ASYNC']],
  ['set k v', 'FLUSHALL FOO', []],
  ['set k v', 'SWAPDB 0 5', ['SWAPDB 0 5']],
  ['setex k 10 v', 'TTL k', []],
  ['set k v', 'TOUCH k', []],
  ['set k v', 'SCAN 0', []],
];

test('commands on keys log what happened, not what was asked', () => {
  for (const effect of EFFECTS) checkEffects(effect);
});

test('the log sets an expire time that has passed and leaves the deletion to the command that follows', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v');
  engine.call('PEXPIRE', 'k', '100');
  const slave = new TestEngine({ now: engine.now + 1_000_000 });
  slave.ctx.role.isSlave = true;
  for (const record of engine.history) slave.apply(record);
  assert.equal(slave.contents()[0].expireMs, engine.now + 100);
  assert.equal(slave.text('EXISTS', 'k'), ':0\r\n');
});

test('TTL rounds to the nearest second and counts down to zero', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v', 'PX', '2500');
  assert.equal(engine.text('TTL', 'k'), ':3\r\n');
  assert.equal(engine.text('PTTL', 'k'), ':2500\r\n');
  engine.now += 2001;
  assert.equal(engine.text('TTL', 'k'), ':0\r\n');
  engine.now += 499;
  assert.equal(engine.text('TTL', 'k'), ':-2\r\n');
});

test('a scan finds every key that stays, while the table grows and shrinks under it', () => {
  const engine = new TestEngine();
  const stay = Array.from({ length: 500 }, (_, i) => `stay:${i}`);
  for (const key of stay) engine.call('SET', key, '1');
  const seen = new Set<string>();
  let cursor = '0';
  let step = 0;
  do {
    const [next, keys] = scanReply(engine.text('SCAN', cursor, 'COUNT', '7', 'MATCH', 'stay:*'));
    for (const key of keys) seen.add(key);
    cursor = next;
    for (let i = 0; i < 100; i++) engine.call(step < 40 ? 'SET' : 'DEL', `other:${(step % 40) * 100 + i}`, '1');
    step++;
  } while (cursor !== '0');
  assert.deepEqual([...seen].sort(), [...stay].sort());
});

test('KEYS, SCAN, RANDOMKEY and DBSIZE wait for everything that is not committed yet', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v');
  const last = engine.ctx.recordSeq - 1;
  for (const line of [['KEYS', '*'], ['SCAN', '0'], ['RANDOMKEY'], ['DBSIZE']]) {
    engine.call(...line);
    assert.equal(engine.waitSeq, last, line[0]);
  }
  engine.call('PING');
  assert.equal(engine.waitSeq, 0);
});

test('a read waits for the record of its key, for a record of the whole data set, and for no other', () => {
  const engine = new TestEngine();
  engine.call('SET', 'a', '1');
  engine.call('SET', 'b', '1');
  engine.call('GET', 'a');
  assert.equal(engine.waitSeq, 1);
  engine.call('GET', 'b');
  assert.equal(engine.waitSeq, 2);
  engine.call('GET', 'c');
  assert.equal(engine.waitSeq, 0);
  engine.call('RENAME', 'a', 'c');
  engine.call('GET', 'a');
  assert.equal(engine.waitSeq, 3);
  engine.call('GET', 'c');
  assert.equal(engine.waitSeq, 3);
  engine.call('SWAPDB', '0', '1');
  engine.call('GET', 'nobody');
  assert.equal(engine.waitSeq, 4);
});

test('RANDOMKEY gives every key, and on a slave even one that has expired when there are no others', () => {
  const engine = new TestEngine();
  engine.call('MSET', 'a', '1', 'b', '2', 'c', '3');
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) seen.add(engine.text('RANDOMKEY'));
  assert.equal(seen.size, 3);
  const expiring = new TestEngine();
  expiring.call('SET', 'k', 'v', 'PX', '10');
  const slave = expiring.replica();
  slave.now += 100;
  assert.equal(slave.text('RANDOMKEY'), '$1\r\nk\r\n');
  expiring.now += 100;
  assert.equal(expiring.text('RANDOMKEY'), '$-1\r\n');
  assert.deepEqual(expiring.effects.at(-1), ['DEL', 'k']);
});

test('SCAN removes the expired keys that it meets on a master', () => {
  const engine = new TestEngine();
  for (let i = 0; i < 50; i++) engine.call('SET', `k${i}`, 'v', 'PX', '10');
  engine.call('SET', 'stays', 'v');
  engine.now += 10;
  assert.deepEqual(scanReply(engine.text('SCAN', '0', 'COUNT', '1000')), ['0', ['stays']]);
  assert.equal(engine.effects.length, 51);
  assert.equal(engine.text('DBSIZE'), ':1\r\n');
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('OBJECT IDLETIME and FREQ follow the memory policy, and TTL, TYPE and EXISTS are no access', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v');
  engine.now += 100_000;
  for (const name of ['TTL', 'TYPE', 'EXISTS']) engine.call(name, 'k');
  assert.equal(engine.text('OBJECT', 'IDLETIME', 'k'), ':100\r\n');
  engine.call('TOUCH', 'k');
  assert.equal(engine.text('OBJECT', 'IDLETIME', 'k'), ':0\r\n');
  engine.ctx.keyspace.recency.lfu = true;
  engine.call('SET', 'new', 'v');
  assert.match(engine.text('OBJECT', 'FREQ', 'new'), /^:[5-9]\r\n$/);
  assert.match(engine.text('OBJECT', 'IDLETIME', 'new'), /^-ERR An LFU maxmemory policy is selected/);
});

test('CLIENT NO-TOUCH keeps reads from counting as access, but not TOUCH', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v');
  engine.defaultSession.noTouch = true;
  engine.now += 60_000;
  engine.call('GET', 'k');
  assert.equal(engine.text('OBJECT', 'IDLETIME', 'k'), ':60\r\n');
  engine.call('TOUCH', 'k');
  assert.equal(engine.text('OBJECT', 'IDLETIME', 'k'), ':0\r\n');
});

test('WAIT and WAITAOF answer at once when they can, else later', () => {
  const calls: number[][] = [];
  let finish: (acknowledged: number) => void = () => {};
  const engine = new TestEngine({
    host: {
      waitReplicas(_offset, replicas, timeoutMs, done) {
        calls.push([replicas, timeoutMs]);
        if (replicas === 0) done(2);
        else finish = done;
        return () => done(0);
      },
    },
  });
  assert.equal(engine.text('WAIT', '0', '100'), ':2\r\n');
  assert.equal(engine.text('WAITAOF', '1', '0', '0'), '*2\r\n:1\r\n:2\r\n');
  let later = '';
  engine.ctx.onDefer = () => (write) => {
    engine.ctx.reply.reset();
    write(engine.ctx.reply);
    later = latin1(engine.ctx.reply.written());
  };
  assert.equal(engine.text('WAIT', '1', '100'), '');
  finish(1);
  assert.equal(later, ':1\r\n');
  assert.equal(engine.text('WAITAOF', '0', '3', '7'), '');
  finish(3);
  assert.equal(later, '*2\r\n:1\r\n:3\r\n');
  assert.deepEqual(calls, [
    [0, 100],
    [0, 0],
    [1, 100],
    [3, 7],
  ]);
  assert.equal(engine.text('WAITAOF', '2', '0', '0'), '-ERR value is out of range, value must between 0 and 1\r\n');
  assert.equal(engine.text('WAITAOF', '1', '-1', '0'), '-ERR value is out of range, must be positive\r\n');
  assert.equal(engine.text('WAITAOF', '1', '1', '-1'), '-ERR timeout is negative\r\n');
  engine.ctx.role.isSlave = true;
  assert.match(engine.text('WAIT', '0', '0'), /^-ERR WAIT cannot be used with replica instances/);
  assert.match(engine.text('WAITAOF', '0', '0', '0'), /^-ERR WAITAOF cannot be used with replica instances/);
});

test('RESTORE REPLACE with a bad payload leaves what is there, be it expired', () => {
  const engine = new TestEngine();
  engine.call('SET', 'a', '1', 'PX', '10');
  engine.now += 20;
  const before = engine.contents();
  assert.match(engine.text('RESTORE', 'a', '0', 'x', 'REPLACE'), /^-ERR DUMP payload version or checksum are wrong/);
  assert.deepEqual(engine.contents(), before);
});

function scanReply(reply: string): [cursor: string, keys: string[]] {
  const lines = reply.split('\r\n').filter((line) => line !== '' && !/^[$*]/.test(line));
  return [lines[0], lines.slice(1).sort()];
}

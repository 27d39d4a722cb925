import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listpack, signed, string } from '@weir/rdb/testing';
import fc from 'fast-check';
import { TestEngine, latin1 } from '../testing.ts';

const OK = '+OK\r\n';
const BAD_FORMAT = '-ERR Bad data format\r\n';
const many = Array.from({ length: 600 }, (_, i) => `element ${i} ${'x'.repeat(70)}`);

/** A value of each type and encoding. */
const VALUES: readonly (readonly string[])[] = [
  ['SET', 'string', 'v'.repeat(100)],
  ['RPUSH', 'list', 'a', '1', ''],
  ['RPUSH', 'list:long', ...many],
  ['SADD', 'intset', '1', '-70000', '9223372036854775807'],
  ['SADD', 'set', 'a', 'b', '17'],
  ['SADD', 'set:large', ...many],
  ['HSET', 'hash', 'f', 'v', '1', '-5'],
  ['HSET', 'hash:large', ...many.flatMap((field) => [field, '1'])],
  ['ZADD', 'zset', '1', 'a', '-inf', 'b', '2.5', 'c'],
  ['ZADD', 'zset:large', ...many.flatMap((member, i) => [String(i % 7), member])],
  ['XADD', 'stream', '5-5', 'f', 'v'],
];

function filled(options: ConstructorParameters<typeof TestEngine>[0] = {}): TestEngine {
  const engine = new TestEngine({ config: { 'enable-debug-command': 'yes' }, ...options });
  for (const command of VALUES) assert.ok(!engine.text(...command).startsWith('-'), command[1]);
  for (let i = 6; i < 300; i++) engine.call('XADD', 'stream', `${i}-0`, 'f', `v${i}`, 'g', 'w');
  engine.call('XDEL', 'stream', '7-0');
  engine.call('XGROUP', 'CREATE', 'stream', 'group', '0');
  engine.call('XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', '3', 'STREAMS', 'stream', '>');
  return engine;
}

const KEYS = VALUES.map(([, key]) => key);
const dump = (engine: TestEngine, key: string): Uint8Array => {
  const reply = engine.call('DUMP', key);
  return reply.slice(reply.indexOf(10) + 1, -2);
};

test('RESTORE of a DUMP is the same value, for every type and encoding, on slaves too', () => {
  const engine = filled();
  for (const key of KEYS) {
    const payload = dump(engine, key);
    assert.equal(engine.text('RESTORE', `${key}:copy`, '0', payload), OK, key);
    const digest = engine.text('DEBUG', 'DIGEST-VALUE', key);
    assert.match(digest, /[0-9a-f]{40}/);
    assert.equal(engine.text('DEBUG', 'DIGEST-VALUE', `${key}:copy`), digest, key);
    assert.equal(engine.text('OBJECT', 'ENCODING', `${key}:copy`), engine.text('OBJECT', 'ENCODING', key), key);
    assert.equal(engine.text('RESTORE', `${key}:copy`, '0', payload), '-BUSYKEY Target key name already exists.\r\n');
    assert.equal(engine.text('RESTORE', `${key}:expires`, '50000', payload), OK);
    assert.equal(engine.text('PTTL', `${key}:expires`), ':50000\r\n');
  }
  assert.equal(latin1(dump(engine, 'hash:copy')), latin1(dump(engine, 'hash')));
  assert.equal(latin1(dump(engine, 'stream:copy')), latin1(dump(engine, 'stream')));
  const info = engine.text('XINFO', 'STREAM', 'stream', 'FULL');
  assert.match(info, /consumer/);
  assert.equal(engine.text('XINFO', 'STREAM', 'stream:copy', 'FULL'), info);
  engine.verify();
  assert.deepEqual(engine.replica().contents(), engine.contents());
  engine.call('FLUSHALL');
  assert.equal(engine.arena.usedBytes, 0);
});

test('RESTORE REPLACE exchanges values of any types, and gives back what the old one had', () => {
  const engine = filled();
  const payloads = KEYS.map((key) => dump(engine, key));
  const digests = KEYS.map((key) => engine.text('DEBUG', 'DIGEST-VALUE', key));
  engine.call('FLUSHALL');
  for (let from = 0; from < KEYS.length; from++) {
    for (let to = 0; to < KEYS.length; to++) {
      engine.call('RESTORE', 'k', from % 2 === 0 ? '0' : '1000', payloads[from], 'REPLACE');
      assert.equal(engine.text('RESTORE', 'k', to % 3 === 0 ? '0' : '2000', payloads[to], 'REPLACE'), OK);
      assert.equal(engine.text('PTTL', 'k'), to % 3 === 0 ? ':-1\r\n' : ':2000\r\n');
      engine.call('PERSIST', 'k'); // an expire time counts in the digest
      assert.equal(engine.text('DEBUG', 'DIGEST-VALUE', 'k'), digests[to]);
    }
  }
  engine.verify();
  engine.call('DEL', 'k');
  assert.equal(engine.text('DBSIZE'), ':0\r\n');
  engine.call('FLUSHALL');
  assert.equal(engine.arena.usedBytes, 0);
});

test('a payload whose value cannot be is a bad format: it leaves what is there, logs nothing and keeps no memory', () => {
  const engine = new TestEngine();
  engine.call('SADD', 'k', 'old');
  const { usedBytes } = engine.arena;
  const bad: [type: number, value: string][] = [
    [2, `\x03${string('a')}${string('b')}${string('a')}`],
    [4, `\x02${string('f')}${string('1')}${string('f')}${string('2')}`],
    [16, string(listpack(['f', '1', 'f', '2']))],
    [17, string(listpack(['a', '1', 'b', '2', 'a', '3']))],
    [18, `\x02\x02${string(listpack(['a', 'b']))}\x02${string('no listpack')}`],
    [1, `\x05${string('a')}`],
    [2, '\x00'],
    [7, '\x81module..'],
  ];
  for (const [type, value] of bad) {
    for (const options of [[], ['REPLACE']]) {
      const key = options.length === 0 ? 'new' : 'k';
      const payload = signed(String.fromCharCode(type) + value);
      assert.equal(engine.text('RESTORE', key, '0', payload, ...options), BAD_FORMAT, `${type}`);
      assert.deepEqual(engine.effects, []);
      assert.equal(engine.arena.usedBytes, usedBytes, `${type}`);
    }
  }
  assert.equal(engine.text('SMEMBERS', 'k'), '*1\r\n$3\r\nold\r\n');
  engine.verify();
});

test('a value whose time has come on the way is not kept, and takes what it was to replace with it', () => {
  const engine = filled();
  for (const key of KEYS) {
    engine.call('SET', 'k', 'old');
    const payload = dump(engine, key);
    const { usedBytes } = engine.arena;
    assert.equal(engine.text('RESTORE', 'k', '1', payload, 'ABSTTL', 'REPLACE'), OK);
    assert.deepEqual(engine.effects.slice(1), [['DEL', 'k']], key);
    assert.equal(engine.text('EXISTS', 'k'), ':0\r\n');
    assert.equal(engine.text('RESTORE', 'k', '1', payload, 'ABSTTL'), OK);
    assert.deepEqual(engine.effects, []);
    assert.ok(engine.arena.usedBytes < usedBytes);
  }
  engine.verify();
});

test('idle times and frequencies are those that RESTORE says, for every type', () => {
  const engine = filled();
  for (const key of KEYS) {
    engine.call('RESTORE', 'k', '0', dump(engine, key), 'REPLACE', 'IDLETIME', '1000');
    assert.equal(engine.text('OBJECT', 'IDLETIME', 'k'), ':1000\r\n', key);
  }
});

test('a RESTORE that the arena has no room for changes nothing, wherever it is when the room ends', () => {
  const engine = filled();
  const payloads = KEYS.map((key) => dump(engine, key));
  const small = new TestEngine({ reserveBytes: 512 * 1024, debug: false });
  for (let i = 0; small.text('SET', `fill:${i}`, 'f'.repeat(2000)) === OK; i++);
  for (let i = 0; small.text('SET', `more:${i}`, '') === OK; i++);
  let refused = 0;
  for (let freed = 0; freed < 60; freed += 5) {
    payloads.forEach((payload, i) => {
      for (const key of ['new', 'fill:200']) {
        const before = JSON.stringify(small.contents());
        const { usedBytes } = small.arena;
        if (small.text('RESTORE', key, '5000', payload, 'REPLACE') === OK) {
          small.call('DEL', key);
          continue;
        }
        refused++;
        assert.equal(small.arena.usedBytes, usedBytes, KEYS[i]);
        assert.equal(JSON.stringify(small.contents()), before, KEYS[i]);
        assert.deepEqual(small.effects, []);
      }
    });
    small.verify();
    for (let i = freed; i < freed + 5; i++) small.call('DEL', freed < 20 ? `more:${i}` : `fill:${i}`);
  }
  assert.ok(refused > 50, `${refused}`);
});

/** Commands that read and change all of a value of each type; what they answer does not matter. */
const USES: readonly (readonly string[])[] = [
  ['LRANGE', 'k', '0', '-1'],
  ['LINSERT', 'k', 'BEFORE', 'a', 'b'],
  ['LSET', 'k', '1', 'x'],
  ['RPOPLPUSH', 'k', 'k'],
  ['LREM', 'k', '0', '1'],
  ['SMEMBERS', 'k'],
  ['SADD', 'k', '-3', 'new'],
  ['SPOP', 'k', '2'],
  ['SREM', 'k', 'a', '1'],
  ['HGETALL', 'k'],
  ['HSET', 'k', 'f', 'other', 'new', 'field'],
  ['HDEL', 'k', '1'],
  ['ZRANGE', 'k', '0', '-1', 'WITHSCORES'],
  ['ZADD', 'k', '1.5', 'a', '-7', 'new'],
  ['ZREMRANGEBYRANK', 'k', '0', '0'],
  ['XINFO', 'STREAM', 'k', 'FULL'],
  ['XREADGROUP', 'GROUP', 'group', 'other', 'COUNT', '3', 'STREAMS', 'k', '>'],
  ['XAUTOCLAIM', 'k', 'group', 'consumer', '0', '0'],
  ['XACK', 'k', 'group', '6-0'],
  ['XADD', 'k', '*', 'f', 'v'],
  ['XDEL', 'k', '8-0', '9-0'],
  ['XTRIM', 'k', 'MAXLEN', '5'],
];

test('of damaged payloads only those are taken whose values can be lived with', () => {
  const source = filled({ config: { rdbcompression: 'no' } });
  const small = KEYS.filter((key) => !/long|large/.test(key) && key !== 'string');
  source.call('XTRIM', 'stream', 'MAXLEN', '12');
  const payloads = small.map((key) => dump(source, key));
  const engine = new TestEngine();
  let taken = 0;
  let refused = 0;
  const change = fc.record({
    at: fc.nat(100_000),
    byte: fc.nat(255),
    kind: fc.constantFrom('set', 'set', 'add', 'cut'),
  });
  fc.assert(
    fc.property(fc.nat(payloads.length - 1), fc.array(change, { minLength: 1, maxLength: 2 }), (which, changes) => {
      let body = latin1(payloads[which].subarray(0, -10));
      for (const { at, byte, kind } of changes) {
        const pos = at % body.length;
        const rest = body.slice(pos + (kind === 'add' ? 0 : 1));
        body = body.slice(0, pos) + (kind === 'cut' ? '' : String.fromCharCode(byte)) + rest;
      }
      const reply = engine.text('RESTORE', 'k', '0', signed(body));
      if (reply !== OK) {
        assert.equal(reply, BAD_FORMAT);
        refused++;
      } else {
        taken++;
        engine.verify();
        const again = dump(engine, 'k');
        assert.equal(engine.text('RESTORE', 'k', '0', again, 'REPLACE'), OK);
        for (const use of USES) engine.call(...use);
        engine.verify();
        engine.call('DEL', 'k');
      }
      assert.equal(engine.text('DBSIZE'), ':0\r\n');
      engine.call('FLUSHALL');
      assert.equal(engine.arena.usedBytes, 0);
      engine.history.length = 0;
    }),
    { numRuns: 6000 },
  );
  assert.ok(taken > 500 && refused > 500, `${taken} taken, ${refused} refused`);
});

test('DEBUG OBJECT tells the length that a value has in a snapshot', () => {
  const engine = filled();
  for (const key of KEYS) {
    const length = dump(engine, key).length - 11;
    assert.match(engine.text('DEBUG', 'OBJECT', key), new RegExp(` serializedlength:${length} `), key);
  }
});

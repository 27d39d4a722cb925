// What the server tells of values of every type and encoding, and what they cost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyMemoryPolicy } from '../core/evict.ts';
import { TestEngine } from '../testing.ts';
import type { TestArg } from '../testing.ts';

const range = (n: number, text: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => text(i));

/** Type, encoding, and the commands that make such a value of `key`. */
const VALUES: readonly (readonly [type: string, encoding: string, make: (key: string) => TestArg[][]])[] = [
  ['string', 'int', (key) => [['SET', key, '12345678']]],
  ['string', 'embstr', (key) => [['SET', key, 'hello']]],
  ['string', 'raw', (key) => [['SET', key, 'x'.repeat(100)]]],
  ['string', 'raw', (key) => [['SET', key, 'x'.repeat(5000)]]],
  ['string', 'raw', (key) => [['SETBIT', key, 99_999, 1]]],
  ['string', 'raw', (key) => [['PFADD', key, ...range(3000, (i) => `e${i}`)]]],
  ['list', 'listpack', (key) => [['RPUSH', key, 'a', '1']]],
  ['list', 'quicklist', (key) => [['RPUSH', key, ...range(3000, (i) => `element:${i}`)]]],
  ['list', 'quicklist', (key) => [['RPUSH', key, 'a', 'x'.repeat(20_000), 'b']]],
  ['hash', 'listpack', (key) => [['HSET', key, 'f', 'v']]],
  ['hash', 'hashtable', (key) => [['HSET', key, 'f', 'v'.repeat(70)]]],
  ['hash', 'hashtable', (key) => [['HSET', key, ...range(4000, (i) => `x${i}`)]]],
  ['set', 'intset', (key) => [['SADD', key, '1', '-70000', '9223372036854775807']]],
  ['set', 'listpack', (key) => [['SADD', key, '1', 'a']]],
  ['set', 'hashtable', (key) => [['SADD', key, ...range(2000, (i) => `m${i}`)]]],
  ['zset', 'listpack', (key) => [['ZADD', key, '1', 'a', '2.5', 'b']]],
  ['zset', 'skiplist', (key) => [['ZADD', key, ...range(2000, (i) => (i % 2 === 0 ? String(i) : `m${i}`))]]],
  ['zset', 'listpack', (key) => [['GEOADD', key, '13.36', '38.11', 'Palermo']]],
  ['stream', 'stream', (key) => range(300, (i) => `${i + 1}-1`).map((id) => ['XADD', key, id, 'f', 'v'.repeat(40)])],
  [
    'stream',
    'stream',
    (key) => [
      ['XADD', key, '1-1', 'f', 'v'],
      ['XADD', key, '2-1', 'g', 'w'],
      ['XGROUP', 'CREATE', key, 'group', '0'],
      ['XREADGROUP', 'GROUP', 'group', 'me', 'COUNT', '1', 'STREAMS', key, '>'],
      ['XREADGROUP', 'GROUP', 'group', 'you', 'STREAMS', key, '>'],
    ],
  ],
];

function filled(options: ConstructorParameters<typeof TestEngine>[0] = {}): { engine: TestEngine; keys: string[] } {
  const engine = new TestEngine({ ...options });
  const keys = VALUES.map(([type, encoding, make], i) => {
    const key = `${type}:${encoding}:${i}`;
    for (const args of make(key)) assert.doesNotMatch(engine.text(...args), /^-/, args.slice(0, 3).join(' '));
    return key;
  });
  return { engine, keys };
}

test('TYPE, OBJECT and SCAN know values of every type and encoding', () => {
  const { engine, keys } = filled();
  keys.forEach((key, i) => {
    const [type, encoding] = VALUES[i];
    assert.equal(engine.text('TYPE', key), `+${type}\r\n`);
    assert.equal(engine.text('OBJECT', 'ENCODING', key), `$${encoding.length}\r\n${encoding}\r\n`);
    assert.equal(engine.text('OBJECT', 'REFCOUNT', key), ':1\r\n');
    assert.match(engine.text('OBJECT', 'FREQ', key), /^-ERR An LFU maxmemory policy is not selected/);
    engine.now += 7000;
    assert.equal(engine.text('OBJECT', 'IDLETIME', key), `:${7 * (i + 1)}\r\n`);
  });
  for (const type of new Set(VALUES.map(([name]) => name))) {
    const found = engine
      .text('SCAN', '0', 'COUNT', '1000', 'TYPE', type)
      .split('\r\n')
      .filter((text) => text.includes(':'));
    const expected = keys.filter((_, i) => VALUES[i][0] === type);
    assert.deepEqual(found.sort(), expected.sort());
  }
  engine.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  applyMemoryPolicy(engine.ctx.keyspace, engine.config);
  for (const key of keys) {
    assert.match(engine.text('OBJECT', 'FREQ', key), /^:\d+\r\n$/);
    assert.match(engine.text('OBJECT', 'IDLETIME', key), /^-ERR An LFU maxmemory policy is selected/);
  }
});

test('every byte in use belongs to one key, by MEMORY USAGE, or to an index', () => {
  const { engine, keys } = filled();
  for (const key of keys.filter((_, i) => i % 3 === 0)) engine.call('EXPIRE', key, 1000);
  let bytes = 0;
  for (const db of engine.ctx.keyspace.dbs) bytes += db.keys.bytes + db.expires.bytes;
  for (const key of keys) bytes += Number(engine.text('MEMORY', 'USAGE', key).slice(1)) - 8; // its share of the index
  assert.equal(bytes, engine.arena.usedBytes);
});

test('memory is back to what it was when every key is deleted, in any way that keys go', () => {
  const { engine, keys } = filled();
  const noKeys = new TestEngine().arena.usedBytes;
  assert.equal(noKeys, 0);
  for (const key of keys) engine.call('DEL', key);
  engine.verify();
  assert.equal(engine.arena.usedBytes, 0);
  assert.match(engine.text('INFO', 'memory'), /\r\nused_memory:0\r\n/);

  for (const way of ['FLUSHALL', 'FLUSHDB', 'UNLINK', 'RENAME', 'SET', 'EXPIRE', 'COPY', 'RESTORE']) {
    const { engine, keys } = filled();
    if (way.startsWith('FLUSH')) {
      // FLUSHDB takes away key by key when there are others.
      if (way === 'FLUSHDB') {
        engine.call('MOVE', keys[0], 1);
        engine.call('FLUSHDB');
        engine.call('SELECT', 1);
      }
      engine.call(way);
    }
    for (const key of keys) {
      if (way === 'UNLINK') engine.call('UNLINK', key);
      if (way === 'RENAME') engine.call('RENAME', key, 'one');
      if (way === 'SET') engine.call('SET', key, '');
      if (way === 'COPY') engine.call('COPY', key, 'one', 'REPLACE');
      if (way === 'EXPIRE') engine.call('PEXPIRE', key, 1);
      if (way === 'RESTORE') {
        const payload = Buffer.from(engine.call('DUMP', key)).subarray(0, -2);
        const { buffer } = new Uint8Array(payload.subarray(payload.indexOf('\n') + 1));
        assert.equal(engine.text('RESTORE', 'one', '0', new Uint8Array(buffer), 'REPLACE'), '+OK\r\n', key);
      }
    }
    engine.verify();
    engine.now += 10;
    for (const key of [...keys, 'one']) {
      if (way === 'EXPIRE') engine.call('EXISTS', key);
      else engine.call('DEL', key);
    }
    engine.verify();
    const { later } = engine.ctx.keyspace;
    assert.equal(later.pending > 0, way === 'UNLINK', way);
    while (later.step(100) > 0);
    engine.verify();
    assert.equal(engine.arena.usedBytes, 0, way);
  }
});

test('values that shrink and become empty leave nothing behind', () => {
  const engine = new TestEngine();
  const fields = range(1000, (i) => `f${i}`);
  for (let round = 0; round < 2; round++) {
    engine.call('RPUSH', 'list', ...fields);
    engine.call('HSET', 'hash', ...fields);
    engine.call('SADD', 'set', ...fields);
    engine.call('ZADD', 'zset', ...fields.flatMap((field, i) => [i, field]));
    for (const field of fields) {
      engine.call('LPOP', 'list');
      engine.call('HDEL', 'hash', field);
      engine.call('SREM', 'set', field);
      engine.call('ZREM', 'zset', field);
    }
    engine.verify();
    assert.equal(engine.arena.usedBytes, 0);
  }
});

const DEBUG = { config: { 'enable-debug-command': 'yes' } };

test('DEBUG looks into tables, listpacks and quicklists, and refuses what is none', () => {
  const told: string[] = [];
  const { engine, keys } = filled({ ...DEBUG, host: { log: (message) => void told.push(message) } });
  keys.forEach((key, i) => {
    const [, encoding] = VALUES[i];
    const isTable = encoding === 'hashtable' || encoding === 'skiplist';
    assert.match(
      engine.text('DEBUG', 'HTSTATS-KEY', key),
      isTable
        ? /Hash table 0 stats \(main hash table\):\n table size: \d+\n number of elements: [1-9]\d*\n/
        : /^-ERR The value stored at the specified key is not represented using an hash table\r\n$/,
    );
    assert.equal(
      engine.text('DEBUG', 'LISTPACK', key),
      encoding === 'listpack' ? '+Listpack structure printed on stdout\r\n' : '-ERR Not a listpack encoded object.\r\n',
    );
    assert.equal(
      engine.text('DEBUG', 'QUICKLIST', key, '1'),
      encoding === 'quicklist'
        ? '+Quicklist structure printed on stdout\r\n'
        : '-ERR Not a quicklist encoded object.\r\n',
    );
    assert.match(
      engine.text('DEBUG', 'OBJECT', key),
      new RegExp(`^\\+Value at:0x[0-9a-f]+ refcount:1 encoding:${encoding} serializedlength:[1-9]\\d* lru:\\d+`),
    );
  });
  assert.equal(
    told.length,
    VALUES.filter(([, encoding]) => encoding === 'listpack' || encoding === 'quicklist').length,
  );
  assert.match(
    told[0],
    /^\{total bytes \d+\} \{num entries 2\}\n\{index 0, offset 6, entry size 3\} \[str\]a\n\{index 1.*\[int\]1$/,
  );
  for (const subcommand of ['HTSTATS-KEY', 'LISTPACK', 'QUICKLIST', 'OBJECT']) {
    assert.equal(engine.text('DEBUG', subcommand, 'nosuch'), '-ERR no such key\r\n');
  }
});

test('DEBUG OBJECT tells how the nodes of a quicklist are filled', () => {
  const engine = new TestEngine({ config: { ...DEBUG.config, 'list-max-listpack-size': '2' } });
  engine.call('RPUSH', 'k', 'a', 'b', 'c', 'd', 'e');
  assert.match(
    engine.text('DEBUG', 'OBJECT', 'k'),
    / ql_nodes:3 ql_avg_node:1\.67 ql_listpack_max:2 ql_compressed:0 ql_uncompressed_size:36\r\n$/,
  );
});

test('DEBUG STRINGMATCH-TEST survives its random patterns', () => {
  const engine = new TestEngine(DEBUG);
  assert.equal(engine.text('DEBUG', 'STRINGMATCH-TEST'), '+Apparently Redis did not crash: test passed\r\n');
});

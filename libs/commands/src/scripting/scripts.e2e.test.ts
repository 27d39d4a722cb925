// Scripts are answered as Redis 7.0.15 answers them, byte for byte.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { RawConnection, firstSeed, startRealRedis } from '@weir/testkit';
import type { RealRedis } from '@weir/testkit';
import { TestEngine, latin1 } from '../testing.ts';
import { FUNCTION_REQUESTS, REQUESTS, SCRIPTS } from './corpus.testing.ts';

let redis: RealRedis;
before(async () => {
  redis = await startRealRedis(['--enable-debug-command', 'yes']);
});
after(() => redis.stop());

for (const resp of [2, 3] as const) {
  for (const [title, scripts] of Object.entries(SCRIPTS)) {
    test(`${title}, RESP${resp}`, async () => {
      const theirs = await RawConnection.connect(redis.port);
      await theirs.call('FLUSHALL');
      await theirs.call('HELLO', resp);
      const ours = new TestEngine().session(resp);
      for (const script of scripts) {
        assert.equal(ours.text('EVAL', script, 0), latin1(await theirs.call('EVAL', script, 0)), script);
      }
      theirs.close();
    });
  }
}

test('EVAL, EVALSHA, SCRIPT and their kind refuse and answer as Redis does', async () => {
  const theirs = await RawConnection.connect(redis.port);
  await theirs.call('FLUSHALL');
  const engine = new TestEngine();
  for (const request of REQUESTS) {
    assert.equal(engine.text(...request), latin1(await theirs.call(...request)), request.join(' '));
  }
  theirs.close();
});

test('FUNCTION and FCALL refuse and answer as Redis does, and a dump of one has the bytes of the other', async () => {
  const theirs = await RawConnection.connect(redis.port);
  await theirs.call('FLUSHALL');
  let micros = 0;
  const engine = new TestEngine({ host: { clockMicros: () => (micros += 10_000) } });
  for (const request of FUNCTION_REQUESTS) {
    assert.equal(engine.text(...request), latin1(await theirs.call(...request)), request.join(' '));
  }
  // Of several libraries each server has an order of its own.
  for (const name of ['a', 'b', 'c']) {
    await theirs.call(
      'FUNCTION',
      'LOAD',
      `#!lua name=${name}\nredis.register_function('${name}', function() return '${name}' end)`,
    );
  }
  const dump = await theirs.call('FUNCTION', 'DUMP');
  const payload = dump.subarray(dump.indexOf(10) + 1, -2);
  assert.equal(engine.text('FUNCTION', 'RESTORE', payload), '+OK\r\n');
  for (const name of ['a', 'b', 'c']) assert.equal(engine.text('FCALL', name, 0), `$1\r\n${name}\r\n`);
  theirs.close();
});

// Bytes that look like what the libraries read, and values that they write, at random.
const jsonish = fc.array(
  fc.constantFrom(
    ...'{}[]:,"\\u0eE+-.19ntfxN',
    'true',
    'null',
    'inf',
    '\\ud83d',
    '\\ude00',
    '\0',
    '\x01',
    '\xff',
    ' ',
    '1e5',
  ),
  { maxLength: 14 },
);
const packed = fc.uint8Array({ maxLength: 14 }).map((bytes) => Buffer.from(bytes));
const format = fc.array(fc.constantFrom(...'<>!bBhHlLTfdxsc0123456789iI '), { maxLength: 6 });
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.double(),
    fc.integer(),
    fc.string({ maxLength: 6 }),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie('value'), { maxKeys: 1 }),
  ),
})).value;

const BATTERY = `local out = {}
local function try(f, ...)
  local r = { pcall(f, ...) }
  for i = 1, #r do if type(r[i]) == 'number' then r[i] = string.format('%.17g', r[i]) end end
  out[#out + 1] = r
end
try(cjson.decode, ARGV[1])
try(function() return cjson.encode(cjson.decode(ARGV[1])) end)
try(cmsgpack.unpack, ARGV[2])
try(cmsgpack.unpack_limit, ARGV[2], 2, 1)
try(struct.unpack, ARGV[3], ARGV[2])
try(struct.size, ARGV[3])
try(struct.pack, ARGV[3], 1, 'ab', 3.5, 'c', 7)
local v = cjson.decode(ARGV[4])
try(cjson.encode, v)
try(cmsgpack.pack, v)
try(function() return cjson.encode(cmsgpack.unpack(cmsgpack.pack(v))) end)
return out`;

test('what cjson, cmsgpack and struct make of random bytes and values is what they make of them in Redis', async (t) => {
  const seed = firstSeed('WEIR_SEED');
  t.diagnostic(`WEIR_SEED=${seed}`);
  const theirs = await RawConnection.connect(redis.port);
  const engine = new TestEngine();
  await fc.assert(
    fc.asyncProperty(jsonish, packed, format, value, async (json, bytes, letters, any) => {
      const args = [Buffer.from(json.join(''), 'latin1'), bytes, letters.join(''), JSON.stringify(any)];
      const request = ['EVAL', BATTERY, 0, ...args] as const;
      assert.equal(engine.text(...request), latin1(await theirs.call(...request)));
    }),
    { seed, numRuns: 400 },
  );
  theirs.close();
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTokens } from './tokens.ts';
import { withBench } from './testing.ts';
import type { Bench, Json } from './testing.ts';

const TOKENS = parseTokens('operate operate-0123456789 me');
const headers = { authorization: 'Bearer operate-0123456789' };

/** Keys with their memory, milliseconds to live (-1: for ever) and uses. */
const KEYS: readonly (readonly [key: string, bytes: number, ttl: number, uses: number])[] = [
  ['small', 50, -1, 9],
  ['large', 5000, -1, 1],
  ['soon', 70, 900, 3],
  ['later', 900, 90_000, 4],
];

async function serveKeys({ nodes, report }: Bench): Promise<void> {
  await report({ id: 'm' });
  const found = [...KEYS.map(([key]) => Buffer.from(key)), Buffer.from('gone')];
  nodes.answers.set('m SCAN 0 COUNT 200', [Buffer.from('0'), found]);
  for (const [key, bytes, ttl, uses] of KEYS) {
    nodes.answers.set(`m TYPE ${key}`, Buffer.from('string')).set(`m MEMORY USAGE ${key}`, bytes);
    nodes.answers.set(`m PTTL ${key}`, ttl).set(`m OBJECT FREQ ${key}`, uses);
  }
  nodes.answers.set('m TYPE gone', Buffer.from('none')).set('m PTTL gone', -2).set('m OBJECT FREQ gone', 0);
  nodes.answers.set('m MEMORY USAGE gone', 0);
}

async function get({ app }: Bench, url: string): Promise<Json> {
  const reply = await app.inject({ url: `/api/v1${url}`, headers });
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json();
}

test('keys are filtered by memory and by when they expire, and told with these', () =>
  withBench(
    async (bench) => {
      await serveKeys(bench);
      bench.nodes.answers.set('m SCAN 0 COUNT 100', bench.nodes.answers.get('m SCAN 0 COUNT 200'));
      const found = async (query: string): Promise<string[]> =>
        (await get(bench, `/keys?limit=100&${query}`)).keys.map(({ text }: Json) => text);
      assert.deepEqual(await found('min-bytes=900'), ['large', 'later']);
      assert.deepEqual(await found('expiry=with'), ['soon', 'later']);
      assert.deepEqual(await found('expiry=without'), ['small', 'large']);
      assert.deepEqual(await found('expires-within-ms=1000'), ['soon']);
      assert.deepEqual(await found('expiry=with&min-bytes=100'), ['later']);
      const { keys } = await get(bench, '/keys?facts=true&limit=100');
      assert.deepEqual(
        keys.map(({ text, type, memoryBytes, ttlMs }: Json) => [text, type, memoryBytes, ttlMs]),
        KEYS.map(([key, bytes, ttl]) => [key, 'string', bytes, ttl < 0 ? null : ttl]),
      );
    },
    { tokens: () => TOKENS },
  ));

test('the largest keys stand first, and the hottest are told where uses are counted', () =>
  withBench(
    async (bench) => {
      await serveKeys(bench);
      const { answers } = bench.nodes;
      answers.set('m CONFIG GET maxmemory-policy', ['maxmemory-policy', 'allkeys-lfu']);
      const { big, hot, scanned, cursor } = await get(bench, '/big-keys?limit=2');
      const names = (all: Json): string[] => all.map(({ text }: Json) => text);
      assert.deepEqual([names(big), names(hot), scanned, cursor], [['large', 'later'], ['small', 'later'], 5, '0']);
      answers.set('m CONFIG GET maxmemory-policy', ['maxmemory-policy', 'noeviction']);
      assert.equal((await get(bench, '/big-keys')).hot, null);
    },
    { tokens: () => TOKENS },
  ));

test('a snapshot is read back part by part, and a damaged one is told as such', () =>
  withBench(
    async ({ app, snapshots }) => {
      const meta = { seq: 1, offset: 1, epoch: 1, checksum: 'a'.repeat(16), digest: 'd', keys: 1 };
      const upload = await snapshots.create({ id: 'one', ...meta, engineVersion: 1, createdAt: 1 });
      await upload.write(Buffer.from('the bytes of a snapshot'));
      await upload.finish();
      const verify = async (id: string): Promise<string> =>
        (await app.inject({ method: 'POST', url: `/api/v1/snapshots/${id}/verify`, headers })).body;
      assert.match(await verify('one'), /event: done\ndata: \{"id":"one","bytes":23,"parts":1\}/);
      snapshots.damage('one');
      assert.match(await verify('one'), /event: problem\ndata: .*"log-damaged"/);
      assert.match(await verify('none'), /no-such-snapshot/);
    },
    { tokens: () => TOKENS },
  ));

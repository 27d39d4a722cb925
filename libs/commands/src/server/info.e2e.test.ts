import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RawConnection, startRealRedis } from '@weir/testkit';
import type { RealRedis } from '@weir/testkit';
import { TestEngine, latin1 } from '../testing.ts';

let redis: RealRedis;
before(async () => {
  redis = await startRealRedis(['--enable-debug-command', 'yes']);
});
after(() => redis.stop());

/** Section titles and field names, in order. */
function outline(reply: string): string[] {
  const body = reply.slice(reply.indexOf('\r\n') + 2, -2);
  return body
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('#') ? line : line.slice(0, line.indexOf(':'))));
}

/** Names that depend on which commands and keys there were. */
const VARYING = /^(cmdstat|errorstat|latency_percentiles_usec|db)/;

test('INFO has the sections and fields of Redis 7.0.15 in its order, and weir_version', async () => {
  const engine = new TestEngine();
  const theirs = await RawConnection.connect(redis.port);
  for (const sections of [[], ['default'], ['all'], ['keyspace', 'server'], ['Replication']]) {
    const expected = outline(latin1(await theirs.call('INFO', ...sections))).filter((name) => !VARYING.test(name));
    const actual = outline(engine.text('INFO', ...sections)).filter((name) => !VARYING.test(name));
    assert.deepEqual(
      actual.filter((name) => name !== 'weir_version'),
      expected,
      sections.join(' '),
    );
  }
  const everything = outline(latin1(await theirs.call('INFO', 'everything'))).filter((name) => !VARYING.test(name));
  const ours = outline(engine.text('INFO', 'everything')).filter((name) => !VARYING.test(name));
  assert.deepEqual(
    ours.slice(0, ours.indexOf('# Weir')).filter((name) => name !== 'weir_version'),
    everything,
  );
  theirs.close();
});

test('INFO replication of a slave has the fields of Redis 7.0.15', async () => {
  const theirs = await RawConnection.connect(redis.port);
  await theirs.call('REPLICAOF', '127.0.0.1', '1');
  const expected = outline(latin1(await theirs.call('INFO', 'replication')));
  await theirs.call('REPLICAOF', 'NO', 'ONE');
  theirs.close();
  const engine = new TestEngine();
  const view = engine.ctx.host.replication();
  engine.ctx.host.replication = () => ({
    ...view,
    role: 'slave',
    master: {
      host: '127.0.0.1',
      port: 1,
      state: 'connecting',
      lastIoSeconds: -1,
      linkDownSeconds: 5,
      syncLeftBytes: 0,
      syncTotalBytes: 0,
    },
  });
  assert.deepEqual(outline(engine.text('INFO', 'replication')), expected);
});

test('DEBUG DIGEST and DEBUG DIGEST-VALUE of the same strings are those of Redis 7.0.15', async () => {
  const engine = new TestEngine({ config: { 'enable-debug-command': 'yes' } });
  const theirs = await RawConnection.connect(redis.port);
  const both = async (...args: (string | number | Uint8Array)[]): Promise<void> => {
    assert.equal(latin1(engine.call(...args)), latin1(await theirs.call(...args)), args.join(' '));
  };
  await both('DEBUG', 'DIGEST');
  for (let i = 0; i < 200; i++) {
    const bytes = Uint8Array.from({ length: (i * 37) % 300 }, (_, at) => (at * i) & 255);
    await both('SELECT', i % 5);
    await both('SET', `key:${i}`, i % 3 === 0 ? i * 1000 : bytes);
    if (i % 7 === 0) await both('PEXPIREAT', `key:${i}`, '4000000000000');
  }
  await both('DEBUG', 'DIGEST');
  await both('DEBUG', 'DIGEST-VALUE', 'key:4', 'key:9', 'key:199', 'nosuch');
  await both('SELECT', 0);
  await both('DEL', 'key:0', 'key:5');
  await both('DEBUG', 'DIGEST');
  theirs.close();
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RawConnection, startRealRedis } from '@weir/testkit';
import type { RealRedis } from '@weir/testkit';
import { TestEngine, latin1 } from '../testing.ts';
import { REQUESTS, SCRIPTS } from './corpus.testing.ts';

// Scripts are answered as Redis 7.0.15 answers them, byte for byte.

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

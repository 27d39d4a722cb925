// Scripts as programs use them: ioredis sends EVALSHA, and EVAL when the server does not know the script.

import assert from 'node:assert/strict';
import { sameDigest, withRig } from '@weir/testkit';

/** At most ARGV[2] calls in ARGV[1] ms: whether this one may, and how many there were. */
const LIMITER = `
local calls = redis.call('INCR', KEYS[1])
if calls == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
redis.call('ZADD', KEYS[2], calls, cjson.encode({ call = calls, by = ARGV[3] }))
return { calls <= tonumber(ARGV[2]) and 1 or 0, calls }`;

withRig('a rate limiter lets as many pass as it should, and the slave has what its script did', async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  const clients = Array.from({ length: 4 }, () => rig.ioredis(master));
  const results: [number, number][] = [];
  for (const client of clients) client.defineCommand('limit', { numberOfKeys: 2, lua: LIMITER });
  await Promise.all(
    clients.map(async (client, by) => {
      for (let n = 0; n < 50; n++) {
        const limited = client as unknown as { limit: (...args: (string | number)[]) => Promise<[number, number]> };
        results.push(await limited.limit('calls', 'log', 600_000, 20, `client ${by}`));
      }
    }),
  );
  assert.equal(results.filter(([passed]) => passed === 1).length, 20);
  assert.deepEqual(
    results.map(([, calls]) => calls).toSorted((a, b) => a - b),
    Array.from({ length: 200 }, (_, i) => i + 1),
  );
  await sameDigest([master, slave]);
  const reader = rig.ioredis(slave);
  assert.equal(await reader.eval("return redis.call('ZCARD', KEYS[1])", 1, 'log'), 200);
  await assert.rejects(reader.eval("return redis.call('INCR', KEYS[1])", 1, 'calls'), /READONLY/);
});

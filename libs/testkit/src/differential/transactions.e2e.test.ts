/**
 * Transactions of several clients that take turns, in the same order at both servers: each reply is Redis's, and what the log says makes the
 * same data set.
 */

import { test } from 'node:test';
import { firstSeed } from '../seed.ts';
import { Gen } from './grammar.ts';
import { Interleaved } from './interleaved.ts';
import { RawConnection, startRealRedis } from './redis-server.ts';

const CLIENTS = 3;
const STEPS = 300;
const SEQUENCES = Number(process.env['WEIR_SIM_RUNS'] ?? 8);

const KEYS = ['a', 'b', 'c'];

function request(g: Gen): string[] {
  const key = g.pick(KEYS);
  const number = String(g.below(3));
  return g.pick([
    ['MULTI'],
    ['MULTI'],
    ['EXEC'],
    ['EXEC'],
    ['EXEC'],
    ['DISCARD'],
    ['WATCH', key],
    ['WATCH', key, g.pick(KEYS)],
    ['UNWATCH'],
    ['SET', key, number],
    ['SET', key, number, 'NX'],
    ['GET', key],
    ['INCR', key],
    ['DEL', key, g.pick(KEYS)],
    ['APPEND', key, number],
    ['MSET', key, number, g.pick(KEYS), 'x'],
    ['MGET', ...KEYS],
    ['LPUSH', key, number],
    ['LPOP', key],
    ['RENAME', key, g.pick(KEYS)],
    ['SADD', key, number],
    ['SMEMBERS', key],
    ['PEXPIRE', key, g.pick(['-1', '1000000'])],
    ['PERSIST', key],
    ['SELECT', number],
    ['SWAPDB', '0', '1'],
    ['SWAPDB', '1', '1'],
    ['FLUSHDB'],
    ['FLUSHALL'],
    ['LTRIM', key, '0', '-1'],
    ['MOVE', key, number],
    ['COPY', key, g.pick(KEYS), 'DB', number],
    ['PFCOUNT', key],
    ['PFADD', key, number],
    ['XADD', key, `${g.tick++}-1`, 'f', 'v'],
    ['XGROUP', 'CREATE', key, 'g', '0'],
    ['EXISTS', ...KEYS],
    ['TYPE', key],
    ['DBSIZE'],
    ['CLIENT', 'GETNAME'],
    ['WAIT', '0', '0'],
    ['WAIT', '1', '1'],
    ['NOSUCH', key],
    ['GET'],
    ['SAVE'],
    ['EXEC', 'x'],
    ['MULTI', 'x'],
    ['RESET'],
  ]);
}

test('random transactions of several clients are answered as by Redis, and replicas have what they leave', async (t) => {
  const redis = await startRealRedis();
  t.after(() => redis.stop());
  const seed = firstSeed('WEIR_SEED');
  t.diagnostic(`WEIR_SEED=${seed}`);
  const admin = await RawConnection.connect(redis.port);
  t.after(() => admin.close());
  for (let n = 0; n < SEQUENCES; n++) {
    const g = new Gen(seed + n);
    const clients = await Interleaved.begin(redis.port, admin, CLIENTS, `seed ${seed + n}`);
    for (let step = 0; step < STEPS; step++) await clients.step(g.below(CLIENTS), request(g));
    await clients.end([]);
  }
});

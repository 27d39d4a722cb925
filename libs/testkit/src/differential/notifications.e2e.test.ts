/** Clients that change keys, while others listen to keyspace notifications: all hear what real Redis has them hear, in the same order. */

import { test } from 'node:test';
import { TestEngine } from '@weir/commands/testing';
import { firstSeed } from '../seed.ts';
import { Gen } from './grammar.ts';
import { RawConnection, startRealRedis } from './redis-server.ts';
import { Schedule } from './schedule.ts';

const WRITERS = 2;
const STEPS = 250;
const SEQUENCES = Number(process.env['WEIR_SIM_RUNS'] ?? 6);

const KEYS = ['a', 'b', 'c', 'a b\xff'];

function request(g: Gen): string[] {
  const key = g.pick(KEYS);
  const other = g.pick(KEYS);
  const letters = Array.from({ length: g.below(8) }, () => g.pick([...'KEA$glshzxetdmn']));
  return g.pick([
    ['CONFIG', 'SET', 'notify-keyspace-events', g.pick(['KEA', 'KEAmn', 'Kg$', 'El', '', letters.join('')])],
    ['CONFIG', 'GET', 'notify-keyspace-events'],
    ['SET', key, 'v'],
    ['SET', key, 'v', 'EX', '100'],
    ['GET', key],
    ['DEL', key, other],
    ['APPEND', key, 'x'],
    ['INCR', key],
    ['RENAME', key, other],
    ['COPY', key, other, 'REPLACE'],
    ['MOVE', key, '1'],
    ['LPUSH', key, 'x', 'y'],
    ['RPOP', key],
    ['LMOVE', key, other, 'LEFT', 'RIGHT'],
    ['LTRIM', key, '0', '-1'],
    ['SADD', key, 'x', 'y'],
    ['SREM', key, 'x', 'y'],
    ['SINTERSTORE', key, other, key],
    ['HSET', key, 'f', 'v'],
    ['HDEL', key, 'f'],
    ['ZADD', key, '1', 'm'],
    ['ZPOPMIN', key],
    ['XADD', key, `${g.tick++}-1`, 'f', 'v'],
    ['XTRIM', key, 'MAXLEN', '1'],
    ['EXPIRE', key, g.pick(['100', '-1'])],
    ['PERSIST', key],
    ['SELECT', g.pick(['0', '1', '2'])],
    ['FLUSHDB'],
    ['MULTI'],
    ['EXEC'],
    ['EXEC'],
    ['PUBLISH', '__keyspace@0__:a', 'mine'],
  ]);
}

test('random changes are told to those who listen as Redis tells them', async (t) => {
  const redis = await startRealRedis();
  t.after(() => redis.stop());
  const seed = firstSeed('WEIR_SEED');
  t.diagnostic(`WEIR_SEED=${seed}`);
  const admin = await RawConnection.connect(redis.port);
  t.after(() => admin.close());
  for (let n = 0; n < SEQUENCES; n++) {
    const g = new Gen(seed + n);
    await admin.call('FLUSHALL');
    await admin.call('CONFIG', 'SET', 'notify-keyspace-events', '');
    const engine = new TestEngine({ reserveBytes: 64 * 1024 ** 2 });
    const normal = (heard: string): string => heard.replace(/\r\n\$2\r\nid\r\n:\d+/g, '');
    const schedule = await Schedule.open({ engine, port: redis.port, clients: WRITERS + 3, normal });
    await schedule.step(WRITERS, ['PSUBSCRIBE', '__keyspace@*']);
    await schedule.step(WRITERS + 1, ['HELLO', '3']);
    await schedule.step(WRITERS + 1, ['PSUBSCRIBE', '__keyevent@*']);
    await schedule.step(WRITERS + 2, ['SUBSCRIBE', '__keyspace@0__:a', '__keyevent@1__:set', '__keyevent@0__:keymiss']);
    await schedule.step(0, ['CONFIG', 'SET', 'notify-keyspace-events', 'KEAmn']);
    for (let step = 0; step < STEPS; step++) await schedule.step(g.below(WRITERS), request(g));
    await schedule.settle();
    schedule.close();
  }
});

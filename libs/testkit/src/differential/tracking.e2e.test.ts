/** Clients that cache what they read, and that change keys, in turns: each is told what real Redis tells it, behind the same requests. */

import { test } from 'node:test';
import { TestEngine } from '@weir/commands/testing';
import { firstSeed } from '../seed.ts';
import { Gen } from './grammar.ts';
import { RawConnection, startRealRedis } from './redis-server.ts';
import { Schedule } from './schedule.ts';

const CLIENTS = 4;
const STEPS = 250;
const SEQUENCES = Number(process.env['WEIR_SIM_RUNS'] ?? 8);

const KEYS = ['a', 'ab', 'b', 'c'];

function request(g: Gen): string[] {
  const key = g.pick(KEYS);
  const other = g.pick(KEYS);
  const word = (): string[] =>
    g.pick([[], ['BCAST'], ['OPTIN'], ['OPTOUT'], ['NOLOOP'], ['PREFIX', g.pick(['a', 'ab', 'b', ''])], ['NOSUCH']]);
  return g.pick([
    ['CLIENT', 'TRACKING', 'ON', ...word(), ...word()],
    ['CLIENT', 'TRACKING', 'ON'],
    ['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', g.pick(['a', 'b']), ...word()],
    ['CLIENT', 'TRACKING', 'OFF'],
    ['CLIENT', 'TRACKING', 'FOO'],
    ['CLIENT', 'TRACKING', 'ON', 'REDIRECT', '999999'],
    ['CLIENT', 'CACHING', g.pick(['YES', 'NO', 'FOO'])],
    ['CLIENT', 'GETREDIR'],
    ['CLIENT', 'TRACKINGINFO'],
    ['GET', key],
    ['GET', key],
    ['MGET', key, other],
    ['STRLEN', key],
    ['EXISTS', key, other],
    ['SET', key, 'v'],
    ['SET', key, 'v'],
    ['DEL', key, other],
    ['MSET', key, '1', other, '2'],
    ['APPEND', key, 'x'],
    ['RENAME', key, other],
    ['EXPIRE', key, '100'],
    ['LPUSH', key, 'x'],
    ['LRANGE', key, '0', '-1'],
    ['SINTERSTORE', key, other],
    ['FLUSHDB'],
    ['SELECT', g.pick(['0', '1'])],
    ['MULTI'],
    ['EXEC'],
    ['EXEC'],
    ['SUBSCRIBE', 'x'],
    ['UNSUBSCRIBE'],
    ['HELLO', g.pick(['2', '3', '3'])],
    ['RESET'],
  ]);
}

/** Ids are others. */
function normal(heard: string): string {
  return heard.replace(/\r\n\$2\r\nid\r\n:\d+/g, '');
}

test('random clients that track are told of changes as Redis tells them', async (t) => {
  const redis = await startRealRedis();
  t.after(() => redis.stop());
  const seed = firstSeed('WEIR_SEED');
  t.diagnostic(`WEIR_SEED=${seed}`);
  const admin = await RawConnection.connect(redis.port);
  t.after(() => admin.close());
  for (let n = 0; n < SEQUENCES; n++) {
    const g = new Gen(seed + n);
    await admin.call('FLUSHALL');
    const engine = new TestEngine({ reserveBytes: 64 * 1024 ** 2 });
    const schedule = await Schedule.open({ engine, port: redis.port, clients: CLIENTS, normal });
    for (let who = 0; who < CLIENTS; who++) await schedule.step(who, ['HELLO', '3']);
    const queuing = new Set<number>();
    for (let step = 0; step < STEPS; step++) {
      const who = g.below(CLIENTS);
      const args = request(g);
      // A transaction that ends the tracking is told by Redis what it changed before.
      if (queuing.has(who) && args.includes('OFF')) continue;
      await schedule.step(who, args);
      if (args[0] === 'MULTI') queuing.add(who);
      if (args[0] === 'EXEC' || args[0] === 'RESET') queuing.delete(who);
    }
    await schedule.settle();
    schedule.close();
  }
});

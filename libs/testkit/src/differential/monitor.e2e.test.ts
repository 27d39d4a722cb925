/** Clients that do this and that, while others monitor: these see the lines that real Redis shows them, but for times and addresses. */

import { test } from 'node:test';
import { TestEngine } from '@weir/commands/testing';
import { firstSeed } from '../seed.ts';
import { Gen } from './grammar.ts';
import { RawConnection, startRealRedis } from './redis-server.ts';
import { Schedule } from './schedule.ts';

const CLIENTS = 4;
const STEPS = 250;
const SEQUENCES = Number(process.env['WEIR_SIM_RUNS'] ?? 6);

function request(g: Gen): string[] {
  const odd = g.pick(['a', 'b "\\', '\r\n\t\x07\b', '\x00\xff', '']);
  return g.pick([
    ['MONITOR'],
    ['RESET'],
    ['SET', odd, odd],
    ['GET', odd],
    ['MGET', 'a', odd],
    ['PFCOUNT', 'a'],
    ['PUBLISH', 'c', odd],
    ['SELECT', g.pick(['0', '3', '99'])],
    ['PING', odd],
    ['ECHO', odd],
    ['MULTI'],
    ['MULTI'],
    ['EXEC'],
    ['EXEC'],
    ['DISCARD'],
    ['AUTH', 'secret'],
    ['AUTH', 'default', 'secret'],
    ['CONFIG', 'GET', 'nosuch'],
    ['CLIENT', 'GETNAME'],
    ['CLIENT', 'REPLY', 'OFF'],
    ['CLIENT', 'REPLY', 'ON'],
    ['CLIENT', 'KILL', 'ID', '999999'],
    ['SLOWLOG', 'LEN'],
    ['NOSUCH', odd],
    ['GET'],
    ['SUBSCRIBE', 'c'],
    ['UNSUBSCRIBE'],
    ['DBSIZE'],
    ['OBJECT', 'ENCODING', 'nosuch'],
    ['HELLO', g.pick(['2', '3'])],
  ]);
}

/** Times, addresses and ids are others. */
function normal(heard: string): string {
  const alike = heard
    .replace(/\r\n\$2\r\nid\r\n:\d+/g, '')
    .replace(/\+\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\] /g, '+ [$1] ');
  // What the schedule itself asks.
  return alike.replaceAll('+ [0] "INFO" "stats"\r\n', '');
}

test('random clients are shown to those who monitor as Redis shows them', async (t) => {
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
    const queuing = new Set<number>();
    for (let step = 0; step < STEPS; step++) {
      const who = g.below(CLIENTS);
      const args = request(g);
      // What CLIENT REPLY does inside a transaction is known to differ.
      if (args[1] === 'REPLY' && queuing.has(who)) continue;
      await schedule.step(who, args);
      if (args[0] === 'MULTI') queuing.add(who);
      if (args[0] === 'EXEC' || args[0] === 'DISCARD' || args[0] === 'RESET') queuing.delete(who);
    }
    await schedule.settle();
    schedule.close();
  }
});

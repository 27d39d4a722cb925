/** Clients that subscribe, publish and do other things in turns hear what real Redis has them hear. */

import { test } from 'node:test';
import { TestEngine } from '@weir/commands/testing';
import { firstSeed } from '../seed.ts';
import { Gen } from './grammar.ts';
import { RawConnection, startRealRedis } from './redis-server.ts';
import { Schedule, normalPubSub } from './schedule.ts';

const CLIENTS = 4;
const STEPS = 250;
const SEQUENCES = Number(process.env['WEIR_SIM_RUNS'] ?? 8);

function request(g: Gen): string[] {
  const channel = (): string => g.pick(['a', 'b', 'ab', '', '{a}x']);
  const pattern = (): string => g.pick(['a*', '*', '?b', '[ab]', '\\a']);
  const some = (one: () => string): string[] => Array.from({ length: g.below(4) }, one);
  return g.pick([
    ['SUBSCRIBE', channel(), ...some(channel)],
    ['SUBSCRIBE', channel()],
    ['PSUBSCRIBE', pattern(), ...some(pattern)],
    ['SSUBSCRIBE', channel(), ...some(channel)],
    ['UNSUBSCRIBE', ...some(channel)],
    ['UNSUBSCRIBE'],
    ['PUNSUBSCRIBE', ...some(pattern)],
    ['SUNSUBSCRIBE', ...some(channel)],
    ['PUBLISH', channel(), `m${g.tick++}`],
    ['PUBLISH', channel(), ''],
    ['PUBLISH', 'a', `m${g.tick++}`],
    ['SPUBLISH', channel(), `s${g.tick++}`],
    ['PUBSUB', 'NUMSUB', ...some(channel)],
    ['PUBSUB', 'SHARDNUMSUB', ...some(channel)],
    ['PUBSUB', 'NUMPAT'],
    ['PUBSUB', 'CHANNELS', g.pick(['a', 'b?', 'nosuch'])],
    ['PUBSUB', 'SHARDCHANNELS', 'a'],
    ['PUBSUB', 'CHANNELS', 'a', 'b'],
    ['PUBSUB', 'NOSUCH'],
    ['PUBSUB', 'HELP'],
    ['PUBSUB'],
    ['SUBSCRIBE'],
    ['PUBLISH', 'a'],
    ['PING'],
    ['PING', 'x'],
    ['PING', 'x', 'y'],
    ['GET', 'k'],
    ['STRLEN', 'k'],
    ['NOSUCH', 'x'],
    ['MULTI'],
    ['MULTI'],
    ['EXEC'],
    ['EXEC'],
    ['EXEC'],
    ['DISCARD'],
    ['HELLO', '3'],
    ['HELLO', '2'],
    ['RESET'],
    ['CLIENT', 'REPLY', 'SKIP'],
    ['CLIENT', 'REPLY', 'OFF'],
    ['CLIENT', 'REPLY', 'ON'],
    ['CLIENT', 'GETNAME'],
  ]);
}

test('random subscribers and publishers hear what Redis has them hear', async (t) => {
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
    const schedule = await Schedule.open({ engine, port: redis.port, clients: CLIENTS, normal: normalPubSub });
    // Those who speak RESP3 may do everything while they listen.
    await schedule.step(0, ['HELLO', '3']);
    await schedule.step(1, ['HELLO', '3']);
    // Known to differ: a reply to EXEC while CLIENT REPLY is OFF.
    const inTransaction = new Set<number>();
    const silenced = new Set<number>();
    for (let step = 0; step < STEPS; step++) {
      const who = g.below(CLIENTS);
      const args = request(g);
      const name = args[0]!;
      if (args[1] === 'REPLY' && inTransaction.has(who)) continue;
      if (name === 'MULTI' && silenced.has(who)) continue;
      await schedule.step(who, args);
      if (args[1] === 'REPLY') silenced[args[2] === 'ON' ? 'delete' : 'add'](who);
      if (name === 'RESET') silenced.delete(who);
      if (name === 'MULTI') inTransaction.add(who);
      if (name === 'EXEC' || name === 'DISCARD' || name === 'RESET') inTransaction.delete(who);
    }
    await schedule.settle();
    schedule.close();
  }
});

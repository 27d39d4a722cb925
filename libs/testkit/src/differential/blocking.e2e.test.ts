/**
 * Clients that wait for keys, beside others that make keys ready in all the ways there are: who is served, when, with what and in which order is as in
 * Redis, and the log makes the same data set.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstSeed } from '../seed.ts';
import { Gen } from './grammar.ts';
import { Interleaved, SHORT, SHORT_BLOCK, idOf } from './interleaved.ts';
import { RawConnection, startRealRedis } from './redis-server.ts';

const CLIENTS = 6;
const STEPS = 300;
const SEQUENCES = Number(process.env['WEIR_SIM_RUNS'] ?? 8);

const KEYS = ['a', 'b', 'c', 'd'];

type Request = readonly string[];

/** A request that waits when there is nothing. */
function waiting(g: Gen): Request {
  const key = g.pick(KEYS);
  const other = g.pick(KEYS);
  const time = g.pick(['0', '0', '0', SHORT, '1000.5']);
  const ms = g.pick(['0', '0', SHORT_BLOCK]);
  const n = String(g.below(2));
  const end = g.pick(['LEFT', 'RIGHT']);
  const edge = g.pick(['MIN', 'MAX']);
  return g.pick<Request>([
    ['BLPOP', key, time],
    ['BLPOP', key, other, key, time],
    ['BRPOP', key, other, time],
    ['BLMOVE', key, other, end, g.pick(['LEFT', 'RIGHT']), time],
    ['BRPOPLPUSH', key, other, time],
    ['BLMPOP', time, '2', key, other, end],
    ['BLMPOP', time, '1', key, end, 'COUNT', '2'],
    ['BZPOPMIN', key, other, time],
    ['BZPOPMAX', key, time],
    ['BZMPOP', time, '2', key, other, edge, 'COUNT', '2'],
    ['BZMPOP', time, '1', key, edge],
    ['XREAD', 'BLOCK', ms, 'STREAMS', key, '$'],
    ['XREAD', 'BLOCK', ms, 'COUNT', '1', 'STREAMS', key, other, g.pick(['$', '0', `${g.tick}`]), '$'],
    ['XREADGROUP', 'GROUP', 'g', n, 'BLOCK', ms, 'STREAMS', key, '>'],
    ['XREADGROUP', 'GROUP', 'g', n, 'BLOCK', ms, 'STREAMS', key, '>'],
    ['XREADGROUP', 'GROUP', 'h', n, 'COUNT', '2', 'BLOCK', ms, 'STREAMS', key, '>'],
    ['XREADGROUP', 'GROUP', 'g', n, 'NOACK', 'BLOCK', ms, 'STREAMS', key, other, '>', '>'],
    ['XREADGROUP', 'GROUP', 'g', n, 'BLOCK', ms, 'STREAMS', key, other, '>', '0'],
  ]);
}

function changing(g: Gen): Request {
  const key = g.pick(KEYS);
  const other = g.pick(KEYS);
  const n = String(g.below(10));
  return g.pick<Request>([
    ['RPUSH', key, n],
    ['LPUSH', key, n, `${n}x`, `${n}y`],
    ['LPUSHX', key, n],
    ['ZADD', key, n, `m${n}`],
    ['ZADD', key, '1', 'x', n, 'y', '3', 'z'],
    ['ZINCRBY', key, n, 'm'],
    ['LPOP', key],
    ['LTRIM', key, '0', '0'],
    ['DEL', key],
    ['DEL', key, other],
    ['UNLINK', ...KEYS],
    ['SET', key, n],
    ['SADD', key, n],
    ['RENAME', key, other],
    ['RENAMENX', key, other],
    ['COPY', key, other],
    ['COPY', key, other, 'REPLACE'],
    ['COPY', key, other, 'DB', '1'],
    ['MOVE', key, '1'],
    ['SORT', key, 'STORE', other],
    ['LMOVE', key, other, 'LEFT', 'RIGHT'],
    ['ZUNIONSTORE', key, '2', other, g.pick(KEYS)],
    ['ZRANGESTORE', key, other, '0', '-1'],
    ['GEOADD', key, '1', '2', 'p'],
    ['PEXPIRE', key, '-1'],
    ['XADD', key, `${g.tick++}-1`, 'f', n],
    ['XADD', key, `${g.tick++}-1`, 'f', n],
    ['XADD', key, 'NOMKSTREAM', `${g.tick++}-1`, 'f', n],
    ['XDEL', key, `${g.tick - 1}-1`],
    ['XTRIM', key, 'MAXLEN', '1'],
    ['XACK', key, 'g', `${g.tick - 1}-1`],
    ['XSETID', key, `${g.tick + 100}-1`],
    ['XGROUP', 'CREATE', key, 'g', '$', 'MKSTREAM'],
    ['XGROUP', 'CREATE', key, 'h', '0', 'MKSTREAM'],
    ['XGROUP', 'CREATE', key, g.pick(['g', 'h']), '$'],
    ['XGROUP', 'DESTROY', key, g.pick(['g', 'h'])],
    ['XGROUP', 'SETID', key, 'g', g.pick(['0', '$'])],
    ['XGROUP', 'DELCONSUMER', key, 'g', String(g.below(2))],
    ['XAUTOCLAIM', key, 'g', '0', '0', '0'],
    ['SELECT', g.pick(['0', '0', '1'])],
    ['FLUSHDB'],
    ['CLIENT', 'UNBLOCK', idOf(g.below(CLIENTS))],
    ['CLIENT', 'UNBLOCK', idOf(g.below(CLIENTS)), 'ERROR'],
    ['CLIENT', 'UNBLOCK', idOf(g.below(CLIENTS)), 'TIMEOUT'],
    ['CLIENT', 'PAUSE', '100000', 'WRITE'],
    ['CLIENT', 'UNPAUSE'],
    ['CLIENT', 'UNPAUSE'],
    ['CLIENT', 'UNPAUSE'],
    ['MULTI'],
    ['MULTI'],
    ['EXEC'],
    ['EXEC'],
    ['EXEC'],
  ]);
}

/** Redis 7.0 dies when CLIENT UNBLOCK meets a client that is paused, and when a transaction that pauses serves somebody. */
function mayBeSaid([, word]: Request, pauses: boolean, isQueuing: boolean): boolean {
  if (word === 'PAUSE') return pauses && !isQueuing;
  return word !== 'UNBLOCK' || !pauses;
}

const LOOKS = ['0', '1'].flatMap((db) => [
  ['SELECT', db],
  ...KEYS.flatMap((key) => [
    ['TYPE', key],
    ['LRANGE', key, '0', '-1'],
    ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
    ['GET', key],
    ['XRANGE', key, '-', '+'],
    ['XPENDING', key, 'g'],
    ['XPENDING', key, 'h'],
  ]),
]);

test('random clients that wait for keys are served as by Redis, and replicas have what they leave', async (t) => {
  const redis = await startRealRedis();
  t.after(() => redis.stop());
  const seed = firstSeed('WEIR_SEED');
  t.diagnostic(`WEIR_SEED=${seed}`);
  const admin = await RawConnection.connect(redis.port);
  t.after(() => admin.close());
  let late = 0;
  for (let n = 0; n < SEQUENCES; n++) {
    const g = new Gen(seed + n);
    const clients = await Interleaved.begin(redis.port, admin, CLIENTS, `seed ${seed + n}`);
    for (let step = 0; step < STEPS; step++) {
      const { free } = clients;
      // All wait: somebody who does not lets one of them go.
      if (free.length === 0) await (n % 3 === 0 ? clients.letGo() : clients.unblock(g.below(CLIENTS)));
      else {
        const who = g.pick(free);
        const args = g.below(3) === 0 ? waiting(g) : changing(g);
        if (mayBeSaid(args, n % 3 === 0, clients.isQueuing(who))) await clients.step(who, args);
      }
      if (g.below(4) === 0) await clients.pass();
    }
    await clients.unpause();
    await clients.end([...LOOKS, ['SELECT', '0']]);
    late += clients.late;
  }
  t.diagnostic(`${late} late replies`);
  assert.ok(late > SEQUENCES * 10, 'some clients are served by others');
});

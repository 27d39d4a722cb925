/**
 * How fast a data set comes into a fresh process. From the log: a Weir slave without a snapshot reads all records, beside
 * a Redis that replays an AOF with the same commands. From a snapshot: what a slave loads first, beside a Redis that
 * loads its dump.rdb.
 */

import { statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FigureBench } from './figures.ts';
import { runLoad } from './redis-benchmark.ts';
import { preload, withClient } from './resp-client.ts';
import type { Figure } from './report.ts';
import type { BenchServer, Workshop } from './servers.ts';

const BOUND_MS = 180_000;

export async function until(what: string, condition: () => Promise<boolean>, pauseMs = 10): Promise<void> {
  const deadline = performance.now() + BOUND_MS;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${BOUND_MS / 1000} s`);
    await sleep(pauseMs);
  }
}

/** The line of a Weir log (JSON) with this message. */
function logLine(server: BenchServer, message: string): Record<string, unknown> {
  for (const line of server.log().split('\n')) {
    if (!line.startsWith('{')) continue;
    const entry = JSON.parse(line) as Record<string, unknown>;
    if (entry['msg'] === message) return entry;
  }
  throw new Error(`the log of ${server.dir} has no "${message}"`);
}

/** Sequence and offset in the log. */
export async function position(port: number): Promise<{ seq: number; offset: number }> {
  const [, seq, offset] = (await withClient(port, (client) => client.text('WEIR', 'POSITION'))).split(' ').map(Number);
  return { seq: seq!, offset: offset! };
}

/** Milliseconds that the last start of a Redis took for loading its data, from its own log. */
function redisLoadSeconds(server: BenchServer): number {
  const found = [...server.log().matchAll(/DB loaded from [^:]*: ([\d.]+) seconds/g)].at(-1);
  if (found === undefined) throw new Error(`redis-server does not say how long it loaded: ${server.log().slice(-500)}`);
  return Number(found[1]);
}

const SHARED = { load: ['-t', 'set'], clients: 50, pipeline: 16, valueBytes: 64 } as const;

export const applyBench: FigureBench = {
  name: 'apply',
  async run({ workshop, quick }) {
    const commands = quick ? 20_000 : 1_000_000;
    const load = { ...SHARED, requests: commands, keys: commands };
    const weir = await workshop.weir('everysec');
    const before = await position(weir.port);
    await runLoad({ ...load, port: weir.port });
    const end = await position(weir.port);
    const slave = await workshop.weirSlave(weir.port);
    // The process starts, finds the log and connects; what counts begins with the first record asked for, by its own log.
    const current = 'following: the data set is current';
    await until('the slave', async () => slave.log().includes(current) && (await position(slave.port)).seq >= end.seq);
    const timeOf = (message: string): number => Date.parse(String(logLine(slave, message)['time']));
    const seconds = (timeOf(current) - timeOf('no snapshot: reading the log from its beginning')) / 1000;
    await slave.stop();
    await weir.stop();

    const redis = await workshop.redis('everysec');
    await runLoad({ ...load, port: redis.port });
    await redis.stop();
    const again = await workshop.again(redis, 'redis', ['--appendonly', 'yes']);
    const redisSeconds = redisLoadSeconds(again);
    await again.stop();
    return [
      {
        name: 'log applied by a slave',
        unit: 'commands/s',
        weir: commands / Math.max(seconds, 0.001),
        redis: commands / redisSeconds,
        target: null,
        note: `${commands} SETs in ${end.seq - before.seq} records; Redis: its AOF`,
      },
    ];
  },
};

export interface ReloadOptions {
  readonly workshop: Workshop;
  readonly title: string;
  /** Makes the data set. */
  readonly fill: (port: number) => Promise<void>;
  readonly note: string;
  readonly progress: (text: string) => void;
}

/** The same data set comes into a fresh Weir slave from a snapshot, and into a fresh Redis from its dump.rdb. */
export async function compareReload({ workshop, title, fill, note, progress }: ReloadOptions): Promise<Figure[]> {
  const keysOf = (port: number): Promise<number> =>
    withClient(port, async (client) => Number(await client.text('DBSIZE')));
  const weir = await workshop.weir('everysec');
  await fill(weir.port);
  const keys = await keysOf(weir.port);
  progress(`  ${keys} keys`);
  const saveStarted = performance.now();
  await withClient(weir.port, async (client) => {
    const last = Number(await client.text('LASTSAVE'));
    // LASTSAVE counts whole seconds.
    await sleep(1100);
    await client.text('BGSAVE');
    await until('the snapshot', async () => Number(await client.text('LASTSAVE')) > last, 20);
  });
  const saveSeconds = (performance.now() - saveStarted) / 1000 - 1.1;
  const slave = await workshop.weirSlave(weir.port);
  await until('the slave', async () => /snapshot loaded/.test(slave.log()));
  const { ms } = logLine(slave, 'snapshot loaded') as { ms: number };
  const { bytes } = logLine(slave, 'loading snapshot') as { bytes: number };
  await until('the slave to serve', async () => (await keysOf(slave.port)) === keys);
  await slave.stop();
  await weir.stop();

  const redis = await workshop.redis('no-log');
  await fill(redis.port);
  if ((await keysOf(redis.port)) !== keys) throw new Error('the two data sets are not the same');
  const redisSaveStarted = performance.now();
  await withClient(redis.port, (client) => client.text('SAVE'));
  const redisSaveSeconds = (performance.now() - redisSaveStarted) / 1000;
  await redis.stop();
  const dumpBytes = statSync(path.join(redis.dir, 'dump.rdb')).size;
  const again = await workshop.again(redis, 'redis', ['--appendonly', 'no']);
  const redisSeconds = redisLoadSeconds(again);
  await again.stop();
  return [
    {
      name: `${title} loaded`,
      unit: 'keys/s',
      weir: (keys * 1000) / ms,
      redis: keys / redisSeconds,
      target: null,
      note: `${keys} keys; ${note}`,
    },
    {
      name: `${title} loaded, bytes`,
      unit: 'MB/s',
      weir: bytes / 1000 / ms,
      redis: dumpBytes / 1e6 / redisSeconds,
      target: null,
    },
    {
      name: `${title} made and verified`,
      unit: 's',
      weir: saveSeconds,
      redis: redisSaveSeconds,
      target: null,
      note: 'Weir: in the replication app, from the log, read back; Redis: SAVE',
    },
  ];
}

export const snapshotBench: FigureBench = {
  name: 'snapshot',
  run({ workshop, quick, progress }) {
    const keys = quick ? 20_000 : 1_000_000;
    return compareReload({
      workshop,
      title: 'snapshot',
      fill: (port) => preload(port, keys, 64),
      note: 'Redis: dump.rdb at its start',
      progress,
    });
  },
};

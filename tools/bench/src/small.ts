/** Bytes for one small collection of ten elements and its key, from many of them, by the servers' own count. */

import { setTimeout as sleep } from 'node:timers/promises';
import { sendAll } from './bulk.ts';
import type { Words } from './bulk.ts';
import type { FigureBench } from './figures.ts';
import { MEMORY_MAX, usedMemory } from './large.ts';
import type { Figure } from './report.ts';
import type { BenchServer } from './servers.ts';

const SETTLE_MS = 1000;
const TEN = Array.from({ length: 10 }, (_, i) => i);

export interface SmallKind {
  readonly name: string;
  /** The whole collection under this key; `seed` makes its elements its own. */
  readonly commands: (key: string, seed: number) => Words[];
}

export const smallKinds: readonly SmallKind[] = [
  {
    name: 'hash of 10 fields',
    commands: (key, seed) => [['HSET', key, ...TEN.flatMap((i) => [`field:${i}`, `value:${seed + i}`])]],
  },
  { name: 'list of 10', commands: (key, seed) => [['RPUSH', key, ...TEN.map((i) => `element:${seed + i}`)]] },
  { name: 'set of 10', commands: (key, seed) => [['SADD', key, ...TEN.map((i) => `member:${seed + i}`)]] },
  { name: 'set of 10 integers', commands: (key, seed) => [['SADD', key, ...TEN.map((i) => seed + i)]] },
  {
    name: 'sorted set of 10',
    commands: (key, seed) => [['ZADD', key, ...TEN.flatMap((i) => [seed + i * 1.5, `member:${seed + i}`])]],
  },
  {
    name: 'stream of 10 entries',
    commands: (key, seed) => TEN.map((i) => ['XADD', key, `${seed + i + 1}-0`, 'field', `value:${seed + i}`]),
  },
];

function* collections({ commands }: SmallKind, count: number): Generator<Words> {
  for (let i = 0; i < count; i++) yield* commands(`small:${i}`, i * 7);
}

export const smallBench: FigureBench = {
  name: 'small',
  async run({ workshop, quick, progress }) {
    const count = quick ? 2000 : 100_000;
    const measure = async (server: BenchServer, kind: SmallKind): Promise<number> => {
      await sendAll(server.port, [['FLUSHALL']]);
      await sleep(quick ? 0 : SETTLE_MS);
      const before = await usedMemory(server.port);
      await sendAll(server.port, collections(kind, count));
      await sleep(quick ? 0 : SETTLE_MS);
      return ((await usedMemory(server.port)) - before) / count;
    };
    const redis = await workshop.redis('no');
    const weir = await workshop.weir('no');
    const figures: Figure[] = [];
    for (const kind of smallKinds) {
      const [weirBytes, redisBytes] = [await measure(weir, kind), await measure(redis, kind)];
      progress(`  ${kind.name}: ${Math.round(weirBytes)} bytes, Redis ${Math.round(redisBytes)}`);
      figures.push({
        name: `small: ${kind.name}`,
        unit: 'bytes',
        weir: weirBytes,
        redis: redisBytes,
        target: MEMORY_MAX,
        note: `${count} keys, used_memory`,
      });
    }
    await weir.stop();
    await redis.stop();
    return figures;
  },
};

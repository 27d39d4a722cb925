/** Bytes for one key of 16 bytes with a value of 64, from many of them: what the server says, and what the system says. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { FigureBench } from './figures.ts';
import { residentBytes } from './machine.ts';
import { preload, withClient } from './resp-client.ts';
import type { BenchServer } from './servers.ts';

const SETTLE_MS = 1500;

export const memoryBench: FigureBench = {
  name: 'memory',
  async run({ workshop, quick, progress }) {
    const keys = quick ? 20_000 : 1_000_000;
    const measure = async (server: BenchServer) => {
      const used = async (): Promise<number> =>
        withClient(server.port, async (c) => Number(await c.info('memory', 'used_memory')));
      const before = { used: await used(), rss: residentBytes(server.pid) };
      await preload(server.port, keys, 64);
      // The hash table's growth goes on in the background.
      await sleep(SETTLE_MS);
      const after = { used: await used(), rss: residentBytes(server.pid) };
      await server.stop();
      return { used: (after.used - before.used) / keys, rss: (after.rss - before.rss) / keys, rssBefore: before.rss };
    };
    const redis = await measure(await workshop.redis('no'));
    const weir = await measure(await workshop.weir('no'));
    progress(
      `before the first key: ${Math.round(weir.rssBefore / 2 ** 20)} MB resident, Redis ${Math.round(redis.rssBefore / 2 ** 20)}`,
    );
    const atMost = { of: 'ratio', bound: 'max', at: 1 } as const;
    return [
      {
        name: 'memory per key, used_memory',
        unit: 'bytes',
        weir: weir.used,
        redis: redis.used,
        target: atMost,
        note: `${keys} keys`,
      },
      { name: 'memory per key, resident', unit: 'bytes', weir: weir.rss, redis: redis.rss, target: null },
    ];
  },
};

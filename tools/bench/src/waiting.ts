/**
 * Clients that wait for a key: how long it takes from a push until who waits has the element, with one client; and what many clients that wait for
 * one key take in memory and time. The client is this process, which takes as long for both servers: it is no measure of how many
 * hand-overs a second a server does.
 */

import type { FigureBench } from './figures.ts';
import type { Figure } from './report.ts';
import { RespClient } from './resp-client.ts';
import type { BenchServer } from './servers.ts';

const HANDOVER_MAX = { of: 'ratio', bound: 'max', at: 1.5 } as const;
const CONNECTS_AT_ONCE = 200;

interface Handover {
  readonly p50: number;
  readonly p99: number;
}

async function handover({ port }: BenchServer, rounds: number): Promise<Handover> {
  const [pusher, popper] = await Promise.all([RespClient.connect(port), RespClient.connect(port)]);
  const micros: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const popped = popper.send('BLPOP', 'handed', 0);
    await pusher.send('PING'); // behind it the other one waits
    const started = performance.now();
    const pushed = pusher.send('RPUSH', 'handed', i);
    await popped;
    micros.push((performance.now() - started) * 1000);
    await pushed;
  }
  pusher.close();
  popper.close();
  micros.sort((a, b) => a - b);
  return { p50: micros[Math.floor(rounds / 2)], p99: micros[Math.floor(rounds * 0.99)] };
}

interface Crowd {
  readonly bytes: number;
  readonly ms: number;
}

/** That many clients wait for one key, and one push has something for each. */
async function crowd({ port }: BenchServer, count: number): Promise<Crowd> {
  const admin = await RespClient.connect(port);
  const clients: RespClient[] = [];
  while (clients.length < count) {
    const batch = Array.from({ length: Math.min(CONNECTS_AT_ONCE, count - clients.length) }, () =>
      RespClient.connect(port),
    );
    clients.push(...(await Promise.all(batch)));
  }
  const before = Number(await admin.info('memory', 'used_memory_rss'));
  const replies = clients.map((client) => client.send('BLPOP', 'crowd', 0));
  while (Number(await admin.info('clients', 'blocked_clients')) < count);
  const bytes = (Number(await admin.info('memory', 'used_memory_rss')) - before) / count;
  const elements = Array.from({ length: count }, (_, i) => i);
  const started = performance.now();
  await Promise.all([admin.send('RPUSH', 'crowd', ...elements), ...replies]);
  const ms = performance.now() - started;
  if ((await admin.text('EXISTS', 'crowd')) !== '0') throw new Error('elements are left');
  for (const client of clients) client.close();
  admin.close();
  return { bytes: Math.max(0, bytes), ms };
}

export const waitingBench: FigureBench = {
  name: 'waiting',
  async run({ workshop, quick, progress }) {
    const rounds = quick ? 100 : 3000;
    const clients = quick ? 200 : 10_000;
    const figures: Figure[] = [];
    for (const sync of ['no', 'always'] as const) {
      const extra = ['--maxclients', String(clients + 50)];
      const [redis, weir] = [await workshop.redis(sync, extra), await workshop.weir(sync, extra)];
      for (const server of [weir, redis]) await handover(server, rounds / 10);
      const [ours, theirs] = [await handover(weir, rounds), await handover(redis, rounds)];
      progress(`  hand-over, appendfsync ${sync}: ${Math.round(ours.p50)} µs, Redis ${Math.round(theirs.p50)} µs`);
      for (const part of ['p50', 'p99'] as const) {
        const target = part === 'p50' ? HANDOVER_MAX : null;
        const name = `waiting: hand-over ${part}, appendfsync ${sync}`;
        figures.push({
          name,
          unit: 'µs',
          weir: ours[part],
          redis: theirs[part],
          target,
          note: 'from RPUSH to the reply of BLPOP',
        });
      }
      if (sync === 'no') {
        const [many, theirMany] = [await crowd(weir, clients), await crowd(redis, clients)];
        progress(`  ${clients} clients: ${Math.round(many.ms)} ms, Redis ${Math.round(theirMany.ms)} ms`);
        const note = `${clients} clients wait for one key`;
        figures.push(
          { name: 'waiting: one push serves all', unit: 'ms', weir: many.ms, redis: theirMany.ms, target: null, note },
          {
            name: 'waiting: memory per client',
            unit: 'bytes',
            weir: many.bytes,
            redis: theirMany.bytes,
            target: null,
            note,
          },
        );
      }
      await weir.stop();
      await redis.stop();
    }
    return figures;
  },
};

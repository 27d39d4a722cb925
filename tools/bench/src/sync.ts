/**
 * What two slaves that join at once cost the clients of their master. A paced writer goes on the whole time, and two probes
 * (PING, and a SET whose reply waits for the log) take the master's latency before and during the syncs; in the end every
 * data set must have the master's digest.
 *
 * The writer's rate is fixed and far below what either server can do: a saturated server's latency is the length of its queue.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext, FigureBench } from './figures.ts';
import { until } from './replica.ts';
import { RespClient, preload, withClient } from './resp-client.ts';
import type { BenchServer } from './servers.ts';
import type { Figure } from './report.ts';

const WRITES_PER_SECOND = 5000;
const TICK_MS = 10;
const PROBE_PAUSE_MS = 1;

interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: sorted.at(-1) ?? Number.NaN };
}

/** Sends a command, waits for the reply, pauses, again; collects the times. */
class Probe {
  readonly #done: Promise<void>;
  #times: number[] = [];
  #stopping = false;

  constructor(client: RespClient, command: () => readonly (string | number)[]) {
    this.#done = (async () => {
      while (!this.#stopping) {
        const start = performance.now();
        await client.send(...command());
        this.#times.push(performance.now() - start);
        await sleep(PROBE_PAUSE_MS);
      }
      client.close();
    })();
    this.#done.catch(() => {});
  }

  /** The times since the last call. */
  take(): Percentiles {
    const times = this.#times;
    this.#times = [];
    return percentiles(times);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }
}

/** Random keys of the set at a steady rate, whatever the replies do. */
function startWriter(client: RespClient, keys: number): () => Promise<void> {
  const value = 'y'.repeat(64);
  let state = 1;
  let pending: Promise<unknown>[] = [];
  let failure: Error | null = null;
  const timer = setInterval(() => {
    for (let i = 0; i < (WRITES_PER_SECOND * TICK_MS) / 1000; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const key = `key:${String(Math.floor((state / 2 ** 32) * keys)).padStart(12, '0')}`;
      pending.push(client.send('SET', key, value).catch((error: Error) => (failure = error)));
    }
    if (pending.length > 100_000) pending = pending.slice(-50_000);
  }, TICK_MS);
  return async () => {
    clearInterval(timer);
    await Promise.all(pending);
    client.close();
    if (failure !== null) throw failure;
  };
}

interface SyncResult {
  readonly before: { readonly ping: Percentiles; readonly set: Percentiles };
  readonly during: { readonly ping: Percentiles; readonly set: Percentiles };
  /** From the start of the slaves' processes until both follow the master. */
  readonly syncSeconds: number;
  /** From the end of the writes until all digests are equal. */
  readonly equalSeconds: number;
}

interface SyncSide {
  readonly name: string;
  readonly master: BenchServer;
  readonly slave: () => Promise<BenchServer>;
  readonly isCurrent: (slave: BenchServer) => Promise<boolean>;
  /** Of master and slaves: what has to be equal. */
  readonly digest: (port: number) => Promise<string>;
}

async function measure(side: SyncSide, keys: number, beforeMs: number): Promise<SyncResult> {
  const { master } = side;
  await preload(master.port, keys, 64);
  const stopWriter = startWriter(await RespClient.connect(master.port), keys);
  const ping = new Probe(await RespClient.connect(master.port), () => ['PING']);
  let count = 0;
  const set = new Probe(await RespClient.connect(master.port), () => ['SET', 'probe', ++count]);
  await sleep(1000);
  ping.take();
  set.take();
  await sleep(beforeMs);
  const before = { ping: ping.take(), set: set.take() };
  const started = performance.now();
  const slaves = await Promise.all([side.slave(), side.slave()]);
  for (const slave of slaves) await until(`${side.name}: a slave follows`, () => side.isCurrent(slave), 20);
  const syncSeconds = (performance.now() - started) / 1000;
  const during = { ping: ping.take(), set: set.take() };
  await Promise.all([stopWriter(), ping.stop(), set.stop()]);
  const stopped = performance.now();
  const expected = await side.digest(master.port);
  for (const slave of slaves) {
    await until(
      `${side.name}: the digest of ${slave.dir}`,
      async () => (await side.digest(slave.port)) === expected,
      50,
    );
  }
  const equalSeconds = (performance.now() - stopped) / 1000;
  for (const server of [...slaves, master]) await server.stop();
  return { before, during, syncSeconds, equalSeconds };
}

async function weirSide({ workshop }: BenchContext, snapshotFirst: boolean, keys: number): Promise<SyncSide> {
  const master = await workshop.weir('everysec');
  if (snapshotFirst) {
    await preload(master.port, keys, 64);
    await withClient(master.port, async (client) => {
      const last = Number(await client.text('LASTSAVE'));
      await sleep(1100);
      await client.text('BGSAVE');
      await until('the snapshot', async () => Number(await client.text('LASTSAVE')) > last, 50);
    });
  }
  return {
    name: 'weir',
    master,
    slave: () => workshop.weirSlave(master.port),
    isCurrent: (slave) => Promise.resolve(slave.log().includes('following: the data set is current')),
    digest: (port) => withClient(port, (client) => client.text('WEIR', 'DIGEST')),
  };
}

async function redisSide({ workshop }: BenchContext): Promise<SyncSide> {
  const master = await workshop.redis('everysec');
  return {
    name: 'redis',
    master,
    slave: () => workshop.redisSlave(master.port),
    isCurrent: (slave) =>
      withClient(slave.port, async (client) => (await client.info('replication', 'master_link_status')) === 'up'),
    digest: (port) => withClient(port, (client) => client.text('DEBUG', 'DIGEST')),
  };
}

export const syncBench: FigureBench = {
  name: 'sync',
  async run(context) {
    const { quick, progress } = context;
    const keys = quick ? 20_000 : 1_000_000;
    const beforeMs = quick ? 500 : 5000;
    const weir = await measure(await weirSide(context, true, keys), keys, beforeMs);
    const redis = await measure(await redisSide(context), keys, beforeMs);
    const say = (name: string, { before, during }: SyncResult): void => {
      for (const probe of ['ping', 'set'] as const) {
        const text = (p: Percentiles): string =>
          `p50 ${p.p50.toFixed(2)}, p99 ${p.p99.toFixed(2)}, p99.9 ${p.p999.toFixed(2)}, max ${p.max.toFixed(1)} ms (${p.count})`;
        progress(`${name} ${probe} before: ${text(before[probe])}; during: ${text(during[probe])}`);
      }
    };
    say('weir', weir);
    say('redis', redis);
    const figures: Figure[] = [];
    const add = (name: string, unit: string, of: (result: SyncResult) => number, note?: string): void => {
      figures.push({
        name,
        unit,
        weir: of(weir),
        redis: of(redis),
        target: null,
        ...(note === undefined ? {} : { note }),
      });
    };
    add(
      'PING p99 before two syncs',
      'ms',
      ({ before }) => before.ping.p99,
      `${keys} keys, ${WRITES_PER_SECOND} writes/s going on`,
    );
    add('PING p99 during two syncs', 'ms', ({ during }) => during.ping.p99);
    add('PING max during two syncs', 'ms', ({ during }) => during.ping.max);
    add('PING p99, during / before', '×', ({ before, during }) => during.ping.p99 / before.ping.p99);
    add('SET p99 before two syncs', 'ms', ({ before }) => before.set.p99);
    add('SET p99 during two syncs', 'ms', ({ during }) => during.set.p99);
    add('SET max during two syncs', 'ms', ({ during }) => during.set.max);
    add('SET p99, during / before', '×', ({ before, during }) => during.set.p99 / before.set.p99);
    add('two slaves started and synced', 's', ({ syncSeconds }) => syncSeconds);
    add('all digests equal after the writes end', 's', ({ equalSeconds }) => equalSeconds);
    return figures;
  },
};

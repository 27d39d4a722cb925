/**
 * Reads through an ingress that routes: how many a second with one, two and four slaves, what one costs the ingress and the engine in processor time, and
 * how much later it is answered than one that asks the slave itself.
 *
 * With fewer cores than processes the rate says what the machine does, not what more slaves would do on machines of their own: so the processor time of each
 * part is measured apart, and what a core of it would answer is told beside the rate.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext, FigureBench } from './figures.ts';
import { watch } from './machine.ts';
import { runLoad } from './redis-benchmark.ts';
import type { Figure } from './report.ts';
import { RespClient, preload, withClient } from './resp-client.ts';
import type { BenchServer, Workshop } from './servers.ts';

interface Routed {
  readonly ingress: BenchServer;
  readonly slaves: readonly BenchServer[];
  stop(): Promise<void>;
}

const CLIENTS = 50;
const VALUE_BYTES = 64;
const FOUND_MS = 30_000;
const SECONDS = 5;
const LATENCY_MAX = { of: 'value', bound: 'max', at: 60 } as const;

async function routed(workshop: Workshop, count: number): Promise<Routed> {
  // The path of a Unix socket may have some hundred bytes.
  const sockets = mkdtempSync(path.join(tmpdir(), 'weir-scale-'));
  const link = (name: string): string[] => ['--link-listen', path.join(sockets, name)];
  const master = await workshop.weir('everysec', link('master'));
  const slaves: BenchServer[] = [];
  for (let i = 0; i < count; i++) slaves.push(await workshop.weirSlave(master.port, link(`slave${i}`)));
  const ingress = await workshop.weirIngress(master.port);
  return {
    ingress,
    slaves,
    async stop() {
      for (const server of [ingress, ...slaves, master]) await server.stop();
      rmSync(sockets, { recursive: true, force: true });
    },
  };
}

/** Reads until each slave has answered some, so that none of them is still loading. */
async function allServe({ ingress, slaves }: Routed): Promise<void> {
  const deadline = performance.now() + FOUND_MS;
  const clients = await Promise.all(slaves.map(() => RespClient.connect(ingress.port)));
  const served = async ({ port }: BenchServer): Promise<boolean> =>
    /cmdstat_get:/.test(await withClient(port, (client) => client.text('INFO', 'commandstats')).catch(() => ''));
  for (;;) {
    await Promise.all(clients.flatMap((client) => Array.from({ length: 10 }, () => client.send('GET', 'key:1'))));
    const all = await Promise.all(slaves.map(served));
    if (all.every(Boolean)) break;
    if (performance.now() > deadline) throw new Error('a slave gets no reads from the ingress');
    await sleep(100);
  }
  for (const client of clients) client.close();
}

async function rate(workshop: Workshop, count: number, quick: boolean): Promise<Figure[]> {
  const all = await routed(workshop, count);
  try {
    const keys = quick ? 1000 : 100_000;
    await preload(all.ingress.port, keys, VALUE_BYTES);
    await allServe(all);
    const load = { port: all.ingress.port, load: ['-t', 'get'], clients: CLIENTS, keys, valueBytes: VALUE_BYTES };
    const warm = await runLoad({ ...load, pipeline: 1, requests: quick ? 1000 : 10_000 });
    const requests = Math.ceil(warm.opsPerSecond * (quick ? 0.5 : SECONDS));
    const started = performance.now();
    const { result, cpu } = await watch(() => runLoad({ ...load, pipeline: 1, requests }));
    const seconds = (performance.now() - started) / 1000;
    const microsOf = (servers: readonly BenchServer[]): number =>
      (servers.reduce((sum, { pid }) => sum + (cpu?.cores.get(pid) ?? Number.NaN), 0) * seconds * 1e6) / requests;
    const [atIngress, atSlaves] = [microsOf([all.ingress]), microsOf(all.slaves)];
    const capacity = (micros: number): string => `${Math.round(1e6 / micros).toLocaleString('en')} reads/s a core`;
    const name = `scale: ${count} slave${count === 1 ? '' : 's'}`;
    const note = `P=1, ${CLIENTS} clients`;
    return [
      { name: `${name}, reads`, unit: '/s', weir: result.opsPerSecond, redis: null, target: null, note },
      {
        name: `${name}, ingress`,
        unit: 'µs CPU',
        weir: atIngress,
        redis: null,
        target: null,
        note: capacity(atIngress),
      },
      { name: `${name}, slaves`, unit: 'µs CPU', weir: atSlaves, redis: null, target: null, note: capacity(atSlaves) },
    ];
  } finally {
    await all.stop();
  }
}

/** One client that asks again when it has its answer: the median in microseconds. */
async function roundTrip(client: RespClient, rounds: number): Promise<number> {
  const micros: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const started = performance.now();
    await client.send('GET', 'key:000000000001');
    micros.push((performance.now() - started) * 1000);
  }
  return micros.sort((a, b) => a - b)[rounds >> 1];
}

async function latency({ workshop, quick }: BenchContext): Promise<Figure[]> {
  const all = await routed(workshop, 1);
  try {
    await preload(all.ingress.port, 1000, VALUE_BYTES);
    await allServe(all);
    const [direct, through] = await Promise.all(
      [all.slaves[0], all.ingress].map(({ port }) => RespClient.connect(port)),
    );
    const rounds = quick ? 200 : 3000;
    const medians: [number, number][] = [];
    // Alternating, so that what else the machine does meets both.
    for (let i = 0; i < (quick ? 1 : 5); i++)
      medians.push([await roundTrip(direct, rounds), await roundTrip(through, rounds)]);
    direct.close();
    through.close();
    const [slowest, routedMs] = [Math.min(...medians.map(([one]) => one)), Math.min(...medians.map(([, two]) => two))];
    const note = `one client, median: ${slowest.toFixed(0)} µs at the slave itself, ${routedMs.toFixed(0)} µs through the ingress`;
    return [
      { name: 'scale: extra latency', unit: 'µs', weir: routedMs - slowest, redis: null, target: LATENCY_MAX, note },
    ];
  } finally {
    await all.stop();
  }
}

function rateBench(count: number): FigureBench {
  return { name: `scale-${count}`, run: ({ workshop, quick }) => rate(workshop, count, quick) };
}

export const scaleBenches: readonly FigureBench[] = [
  ...[1, 2, 4].map(rateBench),
  { name: 'scale-latency', run: latency },
];

// The floor of the sockets, as ratios to redis-server in the same run:
//   node apps/ingress/src/floor.bench.ts [--requests 200000] [--rounds 3]
//
// Behind the ingress stands an engine that answers every request with the same 64 bytes, so this tells what the ways to read and
// write cost and what an engine can at best reach; it is not for telling how fast Weir is. Each line alternates between all
// servers, as the machine has other things to do; the CPU time of the server per request is steadier than the rate.
// Needs redis-server and redis-benchmark.

import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SocketLinkClient, startSocketLinkServer } from '@weir/link';
import type { EnginePort } from '@weir/link';
import { BulkPerRequestEngine } from '@weir/link/testing';
import { startIngress } from './index.ts';

const WAYS = ['raw', 'net', 'link'] as const;
const LOADS = [
  { pipeline: 1, clients: 50 },
  { pipeline: 1, clients: 200 },
  { pipeline: 16, clients: 50 },
  { pipeline: 16, clients: 200 },
];
const log = { debug() {}, info() {}, warn: console.error, error: console.error };

async function serve(way: string, link: string): Promise<void> {
  if (way === 'engine') {
    await startSocketLinkServer({ engine: new BulkPerRequestEngine(), address: { kind: 'unix', path: link }, log });
    process.send!(0);
    return;
  }
  let engine: EnginePort = new BulkPerRequestEngine();
  if (way === 'link') {
    const client = new SocketLinkClient({ log, address: { kind: 'unix', path: link } });
    client.run();
    engine = client;
  }
  const listen = [{ kind: 'tcp', host: '127.0.0.1', port: 0 } as const];
  const ingress = await startIngress({ engine, listen, log, rawSockets: way !== 'net' });
  const [address] = ingress.addresses;
  process.send!(address.kind === 'tcp' ? address.port : 0);
}

const children: ChildProcess[] = [];

function start(way: string, link: string): Promise<{ port: number; pid: number }> {
  const child = fork(process.argv[1], ['--serve', way, link]);
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('message', (port) => resolve({ port: port as number, pid: child.pid! }));
    child.once('exit', (code) => reject(new Error(`${way} ended with ${code}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function startRedis(): Promise<{ port: number; pid: number }> {
  const port = await freePort();
  const child = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.on('data', (text: Buffer) => text.includes('Ready to accept') && resolve());
  });
  await run('redis-cli', ['-p', `${port}`, 'set', 'key:__rand_int__', 'x'.repeat(64)]);
  return { port, pid: child.pid! };
}

function run(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(out));
  });
}

/** User and system time in microseconds; ticks are 10 ms. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function measure(
  server: { port: number; pid: number },
  load: (typeof LOADS)[number],
  requests: number,
): Promise<{ rate: number; cpu: number }> {
  const before = cpuOf(server.pid);
  const out = await run('redis-benchmark', [
    ...['-p', `${server.port}`, '-P', `${load.pipeline}`, '-c', `${load.clients}`, '-n', `${requests}`, '-q'],
    ...['get', 'key:__rand_int__'],
  ]);
  const rates = [...out.matchAll(/([\d.]+) requests per second/g)];
  return { rate: Number(rates.at(-1)![1]), cpu: (cpuOf(server.pid) - before) / requests };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

async function main(requests: number, rounds: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-floor-'));
  try {
    const link = join(dir, 'link.sock');
    await start('engine', link);
    const redis = await startRedis();
    const servers = [];
    for (const way of WAYS) servers.push({ way, ...(await start(way, link)) });
    console.log(
      'median of rounds; per server: requests/s, ratio to redis-server of the same round, CPU µs per request',
    );
    for (const load of LOADS) {
      const total = requests * (load.pipeline === 1 ? 1 : 5);
      const results = new Map<string, { rate: number; cpu: number; ratio: number }[]>();
      for (let round = 0; round < rounds; round++) {
        const base = await measure(redis, load, total);
        results.set('redis', [...(results.get('redis') ?? []), { ...base, ratio: 1 }]);
        for (const server of servers) {
          const result = await measure(server, load, total);
          results.set(server.way, [...(results.get(server.way) ?? []), { ...result, ratio: result.rate / base.rate }]);
        }
      }
      const cells = [...results].map(([way, all]) => {
        const of = (key: 'rate' | 'cpu' | 'ratio'): number => median(all.map((r) => r[key]));
        return `${way} ${Math.round(of('rate') / 1000)}k ${of('ratio').toFixed(2)} ${of('cpu').toFixed(2)}µs`;
      });
      console.log(`P=${load.pipeline} clients=${load.clients}  ${cells.join('   ')}`);
    }
  } finally {
    for (const child of children) child.kill();
    rmSync(dir, { recursive: true });
  }
}

if (process.argv[2] === '--serve') {
  await serve(process.argv[3], process.argv[4]);
  process.on('disconnect', () => process.exit(0));
} else {
  const { values } = parseArgs({
    options: { requests: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '3' } },
  });
  await main(Number(values.requests), Number(values.rounds));
}

/*
 * What the log itself costs, against a fresh nats-server on this machine with its default sync. Not a measure of Weir: no engine, no clients.
 * Run: node libs/log/src/log.bench.ts [seconds per figure]. The tests run it small.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNats, type NatsLink } from './connect.ts';
import { startEmbeddedNats } from './embedded.ts';
import { clientHeaders, JetStreamLog } from './jetstream-log.ts';
import { decodeHeader, encodeHeader, HEADER_BYTES, RecordHeader } from './record.ts';
import type { AppendResult } from './types.ts';

export interface BenchOptions {
  readonly binary: string;
  readonly seconds: number;
  readonly print: (line: string) => void;
}

export async function runBench(options: BenchOptions): Promise<void> {
  const { print } = options;
  for (const size of [256, 4096, 65536]) benchChecksum(size, options);
  const dir = mkdtempSync(join(tmpdir(), 'weir-log-bench-'));
  const server = await startEmbeddedNats({ binary: options.binary, dir });
  try {
    const link = await connectNats({ urls: server.url, name: 'bench' });
    let id = 0;
    for (const size of [256, 4096, 65536]) {
      for (const window of [1, 2]) {
        const log = await fresh(link, id++);
        const rate = await appends(log, size, window, options.seconds);
        print(`append   ${size} B, ${window} in flight: ${Math.round(rate)}/s`);
        await log.destroy();
        log.close();
      }
      const log = await fresh(link, id++);
      print(`js.publish ${size} B, 2 in flight: ${Math.round(await clientAppends(link, log, size, options.seconds))}/s`);
      await log.destroy();
      log.close();
    }
    for (const [size, bytes] of [[200, 40e6], [65536, 400e6]] as const) {
      const log = await fresh(link, id++);
      const count = Math.max(200, Math.floor((bytes / size) * Math.min(1, options.seconds)));
      await fill(log, size, count);
      const seconds = await replay(log, count);
      print(`replay   ${size} B: ${Math.round(count / seconds)}/s, ${Math.round((count * size) / seconds / 1e6)} MB/s`);
      await log.destroy();
      log.close();
    }
    await link.close();
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function benchChecksum(size: number, { seconds, print }: BenchOptions): void {
  const header = new RecordHeader();
  const message = new Uint8Array(HEADER_BYTES + size);
  header.payloadLength = header.recordLength = size;
  const rounds = Math.ceil((seconds * 2e8) / size);
  const time = (what: string, body: () => void): void => {
    for (let i = 0; i < rounds / 4; i++) body();
    const start = performance.now();
    for (let i = 0; i < rounds; i++) body();
    const ns = ((performance.now() - start) * 1e6) / rounds;
    print(`checksum ${what} ${size} B: ${Math.round(ns)} ns, ${(size / ns).toFixed(2)} GB/s`);
  };
  time('encode', () => encodeHeader(message, 0, header));
  time('decode', () => decodeHeader(message, header));
}

async function fresh(link: NatsLink, id: number): Promise<JetStreamLog> {
  const log = new JetStreamLog(link, { cluster: 'bench', logId: String(id) });
  await log.ensureStream();
  return log;
}

function appends(log: JetStreamLog, size: number, window: number, seconds: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const message = new Uint8Array(size);
    const start = performance.now();
    let sent = 0;
    let stored = 0;
    const done = (result: AppendResult): void => {
      if (result.kind !== 'stored') return reject(new Error(JSON.stringify(result)));
      stored++;
      const elapsed = (performance.now() - start) / 1000;
      if (elapsed < seconds) log.appendCb(message, sent++, done);
      else if (stored === sent) resolve(stored / elapsed);
    };
    for (let i = 0; i < window; i++) log.appendCb(message, sent++, done);
  });
}

async function clientAppends(link: NatsLink, log: JetStreamLog, size: number, seconds: number): Promise<number> {
  const js = link.nc.jetstream();
  const message = new Uint8Array(size);
  const start = performance.now();
  let sent = 0;
  const one = async (): Promise<void> => {
    while ((performance.now() - start) / 1000 < seconds) await js.publish(log.subject, message, { headers: clientHeaders(sent++) });
  };
  await Promise.all([one(), one()]);
  return sent / ((performance.now() - start) / 1000);
}

function fill(log: JetStreamLog, size: number, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const message = new Uint8Array(size);
    let sent = 0;
    let stored = 0;
    const done = (result: AppendResult): void => {
      if (result.kind !== 'stored') return reject(new Error(JSON.stringify(result)));
      if (++stored === count) return resolve();
      if (sent < count) log.appendCb(message, sent++, done);
    };
    for (let i = 0; i < 32 && sent < count; i++) log.appendCb(message, sent++, done);
  });
}

function replay(log: JetStreamLog, count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const sub = log.consume(
      1,
      (seq) => {
        if (seq !== count) return;
        queueMicrotask(() => {
          sub.stop();
          resolve((performance.now() - start) / 1000);
        });
      },
      { onGap: () => reject(new Error('gap')), onError: reject },
    );
  });
}

if (process.argv[1] === import.meta.filename) {
  await runBench({
    binary: process.env['WEIR_NATS_SERVER'] ?? 'nats-server',
    seconds: Number(process.argv[2] ?? 2),
    print: (line) => console.log(line),
  });
}

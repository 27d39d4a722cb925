/*
 * What the log itself costs, against a fresh nats-server on this machine with its default sync. Not a measure of Weir: no engine, no clients.
 * Run: node libs/log/src/log.bench.ts [seconds per figure]. The tests run it small.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '@weir/toolchain';
import { connectNats } from './connect.ts';
import type { NatsLink } from './connect.ts';
import { startEmbeddedNats } from './embedded.ts';
import { clientHeaders, JetStreamLog } from './jetstream-log.ts';
import { decodeHeader, encodeHeader, HEADER_BYTES, RecordHeader } from './record.ts';
import { JetStreamSnapshots } from './snapshots.ts';
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
      print(
        `js.publish ${size} B, 2 in flight: ${Math.round(await clientAppends(link, log, size, options.seconds))}/s`,
      );
      await log.destroy();
      log.close();
    }
    for (const [size, bytes] of [
      [200, 40e6],
      [65536, 400e6],
    ] as const) {
      const log = await fresh(link, id++);
      const count = Math.max(200, Math.floor((bytes / size) * Math.min(1, options.seconds)));
      await fill(log, size, count);
      const seconds = await replay(log, count);
      print(`replay   ${size} B: ${Math.round(count / seconds)}/s, ${Math.round((count * size) / seconds / 1e6)} MB/s`);
      await log.destroy();
      log.close();
    }
    await benchSnapshot(link, options);
    await link.close();
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function benchSnapshot(link: NatsLink, { seconds, print }: BenchOptions): Promise<void> {
  const snapshots = new JetStreamSnapshots(link, { cluster: 'bench', logId: 'snap' });
  await snapshots.ensure();
  const size = Math.ceil(Math.min(1, seconds) * 256) * 1024 * 1024;
  const chunk = new Uint8Array(64 * 1024);
  const start = performance.now();
  const upload = await snapshots.create({
    id: 'a', seq: 1, offset: 0, epoch: 1, checksum: '0000000000000000', digest: '', keys: 0, engineVersion: 1, createdAt: 0,
  }); // prettier-ignore
  for (let at = 0; at < size; at += chunk.length) await upload.write(chunk);
  const manifest = await upload.finish();
  const written = performance.now();
  let bytes = 0;
  for await (const part of snapshots.read(manifest)) bytes += part.length;
  const read = performance.now();
  if (bytes !== size) throw new Error(`${bytes} of ${size}`);
  const rate = (ms: number): string => `${Math.round(size / ms / 1000)} MB/s`;
  print(
    `snapshot ${size >> 20} MB: put ${rate(written - start)}, get ${rate(read - written)}, ${process.memoryUsage.rss() >> 20} MB resident`,
  );
  await snapshots.remove('a');
  snapshots.close();
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
    while ((performance.now() - start) / 1000 < seconds)
      await js.publish(log.subject, message, { headers: clientHeaders(sent++) });
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
    binary: findNatsServer(),
    seconds: Number(process.argv[2] ?? 2),
    print: (line) => console.log(line),
  });
}

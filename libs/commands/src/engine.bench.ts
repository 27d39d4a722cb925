import { CommandWriter, FRAME, FrameScanner, ReplyWriter, encodeCommand } from '@weir/resp';
import { Keyspace, Random } from '@weir/keyspace';
import { testConfig } from '@weir/config/testing';
import { Context } from './core/context.ts';
import { execute } from './core/execute.ts';
import { Session } from './core/session.ts';
import { Slowlog } from './core/slowlog.ts';
import { CommandTable } from './core/table.ts';
import { allCommands } from './index.ts';
import { testHost } from './testing.ts';

// Time of a command inside the engine: find the frame, execute, write the reply (and the effect, for the log). Requests
// come in chunks of 64 KB in a buffer that is used again, as from a socket, over many keys in random order, so that the
// arena's memory is as cold as it would be: much of the time is waiting for it, so a busy machine shows other figures.
// Says nothing of sockets, of the log, or of commits.

export interface EngineBenchResult {
  readonly name: string;
  readonly nanos: number;
}

const CHUNK_BYTES = 64 * 1024;
const NOW = 1_700_000_000_000;

/** `only`: titles to measure; all by default. */
export function engineBench(keys = 200_000, rounds = 5, only: readonly string[] = []): EngineBenchResult[] {
  const keyspace = new Keyspace({ seed: { k0: 1, k1: 2 }, randomSeed: 1 });
  const ctx = new Context({
    keyspace,
    config: testConfig(),
    host: testHost(),
    table: new CommandTable(allCommands),
    reply: new ReplyWriter(),
    effects: new CommandWriter(),
    slowlog: new Slowlog(),
  });
  const control = { close() {}, destroy() {}, pendingOutputBytes: 0, queryBufferBytes: 0 };
  const session = new Session({ id: 1, control, authenticated: true, nowMs: NOW });
  const random = new Random(42);
  const name = (i: number): string => `key:${String(i).padStart(12, '0')}`;
  const value = 'x'.repeat(64);
  const key = (): string => name(random.u32() % keys);

  const scanner = new FrameScanner();
  const input = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  /** Nanoseconds a command. */
  const run = (chunks: readonly Uint8Array[]): number => {
    let commands = 0;
    let ms = 0;
    for (const chunk of chunks) {
      input.set(chunk);
      const start = performance.now();
      scanner.feed(input, 0, chunk.length);
      while (scanner.next() === FRAME) {
        execute(ctx, session, scanner.request, NOW);
        commands++;
      }
      // As at the end of a turn: the replies go out, the effects become a record.
      ctx.reply.reset();
      if (ctx.effects.count > 0) {
        ctx.effects.settle();
        ctx.effects.reset();
        ctx.recordTaken();
      }
      ms += performance.now() - start;
    }
    return (ms * 1e6) / commands;
  };
  const all = Array.from({ length: keys }, (_, i) => ['SET', name(i), value]);
  run(chunked(all));

  const results: EngineBenchResult[] = [];
  const measure = (title: string, request: () => string[], each = 1): void => {
    if (only.length > 0 && !only.includes(title)) return;
    const chunks = chunked(Array.from({ length: Math.ceil(keys / each) }, request));
    let best = Infinity;
    for (let round = 0; round < rounds; round++) best = Math.min(best, run(chunks));
    results.push({ name: title, nanos: best });
  };
  measure('GET', () => ['GET', key()]);
  measure('SET', () => ['SET', key(), value]);
  measure('GET of no key', () => ['GET', 'no' + key()]);
  measure('EXISTS', () => ['EXISTS', key()]);
  measure('TTL', () => ['TTL', key()]);
  measure('SET … EX', () => ['SET', key(), value, 'EX', '1000']);
  measure('SET, another size', () => ['SET', key(), value.slice(random.u32() % 64)]);
  measure('EXPIRE', () => ['EXPIRE', key(), '1000']);
  measure('MGET of 10', () => ['MGET', ...Array.from({ length: 10 }, key)], 10);
  measure('MSET of 10', () => ['MSET', ...Array.from({ length: 10 }, () => [key(), value]).flat()], 10);
  measure('INCR', () => ['INCR', 'n' + key()]);
  measure('DEL', () => ['DEL', key()]);
  return results;
}

function chunked(requests: readonly string[][]): Uint8Array[] {
  const stream = Buffer.concat(requests.map((request) => encodeCommand(request)));
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += CHUNK_BYTES) {
    chunks.push(Uint8Array.prototype.slice.call(stream, at, at + CHUNK_BYTES));
  }
  return chunks;
}

if (import.meta.main) {
  for (const { name, nanos } of engineBench()) console.log(`${name.padEnd(20)} ${nanos.toFixed(0).padStart(6)} ns`);
}

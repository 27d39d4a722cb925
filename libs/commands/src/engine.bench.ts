// Time of a command inside the engine: find the frame, execute, write the reply (and the effect, for the log). Requests
// come in chunks of 64 KB in a buffer that is used again, as from a socket, over many keys in random order, so that the
// arena's memory is as cold as it would be: much of the time is waiting for it, so a busy machine shows other figures.
// Says nothing of sockets, of the log, or of commits.

import { CommandWriter, FRAME, FrameScanner, ReplyWriter, encodeCommand } from '@weir/resp';
import { Keyspace, Random } from '@weir/keyspace';
import { testConfig } from '@weir/config/testing';
import { Context } from './core/context.ts';
import { execute } from './core/execute.ts';
import { Lookahead } from './core/lookahead.ts';
import { Session } from './core/session.ts';
import { Slowlog } from './core/slowlog.ts';
import { CommandTable } from './core/table.ts';
import { allCommands } from './index.ts';
import { testHost } from './testing.ts';

export interface EngineBenchResult {
  readonly name: string;
  readonly nanos: number;
}

const CHUNK_BYTES = 64 * 1024;
const NOW = 1_700_000_000_000;
const MINUS = 45;

interface EngineRig {
  readonly random: Random;
  /** Nanoseconds a command. */
  readonly run: (chunks: readonly Uint8Array[]) => number;
}

/** An engine with an empty keyspace, and the loop around it. */
function engineRig(): EngineRig {
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
  const scanner = new FrameScanner();
  const lookahead = new Lookahead();
  const input = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const run = (chunks: readonly Uint8Array[]): number => {
    let commands = 0;
    let ms = 0;
    for (const chunk of chunks) {
      input.set(chunk);
      const start = performance.now();
      scanner.feed(input, 0, chunk.length);
      lookahead.begin(scanner);
      while (lookahead.next(ctx, session) === FRAME) {
        execute(ctx, session, lookahead.request, NOW, lookahead.command);
        commands++;
      }
      lookahead.end();
      // As at the end of a turn: the replies go out, the effects become a record.
      const { buf, pos } = ctx.reply;
      if (pos > 0 && buf[0] === MINUS) throw new Error(`no measure: ${Buffer.from(buf.subarray(0, 100)).toString()}`);
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
  return { random: new Random(42), run };
}

/** `only`: titles to measure; all by default. */
export function engineBench(keys = 200_000, rounds = 5, only: readonly string[] = []): EngineBenchResult[] {
  const { random, run } = engineRig();
  const name = (i: number): string => `key:${digits(i)}`;
  const value = 'x'.repeat(64);
  const key = (): string => name(random.u32() % keys);
  let filled = false;

  const results: EngineBenchResult[] = [];
  const measure = (title: string, request: () => string[], each = 1): void => {
    if (only.length > 0 && !only.includes(title)) return;
    if (!filled) run(chunked(Array.from({ length: keys }, (_, i) => ['SET', name(i), value])));
    filled = true;
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

function digits(i: number): string {
  return String(i).padStart(12, '0');
}

/**
 * redis-benchmark's own commands on types that are no strings, with its values of three bytes, and those that look into a large
 * collection: `elements` in each. What adds begins with nothing in each round, what removes with all.
 */
export function engineTypesBench(elements = 200_000, rounds = 5, only: readonly string[] = []): EngineBenchResult[] {
  const { random, run } = engineRig();
  const any = (): number => random.u32() % elements;
  const member = (i = any()): string => `element:${digits(i)}`;
  const middle = String(elements >> 1);
  const many = (head: string[], words: (i: number) => string[]): string[][] =>
    Array.from({ length: elements / EACH }, (_, batch) => [
      ...head,
      ...Array.from({ length: EACH }, (_, i) => words(batch * EACH + i)).flat(),
    ]);
  // Made when they are wanted: a profile of one command should not be one of its preparation.
  const none = (key: string) => (): string[][] => [['DEL', key]];
  const list = (): string[][] => [...none('list')(), ...many(['RPUSH', 'list'], () => ['xxx'])];
  const set = (): string[][] => [...none('set')(), ...many(['SADD', 'set'], (i) => [member(i)])];
  const zset = (): string[][] => [...none('zset')(), ...many(['ZADD', 'zset'], (i) => [String(any()), member(i)])];
  const hash = (): string[][] => [...none('hash')(), ...many(['HSET', 'hash'], (i) => [member(i), 'xxx'])];

  const results: EngineBenchResult[] = [];
  const measure = (title: string, before: () => string[][], request: (i: number) => string[], each = 1): void => {
    if (only.length > 0 && !only.includes(title)) return;
    const preparing = chunked(before());
    const chunks = chunked(
      Array.from({ length: Math.ceil(elements / each) }, (_, i) => request(i)),
      PIPELINE * (each === 1 ? CLIENTS : 1),
    );
    let best = Infinity;
    for (let round = 0; round < rounds; round++) {
      run(preparing);
      best = Math.min(best, run(chunks));
    }
    results.push({ name: title, nanos: best });
  };
  measure(
    'PING',
    () => [],
    () => ['PING'],
  );
  measure('LPUSH', none('list'), () => ['LPUSH', 'list', 'xxx']);
  measure('RPUSH', none('list'), () => ['RPUSH', 'list', 'xxx']);
  measure('LPOP', list, () => ['LPOP', 'list']);
  measure('RPOP', list, () => ['RPOP', 'list']);
  for (const count of [100, 300, 500, 600]) {
    measure(`LRANGE of ${count}`, list, () => ['LRANGE', 'list', '0', String(count - 1)], count);
  }
  measure('LINDEX in the middle', list, () => ['LINDEX', 'list', middle], 10);
  measure('SADD', none('set'), () => ['SADD', 'set', member()]);
  measure('SISMEMBER', set, () => ['SISMEMBER', 'set', member()]);
  measure('SPOP', set, () => ['SPOP', 'set']);
  measure('HSET', none('hash'), () => ['HSET', 'hash', member(), 'xxx']);
  measure('HGET', hash, () => ['HGET', 'hash', member()]);
  measure('ZADD', none('zset'), () => ['ZADD', 'zset', String(any()), member()]);
  measure('ZADD of another score', zset, () => ['ZADD', 'zset', String(any()), member()]);
  measure('ZSCORE', zset, () => ['ZSCORE', 'zset', member()]);
  measure('ZRANK', zset, () => ['ZRANK', 'zset', member()]);
  measure('ZRANGE of 10', zset, () => {
    const first = any();
    return ['ZRANGE', 'zset', String(first), String(first + 9)];
  });
  measure('ZRANGEBYSCORE, 10', zset, () => ['ZRANGEBYSCORE', 'zset', String(any()), '+inf', 'LIMIT', '0', '10']);
  measure('ZPOPMIN', zset, () => ['ZPOPMIN', 'zset']);
  measure('XADD', none('stream'), (i) => ['XADD', 'stream', `${i + 1}-0`, 'field', 'xxx']);
  const stream = (): string[][] => [
    ...none('stream')(),
    ...Array.from({ length: elements }, (_, i) => ['XADD', 'stream', `${i + 1}-0`, 'field', 'xxx']),
  ];
  measure('XRANGE of 10', stream, () => ['XRANGE', 'stream', String(any()), '+', 'COUNT', '10'], 10);
  const group = (): string[][] => [...stream(), ['XGROUP', 'CREATE', 'stream', 'g', '0']];
  const next = ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '10', 'STREAMS', 'stream', '>'];
  measure('XREADGROUP of 10', group, () => next, 10);
  return results;
}

const EACH = 100;
const PIPELINE = 16;
const CLIENTS = 50;

/** As they would come from sockets; `requestsMax` where many long replies in one turn would measure the reply's buffer. */
function chunked(requests: readonly string[][], requestsMax = Infinity): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < requests.length; start += requestsMax) {
    const some = requestsMax === Infinity ? requests : requests.slice(start, start + requestsMax);
    const stream = Buffer.concat(some.map((request) => encodeCommand(request)));
    for (let at = 0; at < stream.length; at += CHUNK_BYTES) {
      chunks.push(Uint8Array.prototype.slice.call(stream, at, at + CHUNK_BYTES));
    }
  }
  return chunks;
}

if (import.meta.main) {
  // node libs/commands/src/engine.bench.ts [TITLE …]
  const only = process.argv.slice(2);
  const rounds = only.length > 0 ? 15 : 5;
  for (const { name, nanos } of [...engineBench(200_000, rounds, only), ...engineTypesBench(200_000, rounds, only)]) {
    console.log(`${name.padEnd(22)} ${nanos.toFixed(0).padStart(6)} ns`);
  }
}

// Micro benchmarks of the hot loops: node libs/resp/src/resp.bench.ts
//
// For choosing between ways to write a loop; a whole server spends most of its time elsewhere. Each line is the best of
// several rounds, as the machine has other things to do. A bench that runs alone in a process flatters itself: the
// rounds go over all benches in turn, so that they share one state of optimization.

import { CommandWriter, FRAME, FrameScanner, ReplyWriter, Request, formatDouble } from './index.ts';

const CHUNK_BYTES = 64 * 1024;
const ROUNDS = 7;
const quick = process.argv.includes('--quick');
const OPERATIONS = quick ? 2_000 : 400_000;

const arena = new Uint8Array(new ArrayBuffer(quick ? 65 * 1024 ** 2 : 5 * 1024 ** 3));
const far = arena.length - 1024 * 1024;

function pipelined(make: (i: number) => (string | number)[]): Uint8Array {
  const writer = new CommandWriter();
  for (let i = 0; ; i++) {
    const request = new Request().setFromStrings(...make(i));
    if (writer.pos + request.end > CHUNK_BYTES) return writer.written();
    writer.frame(request.buf, 0, request.end);
  }
}

const key = (i: number) => `key:${String(i).padStart(12, '0')}`;

function scan(chunk: Uint8Array): (operations: number) => number {
  const scanner = new FrameScanner();
  return (operations) => {
    let done = 0;
    while (done < operations) {
      scanner.feed(chunk, 0, chunk.length);
      while (scanner.next() === FRAME) done++;
    }
    return done;
  };
}

function write(one: (writer: ReplyWriter, i: number) => void): (operations: number) => number {
  const writer = new ReplyWriter();
  return (operations) => {
    for (let i = 0; i < operations; i++) {
      one(writer, i);
      if (writer.pos > CHUNK_BYTES) writer.reset();
    }
    return operations;
  };
}

const commands = new CommandWriter(64);
const small = new Uint8Array(4096);
const benches: [string, (operations: number) => number][] = [
  ['scan GET, 16 B key', scan(pipelined((i) => ['GET', key(i)]))],
  ['scan SET, 16 B key, 64 B value', scan(pipelined((i) => ['SET', key(i), 'x'.repeat(64)]))],
  ['scan MSET, 10 pairs', scan(pipelined((i) => ['MSET', ...Array.from({ length: 20 }, () => key(i))]))],
  ['write ok', write((w) => w.ok())],
  ['write nil', write((w) => w.nil())],
  ['write int', write((w, i) => w.int(i))],
  ...[4, 16, 64, 128, 1024].map((len): [string, (operations: number) => number] => [
    `write bulk, ${len} B from an arena`,
    write((w, i) => w.bulk(arena, far + (i & 1023) * 71, len)),
  ]),
  ...[16, 64, 1024].map((len): [string, (operations: number) => number] => [
    `write bulk, ${len} B from a small buffer`,
    write((w, i) => w.bulk(small, (i & 1023) * 2, len)),
  ]),
  ['write bulkLatin1, 10 characters', write((w) => w.bulkLatin1('abcdefghij'))],
  ['formatDouble', write((_w, i) => void formatDouble(i / 7))],
  [
    'effect SET, 16 B and 64 B',
    (operations) => {
      for (let i = 0; i < operations; i++) {
        commands.command(3);
        commands.argLatin1('SET');
        commands.argBytes(small, i & 1023, 16);
        commands.argBytes(small, i & 1023, 64);
        if (commands.pos > CHUNK_BYTES) commands.reset();
      }
      return operations;
    },
  ],
];

const best = benches.map(() => Infinity);
for (let round = 0; round < ROUNDS; round++) {
  for (const [i, [, run]] of benches.entries()) {
    const began = process.hrtime.bigint();
    const done = run(OPERATIONS);
    best[i] = Math.min(best[i], Number(process.hrtime.bigint() - began) / done);
  }
}
for (const [i, [name]] of benches.entries()) console.log(`${name.padEnd(40)} ${best[i].toFixed(1).padStart(8)} ns`);

// Benchmarks of the keyspace: node libs/keyspace/src/keyspace.bench.ts [--quick]
//
// Nanoseconds of find and set without parser, reply and network; bytes per key; the longest pause of one insertion while the
// table grows; how long a flush takes. Figures are the best of several rounds, as the machine has other things to do;
// pauses and flushes are counted in processor time of this thread.

import { Keyspace } from './index.ts';

const quick = process.argv.includes('--quick');
const VALUE = Buffer.alloc(64, 'x');
const now = 1_700_000_000_000;
/** Insertions that are timed together. */
const GROUP = 40;

function make(): Keyspace {
  return new Keyspace({ seed: { k0: 0x12345678, k1: 0x0badcafe }, randomSeed: 1 });
}

function keysBuffer(count: number, prefix: string): Buffer {
  const keys = Buffer.alloc(count * 16);
  for (let i = 0; i < count; i++) keys.write(prefix + String(i).padStart(16 - prefix.length, '0'), i * 16, 'latin1');
  return keys;
}

function set(keyspace: Keyspace, keys: Buffer, i: number): void {
  const db = keyspace.dbs[0];
  const hash = keyspace.hash(keys, i * 16, 16);
  const ref = db.keys.find(hash, keys, i * 16, 16);
  keyspace.setString(keyspace.key(db, hash, keys, i * 16, 16), ref, VALUE, 0, 64, 0, false, now);
}

function find(keyspace: Keyspace, keys: Buffer, i: number): number {
  return keyspace.dbs[0].keys.find(keyspace.hash(keys, i * 16, 16), keys, i * 16, 16);
}

/** Best of the rounds, in ns per operation, keys in a shuffled order. */
function best(count: number, operations: number, one: (i: number) => unknown): number {
  let least = Infinity;
  let x = 12345;
  for (let round = 0; round < (quick ? 1 : 7); round++) {
    const start = performance.now();
    for (let n = 0; n < operations; n++) {
      x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
      one(Math.floor((x / 4294967296) * count));
    }
    least = Math.min(least, ((performance.now() - start) * 1e6) / operations);
  }
  return least;
}

/** Time of the processor, so that what else the machine does is not counted. */
function cpuMs(run: () => void): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

function line(name: string, value: string): void {
  process.stdout.write(`${name.padEnd(52)} ${value}\n`);
}

for (const count of quick ? [2_000] : [200_000, 1_000_000]) {
  const keyspace = make();
  const keys = keysBuffer(count, 'key:');
  const others = keysBuffer(count, 'nokey:');
  const start = performance.now();
  for (let i = 0; i < count; i++) set(keyspace, keys, i);
  const insertNs = ((performance.now() - start) * 1e6) / count;
  while (keyspace.dbs[0].keys.rehashStep());
  const operations = quick ? 1_000 : 400_000;
  line(`${count} keys: insert`, `${insertNs.toFixed(0)} ns`);
  line(`${count} keys: find, hit`, `${best(count, operations, (i) => find(keyspace, keys, i)).toFixed(0)} ns`);
  line(`${count} keys: find, miss`, `${best(count, operations, (i) => find(keyspace, others, i)).toFixed(0)} ns`);
  line(`${count} keys: set, in place`, `${best(count, operations, (i) => set(keyspace, keys, i)).toFixed(0)} ns`);
  const { arena } = keyspace;
  line(
    `${count} keys: bytes per key, used / committed`,
    `${(arena.usedBytes / count).toFixed(1)} / ${(arena.committedBytes / count).toFixed(1)}`,
  );
  const flushMs = cpuMs(() => keyspace.flush(keyspace.dbs[0]));
  line(`${count} keys: flush of the only database`, `${flushMs.toFixed(1)} ms`);
  for (let i = 0; i < count; i++) set(keyspace, keys, i);
  // One key elsewhere, and the entries have to be freed one by one.
  const key = Buffer.from('other');
  keyspace.setString(keyspace.key(keyspace.dbs[1], keyspace.hash(key, 0, 5), key, 0, 5), 0, key, 0, 5, 0, false, now);
  const walkMs = cpuMs(() => keyspace.flush(keyspace.dbs[0]));
  line(`${count} keys: flush of one of two databases`, `${walkMs.toFixed(1)} ms`);
}

{
  // The second round meets memory that was used before, which has to be zeroed for a new table.
  const count = quick ? 5_000 : 4_000_000;
  const keyspace = make();
  const keys = keysBuffer(count, 'key:');
  for (const round of ['fresh', 'recycled']) {
    let worst = 0;
    let worstAt = 0;
    for (let i = 0; i < count; i += GROUP) {
      const before = process.threadCpuUsage();
      for (let n = i; n < i + GROUP; n++) set(keyspace, keys, n);
      const { user, system } = process.threadCpuUsage(before);
      const took = (user + system) / 1000;
      if (took > worst) {
        worst = took;
        worstAt = i;
      }
    }
    line(`growing to ${count} keys, ${round} memory: longest pause`, `${worst.toFixed(2)} ms (key ${worstAt})`);
    // A block at the end keeps the memory from going back to the system.
    const key = Buffer.from('pin');
    const pin = Buffer.alloc(100_000);
    keyspace.setString(
      keyspace.key(keyspace.dbs[1], keyspace.hash(key, 0, 3), key, 0, 3),
      0,
      pin,
      0,
      pin.length,
      0,
      false,
      now,
    );
    keyspace.flush(keyspace.dbs[0]);
  }
}

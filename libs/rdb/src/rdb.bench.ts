// How fast a snapshot is written and read, apart from the keyspace and the disk. Not for comparing machines, nor with Redis, whose
// figures include its keyspace.
//
//   node libs/rdb/src/rdb.bench.ts [keys]     (1,000,000 by default: keys of 16 bytes, values of 64)
//
// 2 cores, Node 26.10, see docs/internals/rdb.md for the figures.

import { Crc64 } from './crc64.ts';
import { TYPE_HASH, TYPE_HASH_LISTPACK, TYPE_LIST_QUICKLIST_2, TYPE_ZSET_2, TYPE_ZSET_LISTPACK } from './format.ts';
import { ListpackBuilder } from './listpack-builder.ts';
import { LzfCompressor, lzfDecompress } from './lzf.ts';
import { RdbReader } from './reader.ts';
import { bytes, SilentSink, writeFile } from './testing.ts';
import { RdbWriter } from './writer.ts';

const KEY_BYTES = 16;
const VALUE_BYTES = 64;
const ROUNDS = 3;

export interface BenchResult {
  readonly name: string;
  readonly bytes: number;
  readonly entries: number;
  readonly seconds: number;
}

export function runRdbBench(keys: number, rounds = ROUNDS): BenchResult[] {
  const results: BenchResult[] = [];
  const plain = entries(keys, false);
  const text = entries(keys, true);
  const measure = (name: string, count: number, run: () => number): void => {
    let best = Infinity;
    let bytes = 0;
    for (let i = 0; i < rounds; i++) {
      const start = performance.now();
      bytes = run();
      best = Math.min(best, (performance.now() - start) / 1000);
    }
    results.push({ name, bytes, entries: count, seconds: best });
  };

  const file = new Uint8Array(keys * (KEY_BYTES + VALUE_BYTES + 16) + 1024);
  let fileBytes = 0;
  const toFile = (chunk: Uint8Array): void => {
    file.set(chunk, fileBytes);
    fileBytes += chunk.length;
  };
  const write = (data: Uint8Array, compress: boolean): number => {
    fileBytes = 0;
    const writer = new RdbWriter({ flush: toFile, compress });
    writer.header();
    writer.selectDb(0);
    writer.resizeDb(keys, 0);
    const step = KEY_BYTES + VALUE_BYTES;
    for (let off = 0; off < data.length; off += step) {
      writer.stringEntry(data, off, KEY_BYTES, data, off + KEY_BYTES, VALUE_BYTES, -1, -1, -1);
    }
    writer.end();
    return fileBytes;
  };
  const read = (chunkBytes: number): number => {
    const sink = new CountingSink();
    const reader = new RdbReader(sink);
    for (let at = 0; at < fileBytes; at += chunkBytes) {
      reader.push(file.subarray(at, Math.min(at + chunkBytes, fileBytes)));
    }
    reader.end();
    if (sink.entries !== keys) throw new Error(`read ${sink.entries} of ${keys} entries`);
    return fileBytes;
  };

  measure('write, rdbcompression no', keys, () => write(plain, false));
  measure('read, 64 KiB chunks', keys, () => read(64 * 1024));
  measure('read, 4 KiB chunks', keys, () => read(4 * 1024));
  measure('write, incompressible', keys, () => write(plain, true));
  measure('write, compressible', keys, () => write(text, true));
  measure('read, compressed', keys, () => read(64 * 1024));

  const { file: collections, values, elements } = collectionsFile(keys / 20);
  const elementsRead = (): number => {
    const sink = new ElementsSink();
    const reader = new RdbReader(sink);
    for (let at = 0; at < collections.length; at += 65536) reader.push(collections.subarray(at, at + 65536));
    reader.end();
    if (sink.values !== values || sink.elements !== elements) throw new Error(`read ${sink.elements} of ${elements}`);
    return collections.length;
  };
  measure('read, collections', elements, elementsRead);

  const crc = new Crc64();
  measure('crc64', 0, () => {
    crc.update(plain, 0, plain.length);
    return plain.length;
  });
  const lzf = new LzfCompressor();
  const compressed = new Uint8Array(text.length);
  let compressedBytes = 0;
  measure('lzf compress', 0, () => {
    compressedBytes = lzf.compress(text, 0, text.length, compressed, 0, compressed.length);
    return text.length;
  });
  measure('lzf decompress', 0, () => {
    if (!lzfDecompress(compressed, 0, compressedBytes, plain, 0, plain.length)) throw new Error('lzf');
    return text.length;
  });
  return results;
}

class CountingSink extends SilentSink {
  entries = 0;
  override string(): void {
    this.entries++;
  }
}

class ElementsSink extends SilentSink {
  values = 0;
  elements = 0;
  override listpack(_buf: Uint8Array, _off: number, _len: number, count: number): void {
    this.elements += count;
  }
  override element(): void {
    this.elements++;
  }
  override pair(): void {
    this.elements += 2;
  }
  override member(): void {
    this.elements++;
  }
  override endValue(): void {
    this.values++;
  }
}

/**
 * Of each five values a hash and a sorted set as listpacks of 20 elements, a hash of 50 pairs, a sorted set of 50 members and a list of
 * two nodes of 50.
 */
function collectionsFile(count: number): { file: Uint8Array; values: number; elements: number } {
  const rounds = Math.max(1, Math.floor(count / 5));
  const builder = new ListpackBuilder();
  const text = (n: number): Uint8Array => bytes(`element ${n}`);
  const listpack = (length: number, scores: boolean): [Uint8Array, number, number] => {
    builder.reset();
    for (let i = 0; i < length; i++) {
      const element = scores && i % 2 === 1 ? bytes(String(i)) : text(i);
      builder.append(element, 0, element.length);
    }
    return [builder.bytes, 0, builder.finish()];
  };
  const file = writeFile(
    (writer) => {
      const key = (type: number, n: number): void => {
        const name = bytes(`key:${n}`);
        writer.entryPrefix(type, name, 0, name.length, -1, -1, -1);
      };
      const put = (value: Uint8Array): void => writer.valueString(value, 0, value.length);
      writer.selectDb(0);
      for (let round = 0; round < rounds; round++) {
        key(TYPE_HASH_LISTPACK, 5 * round);
        writer.valueString(...listpack(20, false));
        key(TYPE_ZSET_LISTPACK, 5 * round + 1);
        writer.valueString(...listpack(20, true));
        key(TYPE_HASH, 5 * round + 2);
        writer.valueLength(50);
        for (let i = 0; i < 100; i++) put(text(i));
        key(TYPE_ZSET_2, 5 * round + 3);
        writer.valueLength(50);
        for (let i = 0; i < 50; i++) writer.valueMember(text(i), 0, text(i).length, 50.5 - i);
        key(TYPE_LIST_QUICKLIST_2, 5 * round + 4);
        writer.valueLength(2);
        for (let node = 0; node < 2; node++) writer.valueNode(false, ...listpack(50, false));
      }
    },
    { compress: false },
  );
  return { file, values: 5 * rounds, elements: 290 * rounds };
}

/** Keys as redis-benchmark makes them; values of noise, or of repeating text. */
function entries(keys: number, text: boolean): Uint8Array {
  const step = KEY_BYTES + VALUE_BYTES;
  const data = new Uint8Array(keys * step);
  let seed = 1;
  for (let n = 0; n < keys; n++) {
    const off = n * step;
    data.set([0x6b, 0x65, 0x79, 0x3a], off);
    let rest = n;
    for (let i = KEY_BYTES - 1; i >= 4; i--) {
      data[off + i] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    for (let i = KEY_BYTES; i < step; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) | 0;
      data[off + i] = text ? 0x61 + (i & 7) + ((seed >>> 16) % 19 === 0 ? 1 : 0) : seed >>> 16;
    }
  }
  return data;
}

if (import.meta.main) {
  for (const { name, bytes, entries: count, seconds } of runRdbBench(Number(process.argv[2] ?? 1_000_000))) {
    const rate = count === 0 ? '' : `${(count / seconds / 1e6).toFixed(2)} M/s`;
    console.log(
      `${name.padEnd(26)} ${(bytes / seconds / 1e6).toFixed(0).padStart(5)} MB/s  ${rate.padStart(18)}  ${(seconds * 1000).toFixed(0).padStart(5)} ms`,
    );
  }
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '@weir/memory';
import fc from 'fast-check';
import * as listpack from './index.ts';
import type { BulkSink } from './index.ts';

/** Has never more room than was asked for, beyond a byte that nobody may touch. */
class Sink implements BulkSink {
  buf = new Uint8Array(1);
  view = new DataView(this.buf.buffer);
  pos = 0;

  ensure(bytes: number): void {
    assert.equal(this.buf[this.buf.length - 1], 0, 'written beyond the room');
    const grown = new Uint8Array(this.pos + bytes + 1);
    grown.set(this.buf.subarray(0, this.pos));
    this.buf = grown;
    this.view = new DataView(grown.buffer);
  }

  bulk(buf: Uint8Array, off: number, len: number): void {
    const bytes = bulk(buf.subarray(off, off + len));
    this.ensure(bytes.length);
    this.buf.set(bytes, this.pos);
    this.pos += bytes.length;
  }

  written(): string {
    this.ensure(0);
    return Buffer.from(this.buf.subarray(0, this.pos)).toString('latin1');
  }
}

function bulk(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
}

const edges = [0, 9, 10, 11, 63, 64, 127, 255, 256, 257, 4095, 4096, 8180, 8190, 8192, 9000, 20000];
const integers = [127, 128, 4095, 4096, 32767, 32768, 8388607, 8388608, 2147483647, 2147483648]
  .flatMap((n) => [n, -n, -n - 1])
  .concat(0, 9, 10, 99, 100, 1e9, -1e9, 1e10)
  .map((n) => Buffer.from(String(n)))
  .concat(Buffer.from('9223372036854775807'), Buffer.from('-9223372036854775808'));

const element = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 4, arbitrary: fc.constantFrom(...integers) },
  { weight: 2, arbitrary: fc.constantFrom(...edges).map((length) => Buffer.alloc(length, 'x')) },
  { weight: 4, arbitrary: fc.integer().map((n) => Buffer.from(String(n))) },
);

function packed(arena: Arena, elements: readonly Uint8Array[]): number {
  let ref = listpack.create(arena);
  for (const bytes of elements) ref = listpack.append(arena, ref, bytes, 0, bytes.length);
  return ref;
}

test('any run of entries, some left out between them, is written as the bulk strings of its elements', () => {
  const arena = new Arena({ reserveBytes: 64 * 1024 ** 2 });
  const runs = fc.record({
    elements: fc.array(element, { minLength: 1, maxLength: 60 }),
    from: fc.nat(),
    n: fc.nat(70),
    skip: fc.nat(2),
  });
  const property = fc.property(runs, ({ elements, from, n, skip }) => {
    const ref = packed(arena, elements);
    const first = from % elements.length;
    const sink = new Sink();
    listpack.writeBulks(arena, ref, listpack.seek(arena, ref, first), n, skip, sink);
    const expected = elements.slice(first).filter((_, i) => i % (skip + 1) === 0);
    assert.equal(sink.written(), Buffer.concat(expected.slice(0, n).map(bulk)).toString('latin1'));
    arena.free(ref);
  });
  fc.assert(property, { numRuns: 300 });
});

test('a long listpack is written part by part, whatever stands at the seams', () => {
  const arena = new Arena({ reserveBytes: 64 * 1024 ** 2 });
  for (let first = 0; first < 80; first += 9) {
    const elements = [Buffer.alloc(first, 'f')];
    for (let i = 0; i < 2000; i++)
      elements.push(i % 3 === 0 ? Buffer.from(String(i * i * 7)) : Buffer.alloc(i % 90, 'v'));
    const ref = packed(arena, elements);
    const sink = new Sink();
    listpack.writeBulks(arena, ref, listpack.FIRST, elements.length, 0, sink);
    assert.equal(sink.written(), Buffer.concat(elements.map(bulk)).toString('latin1'));
    arena.free(ref);
  }
});

test('the element of any index is found from either end', () => {
  const arena = new Arena({ reserveBytes: 64 * 1024 ** 2 });
  const property = fc.property(fc.array(element, { minLength: 1, maxLength: 40 }), (elements) => {
    const ref = packed(arena, elements);
    let pos = listpack.FIRST;
    for (let i = 0; i < elements.length; i++) {
      assert.equal(listpack.seek(arena, ref, i), pos);
      assert.equal(listpack.seek(arena, ref, i - elements.length), pos);
      pos = listpack.next(arena, ref, pos);
    }
    arena.free(ref);
  });
  fc.assert(property, { numRuns: 200 });
});

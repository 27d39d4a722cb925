import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteQueue } from './byte-queue.ts';

const seed = Number(process.env['SEED'] ?? (process.env['CI'] === undefined ? Date.now() % 2 ** 31 : 1));

test('bytes come out as they went in, whatever the sizes, and the caller may reuse what it appended', (t) => {
  t.diagnostic(`seed ${seed}`);
  const step = fc.oneof(
    fc.record({ append: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20_000 })) }),
    fc.record({ take: fc.integer({ min: 1, max: 30_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ByteQueue();
      const taken: Buffer[] = [];
      let next = 0;
      let inside = 0;
      const take = (max: number): void => {
        const view = queue.peek(max);
        if (view === undefined) return assert.equal(inside, 0);
        assert.ok(view.length > 0 && view.length <= max);
        taken.push(Buffer.from(view));
        queue.consume(view.length);
        inside -= view.length;
      };
      for (const s of steps) {
        if ('append' in s) {
          const bytes = Uint8Array.from({ length: s.append + 3 }, (_, i) =>
            i === 0 || i > s.append ? 0 : next++ & 0xff,
          );
          queue.append(bytes, 1, s.append + 1);
          bytes.fill(0xee);
          inside += s.append;
        } else take(s.take);
        assert.equal(queue.length, inside);
        assert.ok(queue.capacity >= inside && (inside > 0 || queue.capacity === 0));
      }
      while (queue.length > 0) take(Infinity);
      const all = Buffer.concat(taken);
      assert.equal(all.length, next);
      for (let i = 0; i < all.length; i++) if (all[i] !== (i & 0xff)) assert.fail(`byte ${i}`);
    }),
    { seed, numRuns: 200 },
  );
});

test('a cleared queue is empty and usable', () => {
  const queue = new ByteQueue();
  queue.append(Buffer.from('abc'), 0, 3);
  queue.clear();
  assert.equal(queue.peek(9), undefined);
  queue.append(Buffer.from('xdef'), 1, 4);
  assert.equal(Buffer.from(queue.peek(9)!).toString(), 'def');
});

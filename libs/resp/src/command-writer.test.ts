import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CommandWriter } from './command-writer.ts';

// One buffer of bytes that stand for frames; a step writes a stretch of it now or later, or something else, or settles.
const step = fc.record({
  kind: fc.constantFrom('frame', 'later', 'later', 'later', 'command', 'settle', 'truncate'),
  at: fc.nat(3000),
  len: fc.nat(700),
  follow: fc.boolean(),
});

test('frames that are copied later give the same bytes as frames that are copied at once, in any mixture', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const lent = Uint8Array.from({ length: 4000 }, (_, i) => (i * 7) & 255);
      const now = new CommandWriter(8);
      const later = new CommandWriter(8);
      let end = 0;
      for (const { kind, at, len, follow } of steps) {
        const start = follow ? Math.min(end, 3000) : at;
        end = start + len;
        if (kind === 'frame' || kind === 'later') now.frame(lent, start, end);
        if (kind === 'frame') later.frame(lent, start, end);
        else if (kind === 'later') later.frameLater(lent, start, end);
        else if (kind === 'settle') later.settle();
        else {
          for (const writer of [now, later]) {
            if (kind === 'truncate') writer.truncate(Math.max(8, writer.pos - len));
            else {
              writer.command(1);
              writer.argInt(len);
            }
          }
        }
        assert.equal(later.pos, now.pos);
        assert.equal(later.count, now.count);
      }
      later.settle();
      lent.fill(0);
      assert.deepEqual(later.written(), now.written());
    }),
  );
});

test('what was left for later and then reset is forgotten', () => {
  const writer = new CommandWriter();
  const lent = Uint8Array.from([1, 2, 3]);
  writer.frameLater(lent, 0, 3);
  writer.reset();
  writer.frame(Uint8Array.from([9]), 0, 1);
  writer.settle();
  assert.deepEqual([...writer.written()], [9]);
});

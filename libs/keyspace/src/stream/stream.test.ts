import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArenaFullError } from '@weir/memory';
import fc from 'fast-check';
import { rootOf } from '../space.ts';
import type { EncodingLimits } from '../space.ts';
import * as streams from './index.ts';
import { streamOps } from './ops.ts';
import { append, entries, holderOf, idOf, numberOf, prints, testSpace } from './stream.testing.ts';
import type { Entry } from './stream.testing.ts';

const MAX64 = (1n << 64n) - 1n;

const field = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'temperature',
    '1',
    '-7',
    '',
    '127',
    '128',
    '4096',
    '-4097',
    '99999',
    '9223372036854775807',
  ),
  fc.string({ maxLength: 5 }).map((text) => Buffer.from(text).toString('latin1')),
  fc.integer({ min: 0, max: 20_000 }).map((n) => 'x'.repeat(n % 7 === 0 ? n : n % 90)),
);
const step = fc.record({
  kind: fc.constantFrom(
    ...(['add', 'add', 'add', 'burst', 'delete', 'trim', 'trimAbout', 'minId', 'minIdAbout'] as const),
  ),
  jump: fc.constantFrom(1n, 1n, 2n, 1n << 20n, 1n << 64n, (1n << 64n) + 5n, 1n << 90n),
  fields: fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 4 }),
  pick: fc.nat(1000),
});

test('a stream holds what a list of entries holds, in either direction and any range', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.constantFrom(0, 3, 100, 300),
      fc.constantFrom(0, 100, 4096),
      (steps, streamNodeMaxEntries, streamNodeMaxBytes) => {
        const { keyspace, space } = testSpace({ streamNodeMaxEntries, streamNodeMaxBytes });
        const start = space.arena.usedBytes;
        const holder = holderOf(keyspace);
        streams.init(space, holder);
        let model: Entry[] = [];
        let last = 0n;
        let added = 0;
        let maxDeleted = 0n;
        const add = (jump: bigint, fields: string[]): void => {
          if ((last + jump) >> 128n !== 0n) return;
          last += jump;
          append(space, holder, last, fields);
          model.push([last, fields]);
          added++;
        };
        for (const { kind, jump, fields, pick } of steps) {
          const flat = fields.flat();
          const at = model.length === 0 ? 0 : pick % model.length;
          if (kind === 'add') add(jump, flat);
          else if (kind === 'burst')
            for (let i = 0; i < pick % 400; i++) add(1n, i % 3 === 0 ? ['n', String(i)] : flat);
          else if (kind === 'delete') {
            for (const [id] of model.slice(at, at + (pick % 30))) {
              assert.equal(streams.deleteEntry(space, holder, idOf(id)), true);
              assert.equal(streams.deleteEntry(space, holder, idOf(id)), false);
              if (id > maxDeleted) maxDeleted = id;
            }
            model.splice(at, pick % 30);
          } else if (kind === 'trim') {
            assert.equal(
              streams.trimByLength(space, holder, at, false, 0),
              model.length - at > 0 ? model.length - at : 0,
            );
            model = at === 0 ? [] : model.slice(-at);
          } else if (kind === 'minId') {
            const minId = model[at]?.[0] ?? 5n;
            const kept = model.filter(([id]) => id >= minId);
            assert.equal(streams.trimById(space, holder, idOf(minId), false, 0), model.length - kept.length);
            model = kept;
          } else {
            const limit = pick % 3 === 0 ? 50 : 0;
            const minId = model[at]?.[0] ?? 5n;
            const gone =
              kind === 'trimAbout'
                ? streams.trimByLength(space, holder, at, true, limit)
                : streams.trimById(space, holder, idOf(minId), true, limit);
            const most = kind === 'trimAbout' ? Math.max(0, model.length - at) : model.findIndex(([id]) => id >= minId);
            assert.ok(gone <= Math.max(0, most) && (limit === 0 || gone <= limit), `${gone} of ${most}`);
            model = model.slice(gone);
          }
          streamOps.verify(space, holder);
        }
        assert.equal(streams.length(space, holder), model.length);
        assert.deepEqual(entries(space, holder), model);
        assert.deepEqual(entries(space, holder, 0n, (1n << 128n) - 1n, true), model.toReversed());
        if (model.length > 0) {
          const from = model[steps.length % model.length][0];
          const to = model[(steps.length * 7) % model.length][0] + 1n;
          const inRange = model.filter(([id]) => id >= from && id <= to);
          assert.deepEqual(entries(space, holder, from, to), inRange);
          assert.deepEqual(entries(space, holder, from, to, true), inRange.toReversed());
        }
        const id = streams.newId();
        streams.lastId(space, holder, id);
        assert.equal(numberOf(id), last);
        streams.maxDeletedId(space, holder, id);
        assert.equal(numberOf(id), maxDeleted);
        assert.equal(streams.entriesAddedLo(space, holder), added);

        const copy = holderOf(keyspace);
        streamOps.copy(space, holder, copy);
        streamOps.verify(space, copy);
        assert.deepEqual(entries(space, copy), model);
        assert.deepEqual(prints(space, copy), prints(space, holder));
        keyspace.dropDetached(copy);
        keyspace.dropDetached(holder);
        space.arena.verify();
        assert.equal(space.arena.usedBytes, start);
      },
    ),
    { numRuns: 80 },
  );
});

test('IDs are exact up to their maxima, and the differences in a node wrap as in Redis', () => {
  const { keyspace, space } = testSpace();
  const holder = holderOf(keyspace);
  const ids = [
    1n,
    (1n << 64n) | MAX64,
    (5n << 64n) | (1n << 63n),
    ((1n << 53n) + 1n) << 64n,
    (MAX64 << 64n) | 3n,
    (MAX64 << 64n) | MAX64,
  ];
  for (const id of ids) append(space, holder, id, ['f', 'v']);
  assert.deepEqual(
    entries(space, holder).map(([id]) => id),
    ids,
  );
  const text = new Uint8Array(streams.ID_TEXT_BYTES_MAX);
  const texts = ids.map((id) => Buffer.from(text.subarray(0, streams.formatId(text, 0, idOf(id)))).toString());
  assert.deepEqual(
    texts,
    ids.map((id) => `${id >> 64n}-${id & MAX64}`),
  );
  assert.throws(() => append(space, holder, 7n, ['f', 'v']), /above the last one/);
  keyspace.dropDetached(holder);
});

test('an ID steps through every carry, and not beyond the ends', () => {
  for (const n of [0n, 0xffffffffn, MAX64, (1n << 96n) - 1n]) {
    const id = idOf(n);
    assert.equal(streams.incrementId(id), true);
    assert.equal(numberOf(id), n + 1n);
    assert.equal(streams.decrementId(id), true);
    assert.equal(numberOf(id), n);
  }
  assert.equal(streams.incrementId(idOf((1n << 128n) - 1n)), false);
  assert.equal(streams.decrementId(idOf(0n)), false);
});

test('the fingerprint and the digest do not depend on the size of nodes or on what was deleted between entries', () => {
  const build = (limits: Partial<EncodingLimits>, detour: boolean): string[] => {
    const { keyspace, space } = testSpace(limits);
    const holder = holderOf(keyspace);
    for (let i = 1n; i < 300n; i++) {
      append(space, holder, i, ['f', String(i), 'g', 'x']);
      if (detour && i > 1n && i < 200n) streams.trimByLength(space, holder, 299, false, 0);
    }
    streams.deleteEntry(space, holder, idOf(200n));
    streams.trimByLength(space, holder, 120, false, 0);
    return prints(space, holder);
  };
  const expected = build({}, false);
  assert.deepEqual(build({ streamNodeMaxEntries: 7 }, true), expected);
  assert.deepEqual(build({ streamNodeMaxEntries: 0, streamNodeMaxBytes: 0 }, false), expected);
});

test('a full arena refuses an entry and a copy, loses nothing and leaks nothing', () => {
  const { keyspace, space } = testSpace({ streamNodeMaxBytes: 0, streamNodeMaxEntries: 2 }, 1 << 20);
  const holder = holderOf(keyspace);
  let id = 0n;
  assert.throws(() => {
    for (;;) append(space, holder, ++id, ['field', 'x'.repeat(Number(id % 500n))]);
  }, ArenaFullError);
  streamOps.verify(space, holder);
  assert.equal(BigInt(streams.length(space, holder)), id - 1n);
  const used = space.arena.usedBytes;
  streams.trimByLength(space, holder, Number(id) - 40, false, 0);
  const to = holderOf(keyspace);
  const before = space.arena.usedBytes;
  assert.throws(() => streamOps.copy(space, holder, to), ArenaFullError);
  assert.equal(rootOf(space.arena, to), 0);
  assert.equal(space.arena.usedBytes, before);
  assert.ok(before < used);
  streamOps.verify(space, holder);
  const empty = holderOf(keyspace);
  assert.throws(() => {
    for (let i = 1n; ; i++) {
      append(space, empty, i, ['f', 'x'.repeat(300_000)]);
    }
  }, ArenaFullError);
  space.arena.verify();
});

test('a node whose entries are all deleted stays while its last ID is not below what is trimmed to, as in Redis', () => {
  const { keyspace, space } = testSpace();
  const holder = holderOf(keyspace);
  for (let i = 1n; i <= 3n; i++) append(space, holder, i, ['f', 'v']);
  streams.deleteEntry(space, holder, idOf(3n));
  assert.equal(streams.trimById(space, holder, idOf(3n), false, 0), 2);
  streamOps.verify(space, holder);
  assert.deepEqual(entries(space, holder), []);
  assert.equal(streams.nodeCount(space, holder), 1);
  append(space, holder, 4n, ['f', 'w']);
  assert.deepEqual(entries(space, holder), [[4n, ['f', 'w']]]);
  assert.equal(streams.trimByLength(space, holder, 0, true, 0), 1);
  streamOps.verify(space, holder);
});

test('marking entries deleted never needs memory, though the count of deleted ones becomes longer', () => {
  const { keyspace, space } = testSpace({ streamNodeMaxBytes: 0, streamNodeMaxEntries: 0 });
  const holder = holderOf(keyspace);
  for (let i = 1n; i <= 5000n; i++) append(space, holder, i, ['f', 'v']);
  const blocks = space.arena.blocks;
  const used = space.arena.usedBytes;
  for (let i = 4900; i > 2000; i -= 127) streams.trimByLength(space, holder, i, false, 0);
  for (let i = 4990n; i < 5000n; i++) assert.equal(streams.deleteEntry(space, holder, idOf(i)), true);
  streams.trimByLength(space, holder, 1, false, 0);
  streamOps.verify(space, holder);
  assert.equal(space.arena.blocks, blocks);
  assert.equal(space.arena.usedBytes, used);
  streams.deleteEntry(space, holder, idOf(5000n));
  streamOps.verify(space, holder);
  assert.equal(streams.length(space, holder), 0);
});

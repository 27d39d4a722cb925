import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { check, checkPart } from './check.ts';
import { bruteForce } from './brute-force.testing.ts';
import type { Kind, Operation, Result } from './history.ts';
import { play } from './played.testing.ts';

type Row = readonly [kind: Kind, value: string, sentMs: number, answeredMs: number, result?: Result];

function history(...rows: readonly Row[]): Operation[] {
  return rows.map(([kind, value, sentMs, answeredMs, result]) => ({
    key: 'k',
    kind,
    value,
    sentMs,
    answeredMs,
    result,
  }));
}

const NEVER = Infinity;

const cases: readonly { says: string; verdict: 'linearizable' | 'wrong'; rows: readonly Row[] }[] = [
  { says: 'nothing at all', verdict: 'linearizable', rows: [] },
  {
    says: 'a read of what was written before it',
    verdict: 'linearizable',
    rows: [
      ['set', 'a', 0, 1, 'OK'],
      ['get', '', 2, 3, 'a'],
    ],
  },
  {
    says: 'a read that lacks an acknowledged write',
    verdict: 'wrong',
    rows: [
      ['set', 'a', 0, 1, 'OK'],
      ['get', '', 2, 3, null],
    ],
  },
  {
    says: 'a read beside a write, of before and of after',
    verdict: 'linearizable',
    rows: [
      ['set', 'a', 0, 9, 'OK'],
      ['get', '', 1, 2, null],
      ['get', '', 3, 4, 'a'],
    ],
  },
  {
    says: 'two reads beside a write that see it, and then do not',
    verdict: 'wrong',
    rows: [
      ['set', 'a', 0, 9, 'OK'],
      ['get', '', 1, 2, 'a'],
      ['get', '', 3, 4, null],
    ],
  },
  {
    says: 'a write of unknown outcome that took effect late',
    verdict: 'linearizable',
    rows: [
      ['set', 'a', 0, NEVER],
      ['get', '', 1, 2, null],
      ['get', '', 3, 4, 'a'],
    ],
  },
  {
    says: 'a write of unknown outcome that never took effect',
    verdict: 'linearizable',
    rows: [
      ['incr', '', 0, NEVER],
      ['incr', '', 1, 2, 1],
      ['get', '', 3, 4, '1'],
    ],
  },
  {
    says: 'a write of unknown outcome that is seen, and gone again',
    verdict: 'wrong',
    rows: [
      ['set', 'a', 0, NEVER],
      ['get', '', 1, 2, 'a'],
      ['get', '', 3, 4, null],
    ],
  },
  {
    says: 'an increment of unknown outcome that counts twice',
    verdict: 'wrong',
    rows: [
      ['incr', '', 0, NEVER],
      ['incr', '', 1, 2, 3],
    ],
  },
  {
    says: 'a read of a value before it was sent',
    verdict: 'wrong',
    rows: [
      ['get', '', 0, 1, 'a'],
      ['set', 'a', 2, NEVER],
    ],
  },
  {
    says: 'two clients that both set a key that was not there',
    verdict: 'wrong',
    rows: [
      ['setnx', 'a', 0, 5, 1],
      ['setnx', 'b', 1, 6, 1],
    ],
  },
  {
    says: 'two exchanges that each got what the other one had put',
    verdict: 'wrong',
    rows: [
      ['getset', 'a', 0, 5, 'b'],
      ['getset', 'b', 0, 5, 'a'],
    ],
  },
  {
    says: 'an element that is popped once by one of two',
    verdict: 'linearizable',
    rows: [
      ['rpush', 'a', 0, 1, 1],
      ['lpop', '', 2, 5, null],
      ['lpop', '', 2, 5, 'a'],
    ],
  },
  {
    says: 'an element that is popped twice',
    verdict: 'wrong',
    rows: [
      ['rpush', 'a', 0, 1, 1],
      ['lpop', '', 2, 5, 'a'],
      ['lpop', '', 2, 5, 'a'],
    ],
  },
  {
    says: 'an element that is lost',
    verdict: 'wrong',
    rows: [
      ['rpush', 'a', 0, 1, 1],
      ['rpush', 'b', 2, 3, 2],
      ['lrange', '', 4, 5, 'b'],
    ],
  },
  {
    says: 'an element that a pop of unknown outcome took away',
    verdict: 'linearizable',
    rows: [
      ['rpush', 'a', 0, 1, 1],
      ['lpop', '', 2, NEVER],
      ['lrange', '', 4, 5, null],
    ],
  },
  {
    says: 'an element that is there twice',
    verdict: 'wrong',
    rows: [
      ['rpush', 'a', 0, NEVER],
      ['lrange', '', 4, 5, 'a,a'],
    ],
  },
  {
    says: 'a member that was added, removed and is not there',
    verdict: 'linearizable',
    rows: [
      ['sadd', 'm', 0, 1, 1],
      ['sadd', 'n', 0, 1, 1],
      ['srem', 'm', 2, 3, 1],
      ['sismember', 'm', 4, 5, 0],
      ['sismember', 'n', 4, 5, 1],
    ],
  },
  {
    says: 'a member that is new to two who add it',
    verdict: 'wrong',
    rows: [
      ['sadd', 'm', 0, 1, 1],
      ['sadd', 'm', 2, 3, 1],
    ],
  },
];

for (const { says, verdict, rows } of cases) {
  test(`${says}: ${verdict}`, () => {
    assert.equal(check(history(...rows)).verdict, verdict);
    assert.equal(check(history(...rows.toReversed())).verdict, verdict, 'the order in the array says nothing');
  });
}

test('keys do not depend on each other, and the one that is wrong is named', () => {
  const good = history(['set', 'a', 0, 1, 'OK'], ['get', '', 2, 3, 'a']);
  const bad = history(['set', 'a', 0, 1, 'OK'], ['get', '', 2, 3, 'b']).map((one) => ({ ...one, key: 'other' }));
  const { verdict, wrong, parts } = check([...good, ...bad]);
  assert.deepEqual([verdict, wrong.map(({ part }) => part), parts], ['wrong', ['other'], 2]);
});

test('a search that takes too long claims nothing', () => {
  const many = history(...Array.from({ length: 20 }, (_, i): Row => ['set', `v${i}`, 0, 10, 'OK']), [
    'get',
    '',
    11,
    12,
    'nobody wrote it',
  ]);
  assert.equal(checkPart(many, 1000), 'undecided');
});

test('it says the same as trying all orders', () => {
  const kinds: readonly (readonly Kind[])[] = [
    ['get', 'set', 'setnx', 'getset'],
    ['get', 'incr'],
    ['rpush', 'lpop', 'lrange'],
    ['sadd', 'srem', 'sismember'],
  ];
  const seen = { linearizable: 0, wrong: 0 };
  const one = (some: readonly Kind[]): fc.Arbitrary<Operation> =>
    fc
      .record({
        kind: fc.constantFrom(...some),
        value: fc.constantFrom('1', '2'),
        sentMs: fc.integer({ min: 0, max: 8 }),
        tookMs: fc.option(fc.integer({ min: 1, max: 6 }), { nil: Infinity, freq: 4 }),
        result: fc.constantFrom<Result>('OK', null, '1', '2', '1,2', 0, 1, 2),
      })
      .map(({ kind, value, sentMs, tookMs, result }) => ({
        key: 'k',
        kind,
        value: kind === 'sadd' || kind === 'srem' || kind === 'sismember' ? 'm' : value,
        sentMs,
        answeredMs: sentMs + tookMs,
        result:
          tookMs === Infinity
            ? undefined
            : kind === 'set'
              ? 'OK'
              : kind === 'incr' || kind === 'rpush'
                ? typeof result === 'number'
                  ? Math.max(1, result)
                  : 1
                : kind === 'setnx' || kind.startsWith('s')
                  ? Number(result === 1)
                  : typeof result === 'number' || result === 'OK'
                    ? null
                    : result,
      }));
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds).chain((some) => fc.array(one(some), { maxLength: 6 })),
      (operations) => {
        const expected = bruteForce(operations) ? 'linearizable' : 'wrong';
        seen[expected]++;
        assert.equal(checkPart(operations), expected);
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(seen.linearizable > 300 && seen.wrong > 300, JSON.stringify(seen));
});

test('a system that does right is never found wrong, whatever outcomes its clients do not know', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { wrong, undecided } = check(play({ seed, fault: 'none' }));
    assert.deepEqual([wrong.length, undecided.length], [0, 0], `seed ${seed}`);
  }
});

for (const fault of ['loses acknowledged writes', 'answers stale reads', 'applies twice'] as const) {
  test(`a system that ${fault} is caught`, () => {
    let caught = 0;
    for (let seed = 1; seed <= 40; seed++) if (check(play({ seed, fault })).verdict === 'wrong') caught++;
    assert.equal(caught, 40);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TestEngine } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { GEO_EXCHANGES, GEO_EXCHANGES_RESP3 } from './exchanges.testing.ts';
import {
  LATITUDE_MAX,
  STEP_MAX,
  areasOf,
  bitsOf,
  cellOf,
  distanceInside,
  east,
  north,
  positionOf,
  scoreBehind,
  scoreOf,
  south,
  west,
} from './geohash.ts';
import { fixed } from './text.ts';

test('geo commands answer as Redis does', () => {
  for (const [line, reply] of GEO_EXCHANGES) assert.equal(play(line), reply, line);
});

test('geo commands answer as Redis does in RESP3', () => {
  for (const [line, reply] of GEO_EXCHANGES_RESP3) assert.equal(play(line, { resp: 3 }), reply, line);
});

const TWO = 'geoadd g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania';
const STORED = 'ZADD d 3479099956230698 Palermo 3479447370796909 Catania';
const EFFECTS: readonly EffectCase[] = [
  ['', 'GEOADD g 1 1 a', ['GEOADD g 1 1 a']],
  ['geoadd g 1 1 a', 'GEOADD g 1 1 a', []],
  ['geoadd g 1 1 a', 'GEOADD g NX 2 2 a', []],
  ['geoadd g 1 1 a', 'GEOADD g XX CH 2 2 a', ['GEOADD g XX CH 2 2 a']],
  [TWO, 'GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km', []],
  [TWO, 'GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km', [STORED]],
  [`${TWO} ; setex d 10 v`, 'GEORADIUS g 15 37 200 km STORE d', ['DEL d', STORED]],
  [`${TWO} ; set d v`, 'GEORADIUS g 15 37 1 m STORE d', ['DEL d']],
  [TWO, 'GEORADIUS g 15 37 1 m STORE d', []],
  ['geoadd g 1 1 a', 'GEORADIUSBYMEMBER g a 1 m STOREDIST d', ['ZADD d 0 a']],
  [TWO, 'GEORADIUSBYMEMBER g Palermo 1 m STORE g', ['DEL g', 'ZADD g 3479099956230698 Palermo']],
];

test('geo commands log what was found, not the search', () => {
  for (const effect of EFFECTS) checkEffects(effect);
});

const longitude = fc.double({ min: -180, max: 180, noNaN: true });
const latitude = fc.double({ min: -LATITUDE_MAX, max: LATITUDE_MAX, noNaN: true });

test('a score is the 52 bits of its cell, and its position lies in the cell', () => {
  fc.assert(
    fc.property(longitude, latitude, (lon, lat) => {
      const cell = cellOf(lon, lat, STEP_MAX);
      const score = scoreOf(cell);
      assert.equal(score, Number(bitsOf(cell)));
      const position = positionOf(score);
      // On the upper edges it is the cell behind the last.
      if (cell.lon === 2 ** STEP_MAX || cell.lat === 2 ** STEP_MAX) return;
      assert.ok(position.lon >= west(cell) && position.lon <= east(cell));
      assert.ok(position.lat >= south(cell) && position.lat <= north(cell));
      assert.deepEqual(cellOf(position.lon, position.lat, STEP_MAX), cell);
    }),
    { numRuns: 2000 },
  );
});

test('the cells of a search cover its shape', () => {
  const distance = fc.double({ min: 0, max: 2_000_000, noNaN: true });
  const shapes = fc.record({
    lon: fc.double({ min: -150, max: 150, noNaN: true }),
    lat: fc.double({ min: -60, max: 60, noNaN: true }),
    isBox: fc.boolean(),
    across: distance,
    up: distance,
  });
  fc.assert(
    fc.property(
      shapes,
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: -1, max: 1, noNaN: true }),
      (given, x, y) => {
        const shape = given.isBox ? given : { ...given, up: given.across };
        const lat = Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, shape.lat + (y * shape.up) / 111_000));
        const lon = shape.lon + (x * shape.across) / 111_000 / Math.cos((lat * Math.PI) / 180);
        if (Math.abs(lon) > 180 || Number.isNaN(distanceInside(shape, lon, lat))) return;
        const score = scoreOf(cellOf(lon, lat, STEP_MAX));
        const covered = areasOf(shape).some(
          (cell) => cell.step > 0 && score >= scoreOf(cell) && score < scoreBehind(cell),
        );
        assert.ok(covered, JSON.stringify({ shape, lon, lat }));
      },
    ),
    { numRuns: 3000 },
  );
});

test('a search finds what a walk over all members finds', () => {
  const engine = new TestEngine({ debug: false });
  const random = engine.ctx.keyspace.random;
  const members = new Map<string, { lon: number; lat: number }>();
  for (let i = 0; i < 3000; i++) {
    const lon = random.double() * 360 - 180;
    const lat = random.double() * 160 - 80;
    engine.call('GEOADD', 'g', String(lon), String(lat), `m${i}`);
    members.set(`m${i}`, positionOf(scoreOf(cellOf(lon, lat, STEP_MAX))));
  }
  for (let i = 0; i < 60; i++) {
    // Away from the poles and the date line, beyond which Redis does not look either.
    const lon = random.double() * 200 - 100;
    const lat = random.double() * 100 - 50;
    const across = random.double() * 10 ** (3 + (i % 4));
    const up = random.double() * 10 ** (3 + (i % 4));
    const isBox = i % 2 === 0;
    const where = isBox ? ['BYBOX', 2 * across, 2 * up] : ['BYRADIUS', across];
    const reply = engine.text('GEOSEARCH', 'g', 'FROMLONLAT', lon, lat, ...where, 'm', 'ASC');
    const found = reply.split('\r\n').filter((part) => part.startsWith('m'));
    const shape = { lon, lat, isBox, across, up: isBox ? up : across };
    const expected = [...members]
      .map(([member, position]) => ({ member, meters: distanceInside(shape, position.lon, position.lat) }))
      .filter(({ meters }) => !Number.isNaN(meters))
      .sort((a, b) => a.meters - b.meters)
      .map(({ member }) => member);
    assert.deepEqual(found, expected);
  }
});

test('fixed decimals are rounded as C rounds them', () => {
  const cases: readonly (readonly [number, number, string])[] = [
    [0, 4, '0.0000'],
    [-0, 6, '-0.000000'],
    [0.03125, 4, '0.0312'],
    [0.09375, 4, '0.0938'],
    [166274.15156960033, 4, '166274.1516'],
    [1.00005, 4, '1.0001'],
    [1.03125, 4, '1.0312'],
    [1e22, 2, '10000000000000000000000.00'],
    [-1e30, 6, '-1000000000000000019884624838656.000000'],
    [Infinity, 6, 'inf'],
    [13.361389338970184, 17, '13.36138933897018433'],
  ];
  for (const [value, decimals, text] of cases) assert.equal(fixed(value, decimals), text, `${value}`);
});

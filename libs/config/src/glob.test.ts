import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toBytes } from './bytes.ts';
import { globMatch, globMatchAt } from './glob.ts';
import { redis } from './redis-fixture.ts';

test('KEYS of redis-server 7.0.15 finds the same keys', () => {
  const keys = redis.glob.keys.map(toBytes);
  for (const [pattern, matches] of redis.glob.cases) {
    // KEYS * does not ask the matcher, which says no to the empty string.
    if (pattern === '*') continue;
    const found = keys.flatMap((key, i) => (globMatch(toBytes(pattern), key) ? [i] : []));
    assert.deepEqual(found, matches, JSON.stringify(pattern));
  }
});

/** The plain recursion, exponential and allocating: what a pattern means. */
function model(pattern: string, string: string, nocase: boolean): boolean {
  const fold = (c: string): string => (nocase ? c.toLowerCase() : c);
  if (pattern === '') return string === '';
  if (string === '') return /^\*+$/.test(pattern);
  const rest = pattern.slice(1);
  if (pattern[0] === '*') return model(rest, string, nocase) || model(pattern, string.slice(1), nocase);
  if (pattern[0] === '?') return model(rest, string.slice(1), nocase);
  if (pattern[0] === '\\' && rest !== '') {
    return fold(rest[0]) === fold(string[0]) && model(rest.slice(1), string.slice(1), nocase);
  }
  if (pattern[0] === '[') {
    const not = rest[0] === '^';
    let set = not ? rest.slice(1) : rest;
    let found = false;
    while (set !== '' && set[0] !== ']') {
      if (set[0] === '\\' && set.length > 1) {
        found ||= set[1] === string[0];
        set = set.slice(2);
      } else if (set.length > 2 && set[1] === '-') {
        const [from, to] = [set[0], set[2]].sort();
        found ||= fold(from) <= fold(string[0]) && fold(string[0]) <= fold(to);
        set = set.slice(3);
      } else {
        found ||= fold(set[0]) === fold(string[0]);
        set = set.slice(1);
      }
    }
    return found !== not && model(set.slice(1), string.slice(1), nocase);
  }
  return fold(pattern[0]) === fold(string[0]) && model(rest, string.slice(1), nocase);
}

test('matches what the plain recursion matches, with and without case', () => {
  const pattern = fc.string({ unit: fc.constantFrom(...'aAbB*?[]^-\\c'), maxLength: 9 });
  const string = fc.string({ unit: fc.constantFrom(...'aAbB]-\\c'), minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(pattern, string, fc.boolean(), (p, s, nocase) => {
      assert.equal(globMatch(toBytes(p), toBytes(s), nocase), model(p, s, nocase), JSON.stringify([p, s, nocase]));
    }),
    { numRuns: 20000 },
  );
});

test('a range of a larger buffer matches as a buffer of its own', () => {
  const text = toBytes('xxh*lo|helloxx');
  assert.equal(globMatchAt(text, 2, 6, text, 7, 12, false), true);
  assert.equal(globMatchAt(text, 2, 6, text, 7, 13, false), false);
});

test('a pattern made of stars ends at once on a string that does not match', () => {
  // Without the memory of failed stars this takes longer than the universe has.
  const pattern = toBytes(`${'a*'.repeat(200)}b`);
  assert.equal(globMatch(pattern, toBytes('a'.repeat(5000))), false);
  assert.equal(globMatch(pattern, toBytes(`${'a'.repeat(5000)}b`)), true);
});

test('a pattern of more than a thousand separate stars matches nothing, as in Redis', () => {
  assert.equal(globMatch(toBytes('*a'.repeat(900)), toBytes('a'.repeat(900))), true);
  assert.equal(globMatch(toBytes('*a'.repeat(1100)), toBytes('a'.repeat(1100))), false);
});

test('the empty string is matched by the empty pattern only, as in Redis', () => {
  assert.equal(globMatch(toBytes(''), toBytes('')), true);
  assert.equal(globMatch(toBytes('*'), toBytes('')), false);
});

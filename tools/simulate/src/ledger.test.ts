/** What the simulation calls a violation, one by one: a check that cannot fail shows nothing. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ledger } from './ledger.ts';
import type { Op } from './ledger.ts';

function written(ledger: Ledger, kind: Op['kind'], key: string, client = 1): Op {
  const op = ledger.write(kind, key, client, ledger.ops.length + 1);
  ledger.stored([op.token]);
  return op;
}

describe('a violation is', () => {
  test('a write that was acknowledged and is in no log', () => {
    const ledger = new Ledger();
    assert.throws(() => ledger.ack(ledger.write('set', 'k', 1, 1), 0), /no log has it/);
  });

  test('one value for two increments', () => {
    const ledger = new Ledger();
    ledger.ack(written(ledger, 'incr', 'n'), 7);
    assert.throws(() => ledger.ack(written(ledger, 'incr', 'n', 2), 7), /both .* were told 7/);
  });

  test('an element that is popped twice, and one that is popped and still there', () => {
    const ledger = new Ledger();
    const { token } = written(ledger, 'queue', 'q');
    ledger.popBegins();
    ledger.popped('n0', token);
    assert.throws(() => ledger.settled('q', [token]), /holds .* which was popped/);
    ledger.popBegins();
    assert.throws(() => ledger.popped('n0', token), /popped twice/);
  });

  test('an element that is gone while every pop had its reply', () => {
    const ledger = new Ledger();
    ledger.ack(written(ledger, 'queue', 'q'), 0);
    ledger.popBegins();
    ledger.settled('q', []);
    ledger.popEnds();
    assert.throws(() => ledger.settled('q', []), /lacks .* 0 pops had no reply/);
  });

  test('a read of what no log has', () => {
    const ledger = new Ledger();
    const { token } = ledger.write('append', 'a', 1, 1);
    assert.throws(() => ledger.read('n0', 'a', [token], ledger.floor('n0', 'a'), true), /no log has had it/);
  });

  test('a node that does not show any more what it has shown', () => {
    const ledger = new Ledger();
    const { token } = written(ledger, 'append', 'a');
    ledger.read('n0', 'a', [token], ledger.floor('n0', 'a'), true);
    assert.throws(() => ledger.read('n0', 'a', [], ledger.floor('n0', 'a'), true), /does not any more/);
    ledger.read('n1', 'a', [], ledger.floor('n1', 'a'), true);
  });

  test('an earlier value of a key than the node has shown', () => {
    const ledger = new Ledger();
    const [one, two] = [written(ledger, 'set', 's'), written(ledger, 'set', 's')];
    ledger.read('n0', 's', [two.token], ledger.floor('n0', 's'), false);
    assert.throws(() => ledger.read('n0', 's', [one.token], ledger.floor('n0', 's'), false), /shows 1/);
  });

  test('an acknowledged write that is not there in the end, but for one that a power cut took', () => {
    const ledger = new Ledger();
    const kept = written(ledger, 'append', 'a');
    const gone = written(ledger, 'append', 'a');
    ledger.ack(kept, 5);
    ledger.ack(gone, 10);
    assert.throws(() => ledger.settled('a', kept.token), /lacks <1\.2>/);
    ledger.lost([gone.token]);
    ledger.settled('a', kept.token);
  });

  test('a write that is there twice, was refused, or is nobody’s', () => {
    const ledger = new Ledger();
    const { token } = written(ledger, 'append', 'a');
    assert.throws(() => ledger.settled('a', token + token), /2 times/);
    written(ledger, 'append', 'a').state = 'refused';
    assert.throws(() => ledger.settled('a', `${token}<1.2>`), /was refused/);
    assert.throws(() => ledger.settled('a', `${token}<9.9>`), /nobody wrote/);
    ledger.settled('a', token);
  });

  test('a counter below what was acknowledged or above what was asked for', () => {
    const ledger = new Ledger();
    ledger.ack(written(ledger, 'incr', 'n'), 1);
    written(ledger, 'incr', 'n').state = 'unknown';
    written(ledger, 'incr', 'n').state = 'refused';
    assert.throws(() => ledger.settled('n', 0), /1 increments were acknowledged/);
    assert.throws(() => ledger.settled('n', 3), /at most 2/);
    ledger.settled('n', 1);
    ledger.settled('n', 2);
  });

  test('an older value of a key than the last one that was acknowledged', () => {
    const ledger = new Ledger();
    const [one, two, three] = [written(ledger, 'set', 's'), written(ledger, 'set', 's'), written(ledger, 'set', 's')];
    ledger.ack(one, 0);
    ledger.ack(two, 0);
    three.state = 'unknown';
    assert.throws(() => ledger.settled('s', one.token), /after which <1\.2> was acknowledged/);
    assert.throws(() => ledger.settled('s', null), /was acknowledged/);
    ledger.settled('s', two.token);
    ledger.settled('s', three.token);
  });
});

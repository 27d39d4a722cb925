import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '@weir/commands';
import { STATE_FRAGILE, STATE_PINNED, STATE_SILENT } from '@weir/link';
import { ToldState, decodeState, encodeState } from './session-state.ts';

const HERE = { password: 'secret', databases: 16 };

function session(authenticated = true): Session {
  const control = { close() {}, destroy() {}, pendingOutputBytes: 0, queryBufferBytes: 0 };
  return new Session({ id: 1, control, authenticated, nowMs: 0 });
}

function renamed(): Session {
  const one = session();
  Object.assign(one, { db: 7, resp: 3, noTouch: true, replyMode: 1, name: 'n\xff', libName: 'lib', libVersion: '1' });
  return one;
}

test('a session is at another engine what it was', () => {
  const from = renamed();
  const { flags, bytes } = encodeState(from, 'secret');
  const to = session(false);
  assert.equal(decodeState(to, bytes, HERE, false), true);
  assert.equal(flags, STATE_SILENT);
  for (const name of ['db', 'resp', 'noEvict', 'noTouch', 'replyMode', 'name', 'libName', 'libVersion'] as const)
    assert.equal(to[name], from[name], name);
  assert.equal(to.authenticated, true);
});

test('nobody is authenticated who does not know the password, whatever the bytes say', () => {
  const { bytes } = encodeState(renamed(), 'guessed');
  const to = session(false);
  assert.equal(decodeState(to, bytes, HERE, false), false);
  assert.equal(to.authenticated, false);
  const proven = Buffer.from(encodeState(renamed(), 'secret').bytes);
  proven[3] = 8; // another database than was proven
  assert.equal(decodeState(session(false), proven, HERE, false), false);
  const not = encodeState(session(false), 'secret');
  assert.equal(decodeState(to, not.bytes, HERE, false), true);
  assert.equal(to.authenticated, false);
  assert.equal(decodeState(to, not.bytes, { ...HERE, password: '' }, false), true);
  assert.equal(to.authenticated, true, 'where no password is asked for');
});

test('what is cut, of another version, or of more databases is no state', () => {
  const { bytes } = encodeState(renamed(), 'secret');
  for (let length = 0; length < bytes.length; length++)
    assert.equal(decodeState(session(), bytes.subarray(0, length), HERE, false), false, String(length));
  const other = Uint8Array.from(bytes);
  other[0] = 2;
  assert.equal(decodeState(session(), other, HERE, false), false);
  assert.equal(decodeState(session(), bytes, { ...HERE, databases: 7 }, false), false);
});

test('a session in a transaction, with watched keys, subscribed or monitoring stays where it is', () => {
  const queuing = session();
  queuing.on('multi');
  assert.equal(encodeState(queuing, '').flags, STATE_PINNED);
  for (const event of ['subscribe', 'monitor'] as const) {
    const one = session();
    one.on(event);
    assert.equal(encodeState(one, '').flags, STATE_PINNED | STATE_FRAGILE);
  }
  const long = session();
  long.name = 'x'.repeat(5000);
  assert.deepEqual(encodeState(long, ''), { flags: STATE_PINNED | STATE_FRAGILE, bytes: new Uint8Array(0) });
});

test('what is told is news once', () => {
  const one = session();
  const told = new ToldState(one);
  assert.equal(told.changes(one), false);
  for (const change of [{ db: 1 }, { name: 'a' }, { libName: 'a' }, { noEvict: true }, { resp: 3 }, { replyMode: 2 }]) {
    Object.assign(one, change);
    assert.equal(told.changes(one), true, JSON.stringify(change));
    assert.equal(told.changes(one), false);
  }
  one.on('multi');
  assert.equal(told.changes(one), true);
});

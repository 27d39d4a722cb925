import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Acl, Session, allCommands } from '@weir/commands';
import { Config } from '@weir/config';
import { STATE_FRAGILE, STATE_PINNED, STATE_SILENT } from '@weir/link';
import { ToldState, decodeState, encodeState } from './session-state.ts';

function users(password: string): Acl {
  const config = new Config();
  config.set([['requirepass', password]]);
  return new Acl(allCommands, config);
}

const ACL = users('secret');
const HERE = { acl: ACL, databases: 16 };

function session(authenticated = true, acl = ACL): Session {
  const control = { close() {}, destroy() {}, pendingOutputBytes: 0, queryBufferBytes: 0 };
  return new Session({ id: 1, control, authenticated, user: acl.defaultUser, nowMs: 0 });
}

function renamed(acl = ACL): Session {
  const one = session(true, acl);
  Object.assign(one, { db: 7, resp: 3, noTouch: true, replyMode: 1, name: 'n\xff', libName: 'lib', libVersion: '1' });
  return one;
}

test('a session is at another engine what it was', () => {
  const from = renamed();
  const { flags, bytes } = encodeState(from);
  const to = session(false);
  assert.equal(decodeState(to, bytes, HERE, false), 'same');
  assert.equal(flags, STATE_SILENT);
  for (const name of ['db', 'resp', 'noEvict', 'noTouch', 'replyMode', 'name', 'libName', 'libVersion'] as const)
    assert.equal(to[name], from[name], name);
  assert.equal(to.authenticated, true);
});

test('nobody is authenticated who does not know the password, whatever the bytes say', () => {
  const { bytes } = encodeState(renamed(users('guessed')));
  const to = session(false);
  assert.equal(decodeState(to, bytes, HERE, false), 'stranger');
  assert.equal(to.authenticated, false);
  const proven = Buffer.from(encodeState(renamed()).bytes);
  proven[3] = 8; // another database than was proven
  assert.equal(decodeState(session(false), proven, HERE, false), 'stranger');
  const not = encodeState(session(false));
  assert.equal(decodeState(to, not.bytes, HERE, false), 'same');
  assert.equal(to.authenticated, false);
  assert.equal(decodeState(to, not.bytes, { ...HERE, acl: users('') }, false), 'same');
  assert.equal(to.authenticated, true, 'where no password is asked for');
});

test('what is cut, of another version, or of more databases is no state', () => {
  const { bytes } = encodeState(renamed());
  for (let length = 0; length < bytes.length; length++)
    assert.equal(decodeState(session(), bytes.subarray(0, length), HERE, false), 'other', String(length));
  const other = Uint8Array.from(bytes);
  other[0] = 9;
  assert.equal(decodeState(session(), other, HERE, false), 'other');
  assert.equal(decodeState(session(), bytes, { ...HERE, databases: 7 }, false), 'other');
});

test('a session in a transaction, with watched keys, subscribed or monitoring stays where it is', () => {
  const queuing = session();
  queuing.on('multi');
  assert.equal(encodeState(queuing).flags, STATE_PINNED);
  for (const event of ['subscribe', 'monitor'] as const) {
    const one = session();
    one.on(event);
    assert.equal(encodeState(one).flags, STATE_PINNED | STATE_FRAGILE);
  }
  const long = session();
  long.name = 'x'.repeat(5000);
  assert.deepEqual(encodeState(long), { flags: STATE_PINNED | STATE_FRAGILE, bytes: new Uint8Array(0) });
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

test('a user is the same at another engine that has him with the same passwords, and nobody elsewhere', () => {
  const make = (...rules: string[]): Acl => {
    const acl = users('secret');
    const bob = acl.draft('bob');
    for (const rule of rules) assert.equal(bob.apply(rule), '');
    acl.put(bob);
    return acl;
  };
  const from = session();
  from.user = make('on', '>pw', '+get').find('bob')!;
  const { bytes } = encodeState(from);
  const at = (acl: Acl): [string, string | undefined, boolean] => {
    const to = session(false, acl);
    const decoded = decodeState(to, bytes, { acl, databases: 16 }, false);
    return [decoded, to.user?.name, to.authenticated];
  };
  assert.deepEqual(at(make('on', '>pw', '+set')), ['same', 'bob', true]);
  assert.deepEqual(at(make('on', 'nopass')), ['same', 'bob', true]);
  for (const rules of [['on', '>other'], ['off', '>pw'], ['on'], ['off', 'nopass']])
    assert.deepEqual(at(make(...rules)), ['stranger', 'default', false], rules.join(' '));
  assert.deepEqual(at(users('secret')), ['stranger', 'default', false]);
  assert.deepEqual(at(users('')), ['stranger', 'default', true]);
  // Who has no password proves nothing with none.
  const forged = session();
  forged.user = make('on').find('bob')!;
  const acl = make('on');
  assert.equal(decodeState(session(false, acl), encodeState(forged).bytes, { acl, databases: 16 }, false), 'stranger');
});

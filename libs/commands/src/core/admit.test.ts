/** Which error a command is refused with, where there are several reasons: the one that Redis gives. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestEngine } from '../testing.ts';
import { applyMemoryPolicy } from './evict.ts';
import type { Role } from './role.ts';

const READONLY = /^-READONLY /;
const MASTERDOWN = /^-MASTERDOWN /;
const LOADING = /^-LOADING /;

const cases: [title: string, set: (role: Role) => void, write: RegExp, read: RegExp, info: RegExp][] = [
  ['a master', () => {}, /^\+OK/, /^\$-1/, /^\$/],
  ['a master that refuses writes', (role) => (role.writeRefusal = 'NOREPLICAS x'), /^-NOREPLICAS x/, /^\$-1/, /^\$/],
  ['a slave', (role) => (role.isSlave = true), READONLY, /^\$-1/, /^\$/],
  [
    'a slave whose link is down and that serves no stale data',
    (role) => {
      role.isSlave = true;
      role.linkUp = false;
    },
    READONLY,
    MASTERDOWN,
    /^\$/,
  ],
  ['a master that loads', (role) => (role.isLoading = true), LOADING, LOADING, /^\$/],
  [
    'a slave that loads with its link down',
    (role) => {
      role.isSlave = role.isLoading = true;
      role.linkUp = false;
    },
    READONLY,
    MASTERDOWN,
    /^\$/,
  ],
  [
    'a slave that cannot load what is missing',
    (role) => {
      role.isSlave = role.isLoading = true;
      role.linkUp = false;
      role.dataRefusal = 'MISCONF it is gone';
    },
    READONLY,
    /^-MISCONF it is gone/,
    /^\$/,
  ],
];

for (const [title, set, write, read, info] of cases) {
  test(`${title} answers writes, reads and INFO with the first reason of Redis's`, () => {
    const engine = new TestEngine({ config: { 'replica-serve-stale-data': 'no' } });
    set(engine.ctx.role);
    assert.match(engine.text('SET', 'k', 'v'), write);
    assert.match(engine.text('GET', 'nothing'), read);
    assert.match(engine.text('INFO', 'replication'), info);
    assert.match(engine.text('SET', 'k'), /^-ERR wrong number of arguments/, 'before anything about the role');
  });
}

test('a request without authentication is told only that, and one without memory before its role is', () => {
  const engine = new TestEngine({ config: { requirepass: 'secret' } });
  engine.call('SET', 'k', 'v');
  engine.config.assign('maxmemory', ['1']);
  applyMemoryPolicy(engine.ctx.keyspace, engine.config);
  engine.ctx.role.writeRefusal = 'NOREPLICAS x';
  const client = engine.session();
  client.session.authenticated = false;
  assert.match(client.text('SET', 'k', 'v'), /^-NOAUTH/);
  client.session.authenticated = true;
  assert.match(client.text('SET', 'k', 'v'), /^-OOM/);
  assert.match(client.text('DEL', 'k'), /^-NOREPLICAS/);
});

test('a node owns expiry while it is neither a slave nor applies the log, whatever else it is', () => {
  const { role } = new TestEngine().ctx;
  role.isLoading = true;
  role.writeRefusal = 'x';
  assert.deepEqual([role.ownsExpiry, role.mayWrite()], [true, false]);
  role.becomeReplay();
  assert.deepEqual([role.ownsExpiry, role.mayWrite()], [false, true]);
  role.becomeReplay(false);
  role.isSlave = true;
  role.writeRefusal = '';
  assert.deepEqual([role.ownsExpiry, role.mayWrite()], [false, false]);
  role.isSlave = false;
  assert.deepEqual([role.ownsExpiry, role.mayWrite()], [true, true]);
});

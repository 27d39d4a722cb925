import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toBytes } from './bytes.ts';
import { loadConfig } from './load.ts';
import { fileTree } from './testing.ts';
import type { Config } from './config.ts';
import type { LoadOptions } from './load.ts';

function load(text: string, options: Partial<LoadOptions> = {}): Config {
  const result = loadConfig({
    argv: ['t.conf'],
    ...fileTree('/data', { '/data/t.conf': toBytes(text) }),
    ...options,
  });
  assert.equal(result.kind, 'config');
  return (result as { config: Config }).config;
}

test('user lines are kept in their order, wherever they come from', () => {
  const { users } = load('user alice on >pw ~app:* +@read\nuser bob off\n');
  assert.deepEqual(users, [
    ['alice', 'on', '>pw', '~app:*', '+@read'],
    ['bob', 'off'],
  ]);
  assert.deepEqual(load('', { argv: ['--user', 'bob', 'off'] }).users, [['bob', 'off']]);
  assert.deepEqual(load('', { env: { WEIR_USER: 'bob off' } }).users, [['bob', 'off']]);
});

test('the only password of the default user is requirepass where that says none', () => {
  assert.equal(load('user default on >pw ~* &* +@all').text.requirepass, 'pw');
  assert.equal(load('requirepass one\nuser default on >two ~* &* +@all').text.requirepass, 'one');
  for (const rules of [
    'nopass',
    '>a >b',
    `#${'0'.repeat(64)}`,
    '>a #' + '0'.repeat(64),
    '>a nopass',
    '>a resetpass',
    '',
  ]) {
    assert.equal(load(`user default on ${rules} ~* &* +@all`).text.requirepass, '', rules);
  }
  assert.equal(load('user bob on >pw').text.requirepass, '');
});

test('a user that is there twice, and users beside an aclfile, stop the start', () => {
  assert.throws(() => load('user bob on\nuser bob off'), /Duplicate user found/);
  assert.throws(() => load('aclfile users.acl\nuser bob on'), /but not both/);
  assert.equal(load('aclfile users.acl').text.aclfile, 'users.acl');
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { toBytes } from './bytes.ts';
import { loadConfig } from './load.ts';
import { fileTree } from './testing.ts';
import type { Config } from './config.ts';
import type { LoadOptions } from './load.ts';

const ALL = '~* &* +@all';
const digest = (password: string | Uint8Array): string => createHash('sha256').update(password).digest('hex');

function load(text: string, options: Partial<LoadOptions> = {}): Config {
  const result = loadConfig({
    argv: ['t.conf'],
    ...fileTree('/data', { '/data/t.conf': toBytes(text) }),
    sha256: digest,
    ...options,
  });
  assert.equal(result.kind, 'config');
  return (result as { config: Config }).config;
}

test('a user line that says what requirepass says is taken', () => {
  assert.equal(load(`user default on nopass ${ALL}`).text.requirepass, '');
  assert.equal(load(`user default on nopass sanitize-payload ${ALL}`).text.requirepass, '');
  assert.equal(load(`user default on >pw allkeys allchannels allcommands`).text.requirepass, 'pw');
  assert.equal(load(`user default ON >pw ${ALL}\nrequirepass pw`).text.requirepass, 'pw');
  // What CONFIG REWRITE of Redis leaves, in either order.
  assert.equal(load(`user default on #${digest('pw')} ${ALL}\nrequirepass "pw"`).text.requirepass, 'pw');
  assert.equal(load(`requirepass "pw"\nuser default on #${digest('pw')} ${ALL}`).text.requirepass, 'pw');
});

test('every other user line stops the start, wherever it comes from', () => {
  const refused = [
    'user default off',
    `user default off nopass ${ALL}`,
    `user default on ${ALL}`,
    'user default on nopass ~* +@all',
    'user default on nopass ~app:* &* +@all',
    'user default on nopass ~* &* +@all -flushall',
    'user default on nopass ~* &* +@read',
    `user default on nopass resetkeys ${ALL}`,
    `user default on >a >b ${ALL}`,
    `user default on > ${ALL}`,
    'user default',
    `user Default on nopass ${ALL}`,
    `user alice on >pw ${ALL}`,
    'user bob off',
  ];
  for (const line of refused) {
    assert.throws(() => load(line), /Weir has no ACL users yet/, line);
    const args = line.split(' ');
    assert.throws(() => load('', { argv: ['--user', ...args.slice(1)] }), /Weir has no ACL users yet/, line);
    assert.throws(() => load('', { env: { WEIR_USER: args.slice(1).join(' ') } }), /Weir has no ACL users yet/, line);
  }
  assert.throws(() => load('', { argv: ['--aclfile', 'x'] }), /Weir has no ACL users yet/);
  assert.throws(() => load('', { env: { WEIR_ACLFILE: 'x' } }), /Weir has no ACL users yet/);
});

test('a user line and requirepass that contradict each other stop the start', () => {
  assert.throws(() => load(`user default on nopass ${ALL}\nrequirepass x`), /another password/);
  assert.throws(() => load(`requirepass x\nuser default on >y ${ALL}`), /another password/);
  assert.throws(() => load(`user default on #${digest('pw')} ${ALL}`), /the password itself, in requirepass/);
  assert.throws(() => load(`user default on #${digest('pw')} ${ALL}\nrequirepass x`), /the password itself/);
});

test('CONFIG REWRITE says with requirepass what a user line said', () => {
  const file = `user default on >old ${ALL}\n`;
  const config = load(file);
  config.set([['requirepass', 'new']]);
  const written = config.rewrite(file);
  assert.doesNotMatch(written, /^user/m);
  assert.equal(load(written).text.requirepass, 'new');
});

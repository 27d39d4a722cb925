import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { checkoutRoot, findNatsServer, isNatsServerNewEnough } from './toolchain.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'weir-toolchain-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function fakeServer(name: string, version: string): string {
  const file = path.join(folder, name, 'nats-server');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  chmodSync(file, 0o755);
  return file;
}

const newServer = fakeServer('new', '2.15.1');
const oldServer = fakeServer('old', '2.9.10');
const empty = path.join(folder, 'empty');

test('the checkout root is the folder with the lockfile', () => {
  assert.ok(existsSync(path.join(checkoutRoot(), 'package-lock.json')));
});

test('WEIR_NATS_SERVER comes before everything else', () => {
  assert.equal(findNatsServer({ env: { WEIR_NATS_SERVER: newServer, PATH: '' }, root: empty }), newServer);
});

test('WEIR_NATS_SERVER that names nothing, or something else, or an old server is refused with a sentence', () => {
  const find = (file: string) => () => findNatsServer({ env: { WEIR_NATS_SERVER: file, PATH: '' }, root: empty });
  assert.throws(find(path.join(folder, 'absent')), /absent, which is not an executable file/);
  assert.throws(find('/bin/true'), /\/bin\/true, which is not a nats-server/);
  assert.throws(find(oldServer), /nats-server 2\.9\.10; Weir needs nats-server 2\.12 or newer/);
});

test('the server that the set-up chose comes before PATH', () => {
  const root = path.join(folder, 'checkout');
  mkdirSync(path.join(root, '.cache'), { recursive: true });
  writeFileSync(path.join(root, '.cache/setup.json'), JSON.stringify({ natsServer: newServer }));
  const other = fakeServer('other', '2.14.0');
  assert.equal(findNatsServer({ env: { PATH: path.dirname(other) }, root }), newServer);
});

test('an old server in PATH is passed over for a newer one behind it', () => {
  const env = { PATH: [path.dirname(oldServer), path.dirname(newServer)].join(path.delimiter) };
  assert.equal(findNatsServer({ env, root: empty }), newServer);
});

test('without any server the error says what to do', () => {
  assert.throws(() => findNatsServer({ env: { PATH: path.dirname(oldServer) }, root: empty }), /npm run setup/);
});

test('versions are compared as numbers', () => {
  assert.ok(isNatsServerNewEnough('2.12.0'));
  assert.ok(isNatsServerNewEnough('3.0.0'));
  assert.ok(!isNatsServerNewEnough('2.9.99'));
  assert.ok(!isNatsServerNewEnough(undefined));
});

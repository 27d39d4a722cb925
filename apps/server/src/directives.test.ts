// Which app reads which directive is a column of the table. An app that reads one which the column does not give it is told a default where
// an operator has set a value: the launcher hands its child what the column says. So the sources are searched for what they read.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { table } from '@weir/config';
import type { AppName, TableRow } from '@weir/config';
import type { EncodingLimits } from '@weir/keyspace';
import { checkoutRoot } from '@weir/toolchain';
// oxlint-disable-next-line @nx/enforce-module-boundaries -- it is this very app
import { replicationDirectives } from './replication-directives.ts';

/** Where each app's reads stand: its own folder, and the libs that are given its Config. */
const SOURCES: Readonly<Record<AppName, readonly string[]>> = {
  ingress: ['apps/ingress/src', 'libs/program/src'],
  engine: ['apps/engine/src', 'libs/commands/src', 'libs/program/src'],
  replication: ['apps/replication/src', 'libs/program/src'],
  admin: ['apps/admin/src', 'libs/program/src'],
  server: ['apps/server/src', 'libs/program/src'],
};

/** Fields of Config that are not in its four objects. */
const FIELDS: Readonly<Record<string, string>> = {
  save: 'save',
  clientOutputBufferLimit: 'client-output-buffer-limit',
  bind: 'bind',
  replicaof: 'replicaof',
  latencyPercentiles: 'latency-tracking-info-percentiles',
};

/** What a keyspace takes of `limits: config.num`. */
const LIMITS: Readonly<Record<keyof EncodingLimits, true>> = {
  hashMaxListpackEntries: true,
  hashMaxListpackValue: true,
  listMaxListpackSize: true,
  setMaxIntsetEntries: true,
  setMaxListpackEntries: true,
  setMaxListpackValue: true,
  zsetMaxListpackEntries: true,
  zsetMaxListpackValue: true,
  hllSparseMaxBytes: true,
  streamNodeMaxBytes: true,
  streamNodeMaxEntries: true,
};

const rowOf = (wanted: string): TableRow | undefined =>
  table.find(({ name, field }) => name === wanted || field === wanted);

/** What a source text reads; an object of Config that goes somewhere whole is read by the names that the receiver takes. */
export function readsOf(text: string): Set<string> {
  const found = new Set<string>();
  const add = (field: string): void => {
    const row = rowOf(FIELDS[field] ?? field);
    if (row !== undefined) found.add(row.name);
  };
  for (const [, name] of text.matchAll(/(?:\bconfig\??\.|(?<![\w.]))(?:num|bool|text|choice)\.(\w+)/g)) add(name);
  for (const [, names] of text.matchAll(/\{([^{}]*)\} = [\w.#]*config(?:\.(?:num|bool|text|choice))?;/g)) {
    for (const name of names.split(',')) add(name.split(':')[0].trim());
  }
  if (/\bconfig\.path\(/.test(text)) add('dir'); // paths are relative to it
  for (const [, name] of text.matchAll(/\bconfig\.(?:value|bytes|path|isDefault|onChange|gate|show)\(\s*'([^']+)'/g))
    add(name);
  for (const [, names] of text.matchAll(/ of \[([^\]]*)\](?: as const)?\) \{?\s*[\w.#]*config\.onChange\(/g)) {
    for (const [, name] of names.matchAll(/'([^']+)'/g)) add(name);
  }
  for (const field of Object.keys(FIELDS)) if (new RegExp(`\\bconfig\\.${field}\\b`).test(text)) add(field);
  if (/limits: [\w.#]*config\.num\b/.test(text)) for (const field of Object.keys(LIMITS)) add(field);
  return found;
}

function sources(folder: string): string[] {
  return readdirSync(join(checkoutRoot(), folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.(?:test|bench)\.ts$|testing/.test(file))
    .map((file) => readFileSync(join(checkoutRoot(), folder, file), 'utf8'));
}

const readBy = (app: AppName): Set<string> =>
  new Set(SOURCES[app].flatMap(sources).flatMap((text) => [...readsOf(text)]));

for (const app of Object.keys(SOURCES) as AppName[]) {
  test(`the table says of every directive that the ${app} app reads that it does`, () => {
    const missing = [...readBy(app)].filter((name) => !rowOf(name)!.apps.includes(app));
    assert.deepEqual(missing, [], `add '${app}' to the column \`apps\` of these rows of libs/config`);
  });
}

for (const app of ['ingress', 'replication', 'admin', 'server'] as const) {
  test(`the table names the ${app} app for no directive that it does not read`, () => {
    const read = readBy(app);
    const idle = table.filter((row) => row.apps.includes(app) && !read.has(row.name)).map(({ name }) => name);
    assert.deepEqual(idle, []);
  });
}

test('the search finds a read in each form that sources have', () => {
  const text = `config.num.maxmemory; const { port: p, dir } = this.#node.config.text; config.value('pidfile');
    const { save } = this.config; config.onChange('hz', f); for (const b of config.bind) f({ limits: this.config.num });
    for (const n of ['timeout', 'maxclients'] as const) {
      this.config.onChange(n, f);`;
  const names = [
    'maxmemory',
    'port',
    'dir',
    'pidfile',
    'save',
    'hz',
    'bind',
    'timeout',
    'maxclients',
    'hash-max-listpack-value',
  ];
  const found = readsOf(text);
  for (const name of names) assert.ok(found.has(name), name);
  assert.equal(found.size, names.length - 1 + Object.keys(LIMITS).length);
});

test('the replication app is told what it reads, and neither a password nor where another node is', () => {
  const told = replicationDirectives.map(String);
  for (const name of ['save', 'databases', 'rdbcompression', 'hash-max-listpack-entries'])
    assert.ok(told.includes(name), name);
  for (const name of ['masterauth', 'replicaof', 'nats-url']) assert.ok(!told.includes(name), name);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { introduced, stockLines } from '../fixtures/versions.ts';
import { quoteArg } from './args.ts';
import { toBytes } from './bytes.ts';
import { loadConfig } from './load.ts';
import { isModuleSetting, retired } from './retired.ts';
import { findDirective } from './table.ts';
import { fileTree } from './testing.ts';
import { laterDirectives } from './table-later.ts';

/** Lines that set no value, each with arguments that load. */
const LINES: Readonly<Record<string, string | undefined>> = {
  include: 'none-*.conf',
  'rename-command': 'debug ""',
  user: 'default on nopass ~* &* +@all',
  loadmodule: undefined,
};

const versions = Object.entries(introduced).map(([version, names]) => [version, names.trim().split(/\s+/)] as const);

function load(text: string): readonly string[] {
  const result = loadConfig({ argv: ['t.conf'], ...fileTree('/data', { '/data/t.conf': toBytes(text) }) });
  assert.equal(result.kind, 'config');
  return (result as { warnings: readonly string[] }).warnings;
}

/** The line of a stock file: the directive at its default. */
function defaultLine(name: string): string | undefined {
  if (name in LINES) return LINES[name] === undefined ? undefined : `${name} ${LINES[name]}`;
  const row = findDirective(name);
  if (row === undefined) return `${name} no`;
  if (row.name === 'dir') return 'dir ./';
  if (row.name === 'replicaof') return `${name} no one`;
  const words = row.options.multi === true && row.default !== '' ? row.default.split(' ') : [row.default];
  return `${name} ${words.map(quoteArg).join(' ')}`;
}

describe('every directive of', () => {
  for (const [version, names] of versions) {
    test(`${version} is in the table, skipped by name or refused with a reason`, () => {
      const unknown = names.filter(
        (name) => !(name in LINES) && findDirective(name) === undefined && retired(name, ['no']) === undefined,
      );
      assert.deepEqual(unknown, []);
    });
  }

  test('a later version is in a list of names', () => {
    const listed = new Set(versions.flatMap(([, names]) => names));
    assert.deepEqual(
      laterDirectives.filter(({ name }) => !listed.has(name)).map(({ name }) => name),
      [],
    );
  });
});

describe('a file with every directive at its default loads:', () => {
  for (const [i, [version]] of versions.entries()) {
    test(version, () => {
      // Names go away too, and yet nobody is hurt by one that stays.
      const names = versions.slice(0, i + 1).flatMap(([, introducedThen]) => introducedThen);
      const lines = names.map(defaultLine).filter((line) => line !== undefined);
      const warnings = load(lines.join('\n'));
      assert.deepEqual(
        warnings.filter((warning) => !warning.startsWith('skipped')),
        [],
      );
    });
  }
});

describe('a stock file loads:', () => {
  for (const [version, text] of Object.entries(stockLines)) test(version, () => void load(text));
});

test('names of old versions are told in one warning', () => {
  assert.deepEqual(load('vm-enabled no\nvm-pages 5\nglueoutputbuf yes\nvm-pages 6\n'), [
    'skipped, since no Redis has them any more: vm-enabled, vm-pages, glueoutputbuf',
  ]);
});

test('a value that would open, close or lose something is refused with a reason', () => {
  for (const [line, reason] of [
    ['tls-port 6390', /does not speak TLS/],
    ['tls-replication yes', /in the clear/],
    ['tls-auth-clients-user CN', /does not speak TLS/],
    ['unixsocketgroup staff', /socket to a group/],
    ['rdma-port 6380', /RDMA/],
    ['import-mode yes', /expire and evict/],
    ['vm-enabled yes', /in memory/],
    ['gopher-enabled yes', /Gopher/],
    ['cluster-enabled yes', /no Redis Cluster/],
    ['search-workers 3', /modules/],
    ['bf-error-rate 0.01', /modules/],
    ['loadmodule x.so', /modules/],
  ] as const) {
    assert.throws(() => load(line), reason, line);
  }
  assert.equal(isModuleSetting('tls-port'), false);
});

test('all lines that cannot be used are told at once, those of included files too', () => {
  const files = {
    '/data/t.conf':
      'foo 1\nport 7000\nhz x\ninclude more.conf\nuser bob on >secret\nuser bob off\nrequirepass "s3cret\n',
    '/data/more.conf': '\nbar 2\n',
  };
  try {
    loadConfig({ argv: ['t.conf', '--baz', '3'], env: { WEIR_PORT: 'x' }, ...fileTree('/data', files) });
  } catch (error) {
    assert.deepEqual((error as Error).message.split('\n').slice(2), [
      "Reading the configuration file '/data/t.conf', at line 1",
      ">>> 'foo 1'",
      'Bad directive or wrong number of arguments',
      "Reading the configuration file '/data/t.conf', at line 3",
      ">>> 'hz x'",
      "argument couldn't be parsed into an integer",
      "Reading the configuration file '/data/more.conf', at line 2",
      ">>> 'bar 2'",
      'Bad directive or wrong number of arguments',
      "Reading the configuration file '/data/t.conf', at line 6",
      ">>> 'user bob (redacted)'",
      'Duplicate user found. A user can only be defined once in config files',
      "Reading the configuration file '/data/t.conf', at line 7",
      ">>> 'requirepass (redacted)'",
      'Unbalanced quotes in configuration line',
      'Reading the environment variable WEIR_PORT',
      ">>> 'port x'",
      "argument couldn't be parsed into an integer",
      'Reading the command line',
      `>>> 'baz "3"'`,
      'Bad directive or wrong number of arguments',
    ]);
    return;
  }
  assert.fail('it was accepted');
});

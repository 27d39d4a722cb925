import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { toBytes } from './bytes.ts';
import { loadConfig } from './load.ts';
import { redis } from './redis-fixture.ts';
import { SIGNATURE } from './rewrite.ts';
import { table } from './table.ts';
import { fileTree } from './testing.ts';
import type { Config } from './config.ts';

function load(text: string): Config {
  const result = loadConfig({ argv: ['t.conf'], ...fileTree('/data', { '/data/t.conf': toBytes(text) }) });
  assert.equal(result.kind, 'config');
  return (result as { config: Config }).config;
}

/** Redis appends in the order of a hash table with a random seed; `unixsocket` is the last line of every recorded file. */
function sortAppended(text: string): string {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.startsWith('unixsocket ')) + 1;
  assert.ok(at > 0);
  return [...lines.slice(0, at), ...lines.slice(at).sort()].join('\n');
}

describe('CONFIG REWRITE as redis-server 7.0.15 writes it', () => {
  for (const { before, sets, users, after } of redis.rewrites) {
    test(JSON.stringify([before.slice(0, 40), ...sets.flat()].join(' ')), () => {
      const config = load(before);
      for (const flat of sets) {
        const pairs = flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]] as const] : []));
        assert.deepEqual(config.set(pairs), { ok: true });
      }
      const written = config.rewrite(before, { users });
      assert.equal(sortAppended(written), sortAppended(after));
    });
  }
});

describe('a rewritten file', () => {
  const lines = fc.uniqueArray(
    fc.constantFrom(
      'hz 30',
      'HZ 20',
      '# comment',
      '',
      'save 1 2',
      'save 3 4',
      'save ""',
      'maxmemory 100mb',
      'requirepass "a b\\xff"',
      'slave-priority 7',
      'replica-priority 8',
      'bind 10.0.0.1',
      'bind * -::*',
      'client-output-buffer-limit normal 1kb 2 3',
      'user default on ">a b\\xff" ~* &* +@all',
      'rename-command get fetch',
      'list-max-ziplist-value 5',
      'shutdown-on-sigterm now',
      'unixsocketperm 700',
      'replication-copy resident',
      'slaveof h 1',
      SIGNATURE,
    ),
    { maxLength: 12 },
  );

  test('loads to the same values, users and renamed commands', () => {
    fc.assert(
      fc.property(lines, (text) => {
        const old = load(text.join('\n'));
        const again = load(old.rewrite(text.join('\n')));
        for (const row of table) assert.equal(again.value(row.name as never), old.value(row.name as never), row.name);
        assert.deepEqual(again.users, old.users);
        assert.deepEqual([...again.renamedCommands], [...old.renamedCommands]);
      }),
    );
  });

  test('is not changed by rewriting it again', () => {
    fc.assert(
      fc.property(lines, (text) => {
        const config = load(text.join('\n'));
        const once = config.rewrite(text.join('\n'));
        // Each time, the end of the last line is an empty line more, until two of them are one.
        const twice = config.rewrite(once);
        assert.equal(config.rewrite(twice).trimEnd(), twice.trimEnd());
        assert.equal(twice.split(SIGNATURE).length, 2);
      }),
    );
  });
});

test('lines that cannot be understood become comments', () => {
  const config = load('hz 30');
  assert.deepEqual(config.rewrite('hz 30\nfoo bar\nport "1').split('\n').slice(0, 3), [
    'hz 30',
    '# ??? foo bar',
    '# ??? port "1',
  ]);
});

test('without a list of users the user lines of the file stay', () => {
  const config = load('');
  assert.match(config.rewrite('user bob on\nuser alice off\n'), /^user bob on\nuser alice off\n/);
  assert.match(config.rewrite('user bob on\nuser alice off\n', { users: ['alice on'] }), /^user alice on\n\n/);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromText, toBytes } from './bytes.ts';
import { loadConfig } from './load.ts';
import { ConfigError, expandGlob } from './parse.ts';
import { redis } from './redis-fixture.ts';
import { fileTree } from './testing.ts';
import type { Config } from './config.ts';
import type { LoadOptions, LoadResult } from './load.ts';

function load(
  files: Record<string, string>,
  options: Partial<LoadOptions> = {},
): Extract<LoadResult, { kind: 'config' }> {
  const tree = Object.fromEntries(Object.entries(files).map(([path, text]) => [path, toBytes(text)]));
  const result = loadConfig({ argv: ['t.conf'], ...fileTree('/data', tree), ...options });
  assert.equal(result.kind, 'config');
  return result as Extract<LoadResult, { kind: 'config' }>;
}

function errorOf(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  assert.fail('it was accepted');
}

const pick = (config: Config, names: string[]): Record<string, string> => Object.fromEntries(config.get(names));

const isCommand = (name: string): boolean => ['get', 'set', 'flushall'].includes(name);

describe('a file as redis-server 7.0.15 reads it', () => {
  for (const { text, names, after, error } of redis.files) {
    const files = { '/data/t.conf': text, '/data/timeout5.conf': 'timeout 5\n' };
    const run = (): Config =>
      load(files, {
        isCommand,
        checkDirectory: (path) => (path === '/nonexistent' ? 'No such file or directory' : undefined),
      }).config;
    test(JSON.stringify(text), () => {
      if (error === undefined) {
        assert.deepEqual(pick(run(), names), after);
        return;
      }
      // Redis's words, with the file's name in them.
      const wanted = error
        .replace('the configuration file, at', "the configuration file '/data/t.conf', at")
        // Passwords are in no error of Weir's.
        .replace(/>>> '(masterauth|user) .*'\n/, ">>> '$1 (redacted)'\n");
      const message = errorOf(run).message;
      if (error.startsWith('Fatal')) assert.equal(message.split('\n').at(-1), error);
      else assert.equal(message, `\n*** FATAL CONFIG FILE ERROR (Weir 0.1.0) ***\n${wanted}`);
    });
  }
});

describe('a command line as redis-server 7.0.15 reads it', () => {
  for (const { file, argv, names, after, error } of redis.commandLines) {
    const run = (): Config => {
      const files: Record<string, string> = file === undefined ? {} : { '/data/t.conf': file };
      return load(files, { argv: [...(file === undefined ? [] : ['t.conf']), ...argv, '--port', '0'] }).config;
    };
    test(JSON.stringify(argv.join(' ')), () => {
      if (error === undefined) {
        assert.deepEqual(pick(run(), names), after);
        return;
      }
      const [, quoted, reason] = error.split('\n');
      const message = errorOf(run).message;
      assert.equal(message.split('\n')[2], 'Reading the command line');
      assert.equal(message.split('\n').at(-1), reason);
      // The fixture's own options follow there as well: an unfinished option swallows the first.
      if (!quoted.includes('--port')) assert.equal(message.split('\n')[3], quoted);
    });
  }

  test('--sentinel, --test-memory and --check-system are refused with a sentence', () => {
    for (const option of ['--sentinel', '--test-memory', '--check-system']) {
      assert.match(errorOf(() => load({}, { argv: [option] })).reason, /^Weir has no /);
    }
  });

  test('-v and --help print and load nothing', () => {
    const version = loadConfig({ argv: ['-v', 'x'], ...fileTree('/data', {}) });
    assert.deepEqual(version, { kind: 'print', text: 'Weir server v=0.1.0\n' });
    const help = loadConfig({ argv: ['--help'], ...fileTree('/data', {}) });
    assert.equal(help.kind, 'print');
    assert.match((help as { text: string }).text, /--maxmemory-policy <volatile-lru\|/);
  });

  test('text in an argument is its UTF-8', () => {
    const { config } = load({}, { argv: ['--requirepass', 'schlüssel'] });
    assert.equal(config.value('requirepass'), fromText('schlüssel'));
    assert.equal(config.text.requirepass, 'schlüssel');
  });
});

describe('precedence', () => {
  test('is defaults, file, standard input, environment, command line', () => {
    const { config, configFile } = load(
      { '/data/t.conf': 'hz 11\ntimeout 11\nport 11\nmaxclients 11\n' },
      {
        argv: ['t.conf', '--hz', '14', '-'],
        stdin: () => 'hz 12\ntimeout 12\nport 12',
        env: { WEIR_HZ: '13', WEIR_TIMEOUT: '13' },
      },
    );
    assert.deepEqual([config.num.hz, config.num.timeout, config.num.port, config.num.maxclients], [14, 13, 12, 11]);
    assert.equal(configFile, '/data/t.conf');
  });

  test('standard input is read only where the command line asks for it', () => {
    const stdin = (): string => 'hz 12';
    assert.equal(load({}, { argv: ['-'], stdin }).config.num.hz, 12);
    assert.equal(load({}, { argv: ['-', '--timeout', '1'], stdin }).config.num.hz, 12);
    assert.equal(load({}, { argv: ['--timeout', '1'], stdin }).config.num.hz, 10);
    assert.match(
      errorOf(() => load({}, { argv: ['-'], stdin: () => 'hz x' })).message,
      /configuration on standard input, at line 1/,
    );
  });
});

describe('the environment', () => {
  test('sets directives by name or alias, several arguments in one value', () => {
    const { config, warnings } = load(
      {},
      {
        argv: [],
        env: {
          WEIR_PORT: '6380',
          WEIR_SLAVEOF: '127.0.0.1 6379',
          WEIR_SAVE: '900 1 60 2',
          WEIR_REQUIREPASS: 'a b "c',
          WEIR_HASH_MAX_ZIPLIST_ENTRIES: '5',
          WEIR_SERVER_CPULIST: '0-1',
          PORT: '1',
        },
      },
    );
    assert.equal(config.num.port, 6380);
    assert.deepEqual(config.replicaof, { host: '127.0.0.1', port: 6379 });
    assert.equal(config.value('save'), '900 1 60 2');
    assert.equal(config.text.requirepass, 'a b "c');
    assert.equal(config.num.hashMaxListpackEntries, 5);
    assert.deepEqual(warnings, ['accepted without effect: server_cpulist']);
  });

  test('replaces the save lines of the file, and an empty WEIR_SAVE means never', () => {
    const files = { '/data/t.conf': 'save 900 1\nsave 60 2\n' };
    assert.equal(load(files, { env: { WEIR_SAVE: '5 5' } }).config.value('save'), '5 5');
    assert.equal(load(files, { env: { WEIR_SAVE: '' } }).config.value('save'), '');
  });

  test('takes a value from the file that a variable with _FILE names', () => {
    const files = { '/run/pass': 'a b\n', '/data/t.conf': 'requirepass other' };
    assert.equal(load(files, { env: { WEIR_REQUIREPASS_FILE: '/run/pass' } }).config.text.requirepass, 'a b');
    // A directive that is itself called so is no secret of another one.
    assert.equal(load({}, { argv: [], env: { WEIR_TLS_CERT_FILE: '/x' } }).config.value('tls-cert-file'), '/x');
    const error = errorOf(() => load({}, { argv: [], env: { WEIR_REQUIREPASS_FILE: '/absent' } }));
    assert.match(error.message, /environment variable WEIR_REQUIREPASS_FILE\n>>> 'requirepass'\ncan't read '\/absent'/);
  });

  test('names the variable in an error', () => {
    const error = errorOf(() => load({}, { argv: [], env: { WEIR_PORT: '70000' } }));
    assert.equal(
      error.message,
      '\n*** FATAL CONFIG FILE ERROR (Weir 0.1.0) ***\nReading the environment variable WEIR_PORT\n' +
        ">>> 'port 70000'\nargument must be between 0 and 65535 inclusive",
    );
  });

  test('ignores with a warning what names no directive and what an orchestrator adds', () => {
    const { config, warnings } = load(
      {},
      { argv: [], env: { WEIR_PORT: 'tcp://10.0.0.1:6379', WEIR_PORT_6379_TCP: 'x' } },
    );
    assert.equal(config.num.port, 6379);
    assert.deepEqual(warnings, [
      'environment variable WEIR_PORT is a service address (tcp://10.0.0.1:6379) and is ignored',
      'environment variable WEIR_PORT_6379_TCP names no directive and is ignored',
    ]);
  });

  test('an empty variable leaves a number alone and empties a string', () => {
    const { config } = load({ '/data/t.conf': 'hz 30\ndbfilename x' }, { env: { WEIR_HZ: '', WEIR_DBFILENAME: '' } });
    assert.equal(config.num.hz, 30);
    assert.equal(config.text.dbfilename, '');
  });
});

describe('include', () => {
  test('reads where it stands, nested, relative to the directory at that line', () => {
    const { config } = load({
      '/data/t.conf': 'hz 1\ninclude a.conf\ndir sub\ninclude b.conf\n',
      '/data/a.conf': 'hz 2\ntimeout 2\n',
      '/data/sub/b.conf': 'include ../c.conf\nhz 3\n',
      '/data/c.conf': 'hz 4\nmaxclients 4\n',
    });
    assert.deepEqual([config.num.hz, config.num.timeout, config.num.maxclients], [3, 2, 4]);
    assert.equal(config.text.dir, '/data/sub');
  });

  test('expands wildcards in sorted order and skips hidden files', () => {
    const { config } = load({
      '/data/t.conf': 'include conf.d/*.conf\ninclude d?/[a-b]/x\n',
      '/data/conf.d/20.conf': 'hz 20\nsave 2 2',
      '/data/conf.d/10.conf': 'hz 10\nsave 1 1',
      '/data/conf.d/.30.conf': 'hz 30\n',
      '/data/conf.d/x.txt': 'hz 40\n',
      '/data/d1/a/x': 'timeout 1',
      '/data/d1/c/x': 'timeout 2',
    });
    assert.deepEqual([config.num.hz, config.num.timeout], [20, 1]);
    assert.equal(config.value('save'), '1 1 2 2');
  });

  test('makes save lines behind it replace each other, as redis-server 7.0.15 does', () => {
    const files = {
      '/data/two.conf': 'save 10 1\nsave 20 2\n',
      '/data/more.conf': 'save 30 3\n',
      '/data/none.conf': '',
    };
    // Each of these was tried on redis-server 7.0.15.
    for (const [text, argv, save] of [
      ['save 1 1\ninclude two.conf', [], '1 1 10 1 20 2'],
      ['save 1 1\ninclude two.conf\nsave 3 3', [], '3 3'],
      ['save 1 1\nsave 2 2\ninclude two.conf\nsave 3 3\nsave 4 4', [], '4 4'],
      ['include two.conf\ninclude two.conf', [], '10 1 20 2 10 1 20 2'],
      ['save 2 2\ninclude none.conf\nsave 3 3', [], '3 3'],
      ['save 2 2\ninclude no*thing.conf\nsave 3 3', [], '3 3'],
      ['include none.conf\nsave 3 3\ninclude two.conf', [], '10 1 20 2'],
      ['save 1 1\ninclude [mnt][ow]*.conf', [], '1 1 30 3 10 1 20 2'],
      ['save 1 1\ninclude none.conf', ['--save', '5', '5', '--save', '6', '6'], '6 6'],
      ['save 3 3\nsave 4 4', ['--save', '5', '5', '--save', '6', '6'], '3 3 4 4 5 5 6 6'],
    ] as const) {
      const { config } = load({ '/data/t.conf': text, ...files }, { argv: ['t.conf', ...argv] });
      assert.equal(config.value('save'), save, text);
    }
  });

  test('that goes in a circle is an error that shows the circle', () => {
    const files = {
      '/data/t.conf': '\ninclude a.conf',
      '/data/a.conf': 'include b.conf',
      '/data/b.conf': '\n\ninclude a.conf',
    };
    const error = errorOf(() => load(files));
    assert.equal(
      error.reason,
      'include goes in a circle: /data/t.conf -> /data/a.conf -> /data/b.conf -> /data/a.conf',
    );
    assert.deepEqual([error.file, error.line], ['/data/b.conf', 3]);
  });

  test('of one file twice, side by side, is no circle', () => {
    const { config } = load({ '/data/t.conf': 'include a.conf\nhz 5\ninclude a.conf', '/data/a.conf': 'hz 2' });
    assert.equal(config.num.hz, 2);
  });

  test('nested without end is refused', () => {
    const files: Record<string, string> = { '/data/t.conf': 'include 0' };
    for (let i = 0; i < 50; i += 1) files[`/data/${i}`] = `include ${i + 1}`;
    assert.match(errorOf(() => load(files)).reason, /^includes are nested more than 32 deep$/);
  });

  test('of a file that is missing names the line that asks for it', () => {
    const error = errorOf(() => load({ '/data/t.conf': 'hz 5\ninclude no.conf' }));
    assert.deepEqual([error.file, error.line], ['/data/t.conf', 2]);
    assert.equal(error.reason, "Fatal error, can't open config file 'no.conf': No such file or directory");
  });

  test('errors inside name the included file and its line', () => {
    const error = errorOf(() => load({ '/data/t.conf': 'include a.conf', '/data/a.conf': 'hz 5\n\n foo bar ' }));
    assert.equal(
      error.message,
      "\n*** FATAL CONFIG FILE ERROR (Weir 0.1.0) ***\nReading the configuration file '/data/a.conf', at line 3\n" +
        ">>> 'foo bar'\nBad directive or wrong number of arguments",
    );
  });

  test('expansion does not follow names that do not exist behind a wildcard', () => {
    const { readDirectory } = fileTree('/', { '/a/x': '', '/b/y': '' });
    assert.deepEqual(expandGlob('/*/x', readDirectory), ['/a/x']);
    assert.deepEqual(expandGlob('/*', undefined), []);
  });
});

describe('lines that are no values', () => {
  test('rename-command is kept by the original name', () => {
    const text = 'rename-command FLUSHALL ""\nrename-command GET Fetch\nrename-command fetch load\n';
    const { config } = load({ '/data/t.conf': text }, { isCommand });
    assert.deepEqual(
      [...config.renamedCommands],
      [
        ['flushall', ''],
        ['get', 'load'],
      ],
    );
  });

  test('a removed command cannot be renamed again', () => {
    const text = 'rename-command flushall ""\nrename-command flushall x';
    assert.equal(
      errorOf(() => load({ '/data/t.conf': text }, { isCommand })).reason,
      'No such command in rename-command',
    );
  });

  test('modules, their settings and cluster mode are refused with a sentence', () => {
    for (const [text, reason] of [
      ['loadmodule /x.so', 'Weir does not load Redis modules'],
      ['search.timeout 5', 'Weir does not load Redis modules'],
      ['cluster-enabled yes', 'Weir has no Redis Cluster mode'],
    ]) {
      assert.equal(errorOf(() => load({ '/data/t.conf': text })).reason, reason);
    }
  });
});

test('what an operator may believe to be in effect is a warning', () => {
  const text = 'daemonize yes\nreplica-read-only no\nappendonly yes\nio-threads 4\n';
  assert.deepEqual(load({ '/data/t.conf': text }).warnings, [
    'daemonize yes has no effect: Weir stays in the foreground',
    'replica-read-only no has no effect: slaves refuse writes',
    'accepted without effect: io-threads, appendonly',
  ]);
});

test('a relative dir is relative to where the server starts, and dir is that place if nothing names it', () => {
  assert.equal(load({ '/data/t.conf': 'dir ./x/../y/' }).config.text.dir, '/data/y');
  assert.equal(load({}, { argv: [] }).config.text.dir, '/data');
});

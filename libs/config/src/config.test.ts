import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Config, LOADING_ERROR } from './config.ts';
import { findDirective } from './table.ts';
import { redis } from './redis-fixture.ts';
import { testConfig } from './testing.ts';
import type { DirectiveName } from './table.ts';

function pairsOf(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i], flat[i + 1]]);
  return pairs;
}

/** Stands in for chdir(2), which the server does in its hook. */
function withDirectories(config: Config): Config {
  config.onChange('dir', ({ after }) => (after === '/nonexistent' ? 'No such file or directory' : undefined));
  return config;
}

describe('CONFIG SET as redis-server 7.0.15 answers it', () => {
  const config = withDirectories(testConfig({ 'enable-protected-configs': 'local', port: '0' }));
  config.load(findDirective('unixsocket')!, '/data/s');
  config.load(findDirective('dir')!, '/data');
  for (const { pairs, reply, after } of redis.set) {
    test(JSON.stringify(pairs.join(' ')), () => {
      const result = config.set(pairsOf(pairs), { local: true });
      assert.deepEqual(
        result,
        reply === 'OK' ? { ok: true } : { ok: false, error: (reply as { error: string }).error },
      );
      const names = pairs.filter((_, i) => i % 2 === 0);
      assert.deepEqual(Object.fromEntries(config.get(names)), after);
    });
  }
});

describe('CONFIG GET', () => {
  test('takes names and patterns as redis-server 7.0.15 does, and answers each once, as it was spelled', () => {
    for (const { patterns, reply } of redis.get) {
      assert.deepEqual(Object.fromEntries(new Config().get(patterns)), reply, patterns.join(' '));
    }
  });

  test('shows hidden directives to their exact name only', () => {
    const config = new Config();
    assert.deepEqual(config.get(['watchdog-period']), [['watchdog-period', '0']]);
    assert.deepEqual(config.get(['watchdog-perio?']), []);
  });
});

describe('typed fields', () => {
  test('follow CONFIG SET and stay the same objects', () => {
    const config = new Config();
    const { num, bool, text, choice } = config;
    const result = config.set([
      ['maxmemory', '1gb'],
      ['lazyfree-lazy-expire', 'yes'],
      ['replica-announce-ip', 'h\xc3\xb6st'],
      ['maxmemory-policy', 'allkeys-lru'],
      ['hash-max-ziplist-value', '1kb'],
      ['maxmemory-clients', '10%'],
    ]);
    assert.deepEqual(result, { ok: true });
    assert.equal(num.maxmemory, 1073741824);
    assert.equal(num.hashMaxListpackValue, 1024);
    assert.equal(num.maxmemoryClients, -10);
    assert.equal(bool.lazyfreeLazyExpire, true);
    assert.equal(text.replicaAnnounceIp, 'höst');
    assert.equal(choice.maxmemoryPolicy, 'allkeys-lru');
    assert.equal(config.num, num);
  });

  test('hold structured values', () => {
    const config = new Config();
    assert.deepEqual(config.save, [
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
      { seconds: 60, changes: 10000 },
    ]);
    assert.deepEqual(config.bind, ['*', '-::*']);
    assert.deepEqual(config.latencyPercentiles, [50, 99, 99.9]);
    assert.deepEqual(config.clientOutputBufferLimit.slave, {
      hardBytes: 268435456,
      softBytes: 67108864,
      softSeconds: 60,
    });
    assert.equal(config.replicaof, null);
    config.assign('replicaof', ['fe80::1', '6379']);
    assert.deepEqual(config.replicaof, { host: 'fe80::1', port: 6379 });
    config.assign('replicaof', ['NO', 'ONE']);
    assert.equal(config.replicaof, null);
    config.set([
      ['save', ''],
      ['bind', ''],
    ]);
    assert.deepEqual(config.save, []);
    assert.deepEqual(config.bind, []);
  });

  test('octal permissions are their number', () => {
    assert.equal(testConfig({ unixsocketperm: '0770' }).num.unixsocketperm, 0o770);
  });

  test('a password keeps its bytes', () => {
    const config = new Config();
    config.set([['requirepass', 'a\xff\0']]);
    assert.deepEqual([...config.bytes('requirepass')], [97, 255, 0]);
  });

  test('paths are relative to dir', () => {
    const config = testConfig({ dir: '/var/lib/weir', pidfile: '../run/pid', logfile: '/var/log/weir.log' });
    assert.equal(config.path('pidfile'), '/var/lib/run/pid');
    assert.equal(config.path('logfile'), '/var/log/weir.log');
  });
});

describe('hooks', () => {
  test('are told of changes, with the typed fields changed already', () => {
    const config = new Config();
    const seen: unknown[] = [];
    config.onChange('maxmemory', (change) => {
      seen.push([change, config.num.maxmemory]);
    });
    config.set([['maxmemory', '1kb']]);
    config.set([['maxmemory', '1024']]);
    config.set([['timeout', '3']]);
    assert.deepEqual(seen, [[{ name: 'maxmemory', before: '0', after: '1024' }, 1024]]);
  });

  test('may refuse, and then nothing has changed and those that had acted are told of the reverse', () => {
    const config = new Config();
    const seen: string[] = [];
    config.onChange('timeout', ({ before, after }) => {
      seen.push(`${before}>${after}`);
    });
    config.onChange('port', () => 'Unable to listen on this port. Check server logs.');
    const result = config.set([
      ['timeout', '5'],
      ['port', '80'],
      ['hz', '50'],
    ]);
    assert.deepEqual(result, {
      ok: false,
      error:
        "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
    });
    assert.deepEqual(seen, ['0>5', '5>0']);
    assert.deepEqual([config.num.timeout, config.num.port, config.num.hz], [0, 6379, 10]);
  });

  test('are told once if a directive and its alias are set together', () => {
    const config = new Config();
    const seen: string[] = [];
    config.onChange('replica-priority', ({ after }) => {
      seen.push(after);
    });
    config.set([
      ['slave-priority', '5'],
      ['replica-priority', '6'],
    ]);
    assert.deepEqual(seen, ['6']);
  });
});

describe('CONFIG SET refuses', () => {
  test('protected directives, unless the configuration allows the client', () => {
    const refused = {
      ok: false,
      error: "ERR CONFIG SET failed (possibly related to argument 'DIR') - can't set protected config",
    };
    assert.deepEqual(new Config().set([['DIR', '/x']], { local: true }), refused);
    const local = testConfig({ 'enable-protected-configs': 'local' });
    assert.deepEqual(local.set([['DIR', '/x']]), refused);
    assert.deepEqual(local.set([['dir', 'x']], { local: true }), { ok: true });
  });

  test('some directives while a data set is being loaded', () => {
    const config = new Config();
    assert.deepEqual(config.set([['appendonly', 'yes']], { loading: true }), { ok: false, error: LOADING_ERROR });
    assert.deepEqual(config.set([['maxmemory', '5']], { loading: true }), { ok: true });
  });
});

test('every mutable directive takes its own value back', () => {
  const config = testConfig({ 'enable-protected-configs': 'yes', dir: '/data' });
  for (const [name, value] of config.get(['*'])) {
    if (findDirective(name)?.options.immutable === true) continue;
    assert.deepEqual(config.set([[name, value]]), { ok: true }, name);
    assert.equal(config.value(findDirective(name)!.name as DirectiveName), value);
  }
});

describe('a directive behind a gate', () => {
  const open = (config: Config, pairs: [string, string][]) => config.setInOrder(pairs, () => ({}));

  test('changes when the gate has made it true, and not before', async () => {
    const config = testConfig({});
    const seen: string[] = [];
    config.gate('appendfsync', async (after) => {
      seen.push(`${after} while ${config.value('appendfsync')}`);
      return undefined;
    });
    const result = open(config, [
      ['maxmemory', '1kb'],
      ['appendfsync', 'always'],
    ]);
    assert.equal(config.value('maxmemory'), '0', 'all of a request at once');
    assert.deepEqual(await result, { ok: true });
    assert.deepEqual(seen, ['always while everysec']);
    assert.deepEqual([config.value('appendfsync'), config.value('maxmemory')], ['always', '1024']);
  });

  test('stays when the gate refuses, and what other gates have done is taken back', async () => {
    const config = testConfig({});
    const seen: string[] = [];
    config.gate('requirepass', async (after) => void seen.push(after));
    config.gate('appendfsync', async () => 'not now');
    const result = await open(config, [
      ['requirepass', 'secret'],
      ['appendfsync', 'no'],
    ]);
    assert.deepEqual(result, {
      ok: false,
      error: "ERR CONFIG SET failed (possibly related to argument 'appendfsync') - not now",
    });
    assert.deepEqual(seen, ['secret', '']);
    assert.equal(config.value('requirepass'), '');
  });

  test('asks no gate for a request that is refused anyway, nor for a value that stands already', () => {
    const config = testConfig({});
    config.gate('appendfsync', () => assert.fail('asked'));
    const refused = open(config, [
      ['appendfsync', 'always'],
      ['maxmemory', 'much'],
    ]);
    assert.equal((refused as { ok: boolean }).ok, false);
    assert.deepEqual(open(config, [['appendfsync', 'everysec']]), { ok: true });
  });
});

test('CONFIG GET answers what holds where that is not what was asked for; CONFIG REWRITE keeps what was', () => {
  const config = testConfig({ appendfsync: 'always' });
  config.show('appendfsync', () => 'no');
  assert.deepEqual(config.get(['appendfsync']), [['appendfsync', 'no']]);
  assert.deepEqual(config.get(['appendfs*']), [['appendfsync', 'no']]);
  assert.match(config.rewrite(''), /^appendfsync always$/m);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deferred } from '../core/host.ts';
import type { Host, ReplicationView, SnapshotView } from '../core/host.ts';
import { TEST_NOW, TestEngine, latin1, testHost } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { SERVER_EXCHANGES, SERVER_EXCHANGES_RESP3 } from './exchanges.testing.ts';

const DEBUG = { config: { 'enable-debug-command': 'yes' } };

for (const [line, reply] of SERVER_EXCHANGES) {
  test(`server: ${line}`, () => assert.equal(play(line, DEBUG), reply));
}

for (const [line, reply] of SERVER_EXCHANGES_RESP3) {
  test(`server, RESP3: ${line}`, () => assert.equal(play(line, { ...DEBUG, resp: 3 }), reply));
}

/** An engine whose deferred replies are collected. */
function deferring(host: Partial<Host>): { engine: TestEngine; answers: () => string } {
  const engine = new TestEngine({ ...DEBUG, host });
  let text = '';
  engine.ctx.onDefer = (): Deferred => (write) => {
    engine.ctx.reply.reset();
    write(engine.ctx.reply);
    text += latin1(engine.ctx.reply.written());
  };
  return { engine, answers: () => text };
}

const slaveView: ReplicationView = {
  ...testHost().replication(),
  role: 'slave',
  offset: 77,
  master: {
    host: 'example.org',
    port: 6379,
    state: 'connected',
    lastIoSeconds: 1,
    linkDownSeconds: 0,
    syncLeftBytes: 0,
    syncTotalBytes: 0,
  },
};

test('SAVE answers when the snapshot is usable, or why there is none', () => {
  const done: ((error: string | null) => void)[] = [];
  const { engine, answers } = deferring({ save: (callback) => void done.push(callback) });
  assert.equal(engine.text('SAVE'), '');
  assert.equal(engine.text('SAVE'), '');
  done[0](null);
  done[1]('no space left');
  assert.equal(answers(), '+OK\r\n-ERR no space left\r\n');
});

test('BGSAVE and SAVE refuse while a snapshot is being made, BGREWRITEAOF comes after it', () => {
  const snapshots: SnapshotView = { ...testHost().snapshots(), inProgress: true };
  const engine = new TestEngine({ host: { snapshots: () => snapshots, save: () => {} } });
  assert.equal(engine.text('SAVE'), '-ERR Background save already in progress\r\n');
  assert.equal(engine.text('BGSAVE'), '-ERR Background save already in progress\r\n');
  assert.equal(engine.text('BGSAVE', 'SCHEDULE'), '-ERR Background save already in progress\r\n');
  assert.equal(engine.text('BGREWRITEAOF'), '+Background append only file rewriting scheduled\r\n');
  assert.equal(engine.text('BGREWRITEAOF'), '-ERR Background append only file rewriting already in progress\r\n');
});

test('BGSAVE and BGREWRITEAOF ask for a snapshot', () => {
  let asked = 0;
  const engine = new TestEngine({ host: { save: () => void asked++ } });
  assert.equal(engine.text('BGSAVE'), '+Background saving started\r\n');
  assert.equal(engine.text('BGREWRITEAOF'), '+Background append only file rewriting started\r\n');
  assert.equal(asked, 2);
});

test('BGSAVE is refused or scheduled until BGREWRITEAOF has finished', () => {
  const asked: ((error: string | null) => void)[] = [];
  const engine = new TestEngine({ host: { save: (done) => void asked.push(done) } });
  engine.text('BGREWRITEAOF');
  assert.match(engine.text('BGSAVE'), /^-ERR Another child process is active \(AOF\?\): can't BGSAVE right now/);
  for (let i = 0; i < 2; i++) assert.equal(engine.text('BGSAVE', 'SCHEDULE'), '+Background saving scheduled\r\n');
  assert.equal(asked.length, 2, 'one for both that were scheduled');
  for (const done of asked) done(null);
  assert.equal(engine.text('BGSAVE'), '+Background saving started\r\n');
});

test('BGSAVE tells at once that no snapshot can be made', () => {
  const engine = new TestEngine({ host: { save: (done) => done('ERR there is no log yet') } });
  assert.equal(engine.text('BGSAVE'), '-ERR there is no log yet\r\n');
});

test('SHUTDOWN passes its options on, answers nothing and closes; a refusal is an error', () => {
  const seen: unknown[] = [];
  const engine = new TestEngine({
    host: {
      shutdown: (options) => (seen.push(options), options.force ? null : 'Errors trying to SHUTDOWN. Check logs.'),
    },
  });
  assert.equal(engine.text('SHUTDOWN', 'SAVE', 'now'), '-ERR Errors trying to SHUTDOWN. Check logs.\r\n');
  assert.equal(engine.defaultSession.isEnding, false);
  assert.equal(engine.text('SHUTDOWN', 'FORCE'), '');
  assert.equal(engine.defaultSession.isEnding, true);
  assert.deepEqual(seen, [
    { save: true, now: true, force: false },
    { save: null, now: false, force: true },
  ]);
});

test('DEBUG is refused unless it was enabled, and `local` means clients of this machine', () => {
  const refusal =
    '-ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.\r\n';
  assert.equal(play('debug digest'), refusal);
  const engine = new TestEngine({ config: { 'enable-debug-command': 'local' } });
  const far = engine.session();
  far.session.remoteAddr = '10.0.0.7:5000';
  assert.equal(far.text('DEBUG', 'HELP'), refusal);
  assert.equal(engine.text('DEBUG', 'DIGEST'), `+${'0'.repeat(40)}\r\n`);
});

test('DEBUG POPULATE goes to the log key by key, and a slave refuses it', () => {
  const engine = new TestEngine(DEBUG);
  engine.call('DEBUG', 'POPULATE', 3, 'p', 10);
  assert.deepEqual(
    engine.effects.slice(1),
    [0, 1, 2].map((i) => ['SET', `p:${i}`, `value:${i}\0\0\0`]),
  );
  assert.deepEqual(engine.replica().contents(), engine.contents());
  engine.ctx.role.isSlave = true;
  assert.equal(engine.text('DEBUG', 'POPULATE', 1), "-READONLY You can't write against a read only replica.\r\n");
});

test('DEBUG POPULATE makes no values longer than strings may be', () => {
  const engine = new TestEngine(DEBUG);
  for (const size of ['536870913', '4611686018427387904']) {
    assert.match(engine.text('DEBUG', 'POPULATE', 1, 'p', size), /^-ERR string exceeds maximum allowed size/);
  }
  assert.deepEqual(engine.contents(), []);
});

test('DEBUG POPULATE keeps what fitted when the arena is full', () => {
  const engine = new TestEngine({ ...DEBUG, debug: false, reserveBytes: 64 * 1024 * 1024 });
  const reply = engine.text('DEBUG', 'POPULATE', 1000, 'big', 1024 * 1024);
  assert.equal(reply, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  assert.ok(engine.contents().length > 10);
  assert.equal(engine.effects.filter(([name]) => name === 'SET').length, engine.contents().length);
  engine.verify();
});

test('DEBUG OBJECT tells encoding, length in a snapshot and idle time', () => {
  const engine = new TestEngine(DEBUG);
  engine.call('SET', 'a', 'hello');
  engine.call('SET', 'b', '12345');
  engine.now += 3000;
  assert.match(
    engine.text('DEBUG', 'OBJECT', 'a'),
    /^\+Value at:0x[0-9a-f]+ refcount:1 encoding:embstr serializedlength:6 lru:\d+ lru_seconds_idle:3\r\n$/,
  );
  assert.match(engine.text('DEBUG', 'OBJECT', 'b'), / encoding:int serializedlength:3 /);
});

test('a digest waits for what is not committed, a time does not', () => {
  const engine = new TestEngine(DEBUG);
  engine.call('SET', 'a', '1');
  engine.call('DEBUG', 'DIGEST');
  assert.equal(engine.waitSeq, 1);
  engine.call('TIME');
  assert.equal(engine.waitSeq, 0);
});

test('DEBUG RELOAD and LOADAOF answer when the data set is back', () => {
  const { engine, answers } = deferring({ reload: (done) => done(null) });
  assert.equal(engine.text('DEBUG', 'RELOAD'), '+OK\r\n');
  assert.equal(engine.text('DEBUG', 'RELOAD', 'NOSAVE'), '+OK\r\n');
  assert.equal(engine.text('DEBUG', 'LOADAOF'), '+OK\r\n');
  assert.equal(answers(), '+OK\r\n'.repeat(3));
  assert.match(engine.text('DEBUG', 'RELOAD', 'MERGE'), /^-ERR /);
});

test('DEBUG SLEEP stops the engine, DEBUG PANIC asks the process', () => {
  const seen: (string | number)[] = [];
  const host: Partial<Host> = {
    sleep: (ms) => void seen.push(ms),
    crash: (how) => (seen.push(how), how === 'panic' ? 'not today' : null),
    log: (message) => void seen.push(message),
  };
  const engine = new TestEngine({ ...DEBUG, host });
  assert.equal(engine.text('DEBUG', 'SLEEP', '0.25'), '+OK\r\n');
  assert.equal(engine.text('DEBUG', 'PANIC'), '-ERR not today\r\n');
  assert.equal(engine.text('DEBUG', 'CHANGE-REPL-ID'), '+OK\r\n');
  assert.equal(engine.text('DEBUG', 'LOG', 'hello'), '+OK\r\n');
  assert.deepEqual(seen, [250, 'panic', 'change-repl-id', 'DEBUG LOG: hello']);
  engine.call('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  assert.equal(engine.ctx.activeExpire, false);
});

test('REPLICAOF names a master once, and says so when it is the same', () => {
  const seen: unknown[] = [];
  const engine = new TestEngine({
    host: { replication: () => slaveView, replicaOf: (target) => void seen.push(target) },
  });
  assert.equal(engine.text('REPLICAOF', 'example.org', 6379), '+OK\r\n', 'it leads, and is not the one that was named');
  engine.ctx.config.assign('replicaof', ['example.org', '6379']);
  assert.equal(engine.text('REPLICAOF', 'EXAMPLE.org', 6379), '+OK Already connected to specified master\r\n');
  assert.equal(engine.text('SLAVEOF', 'example.org', 6380), '+OK\r\n');
  assert.equal(engine.text('replicaof', 'No', 'One'), '+OK\r\n');
  const at = (port: number): object => ({ host: 'example.org', port });
  assert.deepEqual(seen, [at(6379), at(6380), null]);
});

test('REPLICAOF goes on while the data set cannot be loaded, and not while it is', () => {
  const engine = new TestEngine();
  engine.ctx.role.isLoading = true;
  assert.match(engine.text('REPLICAOF', 'no', 'one'), /^-LOADING/);
  engine.ctx.role.dataRefusal = 'MISCONF the log is missing';
  assert.match(engine.text('GET', 'k'), /^-MISCONF the log is missing/);
  assert.equal(engine.text('REPLICAOF', 'no', 'one'), '+OK\r\n');
});

test('ROLE of a slave and of a master with slaves', () => {
  const slave = new TestEngine({ host: { replication: () => slaveView } });
  assert.equal(slave.text('ROLE'), '*5\r\n$5\r\nslave\r\n$11\r\nexample.org\r\n:6379\r\n$9\r\nconnected\r\n:77\r\n');
  const view: ReplicationView = {
    ...testHost().replication(),
    offset: 90,
    slaves: [
      { ip: '127.0.0.1', port: 6380, state: 'online', offset: 88, lagSeconds: 0 },
      { ip: '127.0.0.1', port: 6381, state: 'send_bulk', offset: 0, lagSeconds: 0 },
    ],
  };
  const master = new TestEngine({ host: { replication: () => view } });
  assert.equal(
    master.text('ROLE'),
    '*3\r\n$6\r\nmaster\r\n:90\r\n*1\r\n*3\r\n$9\r\n127.0.0.1\r\n$4\r\n6380\r\n$2\r\n88\r\n',
  );
  assert.match(master.text('FAILOVER'), /^-ERR FAILOVER is not supported/);
});

test('SLOWLOG GET has the six fields of Redis 4 and later', () => {
  const engine = new TestEngine({ config: { 'slowlog-log-slower-than': '0' } });
  engine.call('CLIENT', 'SETNAME', 'bob');
  engine.call('SLOWLOG', 'RESET');
  engine.call('ECHO', 'x');
  const seconds = TEST_NOW / 1000;
  assert.equal(
    engine.text('SLOWLOG', 'GET', 1),
    `*1\r\n*6\r\n:2\r\n:${seconds}\r\n:0\r\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n$15\r\n127.0.0.1:50000\r\n$3\r\nbob\r\n`,
  );
});

test('CONFIG SET keeps passwords out of the slow log', () => {
  const engine = new TestEngine({ config: { 'slowlog-log-slower-than': '0' } });
  engine.call('CONFIG', 'SET', 'requirepass', 'secret', 'maxmemory', '0');
  const args = engine.ctx.slowlog.entries[0].args.map((arg) => Buffer.from(arg).toString());
  assert.deepEqual(args, ['CONFIG', 'SET', 'requirepass', '(redacted)', 'maxmemory', '0']);
});

test('every password is kept out of the slow log: by any name, in any place and case, refused or not', () => {
  const engine = new TestEngine({ config: { 'slowlog-log-slower-than': '0' } });
  for (const name of [
    'requirepass',
    'masterauth',
    'primaryauth',
    'masteruser',
    'primaryuser',
    'tls-key-file-pass',
    'tls-client-key-file-pass',
    'TLS-Key-File-Pass',
  ]) {
    for (const args of [
      [name, 'secret'],
      ['hz', '10', name, 'secret'],
      ['nothing', '1', name, 'secret', 'hz', 'x'],
      ['hz', 'x', name, 'secret', 'requirepass', 'secret'],
      [name, 'secret', 'hz'],
      ['hz', name, 'secret'],
    ]) {
      engine.call('CONFIG', 'SET', ...args);
      const kept = engine.ctx.slowlog.entries[0].args.map((arg) => Buffer.from(arg).toString());
      const shown = args.map((arg) => (arg === 'secret' ? '(redacted)' : arg));
      assert.deepEqual(kept, ['CONFIG', 'SET', ...shown]);
      engine.call('AUTH', 'secret');
    }
  }
});

test('CONFIG RESETSTAT zeroes counters of commands and errors', () => {
  const engine = new TestEngine();
  engine.call('GET', 'a');
  engine.call('GET');
  assert.match(
    engine.text('INFO', 'commandstats', 'errorstats'),
    /cmdstat_get:calls=1,.*rejected_calls=1.*\r\n[^]*errorstat_ERR:count=1\r\n/,
  );
  engine.call('CONFIG', 'RESETSTAT');
  assert.doesNotMatch(engine.text('INFO', 'commandstats', 'errorstats'), /cmdstat_get|errorstat/);
});

test('CONFIG REWRITE needs a file, and tells why it failed', () => {
  const process = { ...testHost().process(), configFile: '/etc/weir.conf' };
  let failure: string | null = null;
  const engine = new TestEngine({ host: { process: () => process, rewriteConfig: () => failure } });
  assert.equal(engine.text('CONFIG', 'REWRITE'), '+OK\r\n');
  failure = 'Permission denied';
  assert.equal(engine.text('CONFIG', 'REWRITE'), '-ERR Rewriting config file: Permission denied\r\n');
});

test('MEMORY USAGE is what the arena gets back when the key goes', () => {
  const engine = new TestEngine();
  for (const length of [0, 1, 40, 500, 1024, 1025, 5000, 100_000]) {
    engine.call('SET', 'k', 'x'.repeat(length));
    const usage = Number(engine.text('MEMORY', 'USAGE', 'k').slice(1));
    const table = engine.ctx.keyspace.dbs[0].keys.bytes;
    const freed = engine.arena.usedBytes - table;
    assert.equal(usage - 8, freed, `length ${length}`);
  }
});

test('MEMORY STATS is a map of the fields of Redis 7.0', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v');
  const reply = engine.session(3).text('MEMORY', 'STATS');
  assert.match(reply, /^%28\r\n\$14\r\npeak\.allocated\r\n:\d+\r\n/);
  assert.match(reply, /\$4\r\ndb\.0\r\n%3\r\n\$23\r\noverhead\.hashtable\.main\r\n:64\r\n/);
});

test('WEIR DIGEST names the position at which the digest will hold', () => {
  const view: ReplicationView = { ...testHost().replication(), seq: 41, offset: 1000, epoch: 3 };
  const engine = new TestEngine({ host: { replication: () => view } });
  engine.call('SET', 'a', '1');
  engine.ctx.inFlightRecords = 2;
  engine.ctx.inFlightBytes = 50;
  const digest = play('set a 1 ; debug digest', DEBUG).slice(6, 46);
  assert.equal(engine.text('WEIR', 'DIGEST'), `*3\r\n:43\r\n:1050\r\n$40\r\n${digest}\r\n`);
  assert.equal(engine.waitSeq, 1);
  assert.equal(engine.text('WEIR', 'POSITION'), `*4\r\n:3\r\n:41\r\n:1000\r\n$40\r\n${view.replid}\r\n`);
});

test('WEIR HANDSHAKE tells how to reach the log, or that there is none', () => {
  let answer: { json: string } | { error: string } = { json: '{"url":"nats://127.0.0.1:4222"}' };
  const engine = new TestEngine({ host: { handshake: () => answer } });
  assert.equal(engine.text('WEIR', 'HANDSHAKE'), '$31\r\n{"url":"nats://127.0.0.1:4222"}\r\n');
  answer = { error: 'LOADING not yet' };
  assert.equal(engine.text('WEIR', 'HANDSHAKE'), '-LOADING not yet\r\n');
});

test('WEIR LOGS tells of each log what it is to this node, and FORGET says why one stays', () => {
  const log = { messages: 2, bytes: 300, lastWriteMs: 5500, readers: 0, members: [], own: false, named: false };
  const { engine, answers } = deferring({
    logs: (done) =>
      done([
        { ...log, id: 'a', own: true, named: true },
        { ...log, id: 'b', named: true },
        { ...log, id: 'c', members: ['m1'] },
        { ...log, id: 'd', readers: 1 },
        { ...log, id: 'e' },
      ]),
    forgetLog: (id, done) => done(id === 'e' ? null : 'ERR it stays'),
  });
  engine.text('WEIR', 'LOGS');
  const text = answers();
  assert.deepEqual(
    [...text.matchAll(/\$5\r\nstate\r\n\$\d+\r\n(\w+)/g)].map(([, state]) => state),
    ['own', 'cluster', 'followed', 'followed', 'old'],
  );
  assert.match(text, /last-write\r\n:5\r\n.*readers\r\n:1\r\n.*/s);
  assert.match(text, /members\r\n\*1\r\n\$2\r\nm1\r\n/);
  engine.text('WEIR', 'LOGS', 'forget', 'e');
  engine.text('WEIR', 'LOGS', 'FORGET', 'a');
  assert.equal(answers().slice(text.length), '+OK\r\n-ERR it stays\r\n');
  for (const args of [['FORGET'], ['REMOVE', 'e'], ['FORGET', 'e', 'f']])
    assert.match(engine.text('WEIR', 'LOGS', ...args), /^-ERR syntax error/);
});

test("WEIR HANDSHAKE asks for a slave's rights unless it is told REPLICATION", () => {
  const asked: string[] = [];
  const engine = new TestEngine({
    host: {
      handshake: (who) => {
        asked.push(who);
        return { json: '{}' };
      },
    },
  });
  engine.text('WEIR', 'HANDSHAKE');
  engine.text('WEIR', 'HANDSHAKE', 'replication');
  assert.match(engine.text('WEIR', 'HANDSHAKE', 'ADMIN'), /^-ERR syntax error/);
  assert.match(engine.text('WEIR', 'HANDSHAKE', 'REPLICATION', 'x'), /^-ERR syntax error/);
  assert.deepEqual(asked, ['slave', 'replication']);
});

test('LATENCY DOCTOR, LOLWUT and MEMORY DOCTOR say something', () => {
  const engine = new TestEngine();
  for (const args of [['LATENCY', 'DOCTOR'], ['LOLWUT'], ['MEMORY', 'DOCTOR'], ['MEMORY', 'MALLOC-STATS']]) {
    assert.match(engine.text(...args), /^\$\d\d+\r\n[^]{20}/);
  }
  assert.match(engine.text('LOLWUT', 'VERSION', 5, 1), /Redis ver\. 7\.0\.15\n/);
});

test('an unknown subcommand is counted as an error and by no command', () => {
  const engine = new TestEngine();
  engine.call('CLIENT', 'NOSUCH');
  engine.call('COMMAND', 'NOSUCH');
  assert.match(engine.text('COMMAND', 'NOSUCH'), /^-ERR unknown subcommand 'NOSUCH'\. Try COMMAND HELP\./);
  assert.equal(engine.defaultSession.lastCommand, 'NULL');
  assert.doesNotMatch(engine.text('INFO', 'commandstats'), /cmdstat_(client|command):/);
  engine.call('CLIENT');
  assert.match(engine.text('INFO', 'commandstats'), /cmdstat_client:calls=0,.*,rejected_calls=1,/);
  assert.match(engine.text('INFO', 'errorstats'), /errorstat_ERR:count=4\r\n/);
});

test('DEBUG ERROR is counted as no error', () => {
  const engine = new TestEngine({ config: { 'enable-debug-command': 'yes' } });
  assert.equal(engine.text('DEBUG', 'ERROR', 'MY error'), '-MY error\r\n');
  assert.doesNotMatch(engine.text('INFO', 'errorstats'), /errorstat_/);
  engine.call('DEBUG', 'NOSUCH');
  assert.match(engine.text('INFO', 'errorstats'), /errorstat_ERR:count=1\r\n/);
  assert.match(engine.text('INFO', 'commandstats'), /cmdstat_debug:calls=2,.*,failed_calls=1\r\n/);
});

test('the CONFIG SET that makes everything slow is in the slow log, the one that makes nothing slow is not', () => {
  const engine = new TestEngine();
  engine.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
  assert.equal(engine.text('SLOWLOG', 'LEN'), ':1\r\n');
  engine.call('CONFIG', 'SET', 'slowlog-log-slower-than', '-1');
  assert.equal(engine.text('SLOWLOG', 'LEN'), ':2\r\n');
});

test('a shorter slowlog-max-len drops old entries at once', () => {
  const engine = new TestEngine({ config: { 'slowlog-log-slower-than': '0' } });
  for (let i = 0; i < 5; i++) engine.call('ECHO', i);
  engine.call('CONFIG', 'SET', 'slowlog-log-slower-than', '1000000000');
  engine.call('CONFIG', 'SET', 'slowlog-max-len', '1');
  assert.equal(engine.text('SLOWLOG', 'LEN'), ':1\r\n');
});

test('SCAN with a TYPE and DEBUG HTSTATS-KEY count as reads of keys', () => {
  const engine = new TestEngine({ config: { 'enable-debug-command': 'yes' } });
  engine.call('MSET', 'a', '1', 'b', '2');
  engine.call('SCAN', '0', 'TYPE', 'list', 'COUNT', '100');
  engine.call('DEBUG', 'HTSTATS-KEY', 'a');
  engine.call('DEBUG', 'HTSTATS-KEY', 'nosuch');
  assert.match(engine.text('INFO', 'stats'), /keyspace_hits:3\r\nkeyspace_misses:1\r\n/);
});

test('DEBUG POPULATE cuts names at 127 bytes, as Redis does', () => {
  const engine = new TestEngine({ config: { 'enable-debug-command': 'yes' } });
  engine.call('DEBUG', 'POPULATE', 5, 'k'.repeat(200));
  assert.equal(engine.text('KEYS', '*'), `*1\r\n$127\r\n${'k'.repeat(127)}\r\n`);
});

test('MEMORY USAGE is about what is there, expired or not, as in Redis', () => {
  const engine = new TestEngine();
  engine.call('SET', 'a', '1', 'PX', '10');
  engine.now += 20;
  assert.match(engine.text('MEMORY', 'USAGE', 'a'), /^:\d+/);
  assert.equal(engine.text('GET', 'a'), '$-1\r\n');
  assert.equal(engine.text('MEMORY', 'USAGE', 'a'), '$-1\r\n');
});

test('DEBUG POPULATE replaces an expired key, and the log deletes it first', () => {
  const engine = new TestEngine({ config: { 'enable-debug-command': 'yes' } });
  engine.call('SET', 'key:0', 'old', 'PX', '10');
  engine.now += 20;
  engine.call('DEBUG', 'POPULATE', 1);
  assert.deepEqual(engine.effects, [
    ['SELECT', '0'],
    ['DEL', 'key:0'],
    ['SET', 'key:0', 'value:0'],
  ]);
  assert.equal(engine.text('GET', 'key:0'), '$7\r\nvalue:0\r\n');
  assert.equal(engine.text('TTL', 'key:0'), ':-1\r\n');
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('DEBUG DIGEST-VALUE looks at expired keys too, as in Redis', () => {
  const engine = new TestEngine({ config: { 'enable-debug-command': 'yes' } });
  engine.call('SET', 'a', '1', 'PX', '10');
  const before = engine.text('DEBUG', 'DIGEST-VALUE', 'a');
  engine.now += 20;
  assert.equal(engine.text('DEBUG', 'DIGEST-VALUE', 'a'), before);
  assert.deepEqual(engine.effects, []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host, MigrateAnswer, MigrateRequest } from '../core/host.ts';
import { TestEngine, announcementText, decodeCommands } from '../testing.ts';

/** An engine whose target is the test: what is sent to it is kept, and answered when the test says so. */
function engineWithTarget(): { engine: TestEngine; sent: MigrateRequest[]; answer: (...lines: string[]) => string } {
  const sent: MigrateRequest[] = [];
  const waiting: ((answer: MigrateAnswer) => void)[] = [];
  const host: Partial<Host> = {
    migrate(request, done) {
      sent.push(request);
      waiting.push(done);
    },
  };
  const engine = new TestEngine({ host });
  const answer = (...lines: string[]): string => {
    const { count } = sent.at(-1)!;
    engine.lateReply = '';
    waiting.pop()!({ lines, failure: lines.length < count ? 'reading' : null });
    return engine.lateReply;
  };
  return { engine, sent, answer };
}

const withoutSelect = (effects: readonly string[][]): string[] =>
  effects.map((args) => args.join(' ')).filter((effect) => effect !== 'SELECT 0');

const requestsOf = ({ requests }: MigrateRequest): string[][] =>
  decodeCommands(requests).map((args) => args.map((arg, i) => (args[0] === 'RESTORE' && i === 3 ? 'payload' : arg)));

test('the target is sent what RESTORE needs, and what it took is deleted', () => {
  const { engine, sent, answer } = engineWithTarget();
  engine.call('SET', 'k', 'v', 'PX', 5000);
  assert.equal(engine.text('MIGRATE', 'there', 7000, 'k', 3, 200), '');
  assert.equal(sent[0].host, 'there');
  assert.equal(sent[0].port, 7000);
  assert.equal(sent[0].timeoutMs, 200);
  assert.deepEqual(requestsOf(sent[0]), [
    ['SELECT', '3'],
    ['RESTORE', 'k', '5000', 'payload'],
  ]);
  const dumped = decodeCommands(sent[0].requests)[1][3];
  const payload = engine
    .text('DUMP', 'k')
    .replace(/^\$\d+\r\n/, '')
    .slice(0, -2);
  assert.equal(dumped, payload);
  assert.equal(answer('+OK', '+OK'), '+OK\r\n');
  assert.deepEqual(withoutSelect(engine.effects), ['DEL k']);
  assert.equal(engine.text('EXISTS', 'k'), ':0\r\n');
  assert.deepEqual(engine.replica().contents(), []);
});

test('options: KEYS names many, COPY keeps them, REPLACE replaces, AUTH goes first', () => {
  const { engine, sent, answer } = engineWithTarget();
  engine.call('MSET', 'a', '1', 'b', '2', 'c', '3');
  engine.call('MIGRATE', 'h', 1, '', 0, 0, 'copy', 'REPLACE', 'AUTH2', 'me', 'secret', 'KEYS', 'a', 'no', 'b');
  assert.equal(sent[0].timeoutMs, 1000);
  assert.deepEqual(requestsOf(sent[0]), [
    ['AUTH', 'me', 'secret'],
    ['SELECT', '0'],
    ['RESTORE', 'a', '0', 'payload', 'REPLACE'],
    ['RESTORE', 'b', '0', 'payload', 'REPLACE'],
  ]);
  assert.equal(answer('+OK', '+OK', '+OK', '+OK'), '+OK\r\n');
  assert.deepEqual(engine.effects, []);
  assert.equal(engine.text('DBSIZE'), ':3\r\n');
  engine.call('MIGRATE', 'h', 1, '', -1, 9, 'AUTH', 'secret', 'KEYS', 'c', 'a', 'c');
  assert.deepEqual(requestsOf(sent[1]), [
    ['AUTH', 'secret'],
    ['RESTORE', 'c', '0', 'payload'],
    ['RESTORE', 'a', '0', 'payload'],
    ['RESTORE', 'c', '0', 'payload'],
  ]);
  // As in Redis: the second time it is there already, and what was taken is deleted all the same.
  assert.equal(
    answer('+OK', '+OK', '+OK', '-BUSYKEY Target key name already exists.'),
    '-ERR Target instance replied with error: BUSYKEY Target key name already exists.\r\n',
  );
  assert.deepEqual(withoutSelect(engine.effects), ['DEL c a']);
  assert.deepEqual(engine.announced.map(announcementText), ['del 0 c', 'del 0 a']);
});

test('wrong requests are refused as Redis refuses them, and nothing is sent', () => {
  const { engine, sent } = engineWithTarget();
  engine.call('SET', 'k', 'v');
  const call = (line: string): string =>
    engine.text('MIGRATE', ...line.split(' ').map((arg) => (arg === '""' ? '' : arg)));
  assert.equal(call('h 1 no 0 100'), '+NOKEY\r\n');
  assert.equal(call('h 1 "" 0 1 keys'), '+NOKEY\r\n');
  assert.equal(call('h 1 k x 1'), '-ERR value is not an integer or out of range\r\n');
  assert.equal(call('h 1 k 0 x'), '-ERR value is not an integer or out of range\r\n');
  for (const wrong of ['auth', 'auth2 a', 'foo', 'copy foo']) {
    assert.equal(call(`h 1 k 0 1 ${wrong}`), '-ERR syntax error\r\n', wrong);
  }
  assert.equal(
    call('h 1 k 0 1 keys k'),
    '-ERR When using MIGRATE KEYS option, the key argument must be set to the empty string\r\n',
  );
  assert.deepEqual(sent, []);
});

test('keys that the target refused, or did not answer for, stay', () => {
  const { engine, answer } = engineWithTarget();
  engine.call('MSET', 'a', '1', 'b', '2', 'c', '3');
  const migrate = (...options: string[]): void =>
    void engine.call('MIGRATE', 'h', 1, '', 0, 9, ...options, 'KEYS', 'a', 'b');
  migrate();
  assert.equal(answer('+OK', '-BUSYKEY x', '-OOM y'), '-ERR Target instance replied with error: BUSYKEY x\r\n');
  migrate();
  assert.equal(answer('-ERR DB', '+OK', '+OK'), '-ERR Target instance replied with error: ERR DB\r\n');
  migrate('AUTH', 'x');
  assert.equal(answer('-WRONGPASS', '+OK', '+OK', '+OK'), '-ERR Target instance replied with error: WRONGPASS\r\n');
  migrate();
  assert.equal(answer(), '-IOERR error or timeout reading to target instance\r\n');
  assert.equal(engine.text('DBSIZE'), ':3\r\n');
  migrate();
  assert.equal(answer('+OK', '+OK'), '-IOERR error or timeout reading to target instance\r\n');
  assert.deepEqual(withoutSelect(engine.effects), ['DEL a']);
  engine.verify();
});

test('a key that changed while it was sent is not deleted, and the client is told', () => {
  const changes: [string, string[]][] = [
    ['a value', ['SET', 'a', '2', 'KEEPTTL']],
    ['an expire time', ['PERSIST', 'a']],
    ['another expire time', ['PEXPIRE', 'a', '99999']],
    ['another type', ['SADD', 'a', '1']],
    ['none any more', ['DEL', 'a']],
  ];
  for (const [what, change] of changes) {
    const { engine, answer } = engineWithTarget();
    engine.call('SET', 'a', '1', 'PX', 5000);
    engine.call('SET', 'b', '1');
    engine.call('MIGRATE', 'h', 1, '', 0, 9, 'KEYS', 'a', 'b');
    if (change[0] === 'SADD') engine.call('DEL', 'a');
    engine.call(...change);
    const before = engine.contents().filter(({ key }) => key === 'a');
    assert.match(
      answer('+OK', '+OK', '+OK'),
      /^-ERR the target has taken the keys, but some have changed here meanwhile/,
      what,
    );
    assert.deepEqual(withoutSelect(engine.effects), ['DEL b'], what);
    assert.deepEqual(engine.contents(), before, what);
    assert.deepEqual(engine.replica().contents(), before, what);
  }
});

test('a key that was changed and changed back is the one that was sent', () => {
  const { engine, answer } = engineWithTarget();
  engine.call('SET', 'k', '1');
  engine.call('MIGRATE', 'h', 1, 'k', 0, 9);
  engine.call('SET', 'k', '2');
  engine.call('SET', 'k', '1');
  assert.equal(answer('+OK', '+OK'), '+OK\r\n');
  assert.equal(engine.text('EXISTS', 'k'), ':0\r\n');
});

test('members of a set that changed in number, name or not at all decide about its key', () => {
  for (const [change, stays] of [
    [['SADD', 's', 'x'], true],
    [['SREM', 's', 'm3'], true],
    [['SADD', 's', 'm3'], false],
  ] as const) {
    const { engine, answer } = engineWithTarget();
    engine.call('SADD', 's', ...Array.from({ length: 500 }, (_, i) => `m${i}`));
    engine.call('MIGRATE', 'h', 1, 's', 0, 9);
    engine.call(...change);
    answer('+OK', '+OK');
    assert.equal(engine.text('EXISTS', 's'), stays ? ':1\r\n' : ':0\r\n', change.join(' '));
  }
});

test('a node that is no master any more when the target answers deletes nothing', () => {
  const { engine, answer } = engineWithTarget();
  engine.call('SET', 'k', '1');
  engine.call('MIGRATE', 'h', 1, 'k', 0, 9);
  engine.ctx.role.isSlave = true;
  assert.equal(answer('+OK', '+OK'), "-READONLY You can't write against a read only replica.\r\n");
  assert.deepEqual(engine.effects, []);
  engine.ctx.role.isSlave = false;
  engine.ctx.role.writeRefusal = 'NOREPLICAS x';
  engine.call('SET', 'k', '1');
  engine.ctx.role.writeRefusal = '';
  engine.call('MIGRATE', 'h', 1, 'k', 0, 9);
  engine.ctx.role.writeRefusal = 'NOREPLICAS x';
  assert.equal(answer('+OK', '+OK'), '-NOREPLICAS x\r\n');
  assert.equal(engine.text('EXISTS', 'k'), ':1\r\n');
});

test('a target that cannot be reached at all is told of at once', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v');
  assert.equal(engine.text('MIGRATE', 'h', 1, 'k', 0, 9), '-IOERR error or timeout connecting to the client\r\n');
  assert.deepEqual(engine.effects, []);
});

test('passwords are kept out of the slow log', () => {
  const engine = new TestEngine({ config: { 'slowlog-log-slower-than': '0' } });
  engine.call('SET', 'k', 'v');
  engine.call('MIGRATE', 'h', 1, 'k', 0, 9, 'AUTH2', 'my-name', 'my-secret');
  const log = engine.text('SLOWLOG', 'GET');
  assert.match(log, /MIGRATE/);
  assert.doesNotMatch(log, /my-/);
});

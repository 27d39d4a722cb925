import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestEngine, latin1 } from '../testing.ts';
import type { TestSession } from '../testing.ts';
import { NOTES_BYTES_MAX } from './notifications.ts';

/** What a listener was told of, `channel payload` each. */
function told(listener: TestSession): string[] {
  const text = latin1(listener.pushed());
  return [...text.matchAll(/pmessage\r\n\$\d+\r\n\*\r\n\$\d+\r\n(.*)\r\n\$\d+\r\n(.*)\r\n/g)].map(
    ([, channel, payload]) => `${channel} ${payload}`,
  );
}

function listening(engine: TestEngine): TestSession {
  const listener = engine.session();
  listener.call('PSUBSCRIBE', '*');
  return listener;
}

test('events of keys are published to both kinds of channels, of the classes that are wanted', () => {
  const engine = new TestEngine({ config: { 'notify-keyspace-events': 'KE$g' } });
  const listener = listening(engine);
  engine.call('SELECT', 3);
  engine.call('SET', 'k', 'v');
  engine.call('LPUSH', 'l', 'v');
  engine.call('DEL', 'k', 'l');
  assert.deepEqual(told(listener), [
    '__keyspace@3__:k set',
    '__keyevent@3__:set k',
    '__keyspace@3__:k del',
    '__keyevent@3__:del k',
    '__keyspace@3__:l del',
    '__keyevent@3__:del l',
  ]);
  engine.call('CONFIG', 'SET', 'notify-keyspace-events', 'Eln');
  engine.call('RPUSH', 'l', 'a');
  engine.call('SET', 'k', 'v');
  assert.deepEqual(told(listener), ['__keyevent@3__:new l', '__keyevent@3__:rpush l', '__keyevent@3__:new k']);
  engine.call('CONFIG', 'SET', 'notify-keyspace-events', 'A');
  engine.call('SET', 'k', 'v');
  assert.deepEqual(told(listener), [], 'neither K nor E');
});

test('a read of a key that is not there, and a key that expires, are told when they are asked for', () => {
  const engine = new TestEngine({ config: { 'notify-keyspace-events': 'Emx' } });
  const listener = listening(engine);
  engine.call('GET', 'nosuch');
  engine.call('SET', 'k', 'v', 'PX', 10);
  engine.now += 20;
  engine.call('GET', 'k');
  assert.deepEqual(told(listener), [
    '__keyevent@0__:keymiss nosuch',
    '__keyevent@0__:expired k',
    '__keyevent@0__:keymiss k',
  ]);
});

test('notifications that are off, or that nobody listens to, cost no announcement and keep nothing', () => {
  const engine = new TestEngine({ config: { 'notify-keyspace-events': '' } });
  const before = engine.ctx.keyspace.changes.wanted;
  engine.call('CONFIG', 'SET', 'notify-keyspace-events', 'KEA');
  engine.ctx.whenStored = () => assert.fail('nobody listens');
  engine.call('SET', 'k', 'v');
  engine.call('CONFIG', 'SET', 'notify-keyspace-events', '');
  assert.equal(engine.ctx.keyspace.changes.wanted, before);
});

test('an event is told when its change is stored, behind what was told before, and not when it is lost', () => {
  const engine = new TestEngine({ config: { 'notify-keyspace-events': 'EAm' } });
  const listener = listening(engine);
  const waits: ((stored: boolean) => void)[] = [];
  engine.ctx.isStored = () => false;
  engine.ctx.whenStored = (_record, done) => void waits.push(done);
  engine.call('SET', 'a', '1');
  engine.call('GET', 'nosuch');
  engine.call('PUBLISH', 'mine', 'message');
  engine.call('SET', 'b', '1');
  assert.deepEqual(told(listener), []);
  for (const wait of waits.splice(0, 2)) wait(true);
  assert.deepEqual(told(listener), ['__keyevent@0__:set a', '__keyevent@0__:keymiss nosuch', 'mine message']);
  waits[0]!(false);
  assert.deepEqual(told(listener), []);
});

test('a slave tells of what the log has it do', () => {
  const master = new TestEngine();
  const slave = new TestEngine({ config: { 'notify-keyspace-events': 'EA' } });
  slave.ctx.role.isSlave = true;
  const listener = listening(slave);
  slave.ctx.whenStored = () => assert.fail('a slave has no records of its own');
  master.call('SADD', 's', 'm');
  master.call('SPOP', 's');
  for (const record of master.history) slave.apply(record);
  assert.deepEqual(told(listener), ['__keyevent@0__:sadd s', '__keyevent@0__:srem s', '__keyevent@0__:del s']);
});

test('notes have a bound: those beyond it are counted and not told', () => {
  const engine = new TestEngine({ config: { 'notify-keyspace-events': 'EA' }, reserveBytes: 2 ** 28 });
  const listener = listening(engine);
  const waits: ((stored: boolean) => void)[] = [];
  engine.ctx.whenStored = (_record, done) => void waits.push(done);
  engine.call('SET', 'x'.repeat(NOTES_BYTES_MAX - 100), 'v');
  engine.call('SET', 'y'.repeat(200), 'v');
  assert.equal(engine.ctx.stats.notificationsLost, 1);
  assert.match(engine.text('INFO', 'weir'), /notifications_lost:1\r\n/);
  for (const wait of waits.splice(0)) wait(true);
  listener.pushed();
  engine.call('SET', 'z', 'v');
  waits[0]!(true);
  assert.deepEqual(told(listener), ['__keyevent@0__:set z']);
});

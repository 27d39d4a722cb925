import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHandover, decodeHeartbeat, encodeHandover, encodeHeartbeat } from './heartbeat.ts';
import { decodeLeadership, encodeLeadership, readBeginning } from './leadership.ts';
import { LOG_START } from './reader.ts';
import { FakeLog } from './testing.ts';
import { openWriter } from './open-writer.ts';

const ID = new Uint8Array(16).fill(0xab);
const SNAPSHOT = { kind: 'snapshot', id: 'base-1', seq: 0, digest: 'd1', keys: 5000 } as const;

// These bytes are in logs. Fields may be added behind the last one; a change of what stands here makes old logs unreadable.
test('the bytes of a leadership record never change', () => {
  const text = Buffer.from(encodeLeadership(ID, { node: 'n', ip: '1.2.3.4', port: 6379, begins: SNAPSHOT })).toString();
  assert.equal(
    text,
    '{"id":"abababababababababababababababab","node":"n","ip":"1.2.3.4","port":6379,' +
      '"begins":{"kind":"snapshot","id":"base-1","seq":0,"digest":"d1","keys":5000}}',
  );
  assert.deepEqual(decodeLeadership(Buffer.from(text)), { node: 'n', ip: '1.2.3.4', port: 6379, begins: SNAPSHOT });
});

test('what a leader with a lease says of itself stands between its address and what the log begins with', () => {
  const text = Buffer.from(encodeLeadership(ID, { node: 'n', leaseMs: 1000, why: 'silence' })).toString();
  assert.equal(text, '{"id":"abababababababababababababababab","node":"n","leaseMs":1000,"why":"silence"}');
  assert.deepEqual(decodeLeadership(Buffer.from(text)), { node: 'n', leaseMs: 1000, why: 'silence' });
  assert.deepEqual(decodeLeadership(Buffer.from('{"leaseMs":0,"why":"boredom"}')), {}, 'what is not understood');
});

test('the bytes of heartbeat and handover records never change', () => {
  const beat = Buffer.from(encodeHeartbeat({ node: 'n', leaseMs: 1000 })).toString();
  assert.equal(beat, '{"node":"n","leaseMs":1000}');
  assert.deepEqual(decodeHeartbeat(Buffer.from(beat)), { node: 'n', leaseMs: 1000 });
  const named = Buffer.from(encodeHandover({ node: 'n', to: 'm' })).toString();
  assert.equal(named, '{"node":"n","to":"m"}');
  assert.deepEqual(decodeHandover(Buffer.from(named)), { node: 'n', to: 'm' });
  assert.deepEqual(decodeHandover(encodeHandover({ node: 'n' })), { node: 'n' });
  for (const text of ['', '[1', 'null', '{"node":7,"leaseMs":"x","to":1}']) {
    assert.deepEqual(decodeHeartbeat(Buffer.from(text)), {});
    assert.deepEqual(decodeHandover(Buffer.from(text)), {});
  }
});

test('a leadership record that says less, or nothing that is understood, is read as one that says less', () => {
  assert.deepEqual(decodeLeadership(Buffer.from('{"id":"x","ip":7,"begins":{"kind":"other"}}')), {});
  assert.deepEqual(decodeLeadership(Buffer.from('[1')), {});
  assert.deepEqual(decodeLeadership(Buffer.from('null')), {});
  assert.deepEqual(decodeLeadership(Buffer.from('{"begins":{"kind":"nothing"}}')), { begins: { kind: 'nothing' } });
});

test('what a log begins with is read from its first message, as long as that is there', async () => {
  const log = new FakeLog();
  assert.equal(await readBeginning(log), null, 'an empty log has not begun');
  const options = { log, tail: LOG_START, engineVersion: 1, leadership: { begins: SNAPSHOT } };
  const writer = await openWriter(options);
  assert.deepEqual(await readBeginning(log), SNAPSHOT);
  const next = await openWriter({ log, tail: writer.committed, engineVersion: 1 });
  assert.deepEqual(await readBeginning(log), SNAPSHOT, 'later leaders do not change it');
  for (let i = 0; i < 20; i++)
    await new Promise<void>((done) => next.appendControl(3, new Uint8Array(1), () => done()));
  await log.purgeTo(3);
  assert.equal(await readBeginning(log), null, 'trimmed: snapshots stand for what was in front');
});

test('a damaged first message is an error, not a log without a beginning', async () => {
  const log = new FakeLog();
  await openWriter({ log, tail: LOG_START, engineVersion: 1, leadership: { begins: { kind: 'nothing' } } });
  log.corrupt(1, 90);
  await assert.rejects(readBeginning(log), { code: 'log-corrupt' });
});

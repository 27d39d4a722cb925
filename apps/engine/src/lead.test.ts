/** What changes when an engine begins to lead, and stops. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Config } from '@weir/config';
import { HEADER_BYTES } from '@weir/log';
import { ManualLog, testEngine, turn } from './testing-sessions.ts';

test('nothing that was executed before it leads reaches the log', async () => {
  const config = new Config();
  config.assign('enable-debug-command', ['yes']);
  config.assign('maxmemory-policy', ['allkeys-random']);
  const { engine, log, client } = testEngine({}, config);
  const a = client();
  a.send('DEBUG POPULATE 1000 k 1000');
  await turn();
  log.commit();
  engine.stopLeading();
  engine.ctx.role.isLoading = true; // fenced: the data set is about to be dropped
  config.assign('maxmemory', ['100kb']);
  a.send('PING', 'DEBUG POPULATE 5');
  assert.equal(engine.ctx.effects.pos, HEADER_BYTES, 'no eviction from a data set that is being replaced');
  const next = new ManualLog();
  config.assign('maxmemory', ['0']);
  engine.ctx.role.isLoading = false;
  a.send('SET a 1'); // nobody lets a client write now; if somebody did, no log would have it
  engine.lead(next);
  await turn();
  assert.deepEqual(next.payloads, []);
  assert.equal(a.destroyed, true);
});

test('another log counts offsets from its beginning, and WAIT asks for no more', async () => {
  const asked: number[] = [];
  const { engine, log, client } = testEngine({
    waitReplicas: (offset, _replicas, _timeout, done) => {
      asked.push(offset);
      done(0);
      return () => {};
    },
  });
  const a = client();
  a.send('SET a 1', 'WAIT 1 0');
  await turn();
  log.commit();
  engine.stopLeading();
  engine.lead(new ManualLog());
  a.send('WAIT 1 0');
  assert.deepEqual(asked, [log.nextOffset, 0]);
});

test('clients whose writes the log has not confirmed are cut off when it stops leading', async () => {
  const { engine, log, client } = testEngine();
  const [writer, reader, other] = [client(), client(), client()];
  writer.send('SET a 1');
  await turn();
  reader.send('GET a');
  other.send('GET b');
  engine.stopLeading();
  assert.deepEqual([writer.destroyed, reader.destroyed, other.destroyed], [true, true, false]);
  assert.equal(engine.commit.heldBytes, 0);
  log.commit(); // too late: nobody is told anything
  assert.equal(writer.text, '');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Keyspace, events } from '@weir/keyspace';
import { Replay } from '@weir/replica';
import { encodeCommand } from '@weir/resp';
import { testEngine } from './testing-sessions.ts';

test('who listens to an engine hears that another data set took the place of the one there was, and what the log does to it', () => {
  const { engine, client } = testEngine();
  const heard: string[] = [];
  const nameOf = (kind: number): string => (kind === events.REPLACED ? 'replaced' : events.KEY_EVENTS[kind].name);
  engine.ctx.keyspace.changes.subscribe(-1, {
    key: (kind, db, _hash, buf, off, len) => {
      heard.push(`${nameOf(kind)} ${db} ${Buffer.from(buf.subarray(off, off + len)).toString()}`);
    },
    whole: (kind, a, b) => void heard.push(`${nameOf(kind)} ${a} ${b}`),
  });
  client().port.input(Buffer.from('SET k v\r\n'), 0, 9);

  const next = new Keyspace({ seed: { k0: 3, k1: 4 }, randomSeed: 5 });
  const replay = new Replay(next);
  replay.payload(encodeCommand(['SET', 'k', 'v']), 0);
  assert.deepEqual(heard, ['new 0 k', 'set 0 k'], 'a data set that is being built is nobody’s yet');
  engine.swapKeyspace(next);
  replay.payload(encodeCommand(['DEL', 'k']), 0);
  assert.deepEqual(heard.slice(2), ['replaced -1 -1', 'del 0 k']);
});

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { ParentStore } from './parent-store.ts';

class FakeParent extends EventEmitter {
  readonly sent: object[] = [];
  broken: Error | null = null;
  send(message: object, done: (error: Error | null) => void): void {
    this.sent.push(message);
    done(this.broken);
  }
}

test('each request waits for its own answer', async () => {
  const parent = new FakeParent();
  const store = new ParentStore(parent);
  const first = store.secure();
  const second = store.secure();
  assert.deepEqual(parent.sent, [{ secure: 1 }, { secure: 2 }]);
  parent.emit('message', { directive: 'save', value: '' }); // CONFIG SET is not for it
  parent.emit('message', { secured: 2, error: 'input/output error' });
  await assert.rejects(second, /does not sync its store: input\/output error/);
  parent.emit('message', { secured: 1, error: '' });
  await first;
});

test('a node that is gone is an error', async () => {
  const parent = new FakeParent();
  parent.broken = new Error('channel closed');
  await assert.rejects(new ParentStore(parent).secure(), /channel closed/);
});

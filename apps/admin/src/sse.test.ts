import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { EventStream, EventStreams, formatEvent } from './sse.ts';

const NEVER = { heartbeatMs: 3_600_000, stallMs: 3_600_000 };

test('an event has its id, its name and its data on a line each, whatever the data holds', () => {
  assert.equal(
    formatEvent({ id: '1:0', event: 'change', data: { text: 'a\nb\r' } }),
    'id: 1:0\nevent: change\ndata: {"text":"a\\nb\\r"}\n\n',
  );
  assert.equal(formatEvent({ data: 1 }), 'data: 1\n\n');
});

test('a client that takes nothing makes the sender wait, and is let go after a while', async () => {
  const stream = new EventStream({ ...NEVER, stallMs: 40 });
  const closed = once(stream.readable, 'close');
  let waited: void | Promise<void> = undefined;
  for (let sent = 0; waited === undefined && sent < 1000; sent++) waited = stream.send({ data: 'x'.repeat(1000) });
  assert.ok(waited instanceof Promise, 'it waits');
  await waited;
  await closed;
  assert.ok(stream.signal.aborted);
  assert.equal(stream.send({ data: 1 }), undefined);
});

test('a stream that ends gives what was sent, and its place to another', async () => {
  const streams = new EventStreams(1);
  const stream = streams.open();
  assert.throws(() => streams.open(), { code: 'too-many-streams' });
  void stream.send({ event: 'last', data: 1 });
  streams.endAll();
  let text = '';
  for await (const chunk of stream.readable) text += String(chunk);
  assert.equal(text, ': open\n\nevent: last\ndata: 1\n\n');
  assert.equal(streams.count, 0);
  streams.open().end();
});

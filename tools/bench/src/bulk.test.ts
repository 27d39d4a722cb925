import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { digits, scattered, sendAll, variadic } from './bulk.ts';

/** Answers the n-th command of a connection. */
async function fakeServer(
  t: TestContext,
  answer: (n: number) => string,
): Promise<{ port: number; seen: () => number }> {
  let seen = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const commands = chunk.toString('latin1').split('*1\r\n').length - 1;
      let text = '';
      for (let i = 0; i < commands; i++) text += answer(seen++);
      socket.write(text);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, seen: () => seen };
}

test('all commands are sent, and waited for', async (t) => {
  const server = await fakeServer(t, () => '+OK\r\n');
  await sendAll(server.port, Array<string[]>(1000).fill(['P']));
  assert.equal(server.seen(), 1000);
});

test('an error among many replies rejects with its text', async (t) => {
  const server = await fakeServer(t, (n) => (n === 50 ? '-ERR one of them\r\n' : '+OK\r\n'));
  await assert.rejects(sendAll(server.port, Array<string[]>(100).fill(['P'])), /^Error: ERR one of them$/);
});

test('a connection that ends rejects', async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  await assert.rejects(sendAll((server.address() as AddressInfo).port, [['P']]));
});

test('elements are spread over commands of so many each, the last one shorter', () => {
  const commands = [...variadic(['SADD', 'k'], 5, (i) => [`m${i}`], 2)];
  assert.deepEqual(commands, [
    ['SADD', 'k', 'm0', 'm1'],
    ['SADD', 'k', 'm2', 'm3'],
    ['SADD', 'k', 'm4'],
  ]);
});

test('scattered numbers are all numbers below the bound, once each', () => {
  for (const count of [20_000, 1_000_000]) {
    assert.equal(new Set(Array.from({ length: count }, (_, i) => scattered(i, count))).size, count);
  }
  assert.equal(digits(42), '000000000042');
});

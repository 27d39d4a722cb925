// What clients may make a node keep for them, and what a stranger gets.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { bounded, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';

async function dial(rig: Rig, node: WeirNode): Promise<Socket> {
  const socket = createConnection({ port: node.port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.setNoDelay(true);
  rig.onEnd(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** The connection is closed, also by a reset. */
function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('close', () => resolve()));
}

async function field(client: { call(...args: string[]): Promise<unknown> }, section: string, name: string) {
  return Number(new RegExp(`${name}:(\\d+)`).exec(String(await client.call('INFO', section)))?.[1]);
}

withRig(
  'strangers that read nothing are closed before they cost anything, and an HTTP body is not executed',
  async (rig) => {
    const node = await rig.started('master');
    const admin = await rig.raw(node);
    await admin.call('PING');
    const before = await field(admin, 'memory', 'used_memory_rss');
    for (const request of ['POST / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n']) {
      const http = await dial(rig, node);
      let text = '';
      http.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      http.write(`${request}\r\nSET pwned 1\r\n`);
      await bounded('the connection to be closed', gone(http), 10_000);
      assert.doesNotMatch(text, /OK/);
    }
    assert.equal(await admin.call('EXISTS', 'pwned'), 0);
    assert.equal(await admin.call('CONFIG', 'SET', 'requirepass', 'secret'), 'OK');
    const request = Buffer.alloc(1024 * 1024, 'PING\r\n');
    await Promise.all(
      Array.from({ length: 3 }, async () => {
        const socket = await dial(rig, node);
        socket.pause();
        const closed = gone(socket);
        const more = (): void => {
          while (!socket.destroyed && socket.writableLength < 4 << 20) socket.write(request, () => setImmediate(more));
        };
        more();
        await bounded('the stranger to be closed', closed, 20_000);
      }),
    );
    const after = await field(admin, 'memory', 'used_memory_rss');
    assert.ok(after - before < 200 << 20, `${Math.round((after - before) / 2 ** 20)} MB more`);
    assert.ok((await field(admin, 'weir', 'client_output_buffer_limit_disconnections')) >= 3);
  },
);

withRig(
  'single bytes that pile up behind unread replies are counted, and all answered when the client reads',
  async (rig) => {
    const node = await rig.started('master');
    const admin = await rig.raw(node);
    const value = 'x'.repeat(4 << 20);
    await admin.call('SET', 'big', value);
    const slow = await dial(rig, node);
    slow.pause();
    slow.write('CLIENT SETNAME slow\r\nGET big\r\nGET big\r\n');
    const count = 18_000;
    for (let sent = 0; sent < count; sent += 6) {
      for (const byte of 'PING\r\n') slow.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('all of them to be kept', async () => {
      const line = String(await admin.call('CLIENT', 'LIST'))
        .split('\n')
        .find((text) => text.includes(' name=slow '))!;
      return line.includes(` qbuf=${count} `) && Number(/ omem=(\d+)/.exec(line)![1]) > 0;
    });
    let got = 0;
    slow.on('data', (chunk: Buffer) => (got += chunk.length));
    slow.resume();
    await until('all replies', () => got === 5 + 2 * (value.length + 12) + (count / 6) * 7);
    assert.equal(await admin.call('PING'), 'PONG');
  },
);

withRig('maxmemory-clients evicts the largest client, and the others stay', async (rig) => {
  const node = await rig.started('master', { more: ['--maxmemory-clients', '20mb'] });
  const small = await rig.raw(node);
  assert.equal(await small.call('PING'), 'PONG');
  const large = await dial(rig, node);
  large.write('*2\r\n$4\r\nECHO\r\n$104857600\r\n');
  const closed = gone(large);
  large.resume();
  large.write(Buffer.alloc(60 << 20, 'x'));
  await bounded('the large one to be closed', closed, 20_000);
  assert.equal(await small.call('PING'), 'PONG');
  assert.equal(await field(small, 'stats', 'evicted_clients'), 1);
});

import assert from 'node:assert/strict';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { Proxy } from './proxy.ts';

test('a piece of network carries, holds back without losing anything, and is cut', async (t) => {
  const server = createServer((socket) => socket.pipe(socket).on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await Proxy.listen(0, (server.address() as AddressInfo).port);
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
    server.close();
  });
  const connect = async (): Promise<Socket> => {
    const socket = createConnection(proxy.port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };

  const one = await connect();
  one.write('a');
  assert.equal(String((await once(one, 'data'))[0]), 'a');

  proxy.set('stalled');
  one.write('b');
  let came = '';
  one.on('data', (bytes) => (came += String(bytes)));
  // Another connection through the same process has had its turn meanwhile.
  const direct = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(direct);
  direct.write('x');
  await once(direct, 'data');
  assert.equal(came, '');
  proxy.set('all');
  await once(one, 'data');
  assert.equal(came, 'b');

  proxy.set('cut');
  await once(one, 'close');
  const refused = await connect();
  await once(refused, 'close');
});

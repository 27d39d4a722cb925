import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { test } from 'node:test';
import type { Member } from '@weir/cluster';
import { Nodes } from './nodes.ts';

const at = (port: number): Member => ({
  ...({ id: 'x', role: 'master', ip: '127.0.0.1', port, epoch: 1 } as const),
  ...({ seq: 1, offset: 1, state: 'online', receivedMs: 0 } as const),
});

/** A server that does `serve` with each connection, and a client of it. */
async function withServer(
  serve: (socket: Socket) => void,
  body: (nodes: Nodes, node: Member, server: Server) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const nodes = new Nodes({ user: () => '', password: () => '', commandMs: 200 });
  try {
    await body(nodes, at((server.address() as AddressInfo).port), server);
  } finally {
    nodes.stop();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

test('a node that is not there, that says nothing, or that hangs up is unreachable, with the reason, and is tried anew each time', async () => {
  await withServer(
    (socket) => socket.destroy(),
    async (nodes, node, server) => {
      await assert.rejects(nodes.info(node), { code: 'node-unreachable', more: { node: 'x' } });
      server.close();
      await once(server, 'close');
      for (let i = 0; i < 2; i++) await assert.rejects(nodes.info(node), /ECONNREFUSED/);
    },
  );
  await withServer(
    () => undefined,
    (nodes, node) => assert.rejects(nodes.info(node), { code: 'node-unreachable', message: /timed out/ }),
  );
});

test("an error that a node answers keeps Redis's words; bytes stay bytes", () =>
  withServer(
    (socket) =>
      socket.on('data', (data) => {
        for (const command of String(data).match(/client|INFO|GETRANGE/gi) ?? []) {
          socket.write(
            command === 'INFO' ? '-ERR no\r\n' : command === 'GETRANGE' ? '$2\r\n\xff\x00\r\n' : '+OK\r\n',
            'latin1',
          );
        }
      }),
    async (nodes, node) => {
      await assert.rejects(nodes.info(node), { code: 'node-refused', message: 'ERR no' });
      assert.deepEqual(await nodes.callBytes(node, ['GETRANGE', 'k', 0, 1]), Buffer.from([0xff, 0]));
    },
  ));

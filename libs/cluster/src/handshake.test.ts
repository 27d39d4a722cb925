import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { handshake, reachableFrom } from './handshake.ts';

test('the NATS address that a node names is made one that can be reached from here', () => {
  const elsewhere = { host: 'db.example', loopback: false };
  assert.equal(reachableFrom('nats://t@0.0.0.0:4222', elsewhere), 'nats://t@db.example:4222');
  assert.equal(reachableFrom('nats://t@127.0.0.1:4222', elsewhere), 'nats://t@db.example:4222');
  assert.equal(reachableFrom('nats://a:b@n1:1,nats://[::1]:2', elsewhere), 'nats://a:b@n1:1,nats://db.example:2');
  assert.equal(reachableFrom('nats://t@[::]:4222', { host: 'fd00::5', loopback: false }), 'nats://t@[fd00::5]:4222');
  // The same machine, whichever of its loopback addresses the node was reached at.
  const here = { host: '::1', loopback: true };
  assert.equal(reachableFrom('nats://t@127.0.0.1:4222', here), 'nats://t@127.0.0.1:4222');
  assert.equal(reachableFrom('nats://t@0.0.0.0:4222', here), 'nats://t@127.0.0.1:4222');
  assert.equal(reachableFrom('nats://t@[::]:4222', here), 'nats://t@[::1]:4222');
});

async function answering(t: { after(f: () => void): void }, reply: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(reply));
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a handshake tells the log, and says in a sentence why there is none', async (t) => {
  const node = { version: 1, cluster: 'c', logId: 'l', natsUrl: 'nats://t@127.0.0.1:4222', role: 'master' };
  const bulk = (value: unknown): string => {
    const text = JSON.stringify(value);
    return `$${text.length}\r\n${text}\r\n`;
  };
  const ask = async (reply: string, password?: string) => {
    const port = await answering(t, reply);
    return handshake({ host: '127.0.0.1', port, timeoutMs: 5000, ...(password === undefined ? {} : { password }) });
  };
  assert.deepEqual(await ask(bulk(node)), { ...node, localAddress: '127.0.0.1' });
  assert.deepEqual(await ask(`+OK\r\n${bulk(node)}`, 'secret'), { ...node, localAddress: '127.0.0.1' });
  await assert.rejects(ask('-NOAUTH Authentication required.\r\n'), /refused the handshake: NOAUTH/);
  await assert.rejects(ask('+PONG\r\n'), /is no Weir node/);
  await assert.rejects(ask(bulk({ ...node, version: 2 })), /handshake version 2/);
  await assert.rejects(ask(bulk({ version: 1 })), /no cluster/);
  await assert.rejects(ask('$70000000\r\n'), /closed the connection during the handshake/);
  await assert.rejects(ask('nonsense\r\n'), /nonsense/);
  await assert.rejects(ask(`$200000\r\n${'x'.repeat(100_000)}`), /too much/);
  await assert.rejects(handshake({ host: '127.0.0.1', port: 1, timeoutMs: 5000 }), /cannot be reached/);
});

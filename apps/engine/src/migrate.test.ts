import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MigrateAnswer, MigrateRequest } from '@weir/commands';
import { migrate } from './migrate.ts';
import { testEngine, turn } from './testing-sessions.ts';

/** MIGRATE's way to the other server, and its place between the requests and commits of the engine. */

async function listen(serve: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function send(port: number, over: Partial<MigrateRequest> = {}): Promise<MigrateAnswer> {
  const requests = Buffer.from('*1\r\n$4\r\nPING\r\n'.repeat(over.count ?? 1));
  return new Promise((resolve) =>
    migrate({ host: '127.0.0.1', port, timeoutMs: 5000, afterRecord: 0, requests, count: 1, ...over }, resolve),
  );
}

test('the lines of all replies are collected, however they are cut', async () => {
  const { server, port } = await listen((socket) => {
    socket.on('error', () => {});
    socket.once('data', async () => {
      for (const piece of ['+O', 'K\r', '\n-ERR a b\r\n+', 'OK\r\n+too much\r\n']) {
        socket.write(piece);
        await sleep(5);
      }
    });
  });
  assert.deepEqual(await send(port, { count: 3 }), { lines: ['+OK', '-ERR a b', '+OK'], failure: null });
  server.close();
});

test('a target that hangs, ends, refuses or does not exist is told apart, with the replies that came', async () => {
  const silent = await listen((socket) => socket.once('data', () => socket.write('+OK\r\n')));
  assert.deepEqual(await send(silent.port, { count: 2, timeoutMs: 50 }), { lines: ['+OK'], failure: 'reading' });
  const ending = await listen((socket) => socket.once('data', () => socket.end('+OK\r\n+')));
  assert.deepEqual(await send(ending.port, { count: 2 }), { lines: ['+OK'], failure: 'reading' });
  ending.server.close();
  const closed = await listen(() => {});
  closed.server.close();
  await once(closed.server, 'close');
  assert.deepEqual(await send(closed.port), { lines: [], failure: 'writing' });
  for (const port of [0, 65536, -1]) assert.equal((await send(port)).failure, 'connecting');
  assert.equal((await send(silent.port, { host: 'no-such-host.invalid' })).failure, 'connecting');
  silent.server.close();
});

test('a target that reads slowly, but reads, is no time-out', async () => {
  let bytes = 0;
  const { server, port } = await listen((socket) => {
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 3);
      if (bytes === 8_000_000) socket.write('+OK\r\n');
    });
  });
  const answer = await send(port, { requests: new Uint8Array(8_000_000), timeoutMs: 250 });
  assert.deepEqual(answer, { lines: ['+OK'], failure: null });
  server.close();
});

test('keys are sent when their writes are committed, and the reply leaves when the deletion is', async () => {
  const answers: ((answer: MigrateAnswer) => void)[] = [];
  const { engine, log, client } = testEngine({
    migrate: (request, done) =>
      engine.whenCommitted(request.afterRecord, (committed) => {
        if (committed) answers.push(done);
        else done({ lines: [], failure: 'uncommitted' });
      }),
  });
  const [mover, writer] = [client(), client()];
  writer.send('SET k v');
  mover.send('MIGRATE h 1 k 0 100', 'PING');
  await turn();
  assert.equal(answers.length, 0, 'the write of k is not committed');
  log.commit();
  assert.equal(answers.length, 1);
  writer.send('GET k');
  assert.equal(writer.take(), '+OK\r\n$1\r\nv\r\n', 'others go on meanwhile');
  assert.equal(mover.take(), '');
  answers[0]({ lines: ['+OK', '+OK'], failure: null });
  await turn();
  assert.match(log.payloads[1], /DEL\r\n\$1\r\nk\r\n$/);
  assert.equal(mover.take(), '', 'the deletion is not committed');
  log.commit();
  assert.equal(mover.take(), '+OK\r\n+PONG\r\n');
  assert.equal(engine.ctx.keyspace.size, 0);
});

test('a master that is replaced before the writes are committed sends nothing', async () => {
  const { engine, client } = testEngine({
    migrate: (request, done) =>
      engine.whenCommitted(request.afterRecord, (committed) =>
        done({ lines: [], failure: committed ? 'reading' : 'uncommitted' }),
      ),
  });
  const [mover, writer] = [client(), client()];
  writer.send('SET k v');
  mover.send('MIGRATE h 1 k 0 100');
  await turn();
  engine.stopLeading();
  assert.match(mover.take(), /^-NOREPLICAS The keys were not sent/);
});

test('a client that is gone when the target answers leaves no key behind that the target has', async () => {
  const answers: ((answer: MigrateAnswer) => void)[] = [];
  const { engine, log, client } = testEngine({ migrate: (_request, done) => void answers.push(done) });
  const mover = client();
  mover.send('SET k v');
  await turn();
  log.commit();
  mover.take();
  mover.send('MIGRATE h 1 k 0 100');
  mover.port.closed();
  answers[0]({ lines: ['+OK', '+OK'], failure: null });
  await turn();
  log.commit();
  assert.equal(engine.ctx.keyspace.size, 0);
  assert.equal(mover.take(), '');
});

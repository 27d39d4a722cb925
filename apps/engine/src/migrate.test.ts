/** MIGRATE's way to the other server, and its place between the requests and commits of the engine. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { MigrateAnswer, MigrateRequest } from '@weir/commands';
import { migrate } from './migrate.ts';
import { testEngine, turn } from './testing-sessions.ts';

/** The port of a server that goes with the test, with all its connections. */
async function listen(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function send(port: number, over: Partial<MigrateRequest> = {}): Promise<MigrateAnswer> {
  const requests = Buffer.from('*1\r\n$4\r\nPING\r\n'.repeat(over.count ?? 1));
  return new Promise((resolve) =>
    migrate({ host: '127.0.0.1', port, timeoutMs: 5000, afterRecord: 0, requests, count: 1, ...over }, resolve),
  );
}

test('the lines of all replies are collected, however they are cut', async (t) => {
  const port = await listen(t, (socket) => {
    socket.once('data', () => {
      const pieces = ['+O', 'K\r', '\n-ERR a b\r\n+', 'OK\r\n+too much\r\n'];
      pieces.forEach((piece, i) => void setTimeout(() => socket.write(piece), i * 5));
    });
  });
  assert.deepEqual(await send(port, { count: 3 }), { lines: ['+OK', '-ERR a b', '+OK'], failure: null });
});

test('a target that hangs, ends, refuses or does not exist is told apart, with the replies that came', async (t) => {
  const silent = await listen(t, (socket) => socket.once('data', () => socket.write('+OK\r\n')));
  assert.deepEqual(await send(silent, { count: 2, timeoutMs: 1500 }), { lines: ['+OK'], failure: 'reading' });
  const ending = await listen(t, (socket) => socket.once('data', () => socket.end('+OK\r\n+')));
  assert.deepEqual(await send(ending, { count: 2 }), { lines: ['+OK'], failure: 'reading' });
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  assert.deepEqual(await send(port), { lines: [], failure: 'writing' });
  for (const none of [0, 65536]) assert.equal((await send(none)).failure, 'writing');
  assert.equal((await send(-1)).failure, 'connecting');
  assert.equal((await send(silent, { host: 'no-such-host.invalid' })).failure, 'connecting');
});

test('a target that reads slowly, but reads, is no time-out', async (t) => {
  // Many times what the system takes in advance: for that no sign of life is to be seen.
  const total = 60_000_000;
  let bytes = 0;
  const port = await listen(t, (socket) => {
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 3);
      if (bytes === total) socket.write('+OK\r\n');
    });
  });
  // Longer in all than the time that it may be silent.
  const answer = await send(port, { requests: new Uint8Array(total), timeoutMs: 2000 });
  assert.deepEqual(answer, { lines: ['+OK'], failure: null });
});

test('keys are sent when their writes are committed, and the reply leaves when the deletion is', async () => {
  const answers: ((answer: MigrateAnswer) => void)[] = [];
  const { engine, log, client } = testEngine({
    migrate: (request, done) =>
      engine.commit.whenCommitted(request.afterRecord, (committed) => {
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
      engine.commit.whenCommitted(request.afterRecord, (committed) =>
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

test('what a client wants no reply to has none when it is answered later either', async () => {
  const answers: ((answer: MigrateAnswer) => void)[] = [];
  const { log, client } = testEngine({ migrate: (_request, done) => void answers.push(done) });
  const mover = client();
  mover.send('SET k v', 'CLIENT REPLY SKIP', 'MIGRATE h 1 k 0 100', 'PING');
  answers[0]({ lines: ['+OK', '+OK'], failure: null });
  await turn();
  log.commit();
  assert.equal(mover.take(), '+OK\r\n+PONG\r\n');
});

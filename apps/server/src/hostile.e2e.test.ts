// Clients that are broken, hostile, or just large. The node stays up, answers with Redis's texts, and serves others meanwhile.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { ConnectionEnded, RawClient, bounded, firstSeed, sameDigest, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';
import { encodeCommand } from '@weir/resp';

const seed = firstSeed('WEIR_FUZZ_SEED');
const fuzzRounds = Number(process.env['WEIR_FUZZ_ROUNDS'] ?? 400);
/** Far above what a busy machine of two cores needs (these clients share one process), and not yet hanging. */
const SLOWEST_MS = 15_000;

/** As many as this process may open. */
const IDLE = Math.min(10_000, openFilesHere() - 500);

interface Bystander {
  /** Ends it; throws when it was ever not served, or kept waiting for too long. */
  stop(): Promise<number>;
}

/** An ordinary client that goes on reading and (unless it is to leave the log alone) writing while something happens. */
async function bystander(rig: Rig, node: WeirNode, { writes = true } = {}): Promise<Bystander> {
  const client = await rig.raw(node);
  if (!writes) await client.call('SET', 'bystander', '0');
  let running = true;
  let slowest = 0;
  let rounds = 0;
  const served = (async () => {
    while (running) {
      const began = performance.now();
      if (writes) assert.equal(await client.call('SET', 'bystander', String(rounds)), 'OK');
      assert.equal(await client.call('GET', 'bystander'), writes ? String(rounds) : '0');
      slowest = Math.max(slowest, performance.now() - began);
      rounds++;
    }
  })();
  served.catch(() => undefined);
  return {
    async stop() {
      running = false;
      await bounded('the bystander to be served', served, 20_000);
      assert.ok(rounds > 0);
      assert.ok(slowest < SLOWEST_MS, `a bystander waited ${Math.round(slowest)} ms`);
      client.close();
      return slowest;
    },
  };
}

/** How long a server may take to say anything at all. */
const SILENT_MS = 20_000;

/** Sends bytes on a connection of their own; what came back until the server closed it, or said nothing more for a moment. */
async function exchange(
  node: WeirNode,
  bytes: Uint8Array | string,
  quietMs = 300,
): Promise<{ text: string; closed: boolean }> {
  const socket = createConnection({ port: node.port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  let text = '';
  let timer: NodeJS.Timeout | undefined;
  return new Promise((resolve) => {
    const end = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const wait = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => end(false), ms);
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      wait(quietMs);
    });
    socket.on('close', () => end(true));
    socket.write(bytes);
    wait(SILENT_MS);
  });
}

withRig('malformed requests get the error of Redis, and the connection is closed', async (rig) => {
  const node = await rig.started('master');
  const other = await bystander(rig, node);
  const cases: [string, string][] = [
    ['*abc\r\n', 'invalid multibulk length'],
    ['*2147483648\r\n', 'invalid multibulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$-5\r\n', 'invalid bulk length'],
    ['*1\r\n$abc\r\n', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    ['*1\r\n$99999999999999999999\r\n', 'invalid bulk length'],
    ['*1\r\nPING\r\n', "expected '$', got 'P'"],
    ['*2\r\n$4\r\nECHO\r\n:5\r\n', "expected '$', got ':'"],
    [`*${'1'.repeat(70_000)}`, 'too big mbulk count string'],
    [`*1\r\n$${'1'.repeat(70_000)}`, 'too big bulk count string'],
    ['x'.repeat(70_000), 'too big inline request'],
    ['set "unbalanced\r\n', 'unbalanced quotes in request'],
  ];
  for (const [bytes, error] of cases) {
    const { text, closed } = await exchange(node, bytes, SILENT_MS);
    assert.equal(text, `-ERR Protocol error: ${error}\r\n`, JSON.stringify(bytes.slice(0, 40)));
    assert.equal(closed, true, bytes.slice(0, 40));
  }
  // A negative count is an empty request, as is an empty line: no answer, and the next request is served.
  assert.equal((await exchange(node, '*-10\r\n*0\r\n\r\nPING\r\n')).text, '+PONG\r\n');
  assert.equal((await exchange(node, '*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n')).text, '+PONG\r\n');
  // A reply before the mistake still arrives.
  assert.equal(
    (await exchange(node, 'PING\r\n*1\r\n$abc\r\n', SILENT_MS)).text,
    '+PONG\r\n-ERR Protocol error: invalid bulk length\r\n',
  );
  await other.stop();
});

withRig('truncated requests, at every place, leave the node and others alone', async (rig) => {
  const node = await rig.started('master');
  const other = await bystander(rig, node);
  const whole = encodeCommand(['SET', 'truncated', 'x'.repeat(40)]);
  const sockets: Socket[] = [];
  for (let cut = 0; cut < whole.length; cut++) {
    const socket = createConnection({ port: node.port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(whole.subarray(0, cut));
    if (cut % 2 === 0) socket.end();
  }
  assert.equal(await node.call('GET', 'truncated'), null);
  // The odd ones wait in the middle of a request: the rest completes it.
  for (const [cut, socket] of sockets.entries()) {
    if (cut % 2 === 0) continue;
    socket.write(whole.subarray(cut));
    const [reply] = (await bounded('the reply', once(socket, 'data'), 5000)) as [Buffer];
    assert.equal(reply.toString(), '+OK\r\n', `cut at ${cut}`);
  }
  for (const socket of sockets) socket.destroy();
  await other.stop();
});

withRig(`random and mutated requests (seed ${seed}) do no harm`, async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  const random = generator(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const others = [await bystander(rig, master)];
  const pick = (texts: readonly string[]): string => texts[below(texts.length)]!;
  for (let round = 0; round < fuzzRounds; round++) {
    const parts: Uint8Array[] = [];
    for (let i = below(6); i >= 0; i--) {
      const request = encodeCommand([
        pick([
          'SET',
          'GET',
          'APPEND',
          'SETRANGE',
          'INCRBY',
          'EXPIRE',
          'DEL',
          'MSET',
          'GETEX',
          'COPY',
          'OBJECT',
          'SCAN',
          'RESTORE',
          'LCS',
        ]),
        ...Array.from({ length: below(5) }, () =>
          pick([
            'fuzz',
            'fuzz2',
            '-1',
            '9223372036854775807',
            '1e400',
            'EX',
            'PX',
            'NX',
            '\0\r\n',
            '',
            'x'.repeat(below(300)),
          ]),
        ),
      ]);
      for (let flips = below(3); flips > 0 && request.length > 0; flips--) request[below(request.length)] = below(256);
      parts.push(random() < 0.2 ? request.subarray(0, below(request.length)) : request);
    }
    const garbage =
      random() < 0.2 ? Buffer.from(Array.from({ length: below(2000) }, () => below(256))) : Buffer.concat(parts);
    // What is left of a FLUSHALL or SHUTDOWN made by chance is not what is tested here; it cannot come from the names above.
    const socket = createConnection({ port: master.port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, 'connect');
    // Cut anywhere, so that a request comes in pieces.
    const cut = below(garbage.length + 1);
    socket.write(garbage.subarray(0, cut));
    if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
    if (random() < 0.9) socket.end(garbage.subarray(cut));
    else socket.destroy();
  }
  for (const other of others) await other.stop();
  await until(
    'all of these connections to be gone',
    async () => Number((await master.info('clients')).get('connected_clients')) <= 2,
  );
  await sameDigest([master, slave]);
});

withRig('a hundred megabytes of garbage are refused, while others are served', async (rig) => {
  const node = await rig.started('master');
  const other = await bystander(rig, node);
  const chunk = Buffer.alloc(1024 * 1024, '\x81garbage without a line end');
  const text = await new Promise<string>((resolve) => {
    const socket = createConnection({ port: node.port, host: '127.0.0.1' });
    let got = '';
    let sent = 0;
    socket.on('data', (data) => (got += data.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(got));
    const more = (): void => {
      while (sent < 100 && !socket.destroyed) {
        sent++;
        if (!socket.write(chunk)) {
          socket.once('drain', more);
          return;
        }
      }
      socket.end();
    };
    more();
  });
  assert.ok(text === '' || text === '-ERR Protocol error: too big inline request\r\n', text);
  // With line ends each line is a command that does not exist.
  const lines = Buffer.from('\x81garbage\r\n'.repeat(100_000));
  const client = await rig.raw(node);
  client.write(lines);
  await until('an error for every line', () => client.unasked.length === 100_000, 20_000);
  assert.ok(client.unasked.every((reply) => reply.type === 'error' && reply.value.startsWith('ERR unknown command')));
  await other.stop();
});

withRig(
  `${IDLE} idle connections cost others nothing, and leave nothing behind`,
  async (rig) => {
    const node = await rig.node('master', {
      under: ['sh', '-c', 'ulimit -n 20000; exec "$0" "$@"'],
      more: ['--maxclients', '15000'],
    });
    await node.start();
    const count = IDLE;
    const other = await bystander(rig, node);
    const sockets: Socket[] = [];
    try {
      while (sockets.length < count) {
        const batch = Array.from({ length: Math.min(250, count - sockets.length) }, () =>
          createConnection({ port: node.port, host: '127.0.0.1' }),
        );
        sockets.push(...batch);
        for (const socket of batch) socket.on('error', () => undefined);
        await bounded('connections', Promise.all(batch.map((socket) => once(socket, 'connect'))), 20_000);
      }
      await until(
        'the node to count them',
        async () => Number((await node.info('clients')).get('connected_clients')) >= count,
        20_000,
      );
      assert.equal(await node.call('PING'), 'PONG');
      // They are idle, not dead.
      const last = sockets.at(-1)!;
      last.write('PING\r\n');
      const [reply] = (await bounded('the reply', once(last, 'data'), 5000)) as [Buffer];
      assert.equal(reply.toString(), '+PONG\r\n');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await other.stop();
    await until(
      'all of them to be gone',
      async () => Number((await node.info('clients')).get('connected_clients')) <= 2,
      20_000,
    );
  },
  90_000,
);

withRig('more clients than maxclients are told so', async (rig) => {
  const node = await rig.started('master', { more: ['--maxclients', '5'] });
  const clients = await Promise.all(Array.from({ length: 4 }, () => rig.raw(node)));
  for (const client of clients) assert.equal(await client.call('PING'), 'PONG');
  const { text, closed } = await exchange(node, 'PING\r\n', SILENT_MS);
  assert.equal(text, '-ERR max number of clients reached\r\n');
  assert.equal(closed, true);
  clients[0]!.close();
  await until('room for another', async () => {
    const client = await RawClient.connect(node.port);
    try {
      return (await client.call('PING')) === 'PONG';
    } finally {
      client.close();
    }
  });
});

withRig(
  'a value of 200 MB is stored, read, and replicated, while others are served',
  async (rig) => {
    const master = await rig.started('master');
    const slave = await rig.started('slave', { slaveOf: master });
    const value = Buffer.alloc(200 * 1024 * 1024, 'weir');
    for (let i = 0; i < value.length; i += 4096) value.writeUInt32LE(i, i);
    const client = await rig.raw(master);
    // Reads only: a write waits for its turn in the log, behind 200 MB.
    const other = await bystander(rig, master, { writes: false });
    assert.equal(await bounded('SET', client.reply('SET', 'large', value), 60_000).then((reply) => reply.value), 'OK');
    const got = await bounded('GET', client.reply('GET', 'large'), 60_000);
    assert.ok(got.type === 'bulk' && Buffer.compare(got.value, value) === 0);
    await sameDigest([master, slave], 60_000);
    const atSlave = await rig.raw(slave);
    const copied = await bounded('GET', atSlave.reply('GET', 'large'), 60_000);
    assert.ok(copied.type === 'bulk' && Buffer.compare(copied.value, value) === 0);
    assert.equal(await master.call('SETRANGE', 'large', '0', 'changed'), value.length);
    assert.equal(await master.call('DEL', 'large'), 1);
    await sameDigest([master, slave], 60_000);
    assert.equal(await slave.call('EXISTS', 'large'), 0);
    await other.stop();
  },
  150_000,
);

withRig('clients that never read are bounded, and others are served', async (rig) => {
  const node = await rig.started('master');
  await node.call('SET', 'megabyte', Buffer.alloc(1024 * 1024, 'm'));
  const before = Number((await node.info('memory')).get('used_memory_rss'));
  const other = await bystander(rig, node);
  const request = Buffer.from('GET megabyte\r\n'.repeat(1000));
  const sockets = Array.from({ length: 10 }, () => {
    const socket = createConnection({ port: node.port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(request); // a gigabyte of replies, each
    return socket;
  });
  await until('them to be there', async () => Number((await node.info('clients')).get('connected_clients')) >= 11);
  for (let i = 0; i < 200; i++) await node.call('GET', 'megabyte');
  const after = Number((await node.info('memory')).get('used_memory_rss'));
  assert.ok(after - before < 600 * 1024 * 1024, `${Math.round((after - before) / 1024 / 1024)} MB more`);
  await other.stop();
  for (const socket of sockets) socket.destroy();
  await until('them to be gone', async () => Number((await node.info('clients')).get('connected_clients')) <= 2);
});

withRig('a client that is gone in the middle of its pipeline has either done each write or not', async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  for (let round = 0; round < 50; round++) {
    const client = await RawClient.connect(master.port);
    const all = client.pipeline(Array.from({ length: 200 }, (_, i) => ['SET', `gone:${round}:${i}`, 'v']));
    if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    client.close();
    assert.ok((await all).every((outcome) => outcome === 'OK' || outcome instanceof ConnectionEnded));
  }
  await sameDigest([master, slave]);
});

function openFilesHere(): number {
  const limit = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | 'unlimited' } } };
  const soft = limit.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : 1_000_000;
}

/** mulberry32. */
function generator(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

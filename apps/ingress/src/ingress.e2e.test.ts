import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PENDING_HIGH_BYTES, SocketLinkClient, rawSocketsAvailable, startSocketLinkServer } from '@weir/link';
import type { Address } from '@weir/link';
import { LineEngine, MemoryLogger, until } from '@weir/link/testing';
import type { LineSession } from '@weir/link/testing';
import { startIngress } from './index.ts';
import type { Ingress, IngressOptions } from './index.ts';

const dir = mkdtempSync(join(tmpdir(), 'weir-ingress-'));
const children: ChildProcess[] = [];
const clients: Client[] = [];
const running: Ingress[] = [];
// Last first, all of it, whatever throws.
after(async () => {
  await using all = new AsyncDisposableStack();
  all.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  for (const child of children) all.defer(() => void child.kill('SIGKILL'));
  for (const client of clients) all.defer(() => void client.socket.destroy());
  for (const ingress of running) all.defer(() => ingress.stop(0));
});

class Client {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  received = 0;
  ended = false;
  closed = false;
  error: string | undefined;

  constructor(address: Address) {
    const where = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    this.socket = connect({ ...where, allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      if (this.received < 10_000_000) this.chunks.push(chunk);
    });
    this.socket.on('end', () => {
      this.ended = true;
      this.socket.end();
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code));
    this.socket.on('close', () => (this.closed = true));
    clients.push(this);
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  async ask(line: string): Promise<void> {
    const before = this.received;
    this.socket.write(`${line}\n`);
    await until(() => this.received >= before + line.length + 2, `reply to ${line}`);
    assert.ok(this.text.endsWith(`+${line}\n`));
  }
}

const LOCAL: Address = { kind: 'tcp', host: '127.0.0.1', port: 0 };

async function startChild(
  role: string,
  args: string[],
  limitFiles?: number,
): Promise<{ child: ChildProcess; ready: Record<string, unknown>; stderr: () => string }> {
  const script = fileURLToPath(new URL('./node.testing.ts', import.meta.url));
  const node = [process.execPath, script, role, ...args];
  const command =
    limitFiles === undefined ? node : ['/bin/sh', '-c', `ulimit -n ${limitFiles}; exec "$0" "$@"`, ...node];
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  let stderr = '';
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout!).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`${role} ended with ${code}: ${stderr}`)));
  });
  return { child, ready: JSON.parse(line) as Record<string, unknown>, stderr: () => stderr };
}

async function serve(engine: LineEngine, options: Partial<IngressOptions> = {}): Promise<Ingress> {
  const ingress = await startIngress({ engine, listen: [LOCAL], log: new MemoryLogger(), ...options });
  running.push(ingress);
  return ingress;
}

test('raw stream handles are available on the Node that this project pins', () => {
  assert.equal(rawSocketsAvailable(), true);
});

test('where Node forbids its internals, net.Socket serves', async () => {
  const script = fileURLToPath(new URL('./node.testing.ts', import.meta.url));
  const child = spawn(process.execPath, ['--permission', '--allow-fs-read=*', '--allow-net', script, 'ingress'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${stderr}`)));
  });
  await new Client(JSON.parse(line) as Address).ask('a');
  assert.match(stderr, /listening for clients .*"raw":false/);
  child.stdin.end();
});

for (const rawSockets of [true, false]) {
  describe(rawSockets ? 'on raw stream handles' : 'on net.Socket', () => {
    test('pipelined requests, split anywhere, are answered in order', async () => {
      const ingress = await serve(new LineEngine(), { rawSockets });
      const client = new Client(ingress.addresses[0]);
      let expected = '';
      for (let i = 0; i < 200; i++) {
        const lines = Array.from({ length: i % 7 }, (_, k) => `r${i}.${k}${'z'.repeat((i * 37) % 900)}`);
        expected += lines.map((l) => `+${l}\n`).join('');
        const bytes = lines.map((l) => `${l}\n`).join('');
        const cut = bytes.length >> 1;
        client.socket.write(bytes.slice(0, cut));
        if (i % 9 === 0) await new Promise((resolve) => setImmediate(resolve));
        client.socket.write(bytes.slice(cut));
      }
      await until(() => client.received === expected.length, 'all replies');
      assert.equal(client.text, expected);
      await ingress.stop();
    });

    test('replies to many clients from one turn go each to its own', async () => {
      const engine = new LineEngine((s, line) => {
        if (line === 'all')
          for (let round = 0; round < 3; round++)
            for (const o of engine.sessions) o.reply(`${round}${o.info.remoteAddr} `);
        else s.reply(`+${line}\n`);
      });
      const ingress = await serve(engine, { rawSockets });
      const all = Array.from({ length: 30 }, () => new Client(ingress.addresses[0]));
      for (const c of all) await c.ask('hello');
      all[0].socket.write('all\n');
      const expected = (c: Client): string => {
        const name = `127.0.0.1:${c.socket.localPort}`;
        return `+hello\n0${name} 1${name} 2${name} `;
      };
      await until(() => all.every((c) => c.received === expected(c).length), 'all are told');
      for (const c of all) assert.equal(c.text, expected(c));
      await ingress.stop();
    });

    test('replies larger than any buffer arrive whole, from memory that is reused at once', async () => {
      const reply = Buffer.alloc(3_000_000);
      const engine = new LineEngine((s, line) => {
        for (let i = 0; i < 3; i++) {
          s.reply('small');
          reply.fill(line.charCodeAt(i));
          s.replyBytes(reply);
        }
        reply.fill(0xdd);
        s.reply('end');
      });
      const ingress = await serve(engine, { rawSockets });
      const client = new Client(ingress.addresses[0]);
      client.socket.write('abc\n');
      await until(() => client.received === 9_000_018, 'all bytes');
      const parts = ['a', 'b', 'c'].map((ch) => `small${ch.repeat(3_000_000)}`);
      assert.ok(client.text === `${parts.join('')}end`);
      await ingress.stop();
    });

    test('what the kernel took in part is not overwritten by the replies of later turns, nor overtaken by those of the same', async () => {
      let next = 0;
      const pattern = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, () => next++ % 251));
      const engine = new LineEngine((s, line) => {
        if (line !== 'more') return void s.reply(`+${line}\n`);
        const [slow, other] = engine.opened;
        slow.replyBytes(pattern(40_000));
        other.reply('.');
        slow.replyBytes(pattern(20_000));
        other.reply('\n');
      });
      const ingress = await serve(engine, { rawSockets });
      const slow = new Client(ingress.addresses[0]);
      await slow.ask('I am the first');
      const other = new Client(ingress.addresses[0]);
      await other.ask('I am the second');
      slow.socket.pause();
      let turns = 0;
      for (let behind = 0; behind < 5; turns++) {
        const before = other.received;
        other.socket.write(`more\n${'x'.repeat(60_000)}\n`);
        await until(() => other.received === before + 60_004, 'the other is served');
        if (engine.opened[0].sink.pendingOutputBytes > 0) behind++;
      }
      slow.socket.resume();
      const greeting = '+I am the first\n'.length;
      await until(() => slow.received === greeting + turns * 60_000, 'all bytes');
      const got = Buffer.concat(slow.chunks).subarray(greeting);
      for (let i = 0; i < got.length; i++) if (got[i] !== i % 251) assert.fail(`byte ${i} of ${got.length}`);
      await ingress.stop();
    });

    test('what is pending for a client that does not read is bounded, others are served, and nothing is lost', async () => {
      const reply = Buffer.alloc(10_000, 'r');
      const total = 60_000_000;
      let pendingMax = 0;
      const produce = (s: LineSession): void => {
        while (s.outputBytes < total) {
          const ok = s.replyBytes(reply);
          pendingMax = Math.max(pendingMax, s.sink.pendingOutputBytes);
          if (!ok) return;
        }
      };
      const engine = new LineEngine((s, line) => {
        if (line !== 'many') return void s.reply(`+${line}\n`);
        s.onDrained = () => produce(s);
        produce(s);
      });
      const ingress = await serve(engine, { rawSockets });
      const slow = new Client(ingress.addresses[0]);
      slow.socket.pause();
      slow.socket.write('many\n');
      await until(() => engine.opened[0]?.congested === true, 'congested');
      const other = new Client(ingress.addresses[0]);
      for (let i = 0; i < 50; i++) await other.ask(`o${i}`);
      assert.ok(pendingMax >= PENDING_HIGH_BYTES);
      assert.ok(pendingMax <= PENDING_HIGH_BYTES + reply.length, `${pendingMax} bytes pending`);
      assert.ok(engine.opened[0].outputBytes < total);
      slow.socket.resume();
      await until(() => slow.received === total, 'all bytes', 90_000);
      assert.ok(pendingMax <= PENDING_HIGH_BYTES + reply.length, `${pendingMax} bytes pending`);
      await ingress.stop();
    });

    test('a flooding client does not keep others from being served', async () => {
      const engine = new LineEngine((s, line) => line.length < 10 && s.reply(`+${line}\n`));
      let perTurn = 0;
      let perTurnMax = 0;
      const open = engine.open.bind(engine);
      engine.open = (info, sink) => {
        const port = open(info, sink);
        const input = port.input.bind(port);
        port.input = (buf, start, end) => {
          if (perTurn === 0) setImmediate(() => (perTurn = 0));
          perTurn += end - start;
          perTurnMax = Math.max(perTurnMax, perTurn);
          input(buf, start, end);
        };
        return port;
      };
      const ingress = await serve(engine, { rawSockets });
      const flood = new Client(ingress.addresses[0]);
      const megabyte = Buffer.alloc(1 << 20, `${'f'.repeat(1023)}\n`);
      let flooding = true;
      const pump = (): void => {
        if (flooding && !flood.closed) flood.socket.write(megabyte, pump);
      };
      pump();
      const other = new Client(ingress.addresses[0]);
      for (let i = 0; i < 30; i++) await other.ask(`o${i}`);
      assert.ok(engine.opened[0].inputBytes > 0);
      flooding = false;
      // net.Socket leaves it to libuv, which reads 32 times.
      const readsMax = rawSockets ? 4 : 32;
      assert.ok(perTurnMax <= (readsMax + 1) * 65_536, `${perTurnMax} bytes of one turn`);
      await ingress.stop();
    });

    test('a half-closed client gets its replies, late ones too, and is closed then', async () => {
      const engine = new LineEngine((s, line) => {
        const close = s.sink.close.bind(s.sink);
        // An engine whose replies wait for its log: it closes when it has answered.
        s.inputEnded = () => void (s.ended = true);
        setTimeout(() => {
          assert.equal(s.ended, true);
          s.reply(`+${line}\n`);
          close();
        }, 30);
      });
      const ingress = await serve(engine, { rawSockets });
      const client = new Client(ingress.addresses[0]);
      client.socket.end('late\n');
      await until(() => client.closed, 'closed');
      assert.equal(client.text, '+late\n');
      await until(() => engine.sessions.size === 0, 'session closed');
      await ingress.stop();
    });

    test('a reset, a leaving and a destroyed client each end their session once', async () => {
      const engine = new LineEngine((s, line) => (line === 'kill' ? s.sink.destroy() : void s.reply(`+${line}\n`)));
      const ingress = await serve(engine, { rawSockets });
      const [reset, leaves, killed] = [0, 1, 2].map(() => new Client(ingress.addresses[0]));
      for (const c of [reset, leaves, killed]) await c.ask('hi');
      reset.socket.resetAndDestroy();
      leaves.socket.end();
      killed.socket.write('kill\nlost\n');
      await until(() => engine.sessions.size === 0, 'all sessions ended');
      assert.deepEqual(
        engine.opened.map((s) => s.closedCalls),
        [1, 1, 1],
      );
      assert.equal(killed.text, '+hi\n');
      assert.equal(ingress.connectionCount, 0);
      await ingress.stop();
    });

    test('a client that is gone while much is pending for it ends its session', async () => {
      const engine = new LineEngine((s) => void s.replyBytes(Buffer.alloc(40_000_000)));
      const ingress = await serve(engine, { rawSockets });
      const client = new Client(ingress.addresses[0]);
      client.socket.pause();
      client.socket.write('go\n');
      await until(() => engine.opened[0]?.congested === true, 'congested');
      client.socket.resetAndDestroy();
      await until(() => engine.sessions.size === 0, 'session ended');
      await ingress.stop();
    });

    test('close sends what is pending first', async () => {
      const engine = new LineEngine((s) => {
        s.replyBytes(Buffer.alloc(8_000_000, 'x'));
        s.sink.close();
        s.reply('after the close');
      });
      const ingress = await serve(engine, { rawSockets });
      const client = new Client(ingress.addresses[0]);
      client.socket.write('go\n');
      await until(() => client.closed, 'closed');
      assert.equal(client.received, 8_000_000);
      await ingress.stop();
    });

    test('an engine may answer and close already when it is opened', async () => {
      const engine = new LineEngine();
      const open = engine.open.bind(engine);
      engine.open = (info, sink) => {
        const port = open(info, sink);
        sink.output(Buffer.from('-ERR max number of clients reached\r\n'), 0, 36, 1);
        sink.close();
        return port;
      };
      const ingress = await serve(engine, { rawSockets });
      const client = new Client(ingress.addresses[0]);
      await until(() => client.closed, 'closed');
      assert.equal(client.text, '-ERR max number of clients reached\r\n');
      assert.equal(engine.opened[0].closedCalls, 1);
      await ingress.stop();
    });

    test('the engine pauses a client’s input and gets it after it resumed', async () => {
      const engine = new LineEngine();
      const ingress = await serve(engine, { rawSockets });
      const client = new Client(ingress.addresses[0]);
      await client.ask('a');
      engine.opened[0].sink.pauseInput();
      const before = engine.opened[0].inputBytes;
      client.socket.write('b\n');
      const other = new Client(ingress.addresses[0]);
      for (let i = 0; i < 20; i++) await other.ask('x');
      assert.equal(engine.opened[0].inputBytes, before);
      engine.opened[0].sink.resumeInput();
      await until(() => client.text === '+a\n+b\n', 'answered');
      await ingress.stop();
    });

    test('a Unix socket has the mode asked for, replaces a dead one’s file and spares other files', async () => {
      const path = join(dir, `s${rawSockets}.sock`);
      const address: Address = { kind: 'unix', path };
      const options = { rawSockets, listen: [address], unixSocketMode: 0o770 };
      const first = await serve(new LineEngine(), options);
      const engine = new LineEngine();
      const second = await serve(engine, options);
      assert.equal(statSync(path).mode & 0o777, 0o770);
      const client = new Client(address);
      await client.ask('a');
      assert.deepEqual(
        { ...engine.opened[0].info, fd: 0 },
        { remoteAddr: `${path}:0`, localAddr: `${path}:0`, fd: 0, unixSocket: true },
      );
      await first.stop();
      await second.stop();
      const file = join(dir, `file${rawSockets}`);
      writeFileSync(file, 'precious');
      await assert.rejects(serve(new LineEngine(), { rawSockets, listen: [{ kind: 'unix', path: file }] }), {
        code: 'EADDRINUSE',
      });
    });

    test('drain takes nobody new and waits for those who are there', async () => {
      const ingress = await serve(new LineEngine(), { rawSockets });
      const address = ingress.addresses[0]; // it has none any more when it drains
      const client = new Client(address);
      await client.ask('a');
      let drained = false;
      const draining = ingress.drain().then(() => (drained = true));
      const late = new Client(address);
      await until(() => late.error === 'ECONNREFUSED', 'refused');
      await client.ask('b');
      assert.equal(drained, false);
      client.socket.end();
      await draining;
    });
  });
}

test('a taken port is an error and leaves nothing listening', async () => {
  const ingress = await serve(new LineEngine());
  const engine = new LineEngine();
  const path = join(dir, 'half.sock');
  await assert.rejects(serve(engine, { listen: [{ kind: 'unix', path }, ingress.addresses[0]] }), {
    code: 'EADDRINUSE',
  });
  const client = new Client({ kind: 'unix', path });
  await until(() => client.error !== undefined, 'refused');
  await ingress.stop();
});

test('it listens elsewhere when told, keeps its clients, and stays where it is when it cannot', async () => {
  const ingress = await serve(new LineEngine());
  const taken = (await serve(new LineEngine())).addresses[0];
  const [before] = ingress.addresses;
  const old = new Client(before);
  await old.ask('here');
  await ingress.relisten({ listen: [LOCAL] });
  const [now] = ingress.addresses;
  assert.notDeepEqual(now, before);
  const fresh = new Client(now);
  await fresh.ask('there');
  await old.ask('still here');
  const refused = new Client(before);
  await until(() => refused.error === 'ECONNREFUSED', 'the old port to be closed');
  await assert.rejects(ingress.relisten({ listen: [taken] }), { code: 'EADDRINUSE' });
  assert.equal(ingress.addresses.length, 1);
  await new Client(ingress.addresses[0]).ask('after the refusal');
});

test('an address that this machine does not have is passed over if it may be missing, and an error else', async () => {
  // 192.0.2.0/24 is for documentation.
  const foreign: Address = { kind: 'tcp', host: '192.0.2.1', port: 0 };
  await assert.rejects(serve(new LineEngine(), { listen: [LOCAL, foreign] }), { code: 'EADDRNOTAVAIL' });
  const ingress = await serve(new LineEngine(), {
    listen: [foreign, LOCAL],
    isOptional: (address) => address === foreign,
  });
  assert.equal(ingress.addresses.length, 1);
  await new Client(ingress.addresses[0]).ask('a');
  await ingress.stop();
  await assert.rejects(serve(new LineEngine(), { listen: [foreign], isOptional: () => true }), /no address/);
});

test('ten thousand idle connections are held while others are served, at a few kilobytes each', async (t) => {
  const count = 10_000;
  const { child: server, ready } = await startChild('ingress', []);
  const address = ready as unknown as Address & { kind: 'tcp' };
  const first = new Client(address);
  const rss = async (): Promise<number> => {
    const before = first.received;
    first.socket.write('memory\n');
    await until(() => first.text.slice(before).endsWith('\n'), 'answered');
    return Number(first.text.slice(before));
  };
  await first.ask('warm');
  const before = await rss();
  const { child } = await startChild('clients', [String(address.port), String(count)]);
  // Connected is not yet accepted; a connection made now is accepted after all those.
  await new Client(address).ask('last');
  const perConnection = ((await rss()) - before) / count;
  t.diagnostic(`idle connection: ${Math.round(perConnection)} B of resident memory`);
  assert.ok(perConnection < 8 * 1024, `${perConnection} bytes each`);
  for (let i = 0; i < 20; i++) await first.ask(`s${i}`);
  child.stdin!.end();
  server.stdin!.end();
});

/** libuv then accepts and closes at once what it cannot keep; nobody is told, so there is nothing to log. */
test('out of file descriptors, it keeps those who are there and serves again when there are some', async () => {
  const { child, ready } = await startChild('ingress', [], 48);
  const address = ready as unknown as Address;
  const first = new Client(address);
  await first.ask('a');
  const crowd = Array.from({ length: 80 }, () => new Client(address));
  await until(() => crowd.some((c) => c.closed), 'some are turned away');
  await first.ask('b');
  for (const c of crowd) c.socket.destroy();
  await until(() => crowd.every((c) => c.closed), 'the crowd is gone');
  let served = false;
  while (!served) {
    // The server may not have seen yet that they are gone.
    const next = new Client(address);
    next.socket.write('c\n');
    await until(() => next.closed || next.text === '+c\n', 'answered or turned away');
    served = next.text === '+c\n';
  }
  child.stdin!.end();
});

test('kill -9 of the engine closes the clients; new ones are served when it is back', async () => {
  const path = join(dir, 'link.sock');
  const engine = await startChild('engine', [path]);
  const log = new MemoryLogger();
  const link = new SocketLinkClient({ address: { kind: 'unix', path }, log });
  link.run();
  const ingress = await startIngress({ engine: link, listen: [LOCAL], log });
  const before = Array.from({ length: 20 }, () => new Client(ingress.addresses[0]));
  for (const c of before) await c.ask('a');
  engine.child.kill('SIGKILL');
  await until(() => before.every((c) => c.closed), 'the clients are closed');
  const early = new Client(ingress.addresses[0]);
  early.socket.write('early\n');
  await startChild('engine', [path]);
  await until(() => early.text === '+early\n', 'the one that waited is served');
  const next = new Client(ingress.addresses[0]);
  await next.ask('b');
  await ingress.stop();
  await link.stop();
});

for (const raw of [true, false]) {
  test(`a slow client behind a link (raw: ${raw}) costs the others nothing and loses nothing`, async () => {
    const reply = Buffer.alloc(10_000, 'r');
    const total = 40_000_000;
    const engine = new LineEngine((s, line) => {
      if (line !== 'many') return void s.reply(`+${line}\n`);
      s.onDrained = () => {
        while (s.outputBytes < total) if (!s.replyBytes(reply)) return;
      };
      s.onDrained();
    });
    const log = new MemoryLogger();
    const server = await startSocketLinkServer({ engine, log, raw, address: LOCAL });
    const link = new SocketLinkClient({ address: server.address, log, raw });
    link.run();
    const ingress = await startIngress({ engine: link, listen: [LOCAL], log, rawSockets: raw });
    const slow = new Client(ingress.addresses[0]);
    slow.socket.pause();
    slow.socket.write('many\n');
    await until(() => engine.opened[0]?.congested === true, 'congested');
    const other = new Client(ingress.addresses[0]);
    for (let i = 0; i < 50; i++) await other.ask(`o${i}`);
    assert.ok(engine.opened[0].outputBytes < total);
    slow.socket.resume();
    await until(() => slow.received === total, 'all bytes', 90_000);
    await ingress.stop();
    await link.stop();
    await server.stop();
    assert.equal(engine.sessions.size, 0);
  });
}

test('the floor benchmark runs', async () => {
  const script = fileURLToPath(new URL('./floor.bench.ts', import.meta.url));
  const child = spawn(process.execPath, [script, '--requests', '300', '--rounds', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0);
  assert.equal(out.match(/^P=\d+ clients=\d+ .*raw .*net .*link /gm)?.length, 4, out);
});

test('replies that nobody reads are bounded for all clients together: the largest are closed, the others stay', async () => {
  const log = new MemoryLogger();
  const engine = new LineEngine((s, line) => void s.replyBytes(Buffer.alloc(Number(line), 'x')));
  const ingress = await serve(engine, { log, outputBytesMax: 50 << 20 });
  const [address] = ingress.addresses;
  const small = new Client(address);
  const deaf = Array.from({ length: 4 }, () => new Client(address));
  for (const client of deaf) {
    client.socket.pause();
    client.socket.write(`${30 << 20}\n`);
  }
  await until(() => ingress.connectionCount < 5 && engine.opened.length === 5, 'the largest are closed');
  await until(() => log.lines.some(({ msg }) => msg.startsWith('what waits for clients')), 'that is said');
  small.socket.write('10\n');
  await until(() => small.received === 10, 'the small one is served');
  assert.ok(ingress.connectionCount >= 2, 'no more than necessary are closed');
});

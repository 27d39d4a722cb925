import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PENDING_HIGH_BYTES } from './socket.ts';
import { SocketLinkClient } from './link-client.ts';
import { WINDOW_BYTES, startSocketLinkServer } from './link-server.ts';
import { FRAME, FrameWriter, encodeHello, encodeOpen } from './frame.ts';
import { STATE_PINNED } from './types.ts';
import type { EnginePort, SessionInfo, SessionPort, SessionSink } from './types.ts';
import { LineEngine, MemoryClient, MemoryLogger, memoryPair, until } from './testing.ts';
import type { LineSession, MemorySocket } from './testing.ts';

interface Rig {
  engine: LineEngine;
  client: SocketLinkClient;
  log: MemoryLogger;
  /** The ends of the newest link. */
  ingressEnd: () => MemorySocket;
  engineEnd: () => MemorySocket;
  refuse: (on: boolean) => void;
}

async function rig(options: { engine?: LineEngine; pieceBytes?: number; waitForLinkMs?: number } = {}): Promise<Rig> {
  const log = new MemoryLogger();
  const engine = options.engine ?? new LineEngine();
  const server = await startSocketLinkServer({ engine, log });
  let refused = false;
  let ends: [MemorySocket, MemorySocket] | undefined;
  const client = new SocketLinkClient({
    log,
    ...(options.waitForLinkMs === undefined ? {} : { waitForLinkMs: options.waitForLinkMs }),
    dial: () => {
      if (refused) return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      ends = memoryPair(options.pieceBytes);
      server.serve(ends[1]);
      return Promise.resolve(ends[0]);
    },
  });
  client.run();
  return {
    engine,
    client,
    log,
    ingressEnd: () => ends![0],
    engineEnd: () => ends![1],
    refuse: (on) => {
      refused = on;
    },
  };
}

for (const pieceBytes of [1, 7, Infinity]) {
  test(`sessions share a link and each gets its own replies in order (pieces of ${pieceBytes} bytes)`, async () => {
    const r = await rig({ pieceBytes });
    const clients = Array.from({ length: 20 }, (_, i) => new MemoryClient(r.client, `10.0.0.${i}:1`));
    const expected = clients.map(() => '');
    for (let round = 0; round < 10; round++)
      clients.forEach((client, i) => {
        client.send(`c${i}-${round}\nhal`);
        client.send(`f${round}\n`);
        expected[i] += `+c${i}-${round}\n+half${round}\n`;
      });
    await until(() => clients.every((c, i) => c.text.length === expected[i].length), 'all replies are there');
    assert.deepEqual(
      clients.map((c) => c.text),
      expected,
    );
    assert.deepEqual(
      r.engine.opened.map((s) => s.info),
      clients.map((_, i) => ({ remoteAddr: `10.0.0.${i}:1`, localAddr: '127.0.0.1:2', fd: 7, unixSocket: false })),
    );
    await r.client.stop();
    await until(() => r.engine.sessions.size === 0, 'the engine has no sessions');
  });
}

test('all that the clients of one turn send goes out in one write, and so do the replies', async () => {
  const r = await rig();
  const clients = Array.from({ length: 50 }, () => new MemoryClient(r.client));
  clients.forEach((c) => c.send('a\n'));
  await until(() => clients.every((c) => c.text === '+a\n'), 'answered');
  const [toEngine, toIngress] = [r.ingressEnd().writes, r.engineEnd().writes];
  clients.forEach((c) => c.send('b\n'));
  await until(() => clients.every((c) => c.text === '+a\n+b\n'), 'answered again');
  assert.equal(r.ingressEnd().writes - toEngine, 1);
  assert.equal(r.engineEnd().writes - toIngress, 1);
  await r.client.stop();
});

test('close comes after the replies, destroy at once, and closed() is called once on each side', async () => {
  const engine = new LineEngine((s, line) => {
    s.reply(`+${line}\n`);
    if (line === 'quit') s.sink.close();
    if (line === 'kill') s.sink.destroy();
  });
  const r = await rig({ engine });
  const quits = new MemoryClient(r.client);
  const killed = new MemoryClient(r.client);
  const ends = new MemoryClient(r.client);
  quits.send('a\nquit\nlost\n');
  killed.send('a\nkill\n');
  ends.send('last\n');
  ends.port.inputEnded!();
  await until(() => engine.opened.length === 3 && engine.sessions.size === 0, 'all sessions are closed');
  assert.equal(quits.ended, 'close');
  assert.equal(quits.text, '+a\n+quit\n');
  assert.equal(killed.ended, 'destroy');
  assert.equal(ends.ended, 'close');
  assert.equal(ends.text, '+last\n');
  assert.deepEqual(
    engine.opened.map((s) => s.closedCalls),
    [1, 1, 1],
  );
  assert.equal(r.client.sessionCount, 0);
  await r.client.stop();
});

test('what the engine says to a session whose client has just left is dropped without harm', async () => {
  const r = await rig();
  const leaver = new MemoryClient(r.client);
  const stayer = new MemoryClient(r.client);
  leaver.send('a\n');
  await until(() => leaver.text !== '', 'served');
  const session = r.engine.opened[0];
  leaver.destroy();
  session.reply('late\n');
  session.sink.pauseInput();
  session.sink.close();
  await until(() => session.closedCalls === 1, 'closed');
  stayer.send('b\n');
  await until(() => stayer.text === '+b\n', 'the link still serves');
  assert.equal(leaver.text, '+a\n');
  await r.client.stop();
});

test('the engine pauses and resumes a client', async () => {
  const r = await rig();
  const client = new MemoryClient(r.client);
  client.send('a\n');
  await until(() => client.text !== '', 'served');
  r.engine.opened[0].sink.pauseInput();
  await until(() => client.paused, 'paused');
  r.engine.opened[0].sink.resumeInput();
  await until(() => !client.paused, 'resumed');
  await r.client.stop();
});

test('a client that does not read is owed a bounded amount, others go on, and it gets every byte when it reads', async () => {
  const reply = Buffer.alloc(10_000, 'r');
  // Answers `many` as an engine does: until it is told to wait, and on when it is drained.
  const produce = (s: LineSession, total: number): void => {
    const go = (): void => {
      while (s.outputBytes < total) if (!s.replyBytes(reply)) return;
    };
    s.onDrained = go;
    go();
  };
  const engine = new LineEngine((s, line) => (line === 'many' ? produce(s, 30_000_000) : void s.reply(`+${line}\n`)));
  const r = await rig({ engine });
  const slow = new MemoryClient(r.client);
  slow.highBytes = PENDING_HIGH_BYTES;
  slow.send('many\n');
  await until(() => engine.opened[0]?.congested === true && slow.pendingOutputBytes >= PENDING_HIGH_BYTES, 'congested');
  const other = new MemoryClient(r.client);
  for (let i = 0; i < 20; i++) {
    other.send(`x${i}\n`);
    await until(() => other.text.endsWith(`+x${i}\n`), 'the other is served');
  }
  assert.ok(slow.pendingMax <= PENDING_HIGH_BYTES + WINDOW_BYTES, `${slow.pendingMax} bytes at the ingress`);
  assert.ok(engine.opened[0].outputBytes <= PENDING_HIGH_BYTES + 2 * WINDOW_BYTES + reply.length);
  await until(() => (slow.read(), slow.receivedBytes >= 30_000_000), 'all bytes have come');
  assert.equal(slow.receivedBytes, 30_000_000);
  assert.ok(slow.pendingMax <= PENDING_HIGH_BYTES + WINDOW_BYTES, `${slow.pendingMax} bytes at the ingress`);
  await r.client.stop();
});

test('a huge reply waits at the engine, counted as pending, and the session closes after its last byte', async () => {
  const huge = Buffer.alloc(20_000_000, 'h');
  const engine = new LineEngine((s) => {
    assert.equal(s.replyBytes(huge), false);
    huge.fill('X');
    s.sink.close();
  });
  const r = await rig({ engine });
  const client = new MemoryClient(r.client);
  client.highBytes = PENDING_HIGH_BYTES;
  client.send('go\n');
  await until(() => client.pendingOutputBytes >= PENDING_HIGH_BYTES, 'the client is congested');
  const pending = engine.opened[0].sink.pendingOutputBytes;
  assert.ok(pending > 20_000_000 - PENDING_HIGH_BYTES - 2 * WINDOW_BYTES, `${pending} pending`);
  assert.equal(client.ended, undefined);
  await until(() => (client.read(), client.ended !== undefined), 'closed');
  assert.equal(client.ended, 'close');
  const all = Buffer.concat(client.received);
  assert.equal(all.length, 20_000_000);
  assert.ok(all.every((byte) => byte === 'h'.charCodeAt(0)));
  await r.client.stop();
});

test('when the engine does not keep up with the link, clients are held back, and go on when it does', async () => {
  const r = await rig();
  const client = new MemoryClient(r.client);
  client.send('a\n');
  await until(() => client.text !== '', 'served');
  r.ingressEnd().hold();
  const line = `${'v'.repeat(9_999)}\n`;
  let sent = 0;
  while (!client.paused) {
    client.send(line);
    if (++sent % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(sent < 1000, 'never held back');
  }
  assert.ok(r.ingressEnd().pendingBytes < PENDING_HIGH_BYTES + 200_000);
  r.ingressEnd().release();
  await until(() => !client.paused, 'released');
  await until(() => client.receivedBytes === 3 + sent * 10_001, 'all answered');
  await r.client.stop();
});

test('when the ingress does not keep up with the link, sessions are told to wait, and are drained when it does', async () => {
  const r = await rig();
  const clients = Array.from({ length: 8 }, () => new MemoryClient(r.client));
  clients.forEach((c) => c.send('a\n'));
  await until(() => clients.every((c) => c.text !== ''), 'served');
  r.engineEnd().hold();
  const reply = Buffer.alloc(50_000, 'r');
  let sent = 0;
  for (let refused = 0; refused < 8;) {
    refused = 0;
    for (const s of r.engine.opened) {
      if (!s.congested && s.replyBytes(reply)) sent++;
      else if (!s.congested) assert.fail();
      else refused++;
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(sent < 1000, 'never told to wait');
  }
  r.engineEnd().release();
  await until(() => r.engine.opened.every((s) => s.drains === 1 && !s.congested), 'all are drained');
  await r.client.stop();
});

test('a lost link closes its clients and ends the sessions; a new link serves new clients', async () => {
  const r = await rig();
  const before = new MemoryClient(r.client);
  before.send('a\n');
  await until(() => before.text === '+a\n', 'served');
  r.engineEnd().destroy();
  await until(() => before.ended === 'close', 'the client is closed');
  await until(() => r.engine.opened[0].closedCalls === 1, 'the session is ended');
  const after = new MemoryClient(r.client);
  after.send('b\n');
  await until(() => after.text === '+b\n', 'served over the new link');
  assert.equal(r.engine.opened.length, 2);
  await r.client.stop();
});

test('a client that comes while there is no link waits for it with its input', async () => {
  const r = await rig();
  await until(() => r.client.up, 'up');
  r.refuse(true);
  r.engineEnd().destroy();
  await until(() => !r.client.up, 'down');
  const client = new MemoryClient(r.client);
  assert.equal(client.paused, true);
  client.send('early\n');
  client.port.inputEnded!();
  r.refuse(false);
  await until(() => client.text === '+early\n' && client.ended === 'close', 'served');
  assert.equal(client.paused, false);
  await r.client.stop();
});

test('a client for whom no link comes in time is told so and closed', async () => {
  const r = await rig({ waitForLinkMs: 20 });
  await until(() => r.client.up, 'up');
  r.refuse(true);
  r.engineEnd().destroy();
  await until(() => !r.client.up, 'down');
  const client = new MemoryClient(r.client);
  await until(() => client.ended === 'close', 'closed');
  assert.equal(client.text, '-ERR Weir: this ingress has no connection to an engine\r\n');
  await until(() => r.client.sessionCount === 0, 'forgotten');
  await r.client.stop();
});

test('a peer without the hello, with another version or with a broken frame loses the link, is logged, and others stay', async () => {
  const log = new MemoryLogger();
  const engine = new LineEngine();
  const server = await startSocketLinkServer({ engine, log });
  const frame = (...args: Parameters<FrameWriter['frame']>): Buffer => {
    const writer = new FrameWriter();
    writer.frame(...args);
    return Buffer.from(writer.buf.subarray(0, writer.length));
  };
  const hello = frame(FRAME.HELLO, 0, encodeHello(), 0, 10);
  const none = Buffer.alloc(0);
  const bad: [string, Buffer[]][] = [
    ['redis', [Buffer.from('*1\r\n$4\r\nPING\r\n')]],
    ['no hello', [frame(FRAME.PAUSE, 1, none, 0, 0)]],
    ['a future version', [frame(FRAME.HELLO, 0, encodeHello(4), 0, 10)]],
    ['the version before', [frame(FRAME.HELLO, 0, encodeHello(2), 0, 10)]],
    ['two hellos', [hello, hello]],
    ['a broken open', [hello, frame(FRAME.OPEN, 1, Buffer.from('xx'), 0, 2)]],
    ['input for no session', [hello, frame(FRAME.INPUT, 9, Buffer.from('a\n'), 0, 2)]],
    ['a frame of the other direction', [hello, frame(FRAME.OUTPUT, 1, Buffer.from('a'), 0, 1)]],
    ['more taken than sent', [hello, openFrame(1), frame(FRAME.TAKEN, 1, Buffer.from([1, 0, 0, 0]), 0, 4)]],
    ['one id opened twice', [hello, openFrame(1), openFrame(1)]],
  ];
  function openFrame(id: number): Buffer {
    return frame(FRAME.OPEN, id, Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0]), 0, 9);
  }
  const good = new SocketLinkClient({
    log,
    dial: () => {
      const [a, b] = memoryPair();
      server.serve(b);
      return Promise.resolve(a);
    },
  });
  good.run();
  await until(() => good.up, 'up');
  for (const [what, writes] of bad) {
    const errors = log.lines.filter((l) => l.level === 'error').length;
    const [mine, theirs] = memoryPair();
    server.serve(theirs);
    let closed = false;
    mine.handler = { onData() {}, onDrain() {}, onEnd: () => (closed = true), onClose() {} };
    mine.start();
    for (const w of writes) mine.write(w, 0, w.length);
    await until(() => closed, `${what}: closed`);
    assert.equal(log.lines.filter((l) => l.level === 'error').length, errors + 1, what);
  }
  await until(() => server.linkCount === 1, 'only the good link is left');
  const reasons = log.lines.map(({ obj }) => (obj as { reason?: string }).reason ?? '');
  assert.ok(reasons.some((reason) => /version 2 of the link, this end version 3.*same version of Weir/.test(reason)));
  assert.equal(engine.sessions.size, 0);
  const client = new MemoryClient(good);
  client.send('still\n');
  await until(() => client.text === '+still\n', 'served');
  await good.stop();
  await server.stop();
});

/** A peer that speaks frames by itself. */
async function peerOf(engine: LineEngine): Promise<{
  log: MemoryLogger;
  ours: MemorySocket;
  theirs: MemorySocket;
  send: (write: (frames: FrameWriter) => void) => void;
  received: () => number;
  closed: () => boolean;
}> {
  const log = new MemoryLogger();
  const server = await startSocketLinkServer({ engine, log });
  const [ours, theirs] = memoryPair();
  let received = 0;
  let closed = false;
  ours.handler = {
    onData: (_buf, end) => void (received += end),
    onEnd: () => void (closed = true),
    onDrain: () => {},
    onClose: () => void (closed = true),
  };
  server.serve(theirs);
  ours.start();
  const frames = new FrameWriter();
  const send = (write: (frames: FrameWriter) => void): void => {
    write(frames);
    ours.write(frames.buf, 0, frames.length);
    frames.clear();
  };
  const hello = encodeHello();
  send((f) => f.frame(FRAME.HELLO, 0, hello, 0, hello.length));
  return { log, ours, theirs, send, received: () => received, closed: () => closed };
}

const OPEN_PAYLOAD = encodeOpen({ remoteAddr: '10.0.0.1:1', localAddr: '10.0.0.2:2', fd: 1, unixSocket: false });

class RefusingEngine extends LineEngine {
  refused = 0;
  override open(info: SessionInfo, sink: SessionSink): SessionPort {
    const port = super.open(info, sink);
    this.refused++;
    const text = Buffer.from('-ERR max number of clients reached\r\n');
    sink.output(text, 0, text.length, 1);
    sink.close();
    return port;
  }
}

test('a refused session is forgotten at once; frames of it that are on their way are taken', async () => {
  const engine = new RefusingEngine();
  const peer = await peerOf(engine);
  for (let id = 1; id <= 1000; id++) peer.send((f) => f.frame(FRAME.OPEN, id, OPEN_PAYLOAD, 0, OPEN_PAYLOAD.length));
  await until(() => engine.refused === 1000, 'all are refused');
  assert.equal(engine.sessions.size, 0, 'nothing is kept of them');
  assert.ok(engine.opened.every((session) => session.closedCalls === 1));
  const line = Buffer.from('x\n');
  peer.send((f) => {
    f.frame(FRAME.INPUT, 1, line, 0, line.length);
    f.frame(FRAME.ENDED, 1, line, 0, 0);
    f.frame(FRAME.CLOSED, 1, line, 0, 0);
    f.frame(FRAME.OPEN, 1, OPEN_PAYLOAD, 0, OPEN_PAYLOAD.length);
  });
  await until(() => engine.refused === 1001, 'the id can be used again');
  assert.equal(peer.closed(), false);
  assert.equal(engine.opened[0].inputBytes, 0);
});

test('an ingress that never confirms the end of refused sessions loses its link', async () => {
  const engine = new RefusingEngine();
  const peer = await peerOf(engine);
  peer.send((f) => {
    for (let id = 1; id <= 70_000; id++) f.frame(FRAME.OPEN, id, OPEN_PAYLOAD, 0, OPEN_PAYLOAD.length);
  });
  await until(() => peer.closed(), 'the link is closed');
  assert.ok(engine.refused < 66_000, `${engine.refused}`);
});

test('an ingress that does not read is owed a bounded amount by the link, the rest by each session', async () => {
  const engine = new LineEngine((s) => void s.replyBytes(Buffer.alloc(100_000, 'x')));
  const peer = await peerOf(engine);
  const line = Buffer.from('x\n');
  for (let id = 1; id <= 200; id++) peer.send((f) => f.frame(FRAME.OPEN, id, OPEN_PAYLOAD, 0, OPEN_PAYLOAD.length));
  await until(() => engine.sessions.size === 200, 'all sessions are open');
  peer.theirs.hold();
  for (let id = 1; id <= 200; id++) peer.send((f) => f.frame(FRAME.INPUT, id, line, 0, line.length));
  peer.send((f) => {
    for (let i = 0; i < 100_000; i++) f.frame(FRAME.PING, 0, line, 0, 0);
  });
  await until(() => engine.opened.every((session) => session.outputBytes === 100_000), 'all have answered');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(peer.theirs.pendingBytes < 3 << 20, `${peer.theirs.pendingBytes} bytes are pending on the link`);
  const counted = engine.opened.reduce((sum, session) => sum + session.sink.pendingOutputBytes, 0);
  assert.ok(counted > 200 * 100_000 - (6 << 20), "what waits is counted as the sessions'");
  peer.theirs.release();
  await until(() => peer.received() > 200 * 100_000, 'all arrives when it reads again');
  await until(() => engine.opened.every((session) => !session.congested), 'all are drained');
});

test('connections that do not say that they are an ingress are few at a time', async () => {
  const log = new MemoryLogger();
  const server = await startSocketLinkServer({ engine: new LineEngine(), log });
  for (let i = 0; i < 1000; i++) server.serve(memoryPair()[1]);
  assert.equal(server.linkCount, 64);
  assert.ok(log.lines.length <= 10, `${log.lines.length} lines`);
});

test('an ingress has the command table before its first client, and a new one with each link', async () => {
  const engine = new LineEngine();
  engine.commands = [{ name: 'get', arity: 2, flags: ['readonly'], keys: [1, 1, 1] }];
  const r = await rig({ engine });
  assert.deepEqual(r.client.commands, []);
  const client = new MemoryClient(r.client);
  client.send('a\n');
  await until(() => client.text === '+a\n', 'answered');
  assert.deepEqual(r.client.commands, engine.commands);
  engine.commands = [{ name: 'set', arity: -3, flags: ['write'], keys: [1, 1, 1] }];
  r.ingressEnd().destroy();
  await until(() => client.ended !== undefined && r.client.up, 'up again');
  assert.deepEqual(r.client.commands, engine.commands);
  await r.client.stop();
});

test('whole replies and the position that they depend on come with the bytes, and a waiting backlog loses none', async () => {
  const engine = new LineEngine((s, line) => {
    engine.position += 10;
    if (line === 'big') s.replyBytes(Buffer.alloc(3 * WINDOW_BYTES, 'x'), 1);
    else s.reply(`+${line}\n`);
  });
  const r = await rig({ engine });
  const client = new MemoryClient(r.client);
  const positionOf = (): number => (client.port as SessionPort & { position: number }).position;
  client.send('a\nb\n');
  await until(() => client.text === '+a\n+b\n', 'answered');
  assert.deepEqual([client.replies, positionOf(), r.client.position], [2, 20, 20]);
  client.highBytes = 1;
  client.send('big\n');
  await until(() => client.receivedBytes > 100_000, 'begun');
  assert.deepEqual(
    [client.replies, positionOf()],
    [2, 30],
    'a reply that is not whole is none, but depends on its position',
  );
  client.highBytes = Infinity;
  client.send('c\n');
  client.read();
  await until(() => client.replies === 4, 'all of them');
  assert.equal(client.receivedBytes, 6 + 3 * WINDOW_BYTES + 3);
  assert.equal(positionOf(), 40);
  await r.client.stop();
});

class RoutedClient extends MemoryClient {
  readonly states: { flags: number; text: string }[] = [];
  bounces = 0;
  losses = 0;
  state(flags: number, buf: Uint8Array, start: number, end: number): void {
    this.states.push({ flags, text: Buffer.from(buf.subarray(start, end)).toString() });
  }
  bounced(): void {
    this.bounces++;
  }
  lost(): void {
    this.losses++;
    setImmediate(() => this.port.closed());
  }
}

test('a session is told elsewhere and taken up again: its state goes both ways, in its place among replies and requests', async () => {
  const taken: string[] = [];
  const engine = new LineEngine((s, line) => {
    if (line === 'bounce') return s.sink.bounced!();
    s.sink.state!(STATE_PINNED, Buffer.from(`is ${line}`), 0, 3 + line.length);
    s.reply(`+${line}\n`);
    taken.push(line);
  });
  const r = await rig({ engine, pieceBytes: 3 });
  await until(() => r.client.up, 'up');
  const client = new RoutedClient(r.client);
  const seen: string[] = [];
  const output = client.output.bind(client);
  client.output = (buf, start, end, replies) => {
    if (replies > 0) seen.push(`reply with ${client.states.length} states`);
    return output(buf, start, end, replies);
  };
  client.send('a\n');
  await until(() => client.replies === 1, 'answered');
  assert.deepEqual(client.states, [{ flags: STATE_PINNED, text: 'is a' }]);
  assert.deepEqual(seen, ['reply with 1 states']);
  const session = engine.opened[0] as LineSession & SessionPort;
  session.setState = (buf, start, end, isBroken) =>
    void taken.push(`${Buffer.from(buf.subarray(start, end)).toString()} ${isBroken}`);
  session.alive = () => void taken.push('alive');
  client.port.setState!(Buffer.from('is b'), 0, 4, true);
  client.port.alive!();
  client.send('c\nbounce\n');
  await until(() => client.bounces === 1, 'bounced');
  assert.deepEqual(taken, ['a', 'is b true', 'alive', 'c']);
  assert.equal(client.text, '+a\n+c\n');
  r.engineEnd().destroy();
  await until(() => client.losses === 1, 'lost');
  assert.equal(client.ended, undefined, 'who can go elsewhere is not closed');
  await r.client.stop();
});

test('an ingress is told when an engine has reached the lowest position that it waits for', async () => {
  const engine: LineEngine & { moved?: () => void; stops: number } = Object.assign(new LineEngine(), { stops: 0 });
  (engine as EnginePort).onPosition = (listener) => {
    engine.moved = listener;
    return () => void engine.stops++;
  };
  const told: number[] = [];
  const server = await startSocketLinkServer({ engine, log: new MemoryLogger() });
  const client = new SocketLinkClient({
    log: new MemoryLogger(),
    onPosition: (position) => told.push(position),
    dial: () => {
      const [a, b] = memoryPair();
      server.serve(b);
      return Promise.resolve(a);
    },
  });
  client.run();
  await until(() => client.up, 'up');
  engine.position = 10;
  client.awaitPosition(10);
  await until(() => told.length === 1, 'told at once of what is there');
  client.awaitPosition(30);
  client.awaitPosition(20);
  client.awaitPosition(25);
  await until(() => engine.moved !== undefined, 'it listens');
  for (const position of [15, 19, 22, 40]) {
    engine.position = position;
    engine.moved!();
  }
  await until(() => told.length === 2, 'told of the lowest');
  assert.deepEqual(told, [10, 22]);
  assert.equal(client.position, 22);
  await client.stop();
  await server.stop();
  assert.equal(engine.stops, 1);
});

test('a confirmed position is the answer to its own question, and none is had from an engine that knows none, or is lost', async () => {
  const r = await rig();
  await until(() => r.client.up, 'up');
  const answers: (number | null)[] = [];
  r.client.confirm((position) => answers.push(position));
  await until(() => answers.length === 1, 'answered');
  const asked: ((position: number | null) => void)[] = [];
  (r.engine as EnginePort).confirm = (done) => void asked.push(done);
  r.client.confirm((position) => answers.push(position));
  r.client.confirm((position) => answers.push(position && -position));
  r.client.confirm((position) => answers.push(position));
  await until(() => asked.length === 3, 'asked');
  asked[1](7);
  asked[0](8);
  await until(() => answers.length === 3, 'two answered');
  r.engineEnd().destroy();
  await until(() => answers.length === 4, 'lost');
  assert.deepEqual(answers, [null, -7, 8, null]);
  await r.client.stop();
});

test('an awaited position that is none, and a state without bytes, end the link', async () => {
  for (const [type, session, length] of [
    [FRAME.AWAIT, 0, 3],
    [FRAME.STATE, 1, 0],
  ] as const) {
    const peer = await peerOf(new LineEngine());
    peer.send((f) => f.frame(FRAME.OPEN, 1, OPEN_PAYLOAD, 0, OPEN_PAYLOAD.length));
    peer.send((f) => f.frame(type, session, Buffer.alloc(length), 0, length));
    await until(() => peer.closed(), 'refused');
    assert.equal(peer.log.lines.filter(({ level }) => level === 'error').length, 1);
  }
});

test('a link to another engine than the one that is meant is given up', async () => {
  const engine = new LineEngine();
  (engine as { node?: string }).node = 'n2';
  const log = new MemoryLogger();
  const server = await startSocketLinkServer({ engine, log });
  const dial = (): Promise<MemorySocket> => {
    const [a, b] = memoryPair();
    server.serve(b);
    return Promise.resolve(a);
  };
  const right = new SocketLinkClient({ log, node: 'n2', dial });
  const wrong = new SocketLinkClient({ log, node: 'n1', dial });
  right.run();
  wrong.run();
  await until(() => log.lines.some(({ msg }) => msg.startsWith('another engine answers')), 'refused');
  await until(() => right.up, 'up');
  assert.equal(wrong.up, false);
  await right.stop();
  await wrong.stop();
  await server.stop();
});

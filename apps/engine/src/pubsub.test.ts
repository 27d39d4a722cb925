import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeNats } from '@weir/cluster/testing';
import { Membership } from '@weir/cluster';
import { Config } from '@weir/config';
import { realTime } from '@weir/time';
import type { LogAccess } from './log-access.ts';
import { Messages } from './messages.ts';
import { testEngine, turn } from './testing-sessions.ts';
import type { TestClient, TestEngine } from './testing-sessions.ts';

const SUBSCRIBED = '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n';
const message = (text: string): string => `*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$${text.length}\r\n${text}\r\n`;

test('replies and messages come in the order in which they were made, also where replies wait for the log', async () => {
  const { client, log } = testEngine();
  const [listener, publisher] = [client(), client()];
  listener.send('SET k v', 'SUBSCRIBE a');
  publisher.send('PUBLISH a x');
  await turn();
  assert.equal(listener.take(), '');
  assert.equal(publisher.take(), ':1\r\n');
  log.commit();
  assert.equal(listener.take(), `+OK\r\n${SUBSCRIBED}${message('x')}`);
  publisher.send('PUBLISH a y');
  assert.equal(listener.take(), message('y'));
});

test('a message comes to others when the writes of its publisher are stored', async () => {
  const { client, log } = testEngine();
  const [listener, publisher] = [client(), client()];
  listener.send('SUBSCRIBE a');
  publisher.send('SET k v', 'PUBLISH a x');
  await turn();
  assert.equal(listener.take(), SUBSCRIBED);
  log.commit();
  assert.equal(listener.take(), message('x'));
  assert.equal(publisher.take(), '+OK\r\n:1\r\n');
});

test('when the log does not answer, who was told of a subscription by an error is closed', async () => {
  const { client, engine } = testEngine();
  const listener = client();
  listener.send('HELLO 3');
  listener.take();
  listener.send('SET k v', 'SUBSCRIBE a');
  await turn();
  engine.commit.refuseHeld();
  assert.match(listener.take(), /^(-NOREPLICAS [^\r]*\r\n){2}$/);
  assert.equal(listener.closes, 1);
});

test('a subscriber that does not read is cut off by the limits of its class, and the others hear the message', () => {
  const config = new Config();
  config.set([['client-output-buffer-limit', 'pubsub 10000 0 0']]);
  const { client, engine } = testEngine({}, config);
  const [deaf, listener, publisher] = [client(), client(), client()];
  deaf.deaf = true;
  deaf.send('SUBSCRIBE a');
  listener.send('SUBSCRIBE a');
  publisher.send(...Array<string>(12).fill(`PUBLISH a ${'x'.repeat(1000)}`));
  assert.equal(deaf.destroyed, true);
  assert.equal(listener.destroyed, false);
  assert.equal(listener.take().match(/message/g)?.length, 12);
  assert.equal(engine.ctx.stats.outputBufferDisconnections, 1);
  deaf.port.closed();
  publisher.send('PUBLISH a x');
  assert.match(publisher.take(), /:1\r\n$/);
  assert.equal(engine.ctx.pubsub.count, 1);
});

test('a subscriber that closes its half, or its connection, listens to nothing more', () => {
  const { client, engine } = testEngine();
  const [half, closed] = [client(), client()];
  for (const one of [half, closed]) one.send('SUBSCRIBE a');
  half.port.inputEnded!();
  assert.equal(half.destroyed, true);
  half.port.closed();
  closed.port.closed();
  assert.equal(engine.ctx.pubsub.count, 0);
});

test('who listens is not closed for saying nothing, in either protocol', () => {
  const config = new Config();
  config.set([['timeout', '1']]);
  const { client, engine } = testEngine({}, config);
  const [two, three, idle] = [client(), client(), client()];
  two.send('SUBSCRIBE a');
  three.send('HELLO 3', 'SUBSCRIBE a');
  idle.send('PING');
  engine.closeIdle(engine.ctx.monotonicMs + 5000);
  assert.deepEqual([two.closes, three.closes, idle.closes], [0, 0, 1]);
});

// --- between nodes -------------------------------------------------------------------------------------------------------

interface Node {
  readonly test: TestEngine;
  readonly membership: Membership;
  readonly messages: Messages;
  seq: number;
  reach: () => void;
}

function node(nats: FakeNats, id: string): Node {
  const made = testEngine();
  const link = nats.handle();
  const place = { natsUrl: '', cluster: 'c', logId: 'l' };
  const report = () => ({
    id,
    role: 'slave' as const,
    ip: '',
    port: 1,
    epoch: 1,
    seq: 0,
    offset: 0,
    state: 'online' as const,
  });
  const membership = new Membership({ ...place, nats: link, time: realTime, report });
  const one: Node = {
    test: made,
    membership,
    messages: new Messages({
      ctx: made.engine.ctx,
      time: realTime,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      seq: () => one.seq,
      reached: () => new Promise((resolve) => (one.reach = resolve)),
    }),
    seq: 5,
    reach: () => {},
  };
  one.messages.attach({ location: place, link, membership } as unknown as LogAccess);
  return one;
}

function listening({ test: { client } }: Node): TestClient {
  const listener = client();
  listener.send('SUBSCRIBE a');
  assert.equal(listener.take(), SUBSCRIBED);
  return listener;
}

test('a message published at any node comes to subscribers at every node, in order; its number counts those of the node', async () => {
  const nats = new FakeNats();
  const nodes = ['a', 'b', 'c'].map((id) => node(nats, id));
  for (const { membership } of nodes) membership.start();
  await turn();
  const listeners = nodes.map(listening);
  const publisher = nodes[1]!.test.client();
  publisher.send('PUBLISH a x', 'PUBLISH a y', 'SPUBLISH a z');
  assert.equal(publisher.take(), ':1\r\n:1\r\n:0\r\n');
  await turn();
  for (const listener of listeners) assert.equal(listener.take(), message('x') + message('y'));
  for (const { membership, messages } of nodes) {
    messages.detach();
    membership.stop();
  }
});

test('a node that knows of no other sends nothing', async () => {
  const nats = new FakeNats();
  const alone = node(nats, 'a');
  let heard = 0;
  nats.handle().subscribe('weir.c.l.messages', () => void heard++);
  const publisher = alone.test.client();
  publisher.send('PUBLISH a x');
  await turn();
  assert.equal(heard, 0);
  const other = node(nats, 'b');
  for (const { membership } of [alone, other]) membership.start();
  await turn();
  publisher.send('PUBLISH a x');
  await turn();
  assert.equal(heard, 1);
  other.membership.stop();
  await turn();
  publisher.send('PUBLISH a x');
  await turn();
  assert.equal(heard, 1);
  alone.membership.stop();
});

test('a message waits on a node until that has as much of the log as the sender had', async () => {
  const nats = new FakeNats();
  const [ahead, behind] = [node(nats, 'a'), node(nats, 'b')];
  for (const { membership } of [ahead, behind]) membership.start();
  await turn();
  const listener = listening(behind);
  ahead.seq = 8;
  const publisher = ahead.test.client();
  publisher.send('PUBLISH a x');
  await turn();
  ahead.seq = 5;
  publisher.send('PUBLISH a y');
  await turn();
  assert.equal(listener.take(), '');
  behind.seq = 8;
  behind.reach();
  await turn();
  assert.equal(listener.take(), message('x') + message('y'));
  publisher.send('PUBLISH a z');
  await turn();
  assert.equal(listener.take(), message('z'));
  for (const { membership } of [ahead, behind]) membership.stop();
});

test('a node that leaves its log hands out what still waits', async () => {
  const nats = new FakeNats();
  const [ahead, behind] = [node(nats, 'a'), node(nats, 'b')];
  for (const { membership } of [ahead, behind]) membership.start();
  await turn();
  const listener = listening(behind);
  ahead.seq = 8;
  const publisher = ahead.test.client();
  publisher.send('PUBLISH a x', 'PUBLISH a y');
  await turn();
  assert.equal(listener.take(), '');
  behind.messages.detach();
  assert.equal(listener.take(), message('x') + message('y'));
  for (const { membership } of [ahead, behind]) membership.stop();
});

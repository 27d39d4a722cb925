import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NAME_BYTES_MAX, SUBSCRIPTIONS_MAX } from '../core/pubsub.ts';
import { TestEngine, latin1 } from '../testing.ts';
import type { TestSession } from '../testing.ts';
import { WAITING_BYTES_MAX } from './publish.ts';

const heard = (session: TestSession): string => latin1(session.pushed());

test('a message comes to those who listen, once for each subscription, as an array in RESP2 and as a push in RESP3', () => {
  const engine = new TestEngine();
  const [two, three] = [engine.session(), engine.session(3)];
  two.call('SUBSCRIBE', 'news');
  three.call('SUBSCRIBE', 'news');
  three.call('PSUBSCRIBE', 'n*');
  assert.equal(engine.text('PUBLISH', 'news', 'x'), ':3\r\n');
  const message = '3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n';
  assert.equal(heard(two), `*${message}`);
  assert.equal(heard(three), `>${message}>4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$1\r\nx\r\n`);
  assert.equal(engine.text('SPUBLISH', 'news', 'x'), ':0\r\n', 'shard channels are others');
});

test('a client of RESP2 that listens may only do what is about that; the last subscription that ends lets it go on', () => {
  const engine = new TestEngine();
  const client = engine.session();
  client.call('SUBSCRIBE', 'a', 'b');
  const refused = (name: string): string =>
    `-ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n`;
  assert.equal(client.text('GET', 'k'), refused('get'));
  assert.equal(client.text('CONFIG', 'GET', 'x'), refused('config|get'));
  assert.equal(client.text('PING'), '*2\r\n$4\r\npong\r\n$0\r\n\r\n');
  client.call('UNSUBSCRIBE', 'a');
  assert.equal(client.session.phase, 'subscribed');
  client.call('UNSUBSCRIBE');
  assert.equal(client.session.phase, 'normal');
  assert.equal(client.text('PING'), '+PONG\r\n');
});

test('a write is refused as one on a slave before it is as one of a subscriber, and a read as that before data is missing', () => {
  const engine = new TestEngine();
  const client = engine.session();
  client.call('SUBSCRIBE', 'a');
  engine.ctx.role.isSlave = true;
  engine.ctx.role.isLoading = true;
  assert.match(client.text('SET', 'k', 'v'), /^-READONLY/);
  assert.match(client.text('GET', 'k'), /^-ERR Can't execute/);
});

test('HELLO decides whether subscriptions limit what a client may do', () => {
  const engine = new TestEngine();
  const client = engine.session(3);
  client.call('SUBSCRIBE', 'a');
  assert.equal(client.text('GET', 'k'), '_\r\n');
  client.call('HELLO', '2');
  assert.match(client.text('GET', 'k'), /^-ERR Can't execute 'get'/);
});

test('RESET ends all subscriptions', () => {
  const engine = new TestEngine();
  const client = engine.session();
  client.call('SUBSCRIBE', 'a');
  client.call('PSUBSCRIBE', '*');
  client.call('SSUBSCRIBE', 'a');
  assert.equal(client.text('RESET'), '+RESET\r\n');
  assert.equal(client.session.phase, 'normal');
  assert.equal(engine.text('PUBLISH', 'a', 'x'), ':0\r\n');
  assert.equal(engine.ctx.pubsub.count, 0);
  assert.equal(engine.ctx.pubsub.nameBytes, 0);
});

test('a client that publishes to itself has the message in front of the reply, and CLIENT REPLY does not silence it', () => {
  const engine = new TestEngine();
  const client = engine.session(3);
  client.call('SUBSCRIBE', 'a');
  const message = '>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n';
  assert.equal(client.text('PUBLISH', 'a', 'x'), `${message}:1\r\n`);
  client.call('CLIENT', 'REPLY', 'OFF');
  assert.equal(client.text('PUBLISH', 'a', 'x'), message);
  assert.equal(client.text('GET', 'k'), '');
  assert.equal(client.text('UNSUBSCRIBE', 'a'), '>3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n');
});

test('a message waits until what its publisher wrote before is stored; those of others do not', () => {
  const engine = new TestEngine();
  const [reader, writer] = [engine.session(), engine.session()];
  const { ctx } = engine;
  const waits: { record: number; done: (stored: boolean) => void }[] = [];
  ctx.isStored = () => false;
  ctx.whenStored = (record, done) => void waits.push({ record, done });
  const sent: string[] = [];
  ctx.onPublished = (_isShard, buf, off, len) => void sent.push(latin1(buf.subarray(off, off + len)));
  reader.call('SUBSCRIBE', 'a', 'b');
  writer.call('SET', 'k', '1');
  assert.equal(writer.text('PUBLISH', 'a', 'x'), ':1\r\n');
  assert.equal(engine.text('PUBLISH', 'b', 'y'), ':1\r\n');
  assert.match(heard(reader), /^\*3\r\n\$7\r\nmessage\r\n\$1\r\nb\r\n\$1\r\ny\r\n$/);
  assert.deepEqual(sent, ['b']);
  assert.deepEqual(
    waits.map(({ record }) => record),
    [1],
  );
  waits[0]!.done(true);
  assert.match(heard(reader), /^\*3\r\n\$7\r\nmessage\r\n\$1\r\na\r\n\$1\r\nx\r\n$/);
  assert.deepEqual(sent, ['b', 'a']);
  assert.equal(ctx.waitingMessageBytes, 0);
});

test('a message of a transaction waits for what the transaction wrote before it, and is never sent when that is lost', () => {
  const engine = new TestEngine();
  const [reader, writer] = [engine.session(), engine.session()];
  const waits: ((stored: boolean) => void)[] = [];
  engine.ctx.isStored = () => false;
  engine.ctx.whenStored = (_record, done) => void waits.push(done);
  reader.call('SUBSCRIBE', 'a');
  for (const args of [['MULTI'], ['PUBLISH', 'a', 'before'], ['SET', 'k', '1'], ['PUBLISH', 'a', 'behind'], ['EXEC']])
    writer.call(...args);
  assert.match(heard(reader), /before/);
  assert.equal(waits.length, 1);
  waits[0]!(false);
  assert.equal(heard(reader), '');
});

test('messages that wait for the log have a bound together: beyond it PUBLISH is refused', () => {
  const engine = new TestEngine();
  engine.ctx.isStored = () => false;
  engine.ctx.whenStored = () => {};
  engine.call('SET', 'k', '1');
  engine.ctx.waitingMessageBytes = WAITING_BYTES_MAX - 2;
  assert.equal(engine.text('PUBLISH', 'a', 'x'), ':0\r\n');
  assert.match(engine.text('PUBLISH', 'a', 'x'), /^-ERR more than \d+ bytes of messages wait/);
});

test('clients have a largest number of subscriptions, and of bytes in their names: a SUBSCRIBE beyond it makes none', () => {
  const engine = new TestEngine();
  const { pubsub } = engine.ctx;
  pubsub.count = SUBSCRIPTIONS_MAX - 1;
  assert.match(engine.text('SUBSCRIBE', 'a', 'b'), /^-ERR clients have at most/);
  assert.match(engine.text('SUBSCRIBE', 'a'), /:1\r\n$/);
  pubsub.count = 1;
  pubsub.nameBytes = NAME_BYTES_MAX;
  assert.match(engine.text('PSUBSCRIBE', 'x'), /^-ERR clients have at most/);
});

test('names whose hashes are the same are told apart', () => {
  const engine = new TestEngine();
  const { keyspace } = engine.ctx;
  keyspace.hash = () => 7;
  const client = engine.session(3);
  client.call('SUBSCRIBE', 'a', 'b', 'c');
  client.call('UNSUBSCRIBE', 'b');
  assert.equal(
    engine.text('PUBSUB', 'NUMSUB', 'a', 'b', 'c'),
    '*6\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:0\r\n$1\r\nc\r\n:1\r\n',
  );
  client.call('UNSUBSCRIBE', 'a');
  client.call('SUBSCRIBE', 'b');
  assert.equal(engine.text('PUBSUB', 'NUMSUB', 'a', 'b'), '*4\r\n$1\r\na\r\n:0\r\n$1\r\nb\r\n:1\r\n');
});

test('CLIENT LIST and KILL know subscribers, and INFO counts channels and patterns', () => {
  const engine = new TestEngine();
  const client = engine.session(3);
  client.call('SUBSCRIBE', 'a', 'b');
  client.call('PSUBSCRIBE', '*');
  client.call('SSUBSCRIBE', 's');
  assert.match(engine.text('CLIENT', 'LIST', 'TYPE', 'pubsub'), / flags=P db=0 sub=2 psub=1 ssub=1 .*\n\r\n$/);
  assert.doesNotMatch(engine.text('CLIENT', 'LIST', 'TYPE', 'normal'), /flags=P/);
  assert.match(engine.text('INFO', 'stats'), /pubsub_channels:2\r\npubsub_patterns:1\r\npubsubshard_channels:1\r\n/);
  let killed = 0;
  client.session.control = { ...client.session.control, destroy: () => void killed++ };
  assert.equal(engine.text('CLIENT', 'KILL', 'TYPE', 'pubsub'), ':1\r\n');
  assert.equal(killed, 1);
});

test('who is cut off while a message is handed out does not keep the others from it', () => {
  const engine = new TestEngine();
  const [first, second] = [engine.session(), engine.session()];
  for (const one of [first, second]) one.call('SUBSCRIBE', 'a');
  first.session.control = { ...first.session.control, push: () => engine.ctx.pubsub.drop(first.session) };
  assert.equal(engine.text('PUBLISH', 'a', 'x'), ':2\r\n');
  assert.match(heard(second), /message/);
  assert.equal(engine.text('PUBLISH', 'a', 'x'), ':1\r\n');
});

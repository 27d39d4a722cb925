import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MESSAGE_BYTES_MAX, MessageBus, messagesOf } from './index.ts';
import { FakeNats } from './testing.ts';

interface Heard {
  readonly seq: number;
  readonly messages: string[];
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

class Node {
  readonly bus: MessageBus;
  readonly handle;
  readonly heard: Heard[] = [];
  readonly lost: string[] = [];
  seq = 7;
  #ends: (() => void)[] = [];

  constructor(nats: FakeNats, name: string, logId = 'l') {
    this.handle = nats.handle();
    this.bus = new MessageBus({
      nats: this.handle,
      cluster: 'c',
      logId,
      time: { endOfTurn: (fn) => void this.#ends.push(fn), randomBytes: () => Buffer.from(name.padEnd(8)) },
      seq: () => this.seq,
      onBatch: (batch, seq) => {
        const messages = [...messagesOf(batch)].map(
          ({ isShard, channel, payload }) =>
            `${isShard ? 's:' : ''}${textOf(channel)}=${payload.length > 20 ? String(payload.length) : textOf(payload)}`,
        );
        this.heard.push({ seq, messages });
      },
      onLost: (_messages, why) => this.lost.push(why),
    });
  }

  publish(channel: string, payload: string | Uint8Array, isShard = false): void {
    const [name, bytes] = [Buffer.from(channel), Buffer.from(payload)];
    this.bus.publish(isShard, name, 0, name.length, bytes, 0, bytes.length);
  }

  async turn(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }
}

test('what is published in one turn comes to every other node of the log as one batch, in order, with the position of its sender', async () => {
  const nats = new FakeNats();
  const [a, b, c] = [new Node(nats, 'a'), new Node(nats, 'b'), new Node(nats, 'c')];
  const elsewhere = new Node(nats, 'd', 'other');
  a.publish('news', 'one');
  a.publish('', '');
  a.publish('news', 'two', true);
  await a.turn();
  const batch = { seq: 7, messages: ['news=one', '=', 's:news=two'] };
  assert.deepEqual([a.heard, b.heard, c.heard, elsewhere.heard], [[], [batch], [batch], []]);
});

test('a message that is larger than NATS takes comes in parts, of several senders at once', async () => {
  const nats = new FakeNats();
  const [a, b, c] = [new Node(nats, 'a'), new Node(nats, 'b'), new Node(nats, 'c')];
  a.publish('big', new Uint8Array(3_000_000));
  b.publish('big', new Uint8Array(2_000_000));
  await Promise.all([a.turn(), b.turn()]);
  assert.deepEqual(c.heard.flatMap(({ messages }) => messages).toSorted(), ['big=2000000', 'big=3000000']);
});

test('a batch that lacks a part is dropped, and the next one is heard', async () => {
  const nats = new FakeNats();
  const [a, b] = [new Node(nats, 'a'), new Node(nats, 'b')];
  const publish = a.handle.publish.bind(a.handle);
  let parts = 0;
  a.handle.publish = (subject, data) => {
    if (++parts !== 2) publish(subject, data);
  };
  a.publish('big', new Uint8Array(3_000_000));
  await a.turn();
  a.publish('small', 'x');
  await a.turn();
  assert.deepEqual(b.heard, [{ seq: 7, messages: ['small=x'] }]);
});

test('what is too large, or more than NATS takes for now, stays on its node and is told of', async () => {
  const nats = new FakeNats();
  const [a, b] = [new Node(nats, 'a'), new Node(nats, 'b')];
  a.publish('c', new Uint8Array(MESSAGE_BYTES_MAX));
  let answer = (): void => {};
  a.handle.flushed = () => new Promise((resolve) => (answer = resolve));
  for (let i = 0; i < 3; i++) {
    a.publish('c', new Uint8Array(20_000_000));
    await a.turn();
  }
  assert.deepEqual(a.lost, [
    `it has more than ${MESSAGE_BYTES_MAX} bytes`,
    ...Array(2).fill('NATS does not take messages as fast as they are published'),
  ]);
  answer();
  await a.turn();
  a.publish('c', 'again');
  await a.turn();
  assert.deepEqual(
    b.heard.flatMap(({ messages }) => messages),
    ['c=20000000', 'c=again'],
  );
});

test('what is no batch is dropped', async () => {
  const nats = new FakeNats();
  const b = new Node(nats, 'b');
  const other = nats.handle();
  const part = (flags: number, number: number, body: number[]): Uint8Array =>
    Uint8Array.from([1, flags, 9, 9, 9, 9, 9, 9, 9, 9, number, 0, 0, 0, ...body]);
  for (const data of [
    new Uint8Array(0),
    new Uint8Array(14),
    part(1, 1, Array(8).fill(0)),
    part(3, 0, [1, 2]),
    part(2, 0, [1, 2]),
    part(0, 5, [1, 2]),
  ]) {
    other.publish('weir.c.l.messages', data);
  }
  await b.turn();
  assert.deepEqual(b.heard, []);
  assert.deepEqual([...messagesOf(Uint8Array.from([0, 255, 255, 255, 255, 0, 0, 0, 0, 1]))], []);
  assert.deepEqual([...messagesOf(Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0, 0]))], []);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { encodeCommand, ReplyParser } from '@weir/resp';
import type { Member } from '@weir/cluster';
import { formatReply, quoteBytes, runCommand, splitLine } from './console.ts';

const LINES: readonly (readonly [line: string, words: readonly string[] | null])[] = [
  ['', []],
  ['  get   key ', ['get', 'key']],
  [String.raw`set "a b" 'c d'`, ['set', 'a b', 'c d']],
  [String.raw`set "\x00\xff\n\"q\"" ''`, ['set', '\x00\xff\n"q"', '']],
  [String.raw`set 'it\'s' "\q"`, ['set', "it's", 'q']],
  [String.raw`set "\x4" k`, ['set', 'x4', 'k']],
  ['get "a', null],
  ["get 'a", null],
  ['get "a"b', null],
];

for (const [line, words] of LINES) {
  test(`the console reads the line ${JSON.stringify(line)} as redis-cli does`, () => {
    const expected = words?.map((word) => Buffer.from(word, 'latin1').toString('hex')) ?? null;
    assert.deepEqual(splitLine(line)?.map((word) => word.toString('hex')) ?? null, expected);
  });
}

function formatted(bytes: string): string {
  const parser = new ReplyParser();
  parser.feed(Buffer.from(bytes, 'latin1'));
  return formatReply(parser.next()!);
}

test('replies are shown as redis-cli shows them', () => {
  assert.equal(formatted('+OK\r\n'), 'OK');
  assert.equal(formatted('-ERR no\r\n'), '(error) ERR no');
  assert.equal(formatted(':12\r\n'), '(integer) 12');
  assert.equal(formatted('$-1\r\n'), '(nil)');
  assert.equal(formatted('*0\r\n'), '(empty array)');
  assert.equal(formatted('*2\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n'), '1) "a"\n2) 1) (integer) 1\n   2) (integer) 2');
});

test('bytes that are no text, and characters that cannot be seen, are shown by their codes', () => {
  assert.equal(quoteBytes(Buffer.from('a"b\\\n\x00')), '"a\\"b\\\\\\n\\x00"');
  assert.equal(quoteBytes(Buffer.from([0xff, 0x41])), '"\\xffA"');
  assert.equal(quoteBytes(Buffer.from('grün')), '"grün"');
  assert.equal(quoteBytes(Buffer.from('a\u202eb')), '"a\\xe2\\x80\\xaeb"');
});

async function withServer(serve: (socket: Socket) => void, body: (node: Member) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await body({ id: 'n', ip: '127.0.0.1', port: (server.address() as AddressInfo).port } as Member);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const options = { user: '', password: '', db: 0, replyBytesMax: 1000, timeoutMs: 20_000 };

test('a command goes out behind AUTH and SELECT, and its own reply is the answer', async () => {
  let sent = '';
  await withServer(
    (socket) =>
      socket.on('data', (chunk) => {
        sent += chunk.toString('latin1');
        if (sent.endsWith('PING\r\n')) socket.write('+OK\r\n+OK\r\n+PONG\r\n');
      }),
    async (node) => {
      const answer = await runCommand(node, [Buffer.from('PING')], { ...options, password: 'p', db: 3 });
      assert.deepEqual([answer.text, answer.isError], ['PONG', false]);
    },
  );
  const expected = [['AUTH', 'p'], ['SELECT', '3'], ['PING']].map((one) => Buffer.from(encodeCommand(one)).toString());
  assert.equal(sent, expected.join(''));
});

test('a refused AUTH is the answer, and a reply without an end is let go', async () => {
  await withServer(
    (socket) => socket.write('-WRONGPASS no\r\n'),
    async (node) => {
      const asked = runCommand(node, [Buffer.from('PING')], { ...options, password: 'p' });
      await assert.rejects(asked, { code: 'node-refused', message: 'WRONGPASS no' });
    },
  );
  await withServer(
    (socket) => socket.write(`$5000\r\n${'x'.repeat(2000)}`),
    async (node) => assert.rejects(runCommand(node, [Buffer.from('GET')], options), { code: 'too-large' }),
  );
});

test('a command that blocks is given up', () =>
  withServer(
    () => undefined,
    async (node) => {
      const asked = runCommand(node, [Buffer.from('BLPOP')], { ...options, timeoutMs: 20 });
      await assert.rejects(asked, { code: 'node-unreachable' });
    },
  ));

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CommandWriter } from './command-writer.ts';
import { encodeCommand } from './encode.ts';
import { Request } from './request.ts';
import { KEPT_BYTES_MAX } from './sink.ts';
import { ReplyWriter } from './writer.ts';

function written(resp: 2 | 3, write: (writer: ReplyWriter) => void): string {
  const writer = new ReplyWriter();
  writer.resp = resp;
  write(writer);
  return Buffer.from(writer.written()).toString('latin1');
}

const utf8 = (text: string) => Buffer.from(text).toString('latin1');

// title, RESP2, RESP3
const REPLIES: [string, (writer: ReplyWriter) => void, string, string?][] = [
  ['OK', (w) => w.ok(), '+OK\r\n'],
  ['PONG', (w) => w.pong(), '+PONG\r\n'],
  ['QUEUED', (w) => w.queued(), '+QUEUED\r\n'],
  ['a status', (w) => w.simple('string'), '+string\r\n'],
  ['an error', (w) => w.error('ERR no such key'), '-ERR no such key\r\n'],
  ['an error of bytes beyond ASCII', (w) => w.error("ERR unknown command '\xff'"), "-ERR unknown command '\xff'\r\n"],
  ['an error with line breaks', (w) => w.error('ERR a\r\nb\nc\r\n'), '-ERR a  b c\r\n'],
  ['an error with characters that are no bytes', (w) => w.error('ERR \u010a'), '-ERR \xc4\x8a\r\n'],
  ['zero', (w) => w.int(0), ':0\r\n'],
  ['a negative integer', (w) => w.int(-1), ':-1\r\n'],
  ['the largest safe integer', (w) => w.int(Number.MAX_SAFE_INTEGER), ':9007199254740991\r\n'],
  ['the smallest safe integer', (w) => w.int(Number.MIN_SAFE_INTEGER), ':-9007199254740991\r\n'],
  ['a 64-bit integer', (w) => w.bigint(-(2n ** 63n)), ':-9223372036854775808\r\n'],
  ['a bulk of a part of a buffer', (w) => w.bulk(Buffer.from('abcdef'), 1, 3), '$3\r\nbcd\r\n'],
  ['an empty bulk', (w) => w.bulk(Buffer.from('abc'), 3, 0), '$0\r\n\r\n'],
  ['a text as UTF-8', (w) => w.bulkText('é€😀'), `$9\r\n${utf8('é€😀')}\r\n`],
  ['a text as bytes', (w) => w.bulkLatin1('\xe9\x00'), '$2\r\n\xe9\x00\r\n'],
  ['nil', (w) => w.nil(), '$-1\r\n', '_\r\n'],
  ['the nil array', (w) => w.nilArray(), '*-1\r\n', '_\r\n'],
  ['an array header', (w) => w.array(12), '*12\r\n'],
  ['a map header', (w) => w.map(6), '*12\r\n', '%6\r\n'],
  ['a set header', (w) => w.set(3), '*3\r\n', '~3\r\n'],
  ['a push header', (w) => w.push(3), '*3\r\n', '>3\r\n'],
  ['true', (w) => w.bool(true), ':1\r\n', '#t\r\n'],
  ['false', (w) => w.bool(false), ':0\r\n', '#f\r\n'],
  ['a double', (w) => w.double(0.1), '$19\r\n0.10000000000000001\r\n', ',0.10000000000000001\r\n'],
  ['an infinite double', (w) => w.double(-Infinity), '$4\r\n-inf\r\n', ',-inf\r\n'],
  [
    'a big number',
    (w) => w.bigNumber('-18446744073709551616'),
    '$21\r\n-18446744073709551616\r\n',
    '(-18446744073709551616\r\n',
  ],
  ['a verbatim text', (w) => w.verbatim('txt', 'é'), '$2\r\n\xc3\xa9\r\n', '=6\r\ntxt:\xc3\xa9\r\n'],
  [
    'verbatim bytes',
    (w) => w.verbatimBytes('txt', Buffer.from('a\xc3\xa9b', 'latin1'), 1, 2),
    '$2\r\n\xc3\xa9\r\n',
    '=6\r\ntxt:\xc3\xa9\r\n',
  ],
];

for (const [title, write, resp2, resp3] of REPLIES) {
  test(`${title} is written as in Redis`, () => {
    assert.equal(written(2, write), resp2);
    assert.equal(written(3, write), resp3 ?? resp2);
  });
}

test('every safe integer is written in decimal', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (n) =>
      assert.equal(
        written(2, (w) => w.int(n)),
        `:${n}\r\n`,
      ),
    ),
  );
  for (let n = 1; n < 1e16; n *= 10) {
    for (const near of [n - 1, n, -n])
      assert.equal(
        written(2, (w) => w.int(near)),
        `:${near}\r\n`,
      );
  }
});

test('an aggregate of unknown count gets its header when it ends, nested and empty ones too', () => {
  const text = written(3, (w) => {
    w.ok();
    const outer = w.beginAggregate();
    for (let i = 0; i < 12; i++) {
      const inner = w.beginAggregate();
      for (let j = 0; j < i; j++) w.int(j);
      w.endAggregate(inner, 'set', i);
    }
    w.endAggregate(outer, 'array', 12);
  });
  const inner = Array.from(
    { length: 12 },
    (_, i) => `~${i}\r\n${Array.from({ length: i }, (_, j) => `:${j}\r\n`).join('')}`,
  );
  assert.equal(text, `+OK\r\n*12\r\n${inner.join('')}`);
  assert.equal(
    written(2, (w) => (w.int(1), w.int(2), w.endAggregate(0, 'map', 1))),
    '*2\r\n:1\r\n:2\r\n',
  );
});

test('bytes survive the growth of the buffer, whatever their lengths and wherever they come from', () => {
  const small = Buffer.alloc(70_000);
  const arena = new Uint8Array(65 * 1024 ** 2);
  for (let i = 0; i < small.length; i++) small[i] = arena[arena.length - 70_000 + i] = (i * 31) & 255;
  const piece = fc.record({
    off: fc.nat(60_000),
    len: fc.oneof(fc.nat(40), fc.nat(300), fc.nat(10_000)),
    far: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const writer = new ReplyWriter();
      const commands = new CommandWriter(7);
      for (const { off, len, far } of pieces) {
        if (far) writer.bulk(arena, arena.length - 70_000 + off, len);
        else writer.bulk(small, off, len);
        commands.command(1);
        if (far) commands.argBytes(arena, arena.length - 70_000 + off, len);
        else commands.argBytes(small, off, len);
      }
      const bytes = pieces.map(({ off, len }) => small.subarray(off, off + len));
      const bulks = bytes.map((part) => Buffer.concat([Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]));
      assert.ok(Buffer.concat(bulks).equals(writer.written()));
      assert.ok(Buffer.concat(bytes.map((part) => encodeCommand([part]))).equals(commands.written()));
    }),
    { numRuns: 200 },
  );
});

test('what lies in an arena is copied from wherever it is, also after the arena has grown and shrunk', () => {
  const mb = 1024 ** 2;
  const buffer = new ArrayBuffer(65 * mb, { maxByteLength: 200 * mb });
  const arena = new Uint8Array(buffer);
  for (const bytes of [65 * mb, 100 * mb, 200 * mb, 70 * mb, 130 * mb]) {
    buffer.resize(bytes);
    const at = bytes - 20;
    arena.set(Buffer.from('0123456789abcdefghij'), at);
    for (const len of [1, 7, 8, 20]) {
      const writer = new ReplyWriter();
      writer.bulk(arena, at + 20 - len, len);
      assert.equal(
        Buffer.from(writer.written()).toString('latin1'),
        `$${len}\r\n${'0123456789abcdefghij'.slice(20 - len)}\r\n`,
      );
    }
  }
});

test('what was written since a position can be dropped', () => {
  assert.equal(
    written(2, (w) => {
      w.ok();
      const before = w.pos;
      w.bulkText('half of a reply');
      w.truncate(before);
      w.error('ERR no');
    }),
    '+OK\r\n-ERR no\r\n',
  );
});

test('a buffer that has grown large is given back by reset, an ordinary one is kept', () => {
  const writer = new ReplyWriter();
  writer.bulk(new Uint8Array(100_000), 0, 100_000);
  const ordinary = writer.buf;
  writer.reset();
  assert.equal(writer.buf, ordinary);
  writer.bulk(new Uint8Array(KEPT_BYTES_MAX), 0, KEPT_BYTES_MAX);
  writer.reset();
  assert.ok(writer.buf.length < 100_000);
  assert.equal(writer.pos, 0);
});

test('a taken buffer is not written to again', () => {
  const writer = new ReplyWriter();
  writer.ok();
  const taken = writer.take();
  writer.error('ERR later');
  assert.equal(Buffer.from(taken).toString(), '+OK\r\n');
  assert.equal(Buffer.from(writer.written()).toString(), '-ERR later\r\n');
});

test('commands are collected behind the reserved bytes', () => {
  const commands = new CommandWriter(16);
  const request = new Request().setFromStrings('SET', 'clé', 1);
  for (let round = 0; round < 2; round++) {
    commands.buf.fill(7, 0, 16);
    commands.frame(request.buf, request.start, request.end);
    commands.command(4);
    commands.argText('PEXPIREAT');
    commands.argBytes(request.buf, request.off(1), request.len(1));
    commands.argInt(-1700000000000);
    commands.argLatin1('\xff');
    assert.equal(commands.count, 2);
    const want = [
      encodeCommand(['SET', 'clé', 1]),
      encodeCommand(['PEXPIREAT', 'clé', -1700000000000, Uint8Array.of(255)]),
    ];
    assert.deepEqual(Buffer.from(commands.written()), Buffer.concat(want));
    assert.deepEqual([...commands.buf.subarray(0, 16)], Array(16).fill(7));
    commands.reset();
    assert.deepEqual([commands.count, commands.pos], [0, 16]);
  }
});

test('a request shows its arguments as text and as an owned copy', () => {
  const request = new Request().setFromStrings('ECHO', 'é', Uint8Array.of(255, 0));
  assert.deepEqual([request.argc, request.latin1(0), request.utf8(1), request.latin1(1)], [3, 'ECHO', 'é', '\xc3\xa9']);
  const copy = request.bytes(2);
  request.buf.fill(0);
  assert.deepEqual([...copy], [255, 0]);
});

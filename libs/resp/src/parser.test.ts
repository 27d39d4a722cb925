import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReplyParser } from './parser.ts';
import type { Reply } from './parser.ts';
import { ReplyWriter } from './writer.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const bytes = (text: string) => new Uint8Array(latin1(text));

function parse(parts: readonly Uint8Array[]): Reply[] {
  const parser = new ReplyParser();
  const replies: Reply[] = [];
  for (const part of parts) {
    parser.feed(part);
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) replies.push(reply);
  }
  return replies;
}

const int = (value: number): Reply => ({ type: 'int', value });
const CASES: [string, Reply][] = [
  ['+OK\r\n', { type: 'simple', value: 'OK' }],
  ['-ERR no \xff\r\n', { type: 'error', value: 'ERR no \xff' }],
  [':-12\r\n', int(-12)],
  [':9223372036854775807\r\n', { type: 'int', value: 9223372036854775807n }],
  ['$5\r\na\r\nb\0\r\n', { type: 'bulk', value: bytes('a\r\nb\0') }],
  ['$0\r\n\r\n', { type: 'bulk', value: bytes('') }],
  ['$-1\r\n', { type: 'nil', value: 'bulk' }],
  ['*-1\r\n', { type: 'nil', value: 'array' }],
  ['_\r\n', { type: 'nil', value: 'resp3' }],
  ['#t\r\n', { type: 'bool', value: true }],
  ['#f\r\n', { type: 'bool', value: false }],
  [',1.10\r\n', { type: 'double', value: 1.1, text: '1.10' }],
  [',-inf\r\n', { type: 'double', value: -Infinity, text: '-inf' }],
  [',nan\r\n', { type: 'double', value: NaN, text: 'nan' }],
  [',1e-07\r\n', { type: 'double', value: 1e-7, text: '1e-07' }],
  [
    '(-3492890328409238509324850943850943825024385\r\n',
    { type: 'bigNumber', value: '-3492890328409238509324850943850943825024385' },
  ],
  ['!5\r\nERR a\r\n', { type: 'bulkError', value: bytes('ERR a') }],
  ['=8\r\nmkd:# ab\r\n', { type: 'verbatim', ext: 'mkd', value: bytes('# ab') }],
  ['*0\r\n', { type: 'array', value: [] }],
  [
    '*2\r\n:1\r\n*1\r\n~0\r\n',
    { type: 'array', value: [int(1), { type: 'array', value: [{ type: 'set', value: [] }] }] },
  ],
  ['%1\r\n:1\r\n*1\r\n:2\r\n', { type: 'map', value: [[int(1), { type: 'array', value: [int(2)] }]] }],
  ['>2\r\n:1\r\n:2\r\n', { type: 'push', value: [int(1), int(2)] }],
  ['|1\r\n:1\r\n:2\r\n', { type: 'attribute', value: [[int(1), int(2)]] }],
  [
    '*1\r\n|1\r\n:1\r\n:2\r\n:3\r\n',
    { type: 'array', value: [{ type: 'attribute', value: [[int(1), int(2)]] }, int(3)] },
  ],
  ['$?\r\n;2\r\nab\r\n;1\r\nc\r\n;0\r\n', { type: 'bulk', value: bytes('abc') }],
  ['*?\r\n:1\r\n*?\r\n.\r\n.\r\n', { type: 'array', value: [int(1), { type: 'array', value: [] }] }],
  ['%?\r\n:1\r\n:2\r\n.\r\n', { type: 'map', value: [[int(1), int(2)]] }],
];

// Buffer or Uint8Array does not matter
const plain = (reply: unknown): unknown =>
  JSON.parse(
    JSON.stringify(reply, (_key, value) =>
      typeof value === 'bigint'
        ? `${value}n`
        : ArrayBuffer.isView(value)
          ? [...(value as Uint8Array)]
          : Object.is(value, NaN)
            ? 'NaN'
            : value === -Infinity
              ? '-Infinity'
              : value,
    ),
  );

for (const [text, want] of CASES) {
  test(`${JSON.stringify(text)} is parsed whole, byte by byte and cut anywhere`, () => {
    const all = latin1(text + text);
    const twice = plain([want, want]);
    assert.deepEqual(plain(parse([all])), twice);
    assert.deepEqual(plain(parse([...all].map((byte) => Uint8Array.of(byte)))), twice);
    for (let at = 0; at <= all.length; at++)
      assert.deepEqual(plain(parse([all.subarray(0, at), all.subarray(at)])), twice);
  });
}

test('what is not RESP is refused', () => {
  for (const text of [
    'x\r\n',
    ':1x\r\n',
    '$x\r\n',
    '$-2\r\n',
    '*-2\r\n',
    '#x\r\n',
    ',x\r\n',
    '$1\r\nabc',
    '.\r\n',
    ';1\r\na\r\n',
    '=1\r\na\r\n',
    '%?\r\n:1\r\n.\r\n',
    '$?\r\n:1\r\n',
    '*1\r\n'.repeat(2000),
  ]) {
    assert.throws(() => parse([latin1(text)]), /not RESP/, JSON.stringify(text));
  }
});

test('what a writer wrote is read back', () => {
  const { tree } = fc.letrec<{ tree: Reply }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.maxSafeInteger().map(int),
      fc.uint8Array({ maxLength: 40 }).map((value): Reply => ({ type: 'bulk', value })),
      fc.boolean().map((value): Reply => ({ type: 'bool', value })),
      fc.constant<Reply>({ type: 'nil', value: 'resp3' }),
      fc
        .tuple(
          fc.constantFrom('array' as const, 'set' as const, 'push' as const),
          fc.array(tie('tree'), { maxLength: 4 }),
        )
        .map(([type, value]): Reply => ({ type, value })),
      fc.array(fc.tuple(tie('tree'), tie('tree')), { maxLength: 3 }).map((value): Reply => ({ type: 'map', value })),
    ),
  }));
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (replies, step) => {
      const writer = new ReplyWriter();
      writer.resp = 3;
      for (const reply of replies) write(writer, reply);
      const all = writer.written();
      const parts = Array.from({ length: Math.ceil(all.length / step) }, (_, i) =>
        all.subarray(i * step, (i + 1) * step),
      );
      assert.deepEqual(plain(parse(parts)), plain(replies));
    }),
    { numRuns: 300 },
  );
});

function write(writer: ReplyWriter, reply: Reply): void {
  switch (reply.type) {
    case 'int':
      return writer.int(Number(reply.value));
    case 'bulk':
      return writer.bulk(reply.value, 0, reply.value.length);
    case 'bool':
      return writer.bool(reply.value);
    case 'nil':
      return writer.nil();
    case 'map':
      writer.map(reply.value.length);
      return reply.value.flat().forEach((part) => write(writer, part));
    case 'array':
    case 'set':
    case 'push':
      writer[reply.type](reply.value.length);
      return reply.value.forEach((part) => write(writer, part));
    default:
      throw new Error(reply.type);
  }
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CONTROL_PAYLOAD_MAX,
  DATA_PAYLOAD_MAX,
  FRAME,
  FrameReader,
  FrameWriter,
  NO_PAYLOAD,
  decodeHello,
  decodeOpen,
  decodeU32,
  decodeU64,
  encodeHello,
  encodeOpen,
  encodeU32,
  encodeU64,
} from './frame.ts';

const seed = Number(process.env['SEED'] ?? (process.env['CI'] === undefined ? Date.now() % 2 ** 31 : 1));

/** What a reader reported, pieces of one data frame joined with those before it of the same session. */
class Recorder {
  readonly seen: { type: number; session: number; payload: string; replies?: number; position?: number }[] = [];
  malformed: string | undefined;
  readonly reader = new FrameReader(this);
  onFrame(
    type: number,
    session: number,
    buf: Uint8Array,
    start: number,
    end: number,
    replies: number,
    position: number,
  ): void {
    assert.equal(this.malformed, undefined);
    const payload = Buffer.from(buf.subarray(start, end)).toString('latin1');
    const last = this.seen.at(-1);
    const data = type === FRAME.INPUT || type === FRAME.OUTPUT;
    if (data && last?.type === type && last.session === session) last.payload += payload;
    else this.seen.push({ type, session, payload });
    if (type !== FRAME.OUTPUT) assert.deepEqual([replies, position], [0, 0]);
    else if (replies > 0 || position > 0) {
      const seen = this.seen.at(-1)!;
      seen.replies = (seen.replies ?? 0) + replies;
      seen.position = position;
    }
  }
  onMalformed(reason: string): void {
    this.malformed = reason;
  }
  push(bytes: Uint8Array): void {
    // A copy that is overwritten: whoever keeps borrowed bytes is found out.
    const copy = Buffer.concat([Buffer.from('#'), bytes, Buffer.from('#')]);
    this.reader.push(copy, 1, copy.length - 1);
    copy.fill(0xdd);
  }
}

const text = (s: string): Uint8Array => Buffer.from(s, 'latin1');

function sample(): { bytes: Buffer; expected: Recorder['seen'] } {
  const writer = new FrameWriter();
  const put = (type: (typeof FRAME)[keyof typeof FRAME], session: number, payload: Uint8Array): void =>
    writer.frame(type, session, payload, 0, payload.length);
  const open = encodeOpen({ remoteAddr: '127.0.0.1:4', localAddr: '[::1]:5', fd: -1, unixSocket: false });
  put(FRAME.HELLO, 0, encodeHello());
  put(FRAME.OPEN, 1, open);
  put(FRAME.INPUT, 1, text('PING\r\n'));
  put(FRAME.INPUT, 1, text('PONG\r\n'));
  put(FRAME.PAUSE, 1, NO_PAYLOAD);
  writer.frame(FRAME.OUTPUT, 0xffffffff, text('+OK\r\n'), 0, 5, 1, 2 ** 40 + 7);
  put(FRAME.TAKEN, 0x80000001, encodeU32(0xfffffffe));
  put(FRAME.CLOSED, 1, NO_PAYLOAD);
  const latin = (b: Uint8Array): string => Buffer.from(b).toString('latin1');
  return {
    bytes: Buffer.from(writer.buf.subarray(0, writer.length)),
    expected: [
      { type: FRAME.HELLO, session: 0, payload: latin(encodeHello()) },
      { type: FRAME.OPEN, session: 1, payload: latin(open) },
      { type: FRAME.INPUT, session: 1, payload: 'PING\r\nPONG\r\n' },
      { type: FRAME.PAUSE, session: 1, payload: '' },
      { type: FRAME.OUTPUT, session: 0xffffffff, payload: '+OK\r\n', replies: 1, position: 2 ** 40 + 7 },
      { type: FRAME.TAKEN, session: 0x80000001, payload: latin(encodeU32(0xfffffffe)) },
      { type: FRAME.CLOSED, session: 1, payload: '' },
    ],
  };
}

test('frames are read the same whole, byte by byte, and cut at every two points', () => {
  const { bytes, expected } = sample();
  const whole = new Recorder();
  whole.push(bytes);
  assert.deepEqual(whole.seen, expected);
  const single = new Recorder();
  for (const byte of bytes) single.push(Uint8Array.of(byte));
  assert.deepEqual(single.seen, expected);
  for (let i = 0; i <= bytes.length; i++) {
    for (let j = i; j <= bytes.length; j++) {
      const cut = new Recorder();
      cut.push(bytes.subarray(0, i));
      cut.push(bytes.subarray(i, j));
      cut.push(bytes.subarray(j));
      assert.deepEqual(cut.seen, expected, `cut at ${i} and ${j}`);
    }
  }
});

test('the bytes on the wire are those of the document', () => {
  const writer = new FrameWriter();
  writer.frame(FRAME.INPUT, 0x01020304, text('ab'), 0, 2);
  writer.frame(FRAME.CLOSE, 5, NO_PAYLOAD, 0, 0);
  writer.frame(FRAME.HELLO, 0, encodeHello(), 0, 10);
  writer.frame(FRAME.OUTPUT, 6, text('+A'), 0, 2, 3, 2 ** 33 + 4);
  assert.equal(
    Buffer.from(writer.buf.subarray(0, writer.length)).toString('hex'),
    '07000000' +
      '03' +
      '04030201' +
      '6162' +
      '05000000' +
      '08' +
      '05000000' +
      '0f000000' +
      '01' +
      '00000000' +
      '574549524c494e4b' +
      '0300' +
      '13000000' +
      '07' +
      '06000000' +
      '03000000' +
      '0400000002000000' +
      '2b41',
  );
  assert.equal(Buffer.from(encodeU64(2 ** 33 + 4)).toString('hex'), '0400000002000000');
});

test('an output tells whether it ends within a reply, as the last of those that became one frame did', () => {
  const endsWithin = (...cuts: boolean[]): boolean[] => {
    const writer = new FrameWriter();
    for (const cut of cuts) writer.frame(FRAME.OUTPUT, 1, text('+OK'), 0, 3, 1, 5, cut);
    const told: boolean[] = [];
    const reader: FrameReader = new FrameReader({
      onFrame: (_type, _session, _buf, _start, _end, replies) => {
        told.push(reader.cut);
        if (!reader.cut) assert.equal(replies, cuts.length);
      },
      onMalformed: assert.fail,
    });
    const half = writer.length - 2;
    reader.push(writer.buf, 0, half);
    reader.push(writer.buf, half, writer.length);
    return told;
  };
  assert.deepEqual(endsWithin(false), [true, false], 'what came of a frame that goes on may end anywhere');
  assert.deepEqual(endsWithin(true), [true, true]);
  assert.deepEqual(endsWithin(true, false), [true, false]);
  assert.deepEqual(endsWithin(false, true), [true, true]);
});

test('a position is a whole number that JavaScript counts exactly', () => {
  for (const position of [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER])
    assert.equal(decodeU64(encodeU64(position), 0, 8), position);
  assert.equal(decodeU64(new Uint8Array(8).fill(255), 0, 8), undefined);
  assert.equal(decodeU64(new Uint8Array(7), 0, 7), undefined);
});

test('consecutive bytes of one session share a frame until it is full, and larger ones are split', () => {
  const writer = new FrameWriter();
  const big = Buffer.alloc(DATA_PAYLOAD_MAX * 2 + 10, 'x');
  for (let i = 0; i < 100; i++) writer.frame(FRAME.OUTPUT, 1, text('abc'), 0, 3);
  assert.equal(writer.length, 9 + 12 + 300);
  writer.frame(FRAME.OUTPUT, 1, big, 0, big.length);
  const recorder = new Recorder();
  recorder.push(writer.buf.subarray(0, writer.length));
  assert.equal(recorder.malformed, undefined);
  assert.equal(recorder.seen.length, 1);
  assert.equal(recorder.seen[0].payload, 'abc'.repeat(100) + big.toString('latin1'));
});

test('outputs that become one frame tell of the sum of their replies and of the last position, in the last part of a long one', () => {
  const writer = new FrameWriter();
  const big = Buffer.alloc(DATA_PAYLOAD_MAX + 1, 'x');
  writer.frame(FRAME.OUTPUT, 1, text('abc'), 0, 3, 1, 10);
  writer.frame(FRAME.OUTPUT, 1, text('de'), 0, 2, 0, 0);
  writer.frame(FRAME.OUTPUT, 1, text('f'), 0, 1, 2, 11);
  writer.frame(FRAME.OUTPUT, 2, big, 0, big.length, 1, 12);
  const frames: number[][] = [];
  const reader = new FrameReader({
    onFrame: (_type, session, _buf, start, end, replies, position) =>
      void frames.push([session, end - start, replies, position]),
    onMalformed: assert.fail,
  });
  reader.push(writer.buf, 0, writer.length);
  assert.deepEqual(frames, [
    [1, 6, 3, 11],
    [2, DATA_PAYLOAD_MAX, 0, 0],
    [2, 1, 1, 12],
  ]);
});

test('an engine takes no command table, and an ingress none that is too long', () => {
  for (const [most, bytes] of [
    [0, 1],
    [100, 101],
  ] as const) {
    let malformed = '';
    const handler = { onFrame: () => assert.fail('taken'), onMalformed: (reason: string) => void (malformed = reason) };
    const writer = new FrameWriter();
    writer.frame(FRAME.COMMANDS, 0, new Uint8Array(bytes), 0, bytes);
    new FrameReader(handler, most).push(writer.buf, 0, writer.length);
    assert.match(malformed, /in a frame of type 14/);
  }
});

test('a cleared writer does not add to a frame that is gone', () => {
  const writer = new FrameWriter();
  writer.frame(FRAME.OUTPUT, 1, text('abc'), 0, 3);
  writer.clear();
  writer.frame(FRAME.OUTPUT, 1, text('d'), 0, 1);
  const recorder = new Recorder();
  recorder.push(writer.buf.subarray(0, writer.length));
  assert.deepEqual(recorder.seen, [{ type: FRAME.OUTPUT, session: 1, payload: 'd' }]);
});

test('unknown types, short lengths and oversized payloads are refused at the header, and nothing is reported after', () => {
  const header = (length: number, type: number): Buffer => {
    const b = Buffer.alloc(9);
    b.writeUInt32LE(length, 0);
    b[4] = type;
    return b;
  };
  for (const [length, type] of [
    [5, 0],
    [5, 22],
    [5, 255],
    [4, FRAME.CLOSE],
    [0, FRAME.INPUT],
    [5 + DATA_PAYLOAD_MAX + 1, FRAME.INPUT],
    [0xffffffff, FRAME.OUTPUT],
    [5 + CONTROL_PAYLOAD_MAX + 1, FRAME.OPEN],
  ]) {
    const recorder = new Recorder();
    recorder.push(Buffer.concat([header(length, type), sample().bytes]));
    assert.notEqual(recorder.malformed, undefined, `length ${length} type ${type}`);
    assert.equal(recorder.seen.length, 0);
    recorder.push(sample().bytes);
    assert.equal(recorder.seen.length, 0);
  }
});

test('random bytes never make a reader throw', (t) => {
  t.diagnostic(`seed ${seed}`);
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (chunks) => {
      const reader = new FrameReader({ onFrame() {}, onMalformed() {} });
      for (const chunk of chunks) reader.push(chunk, 0, chunk.length);
    }),
    { seed, numRuns: 2000 },
  );
});

test('control payloads survive the way there and broken ones are refused', () => {
  const info = { remoteAddr: '/tmp/ä.sock:0', localAddr: '[::1]:6379', fd: 42, unixSocket: true };
  const open = encodeOpen(info);
  assert.deepEqual(decodeOpen(open, 0, open.length), info);
  for (let i = 0; i < open.length; i++) assert.equal(decodeOpen(open, 0, i), undefined, `${i} bytes`);
  assert.equal(decodeHello(encodeHello(7), 0, 10), 7);
  assert.equal(decodeHello(encodeHello(7), 0, 9), undefined);
  assert.equal(decodeHello(text('WEIRLINX\x01\x00'), 0, 10), undefined);
  assert.equal(decodeU32(encodeU32(3_000_000_000), 0, 4), 3_000_000_000);
  assert.equal(decodeU32(encodeU32(1), 0, 3), undefined);
});

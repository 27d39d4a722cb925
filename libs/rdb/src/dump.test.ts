import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Crc64 } from './crc64.ts';
import { DumpEncoder, parsePayload, verifyPayload } from './dump.ts';
import { bytes, CollectingSink, latin1 } from './testing.ts';

const KEY = bytes('..key..');

function dump(encoder: DumpEncoder, value: string): Uint8Array {
  const data = bytes(`<${value}>`);
  return encoder.string(data, 1, value.length);
}

/** The payload in the middle of other bytes, as a request's argument is. */
function framed(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(payload.length + 10).fill(0xaa);
  frame.set(payload, 5);
  return frame;
}

const verify = (payload: Uint8Array): string => verifyPayload(framed(payload), 5, payload.length);

function parse(payload: Uint8Array, sink = new CollectingSink()): string {
  return parsePayload(framed(payload), 5, payload.length, sink, 3, KEY, 2, 3, 1234, 5, -1);
}

function signed(body: string, version = 10): Uint8Array {
  const payload = bytes(`${body}${String.fromCharCode(version, 0)}${'\x00'.repeat(8)}`);
  const crc = new Crc64();
  crc.update(payload, 0, payload.length - 8);
  crc.writeTo(payload, payload.length - 8);
  return payload;
}

test('payloads are those that redis-server 7.0.15 answers', () => {
  const encoder = new DumpEncoder();
  // DUMP of these values, from the real server.
  const known: [string, string][] = [
    ['10', '00c00a0a006e9f57450eae63bb'],
    ['hello', '000568656c6c6f0a006372df766534200a'],
    ['x'.repeat(30), '00c3091e017878e011000178780a00f0673fdf2001eb95'],
    ['abc'.repeat(9) + 'd', '00c30b1c0361626361e00d020163640a00f42ff2c4f02ff24e'],
    ['bbaababbbbbbbbabababa', '00156262616162616262626262626262616261626162610a00dddc87ecdeceb6ce'], // gains too little
  ];
  for (const [value, hex] of known) assert.equal(Buffer.from(dump(encoder, value)).toString('hex'), hex);
});

test('any value comes back from its payload with the key and times that were given', () => {
  const encoders = [new DumpEncoder(true), new DumpEncoder(false)];
  const values = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((data) => latin1(data)),
    fc.integer().map(String),
    fc.integer({ min: 0, max: 200_000 }).map((n) => 'abc'.repeat(n / 3)),
  );
  fc.assert(
    fc.property(values, fc.nat(1), (value, which) => {
      const payload = dump(encoders[which], value);
      assert.equal(verify(payload), 'ok');
      const sink = new CollectingSink();
      assert.equal(parse(payload, sink), 'ok');
      assert.deepEqual(sink.entries, [{ db: 3, key: 'key', value, expireAtMs: 1234, lruIdleSeconds: 5, lfuFreq: -1 }]);
    }),
  );
});

test('a payload with any byte changed, cut or added is bad', () => {
  const payload = dump(new DumpEncoder(), 'some value');
  for (let i = 0; i < payload.length; i++) {
    const changed = new Uint8Array(payload);
    changed[i] ^= 1;
    assert.equal(verify(changed), 'bad', `byte ${i}`);
    assert.equal(verify(payload.slice(0, i)), 'bad', `length ${i}`);
  }
  assert.equal(verify(bytes(latin1(payload) + '\x00')), 'bad');
});

test('versions up to 13 and that of Valkey 9 are good, others are bad whatever their checksum', () => {
  for (let version = 1; version <= 13; version++) assert.equal(verify(signed('\x00\x01a', version)), 'ok');
  assert.equal(verify(signed('\x00\x01a', 80)), 'ok');
  for (const version of [14, 79, 81]) assert.equal(verify(signed('\x00\x01a', version)), 'bad');
});

test('a well-signed payload that holds no value is refused, and the sink hears nothing of it', () => {
  const sink = new CollectingSink();
  const nonsense = ['', '\x00', '\x00\x05abc', '\x00\xc4', '\x00\xc3\x03\x20\x00aa', '\x00\x80\xff\xff\xff\xff'];
  for (const body of nonsense) {
    const payload = signed(body);
    assert.equal(verify(payload), 'ok');
    assert.equal(parse(payload, sink), 'bad-format', body);
  }
  assert.equal(parse(signed('\x07\x81module..'), sink), 'unsupported-type');
  assert.equal(parse(signed('\x63whatever'), sink), 'unsupported-type');
  assert.deepEqual(sink.entries, []);
});

test('bytes behind the value are ignored, as Redis ignores them', () => {
  const sink = new CollectingSink();
  assert.equal(parse(signed('\x00\x01ab'), sink), 'ok');
  assert.equal(sink.entries[0].value, 'a');
});

test('an error of the sink is not taken for one of the payload', () => {
  const sink = new CollectingSink();
  const own = new Error('out of memory');
  sink.string = () => {
    throw own;
  };
  assert.throws(() => parse(signed('\x00\x01a'), sink), own);
});

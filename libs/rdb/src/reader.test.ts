import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Crc64 } from './crc64.ts';
import { RdbError } from './errors.ts';
import { RdbReader } from './reader.ts';
import { bytes, CollectingSink, putEntry, SilentSink, writeFile } from './testing.ts';
import type { RdbReaderOptions } from './types.ts';

function withChecksum(text: string): Uint8Array {
  const file = bytes(text + '\x00'.repeat(8));
  const crc = new Crc64();
  crc.update(file, 0, text.length);
  crc.writeTo(file, text.length);
  return file;
}

const fileOf = (body: string, version = '0010'): Uint8Array => withChecksum(`REDIS${version}${body}\xff`);

function read(file: Uint8Array, options?: RdbReaderOptions, step = file.length): CollectingSink {
  const sink = new CollectingSink();
  const reader = new RdbReader(sink, options);
  for (let at = 0; at < file.length; at += step) reader.push(file.subarray(at, at + step));
  reader.end();
  return sink;
}

function refused(file: Uint8Array, code: string, offset: number, options?: RdbReaderOptions): RdbError {
  let seen: RdbError | undefined;
  for (const step of [file.length, 1, 7]) {
    assert.throws(
      () => read(file, options, step),
      (error) => {
        assert.ok(error instanceof RdbError, String(error));
        assert.equal(error.code, code, error.message);
        assert.equal(error.offset, offset, error.message);
        seen = error;
        return true;
      },
    );
  }
  return seen!;
}

/** The number of a module, then `when` as unsigned integer, and no data: RedisBloom's "MBbloom--" of version 4 among others writes that. */
const MODULE_AUX = '\xf7\x81\x30\x16\xe5\xa2\x89\xbe\xf8\x04\x02\x01\x00';

const EVERYTHING =
  '\xfa\x03ver\xc0\x07' +
  '\xf5\x0d#!lua name=x\n' +
  MODULE_AUX +
  '\xfe\x02\xfb\x04\x02\xf4\x00\x04\x02' +
  '\x00\x01a\x01b' +
  '\xfc\x01\x00\x00\x00\x01\x00\x00\x00\xf8\x40\x50\x00\xc0\xfe\xc1\xfe\xff' +
  '\xfd\x02\x00\x00\x00\xf9\x09\x00\xc2\x00\x00\x01\x00\xc2\xff\xff\xff\x7f' +
  '\xfe\x0f' +
  '\x00\xc3\x05\x0b\x00a\xe0\x01\x00\xc3\x05\x0b\x00b\xe0\x01\x00' +
  '\x00\x00\x00';

test('everything that a file may hold is told, wherever the chunks are cut', () => {
  const file = fileOf(EVERYTHING);
  const whole = read(file);
  assert.equal(whole.version, 10);
  assert.deepEqual(whole.auxFields, [['ver', '7']]);
  assert.deepEqual(whole.functions, ['#!lua name=x\n']);
  assert.deepEqual(whole.databases, [2, 15]);
  assert.deepEqual(whole.sizes, [[4, 2]]);
  const none = { expireAtMs: -1, lruIdleSeconds: -1, lfuFreq: -1 };
  assert.deepEqual(whole.entries, [
    { db: 2, key: 'a', value: 'b', ...none },
    { db: 2, key: '-2', value: '-2', expireAtMs: 0x100000001, lruIdleSeconds: 80, lfuFreq: -1 },
    { db: 2, key: '65536', value: '2147483647', expireAtMs: 2000, lruIdleSeconds: -1, lfuFreq: 9 },
    { db: 15, key: 'a'.repeat(11), value: 'b'.repeat(11), ...none },
    { db: 15, key: '', value: '', ...none },
  ]);
  assert.ok(whole.ended);

  for (let step = 1; step < file.length; step++) assert.deepEqual(read(file, {}, step), whole, `steps of ${step}`);
  for (let cut = 1; cut < file.length; cut++) {
    const sink = new CollectingSink();
    const reader = new RdbReader(sink);
    reader.push(file.subarray(0, cut));
    reader.push(new Uint8Array(0));
    reader.push(Buffer.from(file.subarray(cut)));
    reader.end();
    assert.deepEqual(sink, whole, `cut at ${cut}`);
  }
});

test('a file that ends too early is truncated, wherever it ends', () => {
  const file = fileOf(EVERYTHING);
  for (let length = 0; length < file.length; length++) {
    const sink = new CollectingSink();
    const reader = new RdbReader(sink);
    reader.push(file.subarray(0, length));
    assert.throws(
      () => reader.end(),
      (error) => error instanceof RdbError && error.code === 'truncated' && error.offset === length,
    );
    assert.ok(!sink.ended && !reader.finished);
  }
});

test('every version from 1 to 13 is read, before 5 without a checksum', () => {
  for (let version = 1; version <= 13; version++) {
    const digits = String(version).padStart(4, '0');
    const body = '\xfe\x00\xfd\x01\x00\x00\x00\x00\x01a\x01b';
    const file = version < 5 ? bytes(`REDIS${digits}${body}\xff`) : fileOf(body, digits);
    const sink = read(file);
    assert.equal(sink.version, version);
    assert.equal(sink.entries[0].expireAtMs, 1000);
    assert.ok(sink.ended);
  }
});

test('a file of Valkey 9 is read', () => {
  const sink = read(withChecksum('VALKEY080\xfa\x0avalkey-ver\x059.0.1\xfe\x00\x00\x01a\x01b\xff'));
  assert.equal(sink.version, 80);
  assert.deepEqual([sink.entries.length, sink.ended], [1, true]);
});

test('an unknown version is refused in the words of Redis, and the reader says what the file claims to be', () => {
  for (const version of ['0000', '0014', '0080', '9999']) {
    const error = refused(fileOf('', version), 'unsupported-version', 0);
    assert.match(error.message, new RegExp(`^Can't handle RDB format version ${Number(version)} `));
  }
  for (const version of ['011', '079', '081']) refused(bytes(`VALKEY${version}`), 'unsupported-version', 0);
  for (const [header, format] of [
    ['REDIS0011', 'RDB version 11'],
    ['VALKEY080', "Valkey's RDB version 80"],
    ['REDIS0014', 'RDB version 14'],
  ]) {
    const reader = new RdbReader(new CollectingSink());
    assert.equal(reader.format, '');
    try {
      reader.push(bytes(header));
    } catch {
      // what it says is wanted of a file that is refused
    }
    assert.equal(reader.format, format);
  }
});

test('what is no RDB file is refused at its first wrong byte', () => {
  for (const text of ['X', 'RX', 'REDIX', '+OK\r\n', 'VALKEX080', 'VALKEY08x', 'REDIS00x0']) {
    const error = refused(bytes(text.padEnd(9, ' ')), 'bad-magic', 0);
    assert.match(error.message, /^Wrong signature/);
  }
  refused(bytes('REX'), 'bad-magic', 0);
  assert.throws(() => new RdbReader(new CollectingSink()).push(bytes('X')), RdbError);
});

test('a changed byte fails the checksum, unless it is not to be verified or was not computed', () => {
  const file = fileOf('\x00\x01a\x01b');
  const at = file.length - 8;
  for (const i of [11, at, at + 7]) {
    const changed = new Uint8Array(file);
    changed[i] ^= 0x20;
    refused(changed, 'checksum', at);
    assert.ok(read(changed, { verifyChecksum: false }).ended);
  }
  const zeros = new Uint8Array(file);
  zeros.fill(0, at);
  assert.ok(read(zeros).ended);
});

test('bytes behind the end are refused', () => {
  const file = fileOf('');
  const longer = new Uint8Array(file.length + 1);
  longer.set(file);
  refused(longer, 'trailing-data', file.length);
});

test('modules and hashes with times of fields are refused by the name of the type and the key', () => {
  const error = refused(fileOf('\xfe\x00\x07\x05my\n"k\x01'), 'unsupported-type', 11);
  assert.match(error.message, /module-2 \(7\).*key "my\\x0a\\x22k"/);
  assert.match(
    refused(fileOf(`\x18\x40\x64${'k'.repeat(100)}`), 'unsupported-type', 9).message,
    /type hash-metadata .*key "k{64}"…/,
  );
  for (const type of ['\x06', '\x16', '\x17', '\x19', '\x1a'])
    refused(fileOf(`${type}\x01a\x01b`), 'unsupported-type', 9);
});

test('the value of a module is refused with the name of the module and the version of its format', () => {
  const body = '\xfe\x03\x07\x01k\x81\x30\x16\xe5\xa2\x89\xbe\xf8\x04';
  assert.match(
    refused(fileOf(body), 'unsupported-type', 11).message,
    /^Values of type module-2 \(7\), written by module "MBbloom--" \(version 4\), are not supported, key "k" of database 3 /,
  );
});

test('number 22 is another type in a file of Valkey, and what Redis 8.6 added is none there', () => {
  const valkey = (body: string): Uint8Array => withChecksum(`VALKEY080${body}\xff`);
  assert.match(refused(valkey('\x16\x01k\x01'), 'unsupported-type', 9).message, /type hash-2 \(22\).*key "k"/);
  refused(valkey('\x18\x01k\x01'), 'unknown-type', 9);
  assert.match(refused(valkey('\xf3\x01'), 'unsupported-opcode', 9).message, /import of slots/);
  assert.match(refused(fileOf('\xf3\x01', '0013'), 'unsupported-opcode', 9).message, /module .*attached to a key/);
  refused(fileOf('\xf3\x01', '0012'), 'unknown-type', 9);
});

test('data of a module that belongs to no key is refused with the name of the module, unless there is none', () => {
  const field = '\xf7\x81\x30\x16\xe5\xa2\x89\xbe\xf8\x04\x02\x01';
  assert.ok(read(fileOf(`${field}\x00\x00\x01a\x01b`)).ended);
  for (const data of ['\x01\x05', '\x02\x05', '\x03abcd', '\x04abcdefgh', '\x05\x01a']) {
    const { message } = refused(fileOf(`${field}${data}\x00`), 'unsupported-module', 21);
    assert.match(message, /^Data of module "MBbloom--" \(version 4\) .*lost/);
  }
  refused(fileOf(`${field}\x06`), 'bad-module-data', 21);
  refused(fileOf('\xf7\x01\x05\x01a'), 'bad-module-data', 9);
});

test('types and opcodes that nobody writes are refused', () => {
  for (const type of [8, 27, 100, 242, 243])
    refused(fileOf(String.fromCharCode(type) + '\x01a\x01b'), 'unknown-type', 9);
});

test('impossible lengths and encodings are refused', () => {
  refused(fileOf('\x00\x82a'), 'bad-length', 9); // no such kind of length
  refused(fileOf('\x00\xc4a'), 'bad-length', 9); // no such encoding of a string
  refused(fileOf('\xfe\xc0\x01'), 'bad-length', 9); // a string where a number must be
  refused(fileOf('\xfe\x80\x80\x00\x00\x00'), 'bad-length', 9); // a database number above 31 bits
  refused(fileOf('\x00\x01k\xc3\xc0\x01\x05'), 'bad-length', 9);
});

test('compressed strings that claim what they cannot hold are refused', () => {
  refused(fileOf('\x00\x01k\xc3\x05\x0c\x00a\xe0\x01\x00'), 'bad-lzf', 9); // one byte too much
  refused(fileOf('\x00\x01k\xc3\x05\x0a\x00a\xe0\x01\x00'), 'bad-lzf', 9); // one too few
  refused(fileOf('\x00\x01k\xc3\x02\x05\x20\x00'), 'bad-lzf', 9); // a copy from before the beginning
  refused(fileOf('\x00\x01k\xc3\x01\x80\x00\x01\x00\x00a'), 'bad-lzf', 9); // above any possible expansion
  refused(fileOf('\x00\x01k\xc3\x02\x00\x00a'), 'bad-lzf', 9); // something for nothing
});

test('a string above the limit is refused before its bytes arrive', () => {
  const options = { maxStringBytes: 100 };
  assert.equal(read(fileOf(`\x00\x01k\x40\x64${'v'.repeat(100)}`), options).entries.length, 1);
  refused(bytes('REDIS0010\x00\x01k\x40\x65'), 'string-too-large', 9, options);
  refused(bytes('REDIS0010\x00\x01k\x81\xff\xff\xff\xff\xff\xff\xff\xff'), 'string-too-large', 9);
  refused(bytes('REDIS0010\x00\x01k\xc3\x05\x40\x65'), 'string-too-large', 9, options);
  refused(bytes('REDIS0010\x00\x01k\xc3\x81\x00\x00\x00\x01\x00\x00\x00\x00\x05'), 'string-too-large', 9);
});

test('a length that is only claimed costs no memory', () => {
  const before = process.memoryUsage().arrayBuffers;
  const readers: RdbReader[] = [];
  for (const claim of ['\x80\x1f\x00\x00\x00', '\xc3\x80\x1f\x00\x00\x00\x80\x1f\x00\x00\x00']) {
    const reader = new RdbReader(new CollectingSink());
    reader.push(bytes(`REDIS0010\x00\x01k${claim}`));
    for (let i = 0; i < 300; i++) reader.push(new Uint8Array(1000));
    readers.push(reader);
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024);
  for (const reader of readers) assert.throws(() => reader.end(), { code: 'truncated' });
});

test('a time before the epoch is told as the epoch, except for -1, which is none', () => {
  const at = (eight: string): number => read(fileOf(`\xfc${eight}\x00\x01a\x01b`)).entries[0].expireAtMs;
  assert.equal(at('\xff'.repeat(8)), -1);
  assert.equal(at('\xfe' + '\xff'.repeat(7)), 0);
  assert.equal(at('\xff'.repeat(7) + '\x7f'), Number.MAX_SAFE_INTEGER);
  assert.equal(read(fileOf('\xfd\xff\xff\xff\xff\x00\x01a\x01b')).entries[0].expireAtMs, 0);
});

test('after an error every call throws the same error, also when it was the sink’s', () => {
  const reader = new RdbReader(new CollectingSink());
  let first: unknown;
  assert.throws(
    () => reader.push(bytes('HELLO')),
    (error) => ((first = error), true),
  );
  for (const call of [() => reader.push(fileOf('')), () => reader.end()]) {
    assert.throws(call, (error) => error === first);
  }

  const sink = new CollectingSink();
  const own = new Error('full');
  sink.string = () => {
    throw own;
  };
  const broken = new RdbReader(sink);
  assert.throws(() => broken.push(fileOf('\x00\x01a\x01b')), own);
  assert.throws(() => broken.end(), own);
  assert.ok(!sink.ended);
});

test('a function library is refused by its name when the sink does not keep any', () => {
  const file = fileOf('\xf5\x0d#!lua name=x\n');
  assert.throws(() => new RdbReader(new SilentSink()).push(file), {
    code: 'unsupported-function',
    offset: 9,
    message: /^The function library x would be lost/,
  });
  // As release candidates of 7.0 wrote it: nobody wants its source.
  const { message } = refused(fileOf('\xf6\x04lib2\x03LUA\x00\x01x'), 'unsupported-function', 9);
  assert.match(message, /library lib2 /);
});

test('an error of the sink that is about the file gets the offset of what was told', () => {
  const sink = new CollectingSink();
  sink.string = () => {
    throw new RdbError('duplicate-key', 'key "a" stands twice');
  };
  const file = fileOf('\xfe\x00\x00\x01a\x01b');
  assert.throws(() => new RdbReader(sink).push(file), { code: 'duplicate-key', offset: 11 });
});

test('a large value in the middle leaves no large buffer behind', () => {
  const value = 'x'.repeat(3_000_000);
  const none = { db: 0, expireAtMs: -1, lruIdleSeconds: -1, lfuFreq: -1 };
  const file = writeFile(
    (writer) => {
      putEntry(writer, { ...none, key: 'large', value });
      for (let i = 0; i < 1000; i++) putEntry(writer, { ...none, key: `k${i}`, value: 'v' });
    },
    { compress: false },
  );
  const sink = new CollectingSink();
  const views: number[] = [];
  const collect = sink.string.bind(sink);
  sink.string = (...args) => {
    views.push(args[1].buffer.byteLength);
    collect(...args);
  };
  const reader = new RdbReader(sink);
  for (let at = 0; at < file.length; at += 1000) reader.push(file.slice(at, at + 1000));
  reader.end();
  assert.equal(sink.entries.length, 1001);
  assert.equal(sink.entries[0].value, value);
  assert.ok(views[0] >= value.length && views[0] <= 2 * value.length + 65536);
  assert.ok(
    Math.max(...views.slice(200)) <= 65536,
    'the chunk behind the one that ended the value is in a small buffer',
  );
});

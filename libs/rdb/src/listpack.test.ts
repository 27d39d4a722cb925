import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ListpackBuilder } from './listpack-builder.ts';
import { canonicalListpackCount, validateListpack } from './listpack.ts';
import { bytes, latin1, listpackElements } from './testing.ts';

function build(elements: readonly string[], builder = new ListpackBuilder()): string {
  builder.reset();
  for (const element of elements) builder.append(bytes(`<${element}>`), 1, element.length);
  return latin1(builder.bytes, 0, builder.finish());
}

/** In the middle of other bytes, as in a file. */
function validate(listpack: string): number {
  return validateListpack(bytes(`xx${listpack}yy`), 2, listpack.length);
}

const canonicalCount = (listpack: string): number =>
  canonicalListpackCount(bytes(`xx${listpack}yy`), 2, listpack.length);
const canonical = (listpack: string): boolean => canonicalCount(listpack) !== -1;

const lengths = [0, 1, 62, 63, 64, 65, 125, 126, 127, 128, 4093, 4095, 4096, 16376, 16380, 16384, 70000];
const text = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 30 }),
  fc.uint8Array({ maxLength: 200 }).map((data) => latin1(data)),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.integer({ min: -70000, max: 70000 }).map(String),
  fc.constantFrom('-4096', '-4097', '4095', '4096', '127', '128', '-32768', '-32769', '32767', '32768'),
  fc.constantFrom('8388607', '8388608', '-8388608', '-8388609', '2147483647', '2147483648', '007', '-0'),
  fc.constantFrom(...lengths).map((length) => 'x'.repeat(length)),
);

test('the bytes of each encoding are those of Redis', () => {
  // Elements and their bytes in the listpack that redis-server 7.0.15 DUMPs.
  const known: [string, string][] = [
    ['0', '00 01'],
    ['127', '7f 01'],
    ['128', 'c0 80 02'],
    ['-1', 'df ff 02'],
    ['4095', 'cf ff 02'],
    ['-4096', 'd0 00 02'],
    ['4096', 'f1 00 10 03'],
    ['-32769', 'f2 ff 7f ff 04'],
    ['8388608', 'f3 00 00 80 00 05'],
    ['-2147483649', 'f4 ff ff ff 7f ff ff ff ff 09'],
    ['', '80 01'],
    ['abc', '83 61 62 63 04'],
    ['007', '83 30 30 37 04'],
    ['a'.repeat(64), `e0 40 ${'61 '.repeat(64)}42`],
    ['a'.repeat(126), `e0 7e ${'61 '.repeat(126)}01 80`],
  ];
  for (const [element, hex] of known) {
    const inner = Buffer.from(build([element]), 'latin1').subarray(6, -1);
    assert.equal(inner.toString('hex'), hex.replaceAll(' ', ''), element);
  }
  const long = Buffer.from(build(['a'.repeat(5000)]), 'latin1');
  assert.equal(long.subarray(6, 11).toString('hex'), 'f088130000');
  assert.equal(long.subarray(-3).toString('hex'), '278dff');
  assert.equal(Buffer.from(build([]), 'latin1').toString('hex'), '070000000000ff');
});

test('what is appended comes back, in a listpack that is valid and canonical', () => {
  const builder = new ListpackBuilder();
  fc.assert(
    fc.property(fc.array(text, { maxLength: 40 }), (elements) => {
      const listpack = build(elements, builder);
      assert.equal(validate(listpack), elements.length);
      assert.equal(canonicalCount(listpack), elements.length);
      assert.deepEqual(listpackElements(listpack), elements);
    }),
  );
});

test('more elements than the header can count are counted', () => {
  const builder = new ListpackBuilder();
  for (const count of [65534, 65535, 65536, 70000]) {
    const listpack = build(
      Array.from({ length: count }, (_, i) => String(i)),
      builder,
    );
    assert.equal(validate(listpack), count);
    assert.equal(canonicalCount(listpack), count);
  }
});

test('a listpack with any byte of its structure changed, cut or added is invalid', () => {
  const listpack = build(['a', '5', '1000', '-70000', '2147483648', 'x'.repeat(70), '12345678901234', '']);
  for (let length = 0; length < listpack.length; length++) {
    assert.equal(validate(listpack.slice(0, length)), -1);
    assert.ok(!canonical(listpack.slice(0, length)));
  }
  assert.equal(validate(`${listpack}\xff`), -1);
  const data = bytes(listpack);
  for (const at of [0, 1, 2, 3, 4, 5, listpack.length - 1]) {
    for (const bit of [1, 0x80]) {
      const changed = new Uint8Array(data);
      changed[at] ^= bit;
      assert.equal(validate(latin1(changed)), -1, `byte ${at}`);
      assert.ok(!canonical(latin1(changed)), `byte ${at}`);
    }
  }
  // An encoding that does not exist, a length beyond the end, a wrong backward length.
  for (const [from, to] of [
    ['\x81a\x02', '\xf5a\x02'],
    ['\x81a\x02', '\xbfa\x02'],
    ['\x81a\x02', '\x81a\x03'],
    ['\x05\x01', '\x05\x81'],
  ]) {
    assert.ok(listpack.includes(from));
    assert.equal(validate(listpack.replace(from, to)), -1);
    assert.ok(!canonical(listpack.replace(from, to)));
  }
});

test('no bytes at all make the validation fail or loop', () => {
  const noise = fc.uint8Array({ maxLength: 60 }).map((data) => {
    const listpack = Buffer.concat([Buffer.alloc(6), data, Buffer.from([0xff])]);
    listpack.writeUInt32LE(listpack.length);
    listpack.writeUInt16LE(0xffff, 4);
    return listpack.toString('latin1');
  });
  fc.assert(
    fc.property(noise, (listpack) => {
      const count = validate(listpack);
      assert.ok([-1, count].includes(canonicalCount(listpack)));
      if (count !== -1) assert.equal(listpackElements(listpack).length, count);
    }),
    { numRuns: 5000 },
  );
});

test('elements that are encoded longer than Redis would are valid and not canonical', () => {
  const wrap = (element: string, count = 1): string => {
    const total = 6 + element.length + 1;
    return `${String.fromCharCode(total, 0, 0, 0, count & 0xff, count >> 8)}${element}\xff`;
  };
  const longer = [
    '\x8212\x03', // an integer as string
    '\xc0\x05\x02', // five in 13 bits
    '\xf1\x05\x00\x03',
    '\xf2\x05\x00\x00\x04',
    '\xf3\x05\x00\x00\x00\x05',
    '\xf4\x05\x00\x00\x00\x00\x00\x00\x00\x09',
    '\xe0\x01a\x03', // a short string with a long length
    '\xf0\x01\x00\x00\x00a\x06',
  ];
  for (const element of longer) {
    assert.equal(validate(wrap(element)), 1);
    assert.ok(!canonical(wrap(element)), JSON.stringify(element));
  }
  assert.ok(canonical(wrap('\x05\x01')));
  assert.equal(validate(wrap('\x05\x01', 0xffff)), 1);
  assert.ok(!canonical(wrap('\x05\x01', 0xffff)), 'a count that is not known');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeCommand } from './encode.ts';
import { Request } from './request.ts';
import { ERROR, FRAME, FrameScanner, MORE, defaultScanLimits } from './scanner.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

interface Scanned {
  frames: string[][];
  error: string | undefined;
}

/** Feeds the parts through one chunk buffer that is overwritten each time, as a socket's read buffer is. */
function scan(parts: readonly Uint8Array[], scanner = new FrameScanner()): Scanned {
  const chunk = Buffer.alloc(Math.max(1, ...parts.map((part) => part.length)) + 5);
  const frames: string[][] = [];
  const request = scanner.request;
  for (const part of parts) {
    chunk.fill('!').set(part, 5);
    scanner.feed(chunk, 5, 5 + part.length);
    for (let outcome = scanner.next(); outcome !== MORE; outcome = scanner.next()) {
      if (outcome === ERROR) return { frames, error: scanner.closeOnly ? 'closed' : scanner.errorText };
      const args = Array.from({ length: request.argc }, (_, i) => request.bytes(i));
      frames.push(args.map((arg) => Buffer.from(arg).toString('latin1')));
      const frame = Buffer.from(request.buf.subarray(request.start, request.end));
      assert.deepEqual(frame, Buffer.from(encodeCommand(args)), 'frame-is-strict');
    }
  }
  return { frames, error: undefined };
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

function scanner(options: { authenticated?: boolean; limits?: object } = {}): FrameScanner {
  const made = new FrameScanner({ ...defaultScanLimits(), ...options.limits });
  made.authenticated = options.authenticated ?? true;
  return made;
}

// Each of these was sent to redis-server 7.0.15, whole and cut.
const CASES: [string, string, Partial<Scanned>][] = [
  [
    'pipelined requests come out one by one',
    '*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n',
    { frames: [['PING'], ['GET', 'k']] },
  ],
  ['an empty argument is an argument', '*2\r\n$4\r\nECHO\r\n$0\r\n\r\n', { frames: [['ECHO', '']] }],
  ['line ends inside a bulk are data', '*1\r\n$6\r\na\r\nb\r\n\r\n', { frames: [['a\r\nb\r\n']] }],
  ['more than nine arguments', `*12\r\n${'$1\r\nx\r\n'.repeat(12)}`, { frames: [Array(12).fill('x')] }],
  [
    'requests without arguments are skipped',
    '*0\r\n*-5\r\n*1\r\n$1\r\na\r\n*-9223372036854775808\r\n',
    { frames: [['a']] },
  ],
  ['empty lines are skipped', '\r\n\n \t\r\nPING\n', { frames: [['PING']] }],
  ['nobody looks at the byte behind \\r', '*1\rX$4\r\0PING\r\n', { frames: [['PING']] }],
  ['nobody looks at the two bytes behind a bulk', '*2\r\n$4\r\nPINGxx$1\r\na\0\0', { frames: [['PING', 'a']] }],
  ['nor at the second of them', '*1\r\n$4\r\nPING\rX*1\r\n$4\r\nPINGX\n', { frames: [['PING'], ['PING']] }],
  ['a count needs digits', '*\r\n', { error: 'Protocol error: invalid multibulk length' }],
  ['a count has no leading zero', '*01\r\n', { error: 'Protocol error: invalid multibulk length' }],
  ['a count has no plus sign', '*+1\r\n', { error: 'Protocol error: invalid multibulk length' }],
  ['a count is not -0', '*-0\r\n', { error: 'Protocol error: invalid multibulk length' }],
  ['a count is below 2^31', '*2147483648\r\n', { error: 'Protocol error: invalid multibulk length' }],
  ['a negative count fits 64 bits', '*-9223372036854775809\r\n', { error: 'Protocol error: invalid multibulk length' }],
  ['a bulk length is not negative', '*1\r\n$-1\r\n', { error: 'Protocol error: invalid bulk length' }],
  ['a bulk length is a number', '*1\r\n$x\r\n', { error: 'Protocol error: invalid bulk length' }],
  ['a bulk length has no leading zero', '*1\r\n$00\r\n', { error: 'Protocol error: invalid bulk length' }],
  [
    'a leading zero is refused in a whole frame too',
    '*1\r\n$01\r\na\r\n',
    { error: 'Protocol error: invalid bulk length' },
  ],
  ['a bulk is at most proto-max-bulk-len', '*1\r\n$536870913\r\n', { error: 'Protocol error: invalid bulk length' }],
  ['a bulk begins with $', '*1\r\n:1\r\n', { error: "Protocol error: expected '$', got ':'" }],
  ['a byte beyond ASCII is shown as it is', '*1\r\n\xff1\r\n', { error: "Protocol error: expected '$', got '\xff'" }],
  ['a line end is shown as a space', '*1\r\n\r\n', { error: "Protocol error: expected '$', got ' '" }],
  [
    'what came before an error is served',
    'PING\r\n*1\r\n$4\r\nPING\r\n*1\r\n$x\r\n',
    { frames: [['PING'], ['PING']], error: 'Protocol error: invalid bulk length' },
  ],
  ['a NUL hides the line end behind it', '*1\0\r\n$4\r\nPING\r\n', {}],
  ['a NUL hides the end of an inline request', 'PING\0\r\nPING\r\n', {}],
  ['a wrong marker waits for its line end', '*1\r\nx', {}],
  ['inline words are separated by blanks', 'SET  a\tb \r\n', { frames: [['SET', 'a', 'b']] }],
  ['a carriage return separates words', 'a\rb\r\r\n', { frames: [['a', 'b']] }],
  ['vertical tab and form feed are blanks between words only', '\va\vb\fc \f\n', { frames: [['a\vb\fc']] }],
  [
    'double quotes know escapes',
    '"a b" "\\x41\\n\\r\\t\\b\\a\\q\\"\\\\\\xZZ\\x4"\r\n',
    { frames: [['a b', 'A\n\r\t\b\x07q"\\xZZx4']] },
  ],
  ['single quotes know only the quote', "'a\\n\\'b'\r\n", { frames: [["a\\n'b"]] }],
  ['a quote may open inside a word', 'foo"bar" it\'s\'\r\n', { frames: [['foobar', 'its']] }],
  ['quoted nothing is an argument', 'ECHO "" \'\'\r\n', { frames: [['ECHO', '', '']] }],
  ['a closing quote ends the word', '"a"b\r\n', { error: 'Protocol error: unbalanced quotes in request' }],
  ['an open quote is refused', "PING 'a\r\n", { error: 'Protocol error: unbalanced quotes in request' }],
  ['an escaped quote does not close', '"a\\"\r\n', { error: 'Protocol error: unbalanced quotes in request' }],
];

for (const [title, input, expected] of CASES) {
  test(`${title}, whole and cut anywhere`, () => {
    const bytes = latin1(input);
    const want: Scanned = { frames: [], error: undefined, ...expected };
    assert.deepEqual(scan([bytes]), want);
    assert.deepEqual(scan([...bytes].map((byte) => Uint8Array.of(byte))), want, 'byte by byte');
    for (let at = 0; at <= bytes.length; at++) assert.deepEqual(scan(cutAt(bytes, [at])), want, `cut at ${at}`);
  });
}

for (const [title, start, filler, error] of [
  ['an inline request', '', 'a', 'too big inline request'],
  ['an inline request behind a NUL', '\0', '\n', 'too big inline request'],
  ['a count line', '*', '1', 'too big mbulk count string'],
  ['a bulk line', '*1\r\n', '$', 'too big bulk count string'],
]) {
  test(`${title} without an end is refused when it is over 64 KB`, () => {
    const line = filler.repeat(65536 - (start.startsWith('*1') ? 0 : start.length));
    const full = latin1(start + line);
    assert.deepEqual(scan([full]), { frames: [], error: undefined });
    assert.deepEqual(scan([full, latin1(filler)]).error, `Protocol error: ${error}`);
    assert.deepEqual(scan(cutAt(latin1(start + line + filler), [3, 20000])).error, `Protocol error: ${error}`);
  });
}

test('an inline request over 64 KB passes when its end comes with it, as in Redis', () => {
  assert.equal(scan([latin1(`${'a'.repeat(70000)}\n`)]).frames[0][0].length, 70000);
});

test('before authentication ten arguments and 16 KB are the most', () => {
  const fresh = () => scanner({ authenticated: false });
  const bulk = (n: number) => `*1\r\n$${n}\r\n${'x'.repeat(n)}\r\n`;
  assert.equal(scan([latin1(`*10\r\n${'$1\r\nx\r\n'.repeat(10)}`)], fresh()).frames.length, 1);
  const many = scan([latin1(`*11\r\n${'$1\r\nx\r\n'.repeat(11)}`)], fresh());
  assert.deepEqual(many, { frames: [], error: 'Protocol error: unauthenticated multibulk length' });
  assert.equal(scan([latin1(bulk(16384))], fresh()).frames.length, 1);
  const large = scan([latin1(bulk(16385))], fresh());
  assert.deepEqual(large, { frames: [], error: 'Protocol error: unauthenticated bulk length' });
});

test('limits may change while a connection lives', () => {
  const limits = defaultScanLimits();
  const it = new FrameScanner(limits);
  const bytes = latin1('*1\r\n$4\r\nPING\r\n');
  assert.equal(scan([bytes], it).frames.length, 1);
  limits.bulkBytesMax = 3;
  assert.equal(scan([bytes], it).error, 'Protocol error: invalid bulk length');
});

test('an error stays until the scanner is reset for a new connection', () => {
  const it = new FrameScanner();
  assert.equal(scan([latin1('*x\r\n')], it).error, 'Protocol error: invalid multibulk length');
  assert.equal(it.next(), ERROR);
  it.reset();
  assert.deepEqual(scan([latin1('PING\r\n')], it).frames, [['PING']]);
});

test('a frame inside the chunk is not copied', () => {
  const chunk = latin1('*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPI');
  const it = new FrameScanner();
  it.feed(chunk, 0, chunk.length);
  assert.equal(it.next(), FRAME);
  assert.equal(it.request.buf, chunk);
  assert.deepEqual([it.request.start, it.request.end, it.request.off(1), it.request.len(1)], [0, 20, 17, 1]);
  assert.equal(it.next(), MORE);
  assert.equal(it.pendingBytes, 10);
});

test('a scanner that stops in the middle of a chunk keeps the rest of it', () => {
  for (const make of [latin1, (text: string) => new Uint8Array(latin1(text))]) {
    const chunk = make('PING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPI');
    const it = new FrameScanner();
    it.feed(chunk, 0, chunk.length);
    assert.equal(it.next(), FRAME);
    it.keep();
    assert.equal(it.unscannedBytes, 30);
    chunk.fill(0);
    assert.equal(it.next(), FRAME);
    assert.deepEqual([it.request.latin1(0), it.request.latin1(1)], ['GET', 'k']);
    assert.equal(it.next(), MORE);
    assert.deepEqual([it.unscannedBytes, it.pendingBytes], [0, 10]);
  }
});

test('bytes behind the end of the chunk are not looked at', () => {
  const stale = latin1('*1\r\n$4\r\nPING\r\n');
  for (let end = 1; end < stale.length; end++) {
    const it = new FrameScanner();
    it.feed(stale, 0, end);
    assert.equal(it.next(), MORE, `${end} bytes`);
    assert.equal(it.pendingBytes, end);
  }
});

test('feeding before the chunk is scanned is a programming error', () => {
  const it = new FrameScanner();
  it.feed(latin1('PING\r\n'), 0, 6);
  assert.throws(() => it.feed(latin1('PING\r\n'), 0, 6), /feed before/);
});

test('an announced large bulk takes memory only as it comes, and not much beyond its end', () => {
  const it = new FrameScanner();
  const chunk = Buffer.alloc(65536, 'x');
  scan([latin1('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n')], it);
  assert.ok(it.heldBytes < 4096);
  for (let sent = 65536; sent <= 4 * 1024 ** 2; sent += 65536) {
    scan([chunk], it);
    assert.ok(it.heldBytes <= 2 * sent + 4096);
  }
  it.reset();
  scan([latin1('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3500000\r\n'), ...Array(53).fill(chunk)], it);
  assert.ok(it.heldBytes < 3500000 + 4096);
});

test('an announced argument count takes no memory', () => {
  const it = new FrameScanner();
  for (const count of [2147483647, 1000000]) {
    it.reset();
    scan([latin1(`*${count}\r\n$1\r\na\r\n`)], it);
    assert.ok(it.heldBytes < 4096);
  }
});

test('a frame beyond the query buffer limit closes the connection silently', () => {
  const limited = () => scanner({ limits: { queryBufferBytesMax: 100_000 } });
  const value = 'x'.repeat(200_000);
  assert.deepEqual(scan([latin1(`*1\r\n$200000\r\n${value}`.slice(0, 70_000)), latin1(value)], limited()), {
    frames: [],
    error: 'closed',
  });
  // the table of a million tiny arguments is memory as well
  const tiny = latin1(`*1000000\r\n${'$0\r\n\r\n'.repeat(10_000)}`);
  assert.deepEqual(scan([tiny], limited()), { frames: [], error: 'closed' });
});

test('a request of many arguments in small chunks is whole at its end, and its memory goes back', () => {
  const args = ['MSET', ...Array.from({ length: 40_000 }, (_, i) => `value:${i}`)];
  const bytes = encodeCommand(args);
  const it = new FrameScanner();
  const cuts = Array.from({ length: Math.floor(bytes.length / 4096) }, (_, i) => (i + 1) * 4096);
  assert.deepEqual(scan(cutAt(bytes, cuts), it).frames, [args]);
  it.trim();
  assert.ok(it.heldBytes < 4096);
});

const word = fc.uint8Array({ maxLength: 300 });
const request = fc.array(word, { minLength: 1, maxLength: 14 });

test('requests scanned ahead are those that next() gives, and can be given back', () => {
  fc.assert(
    fc.property(
      fc.array(request, { maxLength: 12 }),
      fc.array(fc.nat(20_000), { maxLength: 6 }),
      fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: 9 }),
      (requests, cuts, turns) => {
        const bytes = Buffer.concat(requests.map((args) => encodeCommand(args)));
        const it = new FrameScanner();
        const pool = Array.from({ length: 6 }, () => new Request());
        const frames: string[][] = [];
        const take = (of: Request): unknown =>
          frames.push(Array.from({ length: of.argc }, (_, i) => Buffer.from(of.bytes(i)).toString('latin1')));
        let turn = 0;
        for (const part of cutAt(
          bytes,
          cuts.map((cut) => Math.min(cut, bytes.length)),
        )) {
          it.feed(part, 0, part.length);
          for (;;) {
            const [wanted, taken] = turns[turn++ % turns.length]!;
            let n = 0;
            while (n < wanted && it.ahead(pool[n]!)) n++;
            const kept = Math.min(n, taken);
            for (let i = 0; i < kept; i++) take(pool[i]!);
            if (kept < n) it.back(pool[kept]!);
            const outcome = it.next();
            if (outcome === MORE) break;
            assert.equal(outcome, FRAME);
            take(it.request);
          }
        }
        const want = requests.map((args) => args.map((arg) => Buffer.from(arg).toString('latin1')));
        assert.deepEqual(frames, want);
      },
    ),
    { numRuns: 500 },
  );
});

test('random requests cut at random give the same requests', () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 12 }), fc.array(fc.nat(20_000), { maxLength: 12 }), (requests, cuts) => {
      const bytes = Buffer.concat(requests.map((args) => encodeCommand(args)));
      const parts = cutAt(
        bytes,
        cuts.map((cut) => Math.min(cut, bytes.length)),
      );
      const want = requests.map((args) => args.map((arg) => Buffer.from(arg).toString('latin1')));
      assert.deepEqual(scan(parts), { frames: want, error: undefined });
    }),
    { numRuns: 500 },
  );
});

const token = fc.constantFrom(
  ...'*$\r\n\0"\' \\x:-019a',
  '\r\n',
  '*1\r\n',
  '*2\r\n',
  '$1\r\n',
  '$4\r\nPING\r\n',
  '$-1',
  '*-1\r\n',
  '99999999999',
);
const garbage = fc.array(fc.oneof({ weight: 5, arbitrary: token }, fc.string({ unit: 'binary-ascii', maxLength: 4 })), {
  maxLength: 60,
});

test('garbage never throws, is judged the same however it is cut, and is not hoarded', () => {
  fc.assert(
    fc.property(garbage, fc.array(fc.nat(200), { maxLength: 5 }), fc.boolean(), (tokens, cuts, authenticated) => {
      const bytes = latin1(tokens.join(''));
      const whole = scanner({ authenticated });
      const cut = scanner({ authenticated });
      const parts = cutAt(
        bytes,
        cuts.map((at) => Math.min(at, bytes.length)),
      );
      assert.deepEqual(scan(parts, cut), scan([bytes], whole));
      assert.equal(cut.pendingBytes, whole.pendingBytes);
      assert.ok(cut.heldBytes <= 4096 && whole.heldBytes <= 4096);
    }),
    { numRuns: 2000 },
  );
});

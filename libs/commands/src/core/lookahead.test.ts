import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gen, dataRows, generate } from '@weir/testkit';
import { ERROR, FRAME, FrameScanner, encodeCommand } from '@weir/resp';
import fc from 'fast-check';
import { TestEngine, latin1 } from '../testing.ts';
import { execute } from './execute.ts';
import { Lookahead } from './lookahead.ts';
import type { Session } from './session.ts';

const bytes = (...args: string[]): Uint8Array => encodeCommand(args.map((arg) => Buffer.from(arg)));

/** A connection whose requests come in chunks, all through one buffer, as from a socket. */
class Connection {
  readonly engine: TestEngine;
  readonly session: Session;
  readonly scanner = new FrameScanner();
  readonly lookahead = new Lookahead();
  readonly #buffer = new Uint8Array(1024 * 1024);
  replies = '';

  constructor(engine: TestEngine) {
    this.engine = engine;
    this.session = engine.session().session;
  }

  /** Executes at most `most` requests of a chunk and keeps the rest; then the rest. */
  chunk(part: Uint8Array, most = Infinity): void {
    this.#buffer.fill(33);
    this.#buffer.set(part);
    this.scanner.feed(this.#buffer, 0, part.length);
    this.#run(most);
    this.scanner.keep();
    this.#buffer.fill(33);
    this.#run(Infinity);
  }

  #run(most: number): void {
    const { ctx, now } = this.engine;
    const { lookahead, scanner, session } = this;
    lookahead.begin(scanner);
    for (let n = 0; n < most; n++) {
      scanner.authenticated = session.authenticated;
      const scanned = lookahead.next(ctx, session);
      if (scanned === ERROR && !this.session.isEnding) this.replies += `-ERR ${scanner.errorText}\r\n`;
      if (scanned === ERROR) this.session.on('quit');
      if (scanned !== FRAME) break;
      ctx.reply.reset();
      execute(ctx, session, lookahead.request, now, lookahead.command);
      this.replies += latin1(ctx.reply.written());
      ctx.effects.settle();
    }
    lookahead.end();
  }
}

const options = { debug: true, reserveBytes: 64 * 1024 ** 2, config: { 'proto-max-bulk-len': '1048576' } };

test('random pipelines of all data commands, cut anywhere and given back anywhere, do what the same commands do one by one', () => {
  const property = fc.property(
    fc.noShrink(fc.nat(2 ** 31)),
    fc.array(fc.nat(20_000), { maxLength: 8 }),
    fc.nat(40),
    (seed, cuts, most) => {
      const steps = generate(new Gen(seed), dataRows, { steps: 150, oracle: 'redis' });
      const alone = new TestEngine(options);
      const single = alone.session();
      const want = steps.map((step) => single.text(...step.args)).join('');
      const stream = Buffer.concat(
        steps.map((step) => encodeCommand(step.args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg) : arg)))),
      );
      const connection = new Connection(new TestEngine(options));
      const at = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).toSorted((a, b) => a - b), stream.length];
      for (let i = 1; i < at.length; i++) connection.chunk(stream.subarray(at[i - 1], at[i]), most);
      assert.equal(connection.replies, want);
      assert.deepEqual(connection.engine.contents(), alone.contents());
      connection.engine.verify();
    },
  );
  fc.assert(property, { numRuns: 40 });
});

test('collections large enough for tables, while these grow and shrink, keys expire and databases are exchanged', () => {
  const property = fc.property(fc.noShrink(fc.nat(2 ** 31)), (seed) => {
    const gen = new Gen(seed);
    const key = (): string => `k${gen.below(4)}`;
    const member = (): string => `member ${gen.below(4001)} of some length, so that no listpack holds it for long`;
    const one = (): string[] => {
      switch (gen.below(13)) {
        case 0:
          return ['SREM', `s${key()}`, member()];
        case 1:
          return ['HDEL', `h${key()}`, member()];
        case 2:
          return ['ZREM', `z${key()}`, member()];
        case 3:
        case 4:
          return ['SADD', `s${key()}`, member(), member()];
        case 5:
        case 6:
          return ['HSET', `h${key()}`, member(), member()];
        case 7:
        case 8:
          return ['ZADD', `z${key()}`, String(gen.below(10)), member()];
        case 9:
          return ['SISMEMBER', `s${key()}`, member()];
        case 10:
          return gen.chance(0.02) ? ['SWAPDB', '0', '1'] : ['HGET', `h${key()}`, member()];
        case 11:
          return gen.chance(0.02) ? ['DEL', `s${key()}`] : ['ZSCORE', `z${key()}`, member()];
        default:
          return gen.chance(0.02) ? ['PEXPIREAT', `h${key()}`, '1'] : ['SET', member(), member()];
      }
    };
    const requests = Array.from({ length: 6000 }, one);
    const alone = new TestEngine({ ...options, debug: false });
    const single = alone.session();
    const want = requests.map((request) => single.text(...request)).join('');
    const connection = new Connection(new TestEngine({ ...options, debug: false }));
    for (let i = 0; i < requests.length; i += 50) {
      connection.chunk(Buffer.concat(requests.slice(i, i + 50).map((request) => bytes(...request))), 1 + gen.below(60));
    }
    assert.equal(connection.replies, want);
    assert.deepEqual(connection.engine.contents(), alone.contents());
    connection.engine.verify();
  });
  fc.assert(property, { numRuns: 5 });
});

test('what changes how requests are read counts for the very next one', () => {
  const engine = new TestEngine({ config: { requirepass: 'secret' } });
  const connection = new Connection(engine);
  connection.session.authenticated = false;
  const long = 'x'.repeat(20_000);
  connection.chunk(
    Buffer.concat([bytes('GET', 'a'), bytes('AUTH', 'secret'), bytes('SET', 'a', long), bytes('STRLEN', 'a')]),
  );
  assert.equal(connection.replies, '-NOAUTH Authentication required.\r\n+OK\r\n+OK\r\n:20000\r\n');
  connection.replies = '';
  connection.chunk(Buffer.concat([bytes('STRLEN', 'a'), bytes('RESET'), bytes('SET', 'a', long), bytes('GET', 'a')]));
  assert.equal(connection.replies, ':20000\r\n+RESET\r\n-ERR Protocol error: unauthenticated bulk length\r\n');
});

test('requests that were looked at are not kept, nor are their large tables of arguments', () => {
  const engine = new TestEngine();
  const connection = new Connection(engine);
  const words = Array.from({ length: 5000 }, (_, i) => String(i));
  connection.chunk(Buffer.concat([bytes('GET', 'a'), bytes('DEL', ...words), bytes('GET', 'b')]));
  assert.equal(connection.replies, '$-1\r\n:0\r\n$-1\r\n');
  assert.equal(connection.lookahead.request.buf.length, 0);
  assert.ok(connection.lookahead.request.args.length < 5000);
});

test('the hash of a key that was looked at is that key’s alone', () => {
  const engine = new TestEngine();
  const connection = new Connection(engine);
  connection.chunk(
    Buffer.concat([
      bytes('MSET', 'a', '1', 'b', '2', 'c', '3'),
      bytes('RENAME', 'a', 'd'),
      bytes('MGET', 'a', 'b', 'c', 'd'),
      bytes('COPY', 'b', 'e'),
      bytes('DEL', 'b', 'c', 'x'),
      bytes('MGET', 'b', 'c', 'd', 'e'),
    ]),
  );
  assert.equal(
    connection.replies,
    '+OK\r\n+OK\r\n*4\r\n$-1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n1\r\n:1\r\n:2\r\n*4\r\n$-1\r\n$-1\r\n$1\r\n1\r\n$1\r\n2\r\n',
  );
});

test('of requests that were handed out nothing is held when the chunk goes back to who lent it', () => {
  const engine = new TestEngine(options);
  const { session } = engine.session();
  const scanner = new FrameScanner();
  const lookahead = new Lookahead();
  const many = bytes('DEL', ...Array.from({ length: 2000 }, (_, i) => String(i)));
  const chunk = Buffer.concat([...Array.from({ length: 20 }, () => bytes('GET', 'k')), many, bytes('GET', 'k')]);
  const handedOut = new Set<Lookahead['request']>();
  scanner.feed(chunk, 0, chunk.length);
  lookahead.begin(scanner);
  while (lookahead.next(engine.ctx, session) === FRAME) handedOut.add(lookahead.request);
  lookahead.end();
  assert.ok(handedOut.size >= 16);
  for (const request of handedOut) {
    assert.equal(request.buf.length, 0);
    assert.ok(request.args.length < 4000, 'a large table is kept');
  }
});

test('the hash of a member that was computed ahead serves its request and no other', () => {
  const engine = new TestEngine(options);
  const { ctx } = engine;
  const { session } = engine.session();
  const many = Array.from({ length: 600 }, (_, i) => `member:${i}`);
  assert.equal(engine.text('SADD', 'set', ...many), ':600\r\n');
  const input = Buffer.concat([
    bytes('SISMEMBER', 'set', 'member:1'),
    bytes('SISMEMBER', 'set', 'member:2'),
    bytes('GET', 'key'),
    bytes('SISMEMBER', 'set', 'member:3'),
  ]);
  const buffer = new Uint8Array(input);
  const scanner = new FrameScanner();
  const lookahead = new Lookahead();
  const hashOf = (text: string): number => ctx.space.hash(Buffer.from(text), 0, text.length);
  /** What the data set takes for the hash of the bytes where a member stands, when others stand there. */
  const hashAt = (text: string): number => {
    const at = input.indexOf(text);
    buffer.set(Buffer.from('another!'), at);
    const hash = ctx.space.hash(buffer, at, text.length);
    buffer.set(Buffer.from(text), at);
    return hash;
  };
  const other = hashOf('another!');
  scanner.feed(buffer, 0, buffer.length);
  lookahead.begin(scanner);
  for (const known of ['member:1', 'member:2', '', 'member:3']) {
    assert.equal(lookahead.next(ctx, session), FRAME);
    for (const member of ['member:1', 'member:2', 'member:3']) {
      assert.equal(hashAt(member), member === known ? hashOf(member) : other, `${member} while ${known} is at hand`);
    }
  }
  lookahead.end();
  assert.equal(hashAt('member:3'), other);
});

/** Commands inside commands, and commands that go on later. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events } from '@weir/keyspace';
import { Request } from '@weir/resp';
import { TestEngine } from '../testing.ts';
import type { TestEngineOptions } from '../testing.ts';
import { executeInside } from './execute.ts';
import type { Command } from './command.ts';
import { resume, runInside, whenDone } from './frame.ts';
import { allCommands } from '../index.ts';

type Run = Command['run'];

/** An engine with one command more, `outer`, which does what the test says. */
function engineWith(run: Run, options: TestEngineOptions = {}): TestEngine {
  const outer: Command = {
    name: 'outer',
    arity: -1,
    flags: [],
    docs: { summary: '', since: '', group: '' },
    run: run!,
  };
  return new TestEngine({ ...options, commands: [...allCommands, outer] });
}

const request = (...args: string[]): Request => new Request().setFromStrings(...args);

function inside(ctx: Parameters<NonNullable<Run>>[0], ...args: string[]): void {
  const req = request(...args);
  executeInside(ctx, ctx.session, req, ctx.table.find(req.buf, req.off(0), req.len(0))!);
}

test('the outer command finds its session, request, database, protocol and secrets as they were', () => {
  const engine = engineWith((ctx, req) => {
    const { session, db, hash, now } = ctx;
    ctx.reply.array(2);
    ctx.redacted.push(1);
    inside(ctx, 'SELECT', '3');
    inside(ctx, 'SET', 'k', 'v');
    assert.deepEqual([ctx.session, ctx.req, ctx.db, ctx.hash, ctx.now], [session, req, db, hash, now]);
    assert.deepEqual(ctx.redacted, [1]);
    assert.equal(ctx.reply.resp, 3);
    assert.equal(ctx.depth, 1);
  });
  const client = engine.session(3);
  assert.equal(client.text('OUTER', 'a'), '*2\r\n+OK\r\n+OK\r\n');
  assert.equal(engine.ctx.depth, 0);
  assert.equal(client.session.db, 3);
  assert.deepEqual(engine.effects, [
    ['SELECT', '3'],
    ['SET', 'k', 'v'],
  ]);
});

test('what an inner command changed and waits for is the outer one’s too, and each change counts once', () => {
  const engine = engineWith((ctx) => {
    inside(ctx, 'MSET', 'a', '1', 'b', '2');
    inside(ctx, 'GET', 'c');
    inside(ctx, 'SET', 'c', '3');
  });
  const { changes } = engine.ctx;
  engine.call('OUTER');
  assert.equal(engine.ctx.dirty, 3);
  assert.equal(engine.ctx.changes, changes + 3);
  assert.equal(engine.waitSeq, 1, 'the reply waits for the record that has them all');
  engine.call('GET', 'a');
  assert.equal(engine.waitSeq, 1, 'a read of such a key does, too');
  engine.call('GET', 'x');
  assert.equal(engine.waitSeq, 0);
});

test('a read inside that met an uncommitted key makes the outer reply wait', () => {
  const engine = engineWith((ctx) => {
    inside(ctx, 'GET', 'k');
    inside(ctx, 'GET', 'other');
  });
  engine.call('SET', 'k', 'v');
  engine.call('OUTER');
  assert.equal(engine.waitSeq, 1);
  assert.equal(engine.ctx.dirty, 0);
});

test('frames nest, and one that fails leaves the others as they were', () => {
  const engine = engineWith((ctx, req) => {
    const { session } = ctx;
    runInside(ctx, request('A'), () => {
      assert.throws(
        () =>
          runInside(ctx, request('B'), () => {
            assert.equal(ctx.depth, 3);
            throw new Error('inner');
          }),
        /inner/,
      );
      assert.equal(ctx.req.latin1(0), 'A');
      assert.equal(ctx.depth, 2);
    });
    assert.equal(ctx.req, req);
    assert.equal(ctx.session, session);
  });
  engine.call('OUTER');
  assert.equal(engine.ctx.depth, 0);
  assert.throws(() => runInside(engine.ctx, request('A'), () => {}), /no command to run another one inside/);
});

test('an inner command that finds no memory answers so, and the outer one goes on', () => {
  const engine = engineWith(
    (ctx) => {
      ctx.reply.array(2);
      inside(ctx, 'SETRANGE', 'k', '100000000', 'x');
      inside(ctx, 'PING');
    },
    { reserveBytes: 1 << 20 },
  );
  engine.ctx.keyspace.arena.limited = true;
  assert.equal(engine.text('OUTER'), "*2\r\n-OOM command not allowed when used memory > 'maxmemory'.\r\n+PONG\r\n");
});

test('what becomes ready during a command is done after the outermost one, first come first served', () => {
  const order: string[] = [];
  const engine = engineWith((ctx) => {
    runInside(ctx, request('A'), () => {
      whenDone(ctx, () => {
        order.push('first');
        whenDone(ctx, () => order.push('third, made ready by the first'));
      });
      order.push('inner');
    });
    whenDone(ctx, () => order.push('second'));
    order.push('outer');
  });
  engine.call('OUTER');
  assert.deepEqual(order, ['inner', 'outer', 'first', 'second', 'third, made ready by the first']);
  whenDone(engine.ctx, () => order.push('at once'));
  assert.equal(order.at(-1), 'at once', 'nothing is at work');
});

test('a command goes on later as one of its session: in its database and protocol, and what it changes is logged', () => {
  let goOn: ((run: () => void) => void) | undefined;
  const engine = engineWith((ctx) => void (goOn = ctx.defer()));
  const { ctx } = engine;
  const client = engine.session(3);
  client.call('SELECT', 5);
  assert.equal(client.text('OUTER'), '');
  engine.call('PING');
  goOn!(() => {
    assert.equal(ctx.session, client.session);
    assert.equal(ctx.req.argc, 0);
    ctx.effect(2).argLatin1('DEL');
    ctx.effects.argLatin1('k');
    const key = Buffer.from('k');
    ctx.announceKey(events.DEL, ctx.db, ctx.keyspace.hash(key, 0, 1), key, 0, 1);
    ctx.reply.nil();
  });
  assert.equal(engine.lateReply, '_\r\n');
  assert.deepEqual(engine.effects, [
    ['SELECT', '5'],
    ['DEL', 'k'],
  ]);
});

test('a command that goes on within another one’s call waits until that one is done', () => {
  let goOn: ((run: () => void) => void) | undefined;
  const engine = engineWith((ctx) => {
    if (goOn === undefined) return void (goOn = ctx.defer());
    goOn(() => ctx.reply.simple('late'));
    assert.equal(engine.lateReply, '');
    assert.throws(() => resume(ctx, ctx.session, 0, () => {}), /inside another one/);
    ctx.reply.simple('now');
  });
  engine.call('OUTER');
  assert.equal(engine.text('OUTER'), '+now\r\n+late\r\n');
});

test('a command inside another one cannot wait, and says so', () => {
  const engine = engineWith((ctx) => runInside(ctx, request('A'), () => void ctx.defer()));
  assert.match(engine.text('OUTER'), /^-ERR this command has to wait for something/);
  assert.equal(engine.ctx.depth, 0);
});

/**
 * The commands of lists that wait. Inside another command (a transaction, a script) they answer as when their time is over. The log has the
 * pop that they came to, of the one key that it was.
 */

import { TYPE_LIST } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Blocker } from '../core/blocking.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { keyAt } from '../core/key-specs.ts';
import { timeoutArg } from '../core/timeout.ts';
import { moveElement } from './move.ts';
import { popArgs, popFirst, popFrom, popKeys, popOne } from './pop.ts';
import { NO_END, endArg } from './shared.ts';

const TIMEOUT_HISTORY = [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']] as const;

export const blpop: Command = {
  name: 'blpop',
  arity: -3,
  flags: ['write', 'noscript', 'blocking'],
  keySpecs: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: -2, step: 1, limit: 0 } }],
  docs: {
    summary: 'Remove and get the first element in a list, or block until one is available',
    since: '2.0.0',
    group: 'list',
    complexity: 'O(N) where N is the number of provided keys.',
    history: TIMEOUT_HISTORY,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      { name: 'timeout', type: 'double' },
    ],
  },
  run(ctx) {
    popOrWait(ctx, false);
  },
};

export const brpop: Command = {
  name: 'brpop',
  arity: -3,
  flags: ['write', 'noscript', 'blocking'],
  keySpecs: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: -2, step: 1, limit: 0 } }],
  docs: {
    summary: 'Remove and get the last element in a list, or block until one is available',
    since: '2.0.0',
    group: 'list',
    complexity: 'O(N) where N is the number of provided keys.',
    history: TIMEOUT_HISTORY,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      { name: 'timeout', type: 'double' },
    ],
  },
  run(ctx) {
    popOrWait(ctx, true);
  },
};

const popper = (atTail: boolean): Blocker => ({
  type: TYPE_LIST,
  writes: true,
  serve: (ctx, i) => popAt(ctx, i, ctx.lookupWrite(i), atTail),
});
const HEAD = popper(false);
const TAIL = popper(true);

function popOrWait(ctx: Context, atTail: boolean): void {
  const last = ctx.req.argc - 1;
  const timeoutMs = timeoutArg(ctx, last);
  if (timeoutMs !== timeoutMs) return;
  for (let i = 1; i < last; i++) {
    const ref = ctx.lookupWrite(i);
    if (ref === 0) continue;
    if (ctx.isType(ref, TYPE_LIST)) popAt(ctx, i, ref, atTail);
    return;
  }
  if (ctx.depth > 1) ctx.reply.nilArray();
  else ctx.blocked.wait(atTail ? TAIL : HEAD, 1, last - 1, timeoutMs);
}

/** Answers key and element. */
function popAt(ctx: Context, i: number, ref: Ref, atTail: boolean): void {
  const { req, reply } = ctx;
  reply.array(2);
  reply.bulk(req.buf, req.off(i), req.len(i));
  popOne(ctx, i, ref, atTail);
  const effect = ctx.effect(2);
  effect.argLatin1(atTail ? 'RPOP' : 'LPOP');
  effect.argBytes(req.buf, req.off(i), req.len(i));
}

export const blmpop: Command = {
  name: 'blmpop',
  arity: -5,
  flags: ['write', 'blocking', 'movablekeys'],
  keySpecs: [{ flags: ['RW', 'access', 'delete'], begin: { index: 2 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Pop elements from a list, or block until one is available',
    since: '7.0.0',
    group: 'list',
    complexity: 'O(N+M) where N is the number of provided keys and M is the number of elements returned.',
    arguments: [
      { name: 'timeout', type: 'double' },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      {
        name: 'where',
        type: 'oneof',
        arguments: [
          { name: 'left', type: 'pure-token', token: 'LEFT' },
          { name: 'right', type: 'pure-token', token: 'RIGHT' },
        ],
      },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    ],
  },
  run(ctx) {
    if (!popArgs(ctx, 2)) return;
    const timeoutMs = timeoutArg(ctx, 1);
    if (timeoutMs !== timeoutMs || popFirst(ctx)) return;
    if (ctx.depth > 1) ctx.reply.nilArray();
    else ctx.blocked.wait(MANY, 3, popKeys(), timeoutMs);
  },
};

const MANY: Blocker = {
  type: TYPE_LIST,
  writes: true,
  serve(ctx, i) {
    if (popArgs(ctx, 2)) popFrom(ctx, i, ctx.lookupWrite(i));
  },
};

export const blmove: Command = {
  name: 'blmove',
  arity: 6,
  flags: ['write', 'denyoom', 'noscript', 'blocking'],
  keySpecs: [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')],
  docs: {
    summary: 'Pop an element from a list, push it to another list and return it; or block until one is available',
    since: '6.2.0',
    group: 'list',
    complexity: 'O(1)',
    arguments: [
      { name: 'source', type: 'key', keySpec: 0 },
      { name: 'destination', type: 'key', keySpec: 1 },
      {
        name: 'wherefrom',
        type: 'oneof',
        arguments: [
          { name: 'left', type: 'pure-token', token: 'LEFT' },
          { name: 'right', type: 'pure-token', token: 'RIGHT' },
        ],
      },
      {
        name: 'whereto',
        type: 'oneof',
        arguments: [
          { name: 'left', type: 'pure-token', token: 'LEFT' },
          { name: 'right', type: 'pure-token', token: 'RIGHT' },
        ],
      },
      { name: 'timeout', type: 'double' },
    ],
  },
  run(ctx) {
    if (endArg(ctx, 3) !== NO_END && endArg(ctx, 4) !== NO_END) moveOrWait(ctx, MOVE, lmoveNow, 5);
  },
};

export const brpoplpush: Command = {
  name: 'brpoplpush',
  arity: 4,
  flags: ['write', 'denyoom', 'noscript', 'blocking'],
  keySpecs: [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')],
  docs: {
    summary: 'Pop an element from a list, push it to another list and return it; or block until one is available',
    since: '2.2.0',
    group: 'list',
    complexity: 'O(1)',
    deprecatedSince: '6.2.0',
    replacedBy: '`BLMOVE` with the `RIGHT` and `LEFT` arguments',
    docFlags: ['deprecated'],
    history: TIMEOUT_HISTORY,
    arguments: [
      { name: 'source', type: 'key', keySpec: 0 },
      { name: 'destination', type: 'key', keySpec: 1 },
      { name: 'timeout', type: 'double' },
    ],
  },
  run(ctx) {
    moveOrWait(ctx, RPOPLPUSH, rpoplpushNow, 3);
  },
};

function lmoveNow(ctx: Context): void {
  const { req } = ctx;
  const fromTail = endArg(ctx, 3) === 1;
  const toTail = endArg(ctx, 4) === 1;
  if (!moveElement(ctx, ctx.lookupWrite(1), fromTail, toTail)) return;
  const effect = ctx.effect(5);
  effect.argLatin1('LMOVE');
  for (let i = 1; i <= 2; i++) effect.argBytes(req.buf, req.off(i), req.len(i));
  effect.argLatin1(fromTail ? 'RIGHT' : 'LEFT');
  effect.argLatin1(toTail ? 'RIGHT' : 'LEFT');
}

function rpoplpushNow(ctx: Context): void {
  const { req } = ctx;
  if (!moveElement(ctx, ctx.lookupWrite(1), true, false)) return;
  const effect = ctx.effect(3);
  effect.argLatin1('RPOPLPUSH');
  for (let i = 1; i <= 2; i++) effect.argBytes(req.buf, req.off(i), req.len(i));
}

const MOVE: Blocker = { type: TYPE_LIST, writes: true, serve: lmoveNow };
const RPOPLPUSH: Blocker = { type: TYPE_LIST, writes: true, serve: rpoplpushNow };

function moveOrWait(ctx: Context, blocker: Blocker, now: (ctx: Context) => void, timeout: number): void {
  const timeoutMs = timeoutArg(ctx, timeout);
  if (timeoutMs !== timeoutMs) return;
  if (ctx.lookupWrite(1) !== 0) now(ctx);
  else if (ctx.depth > 1) ctx.reply.nil();
  else ctx.blocked.wait(blocker, 1, 1, timeoutMs);
}

import { expireOf } from '@weir/keyspace';
import { anyExpireTimeArg, isWord, printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { PEXPIREAT } from '../core/effect-words.ts';
import { oneKey } from '../core/key-specs.ts';
import { peekRead } from './lookup.ts';

export const expire: Command = {
  name: 'expire',
  arity: -3,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: "Set a key's time to live in seconds",
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'seconds', type: 'integer' },
      {
        name: 'condition',
        type: 'oneof',
        since: '7.0.0',
        flags: ['optional'],
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
          { name: 'gt', type: 'pure-token', token: 'GT' },
          { name: 'lt', type: 'pure-token', token: 'LT' },
        ],
      },
    ],
  },
  run(ctx) {
    setExpire(ctx, true, true);
  },
};

export const pexpire: Command = {
  name: 'pexpire',
  arity: -3,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: "Set a key's time to live in milliseconds",
    since: '2.6.0',
    group: 'generic',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'milliseconds', type: 'integer' },
      {
        name: 'condition',
        type: 'oneof',
        since: '7.0.0',
        flags: ['optional'],
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
          { name: 'gt', type: 'pure-token', token: 'GT' },
          { name: 'lt', type: 'pure-token', token: 'LT' },
        ],
      },
    ],
  },
  run(ctx) {
    setExpire(ctx, false, true);
  },
};

export const expireat: Command = {
  name: 'expireat',
  arity: -3,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: 'Set the expiration for a key as a UNIX timestamp',
    since: '1.2.0',
    group: 'generic',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'unix-time-seconds', type: 'unix-time' },
      {
        name: 'condition',
        type: 'oneof',
        since: '7.0.0',
        flags: ['optional'],
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
          { name: 'gt', type: 'pure-token', token: 'GT' },
          { name: 'lt', type: 'pure-token', token: 'LT' },
        ],
      },
    ],
  },
  run(ctx) {
    setExpire(ctx, true, false);
  },
};

export const pexpireat: Command = {
  name: 'pexpireat',
  arity: -3,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: 'Set the expiration for a key as a UNIX timestamp specified in milliseconds',
    since: '2.6.0',
    group: 'generic',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'unix-time-milliseconds', type: 'unix-time' },
      {
        name: 'condition',
        type: 'oneof',
        since: '7.0.0',
        flags: ['optional'],
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
          { name: 'gt', type: 'pure-token', token: 'GT' },
          { name: 'lt', type: 'pure-token', token: 'LT' },
        ],
      },
    ],
  },
  run(ctx) {
    setExpire(ctx, false, false);
  },
};

const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;

function setExpire(ctx: Context, seconds: boolean, relative: boolean): void {
  const { req, reply } = ctx;
  const options = req.argc === 3 ? 0 : readOptions(ctx);
  if (options < 0) return;
  const when = anyExpireTimeArg(ctx, 2, seconds, relative);
  if (when !== when) return;
  const ref = ctx.lookupWrite(1);
  if (ref === 0 || (options !== 0 && !allows(options, when, expireOf(ctx.arena, ref)))) {
    reply.int(0);
    return;
  }
  if (when <= ctx.now && ctx.role.ownsExpiry) {
    ctx.removeKey(1, ref, ctx.keyspace.lazyfree.lazyfreeLazyExpire);
  } else {
    ctx.setExpire(1, ref, Math.max(0, when));
    const effect = ctx.effect(3);
    effect.raw(PEXPIREAT);
    effect.argBytes(req.buf, req.args[2], req.args[3]);
    effect.argInt(when);
  }
  reply.int(1);
}

/** -1: answered with an error. */
function readOptions(ctx: Context): number {
  const { req, reply } = ctx;
  let options = 0;
  for (let i = 3; i < req.argc; i++) {
    if (isWord(req, i, 'nx')) options |= NX;
    else if (isWord(req, i, 'xx')) options |= XX;
    else if (isWord(req, i, 'gt')) options |= GT;
    else if (isWord(req, i, 'lt')) options |= LT;
    else {
      reply.error(`ERR Unsupported option ${printable(req, i)}`);
      return -1;
    }
  }
  if ((options & NX) !== 0 && options !== NX) {
    reply.error('ERR NX and XX, GT or LT options at the same time are not compatible');
    return -1;
  }
  if ((options & GT) !== 0 && (options & LT) !== 0) {
    reply.error('ERR GT and LT options at the same time are not compatible');
    return -1;
  }
  return options;
}

/** A key without an expire time counts as one that expires at the end of all days. */
function allows(options: number, when: number, current: number): boolean {
  if ((options & NX) !== 0 && current !== -1) return false;
  if ((options & XX) !== 0 && current === -1) return false;
  if ((options & GT) !== 0 && (current === -1 || when <= current)) return false;
  return !((options & LT) !== 0 && current !== -1 && when >= current);
}

export const persist: Command = {
  name: 'persist',
  arity: 2,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: 'Remove the expiration from a key',
    since: '2.2.0',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = ctx.lookupWrite(1);
    if (ref === 0 || expireOf(ctx.arena, ref) < 0) {
      ctx.reply.int(0);
      return;
    }
    ctx.clearExpire(1, ref);
    ctx.propagate();
    ctx.reply.int(1);
  },
};

export const ttl: Command = {
  name: 'ttl',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Get the time to live for a key in seconds',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    history: [['2.8.0', 'Added the -2 reply.']],
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    replyTime(ctx, true, ctx.now);
  },
};

export const pttl: Command = {
  name: 'pttl',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Get the time to live for a key in milliseconds',
    since: '2.6.0',
    group: 'generic',
    complexity: 'O(1)',
    history: [['2.8.0', 'Added the -2 reply.']],
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    replyTime(ctx, false, ctx.now);
  },
};

export const expiretime: Command = {
  name: 'expiretime',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get the expiration Unix timestamp for a key',
    since: '7.0.0',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    replyTime(ctx, true, 0);
  },
};

export const pexpiretime: Command = {
  name: 'pexpiretime',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get the expiration Unix timestamp for a key in milliseconds',
    since: '7.0.0',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    replyTime(ctx, false, 0);
  },
};

/** The time from `since` until the key expires; seconds are rounded to the nearest. */
function replyTime(ctx: Context, seconds: boolean, since: number): void {
  const ref = peekRead(ctx, 1);
  const when = ref === 0 ? -2 : expireOf(ctx.arena, ref);
  if (when < 0) {
    ctx.reply.int(ref === 0 ? -2 : -1);
    return;
  }
  const left = Math.max(0, when - since);
  ctx.reply.int(seconds ? Math.floor((left + 500) / 1000) : left);
}

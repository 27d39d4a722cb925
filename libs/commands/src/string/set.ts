import { events } from '@weir/keyspace';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, expireTimeArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { KEEPTTL, PXAT, SET } from '../core/effect-words.ts';
import { oneKey } from '../core/key-specs.ts';
import { storeArg, storeExpiringArg } from '../core/strings.ts';

export const set: Command = {
  name: 'set',
  arity: -3,
  flags: ['write', 'denyoom'],
  keySpecs: [
    {
      notes: 'RW and ACCESS due to the optional `GET` argument',
      ...oneKey('RW', 'access', 'update', 'variable_flags'),
    },
  ],
  docs: {
    summary: 'Set the string value of a key',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    history: [
      ['2.6.12', 'Added the `EX`, `PX`, `NX` and `XX` options.'],
      ['6.0.0', 'Added the `KEEPTTL` option.'],
      ['6.2.0', 'Added the `GET`, `EXAT` and `PXAT` option.'],
      ['7.0.0', 'Allowed the `NX` and `GET` options to be used together.'],
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'value', type: 'string' },
      {
        name: 'condition',
        type: 'oneof',
        since: '2.6.12',
        flags: ['optional'],
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
        ],
      },
      { name: 'get', type: 'pure-token', token: 'GET', since: '6.2.0', flags: ['optional'] },
      {
        name: 'expiration',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'seconds', type: 'integer', token: 'EX', since: '2.6.12' },
          { name: 'milliseconds', type: 'integer', token: 'PX', since: '2.6.12' },
          { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT', since: '6.2.0' },
          { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT', since: '6.2.0' },
          { name: 'keepttl', type: 'pure-token', token: 'KEEPTTL', since: '6.0.0' },
        ],
      },
    ],
  },
  run(ctx, req) {
    if (req.argc === 3) {
      const ref = ctx.lookupWrite(1);
      storeArg(ctx, events.SET, ref, 1, 2, false);
      ctx.propagate();
      ctx.reply.ok();
    } else setWithOptions(ctx, req);
  },
};

export const setnx: Command = {
  name: 'setnx',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('OW', 'insert')],
  docs: {
    summary: 'Set the value of a key, only if the key does not exist',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'value', type: 'string' },
    ],
  },
  run(ctx) {
    if (ctx.lookupWrite(1) !== 0) {
      ctx.reply.int(0);
      return;
    }
    storeArg(ctx, events.SET, 0, 1, 2, false);
    ctx.propagate();
    ctx.reply.int(1);
  },
};

export const setex: Command = {
  name: 'setex',
  arity: 4,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('OW', 'update')],
  docs: {
    summary: 'Set the value and expiration of a key',
    since: '2.0.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'seconds', type: 'integer' },
      { name: 'value', type: 'string' },
    ],
  },
  run(ctx, req) {
    setExpiring(ctx, req, true);
  },
};

export const psetex: Command = {
  name: 'psetex',
  arity: 4,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('OW', 'update')],
  docs: {
    summary: 'Set the value and expiration in milliseconds of a key',
    since: '2.6.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'milliseconds', type: 'integer' },
      { name: 'value', type: 'string' },
    ],
  },
  run(ctx, req) {
    setExpiring(ctx, req, false);
  },
};

export const getset: Command = {
  name: 'getset',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Set the string value of a key and return its old value',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    deprecatedSince: '6.2.0',
    replacedBy: '`SET` with the `!GET` argument',
    docFlags: ['deprecated'],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'value', type: 'string' },
    ],
  },
  run(ctx, req) {
    const ref = ctx.lookupWrite(1);
    countLookup(ctx, ref);
    if (ref === 0) ctx.reply.nil();
    else if (ctx.isString(ref)) ctx.replyString(ref);
    else return;
    storeArg(ctx, events.SET, ref, 1, 2, false);
    effectSet(ctx, req, 2, -1, false);
  },
};

/** SETEX key time value */
function setExpiring(ctx: Context, req: Request, seconds: boolean): void {
  const when = expireTimeArg(ctx, 2, seconds, true);
  if (when !== when) return;
  const ref = ctx.lookupWrite(1);
  storeExpiringArg(ctx, events.SET, ref, 1, 3, when);
  effectSet(ctx, req, 3, when, false);
  ctx.reply.ok();
}

function setWithOptions(ctx: Context, req: Request): void {
  const reply = ctx.reply;
  let nx = false;
  let xx = false;
  let get = false;
  let keepTtl = false;
  let timeArg = 0;
  let timeWord = '';
  for (let i = 3; i < req.argc; i++) {
    if (isWord(req, i, 'nx') && !xx) nx = true;
    else if (isWord(req, i, 'xx') && !nx) xx = true;
    else if (isWord(req, i, 'get')) get = true;
    else if (isWord(req, i, 'keepttl') && timeArg === 0) keepTtl = true;
    else {
      // The same word again is allowed, the last time counts.
      const word = timeOption(req, i);
      if (word === '' || keepTtl || i + 1 === req.argc || (timeWord !== '' && timeWord !== word)) {
        reply.error(SYNTAX_ERROR);
        return;
      }
      timeWord = word;
      timeArg = ++i;
    }
  }
  let when = -1;
  if (timeArg !== 0) {
    when = expireTimeArg(ctx, timeArg, timeWord === 'ex' || timeWord === 'exat', timeWord.length === 2);
    if (when !== when) return;
  }

  const ref = ctx.lookupWrite(1);
  if (get) {
    countLookup(ctx, ref);
    if (ref === 0) reply.nil();
    else if (ctx.isString(ref)) ctx.replyString(ref);
    else return;
  }
  if (ref === 0 ? xx : nx) {
    if (!get) reply.nil();
    return;
  }
  if (when >= 0) storeExpiringArg(ctx, events.SET, ref, 1, 2, when);
  else storeArg(ctx, events.SET, ref, 1, 2, keepTtl);
  if (get || when >= 0) effectSet(ctx, req, 2, when, keepTtl);
  else ctx.propagate();
  if (!get) reply.ok();
}

/** The word at argument `i` if it takes a time: relative ones have two letters, those of absolute times four. */
export function timeOption(req: Request, i: number): '' | 'ex' | 'px' | 'exat' | 'pxat' {
  if (isWord(req, i, 'ex')) return 'ex';
  if (isWord(req, i, 'px')) return 'px';
  if (isWord(req, i, 'exat')) return 'exat';
  return isWord(req, i, 'pxat') ? 'pxat' : '';
}

function countLookup(ctx: Context, ref: number): void {
  if (ref === 0) ctx.missed(1);
  else ctx.stats.keyspaceHits++;
}

/** SET key value [PXAT ms | KEEPTTL], the value being argument `v`. */
function effectSet(ctx: Context, req: Request, v: number, when: number, keepTtl: boolean): void {
  const effect = ctx.effect(when >= 0 ? 5 : keepTtl ? 4 : 3);
  effect.raw(SET);
  effect.argBytes(req.buf, req.off(1), req.len(1));
  effect.argBytes(req.buf, req.off(v), req.len(v));
  if (when >= 0) {
    effect.raw(PXAT);
    effect.argInt(when);
  } else if (keepTtl) effect.raw(KEEPTTL);
}

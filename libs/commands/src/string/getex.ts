import { expireOf } from '@weir/keyspace';
import { SYNTAX_ERROR, expireTimeArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { PERSIST, PEXPIREAT } from '../core/effect-words.ts';
import { oneKey } from '../core/key-specs.ts';
import { timeOption } from './set.ts';

export const getdel: Command = {
  name: 'getdel',
  arity: 2,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'delete')],
  docs: {
    summary: 'Get the value of a key and delete the key',
    since: '6.2.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = lookup(ctx);
    if (ref === 0) return;
    ctx.replyString(ref);
    ctx.removeKey(1, ref, ctx.keyspace.lazyfree.lazyfreeLazyUserDel);
  },
};

export const getex: Command = {
  name: 'getex',
  arity: -2,
  flags: ['write', 'fast'],
  keySpecs: [{ notes: 'RW and UPDATE because it changes the TTL', ...oneKey('RW', 'access', 'update') }],
  docs: {
    summary: 'Get the value of a key and optionally set its expiration',
    since: '6.2.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'expiration',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'seconds', type: 'integer', token: 'EX' },
          { name: 'milliseconds', type: 'integer', token: 'PX' },
          { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT' },
          { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT' },
          { name: 'persist', type: 'pure-token', token: 'PERSIST' },
        ],
      },
    ],
  },
  run(ctx, req) {
    let persist = false;
    let timeArg = 0;
    let timeWord = '';
    for (let i = 2; i < req.argc; i++) {
      const word = timeOption(req, i);
      if (word === '' ? isWord(req, i, 'persist') && timeArg === 0 : false) persist = true;
      else if (word === '' || persist || i + 1 === req.argc || (timeWord !== '' && timeWord !== word)) {
        ctx.reply.error(SYNTAX_ERROR);
        return;
      } else {
        timeWord = word;
        timeArg = ++i;
      }
    }
    const ref = lookup(ctx);
    if (ref === 0) return;
    if (timeArg !== 0) {
      const when = expireTimeArg(ctx, timeArg, timeWord === 'ex' || timeWord === 'exat', timeWord.length === 2);
      if (when !== when) return;
      if (when <= ctx.now && timeWord.length === 4 && ctx.role.ownsExpiry) {
        ctx.replyString(ref);
        ctx.removeKey(1, ref, ctx.keyspace.lazyfree.lazyfreeLazyExpire);
        return;
      }
      ctx.replyString(ref);
      ctx.setExpire(1, ref, when);
      const effect = ctx.effect(3);
      effect.raw(PEXPIREAT);
      effect.argBytes(req.buf, req.off(1), req.len(1));
      effect.argInt(when);
    } else if (persist && expireOf(ctx.arena, ref) >= 0) {
      ctx.replyString(ref);
      ctx.clearExpire(1, ref);
      const effect = ctx.effect(2);
      effect.raw(PERSIST);
      effect.argBytes(req.buf, req.off(1), req.len(1));
    } else ctx.replyString(ref);
  },
};

/** The string that a command which reads and then writes is about; 0 when that was answered already. */
function lookup(ctx: Context): number {
  const ref = ctx.lookupWrite(1);
  if (ref === 0) {
    ctx.missed(1);
    ctx.reply.nil();
    return 0;
  }
  ctx.stats.keyspaceHits++;
  return ctx.isString(ref) ? ref : 0;
}

import { ENC_RAW, copyIn, events, valueAddress, valueLength } from '@weir/keyspace';
import type { Request } from '@weir/resp';
import { integerArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { putString, resizeString, storeArg } from '../core/strings.ts';

export const append: Command = {
  name: 'append',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'insert')],
  docs: {
    summary: 'Append a value to a key',
    since: '2.0.0',
    group: 'string',
    complexity:
      'O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by Redis will double the free space available on every reallocation.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'value', type: 'string' },
    ],
  },
  run(ctx, req) {
    const ref = ctx.lookupWrite(1);
    const added = req.len(2);
    if (ref === 0) {
      storeArg(ctx, events.APPEND, 0, 1, 2, false);
      ctx.propagate();
      ctx.reply.int(added);
      return;
    }
    if (!ctx.isString(ref)) return;
    const oldLen = valueLength(ctx.arena, ref);
    if (tooLong(ctx, oldLen, added)) return;
    const next = resizeString(ctx, events.APPEND, ref, 1, oldLen + added, ENC_RAW);
    copyIn(ctx.arena.u8, valueAddress(ctx.arena, next) + oldLen, req.buf, req.off(2), added);
    ctx.propagate();
    ctx.reply.int(oldLen + added);
  },
};

export const strlen: Command = {
  name: 'strlen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO')],
  docs: {
    summary: 'Get the length of the value stored in a key',
    since: '2.2.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = ctx.lookupRead(1);
    if (ref === 0) ctx.reply.int(0);
    else if (ctx.isString(ref)) ctx.reply.int(valueLength(ctx.arena, ref));
  },
};

export const setrange: Command = {
  name: 'setrange',
  arity: 4,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: 'Overwrite part of a string at key starting at the specified offset',
    since: '2.2.0',
    group: 'string',
    complexity:
      'O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'offset', type: 'integer' },
      { name: 'value', type: 'string' },
    ],
  },
  run(ctx, req) {
    const offset = integerArg(ctx, 2);
    if (offset !== offset) return;
    if (offset < 0) {
      ctx.reply.error('ERR offset is out of range');
      return;
    }
    const len = req.len(3);
    const ref = ctx.lookupWrite(1);
    if (ref !== 0 && !ctx.isString(ref)) return;
    const oldLen = ref === 0 ? 0 : valueLength(ctx.arena, ref);
    if (len === 0) {
      ctx.reply.int(oldLen);
      return;
    }
    if (tooLong(ctx, offset, len)) return;
    const total = Math.max(oldLen, offset + len);
    const { arena } = ctx;
    let next: number;
    if (ref === 0) {
      next = putString(ctx, events.SETRANGE, 0, 1, total, ENC_RAW);
      const at = valueAddress(arena, next);
      arena.u8.fill(0, at, at + offset);
    } else next = resizeString(ctx, events.SETRANGE, ref, 1, total, ENC_RAW);
    copyIn(arena.u8, valueAddress(arena, next) + offset, req.buf, req.off(3), len);
    ctx.propagate();
    ctx.reply.int(total);
  },
};

export const getrange: Command = {
  name: 'getrange',
  arity: 4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get a substring of the string stored at a key',
    since: '2.4.0',
    group: 'string',
    complexity:
      'O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'integer' },
      { name: 'end', type: 'integer' },
    ],
  },
  run: replyRange,
};

export const substr: Command = {
  name: 'substr',
  arity: 4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get a substring of the string stored at a key',
    since: '1.0.0',
    group: 'string',
    complexity:
      'O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.',
    deprecatedSince: '2.0.0',
    replacedBy: '`GETRANGE`',
    docFlags: ['deprecated'],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'integer' },
      { name: 'end', type: 'integer' },
    ],
  },
  run: replyRange,
};

function replyRange(ctx: Context, _req: Request): void {
  let start = integerArg(ctx, 2);
  if (start !== start) return;
  let end = integerArg(ctx, 3);
  if (end !== end) return;
  const ref = ctx.lookupRead(1);
  if (ref !== 0 && !ctx.isString(ref)) return;
  const len = ref === 0 ? 0 : valueLength(ctx.arena, ref);
  const backwards = start < 0 && end < 0 && start > end;
  if (start < 0) start = Math.max(0, len + start);
  if (end < 0) end = Math.max(0, len + end);
  if (end >= len) end = len - 1;
  if (backwards || start > end || len === 0) ctx.reply.bulkLatin1('');
  else ctx.reply.bulk(ctx.arena.u8, valueAddress(ctx.arena, ref) + start, end - start + 1);
}

/** Refuses a string that would be longer than a client could send; what the log says was allowed by the master. */
function tooLong(ctx: Context, offset: number, len: number): boolean {
  if (ctx.role.isReplay || offset + len <= ctx.config.num.protoMaxBulkLen) return false;
  ctx.reply.error('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
  return true;
}

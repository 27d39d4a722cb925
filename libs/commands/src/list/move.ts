import { ENC_LISTPACK, Element, TYPE_LIST, encodingOf, events, lists } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { keyAt, oneKey } from '../core/key-specs.ts';
import { NO_END, endArg, removed } from './shared.ts';

export const lmove: Command = {
  name: 'lmove',
  arity: 5,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')],
  docs: {
    summary: 'Pop an element from a list, push it to another list and return it',
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
    ],
  },
  run(ctx) {
    const from = endArg(ctx, 3);
    if (from === NO_END) return;
    const to = endArg(ctx, 4);
    if (to === NO_END) return;
    move(ctx, from === 1, to === 1);
  },
};

export const rpoplpush: Command = {
  name: 'rpoplpush',
  arity: 3,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')],
  docs: {
    summary: 'Remove the last element in a list, prepend it to another list and return it',
    since: '1.2.0',
    group: 'list',
    complexity: 'O(1)',
    deprecatedSince: '6.2.0',
    replacedBy: '`LMOVE` with the `RIGHT` and `LEFT` arguments',
    docFlags: ['deprecated'],
    arguments: [
      { name: 'source', type: 'key', keySpec: 0 },
      { name: 'destination', type: 'key', keySpec: 1 },
    ],
  },
  run(ctx) {
    move(ctx, true, false);
  },
};

const element = new Element();

function move(ctx: Context, fromTail: boolean, toTail: boolean): void {
  const source = ctx.lookupWrite(1);
  if (source === 0) ctx.reply.nil();
  else if (moveElement(ctx, source, fromTail, toTail)) ctx.propagate();
}

/** Moves an element of the list `source`, the key in argument 1, to the one in argument 2. The effect is the caller's; false: answered with the error. */
export function moveElement(ctx: Context, source: Ref, fromTail: boolean, toTail: boolean): boolean {
  const { space, reply } = ctx;
  if (!ctx.isType(source, TYPE_LIST)) return false;
  let target = ctx.lookupWrite(2);
  if (target !== 0 && !ctx.isType(target, TYPE_LIST)) return false;
  lists.peek(space, source, fromTail, element);
  reply.bulk(element.buf, element.off, element.len);
  if (target === source) {
    lists.rotate(space, source, fromTail, toTail);
    lists.shrink(space, source);
    ctx.announce(toTail ? events.RPUSH : events.LPUSH, 2);
    ctx.announce(fromTail ? events.RPOP : events.LPOP, 1);
    return true;
  }
  const created = target === 0;
  if (created) target = ctx.create(2, TYPE_LIST, ENC_LISTPACK);
  try {
    // Redis takes integers out of quicklists as such, and does not count their digits.
    const bytes = element.isInt && encodingOf(ctx.arena, source) !== ENC_LISTPACK ? 0 : element.len;
    lists.grow(space, target, bytes, 1);
    lists.push(space, target, toTail, element.buf, element.off, element.len);
  } catch (error) {
    if (created) ctx.undoCreate(target);
    throw error;
  }
  ctx.announce(toTail ? events.RPUSH : events.LPUSH, 2, created);
  lists.pop(space, source, fromTail);
  removed(ctx, fromTail ? events.RPOP : events.LPOP, 1, source);
  return true;
}

import { ENC_LISTPACK, TYPE_LIST, events, lists } from '@weir/keyspace';
import type { Request } from '@weir/resp';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';

export const lpush: Command = {
  name: 'lpush',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'insert')],
  docs: {
    summary: 'Prepend one or multiple elements to a list',
    since: '1.0.0',
    group: 'list',
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    history: [['2.4.0', 'Accepts multiple `element` arguments.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'element', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    push(ctx, req, false, false);
  },
};

export const rpush: Command = {
  name: 'rpush',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'insert')],
  docs: {
    summary: 'Append one or multiple elements to a list',
    since: '1.0.0',
    group: 'list',
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    history: [['2.4.0', 'Accepts multiple `element` arguments.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'element', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    push(ctx, req, true, false);
  },
};

export const lpushx: Command = {
  name: 'lpushx',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'insert')],
  docs: {
    summary: 'Prepend an element to a list, only if the list exists',
    since: '2.2.0',
    group: 'list',
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    history: [['4.0.0', 'Accepts multiple `element` arguments.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'element', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    push(ctx, req, false, true);
  },
};

export const rpushx: Command = {
  name: 'rpushx',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'insert')],
  docs: {
    summary: 'Append an element to a list, only if the list exists',
    since: '2.2.0',
    group: 'list',
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    history: [['4.0.0', 'Accepts multiple `element` arguments.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'element', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    push(ctx, req, true, true);
  },
};

function push(ctx: Context, req: Request, atTail: boolean, onlyExisting: boolean): void {
  const event = atTail ? events.RPUSH : events.LPUSH;
  let ref = ctx.lookupWrite(1);
  const created = ref === 0;
  if (created) {
    if (onlyExisting) {
      ctx.reply.int(0);
      return;
    }
    ref = ctx.create(1, TYPE_LIST, ENC_LISTPACK);
  } else if (!ctx.isType(ref, TYPE_LIST)) return;
  const { args, argc, buf } = req;
  const space = ctx.space;
  let bytes = 0;
  for (let i = 2; i < argc; i++) bytes += args[2 * i + 1];
  let done = 2;
  try {
    lists.grow(space, ref, bytes, argc - 2);
    for (; done < argc; done++) lists.push(space, ref, atTail, buf, args[2 * done], args[2 * done + 1]);
  } catch (error) {
    if (done > 2) {
      ctx.announce(event, 1, created);
      ctx.propagateFirst(done, done - 2);
    } else if (created) ctx.undoCreate(ref);
    throw error;
  }
  ctx.announce(event, 1, created);
  ctx.propagate(argc - 2);
  ctx.reply.int(lists.length(space, ref));
}

import { ENC_RAW, events, valueAddress, valueLength } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { keyAt } from '../core/key-specs.ts';
import { storeBytes } from '../core/strings.ts';
import { AND, NOT, OR, XOR, combine, copyPadded, invert } from './bits.ts';

const sources: Ref[] = [];

export const bitop: Command = {
  name: 'bitop',
  arity: -4,
  flags: ['write', 'denyoom'],
  keySpecs: [
    keyAt(2, 'OW', 'update'),
    { flags: ['RO', 'access'], begin: { index: 3 }, find: { last: -1, step: 1, limit: 0 } },
  ],
  docs: {
    summary: 'Perform bitwise operations between strings',
    since: '2.6.0',
    group: 'bitmap',
    complexity: 'O(N)',
    arguments: [
      { name: 'operation', type: 'string' },
      { name: 'destkey', type: 'key', keySpec: 0 },
      { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    const { arena, reply } = ctx;
    const { u8, i32 } = arena;
    const operation = operationArg(req);
    if (operation < 0) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    if (operation === NOT && req.argc !== 4) {
      reply.error('ERR BITOP NOT must be called with a single source key.');
      return;
    }
    sources.length = 0;
    let longest = 0;
    for (let i = 3; i < req.argc; i++) {
      const ref = ctx.lookupRead(i);
      if (ref !== 0 && !ctx.isString(ref)) return;
      sources.push(ref);
      if (ref !== 0 && valueLength(arena, ref) > longest) longest = valueLength(arena, ref);
    }
    const target = ctx.lookupWrite(2);
    if (longest === 0) {
      if (target !== 0) {
        ctx.removeEntry(2, target);
        ctx.propagate();
      }
      reply.int(0);
      return;
    }
    // A block between: the target may be one of the sources.
    const result = arena.alloc(longest);
    try {
      const to = result * 16;
      for (let i = 0; i < sources.length; i++) {
        const ref = sources[i];
        const from = ref === 0 ? 0 : valueAddress(arena, ref);
        const len = ref === 0 ? 0 : valueLength(arena, ref);
        if (i === 0) copyPadded(u8, to, longest, from, len);
        else combine(u8, i32, operation, to, longest, from, len);
      }
      if (operation === NOT) invert(u8, i32, to, longest);
      storeBytes(ctx, events.SET, target, 2, u8, to, longest, ENC_RAW);
    } finally {
      arena.free(result);
    }
    ctx.propagate();
    reply.int(longest);
  },
};

function operationArg(req: Request): number {
  if (isWord(req, 1, 'and')) return AND;
  if (isWord(req, 1, 'or')) return OR;
  if (isWord(req, 1, 'xor')) return XOR;
  return isWord(req, 1, 'not') ? NOT : -1;
}

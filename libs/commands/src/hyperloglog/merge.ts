import { events, valueAddress, valueLength } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import { oneKey } from '../core/key-specs.ts';
import { CORRUPTED_ERROR, checkSketch, propagateDense, sketch, sparseBytesMax, storeSketch } from './common.ts';
import { invalidate } from './estimate.ts';
import { DENSE, REGISTERS, merge } from './registers.ts';

/** One byte a register. */
const union = new Uint8Array(REGISTERS);

export const pfmerge: Command = {
  name: 'pfmerge',
  arity: -2,
  flags: ['write', 'denyoom'],
  keySpecs: [
    oneKey('RW', 'access', 'insert'),
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: -1, step: 1, limit: 0 } },
  ],
  docs: {
    summary: 'Merge N different HyperLogLogs into a single one.',
    since: '2.8.9',
    group: 'hyperloglog',
    complexity: 'O(N) to merge N HyperLogLogs, but with high constant times.',
    arguments: [
      { name: 'destkey', type: 'key', keySpec: 0 },
      { name: 'sourcekey', type: 'key', keySpec: 1, flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    const { arena, reply } = ctx;
    const { u8 } = arena;
    union.fill(0);
    let dense = false;
    for (let i = 1; i < req.argc; i++) {
      const ref = ctx.lookupRead(i);
      if (ref === 0) continue;
      if (!checkSketch(ctx, ref)) return;
      const at = valueAddress(arena, ref);
      if (u8[at + 4] === DENSE) dense = true;
      if (!merge(union, u8, at, valueLength(arena, ref))) {
        reply.error(CORRUPTED_ERROR);
        return;
      }
    }
    const ref = ctx.lookupWrite(1);
    if (ref === 0) sketch.clear();
    else sketch.load(u8, valueAddress(arena, ref), valueLength(arena, ref));
    if (dense) sketch.toDense();
    const bytesMax = sparseBytesMax(ctx);
    for (let register = 0; register < REGISTERS; register++) {
      if (union[register] > 0) sketch.raise(register, union[register], bytesMax);
    }
    invalidate(sketch.buf, 0);
    storeSketch(ctx, events.PFADD, 1, ref);
    ctx.propagate();
    if (sketch.outgrown) propagateDense(ctx, 1);
    reply.ok();
  },
};

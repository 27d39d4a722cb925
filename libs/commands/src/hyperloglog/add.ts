import { events, valueAddress, valueLength } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import { oneKey } from '../core/key-specs.ts';
import {
  CORRUPTED_ERROR,
  checkSketch,
  propagateDense,
  sketch,
  sparseBytesMax,
  storeSketch,
  unshare,
} from './common.ts';
import { invalidate } from './estimate.ts';
import { DENSE, HEADER_BYTES, locate, located, raiseDense, sparseRegister } from './registers.ts';
import { CORRUPTED } from './sketch.ts';

export const pfadd: Command = {
  name: 'pfadd',
  arity: -2,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'insert')],
  docs: {
    summary: 'Adds the specified elements to the specified HyperLogLog.',
    since: '2.8.9',
    group: 'hyperloglog',
    complexity: 'O(1) to add every element.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'element', type: 'string', flags: ['optional', 'multiple'] },
    ],
  },
  run(ctx, req) {
    const { arena, reply } = ctx;
    const { u8 } = arena;
    const ref = ctx.lookupWrite(1);
    if (ref !== 0 && !checkSketch(ctx, ref)) return;
    let at = 0;
    let len = 0;
    if (ref === 0) sketch.clear();
    else {
      unshare(ctx, ref);
      at = valueAddress(arena, ref);
      len = valueLength(arena, ref);
    }
    const inPlace = ref !== 0 && u8[at + 4] === DENSE;
    const bytesMax = sparseBytesMax(ctx);
    let loaded = ref === 0;
    let updated = loaded ? 1 : 0;
    let i = 2;
    let corrupted = false;
    for (; i < req.argc; i++) {
      locate(req.buf, req.args[2 * i], req.args[2 * i + 1]);
      const { register, value } = located;
      if (inPlace) {
        if (raiseDense(u8, at + HEADER_BYTES, register, value)) updated++;
        continue;
      }
      if (!loaded) {
        // Most elements change nothing.
        if (sparseRegister(u8, at + HEADER_BYTES, at + len, register) >= value) continue;
        sketch.load(u8, at, len);
        loaded = true;
      }
      const raised = sketch.raise(register, value, bytesMax);
      if (raised === CORRUPTED) {
        corrupted = true;
        break;
      }
      updated += raised;
    }
    if (updated > 0) {
      // What comes before a corrupted place is done, and Redis tells nobody.
      const event = corrupted ? events.QUIET : events.PFADD;
      if (inPlace) {
        invalidate(u8, at);
        ctx.announce(event, 1);
      } else {
        invalidate(sketch.buf, 0);
        storeSketch(ctx, event, 1, ref);
      }
      if (corrupted) ctx.propagateFirst(i, updated);
      else ctx.propagate(updated);
      if (!inPlace && sketch.outgrown) propagateDense(ctx, 1);
    }
    if (corrupted) reply.error(CORRUPTED_ERROR);
    else reply.int(updated > 0 ? 1 : 0);
  },
};

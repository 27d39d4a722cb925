import { events, valueAddress, valueLength } from '@weir/keyspace';
import { isWord, printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { keyAt } from '../core/key-specs.ts';
import { CORRUPTED_ERROR, checkSketch, sketch, storeSketch, unshare } from './common.ts';
import { DENSE, HEADER_BYTES, REGISTERS, denseRegister, spanAt } from './registers.ts';
import { selftest } from './selftest.ts';

/** An integer, as a reply makes room for it. */
const REGISTER_REPLY_BYTES_MAX = 24;

export const pfdebug: Command = {
  name: 'pfdebug',
  arity: 3,
  flags: ['write', 'denyoom', 'admin'],
  keySpecs: [keyAt(2, 'RW', 'access')],
  docs: {
    summary: 'Internal commands for debugging HyperLogLog values',
    since: '2.8.9',
    group: 'hyperloglog',
    complexity: 'N/A',
    docFlags: ['syscmd'],
    arguments: [
      { name: 'subcommand', type: 'string' },
      { name: 'key', type: 'key', keySpec: 0 },
    ],
  },
  run(ctx, req) {
    const { arena, reply } = ctx;
    const { u8 } = arena;
    const ref = ctx.lookupWrite(2);
    if (ref === 0) {
      reply.error('ERR The specified key does not exist');
      return;
    }
    if (!checkSketch(ctx, ref)) return;
    unshare(ctx, ref);
    const at = valueAddress(arena, ref);
    const dense = u8[at + 4] === DENSE;
    if (isWord(req, 1, 'getreg')) {
      reply.ensure((REGISTERS + 1) * REGISTER_REPLY_BYTES_MAX);
      if (!dense && !makeDense(ctx, ref)) return;
      const registers = dense ? at + HEADER_BYTES : HEADER_BYTES;
      const buf = dense ? u8 : sketch.buf;
      reply.array(REGISTERS);
      for (let i = 0; i < REGISTERS; i++) reply.int(denseRegister(buf, registers, i));
    } else if (isWord(req, 1, 'decode')) {
      if (dense) reply.error('ERR HLL encoding is not sparse');
      else reply.bulkLatin1(decoded(u8, at + HEADER_BYTES, at + valueLength(arena, ref)));
    } else if (isWord(req, 1, 'encoding')) reply.simple(dense ? 'dense' : 'sparse');
    else if (isWord(req, 1, 'todense')) {
      if (dense || makeDense(ctx, ref)) reply.int(dense ? 0 : 1);
    } else reply.error(`ERR Unknown PFDEBUG subcommand '${printable(req, 1)}'`);
  },
};

export const pfselftest: Command = {
  name: 'pfselftest',
  arity: 1,
  flags: ['admin'],
  docs: {
    summary: 'An internal command for testing HyperLogLog values',
    since: '2.8.9',
    group: 'hyperloglog',
    complexity: 'N/A',
    docFlags: ['syscmd'],
  },
  run(ctx) {
    const failure = selftest(ctx.config.num.hllSparseMaxBytes);
    if (failure === '') ctx.reply.ok();
    else ctx.reply.error(`TESTFAILED ${failure}`);
  },
};

/** False: answered. */
function makeDense(ctx: Context, ref: number): boolean {
  const { arena } = ctx;
  sketch.load(arena.u8, valueAddress(arena, ref), valueLength(arena, ref));
  if (!sketch.toDense()) {
    ctx.reply.error(CORRUPTED_ERROR);
    return false;
  }
  storeSketch(ctx, events.QUIET, 2, ref);
  ctx.propagate();
  return true;
}

function decoded(u8: Uint8Array, at: number, end: number): string {
  const runs: string[] = [];
  while (at < end) {
    const op = u8[at];
    const span = spanAt(u8, at, end);
    if (op >= 0x80) runs.push(`v:${((op >> 2) & 31) + 1},${span}`);
    else runs.push(`${op < 0x40 ? 'z' : 'Z'}:${span}`);
    at += op >= 0x40 && op < 0x80 ? 2 : 1;
  }
  return runs.join(' ');
}

import { events, valueAddress, valueLength } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import { parseInt64 } from '../core/integer.ts';
import { oneKey } from '../core/key-specs.ts';
import { grown, offsetArg, writableString } from './common.ts';

export const setbit: Command = {
  name: 'setbit',
  arity: 4,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Sets or clears the bit at offset in the string value stored at key',
    since: '2.2.0',
    group: 'bitmap',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'offset', type: 'integer' },
      { name: 'value', type: 'integer' },
    ],
  },
  run(ctx, req) {
    const { arena, reply } = ctx;
    const offset = offsetArg(ctx, 2);
    if (offset !== offset) return;
    const bit = parseInt64(req.buf, req.args[6], req.args[7]);
    if (bit !== 0 && bit !== 1) {
      reply.error('ERR bit is not an integer or out of range');
      return;
    }
    const ref = ctx.lookupWrite(1);
    if (ref !== 0 && !ctx.isString(ref)) return;
    const byte = Math.floor(offset / 8);
    const at = valueAddress(arena, writableString(ctx, ref, byte + 1)) + byte;
    const shift = 7 - (offset % 8);
    const old = (arena.u8[at] >> shift) & 1;
    if (old !== bit || grown.value) {
      arena.u8[at] = (arena.u8[at] & ~(1 << shift)) | (bit << shift);
      ctx.announce(events.SETBIT, 1);
      ctx.propagate();
    }
    reply.int(old);
  },
};

export const getbit: Command = {
  name: 'getbit',
  arity: 3,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Returns the bit value at offset in the string value stored at key',
    since: '2.2.0',
    group: 'bitmap',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'offset', type: 'integer' },
    ],
  },
  run(ctx) {
    const { arena, reply } = ctx;
    const offset = offsetArg(ctx, 2);
    if (offset !== offset) return;
    const ref = ctx.lookupRead(1);
    if (ref !== 0 && !ctx.isString(ref)) return;
    const byte = Math.floor(offset / 8);
    if (ref === 0 || byte >= valueLength(arena, ref)) reply.int(0);
    else reply.int((arena.u8[valueAddress(arena, ref) + byte] >> (7 - (offset % 8))) & 1);
  },
};

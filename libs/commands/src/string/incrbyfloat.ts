import { ENC_EMBSTR, ENC_RAW, events, valueAddress, valueLength } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import { KEEPTTL, SET } from '../core/effect-words.ts';
import { oneKey } from '../core/key-specs.ts';
import { addLongDoubles, formatLongDouble, parseLongDouble } from '../core/long-double.ts';
import { EMBSTR_BYTES_MAX, putString } from '../core/strings.ts';

export const incrbyfloat: Command = {
  name: 'incrbyfloat',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Increment the float value of a key by the given amount',
    since: '2.6.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'increment', type: 'double' },
    ],
  },
  run(ctx, req) {
    const arena = ctx.arena;
    const ref = ctx.lookupWrite(1);
    if (ref !== 0 && !ctx.isString(ref)) return;
    const text0 = ref === 0 ? '0' : textAt(arena.u8, valueAddress(arena, ref), valueLength(arena, ref));
    const old = parseLongDouble(text0);
    const delta = old === null ? null : parseLongDouble(req.latin1(2));
    if (old === null || delta === null) {
      ctx.reply.error('ERR value is not a valid float');
      return;
    }
    const sum = addLongDoubles(old, delta);
    if (sum === null) {
      ctx.reply.error('ERR increment would produce NaN or Infinity');
      return;
    }
    const text = formatLongDouble(sum);
    const encoding = text.length <= EMBSTR_BYTES_MAX ? ENC_EMBSTR : ENC_RAW;
    const next = putString(ctx, events.INCRBYFLOAT, ref, 1, text.length, encoding);
    const at = valueAddress(arena, next);
    for (let i = 0; i < text.length; i++) arena.u8[at + i] = text.charCodeAt(i);
    // The final value: another machine may round otherwise.
    const effect = ctx.effect(4);
    effect.raw(SET);
    effect.argBytes(req.buf, req.off(1), req.len(1));
    effect.argLatin1(text);
    effect.raw(KEEPTTL);
    ctx.reply.bulkLatin1(text);
  },
};

function textAt(buf: Uint8Array, at: number, len: number): string {
  let text = '';
  for (let i = at; i < at + len && i < at + 8192; i++) text += String.fromCharCode(buf[i]);
  return text;
}

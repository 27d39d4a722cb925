import { Element, events, hashes } from '@weir/keyspace';
import { NOT_AN_INTEGER, bigIntArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { HSET } from '../core/effect-words.ts';
import { BEYOND, INT64_MAX, INT64_MIN, bigInt64, integerLength, parseInt64, writeInteger } from '../core/integer.ts';
import { oneKey } from '../core/key-specs.ts';
import { addLongDoubles, formatLongDouble, parseLongDouble } from '../core/long-double.ts';
import { dropIfEmpty, makeHash, setField } from './common.ts';

const element = new Element();
/** The longest that a long double is as text, and more. */
const digits = new Uint8Array(8192);

export const hincrby: Command = {
  name: 'hincrby',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  member: 2,
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Increment the integer value of a hash field by the given number',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'field', type: 'string' },
      { name: 'increment', type: 'integer' },
    ],
  },
  run(ctx, req) {
    const { reply, space } = ctx;
    const delta = parseInt64(req.buf, req.args[6], req.args[7]);
    if (delta !== delta) {
      reply.error(NOT_AN_INTEGER);
      return;
    }
    const ref = makeHash(ctx);
    if (ref < 0) return;
    let old = 0;
    if (hashes.get(space, ref, req.buf, req.args[4], req.args[5], element)) {
      old = parseInt64(element.buf, element.off, element.len);
      if (old !== old) {
        reply.error('ERR hash value is not an integer');
        return;
      }
    }
    const sum = old + delta;
    if (Number.isSafeInteger(sum)) {
      const length = integerLength(sum);
      writeInteger(digits, 0, length, sum);
      setField(ctx, events.HINCRBY, ref, 2, digits, length);
      ctx.propagate();
      reply.int(sum);
      return;
    }
    const exact =
      (old === BEYOND ? bigInt64(element.buf, element.off, element.len) : BigInt(old)) +
      (delta === BEYOND ? bigIntArg(req, 3) : BigInt(delta));
    if (exact > INT64_MAX || exact < INT64_MIN) {
      reply.error('ERR increment or decrement would overflow');
      return;
    }
    setField(ctx, events.HINCRBY, ref, 2, digits, writeText(exact.toString()));
    ctx.propagate();
    reply.bigint(exact);
  },
};

export const hincrbyfloat: Command = {
  name: 'hincrbyfloat',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  member: 2,
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Increment the float value of a hash field by the given amount',
    since: '2.6.0',
    group: 'hash',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'field', type: 'string' },
      { name: 'increment', type: 'double' },
    ],
  },
  run(ctx, req) {
    const { reply, space } = ctx;
    const delta = parseLongDouble(req.latin1(3));
    if (delta === null || delta.infinite) {
      reply.error(delta === null ? 'ERR value is not a valid float' : 'ERR value is NaN or Infinity');
      return;
    }
    const ref = makeHash(ctx);
    if (ref < 0) return;
    let text = '0';
    if (hashes.get(space, ref, req.buf, req.args[4], req.args[5], element)) text = textOf(element);
    const old = parseLongDouble(text);
    if (old === null) {
      reply.error('ERR hash value is not a float');
      return;
    }
    const sum = addLongDoubles(old, delta);
    if (sum === null) {
      dropIfEmpty(ctx, ref);
      reply.error('ERR increment would produce NaN or Infinity');
      return;
    }
    text = formatLongDouble(sum);
    setField(ctx, events.HINCRBYFLOAT, ref, 2, digits, writeText(text));
    // The final value: another machine may round otherwise.
    const effect = ctx.effect(4);
    effect.raw(HSET);
    effect.argBytes(req.buf, req.args[2], req.args[3]);
    effect.argBytes(req.buf, req.args[4], req.args[5]);
    effect.argLatin1(text);
    reply.bulkLatin1(text);
  },
};

function writeText(text: string): number {
  for (let i = 0; i < text.length; i++) digits[i] = text.charCodeAt(i);
  return text.length;
}

/** As much as can be a number. */
function textOf(element: Element): string {
  let text = '';
  for (let i = element.off; i < element.off + element.len && i < element.off + 8192; i++) {
    text += String.fromCharCode(element.buf[i]);
  }
  return text;
}

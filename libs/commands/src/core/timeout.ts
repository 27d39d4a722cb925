import type { Context } from './context.ts';
import { parseLongDouble } from './long-double.ts';

const NOT_A_FLOAT = 'ERR timeout is not a float or out of range';
const NEGATIVE = 'ERR timeout is negative';
const DECIMAL = /^(\d+)(?:\.(\d*))?$/;

/**
 * How long a command waits, of argument `i` in seconds: whole milliseconds, rounded up; 0 is for ever. NaN: answered with the error. As in Redis
 * 7.0, what is beyond 64 bits of milliseconds overflows and is negative.
 */
export function timeoutArg(ctx: Context, i: number): number {
  const ms = parseTimeout(ctx.req.latin1(i));
  if (ms !== ms) ctx.reply.error(NOT_A_FLOAT);
  else if (ms < 0 || ms >= 2 ** 63) ctx.reply.error(NEGATIVE);
  else return ms;
  return NaN;
}

function parseTimeout(text: string): number {
  const match = DECIMAL.exec(text);
  if (match !== null && match[1].length < 16) {
    // By its digits: 1.1 * 1000 is more than 1100 where fractions are binary.
    const fraction = (match[2] ?? '').padEnd(3, '0');
    const more = /[1-9]/.test(fraction.slice(3)) ? 1 : 0;
    return Number(match[1]) * 1000 + Number(fraction.slice(0, 3)) + more;
  }
  const value = parseLongDouble(text);
  if (value === null) return NaN;
  const size = value.infinite ? Infinity : Math.ceil(Number(value.mantissa) * 2 ** value.exponent * 1000);
  // Between -1 ms and 0 it is rounded up to 0.
  if (!value.negative) return size;
  return Number(value.mantissa) * 2 ** value.exponent * 1000 < 1 && !value.infinite ? 0 : -1;
}

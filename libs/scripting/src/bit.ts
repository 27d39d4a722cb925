/** `bit` in scripts: operations on 32 bits, as LuaBitOp has them. Numbers are rounded and taken modulo 2^32; results are signed. */

import type { HostFunction } from './host-module.ts';
import type { Lua } from './lua.ts';
import type { HostLibrary } from './sandbox.ts';

const number = new Float64Array(1);
const words = new Int32Array(number.buffer);
/** Added to a number, it brings the integer nearest to it into the low bits of the double. */
const SHIFT = 6755399441055744;

function toBits(n: number): number {
  number[0] = n + SHIFT;
  return words[0];
}

export function bitLibrary(lua: () => Lua): HostLibrary {
  const argument = (L: number, i: number): number => toBits(lua().api.luaL_checknumber(L, i));
  const push = (L: number, n: number): number => {
    lua().api.lua_pushnumber(L, n | 0);
    return 1;
  };
  const fold =
    (apply: (a: number, b: number) => number): HostFunction =>
    (L) => {
      let result = argument(L, 1);
      for (let i = lua().api.lua_gettop(L); i > 1; i--) result = apply(result, argument(L, i));
      return push(L, result);
    };
  const shift =
    (apply: (a: number, n: number) => number): HostFunction =>
    (L) => {
      const value = argument(L, 1);
      return push(L, apply(value, argument(L, 2) & 31));
    };
  return {
    tobit: (L) => push(L, argument(L, 1)),
    bnot: (L) => push(L, ~argument(L, 1)),
    band: fold((a, b) => a & b),
    bor: fold((a, b) => a | b),
    bxor: fold((a, b) => a ^ b),
    lshift: shift((a, n) => a << n),
    rshift: shift((a, n) => a >>> n),
    arshift: shift((a, n) => a >> n),
    rol: shift((a, n) => (a << n) | (a >>> ((32 - n) & 31))),
    ror: shift((a, n) => (a >>> n) | (a << ((32 - n) & 31))),
    bswap: (L) => {
      const a = argument(L, 1);
      return push(L, (a >>> 24) | ((a >> 8) & 0xff00) | ((a & 0xff00) << 8) | (a << 24));
    },
    tohex: (L) => {
      const value = argument(L, 1) >>> 0;
      const digits = lua().api.lua_gettop(L) < 2 ? 8 : argument(L, 2);
      // The number of digits is cut before it is negated (CVE-2024-31449).
      const count = Math.min(8, Math.abs(digits));
      const text = count === 0 ? '' : value.toString(16).padStart(8, '0').slice(-count);
      lua().pushText(L, digits < 0 ? text.toUpperCase() : text);
      return 1;
    },
  };
}

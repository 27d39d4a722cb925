/** `struct` in scripts: numbers and strings to bytes and back by a format, as Redis's copy of lua_struct does on a 64-bit little-endian machine. */

import { Bytes } from './bytes.ts';
import type { Lua } from './lua.ts';
import type { HostLibrary } from './sandbox.ts';

const INTEGER_BYTES_MAX = 32;
const ALIGN_MAX = 8;
const INT_MAX = 0x7fffffff;
const WORD = (1n << 64n) - 1n;
const INTEGERS = 'bBhHlLTiI';

/** A format, read option by option. */
class Format {
  readonly #lua: Lua;
  readonly #L: number;
  readonly #text: string;
  #at = 0;
  big = false;
  #align = 1;
  option = '';
  size = 0;

  constructor(lua: Lua, L: number) {
    this.#lua = lua;
    this.#L = L;
    const at = lua.checkString(L, 1);
    this.#text = lua.textAt(at);
  }

  /** Reads the next option and its size; false: there is none. */
  next(): boolean {
    if (this.#at >= this.#text.length) return false;
    this.option = this.#text[this.#at++];
    this.size = this.#sizeOf(this.option);
    return true;
  }

  #sizeOf(option: string): number {
    switch (option) {
      case 'B':
      case 'b':
      case 'x':
        return 1;
      case 'H':
      case 'h':
        return 2;
      case 'L':
      case 'l':
      case 'T':
      case 'd':
        return 8;
      case 'f':
        return 4;
      case 'c':
        return this.#number(1);
      case 'i':
      case 'I': {
        const size = this.#number(4);
        if (size > INTEGER_BYTES_MAX) {
          this.#lua.raiseAt(this.#L, `integral size ${size} is larger than limit of ${INTEGER_BYTES_MAX}`);
        }
        return size;
      }
      default:
        return 0;
    }
  }

  #number(missing: number): number {
    const digits = /^\d+/.exec(this.#text.slice(this.#at, this.#at + 12))?.[0];
    if (digits === undefined) return missing;
    if (Number(digits) > INT_MAX) this.#lua.raiseAt(this.#L, 'integral size overflow');
    this.#at += digits.length;
    return Number(digits);
  }

  /** Bytes to be left out before the option at hand, which begins at `position`. */
  padding(position: number): number {
    if (this.size === 0 || this.option === 'c') return 0;
    const size = Math.min(this.size, this.#align);
    return (size - (position & (size - 1))) & (size - 1);
  }

  /** An option that stands for no value. */
  control(): void {
    const { option } = this;
    if (option === ' ') return;
    if (option === '>') this.big = true;
    else if (option === '<') this.big = false;
    else if (option === '!') {
      const align = this.#number(ALIGN_MAX);
      if (align <= 0 || (align & (align - 1)) !== 0) {
        this.#lua.raiseAt(this.#L, `alignment ${align} is not a power of 2`);
      }
      this.#align = align;
    } else this.#lua.argumentError(this.#L, 1, `invalid format option '${option}'`);
  }
}

const scratch = new DataView(new ArrayBuffer(8));

export function structLibrary(lua: () => Lua): HostLibrary {
  const out = new Bytes();
  return {
    pack: (L) => {
      out.reset();
      pack(lua(), L, new Format(lua(), L), out);
      lua().pushBytes(L, out.buf, 0, out.length);
      return 1;
    },
    unpack: (L) => unpack(lua(), L),
    size: (L) => {
      const format = new Format(lua(), L);
      let position = 0;
      while (format.next()) {
        position += format.padding(position);
        const { option, size } = format;
        if (option === 's') lua().argumentError(L, 1, "option 's' has no fixed size");
        if (option === 'c' && size === 0) lua().argumentError(L, 1, "option 'c0' has no fixed size");
        if (!/[0-9A-Za-z]/.test(option)) format.control();
        position += size;
      }
      lua().api.lua_pushnumber(L, position | 0);
      return 1;
    },
  };
}

function pack(lua: Lua, L: number, format: Format, out: Bytes): void {
  const { api } = lua;
  // So the first argument that is missing is nil, as in the original, which keeps a mark there.
  api.lua_pushnil(L);
  let argument = 2;
  let total = 0;
  while (format.next()) {
    const { option } = format;
    let { size } = format;
    const padding = format.padding(total);
    total += padding;
    for (let i = 0; i < padding; i++) out.byte(0);
    if (INTEGERS.includes(option)) putInteger(out, api.luaL_checknumber(L, argument++), format.big, size);
    else if (option === 'x') out.byte(0);
    else if (option === 'f' || option === 'd') {
      const n = api.luaL_checknumber(L, argument++);
      if (option === 'f') scratch.setFloat32(0, n, !format.big);
      else scratch.setFloat64(0, n, !format.big);
      for (let i = 0; i < size; i++) out.byte(scratch.getUint8(i));
    } else if (option === 'c' || option === 's') {
      const at = lua.checkString(L, argument++);
      const { length } = lua;
      if (size === 0) size = length;
      if (length < size) lua.argumentError(L, argument, 'string too short');
      if (!out.reserve(size + 1)) lua.raise(L, 'not enough memory');
      out.copy(lua.u8, at, size);
      if (option === 's') {
        out.byte(0);
        size++;
      }
    } else format.control();
    total += size;
  }
}

function putInteger(out: Bytes, n: number, big: boolean, size: number): void {
  let value = toWord(n);
  const from = out.length;
  for (let i = 0; i < size; i++) {
    out.byte(Number(value & 255n));
    value >>= 8n;
  }
  if (big) out.buf.subarray(from, out.length).reverse();
}

/** As C casts a double to 64 bits on x86. */
function toWord(n: number): bigint {
  const whole = Math.trunc(n);
  if (whole !== whole || whole >= 2 ** 64 || whole < -(2 ** 63)) return whole >= 2 ** 64 ? 0n : 1n << 63n;
  return BigInt(whole) & WORD;
}

function unpack(lua: Lua, L: number): number {
  const { api } = lua;
  const format = new Format(lua, L);
  let at = lua.checkString(L, 2);
  const { length } = lua;
  let position = api.luaL_optinteger(L, 3, 1);
  if (position === 0) lua.argumentError(L, 3, 'offset must be 1 or greater');
  position--;
  let count = 0;
  while (format.next()) {
    const { option } = format;
    let { size } = format;
    position += format.padding(position);
    if (position < 0 || position > length - size) lua.argumentError(L, 2, 'data string too short');
    if (api.lua_checkstack(L, 2) === 0) lua.raiseAt(L, 'stack overflow (too many results)');
    // A string of Lua does not move, but its memory may be seen through another view after something was pushed.
    const from = at + position;
    if (INTEGERS.includes(option)) {
      api.lua_pushnumber(L, integerOf(lua.u8, from, format.big, option >= 'a', size));
      count++;
    } else if (option === 'f' || option === 'd') {
      for (let i = 0; i < size; i++) scratch.setUint8(i, lua.u8[from + i]);
      api.lua_pushnumber(L, option === 'f' ? scratch.getFloat32(0, !format.big) : scratch.getFloat64(0, !format.big));
      count++;
    } else if (option === 'c') {
      if (size === 0) {
        if (count === 0 || api.lua_type(L, -1) !== 3) lua.raiseAt(L, "format 'c0' needs a previous size");
        size = Math.trunc(api.lua_tonumber(L, -1));
        api.lua_settop(L, -2);
        count--;
        if (!(size >= 0 && position <= length - size)) lua.argumentError(L, 2, 'data string too short');
      }
      api.lua_pushlstring(L, from, size);
      count++;
    } else if (option === 's') {
      const end = lua.u8.subarray(from, at + length).indexOf(0);
      if (end < 0) lua.raiseAt(L, 'unfinished string in data');
      api.lua_pushlstring(L, from, end);
      size = end + 1;
      count++;
    } else if (option !== 'x') format.control();
    position += size;
  }
  at = 0;
  api.lua_pushnumber(L, position + 1);
  return count + 1;
}

function integerOf(u8: Uint8Array, from: number, big: boolean, signed: boolean, size: number): number {
  let value = 0n;
  for (let i = 0; i < size; i++) value = ((value << 8n) | BigInt(u8[from + (big ? i : size - 1 - i)])) & WORD;
  if (!signed) return Number(value);
  // Beyond 64 bits the machine shifts by what is left modulo 64.
  const sign = (WORD << BigInt((size * 8 - 1) & 63)) & WORD;
  if ((value & sign) !== 0n) value |= sign;
  return Number(BigInt.asIntN(64, value));
}

/**
 * `cjson` in scripts, as Lua CJSON 2.1.0 in Redis. Its settings hold for all scripts from then on, as there.
 */

import { formatDouble } from '@weir/resp';
import { Bytes } from './bytes.ts';
import type { HostFunction } from './host-module.ts';
import { JsonReader } from './json-reader.ts';
import { TBOOLEAN, TLIGHTUSERDATA, TNIL, TNUMBER, TSTRING, TTABLE } from './lua.ts';
import type { Lua } from './lua.ts';
import type { HostLibrary } from './sandbox.ts';

const DEPTH = 1000;
/** However deep the settings allow: JavaScript's stack is finite. */
export const DEPTH_MAX = 2000;
const INT_MAX = 0x7fffffff;

export class JsonSettings {
  sparseConvert = 0;
  sparseRatio = 2;
  sparseSafe = 10;
  encodeDepth = DEPTH;
  decodeDepth = DEPTH;
  precision = 14;
  keepBuffer = 1;
  /** 0: an error; 1: written; 2: null. */
  encodeInvalid = 0;
  decodeInvalid = 1;
}

export function jsonLibrary(lua: () => Lua): HostLibrary {
  const settings = new JsonSettings();
  const out = new Bytes();
  const encode: HostFunction = (L) => {
    const { api } = lua();
    if (api.lua_gettop(L) !== 1) lua().argumentError(L, 1, 'expected 1 argument');
    out.reset();
    new JsonWriter(lua(), L, settings, out).value(0);
    lua().pushBytes(L, out.buf, 0, out.length);
    return 1;
  };
  const decode: HostFunction = (L) => {
    if (lua().api.lua_gettop(L) !== 1) lua().argumentError(L, 1, 'expected 1 argument');
    const at = lua().checkString(L, 1);
    new JsonReader(lua(), L, settings, at, lua().length).document();
    return 1;
  };
  type NumberSetting = 'encodeDepth' | 'decodeDepth' | 'precision' | 'sparseRatio' | 'sparseSafe';
  type ChoiceSetting = 'keepBuffer' | 'encodeInvalid' | 'decodeInvalid' | 'sparseConvert';
  const begin = (L: number, count: number): void => {
    const { api } = lua();
    if (api.lua_gettop(L) > count) lua().argumentError(L, count + 1, 'found too many arguments');
    api.lua_settop(L, count);
  };
  const number = (L: number, i: number, name: NumberSetting, min: number, max: number): void => {
    const { api } = lua();
    if (api.lua_type(L, i) !== TNIL) {
      const value = api.luaL_checkinteger(L, i);
      if (value < min || value > max) {
        lua().argumentError(L, 1, `expected integer between ${min} and ${max}`);
      }
      settings[name] = value;
    }
    api.lua_pushnumber(L, settings[name]);
  };
  const choice = (L: number, i: number, name: ChoiceSetting, options: readonly string[]): void => {
    const { api } = lua();
    const type = api.lua_type(L, i);
    if (type === TBOOLEAN) settings[name] = api.lua_toboolean(L, i);
    else if (type !== TNIL) {
      const at = lua().checkString(L, i);
      const text = lua().latin1(at, at + lua().length);
      const index = options.indexOf(text);
      if (index < 0) lua().argumentError(L, i, `invalid option '${text}'`);
      settings[name] = index;
    }
    if (settings[name] < 2) api.lua_pushboolean(L, settings[name]);
    else lua().pushText(L, options[settings[name]]);
  };
  const oneNumber =
    (name: NumberSetting, min: number, max: number): HostFunction =>
    (L) => {
      begin(L, 1);
      number(L, 1, name, min, max);
      return 1;
    };
  const oneChoice =
    (name: ChoiceSetting, options: readonly string[]): HostFunction =>
    (L) => {
      begin(L, 1);
      choice(L, 1, name, options);
      return 1;
    };
  return {
    encode,
    decode,
    encode_max_depth: oneNumber('encodeDepth', 1, INT_MAX),
    decode_max_depth: oneNumber('decodeDepth', 1, INT_MAX),
    encode_number_precision: oneNumber('precision', 1, 14),
    encode_keep_buffer: oneChoice('keepBuffer', ['off', 'on']),
    encode_invalid_numbers: oneChoice('encodeInvalid', ['off', 'on', 'null']),
    decode_invalid_numbers: oneChoice('decodeInvalid', ['off', 'on']),
    encode_sparse_array: (L) => {
      begin(L, 3);
      choice(L, 1, 'sparseConvert', ['off', 'on']);
      number(L, 2, 'sparseRatio', 0, INT_MAX);
      number(L, 3, 'sparseSafe', 0, INT_MAX);
      return 3;
    },
    _NAME: 'cjson',
    _VERSION: '2.1.0',
  };
}

const HEX = '0123456789abcdef';
/** What a byte is written as; '': as it is. */
const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const short = { 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r', 34: '\\"', 47: '\\/', 92: '\\\\' }[byte];
  if (short !== undefined) return short;
  return byte < 32 || byte === 127 ? `\\u00${HEX[byte >> 4]}${HEX[byte & 15]}` : '';
});

class JsonWriter {
  readonly #lua: Lua;
  readonly #L: number;
  readonly #settings: JsonSettings;
  readonly #out: Bytes;

  constructor(lua: Lua, L: number, settings: JsonSettings, out: Bytes) {
    this.#lua = lua;
    this.#L = L;
    this.#settings = settings;
    this.#out = out;
  }

  /** Writes the value on top of the stack, which stays. */
  value(depth: number): void {
    const { api } = this.#lua;
    const L = this.#L;
    const out = this.#out;
    switch (api.lua_type(L, -1)) {
      case TSTRING:
        return this.#string(-1);
      case TNUMBER:
        return this.#number(-1);
      case TBOOLEAN:
        return out.text(api.lua_toboolean(L, -1) === 0 ? 'false' : 'true');
      case TTABLE:
        return this.#table(depth + 1);
      case TNIL:
        return out.text('null');
      case TLIGHTUSERDATA:
        if (api.lua_touserdata(L, -1) === 0) return out.text('null');
        return this.#refuse(-1, 'type not supported');
      default:
        return this.#refuse(-1, 'type not supported');
    }
  }

  #refuse(i: number, reason: string): never {
    const { api } = this.#lua;
    const type = this.#lua.textAt(api.lua_typename(this.#L, api.lua_type(this.#L, i)));
    return this.#lua.raiseAt(this.#L, `Cannot serialise ${type}: ${reason}`);
  }

  #table(depth: number): void {
    const { api } = this.#lua;
    const L = this.#L;
    if (depth > this.#settings.encodeDepth || depth > DEPTH_MAX || api.lua_checkstack(L, 6) === 0) {
      this.#lua.raiseAt(L, `Cannot serialise, excessive nesting (${depth})`);
    }
    const out = this.#out;
    const length = this.#arrayLength();
    if (length > 0) {
      out.byte(91);
      for (let i = 1; i <= length; i++) {
        if (i > 1) out.byte(44);
        api.lua_rawgeti(L, -1, i);
        this.value(depth);
        api.lua_settop(L, -2);
      }
      return out.byte(93);
    }
    out.byte(123);
    let isFirst = true;
    api.lua_pushnil(L);
    while (api.lua_next(L, -2) !== 0) {
      if (!isFirst) out.byte(44);
      isFirst = false;
      const type = api.lua_type(L, -2);
      if (type === TNUMBER) {
        out.byte(34);
        this.#number(-2);
        out.byte(34);
      } else if (type === TSTRING) this.#string(-2);
      else this.#refuse(-2, 'table key must be a number or string');
      out.byte(58);
      this.value(depth);
      api.lua_settop(L, -2);
    }
    out.byte(125);
  }

  /** The highest index of the table on top, or −1 when it is to be an object. */
  #arrayLength(): number {
    const { api } = this.#lua;
    const L = this.#L;
    let max = 0;
    let items = 0;
    api.lua_pushnil(L);
    while (api.lua_next(L, -2) !== 0) {
      const k = api.lua_type(L, -2) === TNUMBER ? api.lua_tonumber(L, -2) : 0;
      if (k < 1 || Math.floor(k) !== k) {
        api.lua_settop(L, -3);
        return -1;
      }
      if (k > max) max = k;
      items++;
      api.lua_settop(L, -2);
    }
    const { sparseRatio, sparseSafe, sparseConvert } = this.#settings;
    if (sparseRatio > 0 && max > items * sparseRatio && max > sparseSafe) {
      if (sparseConvert === 0) this.#refuse(-1, 'excessively sparse array');
      return -1;
    }
    return max;
  }

  #number(i: number): void {
    const n = this.#lua.api.lua_tonumber(this.#L, i);
    const { encodeInvalid, precision } = this.#settings;
    if (!Number.isFinite(n)) {
      if (encodeInvalid === 0) this.#refuse(i, 'must not be NaN or Inf');
      if (encodeInvalid === 2) return this.#out.text('null');
    }
    this.#out.text(
      Number.isInteger(n) && Math.abs(n) < 1e5 && !Object.is(n, -0) && precision >= 5
        ? String(n)
        : formatDouble(n, precision),
    );
  }

  #string(i: number): void {
    const lua = this.#lua;
    const out = this.#out;
    const at = lua.stringAt(this.#L, i);
    const { length, u8 } = lua;
    // As Lua CJSON, which makes room for the worst before it begins.
    if (!out.reserve(length * 6 + 2)) lua.raise(this.#L, 'not enough memory');
    const { buf } = out;
    let to = out.length;
    buf[to++] = 34;
    for (let k = at; k < at + length; k++) {
      const escape = ESCAPES[u8[k]];
      if (escape === '') buf[to++] = u8[k];
      else for (let n = 0; n < escape.length; n++) buf[to++] = escape.charCodeAt(n);
    }
    buf[to++] = 34;
    out.length = to;
  }
}

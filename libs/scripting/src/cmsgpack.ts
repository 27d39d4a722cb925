/** `cmsgpack` in scripts: MessagePack, as Redis's copy of lua-cmsgpack writes and reads it. */

import { Bytes } from './bytes.ts';
import { TBOOLEAN, TNUMBER, TSTRING, TTABLE } from './lua.ts';
import type { Lua } from './lua.ts';
import type { HostLibrary } from './sandbox.ts';

const NESTING_MAX = 16;
/** So deep are the tables at most that are read: JavaScript's stack is finite. */
const READ_NESTING_MAX = 1000;
const view = new DataView(new ArrayBuffer(8));

export function msgpackLibrary(lua: () => Lua): HostLibrary {
  const out = new Bytes();
  return {
    pack: (L) => {
      const { api } = lua();
      const count = api.lua_gettop(L);
      if (count === 0) lua().argumentError(L, 0, 'MessagePack pack needs input.');
      if (api.lua_checkstack(L, count) === 0) lua().argumentError(L, 0, 'Too many arguments for MessagePack pack.');
      out.reset();
      for (let i = 1; i <= count; i++) {
        api.lua_pushvalue(L, i);
        write(lua(), L, out, 0);
      }
      lua().pushBytes(L, out.buf, 0, out.length);
      return 1;
    },
    unpack: (L) => unpackAll(lua(), L, 0, 0),
    unpack_one: (L) => {
      const { api } = lua();
      const offset = api.luaL_optinteger(L, 2, 0);
      api.lua_settop(L, 1);
      return unpackAll(lua(), L, 1, offset);
    },
    unpack_limit: (L) => {
      const { api } = lua();
      const limit = api.luaL_checkinteger(L, 2);
      const offset = api.luaL_optinteger(L, 3, 0);
      api.lua_settop(L, 1);
      return unpackAll(lua(), L, limit, offset);
    },
    _NAME: 'cmsgpack',
    _VERSION: 'lua-cmsgpack 0.4.0',
    _COPYRIGHT: 'Copyright (C) 2012, Salvatore Sanfilippo',
    _DESCRIPTION: 'MessagePack C implementation for Lua',
  };
}

// --- writing -----------------------------------------------------------------------------------------------------------

/** Writes the value on top of the stack, and takes it. */
function write(lua: Lua, L: number, out: Bytes, level: number): void {
  const { api } = lua;
  if (!out.reserve(16)) lua.raise(L, 'not enough memory');
  const type = api.lua_type(L, -1);
  if (type === TSTRING) {
    const at = lua.stringAt(L, -1);
    const { length } = lua;
    header(out, length, 0xa0, 31, 0xd9, 0xda, 0xdb);
    if (!out.reserve(length)) lua.raise(L, 'not enough memory');
    out.copy(lua.u8, at, length);
  } else if (type === TNUMBER) writeNumber(out, api.lua_tonumber(L, -1));
  else if (type === TBOOLEAN) out.byte(api.lua_toboolean(L, -1) === 0 ? 0xc2 : 0xc3);
  else if (type === TTABLE && level < NESTING_MAX) writeTable(lua, L, out, level);
  else out.byte(0xc0);
  api.lua_settop(L, -2);
}

function writeTable(lua: Lua, L: number, out: Bytes, level: number): void {
  const { api } = lua;
  if (api.lua_checkstack(L, 6) === 0) lua.raiseAt(L, 'stack overflow (in function mp_encode_lua_table)');
  const table = api.lua_gettop(L);
  if (isArray(lua, L, table)) {
    const length = api.lua_objlen(L, table);
    header(out, length, 0x90, 15, -1, 0xdc, 0xdd);
    for (let i = 1; i <= length; i++) {
      api.lua_pushnumber(L, i);
      api.lua_gettable(L, table);
      write(lua, L, out, level + 1);
    }
    return;
  }
  let count = 0;
  for (api.lua_pushnil(L); api.lua_next(L, table) !== 0; api.lua_settop(L, -2)) count++;
  header(out, count, 0x80, 15, -1, 0xde, 0xdf);
  for (api.lua_pushnil(L); api.lua_next(L, table) !== 0;) {
    api.lua_pushvalue(L, -2);
    write(lua, L, out, level + 1);
    write(lua, L, out, level + 1);
  }
}

/** Whether the keys are 1, 2, 3 … without holes. */
function isArray(lua: Lua, L: number, table: number): boolean {
  const { api } = lua;
  let count = 0;
  let max = 0;
  for (api.lua_pushnil(L); api.lua_next(L, table) !== 0; api.lua_settop(L, -2)) {
    const n = api.lua_type(L, -2) === TNUMBER ? api.lua_tonumber(L, -2) : 0;
    if (n <= 0 || !Number.isInteger(n) || n > 0x7fffffff) {
      api.lua_settop(L, table);
      return false;
    }
    if (n > max) max = n;
    count++;
  }
  return max === count;
}

function header(out: Bytes, n: number, fix: number, fixMax: number, h8: number, h16: number, h32: number): void {
  if (n <= fixMax) out.byte(fix | n);
  else if (n <= 0xff && h8 >= 0) {
    out.byte(h8);
    out.byte(n);
  } else if (n <= 0xffff) {
    out.byte(h16);
    put(out, 2, n);
  } else {
    out.byte(h32);
    put(out, 4, n);
  }
}

/** The low bytes of an integer, the highest first. */
function put(out: Bytes, bytes: number, n: number): void {
  for (let shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.byte((n >>> shift) & 255);
}

function writeNumber(out: Bytes, n: number): void {
  if (Number.isInteger(n) && n >= -(2 ** 63) && n < 2 ** 63) return writeInteger(out, n + 0);
  const isShort = Math.fround(n) === n;
  out.byte(isShort ? 0xca : 0xcb);
  if (isShort) view.setFloat32(0, n);
  else view.setFloat64(0, n);
  for (let i = 0; i < (isShort ? 4 : 8); i++) out.byte(view.getUint8(i));
}

function writeInteger(out: Bytes, n: number): void {
  if (n >= 0 && n <= 127) return out.byte(n);
  if (n < 0 && n >= -32) return out.byte(n & 255);
  const isPositive = n >= 0;
  const size = isPositive ? unsignedSize(n) : signedSize(n);
  out.byte((isPositive ? 0xcc : 0xd0) + Math.log2(size));
  if (size < 8) return put(out, size, n);
  view.setBigInt64(0, BigInt.asIntN(64, BigInt(n)));
  for (let i = 0; i < 8; i++) out.byte(view.getUint8(i));
}

const unsignedSize = (n: number): number => (n <= 0xff ? 1 : n <= 0xffff ? 2 : n <= 0xffffffff ? 4 : 8);
const signedSize = (n: number): number => (n >= -128 ? 1 : n >= -32768 ? 2 : n >= -2147483648 ? 4 : 8);

// --- reading -----------------------------------------------------------------------------------------------------------

const MISSING = 'Missing bytes in input.';
const BAD = 'Bad data format in input.';

function unpackAll(lua: Lua, L: number, limit: number, offset: number): number {
  const { api } = lua;
  const at = lua.checkString(L, 1);
  const { length } = lua;
  if (offset < 0 || limit < 0) {
    lua.raiseAt(L, `Invalid request to unpack with offset of ${offset} and limit of ${length}.`);
  }
  if (offset > length) lua.raiseAt(L, `Start offset ${offset} greater than input length ${length}.`);
  const all = limit === 0 && offset === 0;
  const reader = new Reader(lua, L, at + offset, at + length);
  let count = 0;
  while (reader.at < reader.end && (all || count < limit)) {
    if (api.lua_checkstack(L, 2) === 0) lua.raiseAt(L, 'stack overflow (in function mp_unpack_full)');
    reader.value(0);
    count++;
  }
  if (all) return count;
  api.lua_pushnumber(L, reader.at === reader.end ? -1 : reader.at - at);
  api.lua_insert(L, 2);
  return count + 1;
}

class Reader {
  readonly #lua: Lua;
  readonly #L: number;
  at: number;
  readonly end: number;

  constructor(lua: Lua, L: number, at: number, end: number) {
    this.#lua = lua;
    this.#L = L;
    this.at = at;
    this.end = end;
  }

  /** Takes so many bytes. */
  #take(bytes: number): number {
    if (bytes > this.end - this.at) this.#lua.raiseAt(this.#L, MISSING);
    const from = this.at;
    this.at += bytes;
    return from;
  }

  /** An unsigned integer of one to four bytes. */
  #unsigned(bytes: number): number {
    const from = this.#take(bytes);
    let n = 0;
    for (let i = 0; i < bytes; i++) n = n * 256 + this.#lua.u8[from + i];
    return n;
  }

  #word(bytes: number): void {
    const from = this.#take(bytes);
    for (let i = 0; i < bytes; i++) view.setUint8(i, this.#lua.u8[from + i]);
  }

  /** Pushes the next value. */
  value(depth: number): void {
    const { api } = this.#lua;
    const L = this.#L;
    const kind = this.#unsigned(1);
    if (kind < 0x80) return api.lua_pushnumber(L, kind);
    if (kind >= 0xe0) return api.lua_pushnumber(L, kind - 256);
    if (kind < 0x90) return this.#map(kind & 15, depth);
    if (kind < 0xa0) return this.#array(kind & 15, depth);
    if (kind < 0xc0) return this.#string(kind & 31);
    switch (kind) {
      case 0xc0:
        return api.lua_pushnil(L);
      case 0xc2:
      case 0xc3:
        return api.lua_pushboolean(L, kind & 1);
      case 0xd9:
        return this.#string(this.#unsigned(1));
      case 0xda:
        return this.#string(this.#unsigned(2));
      case 0xdb:
        return this.#string(this.#unsigned(4));
      case 0xca:
        this.#word(4);
        return api.lua_pushnumber(L, view.getFloat32(0));
      case 0xcb:
        this.#word(8);
        return api.lua_pushnumber(L, view.getFloat64(0));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return api.lua_pushnumber(L, this.#unsigned(1 << (kind - 0xcc)));
      case 0xcf:
        this.#word(8);
        return api.lua_pushnumber(L, Number(view.getBigInt64(0)) /* as lua_pushinteger takes it */);
      case 0xd0:
        return api.lua_pushnumber(L, (this.#unsigned(1) << 24) >> 24);
      case 0xd1:
        return api.lua_pushnumber(L, (this.#unsigned(2) << 16) >> 16);
      case 0xd2:
        return api.lua_pushnumber(L, this.#unsigned(4) | 0);
      case 0xd3:
        this.#word(8);
        return api.lua_pushnumber(L, Number(view.getBigInt64(0)));
      case 0xdc:
        return this.#array(this.#unsigned(2), depth);
      case 0xdd:
        return this.#array(this.#unsigned(4), depth);
      case 0xde:
        return this.#map(this.#unsigned(2), depth);
      case 0xdf:
        return this.#map(this.#unsigned(4), depth);
      default:
        this.#lua.raiseAt(L, BAD);
    }
  }

  #string(length: number): void {
    const from = this.#take(length);
    this.#lua.api.lua_pushlstring(this.#L, from, length);
  }

  #enter(depth: number, where: string): void {
    const { api } = this.#lua;
    if (depth > READ_NESTING_MAX || api.lua_checkstack(this.#L, 4) === 0) {
      this.#lua.raiseAt(this.#L, `stack overflow (in function ${where})`);
    }
    api.lua_createtable(this.#L, 0, 0);
  }

  #array(count: number, depth: number): void {
    this.#enter(depth, 'mp_decode_to_lua_array');
    for (let i = 1; i <= count; i++) {
      this.value(depth + 1);
      this.#lua.api.lua_rawseti(this.#L, -2, i);
    }
  }

  #map(count: number, depth: number): void {
    this.#enter(depth, 'mp_decode_to_lua_hash');
    for (let i = 0; i < count; i++) {
      this.value(depth + 1);
      this.value(depth + 1);
      this.#lua.api.lua_settable(this.#L, -3);
    }
  }
}

import { TNIL } from './lua.ts';
import type { Lua } from './lua.ts';

/**
 * A command's reply becomes a value of Lua, as Redis converts it: what scripts get from redis.call.
 *
 * Returns where the reply ends. An error becomes a table with `err`; it is the caller's affair whether it is raised.
 */
export function pushReply(lua: Lua, L: number, buf: Uint8Array, pos: number): number {
  const { api } = lua;
  if (api.lua_checkstack(L, 6) === 0) lua.raise(L, 'lua stack limit reach when parsing redis.call reply');
  const kind = buf[pos];
  if (kind === BULK || kind === VERBATIM) return pushBulk(lua, L, buf, pos);
  const end = buf.indexOf(13, pos);
  const from = pos + 1;
  const next = end + 2;
  switch (kind) {
    case INTEGER:
      api.lua_pushnumber(L, numberAt(buf, from, end));
      return next;
    case STATUS:
      api.lua_createtable(L, 0, 1);
      lua.pushText(L, 'ok');
      lua.pushBytes(L, buf, from, end - from);
      api.lua_rawset(L, -3);
      return next;
    case ERROR:
      pushError(lua, L, latin1(buf, from, end), true);
      return next;
    case NULL:
      api.lua_pushnil(L);
      return next;
    case BOOLEAN:
      api.lua_pushboolean(L, buf[from] === TRUE ? 1 : 0);
      return next;
    case DOUBLE:
      api.lua_createtable(L, 0, 1);
      lua.pushText(L, 'double');
      api.lua_pushnumber(L, doubleOf(latin1(buf, from, end)));
      api.lua_rawset(L, -3);
      return next;
    case BIG_NUMBER:
      api.lua_createtable(L, 0, 1);
      lua.pushText(L, 'big_number');
      lua.pushBytes(L, buf, from, end - from);
      api.lua_rawset(L, -3);
      return next;
    case MAP:
    case ATTRIBUTE:
      return pushMap(lua, L, buf, next, numberAt(buf, from, end), kind);
    case SET:
      return pushSet(lua, L, buf, next, numberAt(buf, from, end));
    default:
      return pushArray(lua, L, buf, next, numberAt(buf, from, end));
  }
}

/** A table with `err`: "CODE text". `counted`: the statistics have seen it. */
export function pushError(lua: Lua, L: number, text: string, counted: boolean): void {
  const { api } = lua;
  api.lua_createtable(L, 0, 2);
  lua.pushText(L, 'err');
  lua.pushText(L, withCode(text));
  api.lua_rawset(L, -3);
  if (!counted) return;
  lua.pushText(L, 'ignore_error_stats_update');
  api.lua_pushboolean(L, 1);
  api.lua_rawset(L, -3);
}

/** As Redis: a text of a single word has no code, and gets one. */
function withCode(text: string): string {
  const trimmed = text.replace(/[\r\n]+$/, '');
  return trimmed.includes(' ') ? trimmed : `ERR ${trimmed}`;
}

function pushBulk(lua: Lua, L: number, buf: Uint8Array, pos: number): number {
  const { api } = lua;
  if (buf[pos + 1] === MINUS) {
    api.lua_pushboolean(L, 0);
    return pos + 5;
  }
  let at = pos + 1;
  let len = 0;
  for (; buf[at] !== 13; at++) len = len * 10 + buf[at] - 48;
  at += 2;
  if (buf[pos] === BULK) lua.pushBytes(L, buf, at, len);
  else {
    api.lua_createtable(L, 0, 1);
    lua.pushText(L, 'verbatim_string');
    api.lua_createtable(L, 0, 2);
    lua.pushText(L, 'string');
    lua.pushBytes(L, buf, at + 4, len - 4);
    api.lua_rawset(L, -3);
    lua.pushText(L, 'format');
    lua.pushBytes(L, buf, at, 3);
    api.lua_rawset(L, -3);
    api.lua_rawset(L, -3);
  }
  return at + len + 2;
}

function pushArray(lua: Lua, L: number, buf: Uint8Array, pos: number, count: number): number {
  const { api } = lua;
  if (count < 0) {
    api.lua_pushboolean(L, 0);
    return pos;
  }
  api.lua_createtable(L, count, 0);
  for (let i = 1; i <= count; i++) {
    pos = pushReply(lua, L, buf, pos);
    api.lua_rawseti(L, -2, i);
  }
  return pos;
}

/** `{ map = { key = value } }`. Attributes are read and dropped. */
function pushMap(lua: Lua, L: number, buf: Uint8Array, pos: number, count: number, kind: number): number {
  const { api } = lua;
  api.lua_createtable(L, 0, 1);
  lua.pushText(L, 'map');
  api.lua_createtable(L, 0, count);
  for (let i = 0; i < count; i++) {
    pos = pushReply(lua, L, buf, pos);
    pos = pushReply(lua, L, buf, pos);
    setAny(lua, L);
  }
  api.lua_rawset(L, -3);
  if (kind === MAP) return pos;
  api.lua_settop(L, -2);
  return pushReply(lua, L, buf, pos);
}

function pushSet(lua: Lua, L: number, buf: Uint8Array, pos: number, count: number): number {
  const { api } = lua;
  api.lua_createtable(L, 0, 1);
  lua.pushText(L, 'set');
  api.lua_createtable(L, 0, count);
  for (let i = 0; i < count; i++) {
    pos = pushReply(lua, L, buf, pos);
    api.lua_pushboolean(L, 1);
    setAny(lua, L);
  }
  api.lua_rawset(L, -3);
  return pos;
}

/** As rawset, but a key that is nil is left out. */
function setAny(lua: Lua, L: number): void {
  const { api } = lua;
  if (api.lua_type(L, -2) === TNIL) api.lua_settop(L, -3);
  else api.lua_rawset(L, -3);
}

function numberAt(buf: Uint8Array, from: number, end: number): number {
  let at = from;
  const negative = buf[at] === MINUS;
  if (negative) at++;
  // Beyond 15 digits adding up is not exact, and parsing a text is.
  if (end - at > 15) return Number(latin1(buf, from, end));
  let n = 0;
  for (; at < end; at++) n = n * 10 + buf[at] - 48;
  return negative ? -n : n;
}

function doubleOf(text: string): number {
  if (text === 'inf') return Infinity;
  if (text === '-inf') return -Infinity;
  return Number(text);
}

const latin1 = (buf: Uint8Array, from: number, end: number): string =>
  Buffer.from(buf.buffer, buf.byteOffset + from, end - from).toString('latin1');

const MINUS = 45;
const TRUE = 116;
const BULK = 36;
const VERBATIM = 61;
const INTEGER = 58;
const STATUS = 43;
const ERROR = 45;
const NULL = 95;
const BOOLEAN = 35;
const DOUBLE = 44;
const BIG_NUMBER = 40;
const MAP = 37;
const SET = 126;
const ATTRIBUTE = 124;

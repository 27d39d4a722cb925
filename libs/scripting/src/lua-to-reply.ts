import type { ReplyWriter } from '@weir/resp';
import { TBOOLEAN, TNIL, TNUMBER, TSTRING, TTABLE } from './lua.ts';
import type { Lua } from './lua.ts';

/**
 * What a script returns becomes the reply, as Redis converts it. `scriptResp`: the protocol that the script has chosen (redis.setresp), which decides about
 * booleans; everything else goes by the client's, which the writer knows.
 */
export class ReplyOfLua {
  readonly #lua: Lua;
  /** The reply that was written last is an error that the statistics have seen. */
  counted = false;

  constructor(lua: Lua) {
    this.#lua = lua;
  }

  /** Writes the value on top of the stack, and takes it. */
  write(L: number, reply: ReplyWriter, scriptResp: 2 | 3): void {
    const lua = this.#lua;
    const { api } = lua;
    if (api.lua_gettop(L) > STACK_MAX || api.lua_checkstack(L, 8) === 0) {
      reply.error('ERR reached lua stack limit');
      api.lua_settop(L, -2);
      return;
    }
    switch (api.lua_type(L, -1)) {
      case TSTRING: {
        const at = lua.stringAt(L, -1);
        reply.bulk(lua.u8, at, lua.length);
        break;
      }
      case TNUMBER:
        writeInteger(reply, api.lua_tonumber(L, -1));
        break;
      case TBOOLEAN: {
        const value = api.lua_toboolean(L, -1) !== 0;
        if (scriptResp === 3) reply.bool(value);
        else if (value) reply.int(1);
        else reply.nil();
        break;
      }
      case TTABLE:
        this.#table(L, reply, scriptResp);
        break;
      default:
        reply.nil();
    }
    api.lua_settop(L, -2);
  }

  #table(L: number, reply: ReplyWriter, scriptResp: 2 | 3): void {
    const lua = this.#lua;
    const { api } = lua;
    const table = api.lua_gettop(L);
    if (lua.getField(L, table, 'err') === TSTRING) {
      const text = lua.text(L, -1);
      this.counted = lua.getField(L, table, 'ignore_error_stats_update') === TBOOLEAN && api.lua_toboolean(L, -1) !== 0;
      reply.error(upToNul(text));
    } else if (lua.getField(L, table, 'ok') === TSTRING) {
      reply.simple(oneLine(upToNul(lua.text(L, -1))));
    } else if (lua.getField(L, table, 'double') === TNUMBER) {
      reply.double(api.lua_tonumber(L, -1));
    } else if (lua.getField(L, table, 'map') === TTABLE) {
      this.#pairs(L, reply, scriptResp, true);
    } else if (lua.getField(L, table, 'set') === TTABLE) {
      this.#pairs(L, reply, scriptResp, false);
    } else if (lua.getField(L, table, 'big_number') === TSTRING) {
      reply.bigNumber(oneLine(lua.text(L, -1)));
    } else if (!this.#verbatim(L, table, reply)) {
      api.lua_settop(L, table);
      this.#array(L, table, reply, scriptResp);
    }
    api.lua_settop(L, table);
  }

  /** The table on top: its pairs as a map, or its keys as a set. */
  #pairs(L: number, reply: ReplyWriter, scriptResp: 2 | 3, isMap: boolean): void {
    const { api } = this.#lua;
    const table = api.lua_gettop(L);
    const mark = reply.beginAggregate();
    let count = 0;
    api.lua_pushnil(L);
    while (api.lua_next(L, table) !== 0) {
      api.lua_pushvalue(L, -2);
      this.write(L, reply, scriptResp);
      if (isMap) this.write(L, reply, scriptResp);
      else api.lua_settop(L, -2);
      count++;
    }
    reply.endAggregate(mark, isMap ? 'map' : 'set', count);
  }

  #array(L: number, table: number, reply: ReplyWriter, scriptResp: 2 | 3): void {
    const { api } = this.#lua;
    let count = 0;
    const mark = reply.beginAggregate();
    for (;;) {
      api.lua_rawgeti(L, table, count + 1);
      if (api.lua_type(L, -1) === TNIL) break;
      this.write(L, reply, scriptResp);
      count++;
    }
    reply.endAggregate(mark, 'array', count);
  }

  #verbatim(L: number, table: number, reply: ReplyWriter): boolean {
    const lua = this.#lua;
    if (lua.getField(L, table, 'verbatim_string') !== TTABLE) return false;
    const inner = lua.api.lua_gettop(L);
    if (lua.getField(L, inner, 'string') !== TSTRING || lua.getField(L, inner, 'format') !== TSTRING) return false;
    const format = upToNul(lua.text(L, inner + 2)).slice(0, 3);
    const at = lua.stringAt(L, inner + 1);
    const { length } = lua;
    if (reply.resp === 2) reply.bulk(lua.u8, at, length);
    else reply.verbatimBytes(format, lua.u8, at, length);
    return true;
  }
}

/** A table inside of a table inside of … takes a place on Lua's stack each, and of JavaScript's, too: so deep it may be. */
const STACK_MAX = 1000;

const INT64_MIN = -(2n ** 63n);

/** As a C cast to `long long` does on x86. */
function writeInteger(reply: ReplyWriter, n: number): void {
  const whole = Math.trunc(n);
  if (Number.isSafeInteger(whole)) reply.int(whole + 0);
  else if (whole !== whole || whole >= 2 ** 63 || whole < -(2 ** 63)) reply.bigint(INT64_MIN);
  else reply.bigint(BigInt(whole));
}

const oneLine = (text: string): string => text.replace(/[\r\n]/g, ' ');

/** As C reads a text. */
export function upToNul(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

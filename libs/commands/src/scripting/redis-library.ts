/** `redis` in scripts, but for call and pcall: see runner.ts. */

import { Request } from '@weir/resp';
import { TNUMBER, TSTRING, pushError, sha1Hex } from '@weir/scripting';
import type { HostFunction, HostLibrary, Lua } from '@weir/scripting';
import { commandOf } from '../acl/acl.ts';
import { REDIS_VERSION } from '../core/version.ts';
import type { Runner } from './runner.ts';

const LOG_WARNING = 3;
const LEVELS = ['debug', 'verbose', 'notice', 'warning'];
const REPL_ALL = 3;

const versionNumber = (): number => {
  const [major, minor, patch] = REDIS_VERSION.split('.').map(Number);
  return major * 65536 + minor * 256 + patch;
};

/** What EVAL scripts and functions both have. */
function common(runner: Runner): HostLibrary {
  const lua = (): Lua => runner.machine.lua;
  return {
    log: (L) => log(runner, lua(), L),
    sha1hex: (L) => {
      if (lua().api.lua_gettop(L) !== 1) fail(lua(), L, 'wrong number of arguments');
      const at = lua().stringAt(L, 1);
      lua().pushText(L, sha1Hex(lua().u8, at, at + lua().length));
      return 1;
    },
    status_reply: (L) => singleField(lua(), L, 'ok'),
    error_reply: (L) => singleField(lua(), L, 'err'),
    setresp: (L) => {
      const { api } = lua();
      if (api.lua_gettop(L) !== 1) fail(lua(), L, 'redis.setresp() requires one argument.');
      const resp = api.lua_tonumber(L, 1) | 0;
      if (resp !== 2 && resp !== 3) fail(lua(), L, 'RESP version must be 2 or 3.');
      runner.setResp(resp as 2 | 3);
      return 0;
    },
    // Effects are replicated whatever a script asks for: a slave that lacks some is no copy.
    set_repl: (L) => {
      const { api } = lua();
      if (api.lua_gettop(L) !== 1) fail(lua(), L, 'redis.set_repl() requires two arguments.');
      if ((api.lua_tonumber(L, 1) & ~REPL_ALL) !== 0) {
        fail(lua(), L, 'Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.');
      }
      return 0;
    },
    acl_check_cmd: (L) => checkCommand(runner, lua(), L),
    LOG_DEBUG: 0,
    LOG_VERBOSE: 1,
    LOG_NOTICE: 2,
    LOG_WARNING,
    REPL_NONE: 0,
    REPL_AOF: 1,
    REPL_SLAVE: 2,
    REPL_REPLICA: 2,
    REPL_ALL,
    REDIS_VERSION,
    REDIS_VERSION_NUM: versionNumber(),
  };
}

/** What functions have. */
export const functionExtras = common;

/** What the source of a function library has while it is loaded; `register` is register_function. */
export function loadingExtras(runner: Runner, register: HostFunction): HostLibrary {
  const members = Object.entries(common(runner));
  const kept = members.filter(([name]) => /^(?:log|LOG_.*|REDIS_VERSION.*)$/.test(name));
  return { ...Object.fromEntries(kept), register_function: register };
}

/** … and what only EVAL scripts have. */
export function evalExtras(runner: Runner): HostLibrary {
  return {
    ...common(runner),
    replicate_commands: (L) => {
      runner.machine.lua.api.lua_pushboolean(L, 1);
      return 1;
    },
    breakpoint: (L) => {
      runner.machine.lua.api.lua_pushboolean(L, 0);
      return 1;
    },
    debug: nothing,
  };
}

const nothing: HostFunction = () => 0;

/** Raises an error as Redis's own functions do: a table, without a place. */
function fail(lua: Lua, L: number, text: string): never {
  pushError(lua, L, `ERR ${text}`, false);
  return lua.throwTop(L);
}

function log(runner: Runner, lua: Lua, L: number): number {
  const { api } = lua;
  const count = api.lua_gettop(L);
  if (count < 2) fail(lua, L, 'redis.log() requires two arguments or more.');
  if (api.lua_type(L, 1) !== TNUMBER) fail(lua, L, 'First argument must be a number (log level).');
  const level = Math.trunc(api.lua_tonumber(L, 1));
  if (!(level >= 0 && level <= LOG_WARNING)) fail(lua, L, 'Invalid debug level.');
  const { config, host } = runner.context;
  if (level < LEVELS.indexOf(String(config.choice.loglevel))) return 0;
  const parts: string[] = [];
  for (let i = 2; i <= count; i++) if (lua.stringAt(L, i) !== 0) parts.push(lua.text(L, i));
  host.log?.(parts.join(' '));
  return 0;
}

/** `{ ok = text }`, `{ err = text }`. */
function singleField(lua: Lua, L: number, field: 'ok' | 'err'): number {
  const { api } = lua;
  if (api.lua_gettop(L) !== 1 || api.lua_type(L, 1) !== TSTRING) {
    pushError(lua, L, 'ERR wrong number or type of arguments', false);
    return 1;
  }
  if (field === 'err') {
    pushError(lua, L, lua.text(L, 1).replace(/^-/, ''), false);
    return 1;
  }
  api.lua_createtable(L, 0, 1);
  lua.pushText(L, field);
  api.lua_pushvalue(L, 1);
  api.lua_rawset(L, -3);
  return 1;
}

/** redis.acl_check_cmd: whether the user who runs the script may run a command. */
function checkCommand(runner: Runner, lua: Lua, L: number): number {
  const { api } = lua;
  const count = api.lua_gettop(L);
  if (count === 0) fail(lua, L, 'Please specify at least one argument for this redis lib call');
  const words: Uint8Array[] = [];
  for (let i = 1; i <= count; i++) {
    if (lua.stringAt(L, i) === 0) fail(lua, L, 'Lua redis lib command arguments must be strings or integers');
    words.push(lua.bytes(L, i));
  }
  const req = new Request().setFromBytes(words);
  const { table, acl, session } = runner.context;
  if (commandOf(table, req) === undefined) {
    fail(lua, L, 'Invalid command passed to redis.acl_check_cmd()');
  }
  const { user } = session;
  api.lua_pushboolean(L, user === null || acl.mayRun(user, table, req) ? 1 : 0);
  return 1;
}

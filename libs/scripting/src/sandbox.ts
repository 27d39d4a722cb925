/**
 * What scripts see: Redis's globals, none of which they can change.
 *
 * Redis's Lua is a changed one that knows tables which cannot be written to. This one is as it was published, so a table of that kind is an empty one here
 * (a *shield*) whose metatable reads the real one and refuses writes. Functions that look past metatables (`rawset`, `next`, `table.insert` …) are wrapped by
 * host functions that look for shields. The cost: a global is looked up in three tables in place of one, some nanoseconds.
 *
 * Bytecode is not loaded, in whatever way; nothing that leads out of Lua (files, the system, the debug library) is there.
 */

import { ERRMEM, GC_RESTART, GLOBALS, Lua, OK, REGISTRY, TFUNCTION, TNIL, TSTRING, TTABLE } from './lua.ts';
import type { LuaInit } from './lua.ts';
import type { HostFunction } from './host-module.ts';
import { Random } from './random.ts';

export const READONLY = 'Attempt to modify a readonly table';
const REMOVED = ['dofile', 'loadfile', 'newproxy', 'print', 'getfenv', 'setfenv', 'module', 'require'];
/** Byte that begins precompiled code. */
const ESCAPE = 27;
/** What `load` is given in pieces is no longer. */
const LOAD_BYTES_MAX = 16 * 1024 * 1024;
/** As many results as there are. */
const MULTIPLE = -1;
/** More results than this have no room on Lua's stack. */
const RESULTS_MAX = 8000;
/** More values than a table has room for. */
const MOVED_MAX = 2 ** 24;

/** A library of host functions and constants, by the name of its table. */
export type HostLibrary = Readonly<Record<string, HostFunction | number | string>>;

export interface SandboxInit extends Omit<LuaInit, 'functions'> {
  /** Libraries that are made for the machine at hand: they use it. */
  /** It goes on from machine to machine. */
  readonly random: Random;
  readonly libraries: (lua: () => Lua) => Readonly<Record<string, HostLibrary>>;
  /** What a chunk finds while `useGlobals('loading')` holds, and nothing else: for sources of function libraries. */
  readonly loading?: (lua: () => Lua) => Readonly<Record<string, HostLibrary>>;
}

export class Sandbox {
  readonly lua: Lua;
  readonly random: Random;
  /** A script changed how garbage is collected. */
  #collectorTouched = false;
  readonly #shields = new Map<number, number>();
  readonly #numbers = new Map<HostFunction, number>();
  /** Reference of Lua's own `next`. */
  #next = 0;
  /** Of the table of globals behind its shield. */
  readonly globals: number;

  constructor(init: SandboxInit) {
    const lua = (): Lua => this.lua;
    this.random = init.random;
    const libraries = init.libraries(lua);
    const functions: HostFunction[] = [];
    const add = (run: HostFunction): HostFunction => {
      this.#numbers.set(run, functions.push(run) - 1);
      return run;
    };
    const own = this.#ownFunctions(add);
    const loading = init.loading?.(lua) ?? {};
    for (const library of [...Object.values(libraries), ...Object.values(loading)]) {
      for (const member of Object.values(library)) if (typeof member === 'function') add(member);
    }
    // What guards another function has to know it: numbers are handed out before there is a machine.
    const guarded = GUARDED.map((name) => new Guard(name));
    for (const guard of guarded) {
      const isInsert = guard.name === 'table.insert';
      guard.run = add((L) => {
        if (isInsert) this.#checkPlace(L);
        return this.#guard(L, guard.original);
      });
    }
    this.lua = new Lua({ ...init, functions });
    this.globals = this.#build(own, guarded, libraries);
    this.#loading = this.#buildLoading(own, loading);
  }

  // --- building ------------------------------------------------------------------------------------------------------

  #build(own: OwnFunctions, guarded: readonly Guard[], libraries: Readonly<Record<string, HostLibrary>>): number {
    const { lua } = this;
    const { api, L } = lua;
    for (const open of [api.luaopen_base, api.luaopen_table, api.luaopen_string, api.luaopen_math]) open(L);
    api.lua_settop(L, 0);
    api.lua_pushvalue(L, GLOBALS); // 1: the globals
    for (const name of REMOVED) {
      api.lua_pushnil(L);
      lua.setField(L, 1, name);
    }
    lua.getField(L, 1, 'next');
    this.#next = api.luaL_ref(L, REGISTRY);
    lua.getField(L, 1, 'collectgarbage');
    this.#collect = this.#original(-1);
    api.lua_settop(L, 1);
    for (const guard of guarded) {
      const [table, name] = guard.name.includes('.') ? guard.name.split('.') : ['', guard.name];
      this.#at(table);
      lua.getField(L, 2, name);
      guard.original = this.#original(-1);
      api.lua_settop(L, 2);
      this.#pushHost(L, guard.run);
      lua.setField(L, 2, name);
      api.lua_settop(L, 1);
    }
    for (const [path, run] of Object.entries(own.functions)) {
      const [table, name] = path.includes('.') ? path.split('.') : ['', path];
      this.#at(table);
      this.#pushHost(L, run);
      lua.setField(L, 2, name);
      api.lua_settop(L, 1);
    }
    for (const [name, library] of Object.entries(libraries)) {
      this.#pushLibrary(library);
      lua.setField(L, 1, name);
    }
    if ('cjson' in libraries) {
      lua.getField(L, 1, 'cjson');
      api.lua_pushlightuserdata(L, 0);
      lua.setField(L, 2, 'null');
      api.lua_settop(L, 1);
    }
    // Strings find their methods in the real table; whoever asks for their metatable gets a shield of it.
    lua.pushText(L, '');
    api.lua_getmetatable(L, -1);
    this.#stringMeta = api.lua_topointer(L, -1);
    const meta = api.lua_gettop(L);
    lua.getField(L, 1, 'string');
    lua.setField(L, meta, '__index');
    api.lua_settop(L, 1);
    for (const name of ['string', 'table', 'math', 'coroutine', ...Object.keys(libraries)]) {
      lua.getField(L, 1, name);
      this.#shield(own.readonly);
      lua.setField(L, 1, name);
    }
    api.lua_createtable(L, 0, 1);
    lua.getField(L, 1, 'string');
    lua.setField(L, 2, '__index');
    this.#shield(own.readonly);
    this.#stringShield = api.luaL_ref(L, REGISTRY);
    api.lua_settop(L, 1);
    // The globals: what is not there is an error.
    api.lua_createtable(L, 0, 1);
    this.#pushHost(L, own.missing);
    lua.setField(L, 2, '__index');
    api.lua_pushvalue(L, -1);
    api.lua_setmetatable(L, 1);
    this.#shield(own.readonly);
    this.#globalMeta = api.luaL_ref(L, REGISTRY);
    api.lua_settop(L, 1);
    api.lua_pushvalue(L, 1);
    this.#globalShield = this.#shield(own.readonly);
    api.lua_pushvalue(L, -1);
    lua.setField(L, 1, '_G');
    api.lua_replace(L, GLOBALS);
    api.lua_settop(L, 1);
    return api.luaL_ref(L, REGISTRY);
  }

  /** The globals of the loading phase: libraries, and an error for everything else. Returns their reference. */
  #buildLoading(own: OwnFunctions, libraries: Readonly<Record<string, HostLibrary>>): number {
    const { lua } = this;
    const { api, L } = lua;
    api.lua_settop(L, 0);
    api.lua_createtable(L, 0, 2);
    for (const [name, library] of Object.entries(libraries)) {
      this.#pushLibrary(library);
      api.lua_createtable(L, 0, 1);
      this.#pushHost(L, own.missing);
      lua.setField(L, 3, '__index');
      api.lua_setmetatable(L, 2);
      this.#shield(own.readonly);
      lua.setField(L, 1, name);
    }
    api.lua_createtable(L, 0, 1);
    this.#pushHost(L, own.missing);
    lua.setField(L, 2, '__index');
    api.lua_setmetatable(L, 1);
    return api.luaL_ref(L, REGISTRY);
  }

  /** Pushes a table of the library's members. */
  #pushLibrary(library: HostLibrary): void {
    const { lua } = this;
    const { api, L } = lua;
    api.lua_createtable(L, 0, 16);
    const table = api.lua_gettop(L);
    for (const [member, value] of Object.entries(library)) {
      if (typeof value === 'function') this.#pushHost(L, value);
      else if (typeof value === 'number') api.lua_pushnumber(L, value);
      else lua.pushText(L, value);
      lua.setField(L, table, member);
    }
  }

  /** Which globals chunks see from now on, those that were compiled before included. */
  useGlobals(which: 'running' | 'loading'): void {
    const { lua } = this;
    const { api, L } = lua;
    api.lua_settop(L, 0);
    api.lua_pushvalue(L, GLOBALS);
    api.lua_getmetatable(L, 1);
    api.lua_rawgeti(L, REGISTRY, which === 'running' ? this.globals : this.#loading);
    lua.setField(L, 2, '__index');
    api.lua_settop(L, 0);
  }

  readonly #loading: number;
  #stringMeta = 0;
  #stringShield = 0;
  #globalShield = 0;
  #globalMeta = 0;

  /** Puts the globals' table of that name (the globals themselves without one) into place 2. */
  #at(table: string): void {
    const { lua } = this;
    if (table === '') lua.api.lua_pushvalue(lua.L, 1);
    else lua.getField(lua.L, 1, table);
  }

  /** The C function on the stack, to be called from here. */
  #original(i: number): HostFunction {
    const { api, L } = this.lua;
    return api.__indirect_function_table.get(api.lua_tocfunction(L, i)) as HostFunction;
  }

  #pushHost(L: number, run: HostFunction): void {
    const number = this.#numbers.get(run);
    if (number === undefined) throw new Error('a host function has no number');
    this.lua.pushFunction(L, number);
  }

  /** Puts a shield in the place of the table on top. Returns its address. */
  #shield(readonly: HostFunction): number {
    const { lua } = this;
    const { api, L } = lua;
    const real = api.lua_gettop(L);
    api.lua_createtable(L, 0, 0);
    api.lua_createtable(L, 0, 2);
    api.lua_pushvalue(L, real);
    lua.setField(L, real + 2, '__index');
    this.#pushHost(L, readonly);
    lua.setField(L, real + 2, '__newindex');
    api.lua_setmetatable(L, real + 1);
    const address = api.lua_topointer(L, real + 1);
    api.lua_insert(L, real);
    this.#shields.set(address, api.luaL_ref(L, REGISTRY));
    // It is never collected, so that its address stays its own.
    api.lua_pushvalue(L, real);
    api.luaL_ref(L, REGISTRY);
    return address;
  }

  // --- what scripts call -----------------------------------------------------------------------------------------------

  /** Functions that may look past a metatable: the first argument must not be a shield. */
  #guard(L: number, original: HostFunction): number {
    const { lua } = this;
    if (this.#shields.has(lua.api.lua_topointer(L, 1))) lua.raise(L, READONLY);
    return original(L);
  }

  /** Whether the argument is a shield; then the table behind it has taken its place. */
  #seeThrough(L: number): boolean {
    const { api } = this.lua;
    if (api.lua_type(L, 1) !== TTABLE) return false;
    const real = this.#shields.get(api.lua_topointer(L, 1));
    if (real === undefined) return false;
    api.lua_rawgeti(L, REGISTRY, real);
    api.lua_replace(L, 1);
    return true;
  }

  #ownFunctions(add: (run: HostFunction) => HostFunction): OwnFunctions {
    const { random } = this;
    const readonly = add((L) => this.lua.raiseAt(L, READONLY));
    const missing = add((L) => {
      const name = this.lua.text(L, 2);
      return this.lua.raiseAt(L, `Script attempted to access nonexistent global variable '${name}'`);
    });
    const functions: Record<string, HostFunction> = {
      pairs: (L) => {
        const { api } = this.lua;
        api.luaL_checktype(L, 1, TTABLE);
        // The table behind a shield must not be handed out: our own `next` looks through.
        if (this.#shields.has(api.lua_topointer(L, 1))) this.#pushHost(L, functions['next']);
        else api.lua_rawgeti(L, REGISTRY, this.#next);
        api.lua_pushvalue(L, 1);
        api.lua_pushnil(L);
        return 3;
      },
      next: (L) => {
        const { api } = this.lua;
        api.luaL_checktype(L, 1, TTABLE);
        this.#seeThrough(L);
        api.lua_settop(L, 2);
        if (api.lua_next(L, 1) !== 0) return 2;
        api.lua_pushnil(L);
        return 1;
      },
      rawget: (L) => {
        const { api } = this.lua;
        api.luaL_checktype(L, 1, TTABLE);
        api.luaL_checkany(L, 2);
        this.#seeThrough(L);
        api.lua_settop(L, 2);
        api.lua_rawget(L, 1);
        return 1;
      },
      getmetatable: (L) => this.#getMetatable(L),
      pcall: (L) => this.#pcall(L),
      xpcall: (L) => this.#xpcall(L),
      unpack: (L) => this.#unpack(L),
      loadstring: (L) => this.#loadString(L),
      load: (L) => this.#load(L),
      collectgarbage: (L) => {
        this.#collectorTouched = true;
        return this.#collect(L);
      },
      'math.random': (L) => {
        const { api } = this.lua;
        const fraction = random.fraction();
        const count = api.lua_gettop(L);
        if (count === 0) api.lua_pushnumber(L, fraction);
        else if (count > 2) this.lua.raiseAt(L, 'wrong number of arguments');
        else {
          const from = count === 1 ? 1 : api.luaL_checkinteger(L, 1);
          const to = api.luaL_checkinteger(L, count);
          if (from > to) this.lua.argumentError(L, count, 'interval is empty');
          api.lua_pushnumber(L, Math.floor(fraction * (to - from + 1)) + from);
        }
        return 1;
      },
      'math.randomseed': (L) => {
        random.seed(this.lua.api.luaL_checkinteger(L, 1));
        return 0;
      },
    };
    for (const run of Object.values(functions)) add(run);
    return { functions, readonly, missing };
  }

  #collect: HostFunction = nothing;

  #getMetatable(L: number): number {
    const { api } = this.lua;
    api.luaL_checkany(L, 1);
    const address = api.lua_type(L, 1) === TTABLE ? api.lua_topointer(L, 1) : 0;
    if (address !== 0 && address === this.#globalShield) {
      api.lua_rawgeti(L, REGISTRY, this.#globalMeta);
      return 1;
    }
    if (this.#shields.has(address) || api.lua_getmetatable(L, 1) === 0) {
      api.lua_pushnil(L);
      return 1;
    }
    if (api.lua_topointer(L, -1) === this.#stringMeta) {
      api.lua_rawgeti(L, REGISTRY, this.#stringShield);
      return 1;
    }
    const meta = api.lua_gettop(L);
    if (this.lua.getField(L, meta, '__metatable') === TNIL) api.lua_settop(L, meta);
    return 1;
  }

  /** As in Redis, of an error of its own that is a table the script sees the text. */
  #pcall(L: number): number {
    const { lua } = this;
    const { api } = lua;
    api.luaL_checkany(L, 1);
    api.lua_pushboolean(L, 1);
    api.lua_insert(L, 1);
    if (api.lua_pcall(L, api.lua_gettop(L) - 2, MULTIPLE, 0) === 0) return api.lua_gettop(L);
    const top = api.lua_gettop(L);
    if (api.lua_type(L, top) === TTABLE && lua.getField(L, top, 'err') === TSTRING) api.lua_replace(L, top);
    api.lua_settop(L, top);
    api.lua_pushboolean(L, 0);
    api.lua_replace(L, 1);
    return top;
  }

  /**
   * The original calls the handler where the error was raised. Where that is the hook that ends a script, Lua calls no hooks meanwhile, and a handler that does
   * not return would never be ended. Here it is called when the error has come out.
   */
  #xpcall(L: number): number {
    const { api } = this.lua;
    api.luaL_checkany(L, 2);
    api.lua_settop(L, 2);
    api.lua_insert(L, 1); // 1: the handler, 2: the function
    const status = api.lua_pcall(L, 0, MULTIPLE, 0);
    if (status === OK) {
      api.lua_pushboolean(L, 1);
      api.lua_replace(L, 1);
      return api.lua_gettop(L);
    }
    // As in Lua, no handler is told that memory is missing.
    if (status !== ERRMEM && api.lua_pcall(L, 1, 1, 0) !== OK) {
      api.lua_settop(L, -2);
      this.lua.pushText(L, 'error in error handling');
    }
    api.lua_pushboolean(L, 0);
    api.lua_insert(L, -2);
    return 2;
  }

  /** Lua moves what is behind the place one by one, and does not look whether there is anything: that could go on for minutes. */
  #checkPlace(L: number): void {
    const { api } = this.lua;
    if (api.lua_gettop(L) !== 3 || api.lua_type(L, 1) !== TTABLE) return;
    const place = api.luaL_checkinteger(L, 2);
    if (api.lua_objlen(L, 1) - place > MOVED_MAX) this.lua.argumentError(L, 2, 'position out of bounds');
  }

  /** The original counts the results in an int that overflows (CVE-2025-46817). */
  #unpack(L: number): number {
    const { api } = this.lua;
    api.luaL_checktype(L, 1, TTABLE);
    const from = api.luaL_optinteger(L, 2, 1);
    const to = api.lua_type(L, 3) <= TNIL ? api.lua_objlen(L, 1) : api.luaL_checkinteger(L, 3);
    if (from > to) return 0;
    const count = to - from + 1;
    if (count > RESULTS_MAX || api.lua_checkstack(L, count) === 0) {
      return this.lua.raiseAt(L, 'too many results to unpack');
    }
    for (let i = from; i <= to; i++) api.lua_rawgeti(L, 1, i);
    return count;
  }

  #loadString(L: number): number {
    const { lua } = this;
    const at = lua.checkString(L, 1);
    const { length } = lua;
    return this.#compile(L, at, length, lua.api.luaL_optlstring(L, 2, at, 0));
  }

  /** The pieces that a function hands out, one behind the other. */
  #load(L: number): number {
    const { lua } = this;
    const { api } = lua;
    const name = api.luaL_optlstring(L, 2, lua.constant('=(load)'), 0);
    api.luaL_checktype(L, 1, TFUNCTION);
    api.lua_settop(L, 2);
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for (;;) {
      api.lua_pushvalue(L, 1);
      const failed = api.lua_pcall(L, 0, 1, 0) !== 0;
      const type = api.lua_type(L, -1);
      if (failed || (type !== TNIL && lua.stringAt(L, -1) === 0)) {
        if (!failed) lua.pushText(L, 'reader function must return a string');
        api.lua_pushnil(L);
        api.lua_insert(L, -2);
        return 2;
      }
      if (type === TNIL || lua.length === 0) break;
      parts.push(lua.bytes(L, -1));
      bytes += lua.length;
      if (bytes > LOAD_BYTES_MAX || parts.length > LOAD_BYTES_MAX / 16) lua.raise(L, 'not enough memory');
      api.lua_settop(L, 2);
    }
    lua.pushBytes(L, Buffer.concat(parts), 0, bytes);
    const at = lua.stringAt(L, -1);
    return this.#compile(L, at, lua.length, name);
  }

  /**
   * The parser keeps the chunk's name without telling the collector (CVE-2025-49844). So the name, as the parser makes it, is on the stack meanwhile.
   */
  #compile(L: number, at: number, length: number, name: number): number {
    const { api } = this.lua;
    api.lua_pushstring(L, name);
    const status = this.loadBuffer(L, at, length, name);
    if (status === 0) return 1;
    api.lua_pushnil(L);
    api.lua_insert(L, -2);
    return 2;
  }

  /** Compiles; the function, or else the error's text, is on top then. Precompiled code is read as text, and is none. */
  loadBuffer(L: number, at: number, length: number, name: number): number {
    const { lua } = this;
    if (length > 0 && lua.u8[at] === ESCAPE) {
      lua.pushText(L, `${chunkName(lua.textAt(name))}:1: unexpected symbol near 'char(27)'`);
      return 3;
    }
    return lua.api.luaL_loadbuffer(L, at, length, name);
  }

  // --- around a script -------------------------------------------------------------------------------------------------

  /** Before each: what the last one left does not matter to this one. */
  begin(): void {
    if (!this.#collectorTouched) return;
    this.#collectorTouched = false;
    const { api, L } = this.lua;
    api.lua_gc(L, GC_RESTART, 0);
    api.lua_gc(L, 6, 200); // pause
    api.lua_gc(L, 7, 200); // step multiplier
  }
}

/** How Lua names a chunk in errors: `luaO_chunkid`. */
function chunkName(name: string): string {
  const SIZE = 60;
  if (name.startsWith('=')) return name.slice(1, SIZE);
  if (name.startsWith('@')) {
    const text = name.slice(1);
    const room = SIZE - " '...' ".length - 1;
    return text.length > room ? `...${text.slice(text.length - room)}` : text;
  }
  const room = SIZE - ' [string "..."] '.length - 1;
  const end = /[\r\n]/.exec(name)?.index ?? name.length;
  const line = Math.min(end, room);
  return `[string "${line < name.length ? `${name.slice(0, line)}...` : name}"]`;
}

interface OwnFunctions {
  readonly functions: Readonly<Record<string, HostFunction>>;
  readonly readonly: HostFunction;
  readonly missing: HostFunction;
}

const nothing: HostFunction = () => 0;

class Guard {
  readonly name: string;
  /** The guarded function, and what stands in its place. */
  original = nothing;
  run = nothing;

  constructor(name: string) {
    this.name = name;
  }
}

const GUARDED = ['rawset', 'setmetatable', 'table.insert', 'table.remove'];

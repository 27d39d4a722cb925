/**
 * Functions (FUNCTION LOAD, FCALL): a runner of their own, and what is compiled of the libraries.
 *
 * The libraries themselves are sources and belong to the data set (`Keyspace.functions`): a slave, a snapshot and the log have those. What is compiled is
 * a copy that is made anew when the sources are others than those that it was made of. So the log is applied without a Lua.
 */

import { REGISTRY, TFUNCTION, TNUMBER, TSTRING, TTABLE, pushError } from '@weir/scripting';
import type { Lua } from '@weir/scripting';
import type { Context } from '../core/context.ts';
import { SCRIPT_FLAGS } from './flags.ts';
import { functionExtras, loadingExtras } from './redis-library.ts';
import { Runner } from './runner.ts';
import type { Script } from './runner.ts';

export interface LoadedFunction extends Script {
  readonly description: string | null;
  /** In the machine that runs functions now. */
  readonly ref: number;
}

export interface Library {
  readonly name: string;
  readonly functions: readonly LoadedFunction[];
}

const CHUNK = '@user_function';
const BAD_NAME =
  'Library names can only contain letters, numbers, or underscores(_) and must be at least one character long';
const NAME = /^[0-9A-Za-z_]+$/;

export class Functions {
  readonly runner: Runner;
  readonly #ctx: Context;
  #libraries = new Map<string, Library>();
  readonly #byName = new Map<string, LoadedFunction>();
  /** What is compiled is that of these sources, at that version, in that machine. */
  #source: unknown = null;
  #version = -1;
  #generation = -1;
  /** Of the library that is being loaded. */
  #found: LoadedFunction[] = [];

  constructor(ctx: Context) {
    this.#ctx = ctx;
    this.runner = new Runner(ctx, functionExtras, (runner) =>
      loadingExtras(runner, (L) => this.#register(runner.machine.lua, L)),
    );
  }

  /** The function of that name. */
  find(name: string): LoadedFunction | undefined {
    this.#compileAll();
    return this.#byName.get(name);
  }

  /** All libraries, as they were loaded. */
  get all(): readonly Library[] {
    this.#compileAll();
    return [...this.#libraries.values()];
  }

  /** How many functions there are. */
  get count(): number {
    this.#compileAll();
    return this.#byName.size;
  }

  /** Makes what is compiled that of the data set's sources, if it is not. */
  #compileAll(): void {
    const { functions } = this.#ctx.keyspace;
    if (functions === this.#source && functions.version === this.#version) {
      if (functions.size === 0 || (!this.runner.isSpent && this.runner.generation === this.#generation)) return;
    }
    this.runner.flush();
    this.#libraries.clear();
    this.#byName.clear();
    for (const [, code] of functions) {
      const library = this.#compile(code);
      // It was compiled when it was loaded. Should it not be now, it is kept all the same: the log and the snapshots have it.
      if (typeof library !== 'string') this.#add(library);
    }
    this.#remember();
  }

  #remember(): void {
    const { functions } = this.#ctx.keyspace;
    this.#source = functions;
    this.#version = functions.version;
    this.#generation = this.runner.generation;
  }

  #add(library: Library): void {
    this.#libraries.set(library.name, library);
    for (const one of library.functions) this.#byName.set(one.name, one);
  }

  #drop(name: string): void {
    for (const one of this.#libraries.get(name)?.functions ?? []) this.#byName.delete(one.name);
    this.#libraries.delete(name);
  }

  /**
   * Takes sources in, all or none; each in the place of a library of its name when `replace`. `fresh`: in the place of all that there is. Returns an
   * error's text, or the names.
   */
  load(codes: readonly Uint8Array[], replace: boolean, fresh = false): readonly string[] | string {
    this.#compileAll();
    const { functions } = this.#ctx.keyspace;
    const libraries: Library[] = [];
    const taken = fresh ? new Map<string, string>() : this.#owners();
    for (const code of codes) {
      const name = nameOf(code);
      if (typeof name !== 'object') return name;
      const known = fresh ? undefined : functions.get(name.name);
      if (libraries.some((other) => other.name === name.name) || (known !== undefined && !replace)) {
        return `ERR Library '${name.name}' already exists`;
      }
      for (const [one, owner] of taken) if (owner === name.name) taken.delete(one);
      const library = this.#compile(code);
      if (typeof library === 'string') return library;
      for (const one of library.functions) {
        if (taken.has(one.name)) return `ERR Function ${one.name} already exists`;
        taken.set(one.name, library.name);
      }
      libraries.push(library);
    }
    if (fresh) this.clear();
    for (const [i, library] of libraries.entries()) {
      this.#drop(library.name);
      functions.set(codes[i]);
      this.#add(library);
    }
    this.#remember();
    return libraries.map(({ name }) => name);
  }

  #owners(): Map<string, string> {
    const owners = new Map<string, string>();
    for (const { name, functions } of this.#libraries.values()) for (const one of functions) owners.set(one.name, name);
    return owners;
  }

  /** False: there is no such library. */
  delete(name: string): boolean {
    this.#compileAll();
    if (!this.#ctx.keyspace.functions.delete(name)) return false;
    this.#drop(name);
    this.#remember();
    return true;
  }

  clear(): void {
    this.#ctx.keyspace.functions.clear();
    this.#libraries.clear();
    this.#byName.clear();
    this.#remember();
  }

  /** Runs a source, which registers its functions. */
  #compile(code: Uint8Array): Library | string {
    const meta = nameOf(code);
    if (typeof meta === 'string') return meta;
    const { machine } = this.runner;
    const ref = machine.compile(code.subarray(meta.length), CHUNK);
    if (typeof ref === 'string') return `ERR Error compiling function: ${ref}`;
    this.#found = [];
    const error = this.runner.register((L) => {
      machine.lua.api.lua_rawgeti(L, REGISTRY, ref);
      return 0;
    });
    machine.release(ref);
    if (error !== '') return `ERR Error registering functions: ${error}`;
    if (this.#found.length === 0) return 'ERR No functions registered';
    return { name: meta.name, functions: this.#found };
  }

  /** redis.register_function */
  #register(lua: Lua, L: number): number {
    const { api } = lua;
    const count = api.lua_gettop(L);
    if (count < 1 || count > 2) fail(lua, L, 'wrong number of arguments to redis.register_function');
    const given = count === 1 ? readNamed(lua, L) : readPositional(lua, L);
    if (!NAME.test(given.name)) fail(lua, L, BAD_NAME);
    if (this.#found.some(({ name }) => name === given.name)) {
      fail(lua, L, 'Function already exists in the library');
    }
    api.lua_pushvalue(L, given.callback);
    this.#found.push({
      name: given.name,
      flags: given.flags,
      description: given.description,
      ref: api.luaL_ref(L, REGISTRY),
    });
    return 0;
  }
}

interface Given {
  name: string;
  description: string | null;
  flags: number;
  /** Where it is on the stack. */
  callback: number;
}

function readPositional(lua: Lua, L: number): Given {
  if (lua.stringAt(L, 1) === 0) fail(lua, L, 'first argument to redis.register_function must be a string');
  if (lua.api.lua_type(L, 2) !== TFUNCTION) {
    fail(lua, L, 'second argument to redis.register_function must be a function');
  }
  return { name: lua.text(L, 1), description: null, flags: 0, callback: 2 };
}

function readNamed(lua: Lua, L: number): Given {
  const { api } = lua;
  if (api.lua_type(L, 1) !== TTABLE) {
    fail(
      lua,
      L,
      'calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).',
    );
  }
  const given: Given = { name: '', description: null, flags: 0, callback: 0 };
  let hasName = false;
  api.lua_settop(L, 1);
  api.lua_pushnil(L); // 2: the callback
  api.lua_pushnil(L); // 3: the key
  while (api.lua_next(L, 1) !== 0) {
    const type = api.lua_type(L, 3);
    if (type === TNUMBER) fail(lua, L, 'unknown argument given to redis.register_function');
    if (type !== TSTRING) {
      fail(lua, L, 'named argument key given to redis.register_function is not a string');
    }
    const key = lua.text(L, 3).toLowerCase();
    if (key === 'function_name') {
      given.name = textOf(lua, L, 'function_name');
      hasName = true;
    } else if (key === 'description') given.description = textOf(lua, L, 'description');
    else if (key === 'callback') {
      if (api.lua_type(L, 4) !== TFUNCTION) {
        fail(lua, L, 'callback argument given to redis.register_function must be a function');
      }
      api.lua_pushvalue(L, 4);
      api.lua_replace(L, 2);
      given.callback = 2;
    } else if (key === 'flags') given.flags = readFlags(lua, L);
    else fail(lua, L, 'unknown argument given to redis.register_function');
    api.lua_settop(L, 3);
  }
  if (!hasName) fail(lua, L, 'redis.register_function must get a function name argument');
  if (given.callback === 0) fail(lua, L, 'redis.register_function must get a callback argument');
  return given;
}

/** The value at 4. */
function textOf(lua: Lua, L: number, name: string): string {
  if (lua.stringAt(L, 4) === 0) {
    fail(lua, L, `${name} argument given to redis.register_function must be a string`);
  }
  return lua.text(L, 4);
}

function readFlags(lua: Lua, L: number): number {
  const { api } = lua;
  if (api.lua_type(L, 4) !== TTABLE) {
    fail(lua, L, 'flags argument to redis.register_function must be a table representing function flags');
  }
  let flags = 0;
  for (let i = 1; ; i++) {
    api.lua_rawgeti(L, 4, i);
    const type = api.lua_type(L, -1);
    if (type <= 0) return flags;
    const bit = type === TSTRING ? SCRIPT_FLAGS.get(lua.text(L, -1)) : undefined;
    if (bit === undefined) fail(lua, L, 'unknown flag given');
    flags |= bit;
    api.lua_settop(L, 4);
  }
}

function fail(lua: Lua, L: number, text: string): never {
  pushError(lua, L, `ERR ${text}`, false);
  return lua.throwTop(L);
}

/** The name in the first line of a source, and how long that line is. An error's text when it is wrong. */
function nameOf(code: Uint8Array): { name: string; length: number } | string {
  if (code[0] !== 35 || code[1] !== 33) return 'ERR Missing library metadata';
  const length = code.indexOf(10);
  if (length < 0) return 'ERR Invalid library metadata';
  const line = Buffer.from(code.subarray(2, length)).toString('latin1');
  const [engine = '', ...parts] = line.split(/[\s\0]+/).filter((part) => part !== '');
  let name: string | undefined;
  for (const part of parts) {
    if (!/^name=/i.test(part)) return `ERR Invalid metadata value given: ${part}`;
    if (name !== undefined) return 'ERR Invalid metadata value, name argument was given multiple times';
    name = part.slice('name='.length);
  }
  if (name === undefined) return 'ERR Library name was not given';
  if (!NAME.test(name)) return `ERR ${BAD_NAME}`;
  if (engine.toLowerCase() !== 'lua') return `ERR Engine '${engine}' not found`;
  return { name, length };
}

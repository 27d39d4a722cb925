/**
 * Lua 5.1, compiled to WebAssembly, through its own C API.
 *
 * The package that the binary comes in has a layer of JavaScript objects over it; here that is not used, since scripts have to cost a microsecond and not twenty.
 * What the binary imports of its surroundings (files, the clock, the environment) is not there: each such function ends the machine with a trap.
 *
 * Errors: Lua's longjmp is an exception of JavaScript that `invoke_vii` catches, so a host function raises an error by calling `raise`, and nothing
 * behind it runs. Any other exception that goes through Lua leaves its state torn: the machine is dead then (`isDead`), and is to be made anew.
 *
 * Memory: the heap grows up to a limit; beyond it an allocation fails, which a script sees as "not enough memory".
 */

import { asWasmFunctions } from './host-module.ts';
import type { HookFunction, HostFunction } from './host-module.ts';
import type { LuaModule } from './webassembly.ts';

export const TNIL = 0;
export const TBOOLEAN = 1;
export const TLIGHTUSERDATA = 2;
export const TNUMBER = 3;
export const TSTRING = 4;
export const TTABLE = 5;
export const TFUNCTION = 6;

export const REGISTRY = -10000;
export const GLOBALS = -10002;

export const MASK_COUNT = 8;

export const OK = 0;
export const YIELD = 1;
export const ERRMEM = 4;

const GC_RESTART = 1;
const GC_COLLECT = 2;
const GC_COUNT = 3;
export { GC_RESTART, GC_COLLECT };

/** The part of the C API that is used. Everything is a 32-bit integer but Lua's numbers and what is said to be one. */
export interface LuaApi {
  memory: WebAssembly.Memory;
  __indirect_function_table: WebAssembly.Table;
  __wasm_call_ctors(): void;
  stackSave(): number;
  stackRestore(at: number): void;
  setThrew(threw: number, value: number): void;
  malloc(bytes: number): number;
  free(at: number): void;
  luaL_newstate(): number;
  lua_newthread(L: number): number;
  luaopen_base(L: number): number;
  luaopen_table(L: number): number;
  luaopen_string(L: number): number;
  luaopen_math(L: number): number;
  lua_gettop(L: number): number;
  lua_settop(L: number, top: number): void;
  lua_pushvalue(L: number, i: number): void;
  lua_remove(L: number, i: number): void;
  lua_insert(L: number, i: number): void;
  lua_replace(L: number, i: number): void;
  lua_checkstack(L: number, slots: number): number;
  lua_xmove(from: number, to: number, count: number): void;
  lua_type(L: number, i: number): number;
  lua_typename(L: number, type: number): number;
  lua_tonumber(L: number, i: number): number;
  lua_toboolean(L: number, i: number): number;
  lua_tolstring(L: number, i: number, len: number): number;
  lua_tocfunction(L: number, i: number): number;
  lua_topointer(L: number, i: number): number;
  lua_touserdata(L: number, i: number): number;
  lua_objlen(L: number, i: number): number;
  lua_pushnil(L: number): void;
  lua_pushnumber(L: number, n: number): void;
  lua_pushboolean(L: number, b: number): void;
  lua_pushlstring(L: number, at: number, len: number): void;
  lua_pushstring(L: number, at: number): void;
  lua_pushcclosure(L: number, fn: number, upvalues: number): void;
  lua_pushlightuserdata(L: number, at: number): void;
  lua_createtable(L: number, array: number, hash: number): void;
  lua_gettable(L: number, i: number): void;
  lua_settable(L: number, i: number): void;
  lua_rawget(L: number, i: number): void;
  lua_rawset(L: number, i: number): void;
  lua_rawgeti(L: number, i: number, n: number): void;
  lua_rawseti(L: number, i: number, n: number): void;
  lua_getmetatable(L: number, i: number): number;
  lua_setmetatable(L: number, i: number): number;
  lua_next(L: number, i: number): number;
  lua_concat(L: number, count: number): void;
  lua_call(L: number, args: number, results: number): void;
  lua_pcall(L: number, args: number, results: number, handler: number): number;
  lua_resume(L: number, args: number): number;
  lua_yield(L: number, results: number): number;
  lua_status(L: number): number;
  lua_error(L: number): number;
  lua_gc(L: number, what: number, data: number): number;
  lua_sethook(L: number, hook: number, mask: number, count: number): number;
  lua_getstack(L: number, level: number, record: number): number;
  lua_getinfo(L: number, what: number, record: number): number;
  luaL_loadbuffer(L: number, at: number, len: number, name: number): number;
  luaL_ref(L: number, table: number): number;
  luaL_unref(L: number, table: number, ref: number): void;
  luaL_where(L: number, level: number): void;
  luaL_argerror(L: number, arg: number, text: number): number;
  luaL_checktype(L: number, arg: number, type: number): void;
  luaL_checkany(L: number, arg: number): void;
  luaL_checknumber(L: number, arg: number): number;
  luaL_checkinteger(L: number, arg: number): number;
  luaL_optinteger(L: number, arg: number, def: number): number;
  luaL_checklstring(L: number, arg: number, len: number): number;
  luaL_optlstring(L: number, arg: number, def: number, len: number): number;
}

/** Lua went where it cannot go on: there was no memory outside of a script, or it wanted something of the system. */
export class LuaTrapError extends Error {
  override readonly name = 'LuaTrapError';
}

/** What Lua's longjmp throws. */
const LONGJMP = { name: 'longjmp of Lua' };

const PAGE_BYTES = 65536;
const SCRATCH_BYTES = 64 * 1024;
/** `lua_Debug` of Lua 5.1, 32 bits: event, four pointers to text, line … */
const RECORD_BYTES = 128;
const RECORD_SOURCE = 16;
const RECORD_LINE = 20;
const RECORD_WHAT = 12;

export interface LuaInit {
  readonly wasm: LuaModule;
  /** The heap grows up to this. */
  readonly memoryBytesMax: number;
  /** By the number that they get: see `pushFunction`. */
  readonly functions: readonly HostFunction[];
  readonly hook: HookFunction;
}

export class Lua {
  readonly api: LuaApi;
  /** The main state. */
  readonly L: number;
  u8: Uint8Array;
  u32: Uint32Array;
  /** An exception went through Lua that it knows nothing of: nothing may be called any more. */
  isDead = false;
  /** Place of the hook in the table. */
  readonly hook: number;
  readonly #first: number;
  readonly #calls: CallableFunction[] = [];
  #scratch: number;
  #scratchBytes = SCRATCH_BYTES;
  /** Where `bytesAt` and its kind have the length put. */
  readonly #length: number;
  readonly #record: number;
  readonly #names = new Map<string, number>();

  constructor({ wasm, memoryBytesMax, functions, hook }: LuaInit) {
    const imports: Record<string, Record<string, unknown>> = {};
    for (const { module, name } of WebAssembly.Module.imports(wasm)) {
      (imports[module] ??= {})[name] = () => {
        throw new LuaTrapError(`a script reached ${name}, which there is not`);
      };
    }
    Object.assign(imports['env'], {
      invoke_vii: (index: number, a: number, b: number) => this.#invoke(index, a, b),
      _emscripten_throw_longjmp: () => {
        // oxlint-disable-next-line typescript/only-throw-error
        throw LONGJMP;
      },
      emscripten_memcpy_js: (to: number, from: number, bytes: number) => this.u8.copyWithin(to, from, from + bytes),
      emscripten_resize_heap: (bytes: number) => this.#grow(bytes, memoryBytesMax),
    });
    Object.assign(imports['wasi_snapshot_preview1'], {
      environ_sizes_get: (count: number, bytes: number) => {
        this.u32[count >>> 2] = this.u32[bytes >>> 2] = 0;
        return 0;
      },
      environ_get: () => 0,
    });
    const instance = new WebAssembly.Instance(wasm, imports);
    this.api = instance.exports as unknown as LuaApi;
    const { api } = this;
    this.u8 = new Uint8Array(api.memory.buffer);
    this.u32 = new Uint32Array(api.memory.buffer);
    api.__wasm_call_ctors();
    const callables = asWasmFunctions(functions, hook);
    this.#first = api.__indirect_function_table.grow(callables.length);
    callables.forEach((run, i) => api.__indirect_function_table.set(this.#first + i, run));
    this.hook = this.#first + functions.length;
    this.#scratch = api.malloc(SCRATCH_BYTES);
    this.#length = api.malloc(8);
    this.#record = api.malloc(RECORD_BYTES);
    this.L = api.luaL_newstate();
    if (this.L === 0) throw new Error('there is no memory for a Lua state');
  }

  #invoke(index: number, a: number, b: number): void {
    const { api } = this;
    const at = api.stackSave();
    try {
      (this.#calls[index] ??= api.__indirect_function_table.get(index) as CallableFunction)(a, b);
    } catch (error) {
      api.stackRestore(at);
      if (error !== LONGJMP) throw error;
      api.setThrew(1, 0);
    }
  }

  /** The heap wants to be that large. Returns 0 when it may not. */
  #grow(bytes: number, max: number): number {
    const { memory } = this.api;
    const missing = (bytes >>> 0) - memory.buffer.byteLength;
    if (missing > 0) {
      if (bytes >>> 0 > max) return 0;
      // A quarter more, so that a growing heap is not grown page by page.
      const wanted = Math.min(max, Math.ceil((bytes >>> 0) * 1.25));
      memory.grow(Math.ceil((wanted - memory.buffer.byteLength) / PAGE_BYTES));
    }
    this.u8 = new Uint8Array(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    return 1;
  }

  /** Bytes that the heap has taken; it never becomes smaller. */
  get heapBytes(): number {
    return this.u8.length;
  }

  /** Bytes that Lua uses of it. */
  get usedBytes(): number {
    return this.isDead ? 0 : this.api.lua_gc(this.L, GC_COUNT, 0) * 1024;
  }

  // --- pushing -------------------------------------------------------------------------------------------------------

  /** Room for so many bytes to be handed to Lua, good until the next call. */
  scratch(bytes: number): number {
    if (bytes <= this.#scratchBytes) return this.#scratch;
    this.api.free(this.#scratch);
    this.#scratch = this.api.malloc(bytes);
    this.#scratchBytes = this.#scratch === 0 ? 0 : bytes;
    return this.#scratch;
  }

  /** Gives back what a large string has taken. */
  trimScratch(): void {
    if (this.#scratchBytes === SCRATCH_BYTES) return;
    this.api.free(this.#scratch);
    this.#scratch = this.api.malloc(SCRATCH_BYTES);
    this.#scratchBytes = this.#scratch === 0 ? 0 : SCRATCH_BYTES;
  }

  pushBytes(L: number, buf: Uint8Array, off: number, len: number): void {
    const at = this.scratch(len);
    if (at === 0) this.raise(L, 'not enough memory');
    const { u8 } = this;
    if (len < 48) for (let i = 0; i < len; i++) u8[at + i] = buf[off + i];
    else u8.set(buf.subarray(off, off + len), at);
    this.api.lua_pushlstring(L, at, len);
  }

  /** One byte per character. */
  pushText(L: number, text: string): void {
    const at = this.scratch(text.length);
    if (at === 0) this.raise(L, 'not enough memory');
    const { u8 } = this;
    for (let i = 0; i < text.length; i++) u8[at + i] = text.charCodeAt(i);
    this.api.lua_pushlstring(L, at, text.length);
  }

  /** The host function of that number. */
  pushFunction(L: number, index: number): void {
    this.api.lua_pushcclosure(L, this.#first + index, 0);
  }

  /** The text, with a NUL behind it, in Lua's memory for good. For the few that do not change: names, formats. */
  constant(text: string): number {
    let at = this.#names.get(text);
    if (at === undefined) {
      at = this.api.malloc(text.length + 1);
      if (at === 0) throw new Error('there is no memory for a constant of the scripting engine');
      for (let i = 0; i < text.length; i++) this.u8[at + i] = text.charCodeAt(i);
      this.u8[at + text.length] = 0;
      this.#names.set(text, at);
    }
    return at;
  }

  /** Table at `i` (not negative) gets a field; the value is on top and is taken. No metamethods. */
  setField(L: number, i: number, name: string): void {
    this.pushText(L, name);
    this.api.lua_insert(L, -2);
    this.api.lua_rawset(L, i);
  }

  /** Pushes the field of the table at `i` (not negative), without metamethods. Returns its type. */
  getField(L: number, i: number, name: string): number {
    this.pushText(L, name);
    this.api.lua_rawget(L, i);
    return this.api.lua_type(L, -1);
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  /** Length of the string that was read last. */
  length = 0;

  /** Address of a string, or of a number made into one; 0: it is neither. `length` is its length. */
  stringAt(L: number, i: number): number {
    const at = this.api.lua_tolstring(L, i, this.#length);
    this.length = at === 0 ? 0 : this.u32[this.#length >>> 2];
    return at;
  }

  /** The same for an argument of a host function, with Lua's error when it is none. */
  checkString(L: number, i: number): number {
    const at = this.api.luaL_checklstring(L, i, this.#length);
    this.length = this.u32[this.#length >>> 2];
    return at;
  }

  /** One character per byte. */
  text(L: number, i: number): string {
    const at = this.stringAt(L, i);
    return this.latin1(at, at + this.length);
  }

  latin1(from: number, to: number): string {
    return Buffer.from(this.u8.buffer, from, to - from).toString('latin1');
  }

  /** A copy of a string. */
  bytes(L: number, i: number): Uint8Array {
    const at = this.stringAt(L, i);
    return this.u8.slice(at, at + this.length);
  }

  /** Text up to a NUL. */
  textAt(at: number): string {
    return this.latin1(at, this.u8.indexOf(0, at));
  }

  // --- errors --------------------------------------------------------------------------------------------------------

  /** Raises what is on top of the stack. */
  throwTop(L: number): never {
    this.api.lua_error(L);
    throw new Error('lua_error came back');
  }

  /** Raises a text as it is. */
  raise(L: number, text: string): never {
    this.pushText(L, text);
    this.throwTop(L);
  }

  /** Raises a text with the place in the script before it, as luaL_error does. */
  raiseAt(L: number, text: string): never {
    this.api.luaL_where(L, 1);
    this.pushText(L, text);
    this.api.lua_concat(L, 2);
    this.throwTop(L);
  }

  /** "bad argument #i to 'name' (text)". */
  argumentError(L: number, i: number, text: string): never {
    const at = this.scratch(text.length + 1);
    for (let n = 0; n < text.length; n++) this.u8[at + n] = text.charCodeAt(n);
    this.u8[at + text.length] = 0;
    this.api.luaL_argerror(L, i, at);
    throw new Error('luaL_argerror came back');
  }

  /** Where the function at that level of the call stack is, and whether it is a C function; null: there is no such level. */
  place(L: number, level: number): { source: string; line: number; isC: boolean } | null {
    const { api } = this;
    const record = this.#record;
    if (api.lua_getstack(L, level, record) === 0) return null;
    api.lua_getinfo(L, this.constant('Sl'), record);
    const word = (offset: number): number => this.u32[(record + offset) >>> 2];
    return {
      source: this.textAt(word(RECORD_SOURCE)),
      line: word(RECORD_LINE) | 0,
      isC: this.textAt(word(RECORD_WHAT)) === 'C',
    };
  }
}

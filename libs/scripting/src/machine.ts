/**
 * Runs scripts, one at a time, in a sandbox.
 *
 * A script runs in a coroutine that is kept from one script to the next: so it can be stopped between two of its instructions (`suspend`, called in the hook)
 * and go on later, and what it had called is still there to be looked at when it has failed.
 *
 * ```
 *           run                  returns
 *   idle ─────────▶ running ───────────────▶ done ── take ──▶ idle
 *                     │  ▲                     ▲
 *             suspend │  │ goOn                │ raises
 *                     ▼  │                     │
 *                  suspended              (running)
 * ```
 */

import type { ReplyWriter } from '@weir/resp';
import { ERRMEM, GC_COLLECT, LuaTrapError, MASK_COUNT, OK, REGISTRY, TSTRING, TTABLE, YIELD } from './lua.ts';
import type { Lua } from './lua.ts';
import { ReplyOfLua, upToNul } from './lua-to-reply.ts';
import { Sandbox } from './sandbox.ts';
import type { SandboxInit } from './sandbox.ts';

export type Outcome = 'done' | 'failed' | 'suspended';

export interface ScriptError {
  /** With its code: "ERR text". */
  readonly text: string;
  /** Where, when that is known. */
  readonly source: string;
  readonly line: number;
  /** It is a command's error, which the statistics have seen. */
  readonly counted: boolean;
}

/** So many instructions pass between two calls of the hook. */
const HOOK_INSTRUCTIONS = 100_000;
/** Above this the heap is swept when a script has ended, and given up when that is not enough. */
const KEPT_HEAP_BYTES = 64 * 1024 * 1024;

// Places in `lua_State`; `checkLayout` holds them to what Lua does.
const STATE_CALLS = 52;
const STATE_BASE_CALLS = 54;

/** Whether what came out of `run` says that the script overdid it (with the stack, the memory), and nothing of the engine's own went wrong. */
export function isOverdone(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error instanceof LuaTrapError;
}

export interface MachineInit extends Omit<SandboxInit, 'hook'> {
  /** Every so many instructions of a script. It may raise an error, or `suspend`. */
  readonly hook: (L: number) => void;
}

export class Machine {
  readonly sandbox: Sandbox;
  readonly lua: Lua;
  readonly reply: ReplyOfLua;
  /** The coroutine that scripts run in; 0: the last one died in it. */
  #thread = 0;
  #threadRef = 0;
  /** Whether a script can be stopped where it is: Lua has the layout that is known. */
  readonly #knowsLayout: boolean;
  #suspended = false;

  constructor(init: MachineInit) {
    let hook = init.hook;
    this.sandbox = new Sandbox({ ...init, hook: (L) => hook(L) });
    this.lua = this.sandbox.lua;
    this.reply = new ReplyOfLua(this.lua);
    const real = hook;
    this.#knowsLayout = this.#checkLayout((check) => (hook = check));
    hook = real;
  }

  /** The machine cannot be used any more, or has taken more memory than it should keep. */
  get isSpent(): boolean {
    return this.lua.isDead || this.lua.heapBytes > KEPT_HEAP_BYTES * 2;
  }

  /** The coroutine of the script at hand. */
  get thread(): number {
    return this.#thread;
  }

  /** Compiles. Returns a reference to the function, or the error's text. */
  compile(body: Uint8Array, name: string): number | string {
    const { lua } = this;
    const { api, L } = lua;
    const at = lua.scratch(body.length);
    if (at === 0) return 'not enough memory';
    lua.u8.set(body, at);
    const chunk = lua.constant(name);
    // The name is on the stack while the parser runs, which does not keep it (CVE-2025-49844).
    api.lua_pushstring(L, chunk);
    const status = this.sandbox.loadBuffer(L, at, body.length, chunk);
    const result = status === OK ? api.luaL_ref(L, REGISTRY) : lua.text(L, -1);
    api.lua_settop(L, 0);
    lua.trimScratch();
    return result;
  }

  /** Forgets a function. */
  release(ref: number): void {
    if (!this.lua.isDead) this.lua.api.luaL_unref(this.lua.L, REGISTRY, ref);
  }

  /** Calls what `push` puts on the coroutine's stack: a function and `args` arguments. */
  run(push: (L: number) => number): Outcome {
    const { lua } = this;
    try {
      if (this.#thread === 0) this.#newThread();
      const L = this.#thread;
      this.sandbox.begin();
      return this.#resume(L, push(L));
    } catch (error) {
      // Lua knows nothing of it: what it was doing is half done.
      lua.isDead = true;
      throw error;
    }
  }

  /** Goes on with the script that was suspended. */
  goOn(): Outcome {
    try {
      return this.#resume(this.#thread, 0);
    } catch (error) {
      this.lua.isDead = true;
      throw error;
    }
  }

  #resume(L: number, args: number): Outcome {
    const { api } = this.lua;
    const status = api.lua_resume(L, args);
    if (status === OK) return 'done';
    if (status === YIELD) {
      if (this.#suspended) {
        this.#suspended = false;
        return 'suspended';
      }
      // coroutine.yield outside of a coroutine of the script's own.
      api.lua_settop(L, 0);
      this.lua.pushText(L, 'attempt to yield across metamethod/C-call boundary');
    }
    this.#memoryFailed = status === ERRMEM;
    return 'failed';
  }

  #memoryFailed = false;

  /** In the hook: whether the script can be suspended at this instruction. Not inside of a C function (pcall, a comparison of table.sort) or a coroutine. */
  canSuspend(L: number): boolean {
    return L === this.#thread && this.#knowsLayout && this.#depth(L) === 0;
  }

  #depth(L: number): number {
    const { u8 } = this.lua;
    const calls = u8[L + STATE_CALLS] | (u8[L + STATE_CALLS + 1] << 8);
    const base = u8[L + STATE_BASE_CALLS] | (u8[L + STATE_BASE_CALLS + 1] << 8);
    return calls - base;
  }

  /** In the hook, where `canSuspend`: the script stops here, and `run` returns. */
  suspend(L: number): void {
    this.#suspended = true;
    this.lua.api.lua_yield(L, 0);
  }

  /** The hook is to be called after each so many instructions. */
  hookEvery(L: number, instructions: number): void {
    this.lua.api.lua_sethook(L, this.lua.hook, MASK_COUNT, instructions);
  }

  /** Writes what the script that is done returned. */
  takeReply(reply: ReplyWriter, scriptResp: 2 | 3): void {
    this.#orDead(() => {
      const L = this.#thread;
      this.lua.api.lua_settop(L, 1);
      this.reply.counted = false;
      this.reply.write(L, reply, scriptResp);
      this.lua.api.lua_settop(L, 0);
    });
  }

  /** Nothing protects what is done between scripts: where there is no memory for it, the machine is of no more use. */
  #orDead<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      this.lua.isDead = true;
      throw error;
    }
  }

  /** Why the script failed. Its coroutine is given up. */
  takeError(): ScriptError {
    return this.#orDead(() => this.#takeError());
  }

  #takeError(): ScriptError {
    const { lua } = this;
    const L = this.#thread;
    const error = this.#memoryFailed ? plainError('not enough memory') : this.#errorOf(L);
    lua.api.lua_settop(L, 0);
    this.#dropThread();
    // The collector does not run when memory is missing, only when it has grown: nothing else would make room.
    if (this.#memoryFailed) lua.api.lua_gc(lua.L, GC_COLLECT, 0);
    return error;
  }

  #errorOf(L: number): ScriptError {
    const { lua } = this;
    const { api } = lua;
    const top = api.lua_gettop(L);
    let place = lua.place(L, 0);
    if (place?.isC === true) place = lua.place(L, 1);
    const where = { source: place?.source ?? '', line: place?.line ?? -1 };
    if (api.lua_type(L, top) !== TTABLE)
      return { text: `ERR ${upToNul(this.#textOf(L, top))}`, ...where, counted: false };
    const isText = lua.getField(L, top, 'err') === TSTRING;
    const text = isText ? upToNul(lua.text(L, -1)) : 'ERR a script raised a table without an err field';
    lua.getField(L, top, 'ignore_error_stats_update');
    return { text, ...where, counted: api.lua_toboolean(L, -1) !== 0 };
  }

  /** As tostring, without metamethods. */
  #textOf(L: number, i: number): string {
    const { lua } = this;
    const type = lua.api.lua_type(L, i);
    if (type === 0) return 'nil';
    if (type === 1) return lua.api.lua_toboolean(L, i) === 0 ? 'false' : 'true';
    if (lua.stringAt(L, i) !== 0) return lua.text(L, i);
    const name = lua.textAt(lua.api.lua_typename(L, type));
    return `${name}: 0x${lua.api.lua_topointer(L, i).toString(16).padStart(8, '0')}`;
  }

  #newThread(): void {
    const { api, L } = this.lua;
    this.#thread = api.lua_newthread(L);
    this.#threadRef = api.luaL_ref(L, REGISTRY);
    this.hookEvery(this.#thread, HOOK_INSTRUCTIONS);
  }

  #dropThread(): void {
    this.lua.api.luaL_unref(this.lua.L, REGISTRY, this.#threadRef);
    this.#thread = 0;
  }

  /** After a script: gives back what it has taken, when that is much. */
  trim(): void {
    const { lua } = this;
    if (lua.isDead) return;
    lua.trimScratch();
    if (lua.heapBytes > KEPT_HEAP_BYTES) lua.api.lua_gc(lua.L, GC_COLLECT, 0);
  }

  /** In a coroutine nothing stands above it, inside of a pcall something does: whether that is seen where it is looked for. */
  #checkLayout(install: (hook: (L: number) => void) => void): boolean {
    const { lua } = this;
    const depths: number[] = [];
    install((L) => depths.push(this.#depth(L)));
    const ref = this.compile(Buffer.from('local a = 1 pcall(function() a = 2 end)', 'latin1'), '@layout');
    if (typeof ref === 'string') return false;
    const outcome = this.run((L) => {
      this.hookEvery(L, 1);
      lua.api.lua_rawgeti(L, REGISTRY, ref);
      return 0;
    });
    this.release(ref);
    lua.api.lua_settop(this.#thread, 0);
    this.hookEvery(this.#thread, HOOK_INSTRUCTIONS);
    return outcome === 'done' && depths.length > 3 && depths[0] === 0 && Math.max(...depths) > 0;
  }
}

const plainError = (text: string): ScriptError => ({ text: `ERR ${text}`, source: '', line: -1, counted: false });

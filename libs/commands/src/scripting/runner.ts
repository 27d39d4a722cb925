/**
 * Runs scripts inside the command at hand: EVAL and FCALL. Their commands run inside it, too (frame.ts), under a session of the runner's own, so that what a
 * script does to it (SELECT, the protocol) ends with the script. What they change is one record of the log, between MULTI and EXEC.
 *
 * A script that fails undoes nothing. What it changed before is logged.
 */

import { CommandWriter, Request, formatDouble } from '@weir/resp';
import { bitLibrary, jsonLibrary, msgpackLibrary, structLibrary } from '@weir/scripting';
import { Machine, REGISTRY, Random, TNUMBER, isOverdone, pushError, pushReply } from '@weir/scripting';
import type { HostLibrary, Lua, Outcome } from '@weir/scripting';
import { commandOf } from '../acl/acl.ts';
import { refusalInScript } from '../acl/refusal.ts';
import type { Context } from '../core/context.ts';
import { isWord } from '../core/args.ts';
import { refusalOfRole } from '../core/admit.ts';
import { evictToLimit } from '../core/evict.ts';
import { executeInside } from '../core/execute.ts';
import { TOO_LARGE } from '../core/frame.ts';
import { Session } from '../core/session.ts';
import { F_DENYOOM, F_NOSCRIPT, F_STALE, F_WRITE } from '../core/table.ts';
import type { TableCommand } from '../core/table.ts';
import { ALLOW_OOM, ALLOW_STALE, COMPATIBLE, NO_WRITES } from './flags.ts';

/** A Lua heap has at most this; beyond it a script fails with "not enough memory". */
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;
/** What a write may log beside its own bytes: SELECT, an absolute time, DEL of keys that it found expired. */
const EFFECT_SLACK_BYTES = 4096;
/**
 * Lua calls its host at most this deep in WebAssembly's stack, which sinks with JavaScript's own: a command must never be the one to find that
 * exhausted. Coroutines that resume each other are not counted by Lua.
 */
const STACK_BYTES_MAX = 192 * 1024;

/** The source of a library runs no longer than this, as in Redis. */
const LOAD_MS_MAX = 500;

const NO_CONTROL = { close() {}, destroy() {}, pendingOutputBytes: 0, queryBufferBytes: 0 };

/** What is to be run. */
export interface Script {
  /** SHA-1 of an EVAL script, name of a function: as errors name it. */
  readonly name: string;
  readonly flags: number;
}

export class Runner {
  readonly #ctx: Context;
  readonly #random = new Random();
  readonly #more: (runner: Runner) => HostLibrary;
  readonly #loading: ((runner: Runner) => HostLibrary) | undefined;
  #machine: Machine | null = null;
  /** Counts the machines: a reference to a function is good for the machine that gave it. */
  generation = 0;
  readonly #session: Session;
  readonly #request = new Request();
  readonly #writer = new CommandWriter();

  // Of the script at hand.
  /** Its name; null: none runs. */
  running: Script | null = null;
  #readOnly = false;
  #allowOom = false;
  #isFull = false;
  #effectsFrom = 0;
  #effectBytesMax = 0;
  /** It has called a command that writes. */
  wrote = false;
  /** By the host's clock, when the hook was called first; 0 before. */
  #startedMicros = 0;
  /** Why it is to end; it will not get around that. */
  #killed = '';

  /** `more`: what `redis` has beside call and pcall; `loading`: all that it has while a function library is loaded. */
  constructor(ctx: Context, more: (runner: Runner) => HostLibrary, loading?: (runner: Runner) => HostLibrary) {
    this.#ctx = ctx;
    this.#more = more;
    this.#loading = loading;
    this.#session = new Session({ id: 0, control: NO_CONTROL, authenticated: true, nowMs: ctx.monotonicMs });
  }

  /** The machine that runs scripts now; it is made when one is needed. */
  get machine(): Machine {
    if (this.#machine !== null && !this.#machine.isSpent) return this.#machine;
    this.generation++;
    return (this.#machine = new Machine({
      wasm: this.#ctx.host.luaModule!(),
      memoryBytesMax: MEMORY_BYTES_MAX,
      random: this.#random,
      libraries: (lua) => this.#libraries(lua),
      loading: () => (this.#loading === undefined ? {} : { redis: this.#loading(this) }),
      hook: (L) => this.#hook(L),
    }));
  }

  /** The machine is to be made anew. */
  get isSpent(): boolean {
    return this.#machine === null || this.#machine.isSpent;
  }

  /** Bytes of Lua's heap in use, and what it has taken. */
  get memory(): { used: number; heap: number } {
    const lua = this.#machine?.lua;
    return lua === undefined ? { used: 0, heap: 0 } : { used: lua.usedBytes, heap: lua.heapBytes };
  }

  /** Drops everything that scripts have compiled. */
  flush(): void {
    this.#machine = null;
  }

  // --- before a script -------------------------------------------------------------------------------------------------

  /** Why the script does not run now; ''. `ro`: it was called by a command that promises not to write. */
  prepare(script: Script, ro: boolean): string {
    const { role, config } = this.#ctx;
    const { flags } = script;
    const isStale = role.isSlave && !role.linkUp && !config.bool.replicaServeStaleData;
    const isCompatible = (flags & COMPATIBLE) !== 0;
    this.#isFull = config.num.maxmemory > 0 && role.ownsExpiry && !evictToLimit(this.#ctx);
    if (isCompatible) {
      if (isStale) return "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
    } else {
      if (isStale && (flags & ALLOW_STALE) === 0) {
        return "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on the script.";
      }
      if ((flags & NO_WRITES) === 0) {
        if (role.isSlave) return 'READONLY Can not run script with write flag on readonly replica.';
        if (role.writeRefusal !== '') return role.writeRefusal;
        if (ro) return 'ERR Can not execute a script with write flag using *_ro command.';
      }
      if (this.#isFull && (flags & (ALLOW_OOM | NO_WRITES)) === 0) {
        return "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";
      }
    }
    this.#readOnly = ro || (!isCompatible && (flags & NO_WRITES) !== 0);
    this.#allowOom = !isCompatible && (flags & ALLOW_OOM) !== 0;
    return '';
  }

  /** Runs what `push` puts on Lua's stack, a function and so many arguments, and writes the reply. `prepare` has let it pass. */
  run(script: Script, push: (L: number) => number): void {
    const ctx = this.#ctx;
    const session = this.#session;
    session.db = ctx.session.db;
    session.user = ctx.session.user;
    session.resp = 2;
    this.running = script;
    this.wrote = false;
    this.#killed = '';
    this.#startedMicros = 0;
    const isOuter = ctx.depth === 1;
    const { effectBytesMax } = ctx;
    if (isOuter) {
      // What was executed before may be a record of its own; what comes now is one with this.
      ctx.divideEffects();
      ctx.openTransaction();
    }
    this.#effectBytesMax = effectBytesMax - EFFECT_SLACK_BYTES;
    this.#effectsFrom = ctx.effects.pos;
    const { machine } = this;
    const replyStart = ctx.reply.pos;
    try {
      this.#answer(machine, machine.run(push));
    } catch (error) {
      if (!isOverdone(error)) throw error;
      ctx.reply.truncate(replyStart);
      ctx.reply.error(`ERR the script overstrained the scripting engine and was ended: ${messageOf(error)}`);
    } finally {
      this.running = null;
      if (isOuter) ctx.closeTransaction();
      ctx.effectBytesMax = effectBytesMax;
    }
    machine.trim();
  }

  /** Runs the source of a function library, which registers its functions. Returns an error's text, or ''. */
  register(push: (L: number) => number): string {
    const { machine } = this;
    this.#killed = '';
    this.#startedMicros = 0;
    this.#isLoading = true;
    machine.sandbox.useGlobals('loading');
    try {
      return machine.run(push) === 'done' ? '' : machine.takeError().text;
    } catch (error) {
      if (!isOverdone(error)) throw error;
      return `ERR the source overstrained the scripting engine: ${messageOf(error)}`;
    } finally {
      this.#isLoading = false;
      if (!machine.lua.isDead) machine.sandbox.useGlobals('running');
    }
  }

  #isLoading = false;

  #answer(machine: Machine, outcome: Outcome): void {
    const { reply } = this.#ctx;
    if (outcome === 'done') {
      machine.takeReply(reply, this.#session.resp);
      this.#ctx.uncountedError = machine.reply.counted;
      return;
    }
    const { text, source, line, counted } = machine.takeError();
    const where = source === '' ? '' : ` script: ${this.running!.name}, on ${source}:${line}.`;
    reply.error(text + where);
    this.#ctx.uncountedError = counted;
  }

  // --- while it runs ---------------------------------------------------------------------------------------------------

  /** Called every so many instructions. */
  #hook(L: number): void {
    const ctx = this.#ctx;
    if (this.#killed === '') {
      const now = ctx.host.clockMicros();
      if (this.#startedMicros === 0) this.#startedMicros = now;
      const limit = this.#isLoading ? LOAD_MS_MAX : ctx.config.num.busyReplyThreshold;
      if (limit <= 0 || now - this.#startedMicros < limit * 1000) return;
      this.#killed = this.#isLoading
        ? 'FUNCTION LOAD timeout'
        : `the script ran for longer than busy-reply-threshold (${limit} ms)`;
    }
    // From now on after each instruction: pcall catches the error, and meets the next.
    const { machine } = this;
    machine.hookEvery(L, 1);
    pushError(machine.lua, L, `ERR ${this.#killed}`, false);
    machine.lua.throwTop(L);
  }

  /** redis.call and redis.pcall. */
  #call(lua: Lua, L: number, raise: boolean): number {
    const { api } = lua;
    const argc = api.lua_gettop(L);
    if (argc === 0) return this.#fail(lua, L, 'Please specify at least one argument for this redis lib call', raise);
    const req = this.#request;
    if (!this.#readArguments(lua, L, argc, req)) {
      return this.#fail(lua, L, 'Lua redis lib command arguments must be strings or integers', raise);
    }
    const ctx = this.#ctx;
    const command = commandOf(ctx.table, req);
    const refusal = this.#refusal(lua, req, command);
    if (refusal !== '') {
      if (command !== undefined) command.rejected++;
      return this.#failCounted(lua, L, refusal, raise);
    }
    if ((command!.flags & F_WRITE) !== 0) this.wrote = true;
    const { reply } = ctx;
    const start = reply.pos;
    executeInside(ctx, this.#session, req, command!);
    const failed = reply.buf[start] === MINUS;
    try {
      api.lua_settop(L, 0);
      if (reply.pos === start) api.lua_pushnil(L);
      else pushReply(lua, L, reply.buf, start);
    } finally {
      // Lua may have no memory for it, and raise that as an error: the reply must not go to the client then, either.
      reply.truncate(start);
    }
    if (failed && raise) lua.throwTop(L);
    return 1;
  }

  /** The arguments as a request of their own. False: one is neither a string nor a number. */
  #readArguments(lua: Lua, L: number, argc: number, req: Request): boolean {
    const { api } = lua;
    const writer = this.#writer;
    writer.reset();
    writer.command(argc);
    req.reserveArgs(argc);
    const { args } = req;
    for (let i = 0; i < argc; i++) {
      if (api.lua_type(L, i + 1) === TNUMBER) {
        const text = formatDouble(api.lua_tonumber(L, i + 1));
        writer.argLatin1(text);
        args[2 * i + 1] = text.length;
      } else {
        const at = lua.stringAt(L, i + 1);
        if (at === 0) return false;
        args[2 * i + 1] = lua.length;
        writer.argBytes(lua.u8, at, lua.length);
      }
      args[2 * i] = writer.pos - 2 - args[2 * i + 1];
    }
    req.buf = writer.buf;
    req.argc = argc;
    req.start = req.hashed = 0;
    req.end = writer.pos;
    return true;
  }

  /** Why a script may not run the command now; ''. In the order of Redis's scriptCall. */
  #refusal(lua: Lua, req: Request, command: TableCommand | undefined): string {
    if (command === undefined) return 'ERR Unknown Redis command called from script';
    const { arity, flags } = command;
    if (arity > 0 ? req.argc !== arity : req.argc < -arity) {
      return 'ERR Wrong number of args calling Redis command from script';
    }
    if ((flags & F_NOSCRIPT) !== 0 || command.run === undefined) {
      return 'ERR This Redis command is not allowed from script';
    }
    if (blocks(command, req)) return `ERR ${command.fullName} command is not allowed with BLOCK option from scripts`;
    const ctx = this.#ctx;
    const { role, config } = ctx;
    if (role.isSlave && !role.linkUp && !config.bool.replicaServeStaleData && (flags & F_STALE) === 0) {
      return 'ERR Can not execute the command on a stale replica';
    }
    const denied = refusalInScript(ctx, this.#session, req, command);
    if (denied !== '') return denied;
    if ((flags & F_WRITE) !== 0) {
      if (this.#readOnly) return 'ERR Write commands are not allowed from read-only scripts.';
      const ofRole = refusalOfRole(ctx, F_WRITE);
      if (ofRole !== '') return ofRole;
    }
    if (this.#isFull && !this.#allowOom && !this.wrote && (flags & F_DENYOOM) !== 0) {
      return "OOM command not allowed when used memory > 'maxmemory'.";
    }
    if (lua.api.stackSave() < STACK_BASE - STACK_BYTES_MAX) return 'ERR C stack overflow';
    ctx.effectBytesMax = this.#effectBytesMax - (ctx.effects.pos - this.#effectsFrom);
    if ((flags & F_WRITE) !== 0 && 2 * (req.end - req.start) > ctx.effectBytesMax) return TOO_LARGE;
    return '';
  }

  /** An error that no command has given. */
  #fail(lua: Lua, L: number, text: string, raise: boolean): number {
    pushError(lua, L, `ERR ${text}`, false);
    if (raise) lua.throwTop(L);
    return 1;
  }

  /** The same where it counts as a command's. */
  #failCounted(lua: Lua, L: number, text: string, raise: boolean): number {
    this.#ctx.stats.countError(text.slice(0, text.indexOf(' ')));
    pushError(lua, L, text, true);
    if (raise) lua.throwTop(L);
    return 1;
  }

  // --- what scripts find ---------------------------------------------------------------------------------------------

  #libraries(lua: () => Lua): Record<string, HostLibrary> {
    return {
      redis: {
        call: (L) => this.#call(lua(), L, true),
        pcall: (L) => this.#call(lua(), L, false),
        ...this.#more(this),
      },
      bit: bitLibrary(lua),
      cjson: jsonLibrary(lua),
      cmsgpack: msgpackLibrary(lua),
      struct: structLibrary(lua),
    };
  }

  /** redis.setresp */
  setResp(resp: 2 | 3): void {
    this.#session.resp = resp;
  }

  get context(): Context {
    return this.#ctx;
  }
}

const MINUS = 45;
/** Where WebAssembly's stack begins; it grows down. */
const STACK_BASE = 4224576;

/** XREAD and XREADGROUP with BLOCK, of which a script would have nothing. */
function blocks(command: TableCommand, req: Request): boolean {
  if (command.fullName !== 'xread' && command.fullName !== 'xreadgroup') return false;
  for (let i = 1; i < req.argc && !isWord(req, i, 'streams'); i++) if (isWord(req, i, 'block')) return true;
  return false;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A function by its reference. */
export function pushRef(machine: Machine, L: number, ref: number): void {
  machine.lua.api.lua_rawgeti(L, REGISTRY, ref);
}

/** EVAL and its kind: a script by its text, or by the SHA-1 of one that was here before. */

import type { Request } from '@weir/resp';
import { NOT_AN_INTEGER, integerArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { showMonitors } from '../core/observe.ts';
import { pushRef } from './runner.ts';
import type { Runner } from './runner.ts';
import { scriptingOf } from './scripting.ts';
import type { EvalScript } from './scripting.ts';

const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.';
const SHA_LENGTH = 40;

export const evalScript: Command = {
  name: 'eval',
  arity: -3,
  flags: ['noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
  keySpecs: [
    {
      notes: 'We cannot tell how the keys will be used so we assume the worst, RW and UPDATE',
      flags: ['RW', 'access', 'update'],
      begin: { index: 2 },
      find: { keynumIndex: 0, first: 1, step: 1 },
    },
  ],
  docs: {
    summary: 'Execute a Lua script server side',
    since: '2.6.0',
    group: 'scripting',
    complexity: 'Depends on the script that is executed.',
    arguments: [
      { name: 'script', type: 'string' },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['optional', 'multiple'] },
      { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
    ],
  },
  run: (ctx, req) => runEval(ctx, req, false),
};

export const evalsha: Command = {
  name: 'evalsha',
  arity: -3,
  flags: ['noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
  keySpecs: [{ flags: ['RW', 'access', 'update'], begin: { index: 2 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Execute a Lua script server side',
    since: '2.6.0',
    group: 'scripting',
    complexity: 'Depends on the script that is executed.',
    arguments: [
      { name: 'sha1', type: 'string' },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['optional', 'multiple'] },
      { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
    ],
  },
  run: (ctx, req) => runEvalSha(ctx, req, false),
};

export const evalRo: Command = {
  name: 'eval_ro',
  arity: -3,
  flags: ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
  keySpecs: [
    {
      notes: 'We cannot tell how the keys will be used so we assume the worst, RO and ACCESS',
      flags: ['RO', 'access'],
      begin: { index: 2 },
      find: { keynumIndex: 0, first: 1, step: 1 },
    },
  ],
  docs: {
    summary: 'Execute a read-only Lua script server side',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'Depends on the script that is executed.',
    arguments: [
      { name: 'script', type: 'string' },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['optional', 'multiple'] },
      { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
    ],
  },
  run: (ctx, req) => runEval(ctx, req, true),
};

export const evalshaRo: Command = {
  name: 'evalsha_ro',
  arity: -3,
  flags: ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 2 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Execute a read-only Lua script server side',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'Depends on the script that is executed.',
    arguments: [
      { name: 'sha1', type: 'string' },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['optional', 'multiple'] },
      { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
    ],
  },
  run: (ctx, req) => runEvalSha(ctx, req, true),
};

function runEval(ctx: Context, req: Request, ro: boolean): void {
  if (ctx.observed) showMonitors(ctx, req); // before its commands are
  const keys = keyCount(ctx, req);
  if (keys < 0) return;
  const script = scriptingOf(ctx).load(req.bytes(1), false);
  if (typeof script === 'string') ctx.reply.error(script);
  else run(ctx, req, script, keys, ro);
}

function runEvalSha(ctx: Context, req: Request, ro: boolean): void {
  if (ctx.observed) showMonitors(ctx, req);
  if (req.len(1) !== SHA_LENGTH) return ctx.reply.error(NO_SCRIPT);
  const keys = keyCount(ctx, req);
  if (keys < 0) return;
  const script = scriptingOf(ctx).find(req.latin1(1).toLowerCase());
  if (script === undefined) ctx.reply.error(NO_SCRIPT);
  else run(ctx, req, script, keys, ro);
}

/** How many of the arguments are keys. −1: answered. */
export function keyCount(ctx: Context, req: Request, error = NOT_AN_INTEGER): number {
  const count = integerArg(ctx, 2, error);
  if (count !== count) return -1;
  if (count > req.argc - 3) ctx.reply.error("ERR Number of keys can't be greater than number of args");
  else if (count < 0) ctx.reply.error("ERR Number of keys can't be negative");
  else return count;
  return -1;
}

function run(ctx: Context, req: Request, script: EvalScript, keys: number, ro: boolean): void {
  const scripting = scriptingOf(ctx);
  const { runner } = scripting;
  const refusal = runner.prepare(script, ro);
  if (refusal !== '') return ctx.reply.error(refusal);
  const ref = scripting.compiled(script);
  if (typeof ref === 'string') return ctx.reply.error(ref);
  const { machine } = runner;
  const { lua, sandbox } = machine;
  runner.run(script, (L) => {
    lua.api.lua_settop(L, 0);
    pushRef(machine, L, sandbox.globals);
    setList(ctx, 'KEYS', L, 3, keys);
    setList(ctx, 'ARGV', L, 3 + keys, req.argc - 3 - keys);
    lua.api.lua_settop(L, 0);
    pushRef(machine, L, ref);
    return 0;
  });
}

/** The global KEYS or ARGV. The globals are at 1. */
function setList(ctx: Context, name: string, L: number, first: number, count: number): void {
  const { runner } = scriptingOf(ctx);
  const { lua } = runner.machine;
  lua.pushText(L, name);
  pushList(ctx, runner, L, first, count);
  lua.api.lua_rawset(L, 1);
}

/** So many arguments of the request at hand as a table. */
export function pushList({ req }: Context, runner: Runner, L: number, first: number, count: number): void {
  const { lua } = runner.machine;
  lua.api.lua_createtable(L, count, 0);
  for (let i = 0; i < count; i++) {
    const at = 2 * (first + i);
    lua.pushBytes(L, req.buf, req.args[at], req.args[at + 1]);
    lua.api.lua_rawseti(L, -2, i + 1);
  }
}

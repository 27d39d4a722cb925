/** FUNCTION: the function libraries. They belong to the data set: what changes them goes to the log as it was asked for. */

import { globMatchAt } from '@weir/config';
import { DumpEncoder, parseFunctions, verifyPayload } from '@weir/rdb';
import type { Request } from '@weir/resp';
import { isWord, printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { replyHelp } from '../core/help.ts';
import { flagNames } from './flags.ts';
import type { Functions, Library } from './functions.ts';
import { isFlushMode } from './script.ts';
import { scriptingOf } from './scripting.ts';

const restore: Command = {
  name: 'restore',
  arity: -3,
  flags: ['write', 'denyoom', 'noscript'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Restore all the functions on the given payload',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'O(N) where N is the number of functions on the payload',
    arguments: [
      { name: 'serialized-value', type: 'string' },
      {
        name: 'policy',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'flush', type: 'pure-token', token: 'FLUSH' },
          { name: 'append', type: 'pure-token', token: 'APPEND' },
          { name: 'replace', type: 'pure-token', token: 'REPLACE' },
        ],
      },
    ],
  },
  run: runRestore,
};

const load: Command = {
  name: 'load',
  arity: -3,
  flags: ['write', 'denyoom', 'noscript'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Create a function with the given arguments (name, code, description)',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'O(1) (considering compilation time is redundant)',
    arguments: [
      { name: 'replace', type: 'pure-token', token: 'REPLACE', flags: ['optional'] },
      { name: 'function-code', type: 'string' },
    ],
  },
  run: runLoad,
};

const kill: Command = {
  name: 'kill',
  arity: 2,
  flags: ['noscript', 'allow_busy'],
  tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
  docs: {
    summary: 'Kill the function currently in execution.',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.error('NOTBUSY No scripts in execution right now.');
  },
};

const flush: Command = {
  name: 'flush',
  arity: -2,
  flags: ['write', 'noscript'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Deleting all functions',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'O(N) where N is the number of functions deleted',
    arguments: [
      {
        name: 'async',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'async', type: 'pure-token', token: 'ASYNC' },
          { name: 'sync', type: 'pure-token', token: 'SYNC' },
        ],
      },
    ],
  },
  run(ctx, req) {
    if (ctx.role.isReplay) return ctx.keyspace.functions.clear();
    if (!isFlushMode(req)) return ctx.reply.error('ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
    functionsOf(ctx).clear();
    logged(ctx);
    ctx.reply.ok();
  },
};

const remove: Command = {
  name: 'delete',
  arity: 3,
  flags: ['write', 'noscript'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Delete a function by name',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'O(1)',
    arguments: [{ name: 'library-name', type: 'string' }],
  },
  run(ctx, req) {
    const name = req.latin1(2);
    if (ctx.role.isReplay) return void ctx.keyspace.functions.delete(name);
    if (!functionsOf(ctx).delete(name)) return ctx.reply.error('ERR Library not found');
    logged(ctx);
    ctx.reply.ok();
  },
};

const dump: Command = {
  name: 'dump',
  arity: 2,
  flags: ['noscript'],
  docs: {
    summary: 'Dump all functions into a serialized binary payload',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'O(N) where N is the number of functions',
  },
  run(ctx) {
    const codes = [...ctx.keyspace.functions].map(([, code]) => code);
    const payload = new DumpEncoder(ctx.config.bool.rdbcompression).functions(codes);
    ctx.reply.bulk(payload, 0, payload.length);
  },
};

const list: Command = {
  name: 'list',
  arity: -2,
  flags: ['noscript'],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'List information about all the functions',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'O(N) where N is the number of functions',
    arguments: [
      { name: 'library-name-pattern', type: 'string', token: 'LIBRARYNAME', flags: ['optional'] },
      { name: 'withcode', type: 'pure-token', token: 'WITHCODE', flags: ['optional'] },
    ],
  },
  run: runList,
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'FUNCTION', HELP);
  },
};

const stats: Command = {
  name: 'stats',
  arity: 2,
  flags: ['noscript', 'allow_busy'],
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  docs: {
    summary: 'Return information about the function currently running (name, description, duration)',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'O(1)',
  },
  run(ctx) {
    const { reply } = ctx;
    reply.map(2);
    reply.bulkLatin1('running_script');
    reply.nil();
    reply.bulkLatin1('engines');
    reply.map(1);
    reply.bulkLatin1('LUA');
    reply.map(2);
    reply.bulkLatin1('libraries_count');
    reply.int(ctx.keyspace.functions.size);
    reply.bulkLatin1('functions_count');
    reply.int(functionsOf(ctx).count);
  },
};

export const functionCommand: Command = {
  name: 'function',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for function commands',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [restore, load, kill, flush, remove, dump, list, help, stats],
};

const functionsOf = (ctx: Context): Functions => scriptingOf(ctx).functions;

/** The request goes to the log; no key has changed. */
function logged(ctx: Context): void {
  ctx.propagate();
}

function runLoad(ctx: Context, req: Request): void {
  const { reply } = ctx;
  const last = req.argc - 1;
  if (ctx.role.isReplay) return ctx.keyspace.functions.set(req.bytes(last));
  let replace = false;
  for (let i = 2; i < last; i++) {
    if (!isWord(req, i, 'replace')) return reply.error(`ERR Unknown option given: ${printable(req, i)}`);
    replace = true;
  }
  const names = functionsOf(ctx).load([req.bytes(last)], replace);
  if (typeof names === 'string') return reply.error(names);
  logged(ctx);
  reply.bulkLatin1(names[0]);
}

function runRestore(ctx: Context, req: Request): void {
  const { reply } = ctx;
  if (req.argc > 4) {
    const word = printable(req, 1);
    return reply.error(`ERR unknown subcommand or wrong number of arguments for '${word}'. Try FUNCTION HELP.`);
  }
  const isFlush = req.argc > 3 && isWord(req, 3, 'flush');
  const isReplace = req.argc > 3 && isWord(req, 3, 'replace');
  if (req.argc > 3 && !isFlush && !isReplace && !isWord(req, 3, 'append')) {
    return reply.error('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.');
  }
  if (verifyPayload(req.buf, req.off(2), req.len(2)) !== 'ok') {
    return reply.error('ERR DUMP payload version or checksum are wrong');
  }
  const codes = parseFunctions(req.buf, req.off(2), req.len(2));
  if (codes === null) return reply.error('ERR given type is not a function');
  if (ctx.role.isReplay) {
    const { functions } = ctx.keyspace;
    if (isFlush) functions.clear();
    for (const code of codes) functions.set(code);
    return;
  }
  const names = functionsOf(ctx).load(codes, isReplace, isFlush);
  if (typeof names === 'string') return reply.error(names.replace(/^ERR Library '(.*)'/, 'ERR Library $1'));
  logged(ctx);
  reply.ok();
}

function runList(ctx: Context, req: Request): void {
  const { reply } = ctx;
  let withCode = false;
  let pattern = 0;
  for (let i = 2; i < req.argc; i++) {
    if (!withCode && isWord(req, i, 'withcode')) withCode = true;
    else if (pattern === 0 && isWord(req, i, 'libraryname')) {
      if (i === req.argc - 1) return reply.error('ERR library name argument was not given');
      pattern = ++i;
    } else return reply.error(`ERR Unknown argument ${printable(req, i)}`);
  }
  const all = functionsOf(ctx).all.filter(({ name }) => pattern === 0 || matches(req, pattern, name));
  reply.array(all.length);
  for (const library of all) replyLibrary(ctx, library, withCode);
}

function matches(req: Request, pattern: number, name: string): boolean {
  const bytes = Buffer.from(name, 'latin1');
  const start = req.off(pattern);
  return globMatchAt(req.buf, start, start + req.len(pattern), bytes, 0, bytes.length, true);
}

function replyLibrary({ reply, keyspace }: Context, { name, functions }: Library, withCode: boolean): void {
  reply.map(withCode ? 4 : 3);
  reply.bulkLatin1('library_name');
  reply.bulkLatin1(name);
  reply.bulkLatin1('engine');
  reply.bulkLatin1('LUA');
  reply.bulkLatin1('functions');
  reply.array(functions.length);
  for (const one of functions) {
    reply.map(3);
    reply.bulkLatin1('name');
    reply.bulkLatin1(one.name);
    reply.bulkLatin1('description');
    if (one.description === null) reply.nil();
    else reply.bulkLatin1(one.description);
    reply.bulkLatin1('flags');
    const flags = flagNames(one.flags);
    reply.set(flags.length);
    for (const flag of flags) reply.simple(flag);
  }
  if (!withCode) return;
  const code = keyspace.functions.get(name)!;
  reply.bulkLatin1('library_code');
  reply.bulk(code, 0, code.length);
}

const HELP = [
  'LOAD [REPLACE] <FUNCTION CODE>',
  '    Create a new library with the given library name and code.',
  'DELETE <LIBRARY NAME>',
  '    Delete the given library.',
  'LIST [LIBRARYNAME PATTERN] [WITHCODE]',
  '    Return general information on all the libraries:',
  '    * Library name',
  '    * The engine used to run the Library',
  '    * Library description',
  '    * Functions list',
  '    * Library code (if WITHCODE is given)',
  '    It also possible to get only function that matches a pattern using LIBRARYNAME argument.',
  'STATS',
  '    Return information about the current function running:',
  '    * Function name',
  '    * Command used to run the function',
  '    * Duration in MS that the function is running',
  '    If no function is running, return nil',
  '    In addition, returns a list of available engines.',
  'KILL',
  '    Kill the current running function.',
  'FLUSH [ASYNC|SYNC]',
  '    Delete all the libraries.',
  '    When called without the optional mode argument, the behavior is determined by the',
  '    lazyfree-lazy-user-flush configuration directive. Valid modes are:',
  '    * ASYNC: Asynchronously flush the libraries.',
  '    * SYNC: Synchronously flush the libraries.',
  'DUMP',
  '    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command',
  'RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]',
  '    Restore the libraries represented by the given payload, it is possible to give a restore policy to',
  '    control how to handle existing libraries (default APPEND):',
  '    * FLUSH: delete all existing libraries.',
  '    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.',
  '    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old',
  '      libraries with the new libraries (notice that even on this option there is a chance of failure',
  '      in case of functions name collision with another library).',
];

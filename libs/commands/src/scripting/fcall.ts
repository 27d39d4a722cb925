/** FCALL and FCALL_RO: a function of a library, with the keys and the other arguments as two tables. */

import type { Request } from '@weir/resp';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { showMonitors } from '../core/observe.ts';
import { keyCount, pushList } from './eval.ts';
import { pushRef } from './runner.ts';
import { scriptingOf } from './scripting.ts';

export const fcall: Command = {
  name: 'fcall',
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
    summary: 'Invoke a function',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'Depends on the function that is executed.',
    arguments: [
      { name: 'function', type: 'string' },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['optional', 'multiple'] },
      { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
    ],
  },
  run: (ctx, req) => runFcall(ctx, req, false),
};

export const fcallRo: Command = {
  name: 'fcall_ro',
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
    summary: 'Invoke a read-only function',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'Depends on the function that is executed.',
    arguments: [
      { name: 'function', type: 'string' },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['optional', 'multiple'] },
      { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
    ],
  },
  run: (ctx, req) => runFcall(ctx, req, true),
};

function runFcall(ctx: Context, req: Request, ro: boolean): void {
  if (ctx.observed) showMonitors(ctx, req); // before its commands are
  const { functions } = scriptingOf(ctx);
  const script = functions.find(req.latin1(1));
  if (script === undefined) return ctx.reply.error('ERR Function not found');
  const keys = keyCount(ctx, req, 'ERR Bad number of keys provided');
  if (keys < 0) return;
  const { runner } = functions;
  const refusal = runner.prepare(script, ro);
  if (refusal !== '') return ctx.reply.error(refusal);
  runner.run(script, (L) => {
    pushRef(runner.machine, L, script.ref);
    pushList(ctx, runner, L, 3, keys);
    pushList(ctx, runner, L, 3 + keys, req.argc - 3 - keys);
    return 2;
  });
}

import type { Command } from '../core/command.ts';
import { oneKey } from '../core/key-specs.ts';

export const get: Command = {
  name: 'get',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get the value of a key',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = ctx.lookupRead(1);
    if (ref === 0) ctx.reply.nil();
    else if (ctx.isString(ref)) ctx.replyString(ref);
  },
};

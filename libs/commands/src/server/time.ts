import type { Command } from '../core/command.ts';

export const time: Command = {
  name: 'time',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Return the current server time',
    since: '2.6.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    const micros = Math.floor(ctx.host.wallClockMicros());
    ctx.reply.array(2);
    ctx.reply.bulkLatin1(String(Math.floor(micros / 1_000_000)));
    ctx.reply.bulkLatin1(String(micros % 1_000_000));
  },
};

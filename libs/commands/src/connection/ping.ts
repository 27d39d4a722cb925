import type { Request } from '@weir/resp';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';

export const ping: Command = {
  name: 'ping',
  arity: -1,
  flags: ['fast'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Ping the server',
    since: '1.0.0',
    group: 'connection',
    complexity: 'O(1)',
    arguments: [{ name: 'message', type: 'string', flags: ['optional'] }],
  },
  run(ctx, req) {
    if (req.argc > 2) ctx.reply.error("ERR wrong number of arguments for 'ping' command");
    else if (ctx.session.phase === 'subscribed') pongLikeAMessage(ctx, req);
    else if (req.argc === 1) ctx.reply.pong();
    else ctx.reply.bulk(req.buf, req.off(1), req.len(1));
  },
};

/** Libraries that read messages in RESP2 take every reply apart as one. */
function pongLikeAMessage({ reply }: Context, req: Request): void {
  reply.array(2);
  reply.bulkLatin1('pong');
  if (req.argc === 1) reply.bulkLatin1('');
  else reply.bulk(req.buf, req.off(1), req.len(1));
}

export const echo: Command = {
  name: 'echo',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  docs: {
    summary: 'Echo the given string',
    since: '1.0.0',
    group: 'connection',
    complexity: 'O(1)',
    arguments: [{ name: 'message', type: 'string' }],
  },
  run(ctx, req) {
    ctx.reply.bulk(req.buf, req.off(1), req.len(1));
  },
};

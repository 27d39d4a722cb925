import { integerArg, rangeArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import type { Deferred } from '../core/host.ts';
import type { ReplyWriter } from '@weir/resp';

export const wait: Command = {
  name: 'wait',
  arity: 3,
  flags: ['noscript'],
  acl: ['connection'],
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  docs: {
    summary:
      'Wait for the synchronous replication of all the write commands sent in the context of the current connection',
    since: '3.0.0',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [
      { name: 'numreplicas', type: 'integer' },
      { name: 'timeout', type: 'integer' },
    ],
  },
  run(ctx) {
    if (ctx.role.isSlave) {
      ctx.reply.error(
        'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.',
      );
      return;
    }
    const replicas = integerArg(ctx, 1);
    if (replicas !== replicas) return;
    const timeout = timeoutArg(ctx, 2);
    if (timeout !== timeout) return;
    waitFor(ctx, replicas, timeout, (reply, acknowledged) => reply.int(acknowledged));
  },
};

const NOT_POSITIVE = 'ERR value is out of range, must be positive';

/**
 * "Local" is the log here, which every acknowledged write has reached: the reply waits for the record like that of a write.
 */
export const waitaof: Command = {
  name: 'waitaof',
  arity: 4,
  flags: ['blocking'],
  acl: ['connection'],
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  docs: {
    summary:
      'Blocks until all of the preceding write commands sent by the connection are written to the append-only file of the master and/or replicas.',
    since: '7.2.0',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [
      { name: 'numlocal', type: 'integer' },
      { name: 'numreplicas', type: 'integer' },
      { name: 'timeout', type: 'integer' },
    ],
  },
  run(ctx) {
    const local = rangeArg(ctx, 1, 0, 1);
    if (local !== local) return;
    const replicas = integerArg(ctx, 2, NOT_POSITIVE);
    if (replicas !== replicas) return;
    if (replicas < 0) {
      ctx.reply.error(NOT_POSITIVE);
      return;
    }
    const timeout = timeoutArg(ctx, 3);
    if (timeout !== timeout) return;
    if (ctx.role.isSlave) {
      ctx.reply.error(
        'ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated.',
      );
      return;
    }
    ctx.waitForAll();
    waitFor(ctx, replicas, timeout, (reply, acknowledged) => {
      reply.array(2);
      reply.int(1);
      reply.int(acknowledged);
    });
  },
};

/** Milliseconds; 0 is for ever. */
function timeoutArg(ctx: Context, i: number): number {
  const timeout = integerArg(ctx, i, 'ERR timeout is not an integer or out of range');
  if (timeout < 0) {
    ctx.reply.error('ERR timeout is negative');
    return NaN;
  }
  return timeout;
}

/** The host calls back at once when enough slaves have the write already, else later. */
function waitFor(
  ctx: Context,
  replicas: number,
  timeoutMs: number,
  write: (reply: ReplyWriter, acknowledged: number) => void,
): void {
  const { session } = ctx;
  let later: Deferred | null = null;
  let done = false;
  const end = ctx.host.waitReplicas(session.lastWriteOffset, replicas, timeoutMs, (acknowledged) => {
    done = true;
    if (later !== null) later((reply) => write(reply, acknowledged));
    else write(ctx.reply, acknowledged);
  });
  if (done) return;
  // Inside another command there is no waiting: that many have it now.
  if (ctx.depth > 1) return end();
  later = ctx.defer();
  session.unblock = (error, quits = false) => {
    if (error !== '') {
      later!((reply) => {
        reply.error(error);
        if (quits) session.on('quit');
      });
    }
    end();
  };
}

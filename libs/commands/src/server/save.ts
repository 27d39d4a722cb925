// Snapshots are made by the replication app from the log; the engine only asks for one.

import { SYNTAX_ERROR, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { replyFailure } from './host-replies.ts';

const IN_PROGRESS = 'ERR Background save already in progress';
const REWRITING =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.";

// As in Redis, a BGSAVE is refused, or scheduled, while BGREWRITEAOF has not finished, and BGREWRITEAOF is scheduled behind a
// BGSAVE. What is scheduled is asked for at once: the replication app makes one snapshot after the other.

export const lastsave: Command = {
  name: 'lastsave',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  acl: ['admin', 'dangerous'],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Get the UNIX time stamp of the last successful save to disk',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.int(ctx.host.snapshots().lastSaveSeconds);
  },
};

export const save: Command = {
  name: 'save',
  arity: 1,
  flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
  docs: {
    summary: 'Synchronously save the dataset to disk',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(N) where N is the total number of keys in all databases',
  },
  run(ctx) {
    if (ctx.host.snapshots().inProgress && !ctx.saving.rewriting) return ctx.reply.error(IN_PROGRESS);
    const answer = ctx.defer();
    ctx.host.save((failure) =>
      answer((reply) => {
        if (failure === null) reply.ok();
        else replyFailure(reply, failure);
      }),
    );
  },
};

export const bgsave: Command = {
  name: 'bgsave',
  arity: -1,
  flags: ['admin', 'noscript', 'no_async_loading'],
  docs: {
    summary: 'Asynchronously save the dataset to disk',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(1)',
    history: [['3.2.2', 'Added the `SCHEDULE` option.']],
    arguments: [{ name: 'schedule', type: 'pure-token', token: 'SCHEDULE', since: '3.2.2', flags: ['optional'] }],
  },
  run(ctx, req) {
    if (req.argc > 2 || (req.argc === 2 && !isWord(req, 1, 'schedule'))) return ctx.reply.error(SYNTAX_ERROR);
    const { saving } = ctx;
    if (!saving.rewriting) {
      if (ctx.host.snapshots().inProgress) ctx.reply.error(IN_PROGRESS);
      else startSave(ctx, 'Background saving started', () => {});
    } else if (req.argc === 1) ctx.reply.error(REWRITING);
    else if (saving.scheduled) ctx.reply.simple('Background saving scheduled');
    else {
      saving.scheduled = true;
      startSave(ctx, 'Background saving scheduled', () => void (saving.scheduled = false));
    }
  },
};

/** Weir's AOF is the log, and a snapshot is what lets the log be trimmed: that is what rewriting is for. */
export const bgrewriteaof: Command = {
  name: 'bgrewriteaof',
  arity: 1,
  flags: ['admin', 'noscript', 'no_async_loading'],
  docs: {
    summary: 'Asynchronously rewrite the append-only file',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    const { saving } = ctx;
    if (saving.rewriting) return ctx.reply.error('ERR Background append only file rewriting already in progress');
    const when = ctx.host.snapshots().inProgress ? 'scheduled' : 'started';
    saving.rewriting = true;
    startSave(ctx, `Background append only file rewriting ${when}`, () => void (saving.rewriting = false));
  },
};

function startSave(ctx: Context, started: string, ended: () => void): void {
  let failure: string | null = null;
  ctx.host.save((error) => {
    failure = error;
    ended();
  });
  // Only what is known already; how it ends is in INFO.
  if (failure === null) ctx.reply.simple(started);
  else replyFailure(ctx.reply, failure);
}

export const shutdown: Command = {
  name: 'shutdown',
  arity: -1,
  flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
  docs: {
    summary: 'Synchronously save the dataset to disk and then shut down the server',
    since: '1.0.0',
    group: 'server',
    complexity:
      'O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)',
    history: [['7.0.0', 'Added the `NOW`, `FORCE` and `ABORT` modifiers.']],
    arguments: [
      {
        name: 'nosave_save',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'nosave', type: 'pure-token', token: 'NOSAVE' },
          { name: 'save', type: 'pure-token', token: 'SAVE' },
        ],
      },
      { name: 'now', type: 'pure-token', token: 'NOW', since: '7.0.0', flags: ['optional'] },
      { name: 'force', type: 'pure-token', token: 'FORCE', since: '7.0.0', flags: ['optional'] },
      { name: 'abort', type: 'pure-token', token: 'ABORT', since: '7.0.0', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    let save: boolean | null = null;
    let now = false;
    let force = false;
    let abort = false;
    for (let i = 1; i < req.argc; i++) {
      if (isWord(req, i, 'nosave') && save !== true) save = false;
      else if (isWord(req, i, 'save') && save !== false) save = true;
      else if (isWord(req, i, 'now')) now = true;
      else if (isWord(req, i, 'force')) force = true;
      else if (isWord(req, i, 'abort')) abort = true;
      else return ctx.reply.error(SYNTAX_ERROR);
    }
    if (abort) {
      if (save !== null || now || force) return ctx.reply.error(SYNTAX_ERROR);
      if (ctx.host.shutdownAbort()) ctx.reply.ok();
      else ctx.reply.error('ERR No shutdown in progress.');
      return;
    }
    const failure = ctx.host.shutdown({ save, now, force });
    if (failure !== null) return replyFailure(ctx.reply, failure);
    // No reply: the client sees the connection close.
    ctx.session.on('quit');
  },
};

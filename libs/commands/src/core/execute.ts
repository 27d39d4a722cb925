import { ArenaFullError } from '@weir/memory';
import { SinkFullError } from '@weir/resp';
import type { Request } from '@weir/resp';
import { printable } from './args.ts';
import { evictToLimit } from './evict.ts';
import { EffectTooLargeError, REQUEST_BYTES_MAX } from './context.ts';
import type { Context } from './context.ts';
import { REPLY_ON, REPLY_SKIP, REPLY_SKIP_NEXT } from './session.ts';
import type { Session } from './session.ts';
import {
  CommandTable,
  F_DENYOOM,
  F_FAST,
  F_LOADING,
  F_NO_AUTH,
  F_SKIP_SLOWLOG,
  F_STALE,
  F_WHOLE_KEYSPACE,
  F_WRITE,
} from './table.ts';
import type { TableCommand } from './table.ts';

/**
 * What happens to a request: find the command, check that it may run (in the order of Redis's processCommand, so that
 * a request that is wrong twice gets the same error), run it, account for it. `found` is what the table has for its
 * first argument, for those who have looked already. Returns the command, or undefined when it
 * was refused. The reply stands in `ctx.reply`; `ctx.waitSeq` says for which record it has to wait.
 */
export function execute(
  ctx: Context,
  session: Session,
  req: Request,
  now: number,
  found: TableCommand | undefined = ctx.table.find(req.buf, req.args[0], req.args[1]),
): TableCommand | undefined {
  ctx.session = session;
  ctx.req = req;
  ctx.now = now;
  ctx.db = ctx.keyspace.dbs[session.db];
  const reply = ctx.reply;
  reply.resp = session.resp;
  const replyStart = reply.pos;
  ctx.begin();

  const whole = found !== undefined && (found.subcommands.length === 0 || req.argc < 2);
  const command = whole ? found : subcommand(ctx, session, req, found, replyStart);
  if (command === undefined) return undefined;
  session.lastCommand = command.fullName;
  session.lastInteractionMs = ctx.monotonicMs;
  const refusal = refuse(ctx, session, req, command);
  if (refusal !== '') {
    command.rejected++;
    replyError(ctx, refusal);
    finishReply(ctx, session, replyStart);
    return undefined;
  }
  run(ctx, session, req, command, replyStart);
  return command;
}

/** What a request means that names no command, or a container and its subcommand. Undefined: there is no such command; that is answered. */
function subcommand(
  ctx: Context,
  session: Session,
  req: Request,
  of: TableCommand | undefined,
  replyStart: number,
): TableCommand | undefined {
  if (of === undefined) {
    if (isHttp(req)) return refuseHttp(ctx, session);
    return unknown(ctx, session, unknownCommand(req), replyStart);
  }
  const found = CommandTable.findSubcommand(of, req.buf, req.args[2], req.args[3]);
  return found ?? unknown(ctx, session, unknownSubcommand(of, req), replyStart);
}

/** There is no such command: none is to count it. */
function unknown(ctx: Context, session: Session, error: string, replyStart: number): undefined {
  session.lastCommand = 'NULL';
  session.lastInteractionMs = ctx.monotonicMs;
  replyError(ctx, error);
  finishReply(ctx, session, replyStart);
}

/**
 * Whether the request is a line of HTTP that can stand before a body (a browser page, or a program that was talked into it, reached the port):
 * the body must not be executed. As in Redis, a NUL ends the name.
 */
function isHttp(req: Request): boolean {
  const { buf } = req;
  const off = req.args[0];
  const len = req.args[1];
  const word = (buf[off] | 32) === 112 ? 'post' : 'host:';
  if (len < word.length || (len > word.length && buf[off + word.length] !== 0)) return false;
  for (let i = 0; i < word.length; i++) {
    const byte = buf[off + i];
    if ((byte >= 65 && byte <= 90 ? byte | 32 : byte) !== word.charCodeAt(i)) return false;
  }
  return true;
}

const HTTP_WARNING_MICROS = 60e6;

/** Ends the connection without a word, and nothing that stands behind the request is executed. */
function refuseHttp(ctx: Context, session: Session): undefined {
  session.closeAfterReply = true;
  session.control.destroy();
  const now = ctx.host.clockMicros();
  if (now - ctx.httpWarnedMicros < HTTP_WARNING_MICROS) return;
  ctx.httpWarnedMicros = now;
  ctx.host.log?.(
    'Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an ' +
      'attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection aborted.',
  );
}

/** Applies one command of the log: no checks, no reply, no effects. */
export function apply(
  ctx: Context,
  session: Session,
  req: Request,
  now: number,
  found: TableCommand | undefined = ctx.table.find(req.buf, req.args[0], req.args[1]),
): void {
  ctx.session = session;
  ctx.req = req;
  ctx.now = now;
  ctx.db = ctx.keyspace.dbs[session.db];
  ctx.begin();
  let command = found;
  if (command !== undefined && command.subcommands.length > 0 && req.argc > 1) {
    command = CommandTable.findSubcommand(command, req.buf, req.args[2], req.args[3]) ?? command;
  }
  if (command === undefined || command.run === undefined) {
    throw new Error(`the log has a command that this engine does not know: ${req.latin1(0).slice(0, 64)}`);
  }
  const replyStart = ctx.reply.pos;
  command.run(ctx, req);
  const failed = ctx.reply.pos > replyStart && ctx.reply.buf[replyStart] === 45;
  const text = failed ? Buffer.from(ctx.reply.buf.subarray(replyStart, ctx.reply.pos)).toString('latin1').trim() : '';
  ctx.reply.truncate(replyStart);
  if (failed) throw new Error(`the log's ${command.fullName} failed when it was applied: ${text}`);
  ctx.end();
}

const TOO_LARGE = 'ERR what this command changes is larger than a record of the replication log may be (1.9 GiB)';

/** A request of this size is not cheap, whatever it asks for. */
const LARGE_BYTES = 64 * 1024;

function run(ctx: Context, session: Session, req: Request, command: TableCommand, replyStart: number): void {
  // Of cheap commands a sample is timed: two readings of the clock cost a good part of what they do. All are when somebody
  // asked for single ones: the slow log at less than a millisecond, the latency monitor.
  const slowerThan = ctx.config.num.slowlogLogSlowerThan;
  const timed =
    command.calls >= command.timedFrom ||
    req.end - req.start > LARGE_BYTES ||
    (slowerThan >= 0 && slowerThan < 1000) ||
    ctx.config.num.latencyMonitorThreshold > 0;
  const startMicros = timed ? ctx.host.clockMicros() : 0;
  try {
    command.run!(ctx, req);
  } catch (error) {
    replyThrown(ctx, error, replyStart); // counted below, as what the handler answers
  }
  ctx.end();
  if ((command.flags & F_WHOLE_KEYSPACE) !== 0) ctx.waitForAll();
  if (ctx.dirty > 0) session.lastWriteOffset = -1; // the engine knows the offset when the record is sealed
  command.calls++;
  ctx.stats.commandsProcessed++;
  if (timed) account(ctx, req, command, ctx.host.clockMicros() - startMicros);
  const reply = ctx.reply;
  if (reply.pos > replyStart && reply.buf[replyStart] === 45) {
    if (ctx.uncountedError) ctx.uncountedError = false;
    else {
      command.failed++;
      countError(ctx, replyStart);
    }
  }
  finishReply(ctx, session, replyStart);
}

// What most calls do not need stands beside `execute`, `refuse` and `run`, not in them: they have to be short enough for V8 to put them into
// their callers. When they had grown beyond that, the engine benchmark showed 4 ns more a command, of 160.

/** Counts a call that was timed, for all who want to know how long it took. */
function account(ctx: Context, req: Request, command: TableCommand, micros: number): void {
  const { num, bool } = ctx.config;
  command.measure(micros, bool.latencyTracking && !ctx.deferred);
  // What CONFIG SET has just made of it counts for that CONFIG SET already.
  const limit = num.slowlogLogSlowerThan;
  if (limit >= 0 && (command.flags & F_SKIP_SLOWLOG) === 0) {
    if (micros >= limit) logSlow(ctx, req, micros);
    // As in Redis, a shorter slowlog-max-len counts from the next command that is looked at: the CONFIG SET itself.
    ctx.slowlog.trim(num.slowlogMaxLen);
  }
  if (num.latencyMonitorThreshold > 0) {
    ctx.latencySample((command.flags & F_FAST) !== 0 ? 'fast-command' : 'command', micros);
  }
}

/** Answers what a handler threw when that is an error of the client's command; throws it on when it is not. */
function replyThrown(ctx: Context, error: unknown, replyStart: number): void {
  // What changes the data set writes a long reply before it changes anything (invariant `reply-before-change`).
  if (error instanceof SinkFullError && ctx.dirty === 0) {
    ctx.reply.truncate(replyStart);
    ctx.reply.error('ERR the reply would be longer than 4 GiB');
  } else if (error instanceof ArenaFullError) oom(ctx, replyStart);
  else if (error instanceof EffectTooLargeError && ctx.dirty === 0) {
    ctx.reply.truncate(replyStart);
    ctx.reply.error(TOO_LARGE);
  } else throw error;
}

/** Handlers allocate before they change; those that go on element by element have logged what they did (propagateFirst). */
function oom(ctx: Context, replyStart: number): void {
  ctx.reply.truncate(replyStart);
  ctx.reply.error("OOM command not allowed when used memory > 'maxmemory'.");
}

/** The error that keeps the command from running, or ''. */
function refuse(ctx: Context, session: Session, req: Request, command: TableCommand): string {
  // A container without a subcommand.
  if (command.run === undefined) return wrongArity(command);
  const arity = command.arity;
  if (arity > 0 ? req.argc !== arity : req.argc < -arity) return wrongArity(command);
  const flags = command.flags;
  if (!session.authenticated && (flags & F_NO_AUTH) === 0 && ctx.config.text.requirepass !== '') {
    return 'NOAUTH Authentication required.';
  }
  if (ctx.config.num.maxmemory > 0 && !ctx.slave && !ctx.loading) {
    const enough = evictToLimit(ctx);
    if (!enough && (flags & F_DENYOOM) !== 0) return "OOM command not allowed when used memory > 'maxmemory'.";
  }
  if ((flags & F_WRITE) !== 0) {
    if (ctx.writeRefusal !== '') return ctx.writeRefusal;
    // Whatever replica-read-only says: a slave's writes would go nowhere.
    if (ctx.slave) return "READONLY You can't write against a read only replica.";
    if (req.end - req.start > REQUEST_BYTES_MAX) return TOO_LARGE;
  }
  return ctx.loading || ctx.slave ? refuseUnready(ctx, flags) : '';
}

/** The same for the state of the data set. */
function refuseUnready(ctx: Context, flags: number): string {
  if (ctx.loading && (flags & F_LOADING) === 0) {
    return ctx.dataRefusal !== '' ? ctx.dataRefusal : 'LOADING Redis is loading the dataset in memory';
  }
  if (ctx.slave && (flags & F_STALE) === 0 && !ctx.config.bool.replicaServeStaleData && !ctx.linkUp) {
    return "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
  }
  return '';
}

function wrongArity(command: TableCommand): string {
  return `ERR wrong number of arguments for '${command.fullName}' command`;
}

function unknownCommand(req: Request): string {
  let text = `ERR unknown command '${printable(req, 0).slice(0, 128)}', with args beginning with: `;
  let args = '';
  for (let i = 1; i < req.argc && args.length < 128; i++) args += `'${printable(req, i).slice(0, 128 - args.length)}' `;
  text += args;
  return text;
}

function unknownSubcommand(command: TableCommand, req: Request): string {
  const name = command.fullName.toUpperCase();
  return `ERR unknown subcommand '${printable(req, 1).slice(0, 128)}'. Try ${name} HELP.`;
}

function replyError(ctx: Context, text: string): void {
  const start = ctx.reply.pos;
  ctx.reply.error(text);
  countError(ctx, start);
}

function countError(ctx: Context, start: number): void {
  const buf = ctx.reply.buf;
  let end = start + 1;
  while (end - start < 32 && buf[end] > 32) end++;
  const code = Buffer.from(buf.subarray(start + 1, end)).toString('latin1');
  ctx.stats.errorReplies++;
  const seen = ctx.stats.errors.get(code);
  if (seen !== undefined) ctx.stats.errors.set(code, seen + 1);
  else if (ctx.stats.errors.size < 128) ctx.stats.errors.set(code, 1);
}

/** CLIENT REPLY: drops what the session does not want to hear. */
function finishReply(ctx: Context, session: Session, replyStart: number): void {
  if (session.replyMode === REPLY_ON) return;
  ctx.reply.truncate(replyStart);
  // CLIENT REPLY SKIP says nothing itself and silences the one command after it.
  if (session.replyMode === REPLY_SKIP) session.replyMode = REPLY_ON;
  else if (session.replyMode === REPLY_SKIP_NEXT) session.replyMode = REPLY_SKIP;
}

const NOTHING = new Uint8Array(0);
const REDACTED = Buffer.from('(redacted)');

function logSlow(ctx: Context, req: Request, micros: number): void {
  const args: Uint8Array[] = [];
  for (let i = 0; i < req.argc; i++) {
    // Only the first 32 are kept, the others are counted.
    if (i > 32) args.push(NOTHING);
    else args.push(ctx.redacted.includes(i) ? REDACTED : req.bytes(i));
  }
  ctx.slowlog.add(
    {
      timeSeconds: Math.floor(ctx.now / 1000),
      micros: Math.round(micros),
      args,
      addr: ctx.session.remoteAddr,
      name: ctx.session.name,
    },
    ctx.config.num.slowlogMaxLen,
  );
}

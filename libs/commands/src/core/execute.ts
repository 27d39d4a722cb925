import type { Request } from '@weir/resp';
import { PAUSED, QUEUE, admit } from './admit.ts';
import { SYNTAX_ERROR, printable } from './args.ts';
import type { Context } from './context.ts';
import { UnknownEffectError } from './effect-errors.ts';
import { beginFrame, endFrame, popFrame, pushFrame, refuseThrown } from './frame.ts';
import { observe, showMonitors } from './observe.ts';
import { REPLY_ON, REPLY_SKIP, REPLY_SKIP_NEXT } from './session.ts';
import type { Session } from './session.ts';
import { CommandTable, F_EXEC, F_FAST, F_SKIP_SLOWLOG, F_WHOLE_KEYSPACE } from './table.ts';
import type { TableCommand } from './table.ts';

/**
 * What happens to a request, in a frame of its own (frame.ts): **admit** (may it run?), **call** (the handler), **account** (calls, times, errors),
 * **finish** (what CLIENT REPLY leaves of the reply). `found` is what the table has for its first argument, for those who have
 * looked already. Returns the command, or undefined when it was refused. The reply stands in `ctx.reply`; `ctx.waitSeq` says for which record
 * it has to wait. Whoever executes commands takes both, and then calls `serveReady`.
 */
export function execute(
  ctx: Context,
  session: Session,
  req: Request,
  now: number,
  found: TableCommand | undefined = ctx.table.find(req.buf, req.args[0], req.args[1]),
): TableCommand | undefined {
  const replyStart = beginFrame(ctx, session, req, now);
  session.lastInteractionMs = ctx.monotonicMs;
  const whole = found !== undefined && (found.subcommands.length === 0 || req.argc < 2);
  const command = whole ? found : subcommandOf(found, req);
  if (command === undefined) return refuse(ctx, session, refusalOfUnknown(ctx, session, req, found), 0, replyStart);
  session.lastCommand = command.fullName;
  const refusal = admit(ctx, session, req, command);
  if (refusal !== '') return notNow(ctx, session, req, command, refusal, replyStart);
  call(ctx, req, command, replyStart);
  if (session.replyMode !== REPLY_ON) finish(ctx, session, replyStart);
  endFrame(ctx);
  return command;
}

// What most calls do not need stands beside `execute`, `admit` and `call`, not in them: they have to be short enough for V8 to put them into
// their callers. When they had grown beyond that, the engine benchmark showed 4 ns more a command, of 160.

/** The command was not admitted, or is to be queued. */
function notNow(
  ctx: Context,
  session: Session,
  req: Request,
  command: TableCommand,
  refusal: string,
  replyStart: number,
): TableCommand | undefined {
  if (refusal === QUEUE) return queue(ctx, session, req, command, replyStart);
  if (refusal === PAUSED) {
    ctx.onPostpone(session, req);
    endFrame(ctx);
    return command;
  }
  command.rejected++;
  return refuse(ctx, session, refusal, command.flags, replyStart);
}

function refuse(ctx: Context, session: Session, refusal: string, flags: number, replyStart: number): undefined {
  if ((flags & F_EXEC) !== 0) {
    ctx.discard();
    replyError(ctx, `EXECABORT Transaction discarded because of: ${refusal.replace(/^ERR /, '')}`);
    // Who monitors has seen MULTI, and that it is over.
    if (ctx.observed) showMonitors(ctx, ctx.req);
  } else {
    if (session.phase === 'queuing') session.transaction!.isDoomed = true;
    if (refusal !== '') replyError(ctx, refusal);
  }
  finish(ctx, session, replyStart);
  endFrame(ctx);
}

/** Between MULTI and EXEC. */
function queue(ctx: Context, session: Session, req: Request, command: TableCommand, replyStart: number): TableCommand {
  session.transaction!.add(req, command);
  ctx.reply.simple('QUEUED');
  finish(ctx, session, replyStart);
  endFrame(ctx);
  return command;
}

/**
 * Runs a command inside the one at hand, as EXEC and scripts do: called and accounted for like any other, but not admitted, which is the
 * caller's part. Its reply goes behind what the outer one has written.
 */
export function executeInside(ctx: Context, session: Session, req: Request, command: TableCommand): void {
  pushFrame(ctx);
  const replyStart = beginFrame(ctx, session, req, ctx.now);
  call(ctx, req, command, replyStart);
  endFrame(ctx);
  popFrame(ctx);
}

/** The subcommand that a request names, of what the table has for its first argument. */
function subcommandOf(found: TableCommand | undefined, req: Request): TableCommand | undefined {
  return found === undefined ? undefined : CommandTable.findSubcommand(found, req.buf, req.args[2], req.args[3]);
}

/** There is no such command, and none is to count it. An empty text: the connection ends without a word. */
function refusalOfUnknown(ctx: Context, session: Session, req: Request, found: TableCommand | undefined): string {
  if (found !== undefined) {
    session.lastCommand = 'NULL';
    return unknownSubcommand(found, req);
  }
  if (isHttp(req)) {
    refuseHttp(ctx, session);
    return '';
  }
  session.lastCommand = 'NULL';
  return unknownCommand(req);
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
function refuseHttp(ctx: Context, session: Session): void {
  session.on('quit');
  session.control.destroy();
  const now = ctx.host.clockMicros();
  if (now - ctx.httpWarnedMicros < HTTP_WARNING_MICROS) return;
  ctx.httpWarnedMicros = now;
  ctx.host.log?.(
    'Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an ' +
      'attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection aborted.',
  );
}

/** Applies one command of the log: not admitted, not accounted for, no reply, no effects. */
export function apply(
  ctx: Context,
  session: Session,
  req: Request,
  now: number,
  found: TableCommand | undefined = ctx.table.find(req.buf, req.args[0], req.args[1]),
): void {
  const replyStart = beginFrame(ctx, session, req, now);
  const whole = found === undefined || found.subcommands.length === 0 || req.argc < 2;
  const command = whole ? found : (subcommandOf(found, req) ?? found);
  if (command === undefined || command.run === undefined) {
    throw endFrame(ctx, new UnknownEffectError(`the log has a command that this engine does not know: ${wordOf(req)}`));
  }
  const { arity } = command;
  if (arity > 0 ? req.argc !== arity : req.argc < -arity) {
    const form = `${wordOf(req)} with ${req.argc} arguments`;
    throw endFrame(ctx, new UnknownEffectError(`the log has ${form}, which this engine does not know`));
  }
  const { reply } = ctx;
  try {
    command.run(ctx, req);
  } catch (error) {
    throw endFrame(ctx, error);
  }
  const failed = reply.pos > replyStart && reply.buf[replyStart] === MINUS;
  const text = failed ? Buffer.from(reply.buf.subarray(replyStart, reply.pos)).toString('latin1').trim() : '';
  reply.truncate(replyStart);
  if (!failed) ctx.end();
  endFrame(ctx);
  if (text === UNKNOWN_FORM) {
    throw new UnknownEffectError(`the log has a form of ${wordOf(req)} that this engine does not know`);
  }
  if (failed) throw new Error(`the log's ${command.fullName} failed when it was applied: ${text}`);
}

const MINUS = 45;
/** How every handler refuses words that it does not have. */
const UNKNOWN_FORM = `-${SYNTAX_ERROR}`;

const wordOf = (req: Request): string => req.latin1(0).slice(0, 64);

/** A request of this size is not cheap, whatever it asks for. */
const LARGE_BYTES = 64 * 1024;

/** The handler, and what is to be accounted for it. */
function call(ctx: Context, req: Request, command: TableCommand, replyStart: number): void {
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
    orThrow(ctx, error, replyStart); // counted below, as what the handler answers
  }
  ctx.end();
  if ((command.flags & F_WHOLE_KEYSPACE) !== 0) ctx.waitForAll();
  command.calls++;
  ctx.stats.commandsProcessed++;
  if (ctx.observed) observe(ctx, req, command);
  if (timed) account(ctx, req, command, ctx.host.clockMicros() - startMicros);
  const { reply } = ctx;
  if (reply.pos > replyStart && reply.buf[replyStart] === MINUS) accountError(ctx, command, replyStart);
}

function orThrow(ctx: Context, error: unknown, replyStart: number): void {
  if (!refuseThrown(ctx, error, replyStart)) throw endFrame(ctx, error);
}

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

function accountError(ctx: Context, command: TableCommand, replyStart: number): void {
  if (ctx.uncountedError) ctx.uncountedError = false;
  else {
    command.failed++;
    ctx.stats.countErrorReply(ctx.reply.buf, replyStart);
  }
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
  ctx.stats.countErrorReply(ctx.reply.buf, start);
}

/** CLIENT REPLY: drops what the session does not want to hear. */
function finish(ctx: Context, session: Session, replyStart: number): void {
  if (session.replyMode === REPLY_ON) return;
  // What is pushed is no reply.
  ctx.reply.truncate(Math.max(replyStart, ctx.pushedTo));
  ctx.pushedTo = 0;
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

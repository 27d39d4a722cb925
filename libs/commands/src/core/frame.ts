import type { Database } from '@weir/keyspace';
import { ArenaFullError } from '@weir/memory';
import { Request, SinkFullError } from '@weir/resp';
import type { ReplyWriter } from '@weir/resp';
import { CannotWaitError, EffectTooLargeError } from './context.ts';
import type { Context } from './context.ts';
import type { Session } from './session.ts';
import { CommandTable } from './table.ts';

/**
 * A command at work is a *frame*: whose it is, its request and database, what it changed, which record its reply waits for.
 *
 * The frame at hand stands in fields of the Context itself, where handlers read it without a detour; a command that stands alone saves
 * nothing. Only around a command inside another one (EXEC, scripts, MIGRATE's DUMP) the fields are kept in a pooled Frame
 * and come back when the inner one is done. What the inner one changed and waits for belongs to the outer one then, too.
 *
 * A command that waits (`Context.defer`) ends its frame. It goes on in a new one (`resume`), which is never inside another command's: what becomes
 * ready while a command is at work stands in `Context.ready` until the outermost one has finished and was answered. So a client that waits
 * never sees half a transaction, and nobody's reply is written into somebody else's.
 */
export class Frame {
  session: Session;
  req: Request;
  db: Database;
  now = 0;
  resp: 2 | 3 = 2;
  hash = 0;
  waitSeq = 0;
  dirty = 0;
  hashed = 0;
  deferred = false;
  redacted: number[] = [];

  constructor(ctx: Context) {
    this.session = ctx.session;
    this.req = ctx.req;
    this.db = ctx.db;
  }
}

/** Begins a frame: of a command that stands alone, or behind `push` of one inside another. Returns where its reply begins. */
export function beginFrame(ctx: Context, session: Session, req: Request, now: number): number {
  ctx.depth++;
  ctx.session = session;
  ctx.req = req;
  ctx.now = now;
  ctx.db = ctx.keyspace.dbs[session.db];
  const { reply } = ctx;
  reply.resp = session.resp;
  ctx.begin();
  return reply.pos;
}

/** Ends it, and hands through what was thrown. The context's fields stay as they are for whoever began it: `dirty`, `waitSeq`. */
export function endFrame(ctx: Context, error?: unknown): unknown {
  ctx.depth--;
  return error;
}

/** Keeps what the context holds of the command at hand, while another one runs inside it: behind this `beginFrame`, and `popFrame` in the end. */
export function pushFrame(ctx: Context): void {
  if (ctx.depth === 0) throw new Error('there is no command to run another one inside');
  const { frames, depth } = ctx;
  if (frames.length < depth) frames.push(new Frame(ctx));
  const frame = frames[depth - 1];
  frame.session = ctx.session;
  frame.req = ctx.req;
  frame.db = ctx.db;
  frame.now = ctx.now;
  frame.resp = ctx.reply.resp;
  frame.hash = ctx.hash;
  frame.waitSeq = ctx.waitSeq;
  frame.dirty = ctx.dirty;
  frame.hashed = ctx.hashed;
  frame.deferred = ctx.deferred;
  const { redacted } = frame;
  frame.redacted = ctx.redacted;
  ctx.redacted = redacted;
}

/** The outer command goes on; the session's database may be another one now (SELECT inside a transaction). */
export function popFrame(ctx: Context): void {
  const frame = ctx.frames[ctx.depth - 1];
  ctx.session = frame.session;
  ctx.req = frame.req;
  ctx.db = frame.db;
  ctx.now = frame.now;
  ctx.reply.resp = frame.resp;
  ctx.hash = frame.hash;
  ctx.hashed = frame.hashed;
  if (frame.waitSeq > ctx.waitSeq) ctx.waitSeq = frame.waitSeq;
  ctx.dirty += frame.dirty;
  ctx.deferred = frame.deferred;
  const { redacted } = frame;
  frame.redacted = ctx.redacted;
  ctx.redacted = redacted;
}

/**
 * Runs `run` for the command at hand in a frame of its own, with another request: a handler that another one uses (MIGRATE's DUMP). Nothing is checked or
 * counted. The reply goes behind what the outer command has written.
 */
export function runInside(ctx: Context, req: Request, run: (ctx: Context, req: Request) => void): void {
  pushFrame(ctx);
  beginFrame(ctx, ctx.session, req, ctx.now);
  try {
    run(ctx, req);
    ctx.end();
  } finally {
    endFrame(ctx);
    popFrame(ctx);
  }
}

const NO_REQUEST = new Request();

/**
 * Goes on with a command of a session that waited: between commands, in a frame of its own. It may look up keys, change them, write effects and
 * replies; its request is gone. `ctx.dirty` and `ctx.waitSeq` tell the caller what came of it.
 */
export function resume(ctx: Context, session: Session, now: number, run: (reply: ReplyWriter) => void): void {
  if (ctx.depth !== 0) throw new Error('a command that waited goes on inside another one');
  const replyStart = beginFrame(ctx, session, NO_REQUEST, now);
  try {
    run(ctx.reply);
  } catch (error) {
    if (!refuseThrown(ctx, error, replyStart)) throw endFrame(ctx, error);
  }
  ctx.end();
  const { reply } = ctx;
  if (reply.pos > replyStart && reply.buf[replyStart] === MINUS) countLateError(ctx, session, replyStart);
  if (ctx.observed) ctx.tracking.tellOwn(session);
  endFrame(ctx);
}

const MINUS = 45;

/** The command was called when it began to wait, and fails now. */
function countLateError(ctx: Context, session: Session, replyStart: number): void {
  ctx.stats.countErrorReply(ctx.reply.buf, replyStart);
  const command = CommandTable.byFullName(ctx.table, session.lastCommand);
  if (command !== undefined) command.failed++;
}

/** Does the work at once, or when the command at hand, and all that it is inside of, is done and answered. */
export function whenDone(ctx: Context, work: () => void): void {
  ctx.ready.push(work);
  if (!ctx.busy) serveReady(ctx);
}

/**
 * Does what became ready, first come first served, until nothing is left. For those who execute commands, after each: the reply, `dirty` and `waitSeq`
 * of the outermost one are taken already.
 */
export function serveReady(ctx: Context): void {
  const { ready } = ctx;
  if (ctx.depth !== 0 || ctx.serving || ready.length === 0) return;
  ctx.serving = true;
  try {
    // What is done may make more ready.
    for (let i = 0; i < ready.length; i++) {
      ready[i]();
      ctx.divideEffects();
    }
  } finally {
    ready.length = 0;
    ctx.serving = false;
  }
}

export const TOO_LARGE =
  'ERR what this command changes is larger than a record of the replication log may be (1.9 GiB)';

/**
 * Whether what a handler threw says that it cannot be done (there is no room, it would wait), and nothing is half done: then that is the reply. Handlers allocate before they
 * change; those that go on element by element have logged what they did (propagateFirst).
 */
export function refuseThrown(ctx: Context, error: unknown, replyStart: number): boolean {
  let text: string;
  if (error instanceof ArenaFullError) text = "OOM command not allowed when used memory > 'maxmemory'.";
  // What changes the data set writes a long reply before it changes anything (invariant `reply-before-change`).
  else if (error instanceof SinkFullError && ctx.dirty === 0) text = 'ERR the reply would be longer than 4 GiB';
  else if (error instanceof EffectTooLargeError && ctx.dirty === 0) text = TOO_LARGE;
  else if (error instanceof CannotWaitError)
    text = 'ERR this command has to wait for something and cannot do so inside another one';
  else return false;
  ctx.reply.truncate(replyStart);
  ctx.reply.error(text);
  return true;
}

import { REPLY_ON, Session, execute } from '@weir/commands';
import type { SessionInfo, SessionPort, SessionSink } from '@weir/link';
import { ERROR, FRAME, FrameScanner } from '@weir/resp';
import { wallClockMs } from '@weir/replica';
import type { Engine } from './engine.ts';

/**
 * One client connection at the engine: scans its bytes, executes its requests, and keeps its replies in order.
 *
 * The replies of one turn stand in the engine's reply buffer and are cut into slices by the record that they wait for.
 * A reply that waits for none is sent at once; any other goes to that record's held replies, and every later reply of
 * this session with it or behind it (invariant `replies-in-order`).
 */

/** Replies are handed over in slices of at most about this size, so that a slow client is noticed. */
const SLICE_BYTES = 64 * 1024;
/** Bytes of requests kept for a session that waits (WAIT, congestion) before the ingress is told to stop. */
const BACKLOG_BYTES_MAX = 64 * 1024;
/** Replies of one session held for the log beyond this: its further requests wait. */
const HELD_BYTES_MAX = 1024 * 1024;

export class ClientSession implements SessionPort {
  readonly session: Session;
  readonly #engine: Engine;
  readonly #sink: SessionSink;
  readonly #scanner: FrameScanner;
  /** Number of the last record that holds replies of this session back; 0 is none. */
  #heldSeq = 0;
  /** Slices of replies that are held, and their bytes. */
  #heldSlices = 0;
  #heldBytes = 0;
  #congested = false;
  #paused = false;
  #closed = false;
  #inputEnded = false;
  #backlog: Uint8Array[] = [];
  #backlogBytes = 0;
  /** Inside `process`: a deferred reply that comes now is written by the handler itself. */
  #executing = false;

  constructor(engine: Engine, id: number, info: SessionInfo, sink: SessionSink) {
    this.#engine = engine;
    this.#sink = sink;
    this.#scanner = new FrameScanner(engine.scanLimits);
    const scanner = this.#scanner;
    this.session = new Session({
      id,
      control: {
        close: () => this.closeAfterReplies(),
        destroy: () => this.destroy(),
        get pendingOutputBytes() {
          return sink.pendingOutputBytes;
        },
        get queryBufferBytes() {
          return scanner.pendingBytes;
        },
      },
      authenticated: engine.passwordless,
      nowMs: performance.now(),
      remoteAddr: info.remoteAddr,
      localAddr: info.localAddr,
      fd: info.fd,
      unixSocket: info.unixSocket,
    });
    scanner.authenticated = this.session.authenticated;
  }

  input(buf: Uint8Array, start: number, end: number): void {
    const bytes = end - start;
    this.session.inputBytes += bytes;
    this.#engine.ctx.stats.netInputBytes += bytes;
    this.#engine.ctx.stats.readsProcessed++;
    if (this.#closed || this.session.closeAfterReply) return;
    if (this.#waiting || this.#scanner.unscannedBytes > 0 || this.#backlog.length > 0) {
      this.#backlog.push(Uint8Array.prototype.slice.call(buf, start, end)); // a Buffer's own slice is a view
      this.#backlogBytes += bytes;
      // A client may send a whole pipeline before it reads the first reply: while its own replies are what it waits for, it
      // must be able to go on sending, as far as its query buffer may grow.
      const bytesMax = this.#congested ? this.#engine.scanLimits.queryBufferBytesMax : BACKLOG_BYTES_MAX;
      if (this.#backlogBytes > bytesMax && !this.#paused) {
        this.#paused = true;
        this.#sink.pauseInput();
      }
      return;
    }
    this.#scanner.feed(buf, start, end);
    this.#process();
    this.#scanner.keep();
  }

  /** The client will send nothing more, and may still read: what it sent is answered before the connection is closed. */
  inputEnded(): void {
    if (this.session.blocked) return this.destroy(); // nothing else would tell that its client is gone
    this.#inputEnded = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#inputEnded && !this.#waiting && this.#scanner.unscannedBytes === 0 && this.#backlog.length === 0) {
      this.closeAfterReplies();
    }
  }

  drained(): void {
    this.#congested = false;
    this.resume();
  }

  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#backlog = [];
    this.#engine.sessionClosed(this);
    // Nobody is there any more to be answered, and a wait without a time-out would never end.
    this.session.unblock?.(false);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether requests have to wait. */
  get #waiting(): boolean {
    const { session } = this;
    return (
      session.blocked ||
      this.#congested ||
      this.#engine.stalled ||
      this.#heldBytes > HELD_BYTES_MAX ||
      session.closeAfterReply
    );
  }

  /** Goes on with what was kept back. */
  resume(): void {
    if (this.#closed || this.#executing) return;
    if (!this.#waiting) this.#process();
    while (!this.#waiting && !this.#closed && this.#backlog.length > 0 && this.#scanner.unscannedBytes === 0) {
      const chunk = this.#backlog.shift()!;
      this.#backlogBytes -= chunk.length;
      this.#scanner.feed(chunk, 0, chunk.length);
      this.#process();
    }
    if (this.#paused && this.#backlogBytes === 0 && !this.#closed) {
      this.#paused = false;
      this.#sink.resumeInput();
    }
    this.#closeIfDone();
  }

  #process(): void {
    const engine = this.#engine;
    const ctx = engine.ctx;
    const session = this.session;
    const scanner = this.#scanner;
    const out = ctx.reply;
    const now = wallClockMs();
    ctx.monotonicMs = performance.now();
    const base = out.pos;
    let sliceStart = base;
    let sliceWait = this.#heldSeq;
    let replies = 0;
    this.#executing = true;
    const lookahead = engine.lookahead;
    lookahead.begin(scanner);
    while (!this.#waiting) {
      const scanned = lookahead.next(ctx, session);
      if (scanned !== FRAME) {
        if (scanned === ERROR) {
          if (!scanner.closeOnly) out.error(`ERR ${scanner.errorText}`);
          replies++;
          session.closeAfterReply = true;
        }
        break;
      }
      const before = out.pos;
      execute(ctx, session, lookahead.request, now, lookahead.command);
      scanner.authenticated = session.authenticated;
      if (ctx.dirty > 0) session.lastWriteOffset = engine.writtenOffset();
      let wait = ctx.waitSeq;
      if (wait <= engine.committedSeq) wait = 0;
      if (wait < sliceWait) wait = sliceWait;
      if (wait !== sliceWait) {
        if (before > sliceStart) this.#send(sliceWait, sliceStart, before, replies);
        sliceStart = before;
        sliceWait = wait;
        replies = 0;
      }
      if (out.pos > before) replies++; // CLIENT REPLY may have silenced it, WAIT answers later
      if (out.pos - sliceStart > SLICE_BYTES) {
        this.#send(sliceWait, sliceStart, out.pos, replies);
        out.truncate(base);
        sliceStart = base;
        replies = 0;
      }
      if (session.closeAfterReply) break;
    }
    lookahead.end();
    this.#executing = false;
    ctx.effects.settle(); // the chunk is the ingress's again
    if (out.pos > sliceStart) this.#send(sliceWait, sliceStart, out.pos, replies);
    out.reset();
    engine.turn();
    if (session.closeAfterReply) this.closeAfterReplies();
  }

  #send(waitSeq: number, start: number, end: number, replies: number): void {
    const buf = this.#engine.ctx.reply.buf;
    if (waitSeq === 0) {
      this.#output(buf, start, end);
      return;
    }
    this.#heldSeq = waitSeq;
    this.#heldBytes += end - start;
    if (this.#engine.holdReplies(waitSeq, this, buf, start, end, replies)) this.#heldSlices++;
  }

  #output(buf: Uint8Array, start: number, end: number): void {
    if (this.#closed) return;
    this.session.outputBytes += end - start;
    this.#engine.ctx.stats.netOutputBytes += end - start;
    this.#engine.ctx.stats.writesProcessed++;
    if (!this.#sink.output(buf, start, end)) this.#congested = true;
  }

  /** The record that a slice of `heldBytes` waited for is committed (or refused): that is what the client is sent. */
  releaseHeld(heldBytes: number, buf: Uint8Array, start: number, end: number): void {
    if (--this.#heldSlices === 0) this.#heldSeq = 0;
    const stopped = this.#heldBytes > HELD_BYTES_MAX;
    this.#heldBytes -= heldBytes;
    if (this.#closed) return;
    this.#output(buf, start, end);
    if (this.session.closeAfterReply) {
      if (this.#heldSeq === 0) this.#sink.close();
    } else if (stopped && this.#heldBytes <= HELD_BYTES_MAX) setImmediate(() => this.resume());
  }

  /** Closes when what was answered has been sent. */
  closeAfterReplies(): void {
    this.session.closeAfterReply = true;
    if (this.#closed || this.#heldSeq !== 0) return;
    this.#sink.close();
  }

  destroy(): void {
    this.session.closeAfterReply = true; // nothing of it is executed any more
    if (!this.#closed) this.#sink.destroy();
  }

  /** A command of this session answers later; see Context.defer. */
  defer(): (write: (reply: Engine['ctx']['reply']) => void) => void {
    const { session } = this;
    session.blocked = true;
    const silent = session.replyMode !== REPLY_ON;
    let done = false;
    return (write) => {
      if (done) return;
      done = true;
      session.blocked = false;
      session.unblock = null;
      const out = this.#engine.ctx.reply;
      if (this.#executing) {
        write(out);
        return;
      }
      if (this.#closed) return;
      // This may be inside another session's command, which has yet to write its own reply.
      const start = out.pos;
      const { resp } = out;
      out.resp = this.session.resp;
      write(out);
      out.resp = resp;
      if (!silent) this.#send(this.#heldSeq, start, out.pos, 1);
      out.truncate(start);
      setImmediate(() => this.resume());
    };
  }

  /** A command of this session goes on later, and may change the data set then; see Context.deferWork. */
  deferWork(): (run: () => void) => void {
    const { session } = this;
    session.blocked = true;
    const silent = session.replyMode !== REPLY_ON;
    let done = false;
    return (run) => {
      if (done) return;
      done = true;
      session.blocked = false;
      const engine = this.#engine;
      const { ctx } = engine;
      const out = ctx.reply;
      const start = out.pos;
      ctx.aim(session, wallClockMs());
      ctx.begin();
      run();
      ctx.end();
      if (ctx.dirty > 0) session.lastWriteOffset = engine.writtenOffset();
      const wait = ctx.waitSeq <= engine.committedSeq ? 0 : ctx.waitSeq;
      if (!silent) this.#send(Math.max(wait, this.#heldSeq), start, out.pos, 1);
      out.truncate(start);
      engine.turn();
      setImmediate(() => this.resume());
    };
  }
}

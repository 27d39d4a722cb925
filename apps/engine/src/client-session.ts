/**
 * One client connection at the engine: scans its bytes, executes its requests, and keeps its replies in order.
 *
 * Where it is in its life, and what an event does there, says the table of phases (libs/commands/src/core/phase.ts); what is to be done then stands in `#act`.
 *
 * The replies of one turn stand in the engine's reply buffer and are cut into slices by the record that they wait for.
 * A reply that waits for none is sent at once; any other goes to that record's held replies, and every later reply of
 * this session with it or behind it (invariant `replies-in-order`).
 */

import { REPLY_ON, Session, execute, needsData, resume, serveReady, whenDone } from '@weir/commands';
import type { ClientMemory, Context, Deferred, Lookahead, SessionAction } from '@weir/commands';
import type { Config } from '@weir/config';
import { ByteQueue } from '@weir/link';
import type { SessionInfo, SessionPort, SessionSink } from '@weir/link';
import { ERROR, FRAME, FrameScanner } from '@weir/resp';
import type { ReplyWriter, Request, ScanLimits } from '@weir/resp';
import type { Time } from '@weir/time';
import type { Client, ClientLimits } from './client-memory.ts';
import type { Commit } from './commit.ts';
import type { ReplyTarget } from './held-replies.ts';
import type { KeptBack, Resumable } from './kept-back.ts';
import { ToldState, decodeState, encodeState } from './session-state.ts';
import type { Lease, LeaseWaiter } from './lease.ts';

/** Replies are handed over in slices of at most about this size, so that a slow client is noticed. */
const SLICE_BYTES = 64 * 1024;
/** Bytes of requests kept for a session that waits (WAIT, congestion) before the ingress is told to stop. */
const BACKLOG_BYTES_MAX = 64 * 1024;
/** What may still be on its way when the ingress was told to stop: buffers of a link and of the kernel. Beyond it nobody listens. */
const UNDER_WAY_BYTES_MAX = 16 * 1024 * 1024;
/** A backlog is executed in steps of this, so that others have their turn: Redis's own read size. */
const STEP_BYTES = 16 * 1024;
/** Before authentication a client gets its replies in small slices, and may leave so much unread: Redis's static buffer and 1 KB. */
const UNAUTHENTICATED_SLICE_BYTES = 4 * 1024;
const UNAUTHENTICATED_OUTPUT_BYTES_MAX = 17 * 1024;
/** A connection without anything in its buffers: session, scanner, socket. 7,000 idle ones took 6.5 KB each, 1.5 of it buffers. */
const IDLE_BYTES = 5 * 1024;
/** Replies of one session held for the log beyond this: its further requests wait. */
const HELD_BYTES_MAX = 1024 * 1024;

/** What holds requests back, or is remembered, beside the phase: independent of it and of each other. */
const CONGESTED = 1; // the client does not read its replies
const PAUSED = 2; // the ingress was told to read no more of it
const INPUT_ENDED = 4; // the client will send nothing more
const POSTPONED = 8; // a request waits for the end of a pause
const RELEASED = 16; // that is over
const BOUNCED = 32; // what was not executed is the ingress's again, and nothing is executed any more

const NOTHING = new Uint8Array(0);

/** What a session needs of the engine. */
export interface SessionHost {
  readonly time: Time;
  readonly ctx: Context;
  readonly config: Config;
  readonly commit: Commit;
  readonly lookahead: Lookahead;
  readonly scanLimits: ScanLimits;
  readonly keptBack: KeptBack;
  readonly lease: Lease;
  readonly clientMemory: ClientLimits;
  /** No password is asked for. */
  readonly passwordless: boolean;
  /** Whether the replies of authenticated clients are weighed before they are kept for them. */
  readonly limitsOutput: boolean;
  /** There is room for requests of clients that do not read their replies. */
  readonly roomToKeep: boolean;
  /** Bytes of requests in the backlogs of all sessions. */
  keptBytes: number;
  /** Something was executed. */
  turn(): void;
  sessionClosed(session: Session): void;
}

export class ClientSession implements SessionPort, ReplyTarget, Resumable, Client, LeaseWaiter {
  readonly session: Session;
  readonly #engine: SessionHost;
  readonly #sink: SessionSink;
  readonly #scanner: FrameScanner;
  /** Number of the last record that holds replies of this session back; 0 is none. */
  #heldSeq = 0;
  /** Slices of replies that are held, and their bytes. */
  #heldSlices = 0;
  #heldBytes = 0;
  /** A reply that is held told of another database, protocol, transaction or subscription of this session, or something is held that is no reply. */
  #turnHeld = false;
  #facts = 0;
  /** Requests that came while older ones wait. */
  readonly #backlog = new ByteQueue();
  /** The request that a pause keeps from running. */
  #postponed: Request | null = null;
  #forgetPostponed: (() => void) | null = null;
  /** A whole request that needs the data set, and came when this master's lease had run out. */
  #leaseless: Uint8Array | null = null;
  /** Since when the unread output is above the soft limit; 0: it is not. */
  #softSinceMs = 0;
  /** What the ingress knows of the session; null: it serves its client here and nowhere else. */
  readonly #told: ToldState | null;
  /** Requests that CLIENT REPLY left without a reply, and of which who routes was not told yet. */
  #silent = 0;

  constructor(engine: SessionHost, id: number, info: SessionInfo, sink: SessionSink) {
    this.#engine = engine;
    this.#sink = sink;
    this.#scanner = new FrameScanner(engine.scanLimits);
    const scanner = this.#scanner;
    const backlog = this.#backlog;
    this.session = new Session({
      id,
      control: {
        close: () => this.#act(this.session.on('quit')),
        destroy: () => this.destroy(),
        push: (buf, start, end) => this.#push(buf, start, end),
        get pendingOutputBytes() {
          return sink.pendingOutputBytes;
        },
        get queryBufferBytes() {
          return scanner.pendingBytes + scanner.unscannedBytes + backlog.length;
        },
        memory: () => this.memory(),
      },
      authenticated: engine.passwordless,
      user: engine.ctx.acl.defaultUser,
      nowMs: engine.time.monotonicMs(),
      remoteAddr: info.remoteAddr,
      localAddr: info.localAddr,
      fd: info.fd,
      unixSocket: info.unixSocket,
    });
    scanner.authenticated = this.session.authenticated;
    this.#told = info.routed === true && sink.state !== undefined ? new ToldState(this.session) : null;
  }

  input(buf: Uint8Array, start: number, end: number): void {
    const bytes = end - start;
    this.session.inputBytes += bytes;
    this.#engine.ctx.stats.netInputBytes += bytes;
    this.#engine.ctx.stats.readsProcessed++;
    const action = this.session.on('input');
    if (action === 'drop' || (this.#facts & BOUNCED) !== 0) return;
    if (action === 'keep' || this.#waiting || this.#scanner.unscannedBytes > 0 || this.#backlog.length > 0) {
      this.#keepBack(buf, start, end);
      return;
    }
    this.#scanner.feed(buf, start, end);
    this.#process();
    this.#scanner.keep();
    this.#weighInput(bytes);
  }

  /** So many bytes were looked at. As in Redis, the queue of a transaction counts as a part of the query buffer. */
  #weighInput(bytes: number): void {
    const queued = this.session.phase === 'queuing' ? this.session.transaction!.length : 0;
    if (queued > 0 || this.#scanner.pendingBytes > 0) this.#engine.clientMemory.grew(bytes);
    if (queued + this.#scanner.pendingBytes > this.#engine.scanLimits.queryBufferBytesMax) this.#overQueryLimit();
  }

  /** What the table of phases says is to be done. */
  #act(action: SessionAction): void {
    const { session } = this;
    switch (action) {
      case 'goOn':
        return this.#engine.keptBack.add(this);
      case 'halfClose':
        this.#facts |= INPUT_ENDED;
        return this.#closeIfDone();
      case 'finish':
        this.#dropBacklog();
        if (this.#heldSeq === 0) this.#act(session.on('answered'));
        return;
      case 'close':
        return this.#sink.close();
      case 'destroy':
        this.#dropBacklog();
        this.#sink.destroy();
        break;
      case 'forget':
        this.#dropBacklog();
        this.#engine.ctx.watches.drop(session);
        this.#engine.ctx.dropListener(session);
        this.#engine.sessionClosed(session);
        break;
      default:
        return;
    }
    this.#forgetPostponed?.();
    // Nobody is there any more to be answered, and a wait without a time-out would never end.
    session.unblock?.('');
  }

  #keepBack(buf: Uint8Array, start: number, end: number): void {
    const engine = this.#engine;
    const backlog = this.#backlog;
    backlog.append(buf, start, end);
    engine.keptBytes += end - start;
    engine.clientMemory.grew(end - start);
    // A client may send a whole pipeline before it reads the first reply: while its own replies are what it waits for, it
    // must be able to go on sending, as far as its query buffer may grow and as long as there is room for all such clients. And while
    // a command of it waits, only reading tells that it is gone.
    const { queryBufferBytesMax } = engine.scanLimits;
    const { isBlocked, authenticated } = this.session;
    const roomy = ((this.#facts & CONGESTED) !== 0 || isBlocked) && authenticated && engine.roomToKeep;
    if (backlog.length <= (roomy ? queryBufferBytesMax : BACKLOG_BYTES_MAX)) return;
    if (isBlocked && backlog.length > queryBufferBytesMax) this.#overQueryLimit();
    else if ((this.#facts & PAUSED) === 0) {
      this.#facts |= PAUSED;
      this.#sink.pauseInput();
    } else if (backlog.length > queryBufferBytesMax + UNDER_WAY_BYTES_MAX) this.#overQueryLimit();
  }

  /** What the client sent is dropped with it. */
  #overQueryLimit(): void {
    if (this.isGone) return;
    this.#engine.clientMemory.closedForQuery(this);
    this.destroy();
  }

  /** The client will send nothing more, and may still read: what it sent is answered before the connection is closed. */
  inputEnded(): void {
    // As in Redis it is gone with the request that waits for the end of a pause.
    if ((this.#facts & POSTPONED) !== 0) return this.destroy();
    this.#act(this.session.on('inputEnded'));
  }

  #closeIfDone(): void {
    if ((this.#facts & INPUT_ENDED) === 0) return;
    const { session } = this;
    // A command waits: nothing else would tell that its client is gone.
    if (session.isBlocked) this.#act(session.on('inputEnded'));
    else if (!this.#waiting && this.#scanner.unscannedBytes === 0 && this.#backlog.length === 0) {
      this.#act(session.on('quit'));
    }
  }

  drained(): void {
    this.#facts &= ~CONGESTED;
    this.#act(this.session.on('drained'));
  }

  closed(): void {
    this.#act(this.session.on('closed'));
  }

  setState(buf: Uint8Array, start: number, end: number, isBroken: boolean): void {
    const { ctx, config, time } = this.#engine;
    const { session } = this;
    session.lastInteractionMs = time.monotonicMs();
    if (session.isEnding) return;
    const here = { acl: ctx.acl, databases: config.num.databases };
    const decoded = decodeState(session, buf.subarray(start, end), here, isBroken);
    this.#scanner.authenticated = session.authenticated;
    this.#told?.changes(session);
    // A master answers as to a client that has to authenticate; a slave is not what the client asked for.
    if (decoded !== 'same' && ctx.role.isSlave) this.#bounce();
    // Where nobody has to authenticate, who was somebody else would get the rights of all: he is as good as removed.
    else if (decoded === 'stranger' && ctx.acl.isOpen) this.destroy();
  }

  alive(): void {
    this.session.lastInteractionMs = this.#engine.time.monotonicMs();
  }

  /** Gives all that is not executed back to the ingress, once what was executed is answered. */
  #bounce(): void {
    this.#facts |= BOUNCED;
    this.#dropBacklog();
    if (this.#heldSeq === 0) this.#sink.bounced?.();
  }

  /** The request at hand was refused since this engine is no master, or has no data now: another one may serve it. */
  #isForOthers(from: number): boolean {
    const { reply, role } = this.#engine.ctx;
    if (role.isPlain || this.session.phase !== 'normal') return false;
    const text = Buffer.from(reply.buf.subarray(from, Math.min(reply.pos, from + 12))).toString('latin1');
    return text.startsWith('-READONLY ') || text.startsWith('-LOADING ') || text.startsWith('-MASTERDOWN ');
  }

  /** Who routes is told that requests without a reply are done, once all before them are. */
  #tellSilent(): void {
    if (this.#silent === 0 || this.#heldSeq !== 0 || !this.session.isAnswerable) return;
    this.#tellState();
    this.#sink.output(NOTHING, 0, 0, this.#silent);
    this.#silent = 0;
  }

  #tellState(): void {
    if (this.#told?.changes(this.session) !== true) return;
    const { flags, bytes } = encodeState(this.session);
    this.#sink.state!(flags, bytes, 0, bytes.length);
  }

  /** It has said nothing for `timeout` seconds. Who listens need not say anything. */
  idle(): void {
    if (this.session.isSubscriber) return;
    if ((this.#facts & POSTPONED) !== 0) return;
    this.#act(this.session.on('idle'));
  }

  /** Nothing is kept for it any more. */
  get isGone(): boolean {
    return this.session.isGone;
  }

  /** Whether requests have to wait. */
  get #waiting(): boolean {
    return (this.#facts & POSTPONED) !== 0 || this.#mustWait;
  }

  /** The same, but for a pause. */
  get #mustWait(): boolean {
    return (
      (this.#facts & (CONGESTED | BOUNCED)) !== 0 ||
      this.#engine.commit.stalled ||
      this.#heldBytes > HELD_BYTES_MAX ||
      this.#leaseless !== null ||
      !this.session.executes
    );
  }

  /** Goes on with what was kept back, by one step. True when there is more to do at once. */
  resume(): boolean {
    if (this.isGone) return false;
    const backlog = this.#backlog;
    const scanner = this.#scanner;
    if (this.#leaseless !== null) this.#tryLeaseless();
    if ((this.#facts & RELEASED) !== 0 && !this.#mustWait) this.#again();
    else if (!this.#waiting && scanner.unscannedBytes > 0) this.#process();
    else if (!this.#waiting && backlog.length > 0) {
      const chunk = backlog.peek(STEP_BYTES)!;
      backlog.consume(chunk.length);
      this.#engine.keptBytes -= chunk.length;
      scanner.feed(chunk, 0, chunk.length);
      this.#process();
      this.#weighInput(chunk.length);
    }
    if (this.isGone) return false;
    if ((this.#facts & PAUSED) !== 0 && backlog.length === 0) {
      this.#facts &= ~PAUSED;
      this.#sink.resumeInput();
    }
    this.#closeIfDone();
    if ((this.#facts & RELEASED) !== 0) return !this.#mustWait;
    return !this.#waiting && (scanner.unscannedBytes > 0 || backlog.length > 0);
  }

  leaseChanged(): void {
    this.#engine.keptBack.add(this);
  }

  /** Once more the request that found no lease; it is kept again when there is still none. */
  #tryLeaseless(): void {
    const bytes = this.#leaseless!;
    if (this.#engine.commit.stalled || this.session.isEnding) return;
    this.#leaseless = null;
    this.#engine.keptBytes -= bytes.length;
    const scanner = new FrameScanner(this.#engine.scanLimits);
    scanner.authenticated = this.session.authenticated;
    scanner.feed(bytes, 0, bytes.length);
    this.#process(scanner);
  }

  /** It waits, and all that this connection sends behind it. */
  #keepLeaseless({ buf, start, end }: Request): void {
    this.#leaseless = Uint8Array.prototype.slice.call(buf, start, end);
    this.#engine.keptBytes += end - start;
    this.#engine.lease.wait(this);
  }

  #dropLeaseless(): void {
    if (this.#leaseless === null) return;
    this.#engine.keptBytes -= this.#leaseless.length;
    this.#leaseless = null;
    this.#engine.lease.forget(this);
  }

  #dropBacklog(): void {
    this.#dropLeaseless();
    this.#engine.keptBytes -= this.#backlog.length;
    this.#backlog.clear();
  }

  /** What this connection keeps in memory. */
  memory(): ClientMemory {
    const scanner = this.#scanner;
    const kept = this.#backlog.length + (this.#leaseless?.length ?? 0);
    const query = scanner.pendingBytes + scanner.unscannedBytes + kept;
    const queryFree = scanner.bufferBytes - scanner.pendingBytes + this.#backlog.capacity - this.#backlog.length;
    const argv = scanner.pendingBytes > 0 ? scanner.tableBytes : 0;
    const output = this.#heldBytes + this.#sink.pendingOutputBytes;
    const { name, libName, libVersion, transaction, subscriptions, waitingBytes } = this.session;
    const queued = transaction?.memoryBytes ?? 0;
    const listening = subscriptions?.memoryBytes ?? 0;
    const own = IDLE_BYTES + name.length + libName.length + libVersion.length + waitingBytes + queued + listening;
    return { query, queryFree, argv, output, total: own + query + queryFree + argv + output };
  }

  /**
   * Closes the connection when the replies that its client leaves unread are too many with `more` bytes, or too many for too long
   * (`client-output-buffer-limit`); before authentication few are. `nowMs` is of a monotonic clock. True when it is closed.
   */
  limitOutput(more: number, nowMs: number): boolean {
    if (this.isGone) return true;
    const { normal, pubsub } = this.#engine.config.clientOutputBufferLimit;
    const { hardBytes, softBytes, softSeconds } = this.session.isSubscriber ? pubsub : normal;
    const strict = !this.session.authenticated && !this.#engine.passwordless;
    if (hardBytes === 0 && softBytes === 0 && !strict) return false;
    const bytes = this.#heldBytes + this.#sink.pendingOutputBytes + more;
    let over = (hardBytes > 0 && bytes > hardBytes) || (strict && bytes > UNAUTHENTICATED_OUTPUT_BYTES_MAX);
    if (softBytes === 0 || bytes <= softBytes) this.#softSinceMs = 0;
    else if (this.#softSinceMs === 0) this.#softSinceMs = nowMs;
    else if (nowMs - this.#softSinceMs > softSeconds * 1000) over = true;
    if (!over) return false;
    this.#engine.clientMemory.closedForOutput(this);
    this.destroy();
    return true;
  }

  #process(scanner = this.#scanner): void {
    const engine = this.#engine;
    const ctx = engine.ctx;
    const session = this.session;
    const out = ctx.reply;
    const now = engine.time.wallMs();
    ctx.monotonicMs = engine.time.monotonicMs();
    const { lease } = engine;
    // Every request that is looked at below was asked before this moment.
    const isLapsed = ctx.monotonicMs >= lease.endMs && !lease.refuses;
    // What the session was when its replies began to be held.
    let { db, resp, phase, subscriptionTurns } = session;
    const base = out.pos;
    let sliceStart = base;
    let sliceWait = this.#heldSeq;
    let replies = 0;
    let bounced = false;
    const told = this.#told;
    ctx.busy = true;
    const sliceBytes = session.authenticated ? SLICE_BYTES : UNAUTHENTICATED_SLICE_BYTES;
    const lookahead = engine.lookahead;
    lookahead.begin(scanner);
    while (!this.#waiting) {
      const scanned = lookahead.next(ctx, session);
      if (scanned !== FRAME) {
        if (scanned === ERROR) {
          if (scanner.closeOnly) this.#overQueryLimit();
          else out.error(`ERR ${scanner.errorText}`);
          replies++;
          session.on('quit');
        }
        break;
      }
      if (isLapsed && needsData(ctx, session, lookahead.request)) {
        this.#keepLeaseless(lookahead.request);
        break;
      }
      const before = out.pos;
      const silent = session.replyMode !== REPLY_ON;
      const done = execute(ctx, session, lookahead.request, now, lookahead.command);
      if (done === undefined && told !== null && this.#isForOthers(before)) {
        out.truncate(before);
        bounced = true;
        break;
      }
      scanner.authenticated = session.authenticated;
      if (ctx.dirty > 0) session.lastWriteOffset = engine.commit.writtenOffset();
      let wait = ctx.waitSeq;
      if (wait <= engine.commit.committedSeq) wait = 0;
      if (wait < sliceWait) wait = sliceWait;
      if (wait !== sliceWait) {
        if (before > sliceStart) this.#send(sliceWait, sliceStart, before, replies);
        if (sliceWait === 0) ({ db, resp, phase, subscriptionTurns } = session);
        sliceStart = before;
        sliceWait = wait;
        replies = 0;
      }
      if (out.pos > before)
        replies++; // CLIENT REPLY may have silenced it, WAIT answers later
      else if (told !== null && (silent || session.replyMode !== REPLY_ON) && !session.isBlocked) {
        if ((this.#facts & POSTPONED) === 0) this.#silent++;
      }
      if (out.pos - sliceStart > sliceBytes) {
        this.#send(sliceWait, sliceStart, out.pos, replies);
        out.truncate(base);
        sliceStart = base;
        replies = 0;
      }
      if (ctx.ready.length > 0) {
        // Whoever goes on now comes behind this command, also where it is this very session.
        if (out.pos > sliceStart) this.#send(sliceWait, sliceStart, out.pos, replies);
        out.truncate(base);
        sliceStart = base;
        replies = 0;
        serveReady(ctx);
        if (this.#heldSeq > sliceWait) sliceWait = this.#heldSeq;
      }
      engine.commit.cut();
    }
    lookahead.end();
    ctx.busy = false;
    ctx.effects.settle(); // the chunk is the ingress's again
    if (out.pos > sliceStart) this.#send(sliceWait, sliceStart, out.pos, replies);
    out.reset();
    this.#tellSilent();
    if (bounced) this.#bounce();
    const isSame = session.db === db && session.resp === resp && session.phase === phase;
    if (this.#heldSeq !== 0 && !(isSame && session.subscriptionTurns === subscriptionTurns)) this.#turnHeld = true;
    engine.turn();
    if (session.isEnding) this.#act('finish');
  }

  /** A pause keeps the request from running: it is looked at again when that is over. */
  postpone(req: Request): void {
    this.#facts |= POSTPONED;
    this.#postponed = req.copy();
    this.session.isPostponed = true;
    this.session.waitingBytes = this.#postponed.end;
    this.#forgetPostponed = this.#engine.ctx.pause.postpone(() => {
      this.#facts |= RELEASED;
      this.#engine.keptBack.add(this);
    });
  }

  /** Executes the request that was postponed. */
  #again(): void {
    const { session } = this;
    const engine = this.#engine;
    const { ctx } = engine;
    const req = this.#postponed!;
    this.#postponed = null;
    this.#facts &= ~(POSTPONED | RELEASED);
    session.isPostponed = false;
    session.waitingBytes = 0;
    ctx.monotonicMs = engine.time.monotonicMs();
    const { lease } = engine;
    if (ctx.monotonicMs >= lease.endMs && !lease.refuses && needsData(ctx, session, req))
      return this.#keepLeaseless(req);
    const out = ctx.reply;
    const start = out.pos;
    const { db, resp, phase } = session;
    ctx.busy = true;
    const silent = session.replyMode !== REPLY_ON;
    const done = execute(ctx, session, req, engine.time.wallMs());
    ctx.busy = false;
    this.#scanner.authenticated = session.authenticated;
    const told = this.#told;
    if (done === undefined && told !== null && this.#isForOthers(start)) {
      out.truncate(start);
      this.#bounce();
      return;
    }
    if (told !== null && out.pos === start && (silent || session.replyMode !== REPLY_ON) && !session.isBlocked)
      this.#silent++;
    this.#answer(start, 1);
    this.#tellSilent();
    if (this.#heldSeq !== 0 && (session.db !== db || session.resp !== resp || session.phase !== phase))
      this.#turnHeld = true;
    engine.turn();
    if (session.isEnding) this.#act('finish');
  }

  /** The command at hand has answered from `start` on: that is sent, or waits for its record. */
  #answer(start: number, replies: number): void {
    const { ctx, commit } = this.#engine;
    const out = ctx.reply;
    if (ctx.dirty > 0) this.session.lastWriteOffset = commit.writtenOffset();
    const wait = ctx.waitSeq <= commit.committedSeq ? 0 : ctx.waitSeq;
    if (replies > 0 && out.pos > start) this.#send(Math.max(wait, this.#heldSeq), start, out.pos, replies);
    out.truncate(start);
  }

  #send(waitSeq: number, start: number, end: number, replies: number): void {
    const engine = this.#engine;
    if (this.#told !== null) this.#tellState();
    const buf = engine.ctx.reply.buf;
    const weighed = engine.limitsOutput || !this.session.authenticated || this.session.isSubscriber;
    if (weighed && this.limitOutput(end - start, engine.time.monotonicMs())) return;
    if (waitSeq === 0) {
      this.#output(buf, start, end, replies);
      return;
    }
    this.#heldSeq = waitSeq;
    this.#heldBytes += end - start;
    if (engine.commit.holdReplies(waitSeq, this, buf, start, end, replies)) this.#heldSlices++;
  }

  #output(buf: Uint8Array, start: number, end: number, replies: number): void {
    if (!this.session.isAnswerable) return;
    const bytes = end - start;
    this.session.outputBytes += bytes;
    this.#engine.ctx.stats.netOutputBytes += bytes;
    this.#engine.ctx.stats.writesProcessed++;
    const answered = replies + this.#silent;
    this.#silent = 0;
    if (!this.#sink.output(buf, start, end, answered)) this.#facts |= CONGESTED;
    if (this.#sink.pendingOutputBytes > SLICE_BYTES) this.#engine.clientMemory.grew(bytes);
  }

  /** What is no reply goes behind the replies before it, held ones included. When those become errors it is lost, and the client has to know. */
  #push(buf: Uint8Array, start: number, end: number): void {
    const engine = this.#engine;
    if (!this.session.isAnswerable) return;
    if (this.limitOutput(end - start, engine.time.monotonicMs())) return;
    if (this.#heldSeq === 0) return this.#output(buf, start, end, 0);
    this.#turnHeld = true;
    this.#heldBytes += end - start;
    if (engine.commit.holdReplies(this.#heldSeq, this, buf, start, end, 0)) this.#heldSlices++;
  }

  /** The record that a slice of `heldBytes` waited for is committed (or refused): that is what the client is sent. */
  releaseHeld(heldBytes: number, buf: Uint8Array, start: number, end: number, replies: number): void {
    if (--this.#heldSlices === 0) {
      this.#heldSeq = 0;
      this.#turnHeld = false;
    }
    const stopped = this.#heldBytes > HELD_BYTES_MAX;
    this.#heldBytes -= heldBytes;
    if (this.isGone) return;
    this.#output(buf, start, end, replies);
    if (this.#heldSeq === 0) {
      if ((this.#facts & BOUNCED) !== 0) this.#sink.bounced?.();
      this.#act(this.session.on('answered'));
    }
    if (stopped && this.#heldBytes <= HELD_BYTES_MAX) this.#engine.keptBack.add(this);
  }

  /** A client that is told that SELECT or MULTI failed, though it did not, would write elsewhere than it thinks: its connection ends behind the errors. */
  refused(): void {
    if (this.#turnHeld) this.#act(this.session.on('quit'));
  }

  /** Cuts the connection off at once. */
  destroy(): void {
    this.#act(this.session.on('kill'));
  }

  /** A command of this session goes on later; see Context.defer. */
  defer(): Deferred {
    const { session } = this;
    session.on('wait');
    const silent = session.replyMode !== REPLY_ON;
    let done = false;
    return (run, atOnce = false) => {
      if (done) return;
      done = true;
      session.unblock = null;
      if (atOnce) this.#goOn(run, silent);
      else whenDone(this.#engine.ctx, () => this.#goOn(run, silent));
    };
  }

  /** A client that is gone needs no reply; what the command does is done all the same. */
  #goOn(run: (reply: ReplyWriter) => void, silent: boolean): void {
    const { session } = this;
    const engine = this.#engine;
    const { ctx } = engine;
    const start = ctx.reply.pos;
    const action = session.on('goOn');
    resume(ctx, session, engine.time.wallMs(), run);
    if (silent && this.#told !== null) this.#silent++;
    this.#answer(start, !silent && session.isAnswerable ? 1 : 0);
    this.#tellSilent();
    engine.turn();
    this.#act(session.isEnding ? 'finish' : action);
  }
}

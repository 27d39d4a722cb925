/**
 * One client connection that is served by several engines.
 *
 * The unit of routing is what arrived together. With only reads in it, it goes to a slave that has reached the position of the connection; with anything else
 * in it, all of it goes to the master. The connection changes its engine only when it has no reply outstanding: so replies stay in order without being put
 * in order. Until then, and as long as no engine may have them, requests are held here; while they are many, the client is not read.
 *
 * What the connection is (database, protocol, name, user …) is told by the engine that served it last, as bytes that this ingress does not read, and given to
 * the next one before its first request there. The engine also says when it may not move: in a transaction, with watched keys, with subscriptions.
 *
 * What is on its way is kept (unanswered.ts). An engine that is lost, or gives requests back, costs reads nothing but time; of other requests that a lost
 * master did not answer nobody knows whether they were executed, and they are answered with that.
 */

import { STATE_FRAGILE, STATE_PINNED, STATE_SILENT } from '@weir/link';
import type { ByteSocket, SessionInfo, SocketHandler } from '@weir/link';
import { ERROR, FRAME, FrameScanner, Request } from '@weir/resp';
import type { ScanLimits } from '@weir/resp';
import { ANYWHERE, LOCAL, OTHER, READ } from './command-kinds.ts';
import type { Fleet, FleetClient } from './fleet.ts';
import { answerLocal } from './local-commands.ts';
import type { Level, LevelHolder } from './local-commands.ts';
import { Unanswered } from './unanswered.ts';
import type { Upstream } from './upstream.ts';
import { UpstreamSession } from './upstream-session.ts';
import type { SessionOwner } from './upstream-session.ts';

export interface RoutingOptions {
  readonly fleet: Fleet;
  /** `weir-consistency`. */
  readonly level: Level;
  /** `weir-unknown-outcome close`: a client is closed rather than told that the outcome of its request is not known. */
  readonly closesUnknown: boolean;
  readonly limits: ScanLimits;
  /** Of the log whose engines these are. */
  readonly logId: () => string;
  /** Bytes that all connections hold. */
  readonly held: { bytes: number };
}

interface Owner {
  /** The connection is gone. */
  connectionClosed(connection: RoutedConnection): void;
}

/** A request, or several in a row, that wait. An error is what stands in the place of a reply that will not come. */
interface Held {
  readonly kind: number;
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** In the place of requests whose outcome is not known, and of those that found no master. */
const UNKNOWN = -1;
const NO_MASTER = -2;
/** After an error of protocol: a reply, behind which the connection is closed. */
const LAST_WORD = -3;
const UNKNOWN_ERROR =
  '-UNKNOWNOUTCOME The master was lost before it answered: whether this command was executed is not known\r\n';
const NO_MASTER_ERROR = '-MASTERDOWN No engine leads the log, and none did in time: this command was not executed\r\n';
const NOTHING = new Uint8Array(0);
/** A client that is held is read until so much waits … */
const HELD_BYTES_MAX = 64 * 1024;
/** … or at all, while all that is held is less than this. */
const ALL_HELD_BYTES_MAX = 256 * 1024 * 1024;
/** Reads that come while the master has something to answer go there, too; after so many in a row they wait until it has answered, and leave it. */
const READS_AT_MASTER = 16;
/** Requests that were given back so often, without any reply between, are not sent to slaves any more. */
const BOUNCES_MAX = 4;
const CONFIRM_AGAIN_MS = 20;

type Confirm = 'none' | 'asked' | 'known';

/** For looking at requests once more, whoever's they are. */
const ahead = new Request();

export class RoutedConnection implements SocketHandler, SessionOwner, FleetClient, LevelHolder {
  level: Level;
  position = 0;
  readonly #socket: ByteSocket;
  readonly #owner: Owner;
  readonly #options: RoutingOptions;
  readonly #fleet: Fleet;
  readonly #info: SessionInfo;
  readonly #scanner: FrameScanner;
  readonly #unanswered = new Unanswered();
  readonly #sessions: UpstreamSession[] = [];
  /** Where the last requests went. */
  #current: UpstreamSession | null = null;
  /** Requests on their way there. */
  #outstanding = 0;
  /** The bytes that the client got end with a whole reply. */
  #isClean = true;
  #state: Uint8Array = NOTHING;
  #stateVersion = 0;
  #flags = 0;
  /** The engine that told the state is lost, and with it the transaction or the watched keys. */
  #isBroken = false;
  #held: Held[] = [];
  #heldBytes = 0;
  #isPumping = false;
  #isReading = true;
  #readsAtMaster = 0;
  #bounces = 0;
  /** Number of the wait for a slave that is under way; 0: none is. */
  #wait = 0;
  #waits = 0;
  #hasWaitedOut = false;
  #confirm: Confirm = 'none';
  #confirmedPosition = 0;
  /** Number of the last question for a confirmed position. */
  #ask = 0;
  #waitsForMaster = false;
  /** What the master was asked to tell when it has reached it; -1: nothing. */
  #awaitedOfMaster = -1;
  #hasToldEnd = false;
  #inputEnded = false;
  #isEnding = false;
  #isClosed = false;
  /** It was served by a slave since the last tick. */
  #wasElsewhere = false;

  constructor(socket: ByteSocket, owner: Owner, info: SessionInfo, options: RoutingOptions) {
    this.#socket = socket;
    this.#owner = owner;
    this.#options = options;
    this.#fleet = options.fleet;
    this.#info = { ...info, routed: true };
    this.level = options.level;
    this.#scanner = new FrameScanner(options.limits);
    socket.handler = this;
  }

  get portLevel(): Level {
    return this.#options.level;
  }

  get logId(): string {
    return this.#options.logId();
  }

  start(): void {
    this.#fleet.clients.add(this);
    // The master knows every client: it counts them, may refuse them, and lists them.
    if (this.#fleet.master !== null) this.#sessionAt(this.#fleet.master);
    this.#socket.start();
  }

  close(): void {
    this.#socket.close();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  get pendingOutputBytes(): number {
    return this.#socket.pendingBytes;
  }

  /** What it keeps of replies and of requests. */
  get pendingBytes(): number {
    return this.#socket.pendingBytes + this.#heldBytes + this.#scanner.pendingBytes;
  }

  // --- from the client -----------------------------------------------------------------------------------------------

  onData(buf: Uint8Array, end: number): void {
    if (this.#isEnding) return;
    const scanner = this.#scanner;
    const { kinds } = this.#fleet;
    scanner.feed(buf, 0, end);
    for (;;) {
      // What stands whole in the buffer, as one run of bytes; a local command is a run of its own.
      let kind = ANYWHERE;
      let count = 0;
      let from = 0;
      let to = 0;
      while (scanner.ahead(ahead)) {
        const one = kinds.of(ahead);
        if (one >= LOCAL) {
          scanner.back(ahead);
          break;
        }
        if (count++ === 0) from = ahead.start;
        to = ahead.end;
        if (one === OTHER) kind = OTHER;
        else if (one === READ && kind === ANYWHERE) kind = READ;
      }
      if (count > 0) this.#take(kind, buf, from, to, count);
      const scanned = scanner.next();
      if (scanned === FRAME) {
        const { request } = scanner;
        this.#take(kinds.of(request), request.buf, request.start, request.end, 1);
        continue;
      }
      if (scanned === ERROR) this.#protocolError(scanner.closeOnly ? '' : `-ERR ${scanner.errorText}\r\n`);
      break;
    }
    ahead.clear();
    if (this.#held.length > 0) this.pump();
    this.#read();
  }

  #protocolError(text: string): void {
    this.#isEnding = true;
    this.#hold(LAST_WORD, Buffer.from(text, 'latin1'), 1);
    this.pump();
  }

  onEnd(): void {
    this.#inputEnded = true;
    this.#endIfDone();
  }

  onDrain(): void {
    for (const session of this.#sessions) {
      if (!session.isCongested) continue;
      session.isCongested = false;
      session.port.drained();
    }
  }

  onClose(): void {
    this.#isClosed = this.#isEnding = true;
    this.#fleet.forget(this);
    this.#drop(this.#outstanding);
    this.#unanswered.clear();
    this.#setHeld([]);
    this.#owner.connectionClosed(this);
    for (const session of this.#sessions.splice(0)) session.end();
    this.#current = null;
  }

  // --- routing -------------------------------------------------------------------------------------------------------

  #take(kind: number, buf: Uint8Array, start: number, end: number, count: number): void {
    if (this.#held.length === 0 && kind < LOCAL) {
      const session = this.#target(kind);
      if (session !== null) return this.#send(session, kind, buf, start, end, count);
    }
    this.#hold(kind, Uint8Array.prototype.slice.call(buf, start, end), count);
  }

  #hold(kind: number, bytes: Uint8Array, count: number): void {
    this.#held.push({ kind, bytes, count });
    this.#heldBytes += bytes.length;
    this.#options.held.bytes += bytes.length;
  }

  #setHeld(held: Held[]): void {
    this.#options.held.bytes -= this.#heldBytes;
    this.#held = held;
    this.#heldBytes = held.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#options.held.bytes += this.#heldBytes;
  }

  /** Sends what is held as far as it may go now. */
  pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    while (this.#held.length > 0) {
      const { kind, bytes, count } = this.#held[0];
      if (kind < 0 || (kind >= LOCAL && (this.#flags & STATE_PINNED) === 0)) {
        if (this.#outstanding > 0) break;
        if (kind >= LOCAL && (this.#flags & STATE_SILENT) !== 0) {
          // It has its effect and no reply. The engine gets it too, for CLIENT REPLY SKIP to be used up there.
          answerLocal(kind, requestOf(bytes), this);
          this.#held[0] = { kind: OTHER, bytes, count };
          continue;
        }
        this.#shift();
        this.#answer(kind, bytes, count);
        if (this.#isClosed) break;
        continue;
      }
      const session = this.#target(kind >= LOCAL ? OTHER : kind);
      if (session === null) break;
      this.#shift();
      this.#send(session, kind, bytes, 0, bytes.length, count);
    }
    this.#isPumping = false;
    if (this.#held.length === 0) this.#endIfDone();
    this.#read();
  }

  #shift(): void {
    const { bytes } = this.#held.shift()!;
    this.#heldBytes -= bytes.length;
    this.#options.held.bytes -= bytes.length;
  }

  /** Where requests of that kind go now; null: they wait, and `pump` is called when that may have changed. */
  #target(kind: number): UpstreamSession | null {
    let needed = this.level === 'eventual' ? 0 : this.position;
    if (kind === OTHER) return this.#atMaster(needed);
    const current = this.#current;
    if ((this.#flags & STATE_PINNED) !== 0) return this.#atMaster(needed);
    if (kind === ANYWHERE && current !== null && (this.#outstanding > 0 || current.upstream.link.up)) return current;
    if (this.level === 'linearizable' && kind === READ) {
      if (this.#confirm !== 'known') return this.#askConfirmed();
      needed = Math.max(needed, this.#confirmedPosition);
    }
    if (this.#outstanding > 0) return this.#stays(current!, needed) ? current : null;
    const reader =
      this.#hasWaitedOut || this.#bounces > BOUNCES_MAX ? null : this.#fleet.reader(needed, current?.upstream ?? null);
    if (reader !== null) return this.#sessionAt(reader);
    if (!this.#hasWaitedOut && this.#bounces <= BOUNCES_MAX && this.#fleet.hasReader()) return this.#waitFor(needed);
    return this.#atMaster(needed);
  }

  /** Whether reads go behind what is on its way, rather than wait for it and go elsewhere. */
  #stays({ upstream }: UpstreamSession, needed: number): boolean {
    if (upstream !== this.#fleet.master) return upstream.position >= needed;
    return ++this.#readsAtMaster <= READS_AT_MASTER || !this.#fleet.hasReader();
  }

  /**
   * At the master. One that has not reached what the connection was shown is none any more, and the report of its successor is on its way; a master gets there
   * at once.
   */
  #atMaster(needed: number): UpstreamSession | null {
    const current = this.#current;
    // A transaction ends where it began, also when that is no master any more.
    if ((this.#flags & STATE_PINNED) !== 0 && current !== null) return current;
    const { master } = this.#fleet;
    if (master === null) {
      this.#waitForMaster();
      return null;
    }
    if (this.#outstanding > 0) return current!.upstream === master ? current : null;
    if (master.position >= needed) return this.#sessionAt(master);
    this.#waitForMaster();
    if (this.#awaitedOfMaster !== needed) master.waitFor(needed, this);
    this.#awaitedOfMaster = needed;
    return null;
  }

  #waitForMaster(): void {
    this.#waitsForMaster = true;
    this.#fleet.waitForMaster(this);
  }

  #waitFor(position: number): null {
    if (this.#wait !== 0) return null;
    this.#wait = ++this.#waits;
    this.#fleet.waitForPosition(this, position, this.#wait);
    return null;
  }

  #askConfirmed(): null {
    if (this.#confirm !== 'none') return null;
    this.#confirm = 'asked';
    this.#fleet.confirm(this, ++this.#ask);
    return null;
  }

  #sessionAt(upstream: Upstream): UpstreamSession {
    for (const session of this.#sessions) if (session.upstream === upstream) return session;
    const session = new UpstreamSession(this, upstream, this.#info);
    this.#sessions.push(session);
    return session;
  }

  #send(session: UpstreamSession, kind: number, buf: Uint8Array, start: number, end: number, count: number): void {
    const { upstream, port } = session;
    if (session !== this.#current || this.#outstanding === 0) this.#readsAtMaster = 0;
    if (kind === OTHER) this.#readsAtMaster = 0;
    this.#current = session;
    if (session.stateVersion !== this.#stateVersion) {
      session.stateVersion = this.#stateVersion;
      port.setState?.(this.#state, 0, this.#state.length, this.#isBroken);
      if (this.#isBroken) this.#isBroken = false;
    }
    this.#wait = 0;
    this.#hasWaitedOut = false;
    this.#awaitedOfMaster = -1;
    if (this.#waitsForMaster) {
      this.#waitsForMaster = false;
      this.#fleet.stopWaiting(this);
    }
    if (kind === READ) {
      this.#confirm = 'none';
      upstream.reads += count;
      if (upstream !== this.#fleet.master) this.#wasElsewhere = true;
    }
    this.#unanswered.add(buf, start, end, count);
    this.#outstanding += count;
    upstream.outstanding += count;
    port.input(buf, start, end);
  }

  /** So many requests are not on their way any more. */
  #drop(count: number): void {
    this.#outstanding -= count;
    if (this.#current !== null) this.#current.upstream.outstanding -= count;
  }

  #answer(kind: number, bytes: Uint8Array, count: number): void {
    if (kind >= LOCAL) {
      const request = requestOf(bytes);
      this.#write(answerLocal(kind, request, this));
      return;
    }
    if (kind === UNKNOWN && this.#options.closesUnknown) return this.#socket.close();
    if (kind === UNKNOWN) this.#write(UNKNOWN_ERROR.repeat(count));
    else if (kind === NO_MASTER) this.#write(NO_MASTER_ERROR.repeat(count));
    else {
      this.#socket.write(bytes, 0, bytes.length);
      this.#socket.close();
    }
  }

  #write(text: string): void {
    if ((this.#flags & STATE_SILENT) !== 0) return;
    const bytes = Buffer.from(text, 'latin1');
    this.#socket.write(bytes, 0, bytes.length);
  }

  /** The client is read unless an engine or what is held says otherwise. */
  #read(): void {
    if (this.#isClosed) return;
    const heldMax = this.#options.held.bytes > ALL_HELD_BYTES_MAX ? 0 : HELD_BYTES_MAX;
    const reads = this.#heldBytes <= heldMax && !this.#sessions.some(({ isPaused }) => isPaused);
    if (reads === this.#isReading) return;
    this.#isReading = reads;
    if (reads) this.#socket.resumeReading();
    else this.#socket.pauseReading();
  }

  /** The client sends nothing more: once all is sent, the engine that has it answers and closes. */
  #endIfDone(): void {
    if (!this.#inputEnded || this.#isClosed || this.#held.length > 0) return;
    const session = this.#current;
    const isAtWork = session !== null && (this.#outstanding > 0 || (this.#flags & STATE_PINNED) !== 0);
    if (!isAtWork) this.#socket.close();
    else if (session.upstream === this.#fleet.master && !this.#hasToldEnd) {
      this.#hasToldEnd = true;
      session.port.inputEnded?.();
    }
  }

  // --- from the fleet ------------------------------------------------------------------------------------------------

  reached(): void {
    // It may be of a wait before: this one goes on then.
    if (this.#wait !== 0 || this.#awaitedOfMaster >= 0) this.pump();
  }

  waitedOut(wait: number): void {
    if (this.#wait !== wait) return;
    this.#wait = 0;
    this.#hasWaitedOut = true;
    this.pump();
  }

  noMaster(): void {
    this.#waitsForMaster = false;
    // A position that was confirmed for these is too old for what comes now.
    this.#confirm = 'none';
    const held = this.#held.map((one) => (one.kind < 0 || one.kind >= LOCAL ? one : { ...one, kind: NO_MASTER }));
    this.#setHeld(held);
    this.pump();
  }

  confirmed(position: number | null, ask: number): void {
    if (this.#confirm !== 'asked' || ask !== this.#ask || this.#isClosed) return;
    this.#confirm = 'none';
    if (position !== null) {
      this.#confirm = 'known';
      this.#confirmedPosition = position;
      return this.pump();
    }
    // Bounded as every wait for a master.
    this.#waitForMaster();
    this.#fleet.options.time.after(CONFIRM_AGAIN_MS, () => this.pump());
  }

  masterChanged(): void {
    this.#awaitedOfMaster = -1;
    const { master } = this.#fleet;
    if (master !== null && !this.#isClosed) this.#sessionAt(master);
  }

  giveUp(upstream: Upstream): void {
    const session = this.#sessions.find((one) => one.upstream === upstream);
    if (session !== undefined && (session !== this.#current || this.#outstanding > 0)) this.lost(session);
  }

  tick(): void {
    if (!this.#wasElsewhere) return;
    this.#wasElsewhere = false;
    const { master } = this.#fleet;
    const session = this.#sessions.find((one) => one.upstream === master);
    session?.port.alive?.();
  }

  // --- from the engines ----------------------------------------------------------------------------------------------

  output(session: UpstreamSession, buf: Uint8Array, start: number, end: number, replies: number): boolean {
    const ok = end === start || this.#socket.write(buf, start, end);
    this.#isClean = session.port.isCut !== true;
    const { position = 0 } = session.port;
    if (position > this.position) this.position = position;
    if (replies === 0 || session !== this.#current) return ok;
    this.#bounces = 0;
    this.#drop(replies);
    this.#unanswered.answered(replies);
    if (this.#outstanding === 0) {
      this.#unanswered.clear();
      this.#readsAtMaster = 0;
      if (this.#held.length > 0) this.pump();
      else if (this.#inputEnded) this.#endIfDone();
    }
    return ok;
  }

  stateTold(session: UpstreamSession, flags: number, buf: Uint8Array, start: number, end: number): void {
    if (session !== this.#current) return;
    this.#flags = flags;
    this.#state = Uint8Array.prototype.slice.call(buf, start, end);
    session.stateVersion = ++this.#stateVersion;
  }

  bounced(session: UpstreamSession): void {
    this.#fleet.bounced(session.upstream);
    const outstanding = session === this.#current ? this.#outstanding : 0;
    this.#leave(session);
    if (outstanding > 0) this.#again(outstanding, false);
    this.#bounces++;
    this.pump();
  }

  lost(session: UpstreamSession): void {
    const isCurrent = session === this.#current;
    const outstanding = isCurrent ? this.#outstanding : 0;
    const isPinned = isCurrent && (this.#flags & STATE_PINNED) !== 0;
    this.#leave(session);
    if (isPinned && (this.#flags & STATE_FRAGILE) !== 0) return this.#socket.close();
    // Nobody can go on within a reply that another engine began.
    if (outstanding > 0 && !this.#isClean) return this.#socket.destroy();
    if (isPinned) {
      this.#isBroken = true;
      this.#stateVersion++;
    }
    if (outstanding > 0) this.#again(outstanding, true);
    this.pump();
  }

  ended(session: UpstreamSession, atOnce: boolean): void {
    const isMasters = session.upstream === this.#fleet.master;
    const isAtWork = session === this.#current && (this.#outstanding > 0 || (this.#flags & STATE_PINNED) !== 0);
    if (isMasters || (isAtWork && (this.#flags & STATE_PINNED) !== 0)) {
      if (atOnce) this.#socket.destroy();
      else this.#socket.close();
    } else if (isAtWork) this.lost(session);
    else this.#leave(session);
  }

  pauseChanged(): void {
    this.#read();
  }

  /** The session is of no more use; what was outstanding there is not on its way any more. */
  #leave(session: UpstreamSession): void {
    const at = this.#sessions.indexOf(session);
    if (at >= 0) this.#sessions.splice(at, 1);
    if (session === this.#current) {
      this.#drop(this.#outstanding);
      this.#current = null;
    }
    session.end();
    this.#read();
  }

  /**
   * What was not answered is held again, in front of what is. `isUnknown`: it may have been executed, so that only reads go once more; the others are answered
   * with an error in their place.
   */
  #again(outstanding: number, isUnknown: boolean): void {
    const { kinds } = this.#fleet;
    const again: Held[] = [];
    if (!this.#unanswered.isWhole) {
      again.push({ kind: isUnknown ? UNKNOWN : NO_MASTER, bytes: NOTHING, count: outstanding });
    }
    const lost = isUnknown && (this.#flags & STATE_PINNED) !== 0;
    this.#unanswered.each((request) => {
      const kind = kinds.of(request);
      const isError = isUnknown && (lost || (kind !== READ && kind !== ANYWHERE));
      // Not buf.slice(): a Buffer's is a view, and the buffer goes to another connection.
      const bytes = isError ? NOTHING : Uint8Array.prototype.slice.call(request.buf, request.start, request.end);
      again.push({ kind: isError ? UNKNOWN : kind, bytes, count: 1 });
    });
    this.#unanswered.clear();
    this.#setHeld([...again, ...this.#held]);
  }
}

function requestOf(bytes: Uint8Array): Request {
  const scanner = new FrameScanner();
  scanner.feed(bytes, 0, bytes.length);
  scanner.next();
  return scanner.request;
}

/**
 * A connection on Node's own stream handle (the C++ object beneath `net.Socket`), past the stream layer.
 *
 * Why: at 50 unpipelined clients the system calls take about 6 µs per request and cannot be had cheaper; what can be saved is the JavaScript
 * around them. Measured per request (floor.bench.ts, user time): net.Socket 2.5–3 µs, net.Socket with `onread` 1.6 µs, this 1.0–1.5 µs,
 * redis-server 0.9 µs.
 *
 * How:
 * - All sockets read into one buffer (`useUserBuffer`): an idle connection owns no buffer and a read allocates nothing.
 * - Replies of a whole turn of the event loop are gathered in one buffer, the *cork*, as segments of one socket each, and written in the
 *   check phase, as Redis writes in beforeSleep. Against writing at once this costs a copy and an immediate, and gains
 *   5–8 % throughput: the kernel wakes the peer while we are in the next write and not in between two reads.
 * - `writeBuffer` first tries to write synchronously. What the kernel takes is gone; the WriteWrap was not used and serves again. What it
 *   does not take, libuv keeps a *pointer* to, which does not keep the memory alive: the request refers to it until it is written. A
 *   cork is pinned (counted) as well, and another one takes its place.
 *
 * What is relied on beyond the documented API is collected in `internals`; when any of it is not as expected, `rawSocketsAvailable()` is false
 * and NetSocket serves.
 */

import type { Server } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { ByteQueue } from './byte-queue.ts';
import {
  CLOSE_FLUSH_MS,
  FULL_READS_MAX,
  IDLE_HANDLER,
  PENDING_HIGH_BYTES,
  PENDING_LOW_BYTES,
  READ_BYTES,
  formatAddress,
} from './socket.ts';
import type { ByteSocket, SocketHandler } from './socket.ts';

/** The stream handle of a TCP connection or a Unix socket. */
export interface StreamHandle {
  onread: (this: StreamHandle) => void;
  readonly fd: number;
  readStart(): number;
  readStop(): number;
  useUserBuffer(buffer: Uint8Array): void;
  writeBuffer(req: WriteReq, buf: Uint8Array): number;
  close(callback: () => void): void;
  setNoDelay?(on: boolean): number;
  setKeepAlive?(on: boolean, delaySeconds: number): number;
  getpeername?(out: { address?: string; port?: number }): number;
  getsockname?(out: { address?: string; port?: number }): number;
  weirSocket?: RawSocket;
}

interface WriteReq {
  oncomplete: ((this: WriteReq, status: number) => void) | undefined;
  socket: RawSocket | null;
  cork: Cork | null;
  /** What libuv points to; that keeps nothing alive, this does. */
  view: Uint8Array | null;
}

interface Internals {
  WriteWrap: new () => WriteReq;
  streamBaseState: Int32Array;
  kReadBytesOrError: number;
  kLastWriteWasAsync: number;
}

function loadInternals(): Internals | undefined {
  try {
    const binding = (process as unknown as { binding(name: string): Internals }).binding('stream_wrap');
    const { WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = binding;
    if (typeof WriteWrap !== 'function' || !(streamBaseState instanceof Int32Array)) return undefined;
    if (!Number.isInteger(kReadBytesOrError) || !Number.isInteger(kLastWriteWasAsync)) return undefined;
    return { WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync };
  } catch {
    return undefined;
  }
}

const internals = loadInternals();

export function rawSocketsAvailable(): boolean {
  return internals !== undefined;
}

export function isStreamHandle(handle: unknown): handle is StreamHandle {
  if (handle === null || typeof handle !== 'object') return false;
  const h = handle as Record<string, unknown>;
  for (const name of ['readStart', 'readStop', 'useUserBuffer', 'writeBuffer', 'close'])
    if (typeof h[name] !== 'function') return false;
  return 'onread' in h;
}

/** Hands new connections of a listening server over as handles; false when the server has no such hook. */
export function takeAccepts(
  server: Server,
  onAccept: (handle: StreamHandle) => void,
  onError: (code: string) => void,
): boolean {
  const handle = (server as unknown as { _handle?: { onconnection?: unknown } })._handle;
  if (!handle || typeof handle.onconnection !== 'function') return false;
  handle.onconnection = (status: number, client: unknown) => {
    if (status !== 0 || !isStreamHandle(client)) onError(status === 0 ? 'EUNKNOWN' : codeOf(status));
    else onAccept(client);
  };
  return true;
}

function codeOf(status: number): string {
  try {
    return getSystemErrorName(status);
  } catch {
    return `E${-status}`;
  }
}

const UV_EOF = -4095;
const state = internals?.streamBaseState ?? new Int32Array(8);
const kRead = internals?.kReadBytesOrError ?? 0;
const kAsync = internals?.kLastWriteWasAsync ?? 0;

const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

// ---------------------------------------------------------------------------------------------------------------- cork

const CORK_BYTES = 128 * 1024;
/** Views of the first segment's usual lengths are kept: with one client there is no allocation at all. */
const VIEWS_MAX = 2048;
/** Below this a byte loop beats the set-up of a block copy. */
const COPY_LOOP_MAX = 48;
const CORK_POOL_MAX = 8;
/** Owned chunks are written in pieces, so that the pending count moves while a large reply drains. */
const PIECE_BYTES = 1024 * 1024;

interface Cork {
  buf: Buffer;
  views: (Uint8Array | undefined)[];
  /** Writes in flight that point into it. */
  pins: number;
}

function newCork(): Cork {
  return { buf: Buffer.allocUnsafeSlow(CORK_BYTES), views: [], pins: 0 };
}

let cork = newCork();
let corkLen = 0;
let segments = 0;
let lastOwner: RawSocket | null = null;
let flushScheduled = false;
const owners: (RawSocket | null)[] = [];
const starts: number[] = [];
const corkPool: Cork[] = [];

function unpin(c: Cork): void {
  c.pins--;
  if (c.pins === 0 && c !== cork && corkPool.length < CORK_POOL_MAX) corkPool.push(c);
}

function flushCork(): void {
  const n = segments;
  const total = corkLen;
  const c = cork;
  segments = 0;
  corkLen = 0;
  lastOwner = null;
  for (let i = 0; i < n; i++) {
    const owner = owners[i]!;
    const start = starts[i];
    const end = i + 1 < n ? starts[i + 1] : total;
    owners[i] = null;
    owner.writeSegment(c, start, end);
  }
  // Nothing above calls out, so nobody has written into the cork meanwhile.
  if (c.pins > 0) cork = corkPool.pop() ?? newCork();
}

function onTurnEnd(): void {
  flushScheduled = false;
  flushCork();
}

// --------------------------------------------------------------------------------------------------------------- writes

let spareReq: WriteReq | null = null;

function newReq(): WriteReq {
  const req = new internals!.WriteWrap();
  req.oncomplete = onWriteComplete;
  req.socket = null;
  req.cork = null;
  req.view = null;
  return req;
}

function onWriteComplete(this: WriteReq, status: number): void {
  const socket = this.socket!;
  const pinned = this.cork;
  this.socket = null;
  this.cork = null;
  this.view = null;
  if (pinned !== null) unpin(pinned);
  socket.writeCompleted(status);
}

// ---------------------------------------------------------------------------------------------------------------- reads

const yielded: RawSocket[] = [];

function resumeYielded(): void {
  const batch = yielded.splice(0);
  for (let i = 0; i < batch.length; i++) batch[i].unyield();
}

function onRead(this: StreamHandle): void {
  const n = state[kRead];
  const socket = this.weirSocket!;
  if (n > 0) socket.received(n);
  else if (n === UV_EOF) socket.ended();
  else if (n < 0) socket.fail(n);
}

const OPEN = 0;
const CLOSING = 1;
const CLOSED = 2;

export class RawSocket implements ByteSocket {
  handler: SocketHandler = IDLE_HANDLER;
  readonly unixSocket: boolean;
  pendingBytes = 0;
  readonly #handle: StreamHandle;
  #state: typeof OPEN | typeof CLOSING | typeof CLOSED = OPEN;
  #writing = false;
  #writingBytes = 0;
  #congested = false;
  #reading = false;
  #paused = false;
  #peerEnded = false;
  #fullReads = 0;
  #queue: ByteQueue | null = null;
  #closeTimer: NodeJS.Timeout | null = null;
  #reason = '';

  constructor(handle: StreamHandle, unixSocket: boolean) {
    this.#handle = handle;
    this.unixSocket = unixSocket;
    handle.weirSocket = this;
    handle.useUserBuffer(readBuffer);
    handle.onread = onRead;
  }

  get fd(): number {
    return this.#handle.fd;
  }

  get remoteAddr(): string {
    const out: { address?: string; port?: number } = {};
    this.#handle.getpeername?.(out);
    return formatAddress(out.address, out.port);
  }

  get localAddr(): string {
    const out: { address?: string; port?: number } = {};
    this.#handle.getsockname?.(out);
    return formatAddress(out.address, out.port);
  }

  setNoDelay(): void {
    this.#handle.setNoDelay?.(true);
  }

  setKeepAlive(delaySeconds: number): void {
    if (delaySeconds > 0) this.#handle.setKeepAlive?.(true, delaySeconds);
  }

  start(): void {
    this.#updateReading();
  }

  write(buf: Uint8Array, start: number, end: number): boolean {
    if (this.#state !== OPEN) return true;
    const n = end - start;
    if (n === 0) return !this.#congested;
    if (this.#writing) {
      this.#enqueue(buf, start, end);
    } else if (n <= CORK_BYTES - corkLen) {
      this.#corkBytes(buf, start, end);
      return true;
    } else {
      this.#writeLarge(buf, start, end);
    }
    if (this.pendingBytes < PENDING_HIGH_BYTES) return true;
    this.#congested = true;
    return false;
  }

  #corkBytes(buf: Uint8Array, start: number, end: number): void {
    if (lastOwner !== this) {
      owners[segments] = this;
      starts[segments] = corkLen;
      segments++;
      // oxlint-disable-next-line typescript/no-this-alias
      lastOwner = this;
      if (!flushScheduled) {
        flushScheduled = true;
        setImmediate(onTurnEnd);
      }
    }
    const n = end - start;
    const out = cork.buf;
    let at = corkLen;
    if (n <= COPY_LOOP_MAX) for (let i = start; i < end; i++) out[at++] = buf[i];
    else out.set(start === 0 && end === buf.length ? buf : buf.subarray(start, end), at);
    corkLen += n;
    this.pendingBytes += n;
  }

  /** More than the cork has room for: in corkfuls as long as the kernel takes them; the rest is copied once. */
  #writeLarge(buf: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#writing && this.#state === OPEN) {
      if (corkLen === CORK_BYTES) flushCork();
      else {
        const n = Math.min(CORK_BYTES - corkLen, end - at);
        this.#corkBytes(buf, at, at + n);
        at += n;
        if (at < end) flushCork();
      }
    }
    if (at < end && this.#state === OPEN) this.#enqueue(buf, at, end);
  }

  #enqueue(buf: Uint8Array, start: number, end: number): void {
    (this.#queue ??= new ByteQueue()).append(buf, start, end);
    this.pendingBytes += end - start;
  }

  /** For flushCork only. */
  writeSegment(c: Cork, start: number, end: number): void {
    if (this.#state === CLOSED) return;
    if (this.#writing) {
      // A segment of the same turn before this one was not taken whole.
      (this.#queue ??= new ByteQueue()).append(c.buf, start, end);
      return;
    }
    const n = end - start;
    let view: Uint8Array;
    if (start === 0 && n < VIEWS_MAX) view = c.views[n] ??= c.buf.subarray(0, n);
    else view = new Uint8Array(c.buf.buffer, c.buf.byteOffset + start, n);
    this.#writeView(view, c);
  }

  #writeView(view: Uint8Array, c: Cork | null): void {
    const req = (spareReq ??= newReq());
    const err = this.#handle.writeBuffer(req, view);
    if (err !== 0) {
      spareReq = null;
      this.fail(err);
    } else if (state[kAsync] !== 0) {
      spareReq = null;
      req.socket = this;
      req.cork = c;
      req.view = view;
      if (c !== null) c.pins++;
      this.#writing = true;
      this.#writingBytes = view.length;
    } else {
      this.pendingBytes -= view.length;
    }
  }

  /** For onWriteComplete only. */
  writeCompleted(status: number): void {
    this.#writing = false;
    if (this.#state === CLOSED) return;
    if (status < 0) return this.fail(status);
    this.pendingBytes -= this.#writingBytes;
    const queue = this.#queue;
    if (queue !== null) {
      while (!this.#writing) {
        const view = queue.peek(PIECE_BYTES);
        if (view === undefined) {
          this.#queue = null;
          break;
        }
        queue.consume(view.length);
        this.#writeView(view, null);
        // writeView may have failed and closed.
        if (this.#isClosed()) return;
      }
    }
    if (this.#state === CLOSING) {
      if (this.pendingBytes === 0) this.destroy();
    } else if (this.#congested && this.pendingBytes <= PENDING_LOW_BYTES) {
      this.#congested = false;
      this.handler.onDrain();
    }
  }

  #isClosed(): boolean {
    return this.#state === CLOSED;
  }

  /** For onRead only. */
  received(n: number): void {
    if (this.#state !== OPEN) return;
    if (n === READ_BYTES) {
      // libuv would go on reading up to 32 times from a flooding connection before it looks at another.
      if (++this.#fullReads >= FULL_READS_MAX) {
        this.#fullReads = 0;
        this.#reading = false;
        this.#handle.readStop();
        if (yielded.push(this) === 1) setImmediate(resumeYielded);
      }
    } else {
      this.#fullReads = 0;
    }
    this.handler.onData(readBuffer, n);
  }

  /** For onRead only. */
  ended(): void {
    this.#peerEnded = true;
    this.#reading = false;
    if (this.#state === OPEN) this.handler.onEnd();
  }

  /** For resumeYielded only. */
  unyield(): void {
    this.#updateReading();
  }

  flush(): void {
    if (segments > 0) flushCork();
  }

  pauseReading(): void {
    this.#paused = true;
    this.#updateReading();
  }

  resumeReading(): void {
    this.#paused = false;
    this.#updateReading();
  }

  #updateReading(): void {
    const want = this.#state === OPEN && !this.#paused && !this.#peerEnded;
    if (want === this.#reading) return;
    this.#reading = want;
    if (this.#state === CLOSED) return;
    const err = want ? this.#handle.readStart() : this.#handle.readStop();
    if (err !== 0 && want) this.fail(err);
  }

  close(): void {
    if (this.#state !== OPEN) return;
    this.#state = CLOSING;
    this.#updateReading();
    if (lastOwner !== null && !this.#writing && this.pendingBytes > 0) flushCork();
    if (this.#isClosed()) return;
    if (this.pendingBytes === 0) this.destroy();
    else this.#closeTimer = setTimeout(() => this.destroy(), CLOSE_FLUSH_MS).unref();
  }

  fail(status: number): void {
    if (this.#state === CLOSED) return;
    this.#reason = codeOf(status);
    this.destroy();
  }

  destroy(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#reading = false;
    this.#queue = null;
    if (this.#closeTimer !== null) clearTimeout(this.#closeTimer);
    // Its segments of this turn stay in the cork and are skipped by writeSegment.
    this.#handle.close(() => {
      const handler = this.handler;
      this.pendingBytes = 0;
      this.handler = IDLE_HANDLER;
      handler.onClose(this.#reason);
    });
  }
}

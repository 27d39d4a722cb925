/**
 * The same connection on the public `net.Socket`: slower (floor.bench.ts) and with a buffer per read, but made of documented
 * API only. It serves where `rawSocketsAvailable()` says no, and in the tests, which run against both.
 */

import type { Socket } from 'node:net';
import { CLOSE_FLUSH_MS, IDLE_HANDLER, PENDING_HIGH_BYTES, PENDING_LOW_BYTES, formatAddress } from './socket.ts';
import type { ByteSocket, SocketHandler } from './socket.ts';

export class NetSocket implements ByteSocket {
  handler: SocketHandler = IDLE_HANDLER;
  readonly fd = -1;
  readonly unixSocket: boolean;
  readonly remoteAddr: string;
  readonly localAddr: string;
  readonly #socket: Socket;
  #open = true;
  #congested = false;
  #corkedThisTurn = false;
  #reason = '';
  readonly #afterWrite = (): void => {
    if (!this.#open || !this.#congested || this.pendingBytes > PENDING_LOW_BYTES) return;
    this.#congested = false;
    this.handler.onDrain();
  };

  /** The socket must have been made with `allowHalfOpen`. */
  constructor(socket: Socket, unixSocket: boolean) {
    this.#socket = socket;
    this.unixSocket = unixSocket;
    this.remoteAddr = formatAddress(socket.remoteAddress, socket.remotePort);
    this.localAddr = formatAddress(socket.localAddress, socket.localPort);
    socket.pause();
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason = error.code ?? 'EUNKNOWN';
    });
    socket.on('close', () => {
      this.#open = false;
      const handler = this.handler;
      this.handler = IDLE_HANDLER;
      handler.onClose(this.#reason);
    });
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  start(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      if (this.#open) this.handler.onData(chunk, chunk.length);
    });
    this.#socket.on('end', () => {
      if (this.#open) this.handler.onEnd();
    });
    if (!this.#paused) this.#socket.resume();
  }

  #paused = false;

  write(buf: Uint8Array, start: number, end: number): boolean {
    if (!this.#open) return true;
    if (!this.#corkedThisTurn) {
      this.#corkedThisTurn = true;
      this.#socket.cork();
      setImmediate(() => this.flush());
    }
    this.#socket.write(Buffer.from(buf.subarray(start, end)), this.#afterWrite);
    if (this.pendingBytes < PENDING_HIGH_BYTES) return true;
    this.#congested = true;
    return false;
  }

  flush(): void {
    if (!this.#corkedThisTurn) return;
    this.#corkedThisTurn = false;
    this.#socket.uncork();
  }

  pauseReading(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.pause();
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_FLUSH_MS).unref();
    this.#socket.end(() => {
      clearTimeout(timer);
      this.#socket.destroy();
    });
  }

  destroy(): void {
    this.#open = false;
    this.#socket.destroy();
  }
}

/** One client connection: its socket on one side, its engine session on the other, and nothing in between. */

import type { ByteSocket, EnginePort, SessionInfo, SessionPort, SessionSink, SocketHandler } from '@weir/link';

export interface ConnectionOwner {
  /** The connection is gone. */
  connectionClosed(connection: ClientConnection): void;
}

export class ClientConnection implements SessionSink, SocketHandler {
  readonly #socket: ByteSocket;
  readonly #owner: ConnectionOwner;
  /** Assigned before the socket starts; the socket reports its end asynchronously, so never before. */
  #port!: SessionPort;

  constructor(socket: ByteSocket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.handler = this;
  }

  open(engine: EnginePort, info: SessionInfo): void {
    this.#port = engine.open(info, this);
    this.#socket.start();
  }

  // From the socket.

  onData(buf: Uint8Array, end: number): void {
    this.#port.input(buf, 0, end);
  }

  onEnd(): void {
    if (this.#port.inputEnded) this.#port.inputEnded();
    else this.#socket.close();
  }

  onDrain(): void {
    this.#port.drained();
  }

  onClose(): void {
    this.#owner.connectionClosed(this);
    this.#port.closed();
  }

  // From the engine.

  output(buf: Uint8Array, start: number, end: number): boolean {
    return this.#socket.write(buf, start, end);
  }

  close(): void {
    this.#socket.close();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pauseInput(): void {
    this.#socket.pauseReading();
  }

  resumeInput(): void {
    this.#socket.resumeReading();
  }

  get pendingBytes(): number {
    return this.#socket.pendingBytes;
  }

  get pendingOutputBytes(): number {
    return this.#socket.pendingBytes;
  }
}

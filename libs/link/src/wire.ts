/** One link connection, either end: frames of a turn in one write, hello first, congestion, a single report of its end. */

import { FRAME, FrameReader, FrameWriter, LINK_VERSION, NO_PAYLOAD, decodeHello, encodeHello } from './frame.ts';
import type { FrameHandler, FrameType } from './frame.ts';
import { LineRate } from './line-rate.ts';
import { IDLE_HANDLER } from './socket.ts';
import type { ByteSocket, LinkLogger, SocketHandler } from './socket.ts';

export interface WireOwner {
  /** The peer's hello was accepted; frames follow. */
  onUp(wire: Wire): void;
  /** False: the frame makes no sense here, the link is to be closed. */
  onFrame(
    wire: Wire,
    type: number,
    session: number,
    buf: Uint8Array,
    start: number,
    end: number,
    replies: number,
    position: number,
  ): boolean;
  /** Bytes of a command table that are taken; 0: none is. */
  readonly commandsMax: number;
  /** `congested` is false again. */
  onWireDrain(wire: Wire): void;
  /** Once, last, asynchronous. */
  onDown(wire: Wire, reason: string): void;
}

/** Frames are handed to the socket when so many bytes have come together, so that the peer can begin before our turn ends. */
const FLUSH_BYTES = 64 * 1024;

export class Wire implements SocketHandler, FrameHandler {
  /** The peer does not keep up: whoever can should stop producing until `onWireDrain`. */
  congested = false;
  up = false;
  lastReceivedMs = performance.now();
  readonly socket: ByteSocket;
  readonly #owner: WireOwner;
  readonly #log: LinkLogger;
  readonly #malformed: LineRate;
  readonly #reader: FrameReader;
  readonly #writer = new FrameWriter();
  #flushScheduled = false;
  #closed = false;
  #reason = '';
  readonly #onTurnEnd = (): void => {
    this.#flushScheduled = false;
    this.#flush();
  };

  constructor(socket: ByteSocket, owner: WireOwner, log: LinkLogger, malformed = new LineRate()) {
    this.#malformed = malformed;
    this.socket = socket;
    this.#owner = owner;
    this.#reader = new FrameReader(this, owner.commandsMax);
    this.#log = log;
    socket.handler = this;
    const hello = encodeHello();
    this.send(FRAME.HELLO, 0, hello, 0, hello.length);
    socket.start();
  }

  /** `replies`, `position` and `cut` are of an OUTPUT. */
  send(
    type: FrameType,
    session: number,
    buf: Uint8Array,
    start: number,
    end: number,
    replies = 0,
    position = 0,
    cut = false,
  ): void {
    if (this.#closed) return;
    this.#writer.frame(type, session, buf, start, end, replies, position, cut);
    if (this.#writer.length >= FLUSH_BYTES) {
      this.#flush();
    } else if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      setImmediate(this.#onTurnEnd);
    }
  }

  sendEmpty(type: FrameType, session: number): void {
    this.send(type, session, NO_PAYLOAD, 0, 0);
  }

  /** The bytes of the OUTPUT at hand end within a reply, or may. */
  get cut(): boolean {
    return this.#reader.cut;
  }

  #flush(): void {
    const writer = this.#writer;
    if (writer.length === 0 || this.#closed) return;
    if (!this.socket.write(writer.buf, 0, writer.length)) this.congested = true;
    writer.clear();
    this.socket.flush();
  }

  /** Sends what there is, then closes. */
  close(): void {
    this.#flush();
    this.#closed = true;
    this.#reader.stop();
    this.socket.close();
  }

  destroy(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = reason;
    this.#reader.stop();
    this.socket.destroy();
  }

  onData(buf: Uint8Array, end: number): void {
    this.lastReceivedMs = performance.now();
    this.#reader.push(buf, 0, end);
  }

  onEnd(): void {
    this.destroy('closed by the peer');
  }

  onDrain(): void {
    this.congested = false;
    if (!this.#closed) this.#owner.onWireDrain(this);
  }

  onClose(reason: string): void {
    this.#closed = true;
    this.socket.handler = IDLE_HANDLER;
    this.#owner.onDown(this, this.#reason || reason || 'closed');
  }

  onFrame(
    type: number,
    session: number,
    buf: Uint8Array,
    start: number,
    end: number,
    replies: number,
    position: number,
  ): void {
    if (!this.up) {
      const version = type === FRAME.HELLO ? decodeHello(buf, start, end) : undefined;
      if (version === undefined) return this.onMalformed('no hello');
      if (version !== LINK_VERSION) {
        const which = `version ${version} of the link, this end version ${LINK_VERSION}`;
        return this.onMalformed(`the peer speaks ${which}: ingress and engine have to be of the same version of Weir`);
      }
      this.up = true;
      this.#owner.onUp(this);
    } else if (type === FRAME.PING) {
      // Who asks and does not read gets no answers that pile up; who reads again has heard enough, and asks again.
      if (!this.congested) this.sendEmpty(FRAME.PONG, 0);
    } else if (type !== FRAME.PONG && !this.#owner.onFrame(this, type, session, buf, start, end, replies, position)) {
      this.onMalformed(`unexpected or broken frame of type ${type}`);
    }
  }

  onMalformed(reason: string): void {
    const peer = this.socket.remoteAddr;
    this.#malformed.line((leftOut) =>
      this.#log.error({ reason, peer, leftOut }, 'malformed link frame, closing the link'),
    );
    this.destroy(reason);
  }
}

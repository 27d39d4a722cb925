/** The session of one connection at one engine. */

import type { SessionInfo, SessionPort, SessionSink } from '@weir/link';
import type { Upstream } from './upstream.ts';

/** What a session tells its connection. */
export interface SessionOwner {
  output(session: UpstreamSession, buf: Uint8Array, start: number, end: number, replies: number): boolean;
  stateTold(session: UpstreamSession, flags: number, buf: Uint8Array, start: number, end: number): void;
  /** The engine gives back what it has not answered. */
  bounced(session: UpstreamSession): void;
  /** The link is lost. */
  lost(session: UpstreamSession): void;
  /** The engine closes it, at once or behind the output. */
  ended(session: UpstreamSession, atOnce: boolean): void;
  pauseChanged(): void;
  readonly pendingOutputBytes: number;
}

export class UpstreamSession implements SessionSink {
  readonly upstream: Upstream;
  readonly port: SessionPort;
  /** Which state of the connection the engine knows. */
  stateVersion = 0;
  /** The engine asked that no more is read of this client. */
  isPaused = false;
  /** It was told that the client does not read its replies. */
  isCongested = false;
  readonly #owner: SessionOwner;
  /** Nothing of it counts any more. */
  #isOver = false;

  constructor(owner: SessionOwner, upstream: Upstream, info: SessionInfo) {
    this.#owner = owner;
    this.upstream = upstream;
    this.port = upstream.link.open(info, this);
  }

  /** Ends it from this side; once. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.port.closed();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  output(buf: Uint8Array, start: number, end: number, replies: number): boolean {
    if (this.#isOver) return true;
    const ok = this.#owner.output(this, buf, start, end, replies);
    if (!ok) this.isCongested = true;
    return ok;
  }

  state(flags: number, buf: Uint8Array, start: number, end: number): void {
    if (!this.#isOver) this.#owner.stateTold(this, flags, buf, start, end);
  }

  bounced(): void {
    if (!this.#isOver) this.#owner.bounced(this);
  }

  lost(): void {
    if (!this.#isOver) this.#owner.lost(this);
  }

  close(): void {
    if (!this.#isOver) this.#owner.ended(this, false);
  }

  destroy(): void {
    if (!this.#isOver) this.#owner.ended(this, true);
  }

  pauseInput(): void {
    this.#pause(true);
  }

  resumeInput(): void {
    this.#pause(false);
  }

  #pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (!this.#isOver) this.#owner.pauseChanged();
  }

  get pendingOutputBytes(): number {
    return this.#owner.pendingOutputBytes;
  }
}

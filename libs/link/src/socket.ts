/**
 * A byte connection as ingress and link need it: no streams, no events, no buffer per connection. Two
 * implementations: `RawSocket` on Node's stream handle (fast) and `NetSocket` on the public `net.Socket`.
 */

/** pino-compatible. */
export type { EventLogger as LinkLogger } from '@weir/telemetry';

export interface SocketHandler {
  /** Received bytes `buf[0, end)`; the buffer belongs to all sockets together and is dead after the call. */
  onData(buf: Uint8Array, end: number): void;
  /** The peer has finished sending; it may still be reading. */
  onEnd(): void;
  /** After a `write` that answered false: pending output has fallen below the low mark. */
  onDrain(): void;
  /** The last call, once, always asynchronous to `destroy` and `close`. `reason` is an error code such as ECONNRESET, or '' if it was ordered. */
  onClose(reason: string): void;
}

export interface ByteSocket {
  handler: SocketHandler;
  readonly unixSocket: boolean;
  readonly remoteAddr: string;
  readonly localAddr: string;
  readonly fd: number;
  /** Accepted by `write` and not yet by the kernel. */
  readonly pendingBytes: number;
  /** Begins reading; to be called once. */
  start(): void;
  /** Sends bytes borrowed for the call, with all else of this turn of the loop. False above the high mark; the bytes are kept in any case. */
  write(buf: Uint8Array, start: number, end: number): boolean;
  /** Sends now what was gathered, instead of at the end of the turn. */
  flush(): void;
  pauseReading(): void;
  resumeReading(): void;
  /** Sends what is pending, for at most CLOSE_FLUSH_MS, then closes. Nothing is read any more. */
  close(): void;
  /** Closes now. */
  destroy(): void;
}

/** `write` answers false from this many pending bytes … */
export const PENDING_HIGH_BYTES = 1024 * 1024;
/** … and `onDrain` follows when they are down to this. */
export const PENDING_LOW_BYTES = 256 * 1024;
/** How long `close` waits for a client that does not read its last replies. */
export const CLOSE_FLUSH_MS = 10_000;
/** One read takes at most this much. */
export const READ_BYTES = 64 * 1024;
/** After so many full reads in a row, a connection lets the others have their turn. */
export const FULL_READS_MAX = 4;

export const IDLE_HANDLER: SocketHandler = {
  onData() {},
  onEnd() {},
  onDrain() {},
  onClose() {},
};

/** `ip:port`, `[ip6]:port`, as CLIENT LIST prints them. */
export function formatAddress(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return '?:0';
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Listening and connecting, on TCP and Unix sockets, with raw handles where they are to be had. */

import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect as netConnect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { NetSocket } from './net-socket.ts';
import { RawSocket, isStreamHandle, rawSocketsAvailable, takeAccepts } from './raw-socket.ts';
import type { StreamHandle } from './raw-socket.ts';
import type { ByteSocket, LinkLogger } from './socket.ts';

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** `host:port`, `[ip6]:port`, or the path of a Unix socket: whatever has a slash or no port. */
export function parseAddress(text: string): Address {
  const match = text.includes('/') ? null : /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (match === null) return { kind: 'unix', path: text };
  return { kind: 'tcp', host: match[1] ?? match[2], port: Number(match[3]) };
}

/** The same as text, as `parseAddress` takes it. */
export function addressText(address: Address): string {
  if (address.kind === 'unix') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

export interface ListenOptions {
  readonly address: Address;
  readonly backlog?: number;
  /** Seconds; 0 is off. */
  readonly keepAliveSeconds?: number;
  /** Other processes of this program listen on the same TCP port, and the kernel shares the connections among them (SO_REUSEPORT). */
  readonly sharesPort?: boolean;
  /** Octal permissions of the Unix socket's file. */
  readonly unixSocketMode?: number;
  /** False: the public stream API even where raw handles are available. */
  readonly raw?: boolean;
  readonly log: LinkLogger;
  /** The socket is to be given a handler and started, or destroyed. */
  readonly onSocket: (socket: ByteSocket) => void;
}

export interface Listening {
  /** With the real port where 0 was asked for. */
  readonly address: Address;
  readonly raw: boolean;
  /** Takes no new connections; open ones stay. */
  close(): void;
}

const ACCEPT_ERROR_LOG_MS = 1000;

/** Like redis-server, a socket file left by a dead process is replaced; any other file is left alone and the bind fails. */
function removeStaleSocket(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSocket()) unlinkSync(path);
}

function acceptErrorLogger(log: LinkLogger, address: Address): (code: string) => void {
  let last = -Infinity;
  let suppressed = 0;
  return (code) => {
    const now = performance.now();
    if (now - last < ACCEPT_ERROR_LOG_MS) {
      suppressed++;
      return;
    }
    log.error({ code, address, suppressed }, 'a connection could not be accepted');
    last = now;
    suppressed = 0;
  };
}

export function listen(options: ListenOptions): Promise<Listening> {
  const { address, log, onSocket } = options;
  const keepAliveSeconds = options.keepAliveSeconds ?? 0;
  const unix = address.kind === 'unix';
  const wantRaw = options.raw !== false && rawSocketsAvailable();
  const onAcceptError = acceptErrorLogger(log, address);
  const server: Server = createServer(
    {
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: keepAliveSeconds > 0,
      keepAliveInitialDelay: keepAliveSeconds * 1000,
    },
    (socket) => onSocket(new NetSocket(socket, unix)),
  );
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      server.on('error', (error: NodeJS.ErrnoException) => onAcceptError(error.code ?? error.message));
      const raw =
        wantRaw &&
        takeAccepts(
          server,
          (handle) => {
            const socket = new RawSocket(handle, unix);
            if (!unix) {
              socket.setNoDelay();
              socket.setKeepAlive(keepAliveSeconds);
            }
            onSocket(socket);
          },
          onAcceptError,
        );
      if (unix && options.unixSocketMode) chmodSync(address.path, options.unixSocketMode);
      const bound = server.address();
      const actual: Address =
        bound !== null && typeof bound === 'object' ? { kind: 'tcp', host: bound.address, port: bound.port } : address;
      resolve({ address: actual, raw, close: () => void server.close() });
    });
    if (unix) {
      removeStaleSocket(address.path);
      server.listen({ path: address.path, backlog: options.backlog ?? 511 });
    } else {
      server.listen({
        host: address.host,
        port: address.port,
        backlog: options.backlog ?? 511,
        reusePort: options.sharesPort === true,
        ipv6Only: address.host.includes(':'),
      });
    }
  });
}

export interface ConnectOptions {
  readonly address: Address;
  readonly keepAliveSeconds?: number;
  readonly timeoutMs: number;
  readonly raw?: boolean;
}

/** Takes the handle away from a connected net.Socket, which forgets it. */
function stealHandle(socket: Socket): StreamHandle | undefined {
  const holder = socket as unknown as { _handle: unknown };
  const handle = holder._handle;
  if (!isStreamHandle(handle)) return undefined;
  holder._handle = null;
  socket.removeAllListeners();
  socket.on('error', () => {});
  socket.destroy();
  return handle;
}

export function connect(options: ConnectOptions): Promise<ByteSocket> {
  const { address } = options;
  const unix = address.kind === 'unix';
  const wantRaw = options.raw !== false && rawSocketsAvailable();
  const keepAliveSeconds = options.keepAliveSeconds ?? 0;
  return new Promise((resolve, reject) => {
    const socket = netConnect(
      unix
        ? { path: address.path, allowHalfOpen: true }
        : {
            host: address.host,
            port: address.port,
            allowHalfOpen: true,
            noDelay: true,
            keepAlive: keepAliveSeconds > 0,
            keepAliveInitialDelay: keepAliveSeconds * 1000,
          },
    );
    socket.pause();
    const timer = setTimeout(() => {
      socket.destroy();
      reject(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
    }, options.timeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      if (wantRaw) {
        // On the next turn, so that net.Socket has finished with what it does after its `connect` event.
        setImmediate(() => {
          const handle = stealHandle(socket);
          if (handle === undefined) resolve(new NetSocket(socket, unix));
          else resolve(new RawSocket(handle, unix));
        });
      } else {
        resolve(new NetSocket(socket, unix));
      }
    });
  });
}

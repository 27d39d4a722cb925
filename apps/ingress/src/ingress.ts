/**
 * Accepts clients and opens an engine session for each, or leaves that to who routes. Everything a connection means is the engine's business
 * (limits on clients, idle time, buffers); this knows sockets only.
 */

import { LineRate, listen } from '@weir/link';
import type { Address, ByteSocket, EnginePort, LinkLogger, Listening } from '@weir/link';
import { ClientConnection } from './connection.ts';
import type { ConnectionOwner } from './connection.ts';
import { RoutedConnection } from './routing/routed-connection.ts';
import type { RoutingOptions } from './routing/routed-connection.ts';

export interface IngressOptions {
  /** Where all clients are served … */
  readonly engine?: EnginePort;
  /** … or how they are served by several engines. */
  readonly routing?: RoutingOptions;
  readonly listen: readonly Address[];
  readonly log: LinkLogger;
  /** Addresses that may be missing on this machine (`bind -::1`). Address families that it does not have are skipped in any case, as Redis does. */
  readonly isOptional?: (address: Address) => boolean;
  /** Other workers listen on the same TCP port. */
  readonly sharesPort?: boolean;
  /** `tcp-backlog`. */
  readonly backlog?: number;
  /** `tcp-keepalive`, seconds; 0 is off. */
  readonly keepAliveSeconds?: number;
  /** `unixsocketperm`. */
  readonly unixSocketMode?: number;
  /**
   * Most bytes of replies that wait for all clients together, and of requests that are held; above it the connections with the most are closed. Without it they are not
   * counted here: an engine in the same process counts them itself.
   */
  readonly outputBytesMax?: number;
  /** False: no use of Node's internal stream handles. */
  readonly rawSockets?: boolean;
}

export interface Ingress {
  /** Where it listens, with the real ports. */
  readonly addresses: readonly Address[];
  readonly connectionCount: number;
  /**
   * Listens on these addresses from now on (CONFIG SET port, bind, tcp-keepalive); connections stay. Rejects when an address
   * cannot be bound; everything is then as before. Calls follow one another.
   */
  relisten(changes: Pick<IngressOptions, 'listen' | 'keepAliveSeconds'>): Promise<void>;
  /** Takes no new clients; resolves when the last one has left. */
  drain(): Promise<void>;
  /** Takes no new clients and closes the ones there are, after the output already pending for them (bounded by `flushMs`). */
  stop(flushMs?: number): Promise<void>;
}

interface Connection {
  readonly pendingBytes: number;
  close(): void;
  destroy(): void;
}

const STOP_FLUSH_MS = 2000;
/** Replies come over the link, which carries no more in this time than a small part of the bound. */
const CHECK_MS = 100;
const FAMILY_MISSING = new Set(['ENOPROTOOPT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT', 'EPFNOSUPPORT', 'EAFNOSUPPORT']);

class IngressServer implements Ingress, ConnectionOwner {
  addresses: Address[] = [];
  readonly #listening: Listening[] = [];
  readonly #connections = new Set<Connection>();
  #emptied: (() => void)[] = [];
  #options: IngressOptions;
  #relistening: Promise<void> = Promise.resolve();
  readonly #checkTimer: NodeJS.Timeout | undefined;
  readonly #closings = new LineRate();

  constructor(options: IngressOptions) {
    this.#options = options;
    const { outputBytesMax } = options;
    if (outputBytesMax !== undefined) {
      this.#checkTimer = setInterval(() => this.#checkOutput(outputBytesMax), CHECK_MS).unref();
    }
  }

  /** Each connection is bounded, but there may be many: the largest are closed while all together are too much. */
  #checkOutput(bytesMax: number): void {
    let total = 0;
    for (const connection of this.#connections) total += connection.pendingBytes;
    if (total <= bytesMax) return;
    const largest = [...this.#connections].sort((a, b) => b.pendingBytes - a.pendingBytes);
    for (const connection of largest) {
      if (total <= bytesMax) return;
      const bytes = connection.pendingBytes;
      total -= bytes;
      connection.destroy();
      this.#closings.line((leftOut) =>
        this.#options.log.warn(
          { bytes, bytesMax, leftOut },
          'what waits for clients is too much: closing the client with the most',
        ),
      );
    }
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  relisten(changes: Pick<IngressOptions, 'listen' | 'keepAliveSeconds'>): Promise<void> {
    const next = this.#relistening.then(() => this.#exchange({ ...this.#options, ...changes }));
    this.#relistening = next.catch(() => {});
    return next;
  }

  /** An address that stays is closed and bound again, so that it takes the new options. */
  async #exchange(options: IngressOptions): Promise<void> {
    const before = this.#options;
    this.closeListeners();
    try {
      await this.listen(options);
    } catch (error) {
      this.closeListeners();
      await this.listen(before);
      throw error;
    }
  }

  async listen(options: IngressOptions): Promise<void> {
    this.#options = options;
    for (const address of options.listen) {
      try {
        await this.#listenOn(address, options);
      } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException;
        const mayBeMissing = code === 'EADDRNOTAVAIL' && options.isOptional?.(address) === true;
        if (!mayBeMissing && !FAMILY_MISSING.has(code)) throw error;
        options.log.debug({ address, code }, 'an address that this machine does not have');
      }
    }
    if (this.#listening.length === 0) throw new Error('there is no address to listen on for clients');
  }

  async #listenOn(address: Address, options: IngressOptions): Promise<void> {
    const l = await listen({
      ...options,
      address,
      ...(options.rawSockets === undefined ? {} : { raw: options.rawSockets }),
      onSocket: (socket) => this.#accept(socket, address),
    });
    this.#listening.push(l);
    this.addresses.push(l.address);
    options.log.info({ address: l.address, raw: l.raw }, 'listening for clients');
  }

  #accept(socket: ByteSocket, address: Address): void {
    const unixName = address.kind === 'unix' ? `${address.path}:0` : undefined;
    const info = {
      remoteAddr: unixName ?? socket.remoteAddr,
      localAddr: unixName ?? socket.localAddr,
      fd: socket.fd,
      unixSocket: unixName !== undefined,
    };
    const { engine, routing } = this.#options;
    if (routing !== undefined) {
      const connection = new RoutedConnection(socket, this, info, routing);
      this.#connections.add(connection);
      connection.start();
    } else {
      const connection = new ClientConnection(socket, this);
      this.#connections.add(connection);
      connection.open(engine!, info);
    }
  }

  connectionClosed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    const waiting = this.#emptied;
    this.#emptied = [];
    for (const resolve of waiting) resolve();
  }

  closeListeners(): void {
    for (const l of this.#listening.splice(0)) l.close();
    this.addresses.length = 0;
  }

  drain(): Promise<void> {
    this.closeListeners();
    return new Promise((resolve) => {
      if (this.#connections.size === 0) resolve();
      else this.#emptied.push(resolve);
    });
  }

  async stop(flushMs = STOP_FLUSH_MS): Promise<void> {
    clearInterval(this.#checkTimer);
    const gone = this.drain();
    for (const connection of this.#connections) connection.close();
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, flushMs);
    await gone;
    clearTimeout(timer);
  }
}

/** Rejects when an address cannot be bound; nothing is left listening then. */
export async function startIngress(options: IngressOptions): Promise<Ingress> {
  const ingress = new IngressServer(options);
  try {
    await ingress.listen(options);
  } catch (error) {
    ingress.closeListeners();
    throw error;
  }
  return ingress;
}

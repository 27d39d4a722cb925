/**
 * Accepts clients and opens an engine session for each. Everything a connection means is the engine's business
 * (limits on clients, idle time, buffers); this knows sockets only.
 */
import { listen, type Address, type ByteSocket, type EnginePort, type LinkLogger, type Listening } from '@weir/link';
import { ClientConnection, type ConnectionOwner } from './connection.ts';

export interface IngressOptions {
  readonly engine: EnginePort;
  readonly listen: readonly Address[];
  /** An address that may be missing on this machine (`bind -::1`): no error when it cannot be listened on. */
  readonly isOptional?: (address: Address) => boolean;
  readonly log: LinkLogger;
  /** `tcp-backlog`. */
  readonly backlog?: number;
  /** `tcp-keepalive`, seconds; 0 is off. */
  readonly keepAliveSeconds?: number;
  /** `unixsocketperm`. */
  readonly unixSocketMode?: number;
  /** False: no use of Node's internal stream handles. */
  readonly rawSockets?: boolean;
}

export interface Ingress {
  /** Where it listens, with the real ports. */
  readonly addresses: readonly Address[];
  readonly connectionCount: number;
  /** Takes no new clients; resolves when the last one has left. */
  drain(): Promise<void>;
  /** Takes no new clients and closes the ones there are, after the output already pending for them (bounded by `flushMs`). */
  stop(flushMs?: number): Promise<void>;
}

const STOP_FLUSH_MS = 2000;

class IngressServer implements Ingress, ConnectionOwner {
  addresses: Address[] = [];
  private readonly engine: EnginePort;
  private readonly listening: Listening[] = [];
  private readonly connections = new Set<ClientConnection>();
  private emptied: (() => void)[] = [];

  constructor(engine: EnginePort) {
    this.engine = engine;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  async listen(options: IngressOptions): Promise<void> {
    for (const address of options.listen) {
      const l = await listen({
        ...options,
        address,
        ...(options.rawSockets === undefined ? {} : { raw: options.rawSockets }),
        onSocket: (socket) => this.accept(socket, address),
      }).catch((error: NodeJS.ErrnoException) => {
        const missing = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT';
        if (missing && options.isOptional?.(address) === true) return null;
        throw error;
      });
      if (l === null) continue;
      this.listening.push(l);
      this.addresses.push(l.address);
      options.log.info({ address: l.address, raw: l.raw }, 'listening for clients');
    }
  }

  private accept(socket: ByteSocket, address: Address): void {
    const connection = new ClientConnection(socket, this);
    this.connections.add(connection);
    const unixName = address.kind === 'unix' ? `${address.path}:0` : undefined;
    connection.open(this.engine, {
      remoteAddr: unixName ?? socket.remoteAddr,
      localAddr: unixName ?? socket.localAddr,
      fd: socket.fd,
      unixSocket: unixName !== undefined,
    });
  }

  connectionClosed(connection: ClientConnection): void {
    this.connections.delete(connection);
    if (this.connections.size > 0) return;
    const waiting = this.emptied;
    this.emptied = [];
    for (const resolve of waiting) resolve();
  }

  closeListeners(): void {
    for (const l of this.listening.splice(0)) l.close();
  }

  drain(): Promise<void> {
    this.closeListeners();
    return new Promise((resolve) => {
      if (this.connections.size === 0) resolve();
      else this.emptied.push(resolve);
    });
  }

  async stop(flushMs = STOP_FLUSH_MS): Promise<void> {
    const gone = this.drain();
    for (const connection of this.connections) connection.close();
    const timer = setTimeout(() => {
      for (const connection of this.connections) connection.destroy();
    }, flushMs);
    await gone;
    clearTimeout(timer);
  }
}

/** Rejects when an address cannot be bound; nothing is left listening then. */
export async function startIngress(options: IngressOptions): Promise<Ingress> {
  const ingress = new IngressServer(options.engine);
  try {
    await ingress.listen(options);
  } catch (error) {
    ingress.closeListeners();
    throw error;
  }
  return ingress;
}

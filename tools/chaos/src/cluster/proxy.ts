import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/**
 * A piece of network between one process and one server, which can be cut: `cut` ends all connections and refuses new ones, as a firewall that resets does; `stalled`
 * keeps all connections and carries nothing, as a cable that is pulled.
 */
export type Carries = 'all' | 'cut' | 'stalled';

export class Proxy {
  #port = 0;
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #carries: Carries = 'all';

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (socket) => this.#take(socket));
  }

  /** `port`: where the process connects, 0 for any that is free; `target`: where the server listens. */
  static async listen(port: number, target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(port, '127.0.0.1', resolve);
    });
    proxy.#port = (proxy.#server.address() as AddressInfo).port;
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  set(carries: Carries): void {
    this.#carries = carries;
    for (const socket of this.#sockets) {
      if (carries === 'cut') socket.destroy();
      else if (carries === 'stalled') socket.pause();
      else socket.resume();
    }
  }

  close(): void {
    this.#server.close();
    this.set('cut');
  }

  #take(inner: Socket): void {
    if (this.#carries === 'cut') return void inner.destroy();
    const outer = createConnection({ port: this.#target, host: '127.0.0.1', noDelay: true });
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        if (!to.write(bytes)) from.pause();
      });
      to.on('drain', () => {
        if (this.#carries !== 'stalled') from.resume();
      });
      if (this.#carries === 'stalled') from.pause();
    }
  }
}

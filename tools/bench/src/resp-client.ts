import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { ReplyParser, encodeCommand } from '@weir/resp';
import type { Reply } from '@weir/resp';

/** A connection for commands between the measurements. Replies come in order; an error reply rejects. */
export class RespClient {
  readonly #socket: Socket;
  readonly #parser = new ReplyParser();
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#parser.feed(chunk);
      for (let reply = this.#parser.next(); reply !== undefined; reply = this.#parser.next()) {
        const waiter = this.#waiting.shift();
        if (reply.type === 'error') waiter?.reject(new Error(reply.value));
        else waiter?.resolve(reply);
      }
    });
    const end = (error?: Error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error ?? new Error('connection closed'));
    };
    socket.on('error', end);
    socket.on('close', () => end());
  }

  static async connect(port: number): Promise<RespClient> {
    const socket = createConnection({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    return new RespClient(socket);
  }

  send(...args: (string | number)[]): Promise<Reply> {
    return this.sendBytes(encodeCommand(args));
  }

  /** One command that is encoded already. */
  sendBytes(bytes: Uint8Array): Promise<Reply> {
    if (this.#socket.destroyed) return Promise.reject(new Error('connection closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(bytes);
    });
  }

  /** Text of a simple or bulk reply, an integer in decimals. */
  async text(...args: (string | number)[]): Promise<string> {
    return replyText(await this.send(...args));
  }

  /** One field of INFO, '' when there is none. */
  async info(section: string, field: string): Promise<string> {
    const text = await this.text('INFO', section);
    return new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
  }

  close(): void {
    this.#socket.destroy();
  }
}

export function replyText(reply: Reply): string {
  if (reply.value instanceof Uint8Array) return Buffer.from(reply.value).toString();
  if (Array.isArray(reply.value)) return reply.value.map((item) => replyText(item as Reply)).join(' ');
  return String(reply.value);
}

/** Runs `use` with a connection that is closed afterwards. */
export async function withClient<T>(port: number, use: (client: RespClient) => Promise<T>): Promise<T> {
  const client = await RespClient.connect(port);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const PRELOAD_BATCH = 1000;

/** Keys as redis-benchmark names them (`key:` and 12 digits: 16 bytes), all of 0 … count − 1, with values of `valueBytes`. */
export async function preload(port: number, count: number, valueBytes: number): Promise<void> {
  const value = 'x'.repeat(valueBytes);
  await withClient(port, async (client) => {
    let previous: Promise<unknown> = Promise.resolve();
    for (let start = 0; start < count; start += PRELOAD_BATCH) {
      const batch: Promise<Reply>[] = [];
      for (let i = start; i < Math.min(count, start + PRELOAD_BATCH); i++) {
        batch.push(client.send('SET', `key:${String(i).padStart(12, '0')}`, value));
      }
      const done = Promise.all(batch);
      await previous;
      previous = done;
    }
    await previous;
    const size = Number(await client.text('DBSIZE'));
    if (size < count) throw new Error(`preloaded ${count} keys, DBSIZE says ${size}`);
  });
}

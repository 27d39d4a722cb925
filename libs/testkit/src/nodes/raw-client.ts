/**
 * A client that hides nothing: what was written is what the server gets, replies come in order, no reconnection, no
 * retry. An error reply rejects with ErrorReply; a connection that ends rejects all that is unanswered with ConnectionEnded.
 */

import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { ReplyParser, encodeCommand } from '@weir/resp';
import type { Reply } from '@weir/resp';
import { bounded } from './until.ts';

export type Value = string | number | bigint | boolean | null | Value[];
export type Argument = string | number | Uint8Array;

export class ErrorReply extends Error {}
export class ConnectionEnded extends Error {}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

const CALL_BOUND_MS = 20_000;

export class RawClient {
  readonly socket: Socket;
  readonly #parser = new ReplyParser();
  readonly #waiting: Waiting[] = [];
  /** Replies that nobody waits for (after `write`). */
  readonly unasked: Reply[] = [];
  /** Resolves, never rejects, when the connection is gone. */
  readonly ended: Promise<void>;
  isEnded = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.isEnded = true;
        for (const waiting of this.#waiting.splice(0)) waiting.reject(new ConnectionEnded('the connection ended'));
        resolve();
      });
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#parser.feed(chunk);
        for (let reply = this.#parser.next(); reply !== undefined; reply = this.#parser.next()) {
          const waiting = this.#waiting.shift();
          if (waiting === undefined) this.unasked.push(reply);
          else waiting.resolve(reply);
        }
      } catch (error) {
        // Another program than was expected has the port: no answer of it is one.
        socket.destroy(error as Error);
      }
    });
  }

  static connect(port: number, host = '127.0.0.1', boundMs = 5000): Promise<RawClient> {
    const socket = createConnection({ port, host, noDelay: true });
    const connected = new Promise<RawClient>((resolve, reject) => {
      socket.once('error', (error) => reject(new ConnectionEnded(error.message)));
      socket.once('connect', () => resolve(new RawClient(socket)));
    });
    return bounded(`a connection to ${host}:${port}`, connected, boundMs).catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
  }

  /** Bytes as they are; replies to them are `unasked`. */
  write(bytes: Uint8Array | string): boolean {
    return this.socket.write(bytes);
  }

  reply(...args: readonly Argument[]): Promise<Reply> {
    if (this.isEnded) return Promise.reject(new ConnectionEnded('the connection ended'));
    this.socket.write(encodeCommand(args));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Bounded: a server that does not answer is an error here. */
  async call(...args: readonly Argument[]): Promise<Value> {
    return plain(await bounded(`the reply to ${String(args[0])}`, this.reply(...args), CALL_BOUND_MS));
  }

  /** All at once; one outcome each, errors as values. */
  pipeline(commands: readonly (readonly Argument[])[]): Promise<(Value | Error)[]> {
    this.socket.cork();
    const replies = commands.map((command) =>
      this.reply(...command)
        .then(plain)
        .catch((error: Error) => error),
    );
    this.socket.uncork();
    return Promise.all(replies);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A reply as a value, without its type; throws for an error reply. */
export function plain(reply: Reply): Value {
  switch (reply.type) {
    case 'error':
      throw new ErrorReply(reply.value);
    case 'bulkError':
      throw new ErrorReply(Buffer.from(reply.value).toString());
    case 'bulk':
    case 'verbatim':
      return Buffer.from(reply.value.buffer, reply.value.byteOffset, reply.value.byteLength).toString();
    case 'nil':
      return null;
    case 'array':
    case 'set':
    case 'push':
      return reply.value.map(plain);
    case 'map':
    case 'attribute':
      return reply.value.map(([key, value]) => [plain(key), plain(value)]);
    case 'simple':
    case 'bigNumber':
    case 'int':
    case 'bool':
    case 'double':
      return reply.value;
  }
}

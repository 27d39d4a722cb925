/**
 * How a node finds the log of another: it connects to that node's RESP port like any client, authenticates, and asks
 * `WEIR HANDSHAKE`. So a user names a host and a port, as with Redis, and needs to know nothing of NATS.
 */

import { connect } from 'node:net';
import { ReplyParser, encodeCommand } from '@weir/resp';
import type { Reply } from '@weir/resp';

export interface Handshake {
  /** 1; a newer one is refused. */
  readonly version: number;
  readonly cluster: string;
  /** 40 hex digits; also the replication id. */
  readonly logId: string;
  /** With credentials. */
  readonly natsUrl: string;
  readonly role: 'master' | 'slave';
  /** By which it reports in the log. */
  readonly node?: string;
  /** Of the credentials in the URL; absent: there are no others. */
  readonly rights?: 'slave' | 'replication';
}

export interface HandshakeResult extends Handshake {
  /** Our own address as the other node's side of the connection sees it. */
  readonly localAddress: string;
}

export interface HandshakeOptions {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  /** What the log is for; a slave when absent. */
  readonly as?: 'slave' | 'replication';
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const REPLY_BYTES_MAX = 64 * 1024;

/** Rejects with a plain sentence when the node cannot be reached, refuses, or has no log. */
export function handshake(options: HandshakeOptions): Promise<HandshakeResult> {
  const { host, port, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const parser = new ReplyParser();
    const commands: Uint8Array[] = [];
    if (options.password !== undefined && options.password !== '') {
      const { user, password } = options;
      commands.push(encodeCommand(user === undefined || user === '' ? ['AUTH', password] : ['AUTH', user, password]));
    }
    commands.push(encodeCommand(['WEIR', 'HANDSHAKE', ...(options.as === 'replication' ? ['REPLICATION'] : [])]));
    let waiting = commands.length;
    let received = 0;
    const socket = connect({ host, port, ...(options.signal ? { signal: options.signal } : {}) });
    const fail = (why: string) => {
      socket.destroy();
      reject(new Error(`${host}:${port} ${why}`));
    };
    const timer = setTimeout(() => fail(`did not answer the handshake within ${timeoutMs} ms`), timeoutMs);
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error(`${host}:${port} closed the connection during the handshake`));
    });
    socket.on('error', (error) => fail(`cannot be reached: ${error.message}`));
    socket.on('connect', () => {
      for (const command of commands) socket.write(command);
    });
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > REPLY_BYTES_MAX) return fail('answered the handshake with too much');
      let reply: Reply | undefined;
      try {
        parser.feed(chunk);
        while ((reply = parser.next()) !== undefined) {
          if (reply.type === 'error') return fail(`refused the handshake: ${reply.value}`);
          if (--waiting > 0) continue;
          if (reply.type !== 'bulk') return fail('is no Weir node');
          const here = { host, loopback: isLoopback(socket.remoteAddress ?? '') };
          const result = { ...parseHandshake(reply.value, here), localAddress: socket.localAddress ?? '127.0.0.1' };
          clearTimeout(timer);
          socket.removeAllListeners('close');
          socket.end();
          return resolve(result);
        }
      } catch (error) {
        fail(`answered the handshake with nonsense: ${(error as Error).message}`);
      }
    });
  });
}

function parseHandshake(bytes: Uint8Array, where: Where): Handshake {
  const value = JSON.parse(Buffer.from(bytes).toString()) as Partial<Record<keyof Handshake, unknown>>;
  if (value.version !== 1) throw new Error(`handshake version ${String(value.version)}`);
  for (const name of ['cluster', 'logId', 'natsUrl'] as const) {
    if (typeof value[name] !== 'string') throw new Error(`no ${name}`);
  }
  const handshakeValue = value as Handshake;
  return { ...handshakeValue, natsUrl: reachableFrom(handshakeValue.natsUrl, where) };
}

/** Where the node was reached. */
interface Where {
  readonly host: string;
  /** On this very machine. */
  readonly loopback: boolean;
}

/**
 * A NATS server that listens on any address of its machine, or on loopback, is reached where its node was; on this machine at the
 * loopback address that it has.
 */
export function reachableFrom(natsUrl: string, { host, loopback }: Where): string {
  return natsUrl
    .split(',')
    .map((one) => {
      const url = new URL(one);
      const { hostname } = url;
      const any = hostname === '0.0.0.0' || hostname === '[::]';
      if (loopback && any) url.hostname = hostname === '[::]' ? '[::1]' : '127.0.0.1';
      else if (!loopback && (any || isLoopback(hostname))) url.hostname = host.includes(':') ? `[${host}]` : host;
      return url.href;
    })
    .join(',');
}

function isLoopback(address: string): boolean {
  return /^(127\.|::ffff:127\.|\[?::1\]?$|localhost$)/.test(address);
}

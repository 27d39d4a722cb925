/**
 * One command of an operator, over a connection of its own that ends with the reply: whatever it does to the connection (MULTI, SUBSCRIBE, HELLO, CLIENT
 * REPLY) ends there too, and a command that blocks is given up with it. The reply is bounded in bytes and in time.
 */

import { connect } from 'node:net';
import type { Member } from '@weir/cluster';
import { ReplyParser, encodeCommand } from '@weir/resp';
import type { Reply } from '@weir/resp';
import { Problem } from './problems.ts';

export interface ConsoleOptions {
  readonly user: string;
  readonly password: string;
  readonly db: number;
  readonly replyBytesMax: number;
  readonly timeoutMs: number;
}

export interface ConsoleReply {
  /** As redis-cli shows it. */
  readonly text: string;
  readonly isError: boolean;
  readonly bytes: number;
  readonly ms: number;
}

/** Throws a Problem. */
export function runCommand(node: Member, args: readonly Buffer[], options: ConsoleOptions): Promise<ConsoleReply> {
  const { user, password, db, replyBytesMax, timeoutMs } = options;
  const prelude: string[][] = [];
  if (password !== '') prelude.push(user === '' ? ['AUTH', password] : ['AUTH', user, password]);
  if (db !== 0) prelude.push(['SELECT', String(db)]);
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const parser = new ReplyParser();
    let bytes = 0;
    let pending = prelude.length;
    const socket = connect({ host: node.ip, port: node.port });
    const end = (run: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      run();
    };
    const fail = (problem: Problem): void => end(() => reject(problem));
    const timer = setTimeout(
      () =>
        fail(
          new Problem('node-unreachable', `no reply within ${timeoutMs} ms; the command was given up`, {
            node: node.id,
          }),
        ),
      timeoutMs,
    );
    socket.on('connect', () => {
      for (const command of prelude) socket.write(encodeCommand(command));
      socket.write(encodeCommand(args));
    });
    socket.on('error', (error) => fail(new Problem('node-unreachable', error.message, { node: node.id })));
    socket.on('close', () =>
      fail(new Problem('node-unreachable', 'the node closed the connection', { node: node.id })),
    );
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > replyBytesMax) {
        return fail(new Problem('too-large', `the reply has more than ${replyBytesMax} bytes, it was let go`));
      }
      try {
        parser.feed(chunk);
        for (let reply = parser.next(); reply !== undefined; reply = parser.next()) {
          if (pending > 0) {
            pending--;
            if (reply.type === 'error') return fail(new Problem('node-refused', reply.value, { node: node.id }));
            continue;
          }
          const answer = {
            text: formatReply(reply),
            isError: isError(reply),
            bytes,
            ms: performance.now() - startedMs,
          };
          return end(() => resolve(answer));
        }
      } catch (error) {
        fail(new Problem('node-unreachable', `it answered no RESP: ${(error as Error).message}`, { node: node.id }));
      }
    });
  });
}

const isError = ({ type }: Reply): boolean => type === 'error' || type === 'bulkError';

/** As redis-cli shows it to people: strings in quotes, bytes that are no text escaped. Pure. */
export function formatReply(reply: Reply, indent = ''): string {
  switch (reply.type) {
    case 'simple':
    case 'bigNumber':
      return reply.value;
    case 'error':
      return `(error) ${reply.value}`;
    case 'bulkError':
      return `(error) ${Buffer.from(reply.value).toString('utf8')}`;
    case 'int':
      return `(integer) ${reply.value}`;
    case 'double':
      return `(double) ${reply.text}`;
    case 'bool':
      return `(${reply.value})`;
    case 'nil':
      return '(nil)';
    case 'bulk':
      return quoteBytes(reply.value);
    case 'verbatim':
      return Buffer.from(reply.value).toString('utf8');
    case 'map':
    case 'attribute':
      return list(
        reply.value.map(([key, value]) => `${formatReply(key)} => ${formatReply(value, `${indent}     `)}`),
        '#',
        indent,
        '(empty hash)',
      );
    default: {
      const width = `${reply.value.length}) `.length;
      const inner = indent + ' '.repeat(width);
      const items = reply.value.map((item) => formatReply(item, inner));
      return list(items, ')', indent, reply.type === 'set' ? '(empty set)' : '(empty array)');
    }
  }
}

function list(items: readonly string[], mark: string, indent: string, empty: string): string {
  if (items.length === 0) return empty;
  const digits = String(items.length).length;
  return items.map((item, i) => `${i === 0 ? '' : indent}${String(i + 1).padStart(digits)}${mark} ${item}`).join('\n');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
};

/** Valid UTF-8 stays text, but for what moves a cursor or cannot be seen. */
export function quoteBytes(value: Uint8Array): string {
  const view = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const text = view.toString('utf8');
  const isText = !text.includes('\ufffd');
  const shown = isText ? text : view.toString('latin1');
  const unseen = isText ? /[\\"\p{C}]/gu : /[^\x20\x21\x23-\x5b\x5d-\x7e]/g;
  return `"${shown.replace(unseen, (one) => ESCAPES[one] ?? escapeBytes(one, isText))}"`;
}

function escapeBytes(one: string, isText: boolean): string {
  return [...Buffer.from(one, isText ? 'utf8' : 'latin1')]
    .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
    .join('');
}

/**
 * A line as redis-cli takes it: words, "…" with \n \r \t \b \a \xHH, '…' with \'. Null: quotes that do not end, or a word that touches one behind
 * it. Pure.
 */
export function splitLine(line: string): Buffer[] | null {
  const bytes = Buffer.from(line, 'utf8');
  const words: Buffer[] = [];
  for (let at = 0; ;) {
    while (at < bytes.length && isSpace(bytes[at]!)) at++;
    if (at >= bytes.length) return words;
    const word: number[] = [];
    while (at < bytes.length && !isSpace(bytes[at]!)) {
      const quote = bytes[at]!;
      if (quote !== DOUBLE && quote !== SINGLE) {
        word.push(bytes[at++]!);
        continue;
      }
      at = quote === DOUBLE ? readDouble(bytes, at + 1, word) : readSingle(bytes, at + 1, word);
      if (at < 0 || (at < bytes.length && !isSpace(bytes[at]!))) return null;
    }
    words.push(Buffer.from(word));
  }
}

const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, a: 7 };

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13) || byte === 0;

/** Behind the closing quote; -1: there is none. */
function readDouble(bytes: Buffer, from: number, word: number[]): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === DOUBLE) return at + 1;
    if (byte !== BACKSLASH || at + 1 >= bytes.length) {
      word.push(byte);
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(bytes.toString('latin1', at + 1, at + 4))?.[1];
    if (hex !== undefined) {
      word.push(parseInt(hex, 16));
      at += 3;
    } else word.push(CONTROLS[String.fromCharCode(bytes[++at]!)] ?? bytes[at]!);
  }
  return -1;
}

function readSingle(bytes: Buffer, from: number, word: number[]): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === SINGLE) return at + 1;
    if (bytes[at] === BACKSLASH && bytes[at + 1] === SINGLE) at++;
    word.push(bytes[at]!);
  }
  return -1;
}

import { once } from 'node:events';
import { createConnection } from 'node:net';
import { ReplyParser, encodeCommand } from '@weir/resp';

export type Words = readonly (string | number)[];

const CHUNK_BYTES = 64 * 1024;
/** Commands without a reply at any time. */
const AHEAD_MAX = 20_000;

/** Sends commands as fast as they are answered, over one connection, and keeps no reply; an error reply rejects. */
export async function sendAll(port: number, commands: Iterable<Words>): Promise<void> {
  const socket = createConnection({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  socket.setNoDelay(true);
  const parser = new ReplyParser();
  let sent = 0;
  let answered = 0;
  let failure: Error | null = null;
  let wake: (() => void) | null = null;
  const fail = (error: Error): void => {
    failure ??= error;
    wake?.();
  };
  socket.on('data', (chunk: Buffer) => {
    parser.feed(chunk);
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) {
      answered++;
      if (reply.type === 'error') fail(new Error(reply.value));
    }
    wake?.();
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('connection closed')));
  const settled = async (ahead: number): Promise<void> => {
    while (failure === null && sent - answered > ahead) await new Promise<void>((resolve) => (wake = resolve));
    if (failure !== null) throw failure;
  };
  try {
    let parts: Uint8Array[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (parts.length > 0) socket.write(Buffer.concat(parts));
      parts = [];
      bytes = 0;
    };
    for (const words of commands) {
      const encoded = encodeCommand(words);
      parts.push(encoded);
      bytes += encoded.length;
      sent++;
      if (bytes < CHUNK_BYTES) continue;
      flush();
      await settled(AHEAD_MAX);
    }
    flush();
    await settled(0);
  } finally {
    socket.destroy();
  }
}

/** `KEY` filled by commands of many elements each: `head`, then the words of `element(i)` for each of `count`. */
export function* variadic(head: Words, count: number, element: (i: number) => Words, each = 200): Generator<Words> {
  for (let start = 0; start < count; start += each) {
    const words = [...head];
    for (let i = start; i < Math.min(count, start + each); i++) words.push(...element(i));
    yield words;
  }
}

/** As redis-benchmark writes `__rand_int__`. */
export function digits(i: number): string {
  return String(i).padStart(12, '0');
}

/** Numbers below a bound in a random order that is the same every time: i ↦ i × p mod count, p prime and no divisor of it. */
export function scattered(i: number, count: number): number {
  return (i * 7_368_787) % count;
}

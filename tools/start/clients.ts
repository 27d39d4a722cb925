// What types the demo's commands: redis-cli, or where there is none, a client that prints answers in the same form.

import { spawn } from 'node:child_process';

import { Redis } from 'ioredis';

/** Runs one command and returns the answer as redis-cli prints it for a person. */
export type Client = (port: number, command: readonly string[]) => Promise<string>;

export function redisCli(program: string): Client {
  return (port, command) =>
    new Promise((resolve, reject) => {
      // --no-raw: as on a terminal, with types and numbering, although the output is a pipe.
      const child = spawn(program, ['--no-raw', '-p', String(port), ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
      let text = '';
      child.stdout.on('data', (chunk) => (text += chunk));
      child.stderr.on('data', (chunk) => (text += chunk));
      child.on('error', reject);
      child.on('close', () => resolve(text.trimEnd()));
    });
}

export function plainClient(): Client {
  return async (port, [name = '', ...args]) => {
    const redis = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => undefined); // The command's own rejection is what is reported.
    try {
      await redis.connect();
      return asRedisCli(await redis.call(name, ...args), name === 'info');
    } catch (error) {
      return `(error) ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      redis.disconnect();
    }
  };
}

/** A status and a bulk string look alike to ioredis; of the answers that the demo sees, `OK` is the only status. */
export function asRedisCli(reply: unknown, raw = false, indent = ''): string {
  if (reply === null) return '(nil)';
  if (typeof reply === 'number') return `(integer) ${reply}`;
  if (Array.isArray(reply)) {
    if (reply.length === 0) return '(empty array)';
    const width = String(reply.length).length;
    return reply
      .map((item, i) => {
        const label = `${String(i + 1).padStart(width)}) `;
        return `${i === 0 ? '' : indent}${label}${asRedisCli(item, false, indent + ' '.repeat(label.length))}`;
      })
      .join('\n');
  }
  const text = typeof reply === 'string' ? reply : JSON.stringify(reply);
  return raw || text === 'OK' ? text.trimEnd() : JSON.stringify(text);
}

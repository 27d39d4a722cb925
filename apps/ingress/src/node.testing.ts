/**
 * Processes that the end-to-end tests start, kill and starve:
 *   ingress           clients on a free port, each line answered with `+line`, `memory` with the bytes it has
 *   engine PATH       the engine's end of a link on a Unix socket, same answers
 *   clients PORT N    N idle connections
 * Each prints one line of JSON when it is ready and ends with its standard input.
 */

import { connect } from 'node:net';
import { startSocketLinkServer } from '@weir/link';
import { LineEngine } from '@weir/link/testing';
import { startIngress } from './index.ts';

const toStderr = (obj: object, msg: string): void => void process.stderr.write(`${msg} ${JSON.stringify(obj)}\n`);
const log = { debug() {}, info: toStderr, warn: toStderr, error: toStderr };
const ready = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const [role, ...args] = process.argv.slice(2);
process.stdin.on('end', () => process.exit(0)).resume();

if (role === 'ingress') {
  const ingress = await startIngress({
    engine: new LineEngine((session, line) => {
      session.reply(line === 'memory' ? `${process.memoryUsage.rss()}\n` : `+${line}\n`);
    }),
    listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
    log,
  });
  ready(ingress.addresses[0]);
} else if (role === 'engine') {
  await startSocketLinkServer({ engine: new LineEngine(), address: { kind: 'unix', path: args[0] }, log });
  ready({});
} else if (role === 'clients') {
  const [port, count] = args.map(Number);
  // In batches below the accept backlog.
  for (let open = 0; open < count;) {
    const batch = Array.from(
      { length: Math.min(200, count - open) },
      () =>
        new Promise<void>((resolve, reject) => {
          const socket = connect({ port, host: '127.0.0.1' }, resolve);
          socket.on('error', reject);
          socket.on('close', () => reject(new Error('closed')));
        }),
    );
    open += batch.length;
    await Promise.all(batch);
  }
  ready({ open: count });
}

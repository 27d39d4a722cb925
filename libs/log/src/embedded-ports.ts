/* Ports for the embedded nats-server. */

import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';

/**
 * Below those that systems take for outgoing connections (Linux from 32768, others higher): one of those could be gone when the
 * server comes back after its death, to a client of ours that tries to reach it again, for one.
 */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
const PORTS_TRIED = 50;

export async function freePort(host: string): Promise<number> {
  for (let i = 0; i < PORTS_TRIED; i++) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (await isFree(host, port)) return port;
  }
  return anyFreePort(host);
}

function anyFreePort(host: string): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, host, () => server.close(() => done(true)));
  });
}

export function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

import { connect } from 'node:net';
import type { MigrateAnswer, MigrateRequest } from '@weir/commands';

/** Requests are written in pieces of this size: each that goes out is a sign of life of the target. */
const CHUNK_BYTES = 64 * 1024;
/** No reply to RESTORE is longer; a target that says more without an end of line is no Redis. */
const LINE_BYTES_MAX = 64 * 1024;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/**
 * Sends requests to another server over a connection of their own and collects the lines of its replies, until all are there,
 * something fails, or the target shows no sign of life for the time that was given. Calls back once, and not at once.
 */
export function migrate(request: MigrateRequest, done: (answer: MigrateAnswer) => void): void {
  const { host, port, requests, count } = request;
  if (port < 1 || port > 65535) {
    // Redis's resolver refuses a negative port; any other it tries, and fails when it writes.
    setImmediate(() => done({ lines: [], failure: port < 0 ? 'connecting' : 'writing' }));
    return;
  }
  const lines: string[] = [];
  let phase: 'connecting' | 'writing' | 'reading' = 'connecting';
  let text = '';
  let ended = false;
  let written = 0;
  const timeoutMs = Math.min(request.timeoutMs, TIMEOUT_MS_MAX);
  const socket = connect({ host, port, noDelay: true });
  const fail = (): void => end(phase);
  let timer = setTimeout(fail, timeoutMs);

  function alive(): void {
    clearTimeout(timer);
    timer = setTimeout(fail, timeoutMs);
  }

  function end(failure: MigrateAnswer['failure']): void {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    socket.destroy();
    done({ lines, failure });
  }

  function write(): void {
    if (ended) return;
    if (written >= requests.length) {
      phase = 'reading';
      return;
    }
    const piece = requests.subarray(written, written + CHUNK_BYTES);
    written += piece.length;
    socket.write(piece, () => {
      if (ended) return;
      alive();
      write();
    });
  }

  socket.on('connect', () => {
    phase = 'writing';
    alive();
    write();
  });
  socket.on('data', (chunk: Buffer) => {
    alive();
    text += chunk.toString('latin1');
    const parts = text.split('\r\n');
    text = parts.pop()!;
    lines.push(...parts.slice(0, count - lines.length));
    if (lines.length === count) end(null);
    else if (text.length > LINE_BYTES_MAX) fail();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Redis meets a refused connection when it writes: it does not look whether the connection came about.
    if (phase === 'connecting' && error.syscall === 'connect') phase = 'writing';
    fail();
  });
  socket.on('close', fail);
}

/*
 * Whether an embedded nats-server that lives can work. Two states are passed by a restart only: JetStream switched off, and a stream whose write failed. The
 * second is told by its log file alone.
 */

import { statfsSync } from 'node:fs';
import { describe, isJetStreamOff } from './connect.ts';
import type { NatsLink } from './connect.ts';
import type { EmbeddedNatsEvent } from './embedded-options.ts';
import { LogError } from './errors.ts';
import { fileSize, readEnd } from './file-end.ts';

export interface ServerHealthOptions {
  readonly dir: string;
  readonly logFile: string;
  readonly onEvent: (event: EmbeddedNatsEvent) => void;
  /** It listens, JetStream has answered, and nobody stops it. */
  readonly isReady: () => boolean;
  readonly monitor: () => NatsLink | null;
  /** Ends it in order; whoever watches starts it again. */
  readonly end: () => void;
}

const CHECK_MS = 2_000;
const CHECKS_FAILED_MAX = 2;
const API_MS = 1_500;
const WRITE_FAILED = /critical write error|no space left on device/i;
/** Room without which a restart would only fail again. */
const ROOM_MIN_BYTES = 8 * 1024 * 1024;
const LOG_READ_MAX = 1024 * 1024;
const LINES_TOLD = 3;
const START_LINES_TOLD = 5;

export class ServerHealth {
  readonly #o: ServerHealthOptions;
  #timer: NodeJS.Timeout | null = null;
  #checksFailed = 0;
  #logRead = 0;
  #storageFailed = false;

  constructor(options: ServerHealthOptions) {
    this.#o = options;
  }

  /** Another server begins: what its log says from now on counts. */
  begin(): void {
    this.#logRead = fileSize(this.#o.logFile);
    this.#storageFailed = false;
  }

  /** The first start reports its own failure; from then on it is being watched. */
  get isWatching(): boolean {
    return this.#timer !== null;
  }

  watch(): void {
    this.#timer = setInterval(() => {
      this.#checkStorage();
      void this.#checkJetStream();
    }, CHECK_MS);
  }

  /** What it watched stays watched, as far as `isWatching` says: nothing is started again by a stop. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #checkStorage(): void {
    const { isReady, logFile, dir, onEvent, end } = this.#o;
    if (!isReady()) return;
    if (!this.#storageFailed) {
      const size = fileSize(logFile);
      if (size < this.#logRead) this.#logRead = 0; // rotated
      if (size === this.#logRead) return;
      const news = readEnd(logFile, Math.min(size - this.#logRead, LOG_READ_MAX));
      this.#logRead = size;
      const line = news.split('\n').find((l) => WRITE_FAILED.test(l));
      if (line === undefined) return;
      this.#storageFailed = true;
      onEvent({ kind: 'storage-failed', detail: line.trim() });
    }
    // The first time at once when there is room (another error, a quota); the pause before the start doubles when it goes on failing.
    if (freeBytes(dir) >= ROOM_MIN_BYTES) end();
  }

  /** A server without JetStream does not recover by itself. */
  async #checkJetStream(): Promise<void> {
    const { isReady, logFile, onEvent, end } = this.#o;
    const monitor = this.#o.monitor();
    if (monitor === null || monitor.status !== 'connected' || !isReady()) return;
    try {
      await monitor.api('INFO', undefined, API_MS);
      this.#checksFailed = 0;
    } catch (error) {
      // Busy is not off: only an answer, or the server's word that nobody is there to answer, counts.
      if (!isJetStreamOff(error)) return;
      if (!isReady() || monitor.status !== 'connected' || ++this.#checksFailed < CHECKS_FAILED_MAX) return;
      this.#checksFailed = 0;
      onEvent({ kind: 'jetstream-off', detail: `${describe(error)}; ending it: ${logTail(logFile, LINES_TOLD)}` });
      end();
    }
  }
}

/** With the server's own last words. */
export function startError(
  { dir, logFile }: { readonly dir: string; readonly logFile: string },
  why: string,
): LogError {
  const tail = logTail(logFile, START_LINES_TOLD);
  return new LogError(
    'nats-start',
    `the embedded nats-server in ${dir} does not start: ${why}${tail === '' ? '' : `; its log ends: ${tail}`}`,
  );
}

function logTail(logFile: string, lines: number): string {
  return readEnd(logFile, 4096).trim().split('\n').slice(-lines).join(' | ');
}

/** Of a file system that is gone: none. */
function freeBytes(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

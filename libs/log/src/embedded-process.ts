/* One nats-server as our child: started, told, ended. */

import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { openSign } from './alive-sign.ts';
import { describe, sleep } from './connect.ts';
import { LogError } from './errors.ts';
import { fileSize, readEnd } from './file-end.ts';
import { natsProcessors } from './embedded-options.ts';

export interface NatsProcessOptions {
  readonly binary: string;
  readonly conf: string;
  /** The pipe that says whether it lives (alive-sign.ts). */
  readonly signFile: string;
  readonly onWarning: (detail: string) => void;
  /** Once: it ended, or could not be run. */
  readonly onEnded: (detail: string) => void;
}

const RELOAD_MS = 5_000;
const RELOAD_LOOK_MS = 20;
const LOG_READ_MAX = 1024 * 1024;

export class NatsProcess {
  readonly startedAt = performance.now();
  readonly #child: ChildProcess;
  readonly #binary: string;
  #error: Error | null = null;

  /** In a group of its own; and without pipes for its output, which would break under it when we are killed. */
  constructor({ binary, conf, signFile, onWarning, onEnded }: NatsProcessOptions) {
    this.#binary = binary;
    let sign: number | null = null;
    try {
      sign = openSign(signFile);
    } catch (error) {
      onWarning(
        `${describe(error)}: a nats-server that outlives this process in another container would not be noticed`,
      );
    }
    const env = { GOMAXPROCS: String(natsProcessors(availableParallelism())), ...process.env };
    try {
      const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', sign ?? 'ignore'];
      this.#child = spawn(binary, ['-c', conf], { stdio, detached: true, env });
    } finally {
      if (sign !== null) closeSync(sign);
    }
    this.#child.once('error', (error) => {
      this.#error = error;
      onEnded(this.#cannotRun(error));
    });
    this.#child.once('exit', (code, signal) => onEnded(signal !== null ? `signal ${signal}` : `exit code ${code}`));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isAlive(): boolean {
    const { pid } = this.#child;
    return pid !== undefined && !this.#hasEnded;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** It ended by itself or was asked to, and had the time that it takes. */
  get endedInOrder(): boolean {
    return this.#child.exitCode === 0;
  }

  /** Why it does not run, or ''. */
  get failure(): string {
    if (this.#error !== null) return this.#cannotRun(this.#error);
    return this.#hasEnded ? `it ended with ${this.#child.exitCode ?? this.#child.signalCode}` : '';
  }

  #cannotRun(error: Error): string {
    return `cannot run ${this.#binary}: ${error.message}`;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves when it has ended: in order unless told otherwise, and bounded. */
  async end(name: 'SIGTERM' | 'SIGKILL', boundMs: number): Promise<void> {
    if (!this.isAlive) return;
    const gone = new Promise<void>((done) => this.#child.once('exit', () => done()));
    this.#child.kill(name);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), boundMs);
    await gone;
    clearTimeout(timer);
  }

  /**
   * Its configuration file is another one: resolves when it goes by that, or when `isCurrent` says no. Throws LogError
   * 'nats-start' when it refuses or does not answer.
   */
  async reload(write: () => void, logFile: string, isCurrent: () => boolean): Promise<void> {
    let from = fileSize(logFile);
    write();
    this.#child.kill('SIGHUP');
    const deadline = performance.now() + RELOAD_MS;
    for (;;) {
      await sleep(RELOAD_LOOK_MS);
      const size = fileSize(logFile);
      if (size < from) from = 0; // rotated
      const news = readEnd(logFile, Math.min(size - from, LOG_READ_MAX));
      if (/Reloaded server configuration/.test(news)) return;
      if (!isCurrent()) return;
      const refused = news.split('\n').find((line) => /Failed to reload/.test(line));
      if (refused === undefined && performance.now() < deadline) continue;
      throw new LogError('nats-start', refused?.trim() ?? `nats-server does not reload within ${RELOAD_MS} ms`);
    }
  }
}

/**
 * A process of the node that is started again whenever it ends, with a back-off, until it is stopped. The child holds
 * an IPC channel to this process and ends itself when it closes, so that it cannot outlive a killed node.
 */

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { EventLogger } from '@weir/telemetry';
import { Retry, realTime } from '@weir/time';

export interface SupervisedOptions {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: Pick<EventLogger, 'info' | 'warn'>;
  /** The child asks that what NATS acknowledged be on disk. */
  readonly secure?: () => Promise<void>;
}

const RESTART_MIN_MS = 500;
const RESTART_MAX_MS = 10_000;
const HEALTHY_MS = 30_000;
const STOP_MS = 8000;

export class SupervisedChild {
  readonly #options: SupervisedOptions;
  readonly #env: Record<string, string>;
  #child: ChildProcess | null = null;
  readonly #retry = new Retry({ time: realTime, minMs: RESTART_MIN_MS, maxMs: RESTART_MAX_MS });
  #stopping = false;

  constructor(options: SupervisedOptions) {
    this.#options = options;
    this.#env = { ...options.env };
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  #start(): void {
    const { name, script, args, log } = this.#options;
    const started = performance.now();
    // A machine short of processes or memory: the same as a child that ends at once.
    const failed = (error: unknown) => {
      log.warn({ err: error }, `${name} cannot be started`);
      this.#ended(started);
    };
    let child: ChildProcess;
    try {
      child = fork(script, [...args], {
        env: { ...process.env, ...this.#env },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
    } catch (error) {
      return failed(error);
    }
    if (child.pid === undefined) return void child.once('error', failed); // there will be no 'exit'
    this.#child = child;
    log.info({ child: child.pid }, `${name} started`);
    child.on('error', (error) => log.warn({ err: error }, `${name}`));
    child.on('message', (message: { secure?: number }) => {
      if (message.secure !== undefined) void this.#secure(child, message.secure);
    });
    child.once('exit', (code, signal) => {
      this.#child = null;
      if (!this.#stopping) log.warn({ code, signal }, `${name} ended`);
      this.#ended(started);
    });
  }

  async #secure(child: ChildProcess, id: number): Promise<void> {
    let error = '';
    try {
      await this.#options.secure?.();
    } catch (failure) {
      error = failure instanceof Error ? failure.message : String(failure);
    }
    if (child.connected) child.send({ secured: id, error });
  }

  #ended(started: number): void {
    if (this.#stopping) return;
    if (performance.now() - started > HEALTHY_MS) this.#retry.succeeded();
    this.#retry.schedule(() => this.#start());
  }

  /** CONFIG SET: a directive has another value, for this child and those that follow it. */
  configure(directive: string, value: string): void {
    this.#env[`WEIR_${directive.toUpperCase().replaceAll('-', '_')}`] = value;
    if (this.#child?.connected === true) this.#child.send({ directive, value });
  }

  /** SIGTERM, then, after a bound, SIGKILL. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#retry.cancel();
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }
}

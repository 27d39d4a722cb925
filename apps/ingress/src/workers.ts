/**
 * The processes of one ingress: this program again, as often as there are cores for it, on one port. The kernel gives each new connection to one of them.
 * They know nothing of each other; one that ends takes its clients with it, and another is started. None outlives this process: each ends when the
 * channel to it closes.
 */

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { LinkLogger } from '@weir/link';
import type { Running } from '@weir/program';
import { Retry, realTime } from '@weir/time';

export interface WorkersOptions {
  readonly count: number;
  readonly log: Pick<LinkLogger, 'info' | 'warn'>;
  /** What tells a worker that it is one. */
  readonly env: (worker: number) => Readonly<Record<string, string>>;
}

const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 10_000;
const HEALTHY_MS = 30_000;
const STOP_MS = 8000;

export class Workers implements Running {
  readonly #options: WorkersOptions;
  readonly #children = new Set<ChildProcess>();
  readonly #retries: Retry[] = [];
  #isStopping = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    for (let worker = 1; worker <= options.count; worker++) {
      const retry = new Retry({ time: realTime, minMs: RESTART_MIN_MS, maxMs: RESTART_MAX_MS });
      this.#retries.push(retry);
      this.#start(worker, retry);
    }
  }

  #start(worker: number, retry: Retry): void {
    const { env, log } = this.#options;
    const started = performance.now();
    const ended = (how: object): void => {
      if (this.#isStopping) return;
      if (performance.now() - started > HEALTHY_MS) retry.succeeded();
      log.warn({ worker, ...how }, 'a worker ended: starting it again');
      retry.schedule(() => this.#start(worker, retry));
    };
    let child: ChildProcess;
    try {
      const options = { env: { ...process.env, ...env(worker) } };
      child = fork(process.argv[1], process.argv.slice(2), options);
    } catch (error) {
      return ended({ err: error }); // a machine short of processes or memory
    }
    if (child.pid === undefined) return void child.once('error', (error) => ended({ err: error }));
    this.#children.add(child);
    log.info({ worker, child: child.pid }, 'a worker was started');
    child.once('exit', (code, signal) => {
      this.#children.delete(child);
      ended({ code, signal });
    });
  }

  /** SIGTERM, then, after a bound, SIGKILL. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const retry of this.#retries) retry.cancel();
    const children = [...this.#children];
    const gone = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of children) child.kill('SIGTERM');
    const timer = setTimeout(() => {
      for (const child of children) child.kill('SIGKILL');
    }, STOP_MS);
    await Promise.all(gone);
    clearTimeout(timer);
  }
}

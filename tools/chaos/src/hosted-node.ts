/** A process that runs one node after the other (host.ts), and the node that it runs at present. */

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { RawClient } from '@weir/testkit';
import type { Position, Value } from '@weir/testkit';
import type { HostAnswer, HostRequest } from './host.ts';
import type { Started } from './settle.ts';

const STOP_MS = 20_000;
/** A host is replaced after so many nodes: what one leaves behind must not change another. */
const NODES_MAX = 100;

export class HostedNode implements Started {
  readonly lines: string[] = [];
  isRunning = false;
  #port = 0;
  #host: ChildProcess | null = null;
  #nodes = 0;
  #client: RawClient | null = null;
  #onStopped: (() => void) | null = null;

  start(argv: readonly string[], port: number): void {
    if (this.#nodes >= NODES_MAX) this.kill();
    this.#host ??= this.#fork();
    this.#nodes++;
    this.#port = port;
    this.lines.length = 0;
    this.isRunning = true;
    this.#tell({ kind: 'start', argv });
  }

  #fork(): ChildProcess {
    this.#nodes = 0;
    const host = fork(path.join(import.meta.dirname, 'host.ts'), { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [host.stdout!, host.stderr!])
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    host.on('message', ({ kind }: HostAnswer) => {
      if (kind === 'ended') this.isRunning = false;
      else this.#onStopped?.();
    });
    host.once('exit', () => {
      if (this.#host !== host) return;
      this.#host = null;
      this.isRunning = false;
      this.#onStopped?.();
    });
    return host;
  }

  #tell(request: HostRequest): void {
    this.#host?.send(request, () => undefined);
  }

  /** In order where it can be; false when the host had to be killed. */
  async stop(): Promise<boolean> {
    this.#client?.close();
    this.#client = null;
    if (this.#host === null) return true;
    let isInOrder = true;
    const stopped = new Promise<void>((resolve) => (this.#onStopped = resolve));
    this.#tell({ kind: 'stop' });
    // Ended with the stop: left alone it would kill the process while it is another node.
    const bound = setTimeout(() => {
      isInOrder = false;
      this.kill();
      this.#onStopped?.();
    }, STOP_MS);
    await stopped;
    clearTimeout(bound);
    this.#onStopped = null;
    this.isRunning = false;
    return isInOrder;
  }

  kill(): void {
    const host = this.#host;
    this.#host = null;
    host?.kill('SIGKILL');
  }

  async call(...args: readonly string[]): Promise<Value> {
    if (this.#client === null || this.#client.isEnded) this.#client = await RawClient.connect(this.#port);
    return this.#client.call(...args);
  }

  client(): RawClient {
    return this.#client!;
  }

  async position(): Promise<Position> {
    const [epoch, seq, offset, logId] = (await this.call('WEIR', 'POSITION')) as [number, number, number, string];
    return { epoch, seq, offset, logId };
  }

  /** Its last words may come behind the news of its end. */
  async ended(): Promise<{ code: number }> {
    await sleep(50);
    return { code: 1 };
  }

  note(): void {}
}

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import type { PartPlan } from './plan.ts';

export interface PartOptions {
  readonly plan: PartPlan;
  readonly dir: string;
  readonly onLine: (line: string) => void;
  /** It ended though nobody asked it to. */
  readonly onDeath: (how: string) => void;
}

/** A process of the cluster, in a group of its own: Ctrl-C reaches only this program, which ends the parts in order. Its output stands in `dir`/NAME.log, too. */
export class Part {
  readonly plan: PartPlan;
  readonly #o: PartOptions;
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #asked = false;

  constructor(options: PartOptions) {
    this.#o = options;
    this.plan = options.plan;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { plan, dir, onLine, onDeath } = this.#o;
    const child = spawn(plan.program, plan.args, { cwd: dir, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const file = createWriteStream(path.join(dir, `${plan.name}.log`), { flags: 'a' });
    let rest = '';
    const take = (bytes: Buffer): void => {
      file.write(bytes);
      const lines = (rest + bytes.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    this.#child = child;
    this.#asked = false;
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        if (this.#child === child) this.#child = null;
        file.end();
        resolve();
        if (!this.#asked) onDeath(how);
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal ?? `code ${code}`));
    });
  }

  /** Asks it to end; after `boundMs` ends it. */
  async stop(boundMs: number): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#asked = true;
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    const timer = setTimeout(() => child.kill('SIGKILL'), boundMs);
    await this.#ended;
    clearTimeout(timer);
  }
}

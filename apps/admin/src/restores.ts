/**
 * Restores: each a folder with a dump.rdb, with which a new node begins a log of its own; nothing that runs is touched. The work is done by a process of its
 * own, because a data set in memory and a busy loop are no part of a dashboard. One at a time, and a few are kept.
 */

import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Problem } from './problems.ts';
import type { LogView } from './source.ts';

export interface RestorePoint {
  readonly sequence?: number;
  /** Milliseconds since 1970. */
  readonly timeMs?: number;
  readonly snapshot?: string;
}

export interface RestoreBody {
  readonly id: string;
  readonly logId: string;
  readonly seq: number;
  readonly keys: number;
  readonly bytes: number;
  readonly digest: string;
  readonly snapshot: string | null;
  readonly createdAt: number;
  /** On the machine of the admin app. */
  readonly folder: string;
}

export interface RestoreProgress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

export type RestoreOutcome = Pick<RestoreBody, 'seq' | 'keys' | 'bytes' | 'digest' | 'snapshot'>;

/** Does the work; rejects with a sentence. */
export type RunRestore = (
  view: LogView,
  point: RestorePoint,
  folder: string,
  onProgress: (progress: RestoreProgress) => void,
  signal: AbortSignal,
) => Promise<RestoreOutcome>;

export interface RestoresOptions {
  readonly folder: string;
  readonly run?: RunRestore;
  readonly wallMs: () => number;
}

const KEPT_MAX = 8;

export class Restores {
  readonly #folder: string;
  readonly #run: RunRestore;
  readonly #wallMs: () => number;
  readonly #ending = new AbortController();
  #busy = false;

  constructor({ folder, run = forkRestore, wallMs }: RestoresOptions) {
    this.#folder = folder;
    this.#run = run;
    this.#wallMs = wallMs;
  }

  /** The newest first. */
  async list(): Promise<RestoreBody[]> {
    const names = await readdir(this.#folder).catch(() => [] as string[]);
    const found = await Promise.all(
      names.filter((name) => /^[0-9a-f]{16}$/.test(name)).map((name) => this.#read(name)),
    );
    return found.filter((one) => one !== null).sort((a, b) => b.createdAt - a.createdAt);
  }

  async #read(id: string): Promise<RestoreBody | null> {
    try {
      return JSON.parse(await readFile(join(this.#folder, `${id}.json`), 'utf8')) as RestoreBody;
    } catch {
      return null;
    }
  }

  /** Throws a Problem. */
  async find(id: string): Promise<RestoreBody> {
    const found = await this.#read(id);
    if (found === null) throw new Problem('no-such-restore', `there is no restore ${id}`);
    return found;
  }

  file({ folder }: RestoreBody): string {
    return join(folder, 'dump.rdb');
  }

  /** Throws a Problem before anything is done where it cannot be. */
  async begin(
    view: LogView,
    point: RestorePoint,
  ): Promise<(tell: (progress: RestoreProgress) => void) => Promise<RestoreBody>> {
    if (this.#busy) throw new Problem('restore-busy', 'a restore is being made; there is one at a time');
    this.#busy = true;
    try {
      const kept = await this.list();
      if (kept.length >= KEPT_MAX)
        throw new Problem('restore-busy', `${kept.length} restores are kept; delete one before the next is made`);
    } catch (error) {
      this.#busy = false;
      throw error;
    }
    return (tell) => this.#make(view, point, tell).finally(() => (this.#busy = false));
  }

  async #make(view: LogView, point: RestorePoint, tell: (progress: RestoreProgress) => void): Promise<RestoreBody> {
    const id = randomBytes(8).toString('hex');
    const folder = join(this.#folder, id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const outcome = await this.#run(view, point, folder, tell, this.#ending.signal);
      const { seq, keys, bytes, digest, snapshot } = outcome;
      const body = { id, logId: view.logId, seq, keys, bytes, digest, snapshot, createdAt: this.#wallMs(), folder };
      // Beside the folder of the file, not in it: a node that begins there finds its dump.rdb and nothing else.
      await writeFile(`${folder}.json`, JSON.stringify(body), { mode: 0o600 });
      return body;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error instanceof Problem ? error : new Problem('restore-failed', (error as Error).message);
    }
  }

  async remove(id: string): Promise<void> {
    const { folder } = await this.find(id);
    const inside = await readdir(folder).catch(() => [] as string[]);
    if (inside.some((name) => name !== 'dump.rdb'))
      throw new Problem('restore-busy', `a node has begun in ${folder}: what is there is its own`);
    await rm(`${folder}.json`, { force: true });
    await rm(folder, { recursive: true, force: true });
  }

  stop(): void {
    this.#ending.abort(new Error('the admin app stops'));
  }
}

const SCRIPT = fileURLToPath(new URL('../../replication/src/restore-main.ts', import.meta.url));
const WORDS_KEPT = 4096;

/** `weir-server restore`. It is given the log by its environment: its address has a password in it. */
function forkRestore(
  { natsUrl, cluster, logId }: LogView,
  { sequence, timeMs, snapshot }: RestorePoint,
  folder: string,
  onProgress: (progress: RestoreProgress) => void,
  signal: AbortSignal,
): Promise<RestoreOutcome> {
  const args = ['--into', folder, '--loglevel', 'warning'];
  if (sequence !== undefined) args.push('--sequence', String(sequence));
  if (timeMs !== undefined) args.push('--time', String(timeMs));
  if (snapshot !== undefined) args.push('--snapshot', snapshot);
  return new Promise((resolve, reject) => {
    const child = fork(SCRIPT, args, {
      env: { ...process.env, WEIR_NATS_URL: natsUrl, WEIR_CLUSTER: cluster, WEIR_LOG_ID: logId },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let words = '';
    child.stderr!.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-WORDS_KEPT)));
    const end = (): void => void child.kill();
    signal.addEventListener('abort', end, { once: true });
    child.on('message', (message: { progress?: RestoreProgress; restored?: RestoreOutcome; problem?: string }) => {
      if (message.progress !== undefined) onProgress(message.progress);
      if (message.restored !== undefined) resolve(message.restored);
      if (message.problem !== undefined) reject(new Error(message.problem));
    });
    child.once('error', reject);
    child.once('exit', (code, by) => {
      signal.removeEventListener('abort', end);
      reject(new Error(`the restore ended with ${by ?? `code ${code}`}: ${words.trim().split('\n').at(-1) ?? ''}`));
    });
  });
}

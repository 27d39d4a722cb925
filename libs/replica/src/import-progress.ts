import type { FollowerLogger } from './follower.ts';
import type { LoadProgress } from './load.ts';

/**
 * How far an import is, over all its passes: who waits for a server to begin is to see that it does something and when it will be done.
 * The passes count alike, each as many bytes as the file has. That is about what they cost; the comparison is quicker.
 */

export const IMPORT_PASSES = ['reading the file', 'storing', 'reading back', 'comparing'] as const;
export type ImportPass = (typeof IMPORT_PASSES)[number];

export interface ImportProgressOptions {
  readonly path: string;
  readonly logger: FollowerLogger;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Milliseconds that only grow. */
  readonly clock?: () => number;
}

const SAID_EVERY_MS = 3000;

export class ImportProgress {
  readonly #options: ImportProgressOptions;
  readonly #clock: () => number;
  readonly #startedMs: number;
  #saidMs: number;
  #fileBytes = 0;
  #pass = 0;

  constructor(options: ImportProgressOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.#startedMs = this.#saidMs = this.#clock();
  }

  /** Size of the file, as soon as it is known. */
  begin(fileBytes: number): void {
    this.#fileBytes = fileBytes;
  }

  /** `done` of 0 to 1 of a pass, which are about so many keys. */
  at(pass: ImportPass, done: number, keys: number): void {
    this.#pass = IMPORT_PASSES.indexOf(pass);
    const totalBytes = this.#fileBytes * IMPORT_PASSES.length;
    const loadedBytes = Math.min(totalBytes, Math.floor((this.#pass + Math.min(1, done)) * this.#fileBytes));
    this.#options.onProgress?.({ loadedBytes, totalBytes });
    const now = this.#clock();
    if (now - this.#saidMs < SAID_EVERY_MS || totalBytes === 0) return;
    this.#saidMs = now;
    const part = loadedBytes / totalBytes;
    const seconds = (now - this.#startedMs) / 1000;
    this.#options.logger.info(
      {
        path: this.#options.path,
        pass,
        of: `${this.#pass + 1}/${IMPORT_PASSES.length}`,
        percent: Math.floor(part * 100),
        keys,
        megabytesPerSecond: Number((loadedBytes / 1e6 / seconds).toFixed(1)),
        ...(part === 0 ? {} : { secondsLeft: Math.ceil((seconds / part) * (1 - part)) }),
      },
      'importing',
    );
  }
}

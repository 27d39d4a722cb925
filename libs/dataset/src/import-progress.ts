/**
 * How far an import is, over its passes: who waits for a server to begin is to see that it does something and when it will be done.
 * Each pass goes over the bytes of the file, and counts for as much of them as it takes of the time.
 */

import type { EventLogger } from '@weir/telemetry';
import type { LoadProgress } from './load.ts';

const PASSES = {
  'reading the file': { from: 0, share: 0.9 },
  'reading back': { from: 0.9, share: 0.1 },
} as const;
export type ImportPass = keyof typeof PASSES;
export const IMPORT_PASSES = Object.keys(PASSES) as readonly ImportPass[];

export interface ImportProgressOptions {
  readonly path: string;
  readonly fileBytes: number;
  readonly logger: Pick<EventLogger, 'debug' | 'info' | 'warn'>;
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

  constructor(options: ImportProgressOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.#startedMs = this.#saidMs = this.#clock();
  }

  /** A pass has done so many bytes of the file, in which there are so many keys. */
  at(pass: ImportPass, bytes: number, keys: number): void {
    const { path, fileBytes: totalBytes, logger, onProgress } = this.#options;
    if (totalBytes === 0) return;
    const { from, share } = PASSES[pass];
    // The file may have grown since it was looked at.
    const part = from + share * Math.min(1, bytes / totalBytes);
    const loadedBytes = Math.floor(part * totalBytes);
    onProgress?.({ loadedBytes, totalBytes });
    const now = this.#clock();
    if (now - this.#saidMs < SAID_EVERY_MS) return;
    this.#saidMs = now;
    const seconds = (now - this.#startedMs) / 1000;
    logger.info(
      {
        path,
        pass,
        of: `${IMPORT_PASSES.indexOf(pass) + 1}/${IMPORT_PASSES.length}`,
        percent: Math.floor(part * 100),
        keys,
        megabytesPerSecond: Number((loadedBytes / 1e6 / seconds).toFixed(1)),
        ...(part === 0 ? {} : { secondsLeft: Math.ceil((seconds / part) * (1 - part)) }),
      },
      'importing',
    );
  }
}

import { realTime } from '@weir/time';
import { LogError } from './errors.ts';
import { encodeLeadership } from './leadership.ts';
import type { Leadership } from './leadership.ts';
import { RecordKind, WRITER_ID_BYTES } from './record.ts';
import { LogWriter } from './writer.ts';
import type { LogWriterOptions } from './writer.ts';

export interface OpenWriterOptions extends Omit<LogWriterOptions, 'epoch' | 'writerId'> {
  /**
   * Must be another one at each claim, or two claims of the same process would take each other's record for their own. Absent: random. (A
   * simulator passes its own.)
   */
  readonly writerId?: Uint8Array;
  /** Gives the claim up: it may or may not be stored. */
  readonly signal?: AbortSignal;
  /** For those who read the log: who leads now and where, and what the log begins with when this is its first record. */
  readonly leadership?: Leadership;
}

/**
 * Takes the log over: a leadership record of the next epoch, expecting `tail.seq` to be the last, so only who has everything can win. Throws
 * LogError('log-fenced') when somebody else wrote meanwhile, LogError('log-unavailable') when the deadline passed.
 */
export function openWriter(options: OpenWriterOptions): Promise<LogWriter> {
  const writerId = options.writerId ?? (options.time ?? realTime).randomBytes(WRITER_ID_BYTES);
  const writer = new LogWriter({ ...options, writerId, epoch: options.tail.epoch + 1 });
  const payload = encodeLeadership(writerId, options.leadership ?? {});
  const { signal } = options;
  const abort = (): void => writer.stop();
  return new Promise((resolve, reject) => {
    signal?.addEventListener('abort', abort);
    writer.appendControl(RecordKind.leadership, payload, (outcome) => {
      signal?.removeEventListener('abort', abort);
      if (outcome === 'committed') resolve(writer);
      else if (outcome === 'fenced')
        reject(new LogError(writer.fencedBy, `not the master of epoch ${writer.epoch}: ${writer.detail}`));
      else reject(new LogError('log-unavailable', `no leadership of epoch ${writer.epoch}: ${writer.detail}`));
    });
    if (signal?.aborted === true) writer.stop();
  });
}

import { HEADER_BYTES, LogError, RecordKind, RecordReader } from '@weir/log';
import type { LogPosition, LogStore } from '@weir/log';
import { ENGINE_VERSION } from '@weir/replica';

/** What the broker stores around a record's payload: our header, its own, the subject. */
export const MESSAGE_OVERHEAD_BYTES = HEADER_BYTES + 80;

/**
 * Counts what stands in the log behind a position, without applying it: what the `save` rules and INFO need.
 *
 * It reads the log in bursts, one now and then to the end that the log has at that moment, rather than following it: a message that is
 * pushed as it is stored wakes this process each time (and the broker's sender), a burst costs a fraction of that per message. It sees each byte
 * of the log, since the broker cannot send beginnings of messages only; in return every checksum is verified before it is needed.
 */
export class ChangeMeter {
  changes = 0;
  bytes = 0;
  readonly #log: LogStore;
  readonly #reader: RecordReader;
  readonly #stallMs: number;

  constructor(log: LogStore, position: LogPosition, stallMs: number) {
    this.#log = log;
    this.#reader = new RecordReader({ position, engineVersion: ENGINE_VERSION });
    this.#stallMs = stallMs;
  }

  get position(): LogPosition {
    return this.#reader.position();
  }

  /** Last sequence that was counted. */
  get seq(): number {
    return this.#reader.nextSeq - 1;
  }

  /** Counts up to the log's present end. Throws LogError; 'log-unavailable' may be tried again, others end the meter. */
  async advance(signal: AbortSignal): Promise<void> {
    const { firstSeq, lastSeq } = await this.#log.state();
    signal.throwIfAborted();
    const { nextSeq } = this.#reader;
    if (lastSeq < nextSeq - 1) {
      throw new LogError('log-diverged', `the log ends at ${lastSeq}, sequence ${nextSeq - 1} was read here already`);
    }
    if (lastSeq < nextSeq) return;
    if (firstSeq > nextSeq) throw trimmed(nextSeq, firstSeq);
    await this.#readTo(lastSeq, signal);
  }

  #readTo(lastSeq: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let lastMessageMs = performance.now();
      const end = (error: unknown): void => {
        clearInterval(watch);
        signal.removeEventListener('abort', abort);
        subscription?.stop();
        if (error === null) resolve();
        else reject(error instanceof Error ? error : new Error('the log cannot be read', { cause: error }));
      };
      const abort = (): void => end(signal.reason);
      const watch = setInterval(
        () => {
          if (performance.now() - lastMessageMs < this.#stallMs) return;
          end(new LogError('log-unavailable', `no message of the log for ${this.#stallMs} ms`));
        },
        Math.max(10, this.#stallMs / 4),
      );
      signal.addEventListener('abort', abort);
      const subscription = this.#log.consume(
        this.#reader.nextSeq,
        (seq, message) => {
          lastMessageMs = performance.now();
          this.#count(seq, message);
          if (seq >= lastSeq) end(null);
        },
        {
          onGap: ({ expected, first }) => end(trimmed(expected, first)),
          onAhead: ({ expected, last }) =>
            end(new LogError('log-diverged', `the log ends at ${last}, and ${expected} is wanted`)),
          onError: end,
        },
      );
    });
  }

  #count(seq: number, message: Uint8Array): void {
    this.bytes += MESSAGE_OVERHEAD_BYTES + message.length - HEADER_BYTES;
    if (!this.#reader.push(seq, message)) return;
    const { record } = this.#reader;
    if (record.kind === RecordKind.data) this.changes += record.commandCount;
  }
}

function trimmed(wanted: number, first: number): LogError {
  return new LogError('log-missing', `the log was trimmed: ${wanted} is wanted, it begins at ${first}`);
}

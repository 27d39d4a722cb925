import { HEADER_BYTES, LogError, LogReader, RecordKind } from '@weir/log';
import type { LogPosition, LogStore } from '@weir/log';
import { ENGINE_VERSION } from '@weir/dataset';
import { realTime } from '@weir/time';
import type { Time } from '@weir/time';

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
  readonly #reader: LogReader;
  readonly #stallMs: number;
  readonly #time: Time;
  /** Of the burst that is being read. */
  #wanted = 0;
  #lastMessageMs = 0;
  #end: (error: unknown) => void = () => {};

  constructor(log: LogStore, position: LogPosition, stallMs: number, time: Time = realTime) {
    this.#log = log;
    this.#stallMs = stallMs;
    this.#time = time;
    this.#reader = new LogReader({
      log,
      position,
      engineVersion: ENGINE_VERSION,
      onRecord: (record) => {
        if (record.kind === RecordKind.data) this.changes += record.commandCount;
      },
      onMessage: (seq, bytes) => {
        this.#lastMessageMs = this.#time.monotonicMs();
        this.bytes += bytes - HEADER_BYTES + MESSAGE_OVERHEAD_BYTES;
        if (seq >= this.#wanted) this.#end(null);
      },
      onError: (error) => this.#end(error),
    });
  }

  get position(): LogPosition {
    return this.#reader.position;
  }

  /** Last sequence that was counted. */
  get seq(): number {
    return this.#reader.seq;
  }

  /** Counts up to the log's present end. Throws LogError; 'log-unavailable' may be tried again, others end the meter. */
  async advance(signal: AbortSignal): Promise<void> {
    const { lastSeq } = await this.#log.state();
    signal.throwIfAborted();
    // A log that ends before that is the reader's to report.
    if (lastSeq !== this.seq) await this.#readTo(lastSeq, signal);
  }

  #readTo(lastSeq: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => this.#end(signal.reason);
      const watch = this.#time.every(Math.max(10, this.#stallMs / 4), () => {
        if (this.#time.monotonicMs() - this.#lastMessageMs < this.#stallMs) return;
        this.#end(new LogError('log-unavailable', `no message of the log for ${this.#stallMs} ms`));
      });
      this.#end = (error) => {
        watch.cancel();
        signal.removeEventListener('abort', abort);
        this.#reader.stop();
        if (error === null) resolve();
        else reject(error instanceof Error ? error : new Error('the log cannot be read', { cause: error }));
      };
      signal.addEventListener('abort', abort);
      this.#wanted = lastSeq;
      this.#lastMessageMs = this.#time.monotonicMs();
      this.#reader.start();
    });
  }
}

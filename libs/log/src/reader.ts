/** A LogStore's messages as checked, whole records; and what a log says about itself before anybody reads it. */

import { LogError } from './errors.ts';
import { RecordReader, TAIL_KEPT } from './fragments.ts';
import type { RecordView } from './fragments.ts';
import type { RecentMessages } from './recent.ts';
import { checksumHex, decodeHeader, EMPTY_CHECKSUM, RecordHeader, RecordKind } from './record.ts';
import type { ConsumeState, LogPosition, LogState, LogStore, LogSubscription } from './types.ts';

/** Of an empty data set. */
export const LOG_START: LogPosition = { seq: 0, offset: 0, epoch: 0, checksum: EMPTY_CHECKSUM };

export interface LogReaderOptions {
  readonly log: LogStore;
  /** Of the data set: the record behind it is the first one handed out. */
  readonly position: LogPosition;
  readonly engineVersion: number;
  /** Gets every message that was read and checked. */
  readonly recent?: RecentMessages;
  /**
   * In order. The view is dead when it returns, or when the promise that it returns has resolved: until then the record does not count, `position`, `tail` and
   * `seq` are still in front of it, and nothing more comes. Only a record of data may take its time so.
   */
  readonly onRecord: (record: RecordView) => void | Promise<void>;
  /**
   * Behind each message: the record that it made whole was handed out, or it is a fragment that waits for others, or void. A promise holds back
   * what follows.
   */
  readonly onMessage?: (seq: number, bytes: number) => void | Promise<void>;
  /**
   * It has stopped, for good: LogError 'log-missing' (trimmed past the position: bootstrap from a snapshot), 'log-diverged' (not the log of this history), 'log-lost' (it ends before what was
   * read here already),
   * 'log-corrupt' or 'log-newer'; or what onRecord threw.
   */
  readonly onError: (error: unknown) => void;
  readonly onState?: (state: ConsumeState, detail: string) => void;
}

/**
 * Reads while it is started. Stopped, it keeps its place, an open group of fragments included, and the next start goes on there; but not when it was stopped
 * while onRecord had a record in hand.
 */
export class LogReader {
  readonly #options: LogReaderOptions;
  readonly #records: RecordReader;
  #subscription: LogSubscription | null = null;
  /** onRecord has not finished yet with the record at hand. */
  #inHand = false;

  constructor(options: LogReaderOptions) {
    this.#options = options;
    this.#records = new RecordReader({ position: options.position, engineVersion: options.engineVersion });
  }

  /** After the last whole record handed out. */
  get position(): LogPosition {
    return this.#inHand ? this.#records.positionBefore() : this.#records.position();
  }

  /** Behind the last message: what openWriter() wants. */
  get tail(): LogPosition {
    return this.#inHand ? this.#records.tailBefore() : this.#records.tail();
  }

  /** Of the last message. */
  get seq(): number {
    return this.#inHand ? this.#records.record.seq - 1 : this.#records.nextSeq - 1;
  }

  start(): void {
    if (this.#subscription !== null) return;
    const { log, onError, onState } = this.#options;
    this.#subscription = log.consume(this.#records.nextSeq, (seq, message) => this.#message(seq, message), {
      onGap: ({ expected, first }) =>
        onError(new LogError('log-missing', `the log was trimmed: ${expected} is wanted, it begins at ${first}`)),
      onAhead: ({ expected, last }) =>
        onError(new LogError('log-lost', `the log ends at ${last}, ${expected - 1} was read here already`)),
      onError,
      ...(onState !== undefined ? { onState } : {}),
    });
  }

  #message(seq: number, message: Uint8Array): void | Promise<void> {
    const { onRecord, onMessage, recent } = this.#options;
    const bytes = message.length;
    const whole = this.#records.push(seq, message);
    recent?.push(seq, message);
    if (whole) {
      const handled = onRecord(this.#records.record);
      if (handled !== undefined) {
        this.#inHand = true;
        return handled.then(() => {
          if (this.#subscription === null) return;
          this.#inHand = false;
          return onMessage?.(seq, bytes);
        });
      }
    }
    return onMessage?.(seq, bytes);
  }

  pause(): void {
    this.#subscription?.pause();
  }

  resume(): void {
    this.#subscription?.resume();
  }

  stop(): void {
    this.#subscription?.stop();
    this.#subscription = null;
  }
}

export interface OpenedLog {
  readonly state: LogState;
  /** Where the log ends, from its last message alone (which is checked). */
  readonly tail: LogPosition;
  readonly engineVersion: number;
}

const TAIL_READ = 6;
if (TAIL_READ > TAIL_KEPT) throw new Error('the tail that openLog reads must not be trimmed');

/**
 * Where a log ends, from its last messages alone. Behind one that is void (fragments.ts) the one that counts stands further in front; two appends in
 * flight can leave one or two. Throws LogError: 'log-missing', 'log-unavailable', 'log-corrupt', 'log-newer'.
 */
export async function openLog(log: LogStore, engineVersion: number): Promise<OpenedLog> {
  for (;;) {
    const state = await log.state();
    const from = Math.max(state.firstSeq, state.lastSeq - TAIL_READ + 1);
    const messages: Uint8Array[] = [];
    for (let seq = from; seq <= state.lastSeq; seq++) {
      const message = await log.read(seq);
      if (message !== null) messages.push(message);
    }
    if (messages.length === 0 && state.lastSeq === 0) return { state, tail: LOG_START, engineVersion: 0 };
    if (messages.length === state.lastSeq - from + 1 && messages.length > 0)
      return readTail(messages, state, engineVersion);
    // Trimmed under our hands, or holes for good.
    const now = await log.state();
    if (now.firstSeq === state.firstSeq && now.lastSeq === state.lastSeq) {
      throw new LogError('log-corrupt', `messages between ${from} and ${state.lastSeq}, the log's end, are missing`);
    }
  }
}

function readTail(messages: readonly Uint8Array[], state: LogState, engineVersion: number): OpenedLog {
  let head = new RecordHeader();
  let h = new RecordHeader();
  let first = true;
  let voidBefore = false;
  for (const message of messages) {
    decodeHeader(message, h);
    const continues = h.previousHi === head.checksumHi && h.previousLo === head.checksumLo;
    // A message that could not be void shows that what was taken for the history's head in front of it was.
    voidBefore = !first && !continues && (h.epoch < head.epoch || (h.epoch === head.epoch && voidBefore));
    if (!voidBefore) [head, h] = [h, head];
    first = false;
  }
  if (head.engineVersion > engineVersion) {
    throw new LogError(
      'log-newer',
      `the log was written by engine version ${head.engineVersion}, this one is ${engineVersion}: upgrade it`,
    );
  }
  const complete = head.kind === RecordKind.data && head.fragmentIndex === head.fragmentCount - 1;
  const tail: LogPosition = {
    seq: state.lastSeq,
    // An open group counts nothing.
    offset: complete ? head.offset + head.payloadLength : head.offset - head.fragmentStart,
    epoch: head.epoch,
    checksum: checksumHex(head.checksumHi, head.checksumLo),
  };
  return { state, tail, engineVersion: head.engineVersion };
}

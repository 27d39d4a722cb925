/*
 * The master's end of the log: seals records, keeps at most two messages in flight, and turns what the store answers into one outcome per record.
 * Pure logic over a LogStore, so that the same code runs over JetStream and over the fake with its faults.
 *
 *              stored                               refused, no answer from the log
 *            ┌────────┐                                  ┌──────────┐
 *            ▼        │    anything but 'stored'         ▼          │
 *          open ──────┴──────────────────────────► resolving ──► blocked
 *            ▲                                           │          │
 *            └──────────────── a message is stored ──────┴──────────┘
 *                                                        │
 *     stopped ◄── stop(), deadline                       └──► fenced: another's message where ours should be, or the log lost its tail
 *
 * One rule decides everything that is not a plain 'stored': *what stands at the sequence that the message expects*. 'rejected' proves nothing (a retry of a
 * stored append answers it, and so does a message whose predecessor failed), nor does a time-out. So wait until nothing sent is without an
 * answer, then read:
 *   ours (all 80 header bytes equal, checksum included)  → committed
 *   a void message (see fragments.ts)                    → passed over: ours belongs one sequence later
 *   another's                                            → fenced
 *   nothing, and the log ends just before it             → send again; an earlier try that still arrives late is either stored (then this one is rejected,
 *                                                          and reading finds ours) or rejected, as both expect the same sequence
 *   nothing, and the log ends even earlier               → what was acknowledged is gone: it is given back from `recent` (heal.ts), else fenced
 *
 * "The log ends just before it" is not enough by its number: a broker may come back without its last messages, and another master write as many in their
 * place. So the message at the end is compared too before anything is sent behind an append that failed or a connection that broke, and whenever a
 * master without writes looks (`check`). A claim is not preceded by such a look: what it expects was read a moment ago (role/claiming.ts), and against a
 * master that appends all the time each question more loses it.
 */

import { realTime, Retry } from '@weir/time';
import type { Time } from '@weir/time';
import { isLogError } from './errors.ts';
import type { LogErrorCode } from './errors.ts';
import { splitRecord } from './fragments.ts';
import { healTail } from './heal.ts';
import type { RecentMessages } from './recent.ts';
import {
  checksumHex,
  checksumHi,
  checksumLo,
  decodeHeader,
  HEADER_BYTES,
  RecordHeader,
  RecordKind,
  sameMessage,
  WRITER_ID_BYTES,
} from './record.ts';
import type {
  AppendOutcome,
  AppendResult,
  CommitCallback,
  LogPosition,
  LogStore,
  RefusedReason,
  Unsubscribe,
  WriterState,
} from './types.ts';
import { IN_FLIGHT_MAX, VoidRule } from './void-rule.ts';
import { WriterEntry } from './writer-entry.ts';

export interface LogWriterOptions {
  readonly log: LogStore;
  /** Where the log ends (LogReader.tail, or openLog()): the next message expects this sequence to be the last. */
  readonly tail: LogPosition;
  /** tail.epoch for a writer that goes on in its epoch; openWriter() claims a new one. */
  readonly epoch: number;
  readonly writerId: Uint8Array;
  readonly engineVersion: number;
  /** Records under way, and messages in flight: at most IN_FLIGHT_MAX, which is what was measured best with fsync on. */
  readonly inFlightMax?: number;
  /** Gets every message that is stored, and gives the log its end back when that is lost. */
  readonly recent?: RecentMessages;
  /** Give up resolving after so long: records under way end as 'stopped'. Absent: never. */
  readonly deadlineMs?: number;
  /** First pause before asking again; doubles up to the other one, which is two seconds when absent. */
  readonly retryMinMs?: number;
  readonly retryMaxMs?: number;
  readonly onState?: (state: WriterState, detail: string) => void;
  /** Absent: the machine's. */
  readonly time?: Time;
}

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 2_000;

export class LogWriter {
  readonly epoch: number;
  readonly #log: LogStore;
  readonly #header: RecordHeader = new RecordHeader();
  readonly #inFlightMax: number;
  readonly #deadlineMs: number | undefined;
  readonly #onState: ((state: WriterState, detail: string) => void) | undefined;
  readonly #unsubscribe: Unsubscribe;
  readonly #time: Time;
  readonly #queue: WriterEntry[] = [];
  readonly #recent: RecentMessages | null;
  readonly #void: VoidRule;
  #state: WriterState = 'open';
  #detail = '';
  #refused: RefusedReason | null = null;
  #fencedBy: LogErrorCode = 'log-fenced';
  /** Sequence of the last message that was accepted here, stored or not. */
  #lastSeq: number;
  #nextOffset: number;
  #records = 0;
  #inFlight = 0;
  #fragmentStoredMs = 0;
  #renewedMs = 0;
  #sentMs = 0;
  #committedSeq: number;
  #committedOffset: number;
  #committedHi: number;
  #committedLo: number;
  /** Checksum of the last message known to be stored (of a record or of a fragment): what the queue's head continues. */
  #storedHi: number;
  #storedLo: number;
  readonly #other: RecordHeader = new RecordHeader();
  #resolving = false;
  /** How often the connection broke, and how often it had when the log's end was last seen to be the one that is known here. */
  #breaks = 0;
  #provenAt = 0;
  #proving = false;
  /** Where the last message of this writer is stored; -1: there is none yet, and the tail was another's. */
  #storedSeq = -1;
  #resolvingSince = 0;
  readonly #retry: Retry;
  #wake: (() => void) | null = null;
  #idle: (() => void)[] = [];

  constructor(options: LogWriterOptions) {
    if (options.writerId.byteLength !== WRITER_ID_BYTES)
      throw new TypeError(`a writer id has ${WRITER_ID_BYTES} bytes`);
    const { tail } = options;
    this.#log = options.log;
    this.#time = options.time ?? realTime;
    this.epoch = options.epoch;
    this.#inFlightMax = options.inFlightMax ?? IN_FLIGHT_MAX;
    if (this.#inFlightMax > IN_FLIGHT_MAX) throw new RangeError(`at most ${IN_FLIGHT_MAX} messages in flight`);
    this.#recent = options.recent ?? null;
    this.#void = new VoidRule(tail.seq);
    this.#deadlineMs = options.deadlineMs;
    this.#retry = new Retry({
      time: this.#time,
      minMs: options.retryMinMs ?? RETRY_MIN_MS,
      maxMs: options.retryMaxMs ?? RETRY_MAX_MS,
    });
    this.#onState = options.onState;
    this.#lastSeq = this.#committedSeq = tail.seq;
    this.#nextOffset = this.#committedOffset = tail.offset;
    const h = this.#header;
    h.writer.set(options.writerId);
    h.engineVersion = options.engineVersion;
    h.checksumHi = this.#storedHi = this.#committedHi = checksumHi(tail.checksum);
    h.checksumLo = this.#storedLo = this.#committedLo = checksumLo(tail.checksum);
    this.#unsubscribe = options.log.onConnection((connected) => {
      if (connected) this.#wake?.();
      else this.#breaks++;
    });
  }

  get state(): WriterState {
    return this.#state;
  }
  /** Why it is in that state, for people. */
  get detail(): string {
    return this.#detail;
  }
  /** Why the log refuses what is appended, while it is blocked by that. */
  get refused(): RefusedReason | null {
    return this.#state === 'blocked' ? this.#refused : null;
  }
  /** Why it was fenced: 'log-fenced' (somebody else wrote), 'log-lost', 'log-corrupt' or 'log-newer'. */
  get fencedBy(): LogErrorCode {
    return this.#fencedBy;
  }
  /** When a fragment of a large record was stored last (by the monotonic clock): such a record takes its time, and that is no silence. */
  get fragmentStoredMs(): number {
    return this.#fragmentStoredMs;
  }
  /**
   * When the newest append that is known to be stored was sent, by the monotonic clock: a leader's lease counts from there. Never from the answer,
   * which may have been under way for as long as somebody else needed to lead. 0: nothing is stored yet.
   */
  get renewedMs(): number {
    return this.#renewedMs;
  }
  /** When something was sent last. */
  get sentMs(): number {
    return this.#sentMs;
  }
  /** Replication offset behind everything appended so far, committed or not. */
  get nextOffset(): number {
    return this.#nextOffset;
  }
  /** Records without an outcome. */
  get pending(): number {
    return this.#records;
  }
  /** Whether append() may be called now; otherwise collect effects until a record has its outcome. */
  get canAppend(): boolean {
    return this.#records < this.#inFlightMax && this.#state !== 'fenced' && this.#state !== 'stopped';
  }
  /** After the last committed record. */
  get committed(): LogPosition {
    return {
      seq: this.#committedSeq,
      offset: this.#committedOffset,
      epoch: this.epoch,
      checksum: checksumHex(this.#committedHi, this.#committedLo),
    };
  }

  /**
   * `buffer`: HEADER_BYTES of room, then the payload. It belongs to the writer until `callback` is called, which happens exactly once, in the order of
   * the appends.
   */
  append(buffer: Uint8Array, payloadLength: number, commandCount: number, callback: CommitCallback): void {
    this.#accept(RecordKind.data, buffer, payloadLength, commandCount, callback);
  }

  /** A record that counts no offset. */
  appendControl(
    kind: Exclude<RecordKind, typeof RecordKind.data>,
    payload: Uint8Array,
    callback: CommitCallback,
  ): void {
    const buffer = new Uint8Array(HEADER_BYTES + payload.byteLength);
    buffer.set(payload, HEADER_BYTES);
    this.#accept(kind, buffer, payload.byteLength, 0, callback);
  }

  /** Resolves when everything appended has its outcome. */
  drained(): Promise<void> {
    if (this.#records === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** What has no outcome yet ends as 'stopped': it may or may not be in the log. */
  stop(): void {
    this.#finish('stopped', 'stopped');
  }

  #accept(
    kind: number,
    buffer: Uint8Array,
    payloadLength: number,
    commandCount: number,
    callback: CommitCallback,
  ): void {
    if (!this.canAppend)
      throw new Error(`append to a log writer that is ${this.#state} with ${this.#records} records under way`);
    const h = this.#header;
    h.kind = kind;
    h.flags = 0;
    h.epoch = this.epoch;
    h.offset = this.#nextOffset;
    h.commandCount = commandCount;
    if (kind !== RecordKind.data && buffer.byteLength > this.#log.maxMessageBytes)
      throw new RangeError('a control record is one message');
    if (kind === RecordKind.data) this.#nextOffset += payloadLength;
    this.#records++;
    const messages = splitRecord(buffer, payloadLength, this.#log.maxMessageBytes, h);
    for (let i = 0; i < messages.length; i++) {
      const last = i === messages.length - 1;
      const entry = new WriterEntry(
        messages[i]!,
        ++this.#lastSeq,
        last ? this.#nextOffset : -1,
        last ? callback : null,
      );
      entry.leads = kind === RecordKind.leadership;
      this.#queue.push(entry);
    }
    if (this.#state === 'open') this.#send();
  }

  #send(): void {
    if (this.#resolving || this.#queue.length === 0) return;
    if (this.#provenAt !== this.#breaks) {
      this.#proveSoon();
      return;
    }
    // The window begins at the head, answered or not: what is sent behind a message without an outcome is bounded (void-rule.ts).
    for (let i = 0; i < this.#queue.length && i < this.#inFlightMax; i++) {
      const entry = this.#queue[i]!;
      if (entry.inFlight || entry.result !== null) continue;
      entry.inFlight = true;
      this.#inFlight++;
      const attempt = ++entry.tries;
      this.#sentMs = this.#time.monotonicMs();
      if (attempt === 1) entry.sentMs = this.#sentMs;
      this.#log.appendCb(entry.message, entry.seq - 1, (result) => this.#answer(entry, attempt, result));
    }
  }

  /** Not at once: whoever is told of a commit appends the next record, while further ones are being committed. */
  #proveSoon(): void {
    if (this.#proving || this.#inFlight > 0) return; // an answer that comes asks again
    this.#proving = true;
    queueMicrotask(() => {
      this.#proving = false;
      if (!this.#ended() && !this.#resolving && this.#inFlight === 0 && this.#queue.length > 0) void this.#resolve();
    });
  }

  #answer(entry: WriterEntry, attempt: number, result: AppendResult): void {
    if (attempt !== entry.tries || !entry.inFlight) return;
    entry.inFlight = false;
    entry.result = result;
    this.#inFlight--;
    if (this.#state === 'stopped' || this.#state === 'fenced' || this.#resolving) return;
    let head = this.#queue[0];
    while (
      head !== undefined &&
      head.result !== null &&
      head.result.kind === 'stored' &&
      head.result.seq === head.seq
    ) {
      this.#commitHead(head);
      if (this.#ended()) return;
      head = this.#queue[0];
    }
    if (head === undefined || head.result === null) {
      if (this.#state !== 'open') this.#become('open', '');
      this.#retry.succeeded();
      this.#resolvingSince = 0;
      return this.#send();
    }
    // The head failed. Whatever is behind it in flight answers first (bounded by the store's time-out).
    this.#noteFailure(head.result);
    if (this.#inFlight === 0) void this.#resolve();
  }

  #ended(): boolean {
    return this.#state === 'stopped' || this.#state === 'fenced';
  }

  #commitHead(entry: WriterEntry): void {
    this.#queue.shift();
    this.#storedSeq = entry.seq;
    this.#storedHi = entry.checksumHi;
    this.#storedLo = entry.checksumLo;
    this.#recent?.push(entry.seq, entry.message);
    if (entry.leads) this.#void.leads(entry.seq);
    if (entry.sentMs > this.#renewedMs) this.#renewedMs = entry.sentMs;
    if (entry.callback === null) {
      this.#fragmentStoredMs = this.#time.monotonicMs();
      return;
    }
    this.#committedSeq = entry.seq;
    this.#committedHi = entry.checksumHi;
    this.#committedLo = entry.checksumLo;
    this.#committedOffset = entry.endOffset;
    this.#records--;
    entry.callback('committed', entry.seq, entry.endOffset);
    if (this.#records === 0) this.#settleIdle();
  }

  #noteFailure(result: AppendResult): void {
    this.#refused = result.kind === 'refused' ? result.reason : null;
    if (result.kind === 'refused') this.#become('blocked', `${result.reason}: ${result.error}`);
    else if (result.kind === 'unknown') this.#become('resolving', result.error);
    else if (this.#state === 'open')
      this.#become('resolving', result.kind === 'rejected' ? 'rejected' : `stored at ${result.seq}`);
  }

  async #resolve(): Promise<void> {
    this.#resolving = true;
    this.#resolvingSince ||= this.#time.monotonicMs();
    const head = this.#queue[0]!;
    if (head.result?.kind === 'refused' || head.tries > 1) await this.#pause();
    for (;;) {
      if (this.#ended()) return;
      if (this.#deadlineMs !== undefined && this.#time.monotonicMs() - this.#resolvingSince > this.#deadlineMs) {
        return this.#finish('stopped', `no outcome within ${this.#deadlineMs} ms: ${this.#detail}`);
      }
      try {
        if (await this.#readBack()) break;
      } catch (error) {
        if (this.#ended()) return;
        if (!isLogError(error)) throw error;
        if (error.code === 'log-corrupt' || error.code === 'log-newer') {
          this.#fencedBy = error.code;
          return this.#finish('fenced', error.message);
        }
        this.#refused = null;
        this.#become('blocked', `${error.code}: ${error.message}`);
        await this.#pause();
      }
    }
    if (this.#ended()) return;
    this.#resolving = false;
    for (const entry of this.#queue) entry.result = null;
    if (this.#queue.length === 0) {
      this.#become('open', '');
      this.#retry.succeeded();
      this.#resolvingSince = 0;
    } else this.#send();
  }

  /** Commits what is found; true when the rest is to be sent (again). */
  async #readBack(): Promise<boolean> {
    const first = this.#queue[0]!.seq;
    for (let seq = first; this.#queue.length > 0;) {
      const head = this.#queue[0]!;
      const stored = await this.#log.read(seq);
      if (this.#ended()) return true;
      if (stored !== null) {
        if (sameMessage(stored, head.message)) {
          head.seq = seq;
          this.#commitHead(head);
          if (this.#ended()) return true;
        } else if (!this.#isVoid(seq, stored)) {
          this.#finish('fenced', `sequence ${seq} holds another writer's record`);
          return true;
        } else this.#recent?.push(seq, stored);
        seq++;
        continue;
      }
      const { lastSeq, firstSeq } = await this.#log.state();
      if (this.#ended()) return true;
      if (lastSeq < seq - 1) {
        if (await this.#giveBack(lastSeq, seq - 1)) continue;
        return true;
      }
      if (firstSeq > seq) {
        // Only a trim behind a snapshot of a history that went on without us takes away a sequence which we never saw stored.
        this.#finish('fenced', `sequence ${seq} was written and trimmed`);
        return true;
      }
      // Otherwise something has arrived between the two questions: read again.
      if (lastSeq === seq - 1) {
        const isOurs = await this.#endIsOurs(lastSeq);
        if (this.#ended()) return true;
        if (!isOurs) continue;
        for (const entry of this.#queue) entry.seq = seq++;
        this.#lastSeq = seq - 1;
        return true;
      }
    }
    return true;
  }

  /**
   * The log ends at `seq`. True when that is the end which this writer knows; when it is another's it is finished. False when the log has changed under
   * our hands. Throws LogError for a message that is damaged or newer than we know.
   */
  async #endIsOurs(seq: number): Promise<boolean> {
    const h = this.#other;
    const breaks = this.#breaks;
    const stored = this.#storedSeq;
    for (const at of new Set([Math.max(stored, 0), seq])) {
      if (at === 0) continue;
      const message = await this.#log.read(at);
      // A record that was stored meanwhile has its own proof.
      if (this.#ended() || this.#storedSeq !== stored) return false;
      if (message === null && at < seq) continue; // trimmed
      if (message === null) return false;
      decodeHeader(message, h);
      const isStored = h.checksumHi === this.#storedHi && h.checksumLo === this.#storedLo;
      // Behind the last of ours, or of the tail, stand void ones at most.
      if (isStored || (at !== stored && this.#isVoid(at, message))) continue;
      this.#finish('fenced', `sequence ${at} holds another writer's record`);
      return false;
    }
    this.#provenAt = breaks;
    return true;
  }

  /** The log ends at `lastSeq` and had `had`. True when it has it again; false when this writer is finished (or ended meanwhile). */
  async #giveBack(lastSeq: number, had: number): Promise<boolean> {
    const recent = this.#recent;
    if (recent !== null && recent.lastSeq === had) {
      this.#become('resolving', `the log lost its end: it ends at ${lastSeq}, it had ${had}; giving it back`);
      const healed = await healTail(this.#log, recent);
      if (this.#ended()) return false;
      if (healed.kind === 'whole') return true;
      if (healed.kind === 'other') {
        this.#finish('fenced', `sequence ${healed.seq} holds another writer's record`);
        return false;
      }
    }
    this.#fencedBy = 'log-lost';
    this.#finish('fenced', `the log ends at ${lastSeq}, it had ${had}`);
    return false;
  }

  /**
   * Looks whether the log still ends with what was committed here, as long as nothing is under way (an append finds out by itself): a master
   * without writes notices so that another leads, or that the log lost its end, which it then gives back. Throws LogError 'log-unavailable',
   * 'log-missing'.
   */
  async check(): Promise<void> {
    const seq = this.#lastSeq;
    const idle = (): boolean => this.#records === 0 && !this.#ended() && this.#lastSeq === seq;
    if (!idle()) return;
    const { lastSeq } = await this.#log.state();
    if (!idle()) return;
    if (lastSeq === seq) {
      await this.#proveEnd(seq, idle);
      return;
    }
    if (lastSeq < seq) {
      let isWhole = true;
      try {
        isWhole = await this.#giveBack(lastSeq, seq);
      } finally {
        // What was appended meanwhile has waited. Where nothing could be given back now, its rejection settles it.
        if (isWhole && !this.#ended()) {
          this.#become('open', '');
          this.#send();
        }
      }
      return;
    }
    const stored = await this.#log.read(seq + 1);
    if (!idle() || stored === null) return;
    try {
      // A void one is passed over by the next append.
      if (!this.#isVoid(seq + 1, stored)) this.#finish('fenced', `sequence ${seq + 1} holds another writer's record`);
    } catch (error) {
      if (!isLogError(error)) throw error;
      this.#fencedBy = error.code;
      this.#finish('fenced', error.message);
    }
  }

  async #proveEnd(seq: number, idle: () => boolean): Promise<void> {
    try {
      if (seq > 0) await this.#endIsOurs(seq);
    } catch (error) {
      if (!isLogError(error)) throw error;
      if (error.code !== 'log-corrupt' && error.code !== 'log-newer') throw error;
      if (!idle()) return; // what was appended meanwhile finds out
      this.#fencedBy = error.code;
      this.#finish('fenced', error.message);
    }
  }

  /** By the readers' rule: it does not continue the history. Throws LogError for what is damaged or newer than we know. */
  #isVoid(seq: number, message: Uint8Array): boolean {
    const h = this.#other;
    decodeHeader(message, h);
    if (h.previousHi === this.#storedHi && h.previousLo === this.#storedLo) return false;
    // Of this epoch it must be our own, sent behind one that did not make it.
    if (h.epoch === this.epoch && !h.writer.every((byte, i) => byte === this.#header.writer[i])) return false;
    return this.#void.allows(seq, h.epoch, this.epoch);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#retry.cancel();
        this.#wake = null;
        resolve();
      };
      this.#wake = done;
      this.#retry.schedule(done);
    });
  }

  #become(state: WriterState, detail: string): void {
    if (this.#ended()) return;
    if (this.#state === state && (state === 'open' || this.#detail === detail)) return;
    this.#state = state;
    this.#detail = detail;
    this.#onState?.(state, detail);
  }

  #finish(state: 'fenced' | 'stopped', detail: string): void {
    if (this.#ended()) return;
    this.#become(state, detail);
    this.#unsubscribe();
    this.#wake?.();
    const outcome: AppendOutcome = state;
    for (const entry of this.#queue.splice(0)) entry.callback?.(outcome, entry.seq, entry.endOffset);
    this.#records = 0;
    this.#settleIdle();
  }

  #settleIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/**
 * The commit: effects become records, records go to the log, and replies wait for them.
 *
 * A *turn* is what one pass of the event loop executed. At its end, when the log has room for one more append (two are
 * in flight at most), all effects since the last one become one record: group commit, whose size follows from the load
 * and the log's latency by itself. Until the record is stored its writers' replies are held (`held-replies.ts`).
 *
 * A record has a bound. When the effects exceed RECORD_CUT_BYTES they become a record between two commands, within a turn too; if the
 * log has no room for it now, it waits in front of the next one. So no record is larger than that and the effects of one command, which
 * EFFECT_BYTES_MAX bounds: a larger request is refused before it changes anything.
 *
 * It does not know where records go: a *committer* is given to it when the engine becomes master and taken away when it stops being one. Nor does it know
 * sessions: whoever has replies held is a *reply target*.
 */

import { EFFECT_BYTES_MAX } from '@weir/commands';
import { HEADER_BYTES, RECORD_BYTES_MAX } from '@weir/log';
import type { AppendOutcome } from '@weir/log';
import { CommandWriter } from '@weir/resp';
import { HeldReplies } from './held-replies.ts';
import type { ReplyTarget } from './held-replies.ts';

/** Where a master's records go: libs/log's LogWriter. */
export interface Committer {
  /** Stores a record: `buffer` has HEADER_BYTES free at its front and `payloadBytes` behind them. */
  append(
    buffer: Uint8Array,
    payloadBytes: number,
    commandCount: number,
    done: (outcome: AppendOutcome, seq: number, endOffset: number) => void,
  ): void;
  /** False while as many appends are in flight as there may be. */
  readonly canAppend: boolean;
  /** Replication offset behind the last record handed over. */
  readonly nextOffset: number;
  /** When the log stored a part of a record last, by performance.now(); 0: never. */
  readonly fragmentStoredMs: number;
  /** When the newest append that is known to be stored was sent, by the same clock. */
  readonly renewedMs?: number;
}

/** Where effects come from: the Context. */
export interface EffectSource {
  /** Those of the record being filled. */
  effects: CommandWriter;
  /** Number of that record. */
  readonly recordSeq: number;
  /** A new record begins. */
  recordTaken(): void;
  /** Nothing that was executed is waited for any more. */
  resetPending(): void;
  inFlightRecords: number;
  inFlightBytes: number;
  readonly stats: { netReplOutputBytes: number };
  readonly role: { readonly writeRefusal: string };
}

export interface CommitOptions {
  /** Milliseconds of a clock that nobody sets. */
  readonly nowMs: () => number;
  /** Calls back when this turn of the event loop is over. */
  readonly endOfTurn: (run: () => void) => void;
  /** Nothing stops the execution of requests any more. */
  readonly onResume: () => void;
  /** A record is handed over. */
  readonly onAppend?: (commands: number, bytes: number) => void;
  /** A record is stored that was handed over so long ago. */
  readonly onStored?: (ms: number) => void;
  /** For tests: smaller bounds. */
  readonly recordCutBytes?: number;
}

/** Effects beyond this become a record at once. A record of 64 MB costs the same per byte as a larger one, and its reader less memory. */
const RECORD_CUT_BYTES = 64 * 1024 * 1024;
if (RECORD_CUT_BYTES + EFFECT_BYTES_MAX > RECORD_BYTES_MAX)
  throw new Error('a record has no room for one command more');

/** A writer makes room for some bytes more than it writes. */
const WRITER_SLACK_BYTES = 1024;
/** Replies of all sessions together that wait for the log beyond this: sessions are stopped. */
const HELD_BYTES_MAX = 256 * 1024 * 1024;

/** Why no session executes anything. */
const STALL_ASKED = 1;
const STALL_EFFECTS = 2;
const STALL_REPLIES = 4;

const NOT_CONFIRMED = Buffer.from(
  '-NOREPLICAS The write was not confirmed by the replication log in time; it may or may not be applied\r\n',
);

/** An empty writer with room for a record's header in front. */
export function newEffects(): CommandWriter {
  const effects = new CommandWriter(HEADER_BYTES);
  effects.bytesMax = HEADER_BYTES + RECORD_BYTES_MAX + WRITER_SLACK_BYTES;
  return effects;
}

export class Commit {
  /** Number (the engine's own) of the last record that is committed. */
  committedSeq = 0;
  /** No session executes anything: somebody asked for that, or effects or replies pile up because the log does not take them. */
  stalled = false;
  /** Told when a record is committed: sequence in the log, offset behind it. */
  onCommitted: (seq: number, endOffset: number) => void = () => {};
  /** Told when the log refused a record for good: what was executed is not the log's any more. */
  onFenced: () => void = () => {};

  readonly #source: EffectSource;
  readonly #o: CommitOptions;
  readonly #recordCutBytes: number;
  #stalls = 0;
  #heldBytes = 0;
  #committer: Committer | null = null;
  #turnScheduled = false;
  /** Records handed over and not committed, and the one being filled: replies that wait for them, oldest first. */
  readonly #held: HeldReplies[] = [];
  readonly #sparesHeld: HeldReplies[] = [];
  /** Who else waits for records. */
  #waits: { readonly seq: number; readonly done: (committed: boolean) => void }[] = [];
  /** Records that are whole and wait for the log, oldest first; behind them the one being filled. */
  readonly #ready: { readonly seq: number; readonly effects: CommandWriter }[] = [];
  #readyBytes = 0;
  readonly #spareWriters: CommandWriter[] = [];
  /** When the oldest record in flight was handed over, by a clock that nobody sets; 0 when none is. */
  #oldestInFlightMs = 0;
  #inFlightSince: number[] = [];

  constructor(source: EffectSource, options: CommitOptions) {
    this.#source = source;
    this.#o = options;
    this.#recordCutBytes = options.recordCutBytes ?? RECORD_CUT_BYTES;
  }

  /** Records go there from now on. Effects of before are of another data set, or of nobody's. */
  lead(committer: Committer): void {
    this.#forget();
    this.#committer = committer;
  }

  /**
   * Records go nowhere. Replies that wait for the log are abandoned: their connections are closed, as those of a master that
   * died, because nobody can say what became of the writes.
   */
  stopLeading(): void {
    this.#committer = null;
    this.#forget();
    this.#inFlightSince.length = 0;
    this.#oldestInFlightMs = 0;
    this.#unstall(STALL_EFFECTS | STALL_REPLIES);
  }

  #forget(): void {
    this.#abandonHeld();
    this.#dropEffects();
    this.committedSeq = this.#source.recordSeq - 1;
    this.#source.resetPending();
  }

  /** What the log has not got yet is nobody's any more. */
  #dropEffects(): void {
    this.#ready.length = 0;
    this.#readyBytes = 0;
    this.#source.effects.reset();
    this.#source.recordTaken();
  }

  #abandonHeld(): void {
    for (const held of this.#held) {
      this.#heldBytes -= held.bytes;
      held.abandon();
      this.#sparesHeld.push(held);
    }
    this.#held.length = 0;
    this.#endWaits(Infinity, false);
  }

  /** Calls back, at once or later, when that record is committed; with false when this engine will not know of it any more. */
  whenCommitted(seq: number, done: (committed: boolean) => void): void {
    if (seq <= this.committedSeq) done(true);
    else this.#waits.push({ seq, done });
  }

  /** Those up to that record are told. */
  #endWaits(seq: number, committed: boolean): void {
    if (this.#waits.length === 0) return;
    const ended = this.#waits.filter((wait) => wait.seq <= seq);
    this.#waits = this.#waits.filter((wait) => wait.seq > seq);
    for (const { done } of ended) done(committed);
  }

  get leading(): boolean {
    return this.#committer !== null;
  }

  /** Replication offset behind everything executed so far, committed or not. */
  writtenOffset(): number {
    const committer = this.#committer;
    return committer === null ? 0 : committer.nextOffset + this.unsealedBytes;
  }

  /** Bytes of effects that are not handed to the log yet. */
  get unsealedBytes(): number {
    return this.#readyBytes + this.#source.effects.pos - HEADER_BYTES;
  }

  get recordsInFlight(): number {
    return this.#inFlightSince.length;
  }

  /** For how long the oldest record has waited for the log, or for the next of its fragments to be stored; 0 when none waits. */
  oldestInFlightAgeMs(): number {
    if (this.#oldestInFlightMs === 0) return 0;
    return this.#o.nowMs() - Math.max(this.#oldestInFlightMs, this.#committer?.fragmentStoredMs ?? 0);
  }

  /** Keeps replies of a target until that record is committed. True when they are a slice of their own. */
  holdReplies(seq: number, target: ReplyTarget, buf: Uint8Array, start: number, end: number, replies: number): boolean {
    this.#heldBytes += end - start;
    if (this.#heldBytes > HELD_BYTES_MAX) this.#stall(STALL_REPLIES);
    return this.#heldFor(seq).add(target, buf, start, end, replies);
  }

  /** Bytes of replies that wait for the log. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The replies that wait for a record; the list stays in the order of the records, some of which have no replies. */
  #heldFor(seq: number): HeldReplies {
    let i = this.#held.length;
    while (i > 0 && this.#held[i - 1].seq > seq) i--;
    if (i > 0 && this.#held[i - 1].seq === seq) return this.#held[i - 1];
    const held = this.#sparesHeld.pop() ?? new HeldReplies();
    held.seq = seq;
    this.#held.splice(i, 0, held);
    return held;
  }

  /** Something was executed: the effects, if any, become a record at the end of this turn of the event loop. */
  turn(): void {
    this.cut();
    if (this.#turnScheduled || this.#source.effects.pos === HEADER_BYTES) return;
    this.#turnScheduled = true;
    this.#o.endOfTurn(this.#endTurn);
  }

  /** Between two commands: effects beyond the bound become a record now. When too many wait for the log, no session executes anything more. */
  cut(): void {
    if (this.#source.effects.pos <= this.#recordCutBytes || this.#committer === null) return;
    this.#finishRecord();
    this.#handOver();
    // While writes are refused anyway, reads go on: only what expires or is evicted still adds to the effects.
    if (this.unsealedBytes >= this.#recordCutBytes && this.#source.role.writeRefusal === '') this.#stall(STALL_EFFECTS);
  }

  readonly #endTurn = (): void => {
    this.#turnScheduled = false;
    this.#seal();
  };

  /** Hands over what is there, as far as the log has room: the whole records first, then the one being filled. */
  #seal(): void {
    this.#handOver();
    if (this.#source.effects.pos === HEADER_BYTES || this.#ready.length > 0) return;
    if (this.#committer === null || !this.#committer.canAppend) return;
    this.#finishRecord();
    this.#handOver();
  }

  #finishRecord(): void {
    const source = this.#source;
    const { effects } = source;
    effects.settle(); // the chunk that frames were left in is the ingress's again, before the log has done with the record
    this.#ready.push({ seq: source.recordSeq, effects });
    this.#readyBytes += effects.pos - HEADER_BYTES;
    source.effects = this.#spareWriters.pop() ?? newEffects();
    source.recordTaken();
  }

  #handOver(): void {
    while (this.#ready.length > 0 && this.#committer?.canAppend === true) {
      const { seq, effects } = this.#ready.shift()!;
      this.#readyBytes -= effects.pos - HEADER_BYTES;
      this.#append(this.#committer, seq, effects);
    }
    if (this.stalled && this.unsealedBytes < this.#recordCutBytes) this.#unstall(STALL_EFFECTS);
  }

  #append(committer: Committer, seq: number, effects: CommandWriter): void {
    const source = this.#source;
    const now = this.#o.nowMs();
    this.#inFlightSince.push(now);
    if (this.#oldestInFlightMs === 0) this.#oldestInFlightMs = now;
    const payloadBytes = effects.pos - HEADER_BYTES;
    source.inFlightRecords++;
    source.inFlightBytes += payloadBytes;
    source.stats.netReplOutputBytes += HEADER_BYTES + payloadBytes;
    this.#o.onAppend?.(effects.count, payloadBytes);
    committer.append(effects.buf, payloadBytes, effects.count, (outcome, logSeq, endOffset) => {
      source.inFlightRecords--;
      source.inFlightBytes -= payloadBytes;
      effects.reset();
      if (this.#spareWriters.length < 4) this.#spareWriters.push(effects);
      if (this.#committer !== committer) return;
      if (outcome === 'committed') this.#committed(seq, logSeq, endOffset);
      else if (outcome === 'fenced') this.onFenced();
    });
  }

  #committed(seq: number, logSeq: number, endOffset: number): void {
    this.committedSeq = seq;
    const sinceMs = this.#inFlightSince.shift();
    if (sinceMs !== undefined) this.#o.onStored?.(this.#o.nowMs() - sinceMs);
    this.#oldestInFlightMs = this.#inFlightSince.length > 0 ? this.#inFlightSince[0] : 0;
    this.onCommitted(logSeq, endOffset);
    // The next record goes out before the replies do: the log works while they are written.
    this.#seal();
    while (this.#held.length > 0 && this.#held[0].seq <= seq) {
      const held = this.#held.shift()!;
      this.#heldBytes -= held.bytes;
      held.release();
      this.#sparesHeld.push(held);
    }
    this.#endWaits(seq, true);
    if (this.stalled && this.#heldBytes <= HELD_BYTES_MAX / 2) this.#unstall(STALL_REPLIES);
  }

  /**
   * The log does not answer within the bound: whoever waits is told so. The writes stay executed and are still on
   * their way to the log; their keys stay unreadable until it has decided.
   */
  refuseHeld(): void {
    for (const held of this.#held) {
      this.#heldBytes -= held.bytes;
      held.refuse(NOT_CONFIRMED);
    }
    if (this.stalled) this.#unstall(STALL_EFFECTS | STALL_REPLIES);
  }

  /** Stops and resumes the execution of all requests (DEBUG RELOAD, the end). */
  hold(held: boolean): void {
    if (held) this.#stall(STALL_ASKED);
    else this.#unstall(STALL_ASKED);
  }

  #stall(why: number): void {
    this.#stalls |= why;
    this.stalled = true;
  }

  #unstall(why: number): void {
    if ((this.#stalls & why) === 0) return;
    this.#stalls &= ~why;
    if (this.#stalls !== 0) return;
    this.stalled = false;
    this.#o.onResume();
  }
}

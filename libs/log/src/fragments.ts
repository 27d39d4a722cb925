/*
 * Records and histories over messages, pure.
 *
 * A record above the broker's max_payload is cut into fragments 0..n-1, one message each, one behind the other. They are applied together
 * or not at all. A master that dies between them leaves an *open group* at the log's end; it cannot be completed by anybody else, and the
 * next message is then the leadership record of a new epoch, which voids it: its bytes never counted, the offset is again the one before its first
 * fragment. Nothing but a leadership record may void a group: a writer finishes its group or dies, so any other message behind an open group is a
 * writer's bug and stops the reader ('log-diverged') rather than let a half transaction vanish quietly.
 *
 * Fencing by sequence has a hole when appends are pipelined. A master sends A (expecting n) and B (expecting n+1); a new leader's record takes
 * n+1; A is rejected, but B finds just the sequence that it expects and is stored. Nobody acknowledges B (its master settles A first and is
 * fenced), yet there it stands, and may push the new leader's own pipelined records into the same trouble. So what belongs to the history is
 * decided by the checksum: *a message is part of it if and only if it continues the last message that is*. One that does not is void: it
 * counts nothing and is passed over, provided that it can be explained: it is of an earlier epoch than the history and stands where a replaced
 * master's last append may (directly behind a leadership record), or of this epoch and directly behind a void one (void-rule.ts bounds both).
 * Anything else means that this reader's history is not this log's ('log-diverged').
 */

import { LogError } from './errors.ts';
import {
  checksumHex,
  checksumHi,
  checksumLo,
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  MAX_FRAGMENTS,
  RECORD_BYTES_MAX,
  RecordHeader,
  RecordKind,
  WRITER_ID_BYTES,
} from './record.ts';
import type { LogPosition } from './types.ts';
import { VoidRule } from './void-rule.ts';

/** The newest messages, which purgeTo() never removes: enough for openLog() to see which of them belong to the history. */
export const TAIL_KEPT = 16;

/** How many messages a payload takes. Throws RangeError when it is too large for one record. */
export function fragmentCount(payloadLength: number, maxMessageBytes: number): number {
  const room = maxMessageBytes - HEADER_BYTES;
  if (room < 1) throw new RangeError(`messages of ${maxMessageBytes} bytes have no room for a record`);
  const count = Math.max(1, Math.ceil(payloadLength / room));
  if (count > MAX_FRAGMENTS || payloadLength > RECORD_BYTES_MAX) {
    throw new RangeError(`a record of ${payloadLength} bytes is too large for messages of ${maxMessageBytes}`);
  }
  return count;
}

/**
 * Cuts `buffer` (header room, then the payload) into sealed messages. `header` carries kind, epoch, offset, command count, writer, engine version
 * and, as checksumHi/Lo, the checksum of the message before; afterwards it is the header of the last message. One fragment: no copy, the message
 * is a view on `buffer`.
 */
export function splitRecord(
  buffer: Uint8Array,
  payloadLength: number,
  maxMessageBytes: number,
  header: RecordHeader,
): Uint8Array[] {
  const count = fragmentCount(payloadLength, maxMessageBytes);
  const room = maxMessageBytes - HEADER_BYTES;
  const offset = header.offset;
  const counts = header.kind === RecordKind.data;
  header.recordLength = payloadLength;
  header.fragmentCount = count;
  const messages: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const start = index * room;
    const length = Math.min(room, payloadLength - start);
    let message: Uint8Array;
    if (count === 1) {
      message = buffer.subarray(0, HEADER_BYTES + length);
    } else {
      message = new Uint8Array(HEADER_BYTES + length);
      message.set(buffer.subarray(HEADER_BYTES + start, HEADER_BYTES + start + length), HEADER_BYTES);
    }
    header.fragmentIndex = index;
    header.fragmentStart = start;
    header.payloadLength = length;
    header.offset = counts ? offset + start : offset;
    header.previousHi = header.checksumHi;
    header.previousLo = header.checksumLo;
    encodeHeader(message, 0, header);
    messages.push(message);
  }
  return messages;
}

/** A whole record. The one object of its RecordReader: valid until the next push. */
export class RecordView {
  kind: number = RecordKind.data;
  /** Of its last message, and of its first. */
  seq = 0;
  firstSeq = 0;
  epoch = 0;
  offset = 0;
  /** Where the next record's payload begins. */
  endOffset = 0;
  commandCount = 0;
  engineVersion = 0;
  readonly writer: Uint8Array = new Uint8Array(WRITER_ID_BYTES);
  payload: Uint8Array = new Uint8Array(0);
}

export interface RecordReaderOptions {
  /** Where the history stands so far. */
  readonly position: LogPosition;
  /** Records of newer engines are not understood. */
  readonly engineVersion: number;
}

/** Messages in, whole records out; every message is checked against the history before it. After a throw it is finished. */
export class RecordReader {
  readonly record: RecordView = new RecordView();
  readonly #header: RecordHeader = new RecordHeader();
  readonly #engineVersion: number;
  #seq: number;
  #checksumHi: number;
  #checksumLo: number;
  readonly #void: VoidRule;
  #epoch: number;
  #offset: number;
  #group: Uint8Array | null = null;
  #groupFilled = 0;
  #groupNext = 0;
  #groupCount = 0;
  #groupFirstSeq = 0;
  /** Of the last whole record. */
  #boundarySeq: number;
  #boundaryHi: number;
  #boundaryLo: number;
  /** Of the one before it. */
  #beforeSeq = 0;
  #beforeHi = 0;
  #beforeLo = 0;

  constructor(options: RecordReaderOptions) {
    const position = options.position;
    this.#engineVersion = options.engineVersion;
    this.#seq = this.#boundarySeq = position.seq;
    this.#void = new VoidRule(position.seq);
    this.#epoch = position.epoch;
    this.#offset = position.offset;
    this.#checksumHi = this.#boundaryHi = checksumHi(position.checksum);
    this.#checksumLo = this.#boundaryLo = checksumLo(position.checksum);
  }

  /** Sequence of the next message. */
  get nextSeq(): number {
    return this.#seq + 1;
  }

  /** After the last whole record: a reader that starts again here misses nothing. */
  position(): LogPosition {
    return {
      seq: this.#boundarySeq,
      offset: this.#offset,
      epoch: this.#epoch,
      checksum: checksumHex(this.#boundaryHi, this.#boundaryLo),
    };
  }

  /** In front of the record at hand, which is one of data: then the epoch was the same. */
  positionBefore(): LogPosition {
    const { offset, epoch } = this.record;
    return { seq: this.#beforeSeq, offset, epoch, checksum: checksumHex(this.#beforeHi, this.#beforeLo) };
  }

  /** In front of the last message of the record at hand, which is one of data. */
  tailBefore(): LogPosition {
    const { seq, offset, epoch } = this.record;
    const { previousHi, previousLo } = this.#header;
    return { seq: seq - 1, offset, epoch, checksum: checksumHex(previousHi, previousLo) };
  }

  /** Behind the last message, void ones and an open group included: where the next append goes. */
  tail(): LogPosition {
    return {
      seq: this.#seq,
      offset: this.#offset,
      epoch: this.#epoch,
      checksum: checksumHex(this.#checksumHi, this.#checksumLo),
    };
  }

  /** True when `this.record` is a whole record; false for a void message and a fragment that waits for others. Throws LogError. */
  push(seq: number, message: Uint8Array): boolean {
    const h = this.#header;
    if (seq !== this.#seq + 1) throw diverged(seq, `sequence ${this.#seq + 1} was expected`);
    decodeHeader(message, h);
    if (h.previousHi !== this.#checksumHi || h.previousLo !== this.#checksumLo) {
      if (this.#void.allows(seq, h.epoch, this.#epoch)) {
        this.#seq = seq;
        return false;
      }
      const here = checksumHex(this.#checksumHi, this.#checksumLo);
      throw diverged(
        seq,
        `it continues ${checksumHex(h.previousHi, h.previousLo)}, the history here ends with ${here}`,
      );
    }
    if (h.engineVersion > this.#engineVersion) {
      throw new LogError(
        'log-newer',
        `record ${seq} was written by engine version ${h.engineVersion}, this one is ${this.#engineVersion}: upgrade it`,
      );
    }
    const leads = h.kind === RecordKind.leadership;
    if (leads ? h.epoch <= this.#epoch : h.epoch !== this.#epoch) {
      throw diverged(seq, `epoch ${h.epoch} in epoch ${this.#epoch}`);
    }
    const open = this.#group;
    if (open !== null && !leads) return this.#continueGroup(seq, message, open);
    if (h.fragmentIndex !== 0 || h.fragmentStart !== 0) throw diverged(seq, 'fragment without a beginning');
    if (h.offset !== this.#offset) throw diverged(seq, `offset ${h.offset}, the history here ends at ${this.#offset}`);
    this.#group = null;
    if (h.fragmentCount !== 1) {
      if (h.kind !== RecordKind.data || h.fragmentCount < 2 || h.recordLength <= h.payloadLength)
        throw diverged(seq, 'fragments');
      if (h.recordLength > RECORD_BYTES_MAX) throw diverged(seq, `a record of ${h.recordLength} bytes`);
      const group = new Uint8Array(h.recordLength);
      group.set(message.subarray(HEADER_BYTES));
      this.#group = group;
      this.#groupFilled = h.payloadLength;
      this.#groupNext = 1;
      this.#groupCount = h.fragmentCount;
      this.#groupFirstSeq = seq;
      this.record.writer.set(h.writer);
      this.#advance(seq);
      return false;
    }
    if (h.recordLength !== h.payloadLength) throw diverged(seq, 'record length');
    this.#advance(seq);
    this.#complete(seq, seq, h.offset, message.subarray(HEADER_BYTES));
    return true;
  }

  #continueGroup(seq: number, message: Uint8Array, group: Uint8Array): boolean {
    const h = this.#header;
    const continues =
      h.kind === RecordKind.data &&
      h.fragmentIndex === this.#groupNext &&
      h.fragmentCount === this.#groupCount &&
      h.fragmentStart === this.#groupFilled &&
      h.recordLength === group.byteLength &&
      h.offset === this.#offset + this.#groupFilled &&
      h.fragmentStart + h.payloadLength <= h.recordLength &&
      sameWriter(h.writer, this.record.writer);
    if (!continues) throw diverged(seq, `fragment ${this.#groupNext} of ${this.#groupCount} was expected`);
    group.set(message.subarray(HEADER_BYTES), this.#groupFilled);
    this.#groupFilled += h.payloadLength;
    this.#groupNext++;
    const last = this.#groupNext === this.#groupCount;
    if (last !== (this.#groupFilled === group.byteLength)) throw diverged(seq, 'length of the fragments');
    this.#advance(seq);
    if (!last) return false;
    this.#group = null;
    this.#complete(seq, this.#groupFirstSeq, this.#offset, group);
    return true;
  }

  #advance(seq: number): void {
    this.#seq = seq;
    this.#checksumHi = this.#header.checksumHi;
    this.#checksumLo = this.#header.checksumLo;
  }

  #complete(seq: number, firstSeq: number, offset: number, payload: Uint8Array): void {
    const h = this.#header;
    const record = this.record;
    record.kind = h.kind;
    record.seq = seq;
    record.firstSeq = firstSeq;
    record.epoch = h.epoch;
    record.offset = offset;
    record.endOffset = h.kind === RecordKind.data ? offset + payload.byteLength : offset;
    record.commandCount = h.commandCount;
    record.engineVersion = h.engineVersion;
    for (let i = 0; i < WRITER_ID_BYTES; i++) record.writer[i] = h.writer[i]!;
    record.payload = payload;
    if (h.kind === RecordKind.leadership) this.#void.leads(seq);
    this.#epoch = h.epoch;
    this.#offset = record.endOffset;
    this.#beforeSeq = this.#boundarySeq;
    this.#beforeHi = this.#boundaryHi;
    this.#beforeLo = this.#boundaryLo;
    this.#boundarySeq = seq;
    this.#boundaryHi = this.#checksumHi;
    this.#boundaryLo = this.#checksumLo;
  }
}

function sameWriter(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < WRITER_ID_BYTES; i++) if (a[i] !== b[i]) return false;
  return true;
}

function diverged(seq: number, what: string): LogError {
  return new LogError('log-diverged', `record ${seq} does not continue this history: ${what}`);
}

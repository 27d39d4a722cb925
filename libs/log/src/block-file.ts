/*
 * What stands in a message block file of nats-server (`…/streams/<stream>/msgs/<n>.blk`), read without nats-server. A file is records, one behind
 * the other, little-endian:
 *
 *   length u32 (highest bit: has headers)  sequence u64  time u64  subject length u16
 *   subject  [headers length u32, headers]  message  hash u64
 *
 * `length` counts all of it. The hash covers everything but the two lengths; its key is the SHA-256 of `<stream>-<n>`. The two highest bits of
 * a sequence mark a message that was removed and a tombstone; both are passed over.
 *
 * nats-server cuts its newest file at the first record that fails a check, and with it everything behind. Here reading goes on behind it, and
 * what counts is the log's own message, which has a checksum of its own: where only the envelope is damaged the message is whole. Reading finds its place again
 * at the next record with a good hash, or at the next message of the log that is whole. The sequence of a message whose envelope is damaged is
 * not believed: it is the one that follows from a neighbour, which it continues or which continues it by checksum; otherwise the message does not count.
 *
 * Torn, not damaged: a power cut can leave half of the last append on the disk. That one was not acknowledged when every append is synced. So
 * the first bad record is a torn write if no whole message stands in it or behind it, and either the file ends before the record does by its own
 * length, or the record is the last one and ends in zeros: 512 of them, or as many as reach back to the last page boundary. Anything else is damage: one bit that
 * flips leaves the length right, or the message whole.
 */

import { createHash } from 'node:crypto';
import { HighwayHash } from './highway-hash.ts';
import { checksumHex, decodeHeader, EMPTY_CHECKSUM, HEADER_BYTES, RecordHeader } from './record.ts';

export interface BlockMessage {
  readonly seq: number;
  /** The message of the log, in the bytes that were scanned. */
  readonly start: number;
  readonly end: number;
  readonly checksum: string;
}

export interface BlockDamage {
  /** Of the first damaged record: what it should be by its neighbours; 0 when there is none. */
  readonly seq: number;
  readonly at: number;
  readonly why: string;
  readonly torn: boolean;
  /** nats-server does take that record, and gives another message for it. */
  readonly unseen: boolean;
}

export interface BlockScan {
  /** Whole ones, in order of their sequences. */
  readonly messages: readonly BlockMessage[];
  /** Null: nats-server will take all of the file, as it was written. */
  readonly damage: BlockDamage | null;
}

const HEAD_BYTES = 22;
const HASH_BYTES = 8;
const HAS_HEADERS = 0x8000_0000;
const REMOVED_BITS = 0xc000_0000;
/** What nats-server itself takes for too long. */
const RECORD_MAX = 32 * 1024 * 1024;
const ZEROS_MIN = 512;
const PAGE_BYTES = 4096;
const AT_PAYLOAD_LENGTH = 32;
const MAGIC = Buffer.from('WLR\x01', 'latin1');
const HEADERS_LENGTH = 'the length of its headers is wrong';
/** Wrong starts of a message cost a checksum each: no more of that than so many times the file. */
const SEARCH_FACTOR = 8;

interface BlockRecord {
  /** 0: what was removed, and a tombstone. */
  readonly seq: number;
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

interface Found {
  /** 0: not known, since its envelope is damaged. */
  readonly seq: number;
  readonly start: number;
  readonly end: number;
  readonly previous: string;
  readonly checksum: string;
}

/**
 * Never throws, whatever the bytes are. `stream` and `index` are those of the file's path; `before` is the last message of the file before, if
 * that is known.
 */
export function scanBlock(bytes: Uint8Array, stream: string, index: number, before?: BlockMessage): BlockScan {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new Scanner(file, stream, index, before).scan();
}

class Scanner {
  readonly #file: Buffer;
  readonly #hash: HighwayHash;
  readonly #header = new RecordHeader();
  readonly #found: Found[] = [];
  readonly #before: Pick<BlockMessage, 'seq' | 'checksum'>;
  #searchBytes: number;
  #why = '';

  constructor(file: Buffer, stream: string, index: number, before: BlockMessage | undefined) {
    this.#file = file;
    this.#hash = new HighwayHash(createHash('sha256').update(`${stream}-${index}`).digest());
    this.#searchBytes = SEARCH_FACTOR * file.length;
    // A message that continues nothing is the first of the log.
    this.#before = before ?? { seq: 0, checksum: EMPTY_CHECKSUM };
  }

  scan(): BlockScan {
    const file = this.#file;
    let damage: { at: number; why: string; unseen: boolean; found: number } | null = null;
    let at = 0;
    while (at < file.length) {
      const record = this.#record(at);
      if (record !== null) {
        if (record.end > record.start) this.#take(record.seq, record.start, record.end);
        at = record.next;
        continue;
      }
      damage ??= { at, why: this.#why, unseen: this.#why === HEADERS_LENGTH, found: this.#found.length };
      const next = this.#resync(at);
      if (next === null) break;
      if (next.record === -1) this.#take(0, next.start, next.end);
      at = next.record === -1 ? Math.min(file.length, next.end + HASH_BYTES) : next.record;
    }
    const seqs = this.#place();
    const messages = this.#found.flatMap(({ start, end, checksum }, i) =>
      seqs[i]! > 0 ? [{ seq: seqs[i]!, start, end, checksum }] : [],
    );
    if (damage === null) return { messages, damage };
    const { found, why, unseen } = damage;
    const own = this.#found[found];
    let seq = 0;
    if (found > 0) seq = seqs[found - 1]! + 1;
    else if (own !== undefined && seqs[found]! > 0) seq = seqs[found]! - (own.seq === 0 ? 0 : 1);
    else if (this.#before.seq > 0) seq = this.#before.seq + 1;
    const torn = own === undefined && this.#isTorn(damage.at);
    return { messages, damage: { seq, at: damage.at, why, torn, unseen } };
  }

  /** The record at `at` as nats-server would take it, without a message when that was removed; null, with a reason, when it would not. */
  #record(at: number): BlockRecord | null {
    const file = this.#file;
    if (at + HEAD_BYTES + HASH_BYTES > file.length) return this.#no('the file ends within a record');
    const word = file.readUInt32LE(at);
    const hasHeaders = word >= HAS_HEADERS;
    const length = hasHeaders ? word - HAS_HEADERS : word;
    const next = at + length;
    const end = next - HASH_BYTES;
    const subject = at + HEAD_BYTES;
    const headers = subject + file.readUInt16LE(at + 20);
    if (length < HEAD_BYTES + HASH_BYTES || length > RECORD_MAX) return this.#no(`a length of ${length}`);
    if (next > file.length) return this.#no('the file ends within a record');
    if (headers > end) return this.#no('a subject longer than its record');
    const from = hasHeaders ? headers + 4 : headers;
    if (from > end) return this.#no('headers longer than their record');
    const hash = this.#hash;
    hash.reset();
    hash.write(file, at + 4, at + 20);
    hash.write(file, subject, headers);
    hash.write(file, from, end);
    hash.finish();
    if (hash.lo !== file.readUInt32LE(end) || hash.hi !== file.readUInt32LE(end + 4))
      return this.#no('its hash is wrong');
    // That length is not under the hash.
    const start = hasHeaders ? from + file.readUInt32LE(headers) : from;
    if (hasHeaders && this.#startsElsewhere(start, from, end)) return this.#no(HEADERS_LENGTH);
    if (start > end) return this.#no('headers longer than their record');
    const high = file.readUInt32LE(at + 8);
    const seq = (high & ~REMOVED_BITS) * 0x1_0000_0000 + file.readUInt32LE(at + 4);
    if ((high & REMOVED_BITS) !== 0 || seq === 0) return { seq: 0, start: end, end, next };
    if (!Number.isSafeInteger(seq)) return this.#no('a sequence of no sense');
    return { seq, start, end, next };
  }

  /** A message of the log fills the record up to its end, and `start` is not where it begins. */
  #startsElsewhere(start: number, from: number, end: number): boolean {
    const rest = this.#file.subarray(from, end);
    for (let at = rest.indexOf(MAGIC); at >= 0 && at + HEADER_BYTES <= rest.length; at = rest.indexOf(MAGIC, at + 1)) {
      if (from + at === start) return false;
      if (at + HEADER_BYTES + rest.readUInt32LE(at + AT_PAYLOAD_LENGTH) === rest.length) return true;
    }
    return false;
  }

  #no(why: string): null {
    this.#why = why;
    return null;
  }

  /** Whatever else somebody has put into the stream is the reader's to judge. */
  #take(seq: number, start: number, end: number): void {
    const h = this.#header;
    try {
      decodeHeader(this.#file.subarray(start, end), h);
    } catch {
      return;
    }
    const previous = checksumHex(h.previousHi, h.previousLo);
    this.#found.push({ seq, start, end, previous, checksum: checksumHex(h.checksumHi, h.checksumLo) });
  }

  /** Where reading can go on behind `at`: a message, and where the record begins that holds it, or −1 when that is damaged. */
  #resync(at: number): { readonly record: number; readonly start: number; readonly end: number } | null {
    const file = this.#file;
    for (let start = file.indexOf(MAGIC, at); start >= 0; start = file.indexOf(MAGIC, start + 1)) {
      if (start + HEADER_BYTES > file.length || this.#searchBytes < 0) return null;
      const end = start + HEADER_BYTES + file.readUInt32LE(start + AT_PAYLOAD_LENGTH);
      if (end > file.length) continue;
      this.#searchBytes -= end - start;
      try {
        decodeHeader(file.subarray(start, end), this.#header);
      } catch {
        continue;
      }
      return { record: this.#recordOf(start, end, at), start, end };
    }
    return null;
  }

  /** Where the good record begins that holds the message, or -1. Its subject, `weir.…`, and headers are short. */
  #recordOf(start: number, end: number, from: number): number {
    const file = this.#file;
    for (let at = start - HEAD_BYTES; at > from && at > start - 1024; at--) {
      const word = file.readUInt32LE(at);
      if ((word >= HAS_HEADERS ? word - HAS_HEADERS : word) !== end + HASH_BYTES - at) continue;
      const record = this.#record(at);
      if (record !== null && record.seq > 0 && record.start === start) return at;
    }
    return -1;
  }

  /** The sequence of each that was found; 0 for one that no neighbour proves, or that was there already. */
  #place(): number[] {
    const all = this.#found;
    const seqs = all.map(({ seq }) => seq);
    let { seq: last, checksum } = this.#before;
    for (const [i, one] of all.entries()) {
      if (seqs[i] === 0 && one.previous === checksum) seqs[i] = last + 1;
      checksum = seqs[i]! > 0 ? one.checksum : '';
      last = seqs[i]!;
    }
    for (let i = all.length - 2; i >= 0; i--)
      if (seqs[i] === 0 && seqs[i + 1]! > 1 && all[i + 1]!.previous === all[i]!.checksum) seqs[i] = seqs[i + 1]! - 1;
    last = 0;
    for (const [i, seq] of seqs.entries())
      if (seq <= last) seqs[i] = 0;
      else last = seq;
    return seqs;
  }

  #isTorn(at: number): boolean {
    const file = this.#file;
    if (at + HEAD_BYTES > file.length) return true;
    const word = file.readUInt32LE(at);
    const next = at + (word >= HAS_HEADERS ? word - HAS_HEADERS : word);
    if (next > file.length) return true;
    let zeros = 0;
    while (zeros < file.length - at && file[file.length - 1 - zeros] === 0) zeros++;
    // The page that was never written may hold the record's beginning too: then its length is zero as well.
    if (zeros < file.length - next) return false;
    const inPage = file.length % PAGE_BYTES;
    return zeros >= ZEROS_MIN || (inPage > HASH_BYTES && zeros >= inPage);
  }
}

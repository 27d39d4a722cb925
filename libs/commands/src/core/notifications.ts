/**
 * Keyspace notifications (`notify-keyspace-events`): what is announced of keys, published to the subscribers of this node, as Redis does on masters and
 * slaves alike. While they are off nobody listens to the announcements, and they cost nothing.
 *
 * An announcement comes in the middle of a command, so it is noted down: event, database, key. A master publishes the notes when the record that
 * holds the change is stored, so that nobody hears of what may still be lost; a slave, and what is no change, at the end of the turn. Those of one
 * record, or turn, are one run of bytes. Their order is that of the events, and of the messages that the same clients publish.
 */

import { events } from '@weir/keyspace';
import type { ChangeListener } from '@weir/keyspace';
import type { Context } from './context.ts';

/** Notes that wait, all together. Beyond it those that come are lost, and counted. */
export const NOTES_BYTES_MAX = 64 * 1024 * 1024;
const FIRST_BYTES = 1024;
const NOTE_BYTES = 8;

const KEYSPACE = Buffer.from('__keyspace@');
const KEYEVENT = Buffer.from('__keyevent@');
/** Of a key that is 512 MB long, the name of its channel would be kept for good. */
const SCRATCH_KEPT_BYTES = 64 * 1024;

/** Beside the event's number: the kinds of channels that were wanted then. */
const TO_KEYSPACE = 0x8000;
const TO_KEYEVENT = 0x4000;
const NAMES = events.KEY_EVENTS.map(({ name }) => Buffer.from(name));
const CLASSES = new Map(events.CLASS_LETTERS);
/** What `A` stands for. */
const ALL = events.CLASS_LETTERS.reduce((bits, [letter, bit]) => ('mn'.includes(letter) ? bits : bits | bit), 0);

/** Notes that are published at the same time. */
class Notes {
  bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  length = 0;

  add(what: number, db: number, buf: Uint8Array, off: number, len: number): void {
    const need = this.length + NOTE_BYTES + len;
    if (need > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, need));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    this.bytes.writeUInt16LE(what, this.length);
    this.bytes.writeUInt16LE(db, this.length + 2);
    this.bytes.writeUInt32LE(len, this.length + 4);
    this.bytes.set(buf.subarray(off, off + len), this.length + NOTE_BYTES);
    this.length = need;
  }
}

export class Notifications implements ChangeListener {
  /** The classes that are published. */
  #classes = 0;
  #channels = 0;
  #stop: (() => void) | null = null;
  readonly #ctx: Context;
  /** Those that are noted down now, and the record that they wait for; 0: none, they go at the end of the turn. */
  #notes: Notes | null = null;
  #record = 0;
  #waitingBytes = 0;
  #scratch: Buffer = Buffer.allocUnsafe(256);

  constructor(ctx: Context) {
    this.#ctx = ctx;
    const { config } = ctx;
    const configure = (): void => this.#configure(config.text.notifyKeyspaceEvents);
    config.onChange('notify-keyspace-events', configure);
    configure();
  }

  #configure(letters: string): void {
    const { changes } = this.#ctx.keyspace;
    this.#channels = (letters.includes('K') ? TO_KEYSPACE : 0) | (letters.includes('E') ? TO_KEYEVENT : 0);
    let classes = 0;
    for (const letter of letters) classes |= letter === 'A' ? ALL : (CLASSES.get(letter) ?? 0);
    this.#classes = this.#channels === 0 ? 0 : classes;
    this.#stop?.();
    this.#stop = this.#classes === 0 ? null : changes.subscribe(this.#classes, this);
  }

  key(event: number, db: number, _hash: number, buf: Uint8Array, off: number, len: number, changed: boolean): void {
    const ctx = this.#ctx;
    // Nobody listens to anything.
    if (!ctx.pubsub.hasListeners(false)) return;
    if (this.#waitingBytes + NOTE_BYTES + len > NOTES_BYTES_MAX) {
      ctx.stats.notificationsLost++;
      return;
    }
    this.#waitingBytes += NOTE_BYTES + len;
    // What is no change comes behind the changes before it.
    const { isReplay, isSlave } = ctx.role;
    const record = isReplay || isSlave ? 0 : changed ? ctx.recordSeq : this.#record;
    const what = event | this.#channels;
    if (this.#notes !== null && record === this.#record) return this.#notes.add(what, db, buf, off, len);
    const notes = new Notes();
    notes.add(what, db, buf, off, len);
    this.#notes = notes;
    this.#record = record;
    if (record === 0) ctx.atEndOfTurn(() => this.#publish(notes, true));
    else ctx.whenStored(record, (stored) => this.#publish(notes, stored));
  }

  /** What waits for nothing but the end of the turn is told now: somebody publishes something that comes behind it. */
  flush(): void {
    if (this.#notes !== null && this.#record === 0) this.#publish(this.#notes, true);
  }

  /** A message of a client comes between the notes so far and those that follow. */
  cut(): void {
    this.#notes = null;
  }

  whole(): void {
    // Redis publishes nothing of all keys.
  }

  #publish(notes: Notes, stored: boolean): void {
    if (this.#notes === notes) {
      this.#notes = null;
      this.#record = 0;
    }
    const { bytes, length } = notes;
    notes.length = 0; // flushed already, when the turn ends
    this.#waitingBytes -= length;
    if (!stored) return;
    for (let at = 0; at < length;) {
      const key = at + NOTE_BYTES;
      const len = bytes.readUInt32LE(at + 4);
      this.#tell(bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2), bytes, key, len);
      at = key + len;
    }
  }

  #tell(what: number, db: number, buf: Uint8Array, off: number, len: number): void {
    const { pubsub } = this.#ctx;
    const name = NAMES[what & ~(TO_KEYSPACE | TO_KEYEVENT)];
    if ((what & TO_KEYSPACE) !== 0) {
      const length = this.#channel(KEYSPACE, db, buf, off, len);
      pubsub.publish(false, this.#scratch, 0, length, name, 0, name.length);
    }
    if ((what & TO_KEYEVENT) !== 0) {
      const length = this.#channel(KEYEVENT, db, name, 0, name.length);
      pubsub.publish(false, this.#scratch, 0, length, buf, off, len);
    }
    if (this.#scratch.length > SCRATCH_KEPT_BYTES) this.#scratch = Buffer.allocUnsafe(256);
  }

  /** Writes `__keyspace@0__:<rest>`. */
  #channel(head: Buffer, db: number, rest: Uint8Array, off: number, len: number): number {
    const number = `${db}__:`;
    const length = head.length + number.length + len;
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafe(length);
    const scratch = this.#scratch;
    head.copy(scratch, 0);
    scratch.write(number, head.length, 'latin1');
    scratch.set(rest.subarray(off, off + len), head.length + number.length);
    return length;
  }
}

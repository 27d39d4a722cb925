import type { Ref } from '@weir/memory';
import { COMPRESS_UP_TO, TYPE_STRING as RDB_STRING } from '@weir/rdb';
import type { DumpEncoder, RdbWriter } from '@weir/rdb';
import { READ_AHEAD, readAhead } from '../ahead.ts';
import { TYPE_STRING, expireOf, keyAddress, keyLength, lruOf, typeOf, valueAddress, valueLength } from '../entry.ts';
import type { Fingerprint } from '../fingerprint.ts';
import type { Keyspace } from '../keyspace.ts';
import { ValueWriter, rdbType } from './value-writer.ts';

/** Entries, and bytes of strings or of another large value, between two yields of `saveKeyspace`. */
const ENTRIES_PER_STEP = 2000;
const BYTES_PER_STEP = 1024 * 1024;

/**
 * Writes all databases into `writer`, without header, auxiliary fields and end. Yields now and then, also inside of large values, so
 * that the caller can hand on what was written; the keyspace must not change before it is finished. `sum` is given every entry that is
 * written: a scan of its own would wait for the same memory once more.
 */
export function* saveKeyspace(
  keyspace: Keyspace,
  writer: RdbWriter,
  nowMs: number,
  sum?: Fingerprint,
): Generator<void> {
  const refs: Ref[] = [];
  const values = new ValueWriter();
  for (const [, code] of keyspace.functions) writer.functionLibrary(code);
  for (const db of keyspace.dbs) {
    if (db.keys.size === 0) continue;
    writer.selectDb(db.index);
    writer.resizeDb(db.keys.size, db.expires.size);
    let cursor = 0;
    let written = 0;
    let bytes = 0;
    do {
      cursor = db.keys.scan(cursor, refs);
      if (cursor !== 0 && refs.length < READ_AHEAD) continue;
      readAhead(keyspace.arena, refs);
      for (const ref of refs) {
        if (typeOf(keyspace.arena, ref) === TYPE_STRING) {
          const length = valueLength(keyspace.arena, ref);
          if (sum !== undefined && length > BYTES_PER_STEP) yield* sum.addInSteps(db.index, ref);
          else sum?.add(db.index, ref);
          if (length > COMPRESS_UP_TO) yield* writeLongString(keyspace, writer, ref, nowMs);
          else writeString(keyspace, writer, ref, nowMs);
          bytes += length;
          if (bytes >= BYTES_PER_STEP) {
            bytes = 0;
            yield;
          }
          continue;
        }
        sum?.add(db.index, ref);
        beginValue(keyspace, writer, values, ref, nowMs);
        while (!values.more(BYTES_PER_STEP)) yield;
      }
      written += refs.length;
      refs.length = 0;
      if (written >= ENTRIES_PER_STEP) {
        written = 0;
        yield;
      }
    } while (cursor !== 0);
  }
}

function writeString(keyspace: Keyspace, writer: RdbWriter, ref: Ref, nowMs: number): void {
  const { arena, recency } = keyspace;
  writer.stringEntry(
    arena.u8,
    keyAddress(arena, ref),
    keyLength(arena, ref),
    arena.u8,
    valueAddress(arena, ref),
    valueLength(arena, ref),
    expireOf(arena, ref),
    recency.lfu ? -1 : recency.idleSeconds(lruOf(arena, ref), nowMs),
    recency.lfu ? recency.lfuCounter(lruOf(arena, ref), nowMs) : -1,
  );
}

/** One that is not compressed: in parts. */
function* writeLongString(keyspace: Keyspace, writer: RdbWriter, ref: Ref, nowMs: number): Generator<void> {
  const { arena } = keyspace;
  writePrefix(keyspace, writer, RDB_STRING, ref, nowMs);
  let at = valueAddress(arena, ref);
  const end = at + valueLength(arena, ref);
  writer.beginString(end - at);
  for (; at < end; at += BYTES_PER_STEP) {
    writer.stringPart(arena.u8, at, Math.min(BYTES_PER_STEP, end - at));
    yield;
  }
}

function beginValue(keyspace: Keyspace, writer: RdbWriter, values: ValueWriter, ref: Ref, nowMs: number): void {
  writePrefix(keyspace, writer, rdbType(keyspace.space, ref), ref, nowMs);
  values.begin(keyspace.space, ref, writer);
}

function writePrefix(keyspace: Keyspace, writer: RdbWriter, type: number, ref: Ref, nowMs: number): void {
  const { arena, recency } = keyspace;
  writer.entryPrefix(
    type,
    arena.u8,
    keyAddress(arena, ref),
    keyLength(arena, ref),
    expireOf(arena, ref),
    recency.lfu ? -1 : recency.idleSeconds(lruOf(arena, ref), nowMs),
    recency.lfu ? recency.lfuCounter(lruOf(arena, ref), nowMs) : -1,
  );
}

const dumped = new ValueWriter();

/** The DUMP payload of an entry's value. */
export function dumpValue(keyspace: Keyspace, ref: Ref, encoder: DumpEncoder): Uint8Array {
  dumped.begin(keyspace.space, ref, encoder.begin(rdbType(keyspace.space, ref)));
  dumped.more(Infinity);
  return encoder.finish();
}

/*
 * nats-server cuts a log's newest file at a damaged record when it starts, or when it reads it, and says nothing. With one replica it destroys
 * the last copy of all that stands behind. So the newest file of every log is read first (block-file.ts), and copied when it is damaged:
 *
 *   <dir>/guard/<stream>/<n>.blk
 *
 * What is whole in the copy is given back to the log by the node that starts (GuardedTail, a TailSource), or it refuses to lead and keeps the copy. A copy is
 * never written over, and is removed when the node leads: then everything in it is in the log, or somebody has decided without it.
 *
 * The index, index.db, goes when the newest file is damaged or has grown behind it. nats-server would take the last sequence from there, and count
 * records for stored that it has cut off: nothing could be given back in their place. It would not use the rest of it either.
 *
 * Where nats-server would take a damaged record, since no hash covers the length of its headers, the file is cut here, behind the copy.
 *
 * Not copied: older files. nats-server cuts those too, but the log has a hole then, which every reader reports, and which cannot be filled.
 */
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { type BlockDamage, type BlockMessage, scanBlock } from './block-file.ts';
import { describe } from './connect.ts';
import type { TailSource } from './recent.ts';

/** A file that is larger than this is none that nats-server writes: eight megabytes and one record. */
const FILE_MAX = 64 * 1024 * 1024;
/** Below this the file before the newest is read as well. */
const SMALL = 64 * 1024;
const LOG_STREAM = /^WEIR_.+_LOG$/;
const BLOCK = /^(\d+)\.blk$/;
const HASH_BYTES = 8;

/**
 * Before nats-server is started on `dir`. Returns a sentence for each log that is damaged; what goes wrong meanwhile is one too: the start goes on.
 */
export function guardLogs(dir: string): string[] {
  const said: string[] = [];
  const accounts = join(dir, 'store', 'jetstream');
  for (const account of names(accounts)) {
    const streams = join(accounts, account, 'streams');
    for (const stream of names(streams)) {
      if (!LOG_STREAM.test(stream)) continue;
      try {
        said.push(...guardLog(dir, join(streams, stream, 'msgs'), stream));
      } catch (error) {
        said.push(`the newest file of ${stream} cannot be looked at: ${describe(error)}`);
      }
    }
  }
  return said;
}

function guardLog(dir: string, folder: string, stream: string): string[] {
  const files = blocks(folder);
  const newest = files.at(-1);
  if (newest === undefined) return [];
  const before = files.at(-2);
  const said: string[] = [];
  const looked = [newest];
  if (before !== undefined && newest.bytes < SMALL) looked.unshift(before);
  let isDamaged = false;
  for (const file of looked) {
    if (file.bytes > FILE_MAX) continue;
    const { damage } = scanBlock(readFileSync(file.path), stream, file.index);
    if (damage === null) continue;
    const kept = keep(dir, stream, file.path);
    isDamaged ||= file === newest;
    // Where no record is whole in front of it, the file before tells which one it is.
    if (damage.at === 0 && before !== undefined && before.bytes <= FILE_MAX) keep(dir, stream, before.path);
    if (file === newest && damage.unseen) truncateSync(file.path, damage.at);
    said.push(
      `${file.path} is damaged at ${damage.at}: ${damage.why}; ` +
        (kept ? 'a copy is kept below guard' : 'an earlier copy is kept'),
    );
  }
  const index = join(folder, 'index.db');
  if (isDamaged || !isIndexOf(index, newest.path)) rmSync(index, { force: true });
  return said;
}

interface Block {
  readonly index: number;
  readonly path: string;
  readonly bytes: number;
}

/** In order; those that are empty hold nothing. */
function blocks(folder: string): Block[] {
  return names(folder)
    .flatMap((name) => {
      const index = BLOCK.exec(name)?.[1];
      if (index === undefined) return [];
      const path = join(folder, name);
      return [{ index: Number(index), path, bytes: statSync(path).size }];
    })
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => a.index - b.index);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // nothing is stored yet
  }
}

/** Whether the index ends where the newest file does, as nats-server compares them: by the hash of the last record. */
function isIndexOf(index: string, newest: string): boolean {
  const size = statSync(index, { throwIfNoEntry: false })?.size ?? 0;
  if (size < 2 * HASH_BYTES) return false;
  const written = readFileSync(index).subarray(size - 2 * HASH_BYTES, size - HASH_BYTES);
  return written.equals(readFileSync(newest).subarray(-HASH_BYTES));
}

/** On the disk when it returns: whoever starts then may cut the original. False when a copy is there already. */
function keep(dir: string, stream: string, path: string): boolean {
  const folder = join(dir, 'guard', stream);
  const copy = join(folder, basename(path));
  if (statSync(copy, { throwIfNoEntry: false }) !== undefined) return false;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const part = `${copy}.part`;
  copyFileSync(path, part);
  const fd = openSync(part, 'r+');
  fsyncSync(fd);
  closeSync(fd);
  renameSync(part, copy);
  return true;
}

/** What is whole in the copies of a log's newest files. */
export class GuardedTail implements TailSource {
  readonly name = 'the copy of its newest file';
  readonly #messages = new Map<number, Uint8Array>();
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Of the first damaged record that no other copy has whole, torn writes apart; 0: none. */
  readonly damagedSeq: number = 0;
  readonly why: string = '';
  /** The file ends in a write that a power cut left unfinished, and nothing else is wrong with it. */
  readonly torn: boolean = false;

  constructor(files: readonly { readonly bytes: Uint8Array; readonly index: number }[], stream: string) {
    let before: BlockMessage | undefined;
    const damages: BlockDamage[] = [];
    for (const { bytes, index } of files) {
      const { messages, damage } = scanBlock(bytes, stream, index, before);
      for (const { seq, start, end } of messages) this.#messages.set(seq, bytes.subarray(start, end));
      before = messages.at(-1);
      if (damage !== null) damages.push(damage);
    }
    const seqs = [...this.#messages.keys()]; // in order
    this.firstSeq = seqs[0] ?? 1;
    this.lastSeq = seqs.at(-1) ?? 0;
    this.torn = damages.length > 0 && damages.every(({ torn }) => torn);
    for (const { seq, torn, why } of damages) {
      if (torn) continue;
      this.why = why;
      this.damagedSeq = this.#hole(seq);
      break;
    }
  }

  /** The first sequence from the damage on that is not whole here; 0: all of them are. */
  #hole(seq: number): number {
    if (seq === 0) return Math.max(1, this.firstSeq - 1);
    for (let at = seq; at <= this.lastSeq; at++) if (!this.#messages.has(at)) return at;
    return seq > this.lastSeq ? seq : 0;
  }

  /** How many stand behind `seq`. */
  countBehind(seq: number): number {
    let count = 0;
    for (const at of this.#messages.keys()) if (at > seq) count++;
    return count;
  }

  message(seq: number): Uint8Array | null {
    return this.#messages.get(seq)?.slice() ?? null;
  }
}

/** The copy of that log's newest file, if one was made and is not settled yet. `dir`: of the embedded nats-server. */
export function guardedTail(dir: string, stream: string): GuardedTail | null {
  const files = blocks(join(dir, 'guard', stream));
  if (files.length === 0) return null;
  return new GuardedTail(
    files.map(({ path, index }) => ({ bytes: readFileSync(path), index })),
    stream,
  );
}

/** The copies of that log are not needed any more. */
export function dropGuard(dir: string, stream: string): void {
  rmSync(join(dir, 'guard', stream), { recursive: true, force: true });
}

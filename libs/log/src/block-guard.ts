/*
 * nats-server cuts a log's newest file at a damaged record when it starts, or when it reads it, and says nothing. With one replica it destroys
 * the last copy of all that stands behind. So the newest file of every log is read first (block-file.ts), and copied when it is damaged:
 *
 *   <dir>/guard/<stream>/<damage>/<n>.blk
 *
 * What is whole in the copies is given back to the log by the node that starts (GuardedTail, a TailSource), or it refuses to lead and keeps them. Each damage
 * has a folder of its own, 1, 2, …, so that a second one does not take the place of the first. They are removed when the node leads: then
 * everything in them is in the log, or somebody has decided without it.
 *
 * Behind a stop in order nothing is read where the files are the ones of that moment (clean-stop.ts).
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
import { scanBlock } from './block-file.ts';
import type { BlockDamage, BlockMessage } from './block-file.ts';
import { cleanStop, takeCleanStop } from './clean-stop.ts';
import { describe } from './connect.ts';
import type { TailSource } from './recent.ts';

/** A file that is larger than this is none that nats-server writes: eight megabytes and one record. */
const FILE_MAX = 64 * 1024 * 1024;
/** Below this the file before the newest is read as well. */
const SMALL = 64 * 1024;
const LOG_STREAM = /^WEIR_.+_LOG$/;
const BLOCK = /^(\d+)\.blk$/;
const HASH_BYTES = 8;
/** Different damages of one log, none of them settled: no such number is reached by bits that flip. */
const DAMAGES_MAX = 32;

/**
 * Before nats-server is started on `dir`. Returns a sentence for each log that is damaged; what goes wrong meanwhile is one too: the start goes on.
 */
export function guardLogs(dir: string): string[] {
  const said: string[] = [];
  const clean = takeCleanStop(dir);
  for (const { stream, folder } of logFolders(dir)) {
    try {
      if (clean.get(stream) === printOf(folder)) continue;
      said.push(...guardLog(dir, folder, stream));
    } catch (error) {
      said.push(`the newest file of ${stream} cannot be looked at: ${describe(error)}`);
    }
  }
  return said;
}

/** After nats-server ended in order, and what it wrote is on the disk: the next start need not read the files that nobody touches until then. */
export function noteCleanStop(dir: string): void {
  const prints = new Map<string, string>();
  for (const { stream, folder } of logFolders(dir)) {
    const newest = blocks(folder).at(-1);
    // An index that is behind is looked at by the next start.
    if (newest === undefined || isIndexOf(join(folder, 'index.db'), newest.path)) prints.set(stream, printOf(folder));
  }
  cleanStop(dir, prints);
}

function* logFolders(dir: string): Generator<{ readonly stream: string; readonly folder: string }> {
  const accounts = join(dir, 'store', 'jetstream');
  for (const account of names(accounts)) {
    const streams = join(accounts, account, 'streams');
    for (const stream of names(streams))
      if (LOG_STREAM.test(stream)) yield { stream, folder: join(streams, stream, 'msgs') };
  }
}

/** What every write to one of the files that are looked at changes. */
function printOf(folder: string): string {
  const files = [
    ...blocks(folder)
      .slice(-2)
      .map(({ path }) => path),
    join(folder, 'index.db'),
  ];
  return files
    .map((path) => {
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? '-' : `${basename(path)} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
    })
    .join(', ');
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
  const damaged: { readonly file: Block; readonly damage: BlockDamage }[] = [];
  const copied = new Set<Block>();
  for (const file of looked) {
    if (file.bytes > FILE_MAX) continue;
    const { damage } = scanBlock(readFileSync(file.path), stream, file.index);
    if (damage === null) continue;
    damaged.push({ file, damage });
    isDamaged ||= file === newest;
    // Where no record is whole in front of it, the file before tells which one it is.
    if (damage.at === 0 && before !== undefined && before.bytes <= FILE_MAX) copied.add(before);
    copied.add(file);
  }
  const kept = damaged.length === 0 ? '' : keep(join(dir, 'guard', stream), [...copied]);
  for (const { file, damage } of damaged) {
    if (file === newest && damage.unseen) truncateSync(file.path, damage.at);
    said.push(`${file.path} is damaged at ${damage.at}: ${damage.why}; ${kept}`);
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

/** On the disk when it returns: whoever starts then may cut the originals. Says what there is. */
function keep(guard: string, files: readonly Block[]): string {
  const damages = damagesOf(guard);
  if (damages.some((damage) => hasAll(damage.folder, files))) return 'an earlier copy is kept';
  if (damages.length >= DAMAGES_MAX) return `${DAMAGES_MAX} copies are kept below guard already, and none of this`;
  const folder = join(guard, String((damages.at(-1)?.number ?? 0) + 1));
  // Whole under its name, or not there.
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true, mode: 0o700 });
  for (const { path } of files) {
    const copy = join(part, basename(path));
    copyFileSync(path, copy);
    sync(copy, 'r+');
  }
  sync(part, 'r');
  renameSync(part, folder);
  sync(guard, 'r');
  return 'a copy is kept below guard';
}

function sync(path: string, flags: string): void {
  const fd = openSync(path, flags);
  try {
    fsyncSync(fd);
  } catch (error) {
    if (flags !== 'r') throw error; // there are file systems that cannot sync a folder
  } finally {
    closeSync(fd);
  }
}

interface Damage {
  readonly number: number;
  readonly folder: string;
}

/** In order. */
function damagesOf(guard: string): Damage[] {
  return names(guard)
    .flatMap((name) => (/^\d+$/.test(name) ? [{ number: Number(name), folder: join(guard, name) }] : []))
    .sort((a, b) => a.number - b.number);
}

/** nats-server did not come to cut anything, or was started again on files that were put back. */
function hasAll(folder: string, files: readonly Block[]): boolean {
  return files.every(({ path, bytes }) => {
    const copy = join(folder, basename(path));
    return statSync(copy, { throwIfNoEntry: false })?.size === bytes && readFileSync(copy).equals(readFileSync(path));
  });
}

interface GuardedFile {
  readonly bytes: Uint8Array;
  readonly index: number;
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

  /** The files of each damage, in order: of what two of them have, the later one's counts. */
  constructor(kept: readonly (readonly GuardedFile[])[], stream: string) {
    const damages: BlockDamage[] = [];
    for (const files of kept) {
      let before: BlockMessage | undefined;
      for (const { bytes, index } of files) {
        const { messages, damage } = scanBlock(bytes, stream, index, before);
        for (const { seq, start, end } of messages) this.#messages.set(seq, bytes.subarray(start, end));
        before = messages.at(-1);
        if (damage !== null) damages.push(damage);
      }
    }
    const seqs = [...this.#messages.keys()].sort((a, b) => a - b);
    this.firstSeq = seqs[0] ?? 1;
    this.lastSeq = seqs.at(-1) ?? 0;
    this.torn = damages.length > 0 && damages.every(({ torn }) => torn);
    for (const { seq, torn, why } of damages) {
      if (torn) continue;
      const hole = this.#hole(seq);
      if (this.why !== '' && (hole === 0 || hole >= this.damagedSeq)) continue;
      this.why = why;
      if (hole > 0 || this.damagedSeq === 0) this.damagedSeq = hole;
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

/** The copies of that log's newest files that were made and are not settled yet. `dir`: of the embedded nats-server. */
export function guardedTail(dir: string, stream: string): GuardedTail | null {
  const guard = join(dir, 'guard', stream);
  // Copies that stand in the folder itself are of an earlier version.
  const kept = [guard, ...damagesOf(guard).map(({ folder }) => folder)].map(blocks).filter(({ length }) => length > 0);
  if (kept.length === 0) return null;
  return new GuardedTail(
    kept.map((files) => files.map(({ path, index }) => ({ bytes: readFileSync(path), index }))),
    stream,
  );
}

/** The copies of that log are not needed any more. */
export function dropGuard(dir: string, stream: string): void {
  rmSync(join(dir, 'guard', stream), { recursive: true, force: true });
}

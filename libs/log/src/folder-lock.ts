/*
 * One process per folder, by a lock that the kernel keeps: an open transaction on an empty SQLite file. SQLite is how
 * Node reaches the system's file locks (fcntl); nothing is ever stored in the file.
 *
 * The lock ends with its process, however that ends, so nothing is stale after a kill -9 or a power cut. It holds
 * between containers: the kernel asks which file it is, not which pid or path. A pid file cannot do that: in every
 * container the server is process 1. A listening Unix socket needs a path below 108 bytes, and has to be removed and
 * made again after a crash, where two starts can meet.
 *
 * The lock is advisory and local to a machine, and on NFS as good as that server's locks.
 *
 * fcntl locks have a trap: a process loses them when it closes *any* descriptor of the file. So nobody opens weir.lock
 * but SQLite, which knows the trap, and who holds the lock is written in a file beside it.
 *
 * docs/decisions/6-a-lock-of-the-kernel.md has what else was looked at.
 */

import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const LOCK_FILE = 'weir.lock';
/** Who took the lock last: for people, and a sign that a folder was used. It stays when the lock is released. */
export const OWNER_FILE = 'weir.owner';

/**
 * Two that try at the same instant both step back once and try again, so a refusal takes this long. SQLite waits by
 * itself, in steps of milliseconds.
 */
const TRIES_MS = 100;
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_NOT_A_DATABASE = 26;

export class FolderLockedError extends Error {
  readonly code = 'folder-locked';
  constructor(message: string) {
    super(message);
    this.name = 'FolderLockedError';
  }
}

export class FolderLock {
  readonly dir: string;
  #database: DatabaseSync | null;

  /** `lockFolder` makes these. */
  constructor(dir: string, database: DatabaseSync) {
    this.dir = dir;
    this.#database = database;
  }

  /** Leaves word for those who will be refused. A disk that is full keeps nobody from holding the lock. */
  signOwner(): void {
    const owner = {
      pid: process.pid,
      host: hostname(),
      since: new Date(performance.timeOrigin + performance.now()).toISOString(),
    };
    try {
      writeFileSync(join(this.dir, OWNER_FILE), `${JSON.stringify(owner)}\n`);
    } catch {
      // Without it the refusal is less telling.
    }
  }

  release(): void {
    this.#database?.close();
    this.#database = null;
    held.delete(this);
  }
}

/**
 * Takes the lock of a folder, which is made when there is none. Throws a FolderLockedError, with who holds it as far as
 * that is known, and an Error with a sentence where the folder or its file system does not allow it. Nothing in the
 * folder is changed then.
 */
export function lockFolder(dir: string): FolderLock {
  const file = join(dir, LOCK_FILE);
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(dir, { recursive: true });
    // SQLite opens what it may not write for reading, and a transaction on that locks nothing.
    accessSync(dir, constants.W_OK);
    if (existsSync(file)) accessSync(file, constants.W_OK);
    database = new DatabaseSync(file, { timeout: TRIES_MS });
    // With a journal on disk a file would stand beside it, and a full disk would refuse the lock.
    // Not locking_mode=EXCLUSIVE: that keeps its shared lock while it tries again, and of two starts at the same
    // instant each could keep the other out.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw refusal(dir, file, error);
  }
  const lock = new FolderLock(dir, database);
  held.add(lock);
  return lock;
}

/** A lock whose object was collected would be gone in silence. */
const held = new Set<FolderLock>();

function refusal(dir: string, file: string, error: unknown): Error {
  const { errcode, message } = error as Error & { errcode?: number };
  if (errcode === undefined) return new Error(`the folder ${dir} cannot be used: ${message}`, { cause: error });
  // Extended codes carry the plain one in their low byte.
  if ((errcode & 0xff) === SQLITE_BUSY) return new FolderLockedError(`${dir} is in use by ${ownerOf(dir)}`);
  if (errcode === SQLITE_NOT_A_DATABASE) {
    const advice = 'it should be empty; move it away when no server runs in this folder';
    return new Error(`${file} is no lock file of Weir: ${advice}`, { cause: error });
  }
  const advice = (errcode & 0xff) === SQLITE_IOERR ? '; does its file system support locks?' : '';
  return new Error(`${file} cannot be locked: ${message}${advice}`, { cause: error });
}

/** In words. The file may be an earlier owner's for the moment between a lock and its signature. */
function ownerOf(dir: string): string {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(join(dir, OWNER_FILE), 'utf8')) as Record<string, unknown>;
    if (typeof pid === 'number' && typeof host === 'string' && typeof since === 'string')
      return `process ${pid} on host ${JSON.stringify(host)} since ${since}, as its ${OWNER_FILE} says`;
  } catch {
    // Not signed yet.
  }
  return 'another process, which has not signed yet';
}

import type { LogPosition } from '@weir/log';
import { freshNodeFile } from './node-file.ts';
import type { NodeFile, NodeFileState, NodeFiles } from './node-file.ts';

/** What a node knows of the log that it leads, as it writes it down: the log holds at least that, or has lost something. */
export interface Note {
  /** Of a record that the log had stored. */
  readonly position: LogPosition;
  /** It stopped leading in order behind that record. */
  readonly clean: boolean;
  /** Ids of the slaves that followed it then. */
  readonly slaves: readonly string[];
}

/** `appendfsync` of a NATS server that is this node's own. */
export type SyncChoice = 'always' | 'everysec' | 'no';

/** The same with what tells whether a crash of the machine explains that the log ends before the position (proof.ts). */
export interface Known extends Note {
  /** When it was written, the machine had not been started again since it had this id. Null: the file does not say. */
  readonly bootId: string | null;
  /** Null: somebody else's NATS server, or the file does not say. */
  readonly sync: SyncChoice | null;
  /** A position that was old when the other one was written: `SETTLED_MS` at least, so the system had put it on the disk whatever `sync` says. */
  readonly settled: LogPosition | null;
}

/** What a node remembers over restarts, as its role needs it. */
export interface RoleMemory {
  /** Names this node among the members of a cluster. */
  readonly id: string;
  /** The log that it led last; null before the first. */
  readonly logId: string | null;
  /** Changes when the machine is started again. */
  readonly bootId: string | null;
  /** How many logs this node had begun before the one that it has. */
  readonly generation: number;
  /** The file is gone, and there was one, as this other file shows; null: all is well. */
  readonly lostSign: string | null;
  /** Null: this node never led that log, or its file is from before it wrote this down. */
  known(logId: string): Known | null;
  /** A log that this node began, in place of the one that it had. On disk when it returns. */
  begin(logId: string, generation: number, note: Note | null): void;
  /** This node's log is that one from now on. On disk when it returns. */
  remember(logId: string, note: Note | null): void;
  /** As `remember`, for the log that it has: soon and without waiting for the disk. */
  note(logId: string, note: Note): void;
  /** What was known of the log counts no more: an operator takes it as it is. */
  forget(): void;
}

/** What surrounds a node. */
export interface Surroundings {
  readonly bootId: string | null;
  readonly sync: () => SyncChoice | null;
  /** Of a clock that is never set. */
  readonly nowMs: () => number;
}

/** Twice as long as Linux leaves a written page in memory (30 s and the 5 s between two looks, unless it is told otherwise). */
const SETTLED_MS = 70_000;

/**
 * The node's own file as the role needs it. What is known of the log is written when the node begins to lead, every few seconds while its log
 * grows, and when it stops; it lags behind, which is why it proves a loss but never the opposite.
 */
export class NodeMemory implements RoleMemory {
  readonly #writer: NodeFiles;
  readonly #around: Surroundings;
  #file: NodeFile;
  lostSign: string | null;
  #settled: LogPosition | null = null;
  /** Becomes the settled one when it is old enough. */
  #settling: { readonly position: LogPosition; readonly sinceMs: number } | null = null;

  constructor(files: NodeFiles, found: NodeFileState, around: Surroundings) {
    this.#writer = files;
    this.#around = around;
    this.#file = found.kind === 'known' ? found.file : freshNodeFile();
    this.lostSign = found.kind === 'lost' ? found.sign : null;
    if (this.#file.logId !== null) this.#settled = this.known(this.#file.logId)?.settled ?? null;
    if (found.kind === 'none' || (found.kind === 'known' && found.format === 0)) this.#writer.write(this.#file);
  }

  get id(): string {
    return this.#file.id;
  }

  get logId(): string | null {
    return this.#file.logId;
  }

  get bootId(): string | null {
    return this.#around.bootId;
  }

  get generation(): number {
    const { generation } = this.#file;
    return typeof generation === 'number' && Number.isSafeInteger(generation) ? generation : 0;
  }

  begin(logId: string, generation: number, note: Note | null): void {
    this.#file = { ...this.#file, generation };
    this.remember(logId, note);
  }

  known(logId: string): Known | null {
    return this.#file.logId === logId ? toKnown(this.#file['known']) : null;
  }

  remember(logId: string, note: Note | null): void {
    const { known: old, ...rest } = this.#file;
    if (rest.logId !== logId) {
      this.#settled = null;
      this.#settling = null;
    }
    const kept = note !== null ? this.#complete(note) : rest.logId === logId ? old : undefined;
    this.#file = { ...rest, logId, ...(kept === undefined ? {} : { known: kept }) };
    this.#writer.write(this.#file);
    this.lostSign = null;
  }

  forget(): void {
    const { known: _known, ...rest } = this.#file;
    this.#file = rest;
    this.#settled = null;
    this.#settling = null;
    this.#writer.write(this.#file);
  }

  note(logId: string, note: Note): void {
    if (this.#file.logId !== logId) return;
    this.#file = { ...this.#file, known: this.#complete(note) };
    this.#writer.writeLater(this.#file);
  }

  #complete({ position, clean, slaves }: Note): Known {
    const { bootId, sync, nowMs } = this.#around;
    const now = nowMs();
    if (this.#settling !== null && now - this.#settling.sinceMs >= SETTLED_MS) {
      this.#settled = this.#settling.position;
      this.#settling = null;
    }
    // The log may have lost its end meanwhile, within what `sync` allows.
    if (this.#settled !== null && this.#settled.seq > position.seq) this.#settled = null;
    this.#settling ??= { position, sinceMs: now };
    return { position, clean, slaves, bootId, sync: sync(), settled: this.#settled };
  }
}

function toKnown(value: unknown): Known | null {
  if (typeof value !== 'object' || value === null) return null;
  const { position, clean, slaves, bootId, sync, settled } = value as Partial<Record<keyof Known, unknown>>;
  const at = toPosition(position);
  if (at === null) return null;
  return {
    position: at,
    clean: clean === true,
    slaves: Array.isArray(slaves) ? slaves.filter((id) => typeof id === 'string') : [],
    bootId: typeof bootId === 'string' ? bootId : null,
    sync: sync === 'always' || sync === 'everysec' || sync === 'no' ? sync : null,
    settled: toPosition(settled),
  };
}

function toPosition(value: unknown): LogPosition | null {
  if (typeof value !== 'object' || value === null) return null;
  const { seq, offset, epoch, checksum } = value as Partial<Record<keyof LogPosition, unknown>>;
  const numbers = [seq, offset, epoch].every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  if (!numbers || typeof checksum !== 'string' || !/^[0-9a-f]{16}$/.test(checksum)) return null;
  return value as LogPosition;
}

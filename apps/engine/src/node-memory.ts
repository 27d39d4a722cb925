import type { LogPosition } from '@weir/log';
import { NodeFileWriter, freshNodeFile } from './node-file.ts';
import type { NodeFile, NodeFileState } from './node-file.ts';

/** What a node knew of the log that it led, when it wrote it down: the log holds at least that, or has lost something. */
export interface Known {
  /** Of a record that the log had stored. */
  readonly position: LogPosition;
  /** It stopped leading in order behind that record. */
  readonly clean: boolean;
  /** Ids of the slaves that followed it then. */
  readonly slaves: readonly string[];
}

/**
 * The node's own file as the role needs it. What is known of the log is written when the node begins to lead, every few seconds while its log
 * grows, and when it stops; it lags behind, which is why it proves a loss but never the opposite.
 */
export class NodeMemory {
  readonly #writer: NodeFileWriter;
  #file: NodeFile;
  /** The file is gone, and there was one, as this other file shows; null: all is well. */
  lostSign: string | null;

  constructor(dir: string, found: NodeFileState) {
    this.#writer = new NodeFileWriter(dir);
    this.#file = found.kind === 'known' ? found.file : freshNodeFile();
    this.lostSign = found.kind === 'lost' ? found.sign : null;
    if (found.kind === 'none' || (found.kind === 'known' && found.format === 0)) this.#writer.write(this.#file);
  }

  get id(): string {
    return this.#file.id;
  }

  get logId(): string | null {
    return this.#file.logId;
  }

  /** Null: this node never led that log, or its file is from before it wrote this down. */
  known(logId: string): Known | null {
    return this.#file.logId === logId ? toKnown(this.#file['known']) : null;
  }

  /** This node's log is that one from now on. On disk when it returns. */
  remember(logId: string, known: Known | null): void {
    const { known: old, ...rest } = this.#file;
    const kept = known ?? (rest.logId === logId ? old : undefined);
    this.#file = { ...rest, logId, ...(kept === undefined ? {} : { known: kept }) };
    this.#writer.write(this.#file);
    this.lostSign = null;
  }

  /** What was known of the log counts no more: an operator takes it as it is. */
  forget(): void {
    const { known: _known, ...rest } = this.#file;
    this.#file = rest;
    this.#writer.write(this.#file);
  }

  /** As `remember`, for the log that it has: soon and without waiting for the disk. */
  note(logId: string, known: Known): void {
    if (this.#file.logId !== logId) return;
    this.#file = { ...this.#file, known };
    this.#writer.writeLater(this.#file);
  }
}

function toKnown(value: unknown): Known | null {
  if (typeof value !== 'object' || value === null) return null;
  const { position, clean, slaves } = value as Partial<Record<keyof Known, unknown>>;
  if (typeof position !== 'object' || position === null) return null;
  const { seq, offset, epoch, checksum } = position as Partial<Record<keyof LogPosition, unknown>>;
  const numbers = [seq, offset, epoch].every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  if (!numbers || typeof checksum !== 'string' || !/^[0-9a-f]{16}$/.test(checksum)) return null;
  return {
    position: position as LogPosition,
    clean: clean === true,
    slaves: Array.isArray(slaves) ? slaves.filter((id) => typeof id === 'string') : [],
  };
}

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { OWNER_FILE, writeFileDurably } from '@weir/log';

/**
 * `weir-node.json`: what a node remembers of itself in `dir`.
 *
 * The file decides which log this node leads, and a node that leads the wrong one deposes that log's master. So a file
 * that cannot be believed stops the start; it is never replaced by a guess. Not even NATS can tell: on shared servers
 * it remembers the log of the cluster, and this node may lead another since REPLICAOF NO ONE.
 *
 * One line of JSON that ends with a checksum of everything before it. History of `format`:
 *
 *   none  id and logId, without a checksum. Still read; an operator may write such a file by hand.
 *   1     `format` first, then the fields, `check` last: CRC-32 of the bytes in front of `,"check"`, eight hex digits.
 *
 * A field that this program does not know is kept when the file is written again. So a new field needs a new format
 * only when a program that does not know the field would do harm.
 */
export interface NodeFile {
  /** Names this node among the members of a cluster. */
  readonly id: string;
  /** The log that it led last; null before the first. */
  readonly logId: string | null;
  /** Fields of later programs. */
  readonly [field: string]: unknown;
}

export type NodeFileState =
  /** Nothing says that a node was ever here. */
  | { readonly kind: 'none' }
  /** There is no file, and yet the folder was a node's: `sign` names the file that shows it. */
  | { readonly kind: 'lost'; readonly sign: string }
  | { readonly kind: 'known'; readonly file: NodeFile; readonly format: number };

export type NodeFileErrorCode =
  | 'node-file-damaged' // restore it, or say on purpose that this is a new node
  | 'node-file-missing' // the same; the folder shows that there was one
  | 'node-file-newer'; // start the newer program

export class NodeFileError extends Error {
  readonly code: NodeFileErrorCode;
  constructor(code: NodeFileErrorCode, message: string) {
    super(message);
    this.name = 'NodeFileError';
    this.code = code;
  }
}

export const NODE_FILE = 'weir-node.json';
const FORMAT = 1;
/** Both come after the node's file in the first start of a folder, and stay. */
const SIGNS = ['nats/store', OWNER_FILE] as const;

/** Reads the file in `dir`, and writes nothing. Throws a NodeFileError for one that is damaged or of a newer program. */
export function readNodeFile(dir: string): NodeFileState {
  const path = join(dir, NODE_FILE);
  let text: string;
  try {
    // One character a byte: a damaged byte must not turn into the same replacement character as another.
    text = readFileSync(path, 'latin1');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw damaged(path, message);
    const sign = SIGNS.find((name) => existsSync(join(dir, name)));
    return sign === undefined ? { kind: 'none' } : { kind: 'lost', sign: join(dir, sign) };
  }
  return { kind: 'known', ...parse(path, text) };
}

/** Writes the file in `dir` in the present format; when this returns, it is on disk. */
export function writeNodeFile(dir: string, file: NodeFile): void {
  writeFileDurably(join(dir, NODE_FILE), textOf(file), { encoding: 'latin1' });
}

function textOf(file: NodeFile): string {
  const { id, logId, format: _format, check: _check, ...more } = file;
  const fields = latin1(JSON.stringify({ format: FORMAT, id, logId, ...more }));
  const covered = fields.slice(0, -1);
  return `${covered},"check":"${checksum(covered)}"}\n`;
}

/** Where a node's file is kept. */
export interface NodeFiles {
  read(): NodeFileState;
  /** On disk when it returns. Throws what the system says. */
  write(file: NodeFile): void;
  /** Soon, without waiting for the disk. */
  writeLater(file: NodeFile): void;
}

/** In a folder. */
export class NodeFileStore implements NodeFiles {
  readonly #dir: string;
  readonly #writer: NodeFileWriter;

  constructor(dir: string) {
    this.#dir = dir;
    this.#writer = new NodeFileWriter(dir);
  }

  read(): NodeFileState {
    return readNodeFile(this.#dir);
  }

  write(file: NodeFile): void {
    this.#writer.write(file);
  }

  writeLater(file: NodeFile): void {
    this.#writer.writeLater(file);
  }
}

/** Writes the file now, or soon without holding the caller up; what was asked for last is what stays. */
export class NodeFileWriter {
  readonly #dir: string;
  /** Counts the writes asked for: an older one that is still on its way to the disk must not replace a newer one. */
  #asked = 0;
  #later: NodeFile | null = null;
  #busy = false;

  constructor(dir: string) {
    this.#dir = dir;
  }

  write(file: NodeFile): void {
    this.#asked++;
    this.#later = null;
    writeNodeFile(this.#dir, file);
  }

  /** A write that fails is left: the next one follows, and what stands in the file stays true. */
  writeLater(file: NodeFile): void {
    this.#asked++;
    this.#later = file;
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    const path = join(this.#dir, NODE_FILE);
    while (this.#later !== null) {
      const text = textOf(this.#later);
      const asked = this.#asked;
      this.#later = null;
      try {
        const file = await open(`${path}.later`, 'w');
        try {
          await file.writeFile(text, 'latin1');
          await file.sync();
        } finally {
          await file.close();
        }
        if (asked === this.#asked) renameSync(`${path}.later`, path);
      } catch {
        // A full disk, for one: see above.
      }
    }
    this.#busy = false;
  }
}

export function freshNodeFile(): NodeFile {
  return { id: randomBytes(8).toString('hex'), logId: null };
}

/** The refusal of a node whose file is gone and whose log the NATS servers cannot name for certain. */
export function missingNodeFile(dir: string, sign: string): NodeFileError {
  const what = `${join(dir, NODE_FILE)} is missing, but ${sign} shows that a node ran here`;
  return new NodeFileError('node-file-missing', `${what}. ${RUNBOOK}`);
}

function damaged(path: string, why: string): NodeFileError {
  return new NodeFileError('node-file-damaged', `${path} is damaged: ${why}. ${RUNBOOK}`);
}

const RUNBOOK =
  'Without it this node could lead another log than its own. Restore it from a copy, or write one that names the log: ' +
  'docs/deployment.md, "A damaged weir-node.json", says how';

function parse(path: string, text: string): { file: NodeFile; format: number } {
  if (text === '') throw damaged(path, 'it is empty');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'latin1').toString('utf8'));
  } catch {
    throw damaged(path, 'it is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(path, 'it is no JSON object');
  const { format, check, ...fields } = value as Record<string, unknown>;
  // With one of the two it was written with a checksum, whatever has become of the other.
  const isOld = Object.keys(value).every((name) => name === 'id' || name === 'logId');
  if (!isOld) verify(path, text, check);
  if (!isOld && (typeof format !== 'number' || !Number.isInteger(format) || format < 1))
    throw damaged(path, 'it has no format number');
  if (!isOld && (format as number) > FORMAT) {
    throw new NodeFileError(
      'node-file-newer',
      `${path} has format ${format as number}, written by a newer Weir; this one reads up to ${FORMAT}. Start the newer one`,
    );
  }
  const { id, logId } = fields;
  if (typeof id !== 'string' || !/^[0-9a-f]{16}$/.test(id)) throw damaged(path, 'it has no node id');
  if (logId !== null && (typeof logId !== 'string' || !/^[0-9A-Za-z_-]{1,128}$/.test(logId)))
    throw damaged(path, 'it has no log id');
  return { file: { ...fields, id, logId }, format: isOld ? 0 : (format as number) };
}

function verify(path: string, text: string, check: unknown): void {
  const at = text.lastIndexOf(',"check":"');
  if (at < 0 || typeof check !== 'string') throw damaged(path, 'it has no checksum');
  if (text.slice(at) !== `,"check":"${checksum(text.slice(0, at))}"}\n`)
    throw damaged(path, 'its checksum does not fit');
}

/** The UTF-8 bytes of a text, one character a byte. */
function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function checksum(bytes: string): string {
  return crc32(Buffer.from(bytes, 'latin1')).toString(16).padStart(8, '0');
}

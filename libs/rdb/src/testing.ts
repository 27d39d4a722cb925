import type { RdbSink } from './types.ts';
import { RdbWriter } from './writer.ts';

/** A view's bytes, one character each: comparable and readable in a failed assertion. */
export function latin1(buf: Uint8Array, off = 0, len = buf.length - off): string {
  return Buffer.from(buf.buffer, buf.byteOffset + off, len).toString('latin1');
}

export function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

export interface CollectedEntry {
  readonly db: number;
  readonly key: string;
  readonly value: string;
  readonly expireAtMs: number;
  readonly lruIdleSeconds: number;
  readonly lfuFreq: number;
}

/** Keeps everything that a reader tells, bytes as latin1 strings. */
export class CollectingSink implements RdbSink {
  version = 0;
  ended = false;
  readonly auxFields: [string, string][] = [];
  readonly databases: number[] = [];
  readonly sizes: [number, number][] = [];
  readonly entries: CollectedEntry[] = [];
  readonly functions: string[] = [];

  header(version: number): void {
    this.version = version;
  }
  aux(key: Uint8Array, value: Uint8Array): void {
    this.auxFields.push([latin1(key), latin1(value)]);
  }
  selectDb(db: number): void {
    this.databases.push(db);
  }
  resizeDb(keys: number, expires: number): void {
    this.sizes.push([keys, expires]);
  }
  string(
    db: number,
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    valBuf: Uint8Array,
    valOff: number,
    valLen: number,
    expireAtMs: number,
    lruIdleSeconds: number,
    lfuFreq: number,
  ): void {
    const key = latin1(keyBuf, keyOff, keyLen);
    this.entries.push({ db, key, value: latin1(valBuf, valOff, valLen), expireAtMs, lruIdleSeconds, lfuFreq });
  }
  functionLibrary(code: Uint8Array): void {
    this.functions.push(latin1(code));
  }
  end(): void {
    this.ended = true;
  }
}

export interface FileOptions {
  readonly compress?: boolean;
  readonly checksum?: boolean;
  readonly chunkBytes?: number;
}

/** The file that `write` writes, in one piece. */
export function writeFile(write: (writer: RdbWriter) => void, options: FileOptions = {}): Uint8Array {
  const parts: Buffer[] = [];
  const writer = new RdbWriter({ ...options, flush: (chunk) => parts.push(Buffer.from(chunk)) });
  writer.header();
  write(writer);
  writer.end();
  const file = new Uint8Array(Buffer.concat(parts));
  if (file.length !== writer.bytesWritten) throw new Error(`wrote ${file.length}, says ${writer.bytesWritten}`);
  return file;
}

export function putEntry(writer: RdbWriter, entry: CollectedEntry): void {
  const key = bytes(entry.key);
  const value = bytes(entry.value);
  const { expireAtMs, lruIdleSeconds, lfuFreq } = entry;
  writer.stringEntry(key, 0, key.length, value, 0, value.length, expireAtMs, lruIdleSeconds, lfuFreq);
}

/** Writes what a reader tells: a copied file. */
export function copyingSink(writer: RdbWriter): RdbSink {
  return {
    header: () => writer.header(),
    aux: (key, value) => writer.aux(key, value),
    selectDb: (db) => writer.selectDb(db),
    resizeDb: (keys, expires) => writer.resizeDb(keys, expires),
    string: (_db, keyBuf, keyOff, keyLen, valBuf, valOff, valLen, expireAtMs, lruIdleSeconds, lfuFreq) =>
      writer.stringEntry(keyBuf, keyOff, keyLen, valBuf, valOff, valLen, expireAtMs, lruIdleSeconds, lfuFreq),
    end: () => writer.end(),
  };
}

// What DUMP answers and RESTORE takes: type byte, value, version of the format (16 bits), CRC64 of all before it; little endian.

import { Crc64 } from './crc64.ts';
import { RdbError } from './errors.ts';
import { OP_FUNCTION2, RDB_VERSION_READ_MAX, RDB_VERSION_VALKEY, RDB_VERSION_WRITTEN, TYPE_STRING } from './format.ts';
import { MAX_STRING_BYTES_DEFAULT, RdbInput } from './input.ts';
import type { RdbSink } from './types.ts';
import { isReadable, RdbEntry, ValueReader } from './values.ts';
import { RdbWriter } from './writer.ts';

const FOOTER_BYTES = 10;

/** Makes DUMP payloads; one per engine, since it holds a buffer and the compressor's table. */
export class DumpEncoder {
  readonly #writer: RdbWriter;
  readonly #parts: Uint8Array[] = [];
  readonly #crc = new Crc64();

  /** compress: rdbcompression. */
  constructor(compress = true) {
    this.#writer = new RdbWriter({
      flush: (chunk) => this.#parts.push(new Uint8Array(chunk)),
      compress,
      checksum: false,
    });
  }

  /** An owned payload. */
  string(buf: Uint8Array, off: number, len: number): Uint8Array {
    this.begin(TYPE_STRING).valueString(buf, off, len);
    return this.finish();
  }

  /** For a value of any type: its valueXxx methods must follow on the answered writer, then finish(). */
  begin(type: number): RdbWriter {
    const writer = this.#writer;
    this.#parts.length = 0; // of a payload that was not finished
    writer.begin();
    writer.putByte(type);
    return writer;
  }

  /** FUNCTION DUMP: the sources of libraries. An owned payload. */
  functions(codes: Iterable<Uint8Array>): Uint8Array {
    this.#parts.length = 0;
    this.#writer.begin();
    for (const code of codes) this.#writer.functionLibrary(code);
    return this.finish();
  }

  /** The owned payload of what was written since begin(). */
  finish(): Uint8Array {
    this.#writer.flush();
    const payload = new Uint8Array(this.#writer.bytesWritten + FOOTER_BYTES);
    let at = 0;
    for (const part of this.#parts) {
      payload.set(part, at);
      at += part.length;
    }
    this.#parts.length = 0;
    payload[at++] = RDB_VERSION_WRITTEN;
    payload[at++] = RDB_VERSION_WRITTEN >>> 8;
    this.#crc.reset();
    this.#crc.update(payload, 0, at);
    this.#crc.writeTo(payload, at);
    return payload;
  }
}

/** 'bad': what Redis answers with "DUMP payload version or checksum are wrong". */
export function verifyPayload(buf: Uint8Array, off: number, len: number): 'ok' | 'bad' {
  if (len < FOOTER_BYTES) return 'bad';
  const footer = off + len - FOOTER_BYTES;
  const version = buf[footer] | (buf[footer + 1] << 8);
  if (version > RDB_VERSION_READ_MAX && version !== RDB_VERSION_VALKEY) return 'bad';
  const crc = new Crc64();
  crc.update(buf, off, len - 8);
  return crc.equals(buf, footer + 2) ? 'ok' : 'bad';
}

/** Sources of the libraries in a payload of FUNCTION DUMP that verifyPayload found good; null: it holds something else. */
export function parseFunctions(buf: Uint8Array, off: number, len: number): Uint8Array[] | null {
  const codes: Uint8Array[] = [];
  const input = new RdbInput(MAX_STRING_BYTES_DEFAULT);
  input.buf = buf;
  input.pos = off;
  input.end = off + len - FOOTER_BYTES;
  try {
    while (input.pos < input.end) {
      if (buf[input.pos++] !== OP_FUNCTION2 || !input.readString(input.valueScratch)) return null;
      codes.push(input.copyString());
    }
  } catch (error) {
    if (error instanceof RdbError) return null;
    throw error;
  }
  return codes;
}

/**
 * Reads a payload that verifyPayload found good, and tells its value to the sink as a snapshot would, with the given key and times.
 * Bytes between the value and the footer are ignored, as in Redis. 'bad-format' (Redis: "Bad data format"; empty collections are one
 * too): the sink may have been told beginValue and some of the value, but not endValue; the caller drops what it has built.
 */
export function parsePayload(
  buf: Uint8Array,
  off: number,
  len: number,
  sink: RdbSink,
  db: number,
  keyBuf: Uint8Array,
  keyOff: number,
  keyLen: number,
  expireAtMs: number,
  lruIdleSeconds: number,
  lfuFreq: number,
): 'ok' | 'bad-format' | 'unsupported-type' {
  if (len <= FOOTER_BYTES) return 'bad-format';
  const type = buf[off];
  if (!isReadable(type)) return 'unsupported-type';
  const entry = new RdbEntry();
  entry.db = db;
  entry.keyBuf = keyBuf;
  entry.keyOff = keyOff;
  entry.keyLen = keyLen;
  entry.expireAtMs = expireAtMs;
  entry.lruIdleSeconds = lruIdleSeconds;
  entry.lfuFreq = lfuFreq;
  const input = new RdbInput(MAX_STRING_BYTES_DEFAULT);
  input.buf = buf;
  input.pos = off + 1;
  input.end = off + len - FOOTER_BYTES;
  const values = new ValueReader(sink, entry, len);
  try {
    if (!values.begin(input, type)) return 'bad-format';
    while (!values.done) if (!values.step(input)) return 'bad-format';
    return values.told ? 'ok' : 'bad-format';
  } catch (error) {
    if (error instanceof RdbError) return 'bad-format';
    throw error;
  }
}

import { TYPE_NAMES, TYPE_STRING } from './format.ts';
import type { RdbInput } from './input.ts';
import type { RdbSink } from './types.ts';

/** Everything of an entry but its value. One object per reader, reused. */
export class RdbEntry {
  db = 0;
  keyBuf: Uint8Array = new Uint8Array(0);
  keyOff = 0;
  keyLen = 0;
  expireAtMs = -1;
  lruIdleSeconds = -1;
  lfuFreq = -1;
}

/**
 * Reads a value and tells it to the sink, or answers false when bytes are missing: it is then called again from the start of the
 * entry, so it must tell the sink nothing before it has the whole value. (A type that may have millions of elements is not read in
 * one go: it is a state of the reader, element by element, as module data is.)
 */
export type ValueReader = (input: RdbInput, entry: RdbEntry, sink: RdbSink) => boolean;

function readStringValue(input: RdbInput, entry: RdbEntry, sink: RdbSink): boolean {
  if (!input.readString(input.valueScratch)) return false;
  sink.string(
    entry.db,
    entry.keyBuf,
    entry.keyOff,
    entry.keyLen,
    input.strBuf,
    input.strOff,
    input.strLen,
    entry.expireAtMs,
    entry.lruIdleSeconds,
    entry.lfuFreq,
  );
  return true;
}

/** Index = type byte. Every type that Redis has is here, so that what is not read is refused by its name. */
export const VALUE_READERS: readonly (ValueReader | undefined)[] = TYPE_NAMES.map((_, type) =>
  type === TYPE_STRING ? readStringValue : undefined,
);

/** Throws for a type without a reader. */
export function refuseType(input: RdbInput, type: number, keyName: string): never {
  const name = TYPE_NAMES[type];
  if (name === undefined) return input.fail('unknown-type', `Unknown type or opcode ${type}`);
  return input.fail('unsupported-type', `Values of type ${name} (${type}) are not supported, key ${keyName}`);
}

const KEY_SHOWN_BYTES = 64;

/** A key for an error message: printable ASCII as it is, the rest escaped, long ones cut. */
export function printableKey(buf: Uint8Array, off: number, len: number): string {
  let text = '"';
  for (let i = off, stop = off + Math.min(len, KEY_SHOWN_BYTES); i < stop; i++) {
    const byte = buf[i];
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text + (len > KEY_SHOWN_BYTES ? '"…' : '"');
}

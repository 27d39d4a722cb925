// The two header lines of a request frame.

import { CR, LF, digitsOf, writeDigits } from './bytes.ts';

export function frameLength(args: readonly Uint8Array[]): number {
  let bytes = 3 + digitsOf(args.length);
  for (const arg of args) bytes += 5 + digitsOf(arg.length) + arg.length;
  return bytes;
}

function writeHeader(buf: Uint8Array, pos: number, marker: number, count: number): number {
  buf[pos++] = marker;
  if (count < 10) buf[pos++] = 48 + count;
  else pos = writeDigits(buf, pos, count);
  buf[pos++] = CR;
  buf[pos++] = LF;
  return pos;
}

export function writeFrameHeader(buf: Uint8Array, pos: number, argc: number): number {
  return writeHeader(buf, pos, 42, argc);
}

export function writeBulkHeader(buf: Uint8Array, pos: number, len: number): number {
  return writeHeader(buf, pos, 36, len);
}

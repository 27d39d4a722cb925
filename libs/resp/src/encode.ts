import { CR, LF, allocBytes, copyBytes } from './bytes.ts';
import { frameLength, writeBulkHeader, writeFrameHeader } from './frame.ts';

/** One request as bytes; strings are UTF-8. For clients and tests, not for hot paths. */
export function encodeCommand(args: readonly (string | Uint8Array | number)[]): Uint8Array {
  const parts = args.map((arg) => (arg instanceof Uint8Array ? arg : Buffer.from(String(arg))));
  const buf = allocBytes(frameLength(parts));
  let pos = writeFrameHeader(buf, 0, parts.length);
  for (const part of parts) {
    pos = writeBulkHeader(buf, pos, part.length);
    copyBytes(buf, pos, part, 0, part.length);
    pos += part.length;
    buf[pos++] = CR;
    buf[pos++] = LF;
  }
  return buf;
}

import { isUtf8 } from 'node:buffer';

/** Keys and values are bytes; JSON has text. What is no UTF-8 is shown in base64, and says so. Pure. */
export interface ShownBytes {
  readonly text: string;
  readonly encoding: 'utf8' | 'base64';
  /** Of the whole value. */
  readonly bytes: number;
  /** Only its beginning is shown. */
  readonly truncated: boolean;
}

/** `whole`: bytes that it has in all, where less than that is at hand. */
export function showBytes(value: Uint8Array, bytesMax: number, whole: number = value.length): ShownBytes {
  const view = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const cut = view.length > bytesMax ? cutText(view, bytesMax) : view;
  const truncated = cut.length < whole;
  if (isUtf8(cut)) return { text: cut.toString('utf8'), encoding: 'utf8', bytes: whole, truncated };
  return { text: view.subarray(0, bytesMax).toString('base64'), encoding: 'base64', bytes: whole, truncated };
}

/** Not in the middle of a character, if it is text. */
function cutText(view: Buffer, bytesMax: number): Buffer {
  let end = bytesMax;
  while (end > 0 && end > bytesMax - 4 && (view[end]! & 0xc0) === 0x80) end--;
  const cut = view.subarray(0, end);
  return isUtf8(cut) ? cut : view.subarray(0, bytesMax);
}

/** The bytes that a request names. */
export function namedBytes(text: string, encoding: 'utf8' | 'base64' = 'utf8'): Buffer {
  return Buffer.from(text, encoding);
}

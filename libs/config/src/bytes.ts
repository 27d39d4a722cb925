/** Between byte strings (one character per byte), text and bytes. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function latin1(bytes: Uint8Array): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += 4096) out += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return out;
}

export function toBytes(byteString: string): Uint8Array {
  const bytes = new Uint8Array(byteString.length);
  for (let i = 0; i < byteString.length; i += 1) bytes[i] = byteString.charCodeAt(i);
  return bytes;
}

const ASCII = /^[\x00-\x7f]*$/; // eslint-disable-line no-control-regex

/** Text as the bytes of its UTF-8. */
export function fromText(text: string): string {
  return ASCII.test(text) ? text : latin1(encoder.encode(text));
}

export function toText(byteString: string): string {
  return ASCII.test(byteString) ? byteString : decoder.decode(toBytes(byteString));
}

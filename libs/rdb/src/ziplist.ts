// The two forms that listpacks replaced in Redis 7.0: ziplists, and (before 2.6) zipmaps. They are read, and at once made into
// listpacks, as Redis does when it loads them.
//
// ziplist = total bytes (32 bits)   offset of the last entry (32)   count (16; 65535: not known)   entry…   0xff
// entry   = length of the previous entry (1 byte, or 0xfe and 32 bits)   encoding   data
//
// zipmap  = count (1 byte; 254: not known)   { length key   length free value unused… }…   0xff

import type { ListpackBuilder } from './listpack-builder.ts';

const ZIPLIST_HEADER_BYTES = 10;
const END = 0xff;
const LONG_LENGTH = 0xfe;
const COUNT_UNKNOWN = 0xffff;

/** Appends all entries; false, with an unknown part of them appended, when the ziplist is damaged or not exactly `len` bytes long. */
export function ziplistToListpack(buf: Uint8Array, off: number, len: number, out: ListpackBuilder): boolean {
  if (len < ZIPLIST_HEADER_BYTES + 1) return false;
  const end = off + len - 1;
  if (little32(buf, off) !== len || buf[end] !== END) return false;
  let at = off + ZIPLIST_HEADER_BYTES;
  let previous = 0; // length of the entry before
  let last = at;
  let count = 0;
  while (at < end) {
    last = at;
    let i = at;
    let claimed = buf[i++];
    if (claimed === END) return false;
    if (claimed === LONG_LENGTH) {
      if (i + 4 > end) return false;
      claimed = little32(buf, i);
      i += 4;
    }
    if (claimed !== previous) return false;
    i = ziplistEntry(buf, i, end, out);
    if (i === -1) return false;
    previous = i - at;
    at = i;
    count++;
  }
  const known = buf[off + 8] | (buf[off + 9] << 8);
  if (known !== COUNT_UNKNOWN && known !== count) return false;
  return little32(buf, off + 4) === last - off;
}

/** Appends the entry whose encoding stands at `at`; where it ends, or -1. */
function ziplistEntry(buf: Uint8Array, at: number, end: number, out: ListpackBuilder): number {
  if (at >= end) return -1;
  const encoding = buf[at];
  if (encoding < 0xc0) {
    let from = at + 1;
    let length = encoding & 0x3f;
    if (encoding >= 0x80) {
      if (at + 5 > end) return -1;
      length = ((buf[at + 1] << 24) | (buf[at + 2] << 16) | (buf[at + 3] << 8) | buf[at + 4]) >>> 0;
      from = at + 5;
    } else if (encoding >= 0x40) {
      if (at + 2 > end) return -1;
      length = (length << 8) | buf[at + 1];
      from = at + 2;
    }
    if (from + length > end) return -1;
    out.append(buf, from, length);
    return from + length;
  }
  const width = integerWidth(encoding);
  const from = at + 1;
  if (width === -1 || from + width > end) return -1;
  if (width === 8) {
    out.appendInteger(little32(buf, from + 4) | 0, little32(buf, from));
  } else {
    let value = (encoding & 0x0f) - 1; // no data: one of 0 to 12
    if (width === 1) value = (buf[from] << 24) >> 24;
    else if (width === 2) value = ((buf[from] | (buf[from + 1] << 8)) << 16) >> 16;
    else if (width === 3) value = ((buf[from] | (buf[from + 1] << 8) | (buf[from + 2] << 16)) << 8) >> 8;
    else if (width === 4) value = little32(buf, from) | 0;
    out.appendInteger(value >> 31, value >>> 0);
  }
  return from + width;
}

function integerWidth(encoding: number): number {
  switch (encoding) {
    case 0xc0:
      return 2;
    case 0xd0:
      return 4;
    case 0xe0:
      return 8;
    case 0xf0:
      return 3;
    case 0xfe:
      return 1;
    default:
      return encoding >= 0xf1 && encoding <= 0xfd ? 0 : -1;
  }
}

/** As ziplistToListpack: fields and values in turn. One without fields is damaged: Redis refuses it, unlike an empty ziplist. */
export function zipmapToListpack(buf: Uint8Array, off: number, len: number, out: ListpackBuilder): boolean {
  if (len < 2) return false;
  const end = off + len - 1;
  if (buf[end] !== END) return false;
  let at = off + 1;
  let pairs = 0;
  while (at < end) {
    for (let part = 0; part < 2; part++) {
      if (at >= end) return false;
      let length = buf[at++];
      if (length === END) return false;
      if (length === LONG_LENGTH) {
        if (at + 4 > end) return false;
        length = little32(buf, at);
        at += 4;
      }
      let unused = 0;
      if (part === 1) {
        if (at >= end) return false;
        unused = buf[at++];
      }
      if (at + length + unused > end) return false;
      out.append(buf, at, length);
      at += length + unused;
    }
    pairs++;
  }
  // 255 is no mark of "not known", and no count that a zipmap can have got by adding fields to it.
  return pairs > 0 && (buf[off] === LONG_LENGTH || buf[off] === pairs);
}

function little32(buf: Uint8Array, at: number): number {
  return (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
}

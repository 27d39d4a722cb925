/** What nats-server writes, for tests. */

import { createHash } from 'node:crypto';
import { HighwayHash } from './highway-hash.ts';
import { encodeHeader, HEADER_BYTES, RecordHeader } from './record.ts';

export const STREAM = 'WEIR_c_l_LOG';

/** Messages that continue each other, the first of them `first`. */
export function messagesFrom(first: number, payloads: readonly string[]): Buffer[] {
  const header = new RecordHeader();
  header.epoch = 1;
  return payloads.map((payload, i) => {
    header.previousHi = first === 1 && i === 0 ? 0 : header.checksumHi || 7;
    header.previousLo = first === 1 && i === 0 ? 0 : header.checksumLo || 7;
    header.payloadLength = header.recordLength = Buffer.byteLength(payload);
    const message = Buffer.concat([Buffer.alloc(HEADER_BYTES), Buffer.from(payload)]);
    encodeHeader(message, 0, header);
    return message;
  });
}

/** As nats-server writes it into file number `index` of the stream. */
export function blockRecord(seq: number, message: Buffer, index = 1): Buffer {
  const subject = Buffer.from('weir.c.l.log');
  const headers = Buffer.from(`NATS/1.0\r\nNats-Expected-Last-Sequence: ${seq - 1}\r\n\r\n`);
  const head = Buffer.alloc(22);
  const lengths = Buffer.alloc(4);
  lengths.writeUInt32LE(headers.length);
  const length = 22 + subject.length + 4 + headers.length + message.length + 8;
  head.writeUInt32LE((length | 0x8000_0000) >>> 0);
  head.writeBigUInt64LE(BigInt(seq), 4);
  head.writeBigUInt64LE(1_700_000_000_000_000_000n + BigInt(seq), 12);
  head.writeUInt16LE(subject.length, 20);
  const hash = new HighwayHash(createHash('sha256').update(`${STREAM}-${index}`).digest());
  const hashed = Buffer.concat([head.subarray(4, 20), subject, headers, message]);
  hash.reset();
  hash.write(hashed, 0, hashed.length);
  hash.finish();
  const sum = Buffer.alloc(8);
  sum.writeUInt32LE(hash.lo);
  sum.writeUInt32LE(hash.hi, 4);
  return Buffer.concat([head, subject, lengths, headers, message, sum]);
}

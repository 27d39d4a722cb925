import { Arena } from '@weir/memory';
import { DigestMixer } from '../digest-mixer.ts';
import { ENC_STREAM, TYPE_STREAM } from '../entry.ts';
import { Keyspace } from '../keyspace.ts';
import { DEFAULT_LIMITS } from '../space.ts';
import type { EncodingLimits, Space } from '../space.ts';
import * as streams from './index.ts';
import { streamOps } from './ops.ts';

/** An entry in tests: the ID as one number of 128 bits; fields and values in turn. */
export type Entry = [id: bigint, fields: string[]];

export const idOf = (n: bigint): streams.StreamId =>
  streams.newId(
    Number(n >> 96n),
    Number((n >> 64n) & 0xffffffffn),
    Number((n >> 32n) & 0xffffffffn),
    Number(n & 0xffffffffn),
  );
export const numberOf = (id: ArrayLike<number>): bigint =>
  (BigInt(id[0]) << 96n) | (BigInt(id[1]) << 64n) | (BigInt(id[2]) << 32n) | BigInt(id[3]);

export function testSpace(
  limits: Partial<EncodingLimits> = {},
  reserveBytes = 1 << 26,
): { keyspace: Keyspace; space: Space } {
  const keyspace = new Keyspace({
    arena: new Arena({ debug: true, reserveBytes }),
    seed: { k0: 1, k1: 2 },
    randomSeed: 1,
    databases: 1,
    limits: { ...DEFAULT_LIMITS, ...limits },
  });
  return { keyspace, space: keyspace.space };
}

export const holderOf = (keyspace: Keyspace): number => keyspace.detached(TYPE_STREAM, ENC_STREAM);

export function append(space: Space, holder: number, id: bigint, fields: readonly string[]): void {
  const parts = fields.map((field) => Buffer.from(field, 'latin1'));
  const args = new Int32Array(2 * parts.length);
  let off = 0;
  parts.forEach((part, i) => {
    args[2 * i] = off;
    args[2 * i + 1] = part.length;
    off += part.length;
  });
  streams.append(space, holder, idOf(id), Buffer.concat(parts), args, 0, fields.length / 2);
}

const cursor = new streams.EntryCursor();

export function entries(space: Space, holder: number, from = 0n, to = (1n << 128n) - 1n, reverse = false): Entry[] {
  const all: Entry[] = [];
  cursor.start(space, holder, idOf(from), idOf(to), reverse);
  while (cursor.next()) {
    const fields: string[] = [];
    for (let i = cursor.fields; i > 0; i--) {
      cursor.nextField();
      fields.push(
        Buffer.from(cursor.field.copy()).toString('latin1'),
        Buffer.from(cursor.value.copy()).toString('latin1'),
      );
    }
    all.push([numberOf(cursor.id), fields]);
  }
  return all;
}

/** Fingerprint and digest. */
export function prints(space: Space, holder: number): string[] {
  const lanes = new Int32Array(2);
  streamOps.fingerprint(space, holder, 5, 6, lanes);
  const digest = new DigestMixer();
  streamOps.digest(space, holder, digest);
  return [lanes.join(), Buffer.from(digest.bytes).toString('hex')];
}

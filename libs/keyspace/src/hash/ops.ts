import type { Ref } from '@weir/memory';
import { DigestMixer } from '../digest-mixer.ts';
import { dismantleTable } from '../dismantle.ts';
import { ENC_HASHTABLE, ENC_LISTPACK, HEADER_BYTES } from '../entry.ts';
import { hashBytes } from '../hash.ts';
import * as lp from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import { TABLE_STATE_BYTES } from '../table.ts';
import type { ValueOps } from '../values.ts';
import { GRANULES, freeTable, has, isListpack, length } from './hash.ts';
import { HashIterator } from './iterate.ts';
import { HashLoader, HashWriter, hashRdbType } from './rdb.ts';

const pairs = new HashIterator();
const pair = new DigestMixer();

export const hashOps: ValueOps = {
  name: 'hash',
  encodings: { [ENC_HASHTABLE]: 'hashtable', [ENC_LISTPACK]: 'listpack' },
  emptyEncoding: ENC_LISTPACK,
  rdbType: hashRdbType,
  newWriter: () => new HashWriter(),
  newLoader: (refuse) => new HashLoader(refuse),

  effort(space, holder) {
    return isListpack(space.arena, holder) ? 1 : length(space, holder);
  },

  freeStep(space, holder, budget) {
    const root = rootOf(space.arena, holder);
    if (!isListpack(space.arena, holder)) return dismantleTable(space, root, budget);
    space.arena.free(root);
    return 0;
  },

  copy(space, from, to) {
    const arena = space.arena;
    const source = rootOf(arena, from);
    if (isListpack(arena, from)) {
      setRoot(arena, to, lp.copy(arena, source));
      return;
    }
    const refs: Ref[] = [];
    const root = arena.allocZeroed(TABLE_STATE_BYTES);
    try {
      space.members.open(root).reserve(length(space, from));
      let cursor = 0;
      do {
        cursor = space.members.open(source).scan(cursor, refs);
        space.members.open(root);
        for (const ref of refs) {
          const bytes = HEADER_BYTES + arena.u32[ref * 4 + 1] + arena.u32[ref * 4 + 2];
          const next = arena.alloc(bytes);
          arena.u8.copyWithin(next * 16, ref * 16, ref * 16 + bytes);
          try {
            space.members.insert(space.members.hashOf(next), next);
          } catch (error) {
            arena.free(next);
            throw error;
          }
          arena.u32[root * 4 + GRANULES] += arena.usableBytes(next) / 16;
        }
        refs.length = 0;
      } while (cursor !== 0);
    } catch (error) {
      freeTable(space, root);
      throw error;
    }
    setRoot(arena, to, root);
  },

  bytes(space, holder) {
    const arena = space.arena;
    const root = rootOf(arena, holder);
    const own = arena.usableBytes(root);
    if (isListpack(arena, holder)) return own;
    return own + space.members.open(root).bytes + arena.u32[root * 4 + GRANULES] * 16;
  },

  digest(space, holder, digest) {
    pairs.start(space, holder);
    while (pairs.next()) {
      const { field, value } = pairs;
      pair.reset();
      pair.mix(field.buf, field.off, field.len);
      pair.mix(value.buf, value.off, value.len);
      digest.xor(pair.bytes, 0, pair.bytes.length);
    }
  },

  fingerprint(space, holder, a, b, lanes) {
    lanes[0] = a;
    lanes[1] = b;
    pairs.start(space, holder);
    while (pairs.next()) {
      const { field, value } = pairs;
      const fieldA = hashBytes(field.buf, field.off, field.len, a, 0x5bd1e995);
      const fieldB = hashBytes(field.buf, field.off, field.len, 0x2545f491, b);
      lanes[0] += hashBytes(value.buf, value.off, value.len, fieldA, b);
      lanes[1] += hashBytes(value.buf, value.off, value.len, a, fieldB);
    }
  },

  verify(space, holder) {
    const arena = space.arena;
    const root = rootOf(arena, holder);
    const fail = (what: string): never => {
      throw new Error(`hash: ${what}`);
    };
    const fields = length(space, holder);
    if (fields === 0) fail('no fields');
    if (isListpack(arena, holder)) {
      if (!Number.isInteger(fields)) fail('a field without a value');
    } else {
      let granules = 0;
      space.members.open(root).verify();
      space.members.forEach((ref) => {
        if (arena.u8[ref * 16 + 1] !== 0) fail('flags of an element are set');
        if (HEADER_BYTES + arena.u32[ref * 4 + 1] + arena.u32[ref * 4 + 2] > arena.usableBytes(ref)) {
          fail('an element is longer than its block');
        }
        granules += arena.usableBytes(ref) / 16;
      });
      if (granules !== arena.u32[root * 4 + GRANULES]) fail(`${granules} granules, not what the counter says`);
    }
    const seen = new Set<string>();
    const own = new HashIterator().start(space, holder);
    while (own.next()) {
      const { field } = own;
      if (!has(space, holder, field.buf, field.off, field.len)) fail('a field is not found');
      seen.add(Buffer.from(field.copy()).toString('latin1'));
    }
    if (seen.size !== fields) fail(`${seen.size} different fields, and the length is ${fields}`);
  },
};

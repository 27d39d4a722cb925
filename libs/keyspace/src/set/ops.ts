import type { Ref } from '@weir/memory';
import type { DigestMixer } from '../digest-mixer.ts';
import { dismantleTable } from '../dismantle.ts';
import { ENC_HASHTABLE, ENC_INTSET, ENC_LISTPACK, HEADER_BYTES, encodingOf } from '../entry.ts';
import { hashBytes } from '../hash.ts';
import * as lp from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import { TABLE_STATE_BYTES } from '../table.ts';
import type { ValueOps } from '../values.ts';
import * as intset from './intset.ts';
import { SetIterator } from './iterator.ts';
import { freeTable, has, memberLength, newTable, size } from './value.ts';
import { SetLoader, SetWriter, setRdbType } from './rdb.ts';

const walk = new SetIterator();

export const setOps: ValueOps = {
  name: 'set',
  encodings: { [ENC_HASHTABLE]: 'hashtable', [ENC_INTSET]: 'intset', [ENC_LISTPACK]: 'listpack' },
  emptyEncoding: ENC_LISTPACK,
  rdbType: setRdbType,
  newWriter: () => new SetWriter(),
  newLoader: (refuse) => new SetLoader(refuse),

  effort(space: Space, holder: Ref): number {
    return encodingOf(space.arena, holder) === ENC_HASHTABLE ? size(space, holder) : 1;
  },

  freeStep(space: Space, holder: Ref, budget: number): number {
    const root = rootOf(space.arena, holder);
    if (encodingOf(space.arena, holder) === ENC_HASHTABLE) return dismantleTable(space, root, budget);
    space.arena.free(root);
    return 0;
  },

  copy(space: Space, from: Ref, to: Ref): void {
    const arena = space.arena;
    const root = rootOf(arena, from);
    const encoding = encodingOf(arena, from);
    if (encoding === ENC_INTSET) setRoot(arena, to, intset.copy(arena, root));
    else if (encoding !== ENC_HASHTABLE) setRoot(arena, to, lp.copy(arena, root));
    else setRoot(arena, to, copyTable(space, root));
  },

  bytes(space: Space, holder: Ref): number {
    const arena = space.arena;
    const root = rootOf(arena, holder);
    let bytes = arena.usableBytes(root);
    if (encodingOf(arena, holder) !== ENC_HASHTABLE) return bytes;
    const members = space.members.open(root);
    members.forEach((ref) => {
      bytes += arena.usableBytes(ref);
    });
    return bytes + members.bytes;
  },

  digest(space: Space, holder: Ref, digest: DigestMixer): void {
    walk.start(space, holder);
    while (walk.next()) digest.xor(walk.element.buf, walk.element.off, walk.element.len);
  },

  fingerprint(space: Space, holder: Ref, a: number, b: number, lanes: Int32Array): void {
    let first = 0;
    let second = 0;
    walk.start(space, holder);
    while (walk.next()) {
      const { buf, off, len } = walk.element;
      first = (first + hashBytes(buf, off, len, a, b ^ 0x2c1b3c6d)) | 0;
      second = (second + hashBytes(buf, off, len, b, a ^ 0x297a2d39)) | 0;
    }
    lanes[0] = first;
    lanes[1] = second;
  },

  verify(space: Space, holder: Ref): void {
    const { arena, members } = space;
    const root = rootOf(arena, holder);
    const encoding = encodingOf(arena, holder);
    if (encoding === ENC_INTSET) intset.verify(arena, root);
    if (encoding === ENC_HASHTABLE) {
      members.open(root).verify();
      if (arena.usableBytes(root) < TABLE_STATE_BYTES) throw new Error('set: the root of a table is too small');
      members.forEach((ref) => {
        if (arena.u8[ref * 16 + 1] !== 0) throw new Error('set: a member has flags');
        if (HEADER_BYTES + memberLength(arena, ref) > arena.usableBytes(ref))
          throw new Error('set: a member is too long');
      });
    }
    const seen = new Set<string>();
    walk.start(space, holder);
    while (walk.next()) {
      const { buf, off, len } = walk.element;
      if (!has(space, holder, buf, off, len)) throw new Error('set: a member is not found');
      seen.add(Buffer.from(walk.element.copy()).toString('latin1'));
    }
    if (seen.size !== size(space, holder))
      throw new Error(`set: ${seen.size} members, the size is ${size(space, holder)}`);
    if (seen.size === 0) throw new Error('set: it is empty');
  },
};

function copyTable(space: Space, root: Ref): Ref {
  const { arena, members } = space;
  const n = members.open(root).size;
  const refs: Ref[] = [];
  const table = newTable(space, n);
  try {
    let cursor = 0;
    do {
      refs.length = 0;
      cursor = members.open(root).scan(cursor, refs);
      members.open(table);
      for (const ref of refs) {
        const bytes = HEADER_BYTES + memberLength(arena, ref);
        const next = arena.alloc(bytes);
        arena.u8.copyWithin(next * 16, ref * 16, ref * 16 + bytes);
        try {
          members.insert(members.hashOf(next), next);
        } catch (error) {
          arena.free(next);
          throw error;
        }
      }
    } while (cursor !== 0);
  } catch (error) {
    freeTable(space, table);
    throw error;
  }
  return table;
}

import { formatDouble } from '@weir/resp';
import type { Arena, Ref } from '@weir/memory';
import { DigestMixer } from '../digest-mixer.ts';
import { ENC_LISTPACK, ENC_SKIPLIST, encodingOf } from '../entry.ts';
import { hashBytes } from '../hash.ts';
import * as listpack from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import { SHA1_BYTES } from '../sha1.ts';
import type { ValueOps } from '../values.ts';
import { compareBytes } from './nodes.ts';
import { Cursor } from './cursor.ts';
import * as tree from './tree.ts';
import { verifyTree } from './tree-verify.ts';
import { copyTable, freeTable, size } from './zset.ts';
import { ZsetLoader, ZsetWriter, zsetRdbType } from './rdb.ts';

const cursor = new Cursor();
const pair = new DigestMixer();
const scoreWords = new Int32Array(2);
const scoreDouble = new Float64Array(scoreWords.buffer);

export const zsetOps: ValueOps = {
  name: 'zset',
  encodings: { [ENC_SKIPLIST]: 'skiplist', [ENC_LISTPACK]: 'listpack' },
  emptyEncoding: ENC_LISTPACK,
  rdbType: zsetRdbType,
  newWriter: () => new ZsetWriter(),
  newLoader: (refuse) => new ZsetLoader(refuse),

  effort(space: Space, holder: Ref): number {
    return encodingOf(space.arena, holder) === ENC_LISTPACK ? 1 : size(space, holder);
  },

  freeStep(space: Space, holder: Ref, budget: number): number {
    const root = rootOf(space.arena, holder);
    if (encodingOf(space.arena, holder) !== ENC_LISTPACK) return freeTable(space, root, budget);
    space.arena.free(root);
    return 0;
  },

  copy(space: Space, from: Ref, to: Ref): void {
    const { arena } = space;
    if (encodingOf(arena, from) === ENC_LISTPACK) setRoot(arena, to, listpack.copy(arena, rootOf(arena, from)));
    else setRoot(arena, to, copyTable(space, rootOf(arena, from)));
  },

  bytes(space: Space, holder: Ref): number {
    const { arena } = space;
    const root = rootOf(arena, holder);
    if (root === 0) return 0;
    let bytes = arena.usableBytes(root);
    if (encodingOf(arena, holder) === ENC_LISTPACK) return bytes;
    bytes += space.members.open(root).bytes + tree.bytes(arena, root);
    space.members.forEach((ref) => (bytes += arena.usableBytes(ref)));
    return bytes;
  },

  digest(space: Space, holder: Ref, digest: DigestMixer): void {
    if (!cursor.seek(space, holder, 0)) return;
    do {
      const { element } = cursor;
      const score = Buffer.from(formatDouble(cursor.score()), 'latin1');
      pair.reset();
      pair.mix(element.buf, element.off, element.len);
      pair.mix(score, 0, score.length);
      digest.xor(pair.bytes, 0, SHA1_BYTES);
    } while (cursor.next());
  },

  fingerprint(space: Space, holder: Ref, a: number, b: number, lanes: Int32Array): void {
    lanes[0] = a;
    lanes[1] = b;
    if (!cursor.seek(space, holder, 0)) return;
    do {
      const { element } = cursor;
      // A listpack does not know -0 from 0.
      scoreDouble[0] = cursor.score() + 0;
      lanes[0] += hashBytes(element.buf, element.off, element.len, a ^ scoreWords[0], scoreWords[1]);
      lanes[1] += hashBytes(element.buf, element.off, element.len, scoreWords[1], b ^ scoreWords[0]);
    } while (cursor.next());
  },

  verify(space: Space, holder: Ref): void {
    const n = size(space, holder);
    if (n === 0) throw new Error('sorted set: empty');
    if (encodingOf(space.arena, holder) === ENC_LISTPACK) verifyPacked(space, holder, n);
    else verifyTable(space.arena, space, rootOf(space.arena, holder), n);
  },
};

function verifyPacked(space: Space, holder: Ref, n: number): void {
  let last: Uint8Array | undefined;
  let lastScore = -Infinity;
  let seen = 0;
  cursor.seek(space, holder, 0);
  do {
    const member = cursor.element.copy();
    const score = cursor.score();
    if (score !== score) throw new Error('sorted set: a score is no number');
    const order = last === undefined ? -1 : compareBytes(last, 0, last.length, member, 0, member.length);
    if (score < lastScore || (score === lastScore && order >= 0)) throw new Error('sorted set: listpack out of order');
    last = member;
    lastScore = score;
    seen++;
  } while (cursor.next());
  if (seen !== n) throw new Error(`sorted set: ${seen} members, the count says ${n}`);
}

function verifyTable(arena: Arena, space: Space, home: Ref, n: number): void {
  const members = space.members.open(home);
  members.verify();
  const entries = verifyTree(arena, home);
  if (entries !== n) throw new Error(`sorted set: ${n} elements, ${entries} entries in the order`);
  members.forEach((ref) => {
    const rank = tree.rankOf(arena, home, arena.f64[ref * 2 + 1], ref);
    tree.seek(arena, home, rank);
    if (tree.refAt(arena) !== ref) throw new Error('sorted set: an element is not where its rank says');
  });
}

import type { Arena, Ref } from '@weir/memory';
import { TYPE_STREAM_LISTPACKS_2 as RDB_STREAM } from '@weir/rdb';
import type { DigestMixer } from '../digest-mixer.ts';
import { ENC_STREAM } from '../entry.ts';
import { hashBytes } from '../hash.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import type { ValueOps } from '../values.ts';
import { SLACK_BYTES } from './append.ts';
import { EntryCursor, lastIdOfNode } from './cursor.ts';
import {
  bytesOfGroups,
  copyGroups,
  effortOfGroups,
  fingerprintGroups,
  freeGroups,
  verifyGroups,
} from './groups-ops.ts';
import { ID_MAX, ID_MIN, ID_TEXT_BYTES_MAX, compareIds, formatId, newId, readId } from './id.ts';
import { LISTPACK_HEADER_BYTES, intBytes, readCount, skip } from './packed.ts';
import { FIRST_ID, LAST_ID, groupsOf, init, nodesOf } from './root.ts';
import * as tree from './tree.ts';
import { TreeCursor } from './tree.ts';
import { StreamLoader } from './rdb-loader.ts';
import { StreamWriter } from './rdb-writer.ts';

const cursor = new EntryCursor();
const id = newId();
const last = newId();
const text = new Uint8Array(ID_TEXT_BYTES_MAX);
const DOT = 46;

/** Calls back with each node's place in the tree, which must not change. */
function forEachNode(arena: Arena, root: Ref, visit: (place: TreeCursor, lp: Ref) => void): void {
  const place = new TreeCursor();
  tree.seekFirst(arena, nodesOf(root), place);
  while (place.node !== 0) {
    visit(place, tree.valueAt(arena, place));
    tree.forward(arena, place);
  }
}

export const streamOps: ValueOps = {
  name: 'stream',
  encodings: { [ENC_STREAM]: 'stream' },
  emptyEncoding: ENC_STREAM,
  rdbType: () => RDB_STREAM,
  newWriter: () => new StreamWriter(),
  newLoader: (refuse) => new StreamLoader(refuse),

  effort(space, holder) {
    const arena = space.arena;
    const root = rootOf(arena, holder);
    return tree.size(arena, nodesOf(root)) + effortOfGroups(arena, groupsOf(root));
  },

  freeStep(space, holder, budget) {
    const arena = space.arena;
    const root = rootOf(arena, holder);
    let did = freeGroups(arena, groupsOf(root), budget);
    if (did < budget) did += tree.freeStep(arena, nodesOf(root), budget - did, true);
    if (did < budget) arena.free(root);
    return did;
  },

  copy(space, from, to) {
    const arena = space.arena;
    const root = rootOf(arena, from);
    init(space, to);
    const copy = rootOf(arena, to);
    try {
      forEachNode(arena, root, (place, lp) => {
        readId(arena, tree.keyWord(place), id);
        const bytes = arena.u32[lp * 4];
        const next = arena.alloc(bytes + SLACK_BYTES);
        try {
          tree.insert(arena, nodesOf(copy), id, next);
        } catch (error) {
          arena.free(next);
          throw error;
        }
        arena.u8.copyWithin(next * 16, lp * 16, lp * 16 + bytes);
      });
      copyGroups(arena, groupsOf(root), groupsOf(copy));
    } catch (error) {
      streamOps.freeStep(space, to, Infinity);
      setRoot(arena, to, 0);
      throw error;
    }
    // All that is counted and remembered: the words before the tree of nodes.
    arena.u32.copyWithin(copy * 4, root * 4, nodesOf(root));
  },

  bytes(space, holder) {
    const arena = space.arena;
    const root = rootOf(arena, holder);
    let sum = arena.usableBytes(root) + tree.bytes(arena, nodesOf(root)) + bytesOfGroups(arena, groupsOf(root));
    forEachNode(arena, root, (_place, lp) => {
      sum += arena.usableBytes(lp);
    });
    return sum;
  },

  digest(space: Space, holder: Ref, digest: DigestMixer) {
    cursor.start(space, holder);
    while (cursor.next()) {
      digest.mix(text, 0, formatId(text, 0, cursor.id, DOT));
      for (let i = cursor.fields; i > 0; i--) {
        cursor.nextField();
        digest.mix(cursor.field.buf, cursor.field.off, cursor.field.len);
        digest.mix(cursor.value.buf, cursor.value.off, cursor.value.len);
      }
    }
  },

  fingerprint(space, holder, a, b, lanes) {
    const arena = space.arena;
    const root = rootOf(arena, holder);
    // Last ID, highest deleted ID, entries added; the first ID and the length follow from the entries.
    lanes[0] = hashBytes(arena.u8, (root * 4 + LAST_ID) * 4, 16, a, b);
    lanes[1] = hashBytes(arena.u8, (root * 4 + FIRST_ID + 4) * 4, 24, b, a);
    cursor.start(space, holder);
    while (cursor.next()) {
      mix(lanes, text, 0, formatId(text, 0, cursor.id));
      mix(lanes, NUMBER, 0, numberBytes(cursor.fields));
      for (let i = cursor.fields; i > 0; i--) {
        cursor.nextField();
        mix(lanes, cursor.field.buf, cursor.field.off, cursor.field.len);
        mix(lanes, cursor.value.buf, cursor.value.off, cursor.value.len);
      }
    }
    fingerprintGroups(arena, groupsOf(root), lanes);
  },

  verify(space, holder) {
    const arena = space.arena;
    const root = rootOf(arena, holder);
    if (root === 0) throw new Error('a stream without a root');
    tree.verify(arena, nodesOf(root));
    let entries = 0;
    last.fill(0);
    forEachNode(arena, root, (place, lp) => {
      readId(arena, tree.keyWord(place), id);
      if (entries > 0 && compareIds(id, last) <= 0) throw new Error('a node begins below the end of the one before');
      const live = readCount(arena.u8, lp * 16 + LISTPACK_HEADER_BYTES);
      const bytes = arena.u32[lp * 4];
      if (arena.u8[lp * 16 + bytes - 1] !== 0xff) throw new Error('a node does not end where it says');
      cursor.start(space, holder, id, ID_MAX, false, true);
      let found = 0;
      let deleted = 0;
      while (cursor.next() && cursor.node === lp) {
        if (cursor.deleted) deleted++;
        else found++;
      }
      const marked = readCount(arena.u8, skip(arena.u8, lp * 16 + LISTPACK_HEADER_BYTES));
      if (arena.usableBytes(lp) < bytes + 6 - intBytes(marked, 0)) throw new Error('a node has no room for its counts');
      if (found !== live || deleted !== marked) {
        throw new Error(`a node of ${found} entries, ${deleted} deleted, says ${live} and ${marked}`);
      }
      entries += live;
      lastIdOfNode(arena, lp, id, last);
    });
    if (entries !== arena.f64[root * 2]) throw new Error(`a stream of ${entries} says ${arena.f64[root * 2]}`);
    id.fill(0);
    cursor.start(space, holder, ID_MIN, ID_MAX);
    if (cursor.next()) id.set(cursor.id);
    readId(arena, root * 4 + FIRST_ID, last);
    if (compareIds(id, last) !== 0) throw new Error('the first ID is not that of the first entry');
    cursor.start(space, holder, ID_MIN, ID_MAX, true);
    readId(arena, root * 4 + LAST_ID, last);
    if (cursor.next() && compareIds(cursor.id, last) > 0) throw new Error('an entry is above the last ID');
    verifyGroups(arena, groupsOf(root));
  },
};

const NUMBER = new Uint8Array(4);

function numberBytes(n: number): number {
  NUMBER[0] = n;
  NUMBER[1] = n >> 8;
  NUMBER[2] = n >> 16;
  NUMBER[3] = n >> 24;
  return 4;
}

function mix(lanes: Int32Array, buf: Uint8Array, off: number, len: number): void {
  const a = lanes[0];
  const b = lanes[1];
  lanes[0] = hashBytes(buf, off, len, a, b);
  lanes[1] = hashBytes(buf, off, len, b ^ 0x5bd1e995, a);
}

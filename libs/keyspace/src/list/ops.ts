import type { Ref } from '@weir/memory';
import { TYPE_LIST_QUICKLIST_2 as RDB_LIST } from '@weir/rdb';
import { ENC_LISTPACK, ENC_QUICKLIST, encodingOf } from '../entry.ts';
import { hashBytes } from '../hash.ts';
import * as listpack from '../listpack/index.ts';
import { rootOf, setRoot } from '../space.ts';
import type { Space } from '../space.ts';
import type { ValueOps } from '../values.ts';
import { ListIterator } from './iterator.ts';
import * as layout from './layout.ts';
import * as quicklist from './quicklist.ts';
import { ListLoader, ListWriter } from './rdb.ts';

const iterator = new ListIterator();
const element = new listpack.Element();

function isListpack(space: Space, holder: Ref): boolean {
  return encodingOf(space.arena, holder) === ENC_LISTPACK;
}

export const listOps: ValueOps = {
  name: 'list',
  encodings: { [ENC_QUICKLIST]: 'quicklist', [ENC_LISTPACK]: 'listpack' },
  emptyEncoding: ENC_LISTPACK,
  rdbType: () => RDB_LIST,
  newWriter: () => new ListWriter(),
  newLoader: (refuse) => new ListLoader(refuse),

  effort(space, holder) {
    return isListpack(space, holder) ? 1 : layout.nodesOf(space.arena, rootOf(space.arena, holder));
  },

  freeStep(space, holder, budget) {
    const root = rootOf(space.arena, holder);
    if (!isListpack(space, holder)) return quicklist.freeStep(space.arena, root, budget);
    space.arena.free(root);
    return 0;
  },

  copy(space, from, to) {
    const { arena } = space;
    const root = rootOf(arena, from);
    setRoot(arena, to, isListpack(space, from) ? listpack.copy(arena, root) : quicklist.copy(arena, root));
  },

  bytes(space, holder) {
    const { arena } = space;
    const root = rootOf(arena, holder);
    let bytes = arena.usableBytes(root);
    if (isListpack(space, holder)) return bytes;
    for (let node = layout.headOf(arena, root); node !== 0; node = layout.nextOf(arena, node)) {
      bytes += arena.usableBytes(node) + arena.usableBytes(layout.listpackOf(arena, node));
    }
    return bytes;
  },

  digest(space, holder, digest) {
    iterator.start(space, holder, 0, false);
    while (iterator.next(element)) digest.mix(element.buf, element.off, element.len);
  },

  fingerprint(space, holder, a, b, lanes) {
    iterator.start(space, holder, 0, false);
    while (iterator.next(element)) {
      const next = hashBytes(element.buf, element.off, element.len, a, b ^ 0x68bc21eb);
      b = hashBytes(element.buf, element.off, element.len, b ^ 0x02e5be93, a);
      a = next;
    }
    lanes[0] = a;
    lanes[1] = b;
  },

  verify(space, holder) {
    const root = rootOf(space.arena, holder);
    if (root === 0) throw new Error('a list has no value');
    if (isListpack(space, holder)) {
      if (listpack.count(space.arena, root) === 0) throw new Error('a list is empty');
    } else {
      quicklist.verify(space.arena, root);
      if (layout.lengthOf(space.arena, root) === 0) throw new Error('a list is empty');
    }
  },
};

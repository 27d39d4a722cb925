import type { Ref } from '@weir/memory';
import type { RdbWriter } from '@weir/rdb';
import { ELEMENT_BYTES, TypeLoader } from '../rdb/type-rdb.ts';
import type { TypeWriter } from '../rdb/type-rdb.ts';
import type { Space } from '../space.ts';
import { NodeIterator } from './iterator.ts';
import { finishLoad, loadElement, loadNode } from './list.ts';

export class ListWriter implements TypeWriter {
  readonly #nodes = new NodeIterator();
  #space!: Space;
  #to!: RdbWriter;

  begin(space: Space, holder: Ref, to: RdbWriter): void {
    this.#space = space;
    this.#to = to;
    to.valueLength(this.#nodes.start(space, holder));
  }

  more(bytes: number): boolean {
    const nodes = this.#nodes;
    const u8 = this.#space.arena.u8;
    for (let left = bytes; left > 0; left -= nodes.len + ELEMENT_BYTES) {
      if (!nodes.next()) return true;
      this.#to.valueNode(nodes.plain, u8, nodes.off, nodes.len);
    }
    return false;
  }
}

export class ListLoader extends TypeLoader {
  override listpack(buf: Uint8Array, off: number, len: number): void {
    loadNode(this.space, this.holder, buf, off, len);
  }

  override element(buf: Uint8Array, off: number, len: number): void {
    loadElement(this.space, this.holder, buf, off, len);
  }

  override finish(): void {
    finishLoad(this.space, this.holder);
  }
}

import type { Ref } from '@weir/memory';
import { TYPE_STRING as RDB_STRING } from '@weir/rdb';
import type { RdbWriter } from '@weir/rdb';
import { TYPE_STRING, typeOf, valueAddress, valueLength } from '../entry.ts';
import type { Space } from '../space.ts';
import { opsOf } from '../values.ts';
import type { TypeWriter } from './type-rdb.ts';

/**
 * Writes values as RDB files and DUMP payloads have them, a large one in steps, so that its bytes can be handed on before all of them
 * are written. One object for each who writes: between two steps others may look at the same values.
 *
 *     const type = rdbType(space, holder);
 *     writer.begin(space, holder, to);
 *     while (!writer.more(bytes)) …;
 */
export class ValueWriter {
  /** By type, made when the first value of one comes. */
  readonly #writers: (TypeWriter | undefined)[] = [];
  /** Null: a string, which is written already. */
  #writer: TypeWriter | null = null;

  begin(space: Space, holder: Ref, to: RdbWriter): void {
    const { arena } = space;
    const type = typeOf(arena, holder);
    if (type === TYPE_STRING) {
      this.#writer = null;
      to.valueString(arena.u8, valueAddress(arena, holder), valueLength(arena, holder));
      return;
    }
    this.#writer = this.#writers[type] ??= opsOf(space, holder).newWriter();
    this.#writer.begin(space, holder, to);
  }

  /** Writes about so many bytes more; true when the value is complete. */
  more(bytes: number): boolean {
    return this.#writer === null || this.#writer.more(bytes);
  }
}

/** The type byte of a value, as Redis 7.0 would write it. */
export function rdbType(space: Space, holder: Ref): number {
  if (typeOf(space.arena, holder) === TYPE_STRING) return RDB_STRING;
  return opsOf(space, holder).rdbType(space, holder);
}

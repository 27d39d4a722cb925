import type { Ref } from '@weir/memory';
import type { DigestMixer } from './digest-mixer.ts';
import {
  ENC_EMBSTR,
  ENC_INT,
  ENC_RAW,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
  typeOf,
} from './entry.ts';
import { hashOps } from './hash/ops.ts';
import { listOps } from './list/ops.ts';
import type { Refuse, TypeLoader, TypeWriter } from './rdb/type-rdb.ts';
import { setOps } from './set/ops.ts';
import type { Space } from './space.ts';
import { streamOps } from './stream/ops.ts';
import { zsetOps } from './zset/ops.ts';

/** What people see of a type. */
interface TypeNames {
  /** What TYPE answers. */
  readonly name: string;
  /** The encodings that its values have, with what OBJECT ENCODING answers. */
  readonly encodings: Readonly<Record<number, string>>;
}

/** What the keyspace does with a value without knowing what it is: one object per type that is not the string. */
export interface ValueOps extends TypeNames {
  /** The encoding of a holder before a value is loaded into it. */
  readonly emptyEncoding: number;
  /** The type byte of a value in RDB files and DUMP payloads, as Redis 7.0 would write it. */
  rdbType(space: Space, holder: Ref): number;
  newWriter(): TypeWriter;
  newLoader(refuse: Refuse): TypeLoader;
  /** About how many blocks the value is, found in O(1): Redis's lazyfreeGetFreeEffort. The value is not empty. */
  effort(space: Space, holder: Ref): number;
  /**
   * Gives back about `budget` (at least 1) blocks of the value, not the holder; the next call goes on. Returns the work done: less than
   * the budget when nothing is left, and the root in the holder is dead then. A value that was begun is good for nothing else.
   * Cannot fail, needs no memory, and must not touch what another value's operation may be in the middle of (`space.members`, the
   * state that modules keep): a full arena calls it there.
   */
  freeStep(space: Space, holder: Ref, budget: number): number;
  /**
   * Makes `to`, a holder of the same type and encoding without a value (root 0), hold a copy. Throws ArenaFullError with nothing
   * allocated and the root of `to` still 0.
   */
  copy(space: Space, from: Ref, to: Ref): void;
  /** Bytes of all blocks of the value, each at its usable size, the holder not counted (MEMORY USAGE, exact). */
  bytes(space: Space, holder: Ref): number;
  /** Adds the value to a digest by the rules of Redis's debug.c (xorObjectDigest). */
  digest(space: Space, holder: Ref, digest: DigestMixer): void;
  /**
   * Two 32-bit hashes of the content into lanes[0] and lanes[1], from seeds `a` and `b`. Must not depend on the encoding or on the order of
   * unordered elements; must depend on all that is replicated, but never on anything that replicas may have differently.
   */
  fingerprint(space: Space, holder: Ref, a: number, b: number, lanes: Int32Array): void;
  /** For tests: throws when the value contradicts itself. */
  verify(space: Space, holder: Ref): void;
}

/** Gives back every block of a value that is no string, not the holder. The root in the holder is dead afterwards. Cannot fail. */
export function freeValue(space: Space, holder: Ref): void {
  opsOf(space, holder).freeStep(space, holder, Infinity);
}

const OPS: (ValueOps | undefined)[] = [];
OPS[TYPE_LIST] = listOps;
OPS[TYPE_SET] = setOps;
OPS[TYPE_ZSET] = zsetOps;
OPS[TYPE_HASH] = hashOps;
OPS[TYPE_STREAM] = streamOps;

/** The operations of a value's type; not for strings, which are part of their entry. */
export function opsOf(space: Space, holder: Ref): ValueOps {
  return opsOfType(typeOf(space.arena, holder));
}

export function opsOfType(type: number): ValueOps {
  const ops = OPS[type];
  if (ops === undefined) throw new Error(`no operations for values of type ${type}`);
  return ops;
}

const NAMES: (TypeNames | undefined)[] = [...OPS];
NAMES[TYPE_STRING] = { name: 'string', encodings: { [ENC_RAW]: 'raw', [ENC_INT]: 'int', [ENC_EMBSTR]: 'embstr' } };

/** What TYPE answers for values of this type. */
export function typeName(type: number): string {
  return namesOf(type).name;
}

/** The type of this name, or -1. */
export function typeNamed(name: string): number {
  return NAMES.findIndex((names) => names?.name === name);
}

/** What OBJECT ENCODING answers for a value of this type and encoding. */
export function encodingName(type: number, encoding: number): string {
  const name = namesOf(type).encodings[encoding];
  if (name === undefined) throw new Error(`values of type ${type} have no encoding ${encoding}`);
  return name;
}

function namesOf(type: number): TypeNames {
  const names = NAMES[type];
  if (names === undefined) throw new Error(`no names for values of type ${type}`);
  return names;
}

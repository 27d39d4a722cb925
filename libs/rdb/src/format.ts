// The numbers of the RDB format, as Redis's rdb.h has them. They are persisted: never renumber.

/** Redis 7.0 writes 10: everything since loads it. */
export const RDB_VERSION_WRITTEN = 10;
/**
 * Redis 7.2 writes 11, which adds two types (20, set as listpack; 21, streams). Redis 7.4 and 8.0 write 12, which adds hashes whose fields
 * expire (22 to 25). Redis 8.6 writes 13, which adds streams that know their producers (26) and module data of keys (opcode 243). None of
 * them changes anything that was there: a file of theirs with nothing new in it is read, and what is new is refused by its name.
 */
export const RDB_VERSION_READ_MAX = 13;
/**
 * Valkey 9.0 writes 80 behind a magic of its own, and counts from 11 on: 22 is its own type of hashes whose fields expire, 243 its own
 * opcode. Versions 12 to 79 are Redis's alone.
 */
export const RDB_VERSION_VALKEY = 80;

/** What Redis 8.6 calls KEY_META, and Valkey 9 SLOT_IMPORT. */
export const OP_KEY_META = 243;
export const OP_SLOT_INFO = 244;
export const OP_FUNCTION2 = 245;
export const OP_FUNCTION_PRE_GA = 246;
export const OP_MODULE_AUX = 247;
export const OP_IDLE = 248;
export const OP_FREQ = 249;
export const OP_AUX = 250;
export const OP_RESIZEDB = 251;
export const OP_EXPIRE_MS = 252;
export const OP_EXPIRE_SECONDS = 253;
export const OP_SELECTDB = 254;
export const OP_EOF = 255;

// Types of values in a file. Those of DUMP and of entries are the same.
export const TYPE_STRING = 0;
export const TYPE_LIST = 1;
export const TYPE_SET = 2;
export const TYPE_ZSET = 3;
export const TYPE_HASH = 4;
export const TYPE_ZSET_2 = 5;
export const TYPE_MODULE_PRE_GA = 6;
export const TYPE_MODULE_2 = 7;
export const TYPE_HASH_ZIPMAP = 9;
export const TYPE_LIST_ZIPLIST = 10;
export const TYPE_SET_INTSET = 11;
export const TYPE_ZSET_ZIPLIST = 12;
export const TYPE_HASH_ZIPLIST = 13;
export const TYPE_LIST_QUICKLIST = 14;
export const TYPE_STREAM_LISTPACKS = 15;
export const TYPE_HASH_LISTPACK = 16;
export const TYPE_ZSET_LISTPACK = 17;
export const TYPE_LIST_QUICKLIST_2 = 18;
export const TYPE_STREAM_LISTPACKS_2 = 19;
export const TYPE_SET_LISTPACK = 20;
export const TYPE_STREAM_LISTPACKS_3 = 21;

// What a value is, however the file holds it: Redis's object types.
export const OBJECT_LIST = 1;
export const OBJECT_SET = 2;
export const OBJECT_ZSET = 3;
export const OBJECT_HASH = 4;
export const OBJECT_STREAM = 6;

/** What a node of a list of type 18 is: one long element, or a listpack. */
export const NODE_PLAIN = 1;
export const NODE_PACKED = 2;

/** Index = type byte. A hole is a number that no version up to RDB_VERSION_READ_MAX uses. */
export const TYPE_NAMES: readonly (string | undefined)[] = [
  'string',
  'list',
  'set',
  'zset',
  'hash',
  'zset-2',
  'module-pre-ga',
  'module-2',
  undefined,
  'hash-zipmap',
  'list-ziplist',
  'set-intset',
  'zset-ziplist',
  'hash-ziplist',
  'list-quicklist',
  'stream-listpacks',
  'hash-listpack',
  'zset-listpack',
  'list-quicklist-2',
  'stream-listpacks-2',
  'set-listpack',
  'stream-listpacks-3',
  'hash-metadata-pre-ga',
  'hash-listpack-ex-pre-ga',
  'hash-metadata',
  'hash-listpack-ex',
  'stream-listpacks-4',
];

const TYPE_VALKEY_HASH_2 = 22;

/** The name of a type in a file of that version; undefined when none such writes it. */
export function typeName(type: number, version: number): string | undefined {
  if (version !== RDB_VERSION_VALKEY || type < TYPE_VALKEY_HASH_2) return TYPE_NAMES[type];
  return type === TYPE_VALKEY_HASH_2 ? 'hash-2' : undefined;
}

// First byte of a length: two bits of kind, six of value.
export const LEN_6BIT = 0;
export const LEN_14BIT = 1;
export const LEN_ENCODED = 3;
export const LEN_32BIT_BYTE = 0x80;
export const LEN_64BIT_BYTE = 0x81;

export const ENC_INT8 = 0;
export const ENC_INT16 = 1;
export const ENC_INT32 = 2;
export const ENC_LZF = 3;

export const MODULE_OP_EOF = 0;
export const MODULE_OP_SINT = 1;
export const MODULE_OP_UINT = 2;
export const MODULE_OP_FLOAT = 3;
export const MODULE_OP_DOUBLE = 4;
export const MODULE_OP_STRING = 5;

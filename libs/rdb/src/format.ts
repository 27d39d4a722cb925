// The numbers of the RDB format, as Redis's rdb.h has them. They are persisted: never renumber.

/** Redis 7.0 writes 10: everything since loads it. */
export const RDB_VERSION_WRITTEN = 10;
/** Redis 7.2 writes 11, which adds a type (20, set as listpack; 21, streams) and changes nothing that was there. */
export const RDB_VERSION_READ_MAX = 11;

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

export const TYPE_STRING = 0;

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
];

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

/** Names of types and encodings by their numbers. */
export const TYPE_NAMES: readonly string[] = ['string', 'list', 'set', 'zset', 'hash', 'module', 'stream'];

export const ENCODING_NAMES: readonly string[] = [
  'raw',
  'int',
  'hashtable',
  'zipmap',
  'linkedlist',
  'ziplist',
  'intset',
  'skiplist',
  'embstr',
  'quicklist',
  'stream',
  'listpack',
];

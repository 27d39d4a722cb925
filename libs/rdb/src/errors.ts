// What can be wrong with an RDB file or a DUMP payload. Codes are stable: callers switch on them, never on the prose.
export type RdbErrorCode =
  | 'bad-magic' // does not begin with REDIS and four digits
  | 'unsupported-version' // a version that this reader does not know
  | 'truncated' // the input ended in the middle of the file
  | 'bad-length' // an impossible length encoding, or a number out of its range
  | 'string-too-large' // a string above maxStringBytes
  | 'bad-lzf' // compressed bytes that do not expand to the length they claim
  | 'bad-value' // a list, set, sorted set, hash or stream that is damaged inside
  | 'bad-module-data' // module data whose opcodes make no sense
  | 'unknown-type' // a type byte that no Redis up to 8.6 and no Valkey up to 9.0 writes
  | 'unsupported-type' // a type of Redis that Weir does not load
  | 'unsupported-opcode' // a part of a file that Weir does not load: data of modules beside a key, an unfinished import of slots
  | 'unsupported-function' // a function library in the form of 7.0's release candidates, or one for which the sink has no method: it would be lost
  | 'unsupported-module' // data of a module that belongs to no key
  | 'duplicate-key' // a key that stands twice
  | 'no-such-database' // a key in a database that `databases` does not allow
  | 'checksum' // the CRC64 in the file is another than that of its bytes
  | 'trailing-data'; // bytes behind the end of the file

export class RdbError extends Error {
  readonly code: RdbErrorCode;
  /** Offset in the file of the item that could not be read; -1: not known, for who builds values and finds that one cannot be. */
  readonly offset: number;
  constructor(code: RdbErrorCode, message: string, offset = -1) {
    super(offset < 0 ? message : `${message} (at offset ${offset})`);
    this.name = 'RdbError';
    this.code = code;
    this.offset = offset;
  }
}

const DAMAGED = 'The file is damaged: take another copy of it. redis-check-rdb tells whether Redis can read it';
const RESAVE = 'on the server that wrote the file, SAVE, and bring the new file';

const REMEDIES: Record<RdbErrorCode, string> = {
  'bad-magic': 'Only RDB files of Redis and Valkey can be imported',
  'unsupported-version':
    'RDB versions 1 to 13 (Redis up to 8.6) and 80 (Valkey 9.0) are read: load it into such a server and SAVE there',
  truncated: DAMAGED,
  'bad-length': DAMAGED,
  'string-too-large': 'A string cannot be that long: the file is damaged, or the value has to be split',
  'bad-lzf': DAMAGED,
  'bad-value': DAMAGED,
  'bad-module-data': DAMAGED,
  'unknown-type': DAMAGED,
  'unsupported-type': `Delete the key or copy its value to a key of a plain type ${RESAVE}`,
  'unsupported-opcode': `Unload the module or finish the import of slots ${RESAVE}`,
  'unsupported-function': `FUNCTION DELETE it (or FUNCTION FLUSH) ${RESAVE}`,
  'unsupported-module': `MODULE UNLOAD it ${RESAVE}`,
  'duplicate-key': DAMAGED,
  'no-such-database': 'Raise `databases`',
  checksum: DAMAGED,
  'trailing-data': DAMAGED,
};

/** What who brought the file can do about it, a sentence without its full stop. */
export function remedyOf(code: RdbErrorCode): string {
  return REMEDIES[code];
}

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
  | 'unknown-type' // a type byte that no Redis version up to 8 writes
  | 'unsupported-type' // a type of Redis that Weir does not load
  | 'unsupported-opcode' // something Redis itself refuses too (functions of 7.0 release candidates)
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

/** Where a client names how often elements are repeated, the reply is no longer than a string may be; Redis would try. */
export const REPLY_BYTES_MAX = 512 * 1024 * 1024;
/** Those of an empty element. */
export const BULK_BYTES_MIN = 6;
export const REPLY_TOO_LONG = 'ERR value is out of range';

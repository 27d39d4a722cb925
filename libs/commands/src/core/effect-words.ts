/**
 * Words of the log, encoded as arguments: `effect.raw(SET)`. A string would be converted each time, which costs more
 * than many a command.
 */
const encoded = (word: string): Uint8Array => Buffer.from(`$${word.length}\r\n${word}\r\n`, 'latin1');

export const DEL = encoded('DEL');
export const HSET = encoded('HSET');
export const KEEPTTL = encoded('KEEPTTL');
export const PERSIST = encoded('PERSIST');
export const PEXPIREAT = encoded('PEXPIREAT');
export const PXAT = encoded('PXAT');
export const SET = encoded('SET');
export const SREM = encoded('SREM');
export const UNLINK = encoded('UNLINK');

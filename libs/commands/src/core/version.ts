/** The Redis whose replies Weir gives: what clients test to know which commands exist. */
export const REDIS_VERSION = '7.0.15';

/**
 * Version of the effects that this engine writes into the log, and the newest that it understands. A record says the version of its writer, and an
 * older engine stops at it (`log-newer`) in place of making something else of it. The forms of each version are frozen: vocabulary.test.ts.
 *
 * 1: strings, expiry, keyspace commands.
 * 2: lists, sets, sorted sets, hashes, streams; also in snapshots, which an engine of version 1 refuses by the type.
 * 3: MULTI and EXEC around the effects of a transaction.
 * 4: function libraries: FUNCTION LOAD, DELETE, FLUSH, RESTORE; also in snapshots, which an older engine refuses by the library's name.
 */
export const ENGINE_VERSION = 4;

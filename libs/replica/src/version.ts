/**
 * Version of the effects that this engine writes into the log, and the newest that it understands.
 * 1: strings, expiry, keyspace commands.
 * 2: lists, sets, sorted sets, hashes, streams; also in snapshots, which an engine of version 1 refuses by the type.
 * 3: MULTI and EXEC around the effects of a transaction.
 */
export const ENGINE_VERSION = 3;

/** The Redis version whose commands and replies are offered; clients look at it to see what they may use. */
export const REDIS_VERSION = '7.0.15';
export const WEIR_VERSION = '0.1.0';

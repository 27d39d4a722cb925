// Names of the auxiliary fields in Weir's snapshots. Persisted: append only.

/** Where in the log and in its history a snapshot stands; decimal numbers, the checksum in hexadecimal. */
export const AUX_WEIR_SEQ = 'weir-seq';
export const AUX_WEIR_OFFSET = 'weir-offset';
export const AUX_WEIR_EPOCH = 'weir-epoch';
export const AUX_WEIR_CHECKSUM = 'weir-checksum';

// Redis's own, which its tools show.
export const AUX_REDIS_VERSION = 'redis-ver';
export const AUX_REDIS_BITS = 'redis-bits';
export const AUX_CREATION_TIME = 'ctime';
export const AUX_USED_MEMORY = 'used-mem';
export const AUX_AOF_BASE = 'aof-base';

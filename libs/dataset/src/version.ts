export { ENGINE_VERSION } from '@weir/commands';

/** The Redis version whose commands and replies are offered; clients look at it to see what they may use. */
export const REDIS_VERSION = '7.0.15';
export const WEIR_VERSION = '0.1.0';

/** The Redis whose replies Weir gives: what clients test to know which commands exist. */
export const REDIS_VERSION = '7.0.15';

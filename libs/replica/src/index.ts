export { Follower, LOG_START } from './follower.ts';
export type { FollowerLogger, FollowerOptions, FollowerState, LeaderInfo } from './follower.ts';
export { loadSnapshot } from './load.ts';
export type { LoadProgress } from './load.ts';
export { Replay } from './replay.ts';
export { uploadSnapshot, writeRdb } from './save.ts';
export type { SaveOptions } from './save.ts';
export { ENGINE_VERSION, REDIS_VERSION, WEIR_VERSION } from './version.ts';

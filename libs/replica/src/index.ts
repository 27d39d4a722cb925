export { provenSnapshots, unprovenBeginning } from './beginning.ts';
export type { ProvenSnapshots } from './beginning.ts';
export { DoesNotFitError } from './does-not-fit.ts';
export { Follower } from './follower.ts';
export type { FollowerLogger, FollowerOptions, FollowerState, LeaderInfo, LeaseHolder } from './follower.ts';
export { Replay } from './replay.ts';
export { restoreKeyspace, restoreToFile } from './restore.ts';
export type { RestoreOptions, RestorePoint, RestoreProgress, Restored } from './restore.ts';

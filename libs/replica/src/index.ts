export { provenSnapshots, unprovenBeginning } from './beginning.ts';
export type { ProvenSnapshots } from './beginning.ts';
export { DoesNotFitError } from './does-not-fit.ts';
export { Follower } from './follower.ts';
export type { FollowerLogger, FollowerOptions, FollowerState, LeaderInfo } from './follower.ts';
export { Replay } from './replay.ts';
// What goes with following a log, so that who does needs to name one lib.
export {
  ENGINE_VERSION,
  Pace,
  REDIS_VERSION,
  WEIR_VERSION,
  discardKeyspace,
  exportSnapshot,
  freeInBackground,
  loadSnapshot,
  uploadSnapshot,
  verifySnapshot,
} from '@weir/dataset';
export type { LoadProgress, LoadedSnapshot } from '@weir/dataset';
export { wallClockMs } from '@weir/time';

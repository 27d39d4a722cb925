export { writeMembers } from './bulks.ts';
export { Cursor } from './cursor.ts';
export { finishGathering, gather, gatheredScore, setGathered, startGathering } from './gather.ts';
export { LexBound, countBelow, lexRange, range, scoreRange } from './range.ts';
export { isSpace, parsed, strtod } from './strtod.ts';
export {
  ADDED,
  GT,
  INCR,
  LT,
  NOT_A_NUMBER,
  NX,
  SKIPPED,
  UNCHANGED,
  UPDATED,
  XX,
  add,
  begin,
  expect,
  isPacked,
  listpackOf,
  loadListpack,
  loadMember,
  outcome,
  rankOf,
  remove,
  removeRange,
  reserve,
  scan,
  scoreOf,
  size,
} from './zset.ts';

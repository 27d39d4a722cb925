export { NODE_BYTES_MAX, append } from './append.ts';
export { EntryCursor } from './cursor.ts';
export {
  ID_MAX,
  ID_MIN,
  ID_TEXT_BYTES_MAX,
  compareIds,
  copyId,
  decrementId,
  formatId,
  formatUint64,
  incrementId,
  isZeroId,
  newId,
  setIdMs,
} from './id.ts';
export type { StreamId } from './id.ts';
export { deleteEntry, edgeId, has, trimById, trimByLength } from './remove.ts';
export {
  entriesAddedHi,
  entriesAddedLo,
  firstId,
  init,
  lastId,
  length,
  maxDeletedId,
  setEntriesAdded,
  setLastId,
  setMaxDeletedId,
} from './root.ts';

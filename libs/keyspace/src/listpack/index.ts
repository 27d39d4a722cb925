export { writeBulks, writeHead, writePacked } from './bulks.ts';
export type { BulkSink } from './bulks.ts';
export { hasDuplicates } from './duplicates.ts';
export { Element, writeInt64 } from './element.ts';
export { halves, parseHalves, setHalves } from './int64.ts';
export {
  BYTES_MAX,
  FIRST,
  append,
  appendInt,
  bytesOf,
  copy,
  count,
  create,
  end,
  entryBytes,
  equals,
  find,
  fromBytes,
  get,
  insert,
  next,
  prev,
  read,
  remove,
  replace,
  seek,
} from './listpack.ts';

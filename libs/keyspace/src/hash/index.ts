export { convert, get, has, length, prepare, remove, set, valueLength } from './hash.ts';
export { HashIterator, handles, pairAt, randomDistinct, randomHandle, scan } from './iterate.ts';
export type { Handle } from './iterate.ts';
export { fromListpack, listpackOf, loadPair, prepareLoad } from './load.ts';

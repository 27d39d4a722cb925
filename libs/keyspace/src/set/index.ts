export { SetIterator } from './iterator.ts';
export { loadIntset, loadListpack, raw, startLoading } from './load.ts';
export { pop, popMany, random, sampleDistinct, sampleRepeating } from './random.ts';
export { add, addElement, has, hasElement, prepare, remove, removeElement, size, tryIntset } from './value.ts';
export { member, scan } from './scan.ts';

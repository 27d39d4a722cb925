export { ListIterator, NodeIterator } from './iterator.ts';
export {
  finishLoad,
  grow,
  index,
  insert,
  length,
  loadElement,
  loadNode,
  peek,
  pop,
  push,
  remove,
  removeRange,
  rotate,
  set,
  shrink,
  trim,
} from './list.ts';

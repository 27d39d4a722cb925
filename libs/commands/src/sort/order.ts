/**
 * The two ways in which Redis sorts, as what is equal ends up in the order that each of them leaves: glibc's qsort, which is a stable
 * merge sort, and for a LIMIT with a BY pattern Bentley and McIlroy's quicksort ("Engineering a Sort Function", 1993),
 * which leaves out the parts that nobody wants to see. Both sort indexes.
 */

export type Compare = (a: number, b: number) => number;

const INSERTION_MAX = 8;

/** Stable. */
export function mergeSort(items: Uint32Array, compare: Compare): void {
  const n = items.length;
  for (let from = 0; from < n; from += INSERTION_MAX) {
    const to = Math.min(n, from + INSERTION_MAX);
    for (let i = from + 1; i < to; i++) {
      const item = items[i];
      let at = i;
      for (; at > from && compare(items[at - 1], item) > 0; at--) items[at] = items[at - 1];
      items[at] = item;
    }
  }
  let source: Uint32Array = items;
  let target: Uint32Array = new Uint32Array(n);
  for (let width = INSERTION_MAX; width < n; width *= 2) {
    for (let from = 0; from < n; from += 2 * width) {
      const middle = Math.min(n, from + width);
      const end = Math.min(n, from + 2 * width);
      let a = from;
      let b = middle;
      for (let at = from; at < end; at++) {
        const first = a < middle && (b >= end || compare(source[a], source[b]) <= 0);
        target[at] = first ? source[a++] : source[b++];
      }
    }
    const swapped = source;
    source = target;
    target = swapped;
  }
  if (source !== items) items.set(source);
}

/** Sorts so far that the items [first, last] are right. */
export function partialSort(items: Uint32Array, compare: Compare, first: number, last: number): void {
  sortPart(items, compare, 0, items.length, first, last);
}

function sortPart(items: Uint32Array, compare: Compare, from: number, n: number, first: number, last: number): void {
  for (;;) {
    if (n < 7) {
      for (let i = from + 1; i < from + n; i++) {
        for (let at = i; at > from && compare(items[at - 1], items[at]) > 0; at--) swap(items, at, at - 1);
      }
      return;
    }
    let middle = from + (n >> 1);
    if (n > 7) {
      let low = from;
      let high = from + n - 1;
      if (n > 40) {
        const d = n >> 3;
        low = median(items, compare, low, low + d, low + 2 * d);
        middle = median(items, compare, middle - d, middle, middle + d);
        high = median(items, compare, high - 2 * d, high - d, high);
      }
      middle = median(items, compare, low, middle, high);
    }
    swap(items, from, middle);
    // Equal ones gather at both ends: [from, a) and (d, end); smaller ones in [a, b), larger ones in (c, d].
    let a = from + 1;
    let b = a;
    let c = from + n - 1;
    let d = c;
    for (;;) {
      for (let order: number; b <= c && (order = compare(items[b], items[from])) <= 0; b++) {
        if (order === 0) swap(items, a++, b);
      }
      for (let order: number; b <= c && (order = compare(items[c], items[from])) >= 0; c--) {
        if (order === 0) swap(items, c, d--);
      }
      if (b > c) break;
      swap(items, b++, c--);
    }
    const end = from + n;
    swapRuns(items, from, b, Math.min(a - from, b - a));
    swapRuns(items, b, end, Math.min(d - c, end - d - 1));
    const smaller = b - a;
    const larger = d - c;
    if (smaller > 1 && first < from + smaller && last >= from) sortPart(items, compare, from, smaller, first, last);
    if (larger <= 1 || first >= end || last < end - larger) return;
    from = end - larger;
    n = larger;
  }
}

/** Exchanges the `n` items from `from` on with those before `end`. */
function swapRuns(items: Uint32Array, from: number, end: number, n: number): void {
  for (let i = 0; i < n; i++) swap(items, from + i, end - n + i);
}

function swap(items: Uint32Array, a: number, b: number): void {
  const item = items[a];
  items[a] = items[b];
  items[b] = item;
}

function median(items: Uint32Array, compare: Compare, a: number, b: number, c: number): number {
  const [x, y, z] = [items[a], items[b], items[c]];
  if (compare(x, y) < 0) return compare(y, z) < 0 ? b : compare(x, z) < 0 ? c : a;
  return compare(y, z) > 0 ? b : compare(x, z) < 0 ? a : c;
}

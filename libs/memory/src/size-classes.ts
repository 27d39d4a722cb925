/**
 * Size classes of the arena: multiples of 16 up to 128 bytes, then four per doubling up to 16 KiB (at most 20 % of a
 * block is lost to rounding, as in jemalloc). Larger blocks are runs of whole pages.
 */

export const GRANULE_BYTES = 16;
export const PAGE_BYTES = 4096;
export const REFS_PER_PAGE = PAGE_BYTES / GRANULE_BYTES;
export const SMALL_BYTES_MAX = 16384;

const sizes: number[] = [];
for (let size = 16; size <= 128; size += 16) sizes.push(size);
for (let base = 128; base < SMALL_BYTES_MAX; base *= 2) {
  for (let quarter = 1; quarter <= 4; quarter++) sizes.push(base + (base / 4) * quarter);
}

export const CLASS_COUNT = sizes.length;

/** Bytes of a block, by class. */
export const CLASS_BYTES = Int32Array.from(sizes);

/** Class by (bytes + 15) >> 4. */
export const CLASS_BY_GRANULES = new Uint8Array(SMALL_BYTES_MAX / GRANULE_BYTES + 1);
for (let granules = 0, cls = 0; granules < CLASS_BY_GRANULES.length; granules++) {
  if (granules * GRANULE_BYTES > CLASS_BYTES[cls]) cls++;
  CLASS_BY_GRANULES[granules] = cls;
}

/** Pages of a slab, by class: at least eight blocks, the least tail wasted within twice that. */
export const CLASS_SLAB_PAGES = CLASS_BYTES.map((bytes) => {
  const least = Math.max(4, Math.ceil((bytes * 8) / PAGE_BYTES));
  let best = least;
  for (let pages = least; pages <= least * 2; pages++) {
    const waste = ((pages * PAGE_BYTES) % bytes) / pages;
    if (waste < ((best * PAGE_BYTES) % bytes) / best) best = pages;
  }
  return best;
});

/** Blocks in a slab, by class. */
export const CLASS_SLAB_BLOCKS = CLASS_BYTES.map((bytes, cls) =>
  Math.floor((CLASS_SLAB_PAGES[cls] * PAGE_BYTES) / bytes),
);

if (CLASS_BYTES[CLASS_COUNT - 1] !== SMALL_BYTES_MAX) throw new Error('size classes do not end at SMALL_BYTES_MAX');
if (Math.max(...CLASS_SLAB_BLOCKS) > 65535) throw new Error('a slab has more blocks than its 16-bit counters hold');

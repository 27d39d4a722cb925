/**
 * The arena: all keys, values and indexes of one keyspace in one reserved ArrayBuffer, outside the JavaScript heap.
 * The garbage collector never looks inside, the bytes in use are known exactly, and dropping a whole data set is
 * dropping one object.
 *
 * A block is named by a `Ref`: its byte address divided by 16, so that a 32-bit field addresses 64 GiB; 0 is no block.
 * Small blocks (≤ 16 KiB) live in slabs of one size class, each slab with its own free list, so that a slab whose last
 * block is freed returns to the page heap and serves any other class (mimalloc's shape; a free list per class, as in
 * the textbook, would pin every page for ever to the class that first used it). Large blocks are runs of 4 KiB pages;
 * free runs are merged with their neighbours at once and found by power-of-two bins. Runs at the very end shrink the
 * arena, which gives the memory back to the operating system.
 *
 * Book-keeping lies in typed arrays beside the arena (about 0.6 % of it), not inside it, so that a wild write into a
 * block cannot corrupt the allocator. The one exception is the link of a free block, which is stored in the block.
 *
 * What it does not do: move blocks (no defragmentation), or check addresses in production. Debug mode fills freed
 * blocks with a pattern, verifies it at reuse, and refuses double frees, foreign refs and overlaps.
 */

import {
  CLASS_BY_GRANULES,
  CLASS_BYTES,
  CLASS_COUNT,
  CLASS_SLAB_BLOCKS,
  CLASS_SLAB_PAGES,
  GRANULE_BYTES,
  PAGE_BYTES,
  REFS_PER_PAGE,
  SMALL_BYTES_MAX,
} from './size-classes.ts';

export type Ref = number;

export interface ArenaOptions {
  /** Address space to reserve; the most the arena can ever hold. Memory is committed only as it is used. */
  readonly reserveBytes?: number;
  /** The most that it holds while it is `limited`. Default: all of it. */
  readonly limitBytes?: number;
  /** Poisons freed blocks and verifies every call; for tests. */
  readonly debug?: boolean;
}

/** The limit or the reserved address space is used up, or the system has no memory. The caller refuses the command; nothing was allocated. */
export class ArenaFullError extends Error {
  override readonly name = 'ArenaFullError';
}

const FREE = 0;
const SLAB = 1;
const LARGE = 2;

/** What refs of 32 bits can address. */
export const ARENA_BYTES_MAX = GRANULE_BYTES * 2 ** 32;
const DEFAULT_RESERVE_BYTES = 16 * 1024 ** 3;
const GROW_BYTES_MIN = 1024 * 1024;
const GROW_BYTES_MAX = 64 * 1024 * 1024;
/** The end of the arena is given back when this much of it is free. */
const SHRINK_SLACK_BYTES = 8 * 1024 * 1024;
/** So much at a time, where somebody gives it back in steps: 0.7 ms a MiB, as all of it is zeroed first. */
const SHRINK_STEP_BYTES = 512 * 1024;
const BIN_COUNT = 32;
/** Runs of a bin that are looked at before a larger one is cut. */
const BIN_TRIES = 32;
const POISON = 0xdf;

export class Arena {
  readonly buffer: ArrayBuffer;
  /** Views on the whole arena; they follow its growth by themselves. */
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  /** Bytes in allocated blocks, each counted at its full (rounded) size. */
  usedBytes = 0;
  /** Highest value that `usedBytes` had. */
  usedBytesPeak = 0;
  /** Count of allocated blocks. */
  blocks = 0;
  readonly reserveBytes: number;
  /** What `limited` refers to; at most `reserveBytes`. */
  readonly limitBytes: number;
  /**
   * No allocation takes pages beyond `limitBytes`. Set while clients' commands change the data set, and not while a snapshot or a log is
   * loaded: the same commands may need more pages in another order, and what was acknowledged once has to fit again. Memory that a load has
   * taken beyond the limit stays in use; pages that become free are handed out again only when less than the limit is in use.
   */
  limited = false;
  /**
   * Asked again and again before an allocation is refused: gives some blocks back, or says false as there are none. It runs in the
   * middle of whatever allocates, so it may touch nothing that anybody is working on. It must not allocate.
   */
  onFull: (() => boolean) | null = null;
  /**
   * Told when there is memory that the system could have back: whoever is told calls `shrinkStep` until it says false, as a gigabyte takes
   * the best part of a second. Without anybody to tell it is given back on the spot.
   */
  onShrink: (() => void) | null = null;

  // Per page: the first page of the slab or run that it belongs to (for free runs only the first and last are kept).
  #first: Uint32Array;
  // Per first page:
  #kind: Uint8Array;
  #class: Uint8Array;
  #pages: Uint32Array;
  #used: Uint16Array;
  #bump: Uint16Array;
  #free: Uint32Array;
  #next: Uint32Array;
  #prev: Uint32Array;
  /** Per class: the first slab that has room, as its first page; 0 is none. */
  readonly #partial = new Uint32Array(CLASS_COUNT);
  /** Per bin (floor of log2 of the pages): the first free run. */
  readonly #bins = new Uint32Array(BIN_COUNT);
  /** Pages below this are slabs, runs or free runs; above it nothing was handed out. Page 0 is never handed out. */
  #topPage = 1;
  /** Pages below the top that stand in free runs. */
  #freePages = 0;
  /** Pages at and above this were never written since the memory was committed: they are zero. */
  #cleanPage = 1;
  /** Somebody was told to call `shrinkStep`. */
  #shrinking = false;
  readonly #live: Map<Ref, number> | undefined;

  constructor(options: ArenaOptions = {}) {
    const { buffer, reserveBytes } = reserve(options.reserveBytes ?? DEFAULT_RESERVE_BYTES);
    this.buffer = buffer;
    this.reserveBytes = reserveBytes;
    this.limitBytes = Math.min(options.limitBytes ?? reserveBytes, reserveBytes);
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    const pages = buffer.byteLength / PAGE_BYTES;
    this.#first = new Uint32Array(pages);
    this.#kind = new Uint8Array(pages);
    this.#class = new Uint8Array(pages);
    this.#pages = new Uint32Array(pages);
    this.#used = new Uint16Array(pages);
    this.#bump = new Uint16Array(pages);
    this.#free = new Uint32Array(pages);
    this.#next = new Uint32Array(pages);
    this.#prev = new Uint32Array(pages);
    this.#kind[0] = LARGE;
    this.#live = options.debug ? new Map() : undefined;
  }

  /** Bytes of memory that the arena has asked from the operating system (touched or not). */
  get committedBytes(): number {
    return this.buffer.byteLength;
  }

  /** Bytes in pages that are handed out to slabs and runs: `usedBytes` plus what is free inside slabs. */
  get activeBytes(): number {
    return (this.#topPage - 1 - this.#freePages) * PAGE_BYTES;
  }

  /** Bytes of the allocator's own tables, beside the arena. */
  get overheadBytes(): number {
    return this.#first.length * (4 * 5 + 2 * 2 + 2);
  }

  /** Takes a block of at least `bytes` bytes (content undefined). Throws ArenaFullError. */
  alloc(bytes: number): Ref {
    if (bytes > SMALL_BYTES_MAX) return this.#allocLarge(bytes);
    const cls = CLASS_BY_GRANULES[(bytes + (GRANULE_BYTES - 1)) >> 4];
    let slab = this.#partial[cls];
    if (slab === 0) slab = this.#newSlab(cls);
    const classBytes = CLASS_BYTES[cls];
    let ref = this.#free[slab];
    if (ref !== 0) {
      if (this.#live !== undefined) this.#checkPoison(ref, classBytes);
      this.#free[slab] = this.u32[ref * 4];
    } else {
      ref = slab * REFS_PER_PAGE + this.#bump[slab]++ * (classBytes >> 4);
    }
    if (++this.#used[slab] === CLASS_SLAB_BLOCKS[cls]) this.#unlinkSlab(slab, cls);
    this.usedBytes += classBytes;
    if (this.usedBytes > this.usedBytesPeak) this.usedBytesPeak = this.usedBytes;
    this.blocks++;
    if (this.#live !== undefined) this.#track(ref, classBytes);
    return ref;
  }

  /** Takes a block whose bytes are all zero. Large ones from fresh pages cost no writing. */
  allocZeroed(bytes: number): Ref {
    const cleanPage = this.#cleanPage;
    const ref = this.alloc(bytes);
    if (bytes > SMALL_BYTES_MAX && ref >= cleanPage * REFS_PER_PAGE) return ref;
    const start = ref * GRANULE_BYTES;
    this.u8.fill(0, start, start + bytes);
    return ref;
  }

  /**
   * Blocks at and above this ref come zeroed from `alloc`, as nobody has written there since the system gave the memory:
   * read it before the call. For who zeroes large blocks bit by bit instead of with `allocZeroed`.
   */
  get cleanRef(): Ref {
    return this.#cleanPage * REFS_PER_PAGE;
  }

  /**
   * Gives all blocks back at once, and the memory to the system. Only the owner of every block may do that; the cost does not
   * depend on how many there are.
   */
  reset(): void {
    this.#partial.fill(0);
    this.#bins.fill(0);
    // What the tables say of pages above the top is never read: a page is described anew when it is handed out.
    this.#topPage = 1;
    this.#freePages = 0;
    this.usedBytes = 0;
    this.blocks = 0;
    this.#live?.clear();
    this.#shrink();
  }

  /** Gives a block back. */
  free(ref: Ref): void {
    const page = (ref / REFS_PER_PAGE) | 0;
    const first = this.#first[page];
    if (this.#kind[first] === LARGE) {
      this.#freeLarge(ref, first);
      return;
    }
    const cls = this.#class[first];
    const classBytes = CLASS_BYTES[cls];
    if (this.#live !== undefined) this.#untrack(ref, classBytes);
    this.u32[ref * 4] = this.#free[first];
    this.#free[first] = ref;
    this.usedBytes -= classBytes;
    this.blocks--;
    const used = --this.#used[first];
    if (used === CLASS_SLAB_BLOCKS[cls] - 1) this.#linkSlab(first, cls);
    // One empty slab a class is kept, so that a class with one block coming and going does not thrash the page heap.
    if (used === 0 && (this.#next[first] !== 0 || this.#prev[first] !== 0)) {
      this.#unlinkSlab(first, cls);
      this.#freeRun(first, CLASS_SLAB_PAGES[cls]);
    }
  }

  /** Bytes that fit into the block: what was asked for, rounded up. */
  usableBytes(ref: Ref): number {
    const first = this.#first[(ref / REFS_PER_PAGE) | 0];
    return this.#kind[first] === LARGE ? this.#pages[first] * PAGE_BYTES : CLASS_BYTES[this.#class[first]];
  }

  /**
   * Makes a block hold `bytes` bytes, keeping the first `keepBytes` of its content; in place where it can be (same
   * class; a run that has free pages behind it; a run that shrinks). Throws ArenaFullError, the block is then as before.
   */
  realloc(ref: Ref, bytes: number, keepBytes: number): Ref {
    const usable = this.usableBytes(ref);
    if (roundUp(bytes) === usable) return ref;
    if (usable > SMALL_BYTES_MAX && bytes > SMALL_BYTES_MAX && this.#resizeLarge(ref, bytes)) return ref;
    const next = this.alloc(bytes);
    const from = ref * GRANULE_BYTES;
    this.u8.copyWithin(next * GRANULE_BYTES, from, from + Math.min(keepBytes, usable, bytes));
    this.free(ref);
    return next;
  }

  /** Bytes that a block of `bytes` really takes. */
  static roundUp(bytes: number): number {
    return roundUp(bytes);
  }

  /** A slab of the class that has room. */
  #newSlab(cls: number): number {
    const pages = CLASS_SLAB_PAGES[cls];
    let slab = this.#takeRun(pages);
    while (slab === 0) {
      this.#giveBack();
      // That may have been blocks of this class.
      if (this.#partial[cls] !== 0) return this.#partial[cls];
      slab = this.#takeRun(pages);
    }
    this.#kind[slab] = SLAB;
    this.#class[slab] = cls;
    this.#used[slab] = 0;
    this.#bump[slab] = 0;
    this.#free[slab] = 0;
    this.#first.fill(slab, slab, slab + pages);
    this.#linkSlab(slab, cls);
    return slab;
  }

  #linkSlab(slab: number, cls: number): void {
    const head = this.#partial[cls];
    this.#next[slab] = head;
    this.#prev[slab] = 0;
    if (head !== 0) this.#prev[head] = slab;
    this.#partial[cls] = slab;
  }

  #unlinkSlab(slab: number, cls: number): void {
    const next = this.#next[slab];
    const prev = this.#prev[slab];
    if (prev !== 0) this.#next[prev] = next;
    else this.#partial[cls] = next;
    if (next !== 0) this.#prev[next] = prev;
    this.#next[slab] = 0;
    this.#prev[slab] = 0;
  }

  #allocLarge(bytes: number): Ref {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    let run = this.#takeRun(pages);
    while (run === 0) {
      this.#giveBack();
      run = this.#takeRun(pages);
    }
    this.#kind[run] = LARGE;
    this.#first.fill(run, run, run + pages);
    this.usedBytes += pages * PAGE_BYTES;
    if (this.usedBytes > this.usedBytesPeak) this.usedBytesPeak = this.usedBytes;
    this.blocks++;
    const ref = run * REFS_PER_PAGE;
    if (this.#live !== undefined) this.#track(ref, pages * PAGE_BYTES);
    return ref;
  }

  #freeLarge(ref: Ref, first: number): void {
    const pages = this.#pages[first];
    if (this.#live !== undefined) this.#untrack(ref, pages * PAGE_BYTES);
    this.usedBytes -= pages * PAGE_BYTES;
    this.blocks--;
    this.#freeRun(first, pages);
  }

  #resizeLarge(ref: Ref, bytes: number): boolean {
    const run = ref / REFS_PER_PAGE;
    const have = this.#pages[run];
    const want = Math.ceil(bytes / PAGE_BYTES);
    if (want > have) {
      const behind = run + have;
      const extra = want - have;
      if (behind === this.#topPage) {
        if (!this.#commit(behind + extra)) return false;
        this.#setTop(behind + extra);
      } else if (this.#kind[behind] === FREE && this.#pages[behind] >= extra && this.#mayHandOut(extra)) {
        const rest = this.#pages[behind] - extra;
        this.#unlinkRun(behind);
        if (rest > 0) this.#linkRun(behind + extra, rest);
      } else return false;
      this.#first.fill(run, behind, behind + extra);
      this.#pages[run] = want;
    } else if (want < have) {
      this.#pages[run] = want;
      this.#freeRun(run + want, have - want);
    }
    this.usedBytes += (want - have) * PAGE_BYTES;
    if (this.usedBytes > this.usedBytesPeak) this.usedBytesPeak = this.usedBytes;
    if (this.#live !== undefined) this.#live.set(ref, want * PAGE_BYTES);
    return true;
  }

  /**
   * Takes `pages` pages in a row: the first fitting free run from the smallest bin up, else new ones at the top. The runs
   * of the smallest bin need not fit; a few are tried, so that thousands of runs a little too short cost no time, and
   * all only before the arena counts as full: 0.
   */
  #takeRun(pages: number): number {
    if (!this.#mayHandOut(pages)) return 0;
    const smallest = 31 - Math.clz32(pages);
    let run = this.#takeFrom(smallest, pages, BIN_TRIES);
    for (let bin = smallest + 1; run === 0 && bin < BIN_COUNT; bin++) run = this.#takeFrom(bin, pages, 1);
    if (run !== 0) return run;
    run = this.#topPage;
    if (this.#commit(run + pages)) {
      this.#setTop(run + pages);
      this.#pages[run] = pages;
      return run;
    }
    return this.#takeFrom(smallest, pages, Infinity);
  }

  /**
   * Whether so many pages more may be in use. Below the limit's address `#commit` has seen to that already; this is for an arena which a load
   * brought above it, so that its holes are not filled up and the next load needs no more than this one.
   */
  #mayHandOut(pages: number): boolean {
    return !this.limited || (this.#topPage + pages - this.#freePages) * PAGE_BYTES <= this.limitBytes;
  }

  /** There is no room. Throws unless somebody has given some back. */
  #giveBack(): void {
    if (this.onFull === null || !this.onFull()) {
      const bytes = this.limited ? this.limitBytes : this.reserveBytes;
      throw new ArenaFullError(`the arena of ${bytes} bytes is full, or the system gives it no more memory`);
    }
  }

  #takeFrom(bin: number, pages: number, tries: number): number {
    let run = this.#bins[bin];
    for (let tried = 0; run !== 0 && tried < tries; tried++, run = this.#next[run]) {
      const have = this.#pages[run];
      if (have < pages) continue;
      this.#unlinkRun(run);
      if (have > pages) this.#linkRun(run + pages, have - pages);
      this.#pages[run] = pages;
      return run;
    }
    return 0;
  }

  #freeRun(start: number, pages: number): void {
    const before = start > 1 ? this.#first[start - 1] : 0;
    if (before !== 0 && this.#kind[before] === FREE) {
      this.#unlinkRun(before);
      start = before;
      pages += this.#pages[before];
    }
    const behind = start + pages;
    if (behind < this.#topPage && this.#kind[behind] === FREE) {
      this.#unlinkRun(behind);
      pages += this.#pages[behind];
    }
    if (start + pages === this.#topPage) {
      this.#setTop(start);
      this.#shrink();
    } else this.#linkRun(start, pages);
  }

  #linkRun(run: number, pages: number): void {
    const bin = 31 - Math.clz32(pages);
    const head = this.#bins[bin];
    this.#freePages += pages;
    this.#kind[run] = FREE;
    this.#pages[run] = pages;
    this.#first[run] = run;
    this.#first[run + pages - 1] = run;
    this.#next[run] = head;
    this.#prev[run] = 0;
    if (head !== 0) this.#prev[head] = run;
    this.#bins[bin] = run;
  }

  #unlinkRun(run: number): void {
    const next = this.#next[run];
    const prev = this.#prev[run];
    this.#freePages -= this.#pages[run];
    if (prev !== 0) this.#next[prev] = next;
    else this.#bins[31 - Math.clz32(this.#pages[run])] = next;
    if (next !== 0) this.#prev[next] = prev;
    this.#next[run] = 0;
    this.#prev[run] = 0;
  }

  #setTop(page: number): void {
    this.#topPage = page;
    if (page > this.#cleanPage) this.#cleanPage = page;
  }

  /** Makes pages below `topPage` usable. */
  #commit(topPage: number): boolean {
    const need = topPage * PAGE_BYTES;
    const have = this.buffer.byteLength;
    const most = this.limited ? this.limitBytes : this.reserveBytes;
    if (need > most) return false;
    if (need <= have) return true;
    const step = Math.min(GROW_BYTES_MAX, Math.max(GROW_BYTES_MIN, have / 8));
    let bytes = Math.min(most, Math.max(need, have + step));
    bytes = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    try {
      this.buffer.resize(bytes);
    } catch {
      return false;
    }
    this.#growTables(bytes / PAGE_BYTES);
    return true;
  }

  #shrink(): void {
    const have = this.buffer.byteLength;
    const need = Math.max(GROW_BYTES_MIN, this.#topPage * PAGE_BYTES);
    if (this.#shrinking || have - need < Math.max(SHRINK_SLACK_BYTES, have / 4)) return;
    if (this.onShrink === null) this.#shrinkTo(need);
    else {
      this.#shrinking = true;
      this.onShrink();
    }
  }

  /** Gives the system a piece of the memory that is not needed; false: it has it all. About half a millisecond. */
  shrinkStep(): boolean {
    const have = this.buffer.byteLength;
    const need = Math.max(GROW_BYTES_MIN, this.#topPage * PAGE_BYTES);
    if (this.#shrinking && have > need) this.#shrinkTo(Math.max(need, have - SHRINK_STEP_BYTES));
    else this.#shrinking = false;
    return this.#shrinking;
  }

  #shrinkTo(bytes: number): void {
    this.buffer.resize(bytes);
    // What is committed again later comes zeroed.
    this.#cleanPage = Math.min(this.#cleanPage, bytes / PAGE_BYTES);
  }

  #growTables(pages: number): void {
    if (pages <= this.#first.length) return;
    const length = Math.max(pages, Math.min(this.#first.length * 2, this.reserveBytes / PAGE_BYTES));
    this.#first = grown(this.#first, new Uint32Array(length));
    this.#kind = grown(this.#kind, new Uint8Array(length));
    this.#class = grown(this.#class, new Uint8Array(length));
    this.#pages = grown(this.#pages, new Uint32Array(length));
    this.#used = grown(this.#used, new Uint16Array(length));
    this.#bump = grown(this.#bump, new Uint16Array(length));
    this.#free = grown(this.#free, new Uint32Array(length));
    this.#next = grown(this.#next, new Uint32Array(length));
    this.#prev = grown(this.#prev, new Uint32Array(length));
  }

  #track(ref: Ref, bytes: number): void {
    const live = this.#live!;
    const start = ref * GRANULE_BYTES;
    if (start < PAGE_BYTES || start + bytes > this.#topPage * PAGE_BYTES) {
      throw new Error(`arena: block ${ref} of ${bytes} bytes lies outside the arena`);
    }
    if (live.has(ref)) throw new Error(`arena: block ${ref} was handed out twice`);
    live.set(ref, bytes);
  }

  #untrack(ref: Ref, bytes: number): void {
    const live = this.#live!;
    const had = live.get(ref);
    if (had === undefined) throw new Error(`arena: block ${ref} freed, but it is not allocated`);
    if (had !== bytes) throw new Error(`arena: block ${ref} has ${had} bytes, its page says ${bytes}`);
    live.delete(ref);
    this.u8.fill(POISON, ref * GRANULE_BYTES, ref * GRANULE_BYTES + bytes);
  }

  #checkPoison(ref: Ref, bytes: number): void {
    const start = ref * GRANULE_BYTES;
    for (let at = start + 4; at < start + bytes; at++) {
      if (this.u8[at] !== POISON)
        throw new Error(`arena: byte ${at - start} of block ${ref} was written after it was freed`);
    }
  }

  /** Debug mode only: throws if live blocks overlap or the counters are wrong. */
  verify(): void {
    const live = this.#live;
    if (live === undefined) throw new Error('arena: verify needs debug mode');
    let end = 0;
    let bytes = 0;
    for (const [ref, size] of [...live].sort((a, b) => a[0] - b[0])) {
      const start = ref * GRANULE_BYTES;
      if (start < end) throw new Error(`arena: block ${ref} overlaps the one before it`);
      end = start + size;
      bytes += size;
    }
    if (bytes !== this.usedBytes) throw new Error(`arena: ${bytes} bytes are live, the counter says ${this.usedBytes}`);
    if (live.size !== this.blocks)
      throw new Error(`arena: ${live.size} blocks are live, the counter says ${this.blocks}`);
  }
}

function roundUp(bytes: number): number {
  return bytes > SMALL_BYTES_MAX
    ? Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES
    : CLASS_BYTES[CLASS_BY_GRANULES[(bytes + (GRANULE_BYTES - 1)) >> 4]];
}

function grown<T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Reserves address space; takes half as long as the system refuses, so that a memory-limited container starts too. */
function reserve(wanted: number): { buffer: ArrayBuffer; reserveBytes: number } {
  for (let bytes = Math.max(GROW_BYTES_MIN, Math.ceil(wanted / PAGE_BYTES) * PAGE_BYTES); ; bytes /= 2) {
    try {
      return { buffer: new ArrayBuffer(GROW_BYTES_MIN, { maxByteLength: bytes }), reserveBytes: bytes };
    } catch (error) {
      if (bytes <= 64 * GROW_BYTES_MIN) throw error;
    }
  }
}

// Finds the requests in the bytes of a connection, which may be cut anywhere.
//
// Two machines. The fast one (scanArgs) sees a whole, well-formed frame inside the fed chunk: it reads each byte
// of the headers once, keeps no state and gives up at anything else. The careful one then takes the same frame
// from its first byte: it works on a buffer of its own, keeps its place when the bytes run out, and is the
// transcript of what Redis 7.0 accepts and refuses (processInlineBuffer, processMultibulkBuffer), for example that
// nobody looks at the byte behind '\r' or at the two bytes behind a bulk, and that a NUL hides the line end
// behind it, for C's strchr stops there.
//
// The own buffer takes from the chunk only what the frame is known to need, else steps that double, so that
// a frame cut by the end of a chunk costs about its own length, and a large one stays linear. It grows with what
// was received, never with what was announced.
//
// Differences from Redis: it holds a whole frame in one piece, so client-query-buffer-limit counts the finished
// arguments of an incomplete request as well (and its offset table); never more than 2 GiB.

import { CR, LF, allocBytes, copyBytes } from './bytes.ts';
import { splitInline } from './inline.ts';
import { parseLength } from './lengths.ts';
import { Request } from './request.ts';

export const MORE = 0;
export const FRAME = 1;
export const ERROR = -1;
const SKIPPED = 2;

/** Shared by all scanners of a server; may change at run time. */
export interface ScanLimits {
  /** proto-max-bulk-len */
  bulkBytesMax: number;
  /** Redis 7.0: INT_MAX */
  argsMax: number;
  /** For a request line, and for each header line of a frame. */
  inlineBytesMax: number;
  /** client-query-buffer-limit, here for the bytes of one whole frame. */
  queryBufferBytesMax: number;
}

export function defaultScanLimits(): ScanLimits {
  return { bulkBytesMax: 512 * 1024 ** 2, argsMax: 0x7fffffff, inlineBytesMax: 65536, queryBufferBytesMax: 1024 ** 3 };
}

const UNAUTHENTICATED_ARGS_MAX = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX = 16384;

/** Offsets are 32 bits. */
const FRAME_BYTES_MAX = 0x7fffffff;
const FIRST_STEP_BYTES = 64;
const OWN_FIRST_BYTES = 1024;
/** An own buffer beyond this is not kept for the next cut frame. */
const OWN_KEPT_BYTES_MAX = 256 * 1024;
/** Room behind a large bulk for the short arguments that often follow (EX 100). */
const OWN_SLACK_BYTES = 256;
const NO_BULK = -1;
const EMPTY = allocBytes(0);

export class FrameScanner {
  /** Filled when next() returns FRAME. */
  readonly request = new Request();
  limits: ScanLimits;
  /** While false, Redis's stricter limits hold. */
  authenticated = true;
  /** After ERROR: the text without "-ERR ", one character per byte. */
  errorText = '';
  /** After ERROR: close without a reply. */
  closeOnly = false;

  #failed = false;
  // The fed chunk, not yet scanned: [at, end).
  #chunk = EMPTY;
  #at = 0;
  #end = 0;
  // The bytes of an incomplete request: own[0, held).
  #own = EMPTY;
  #held = 0;
  #step = FIRST_STEP_BYTES;
  // The careful machine's place in own.
  #pos = 0;
  /** Up to here the line that begins at pos is known to hold neither its end nor a NUL. */
  #lineSeen = 0;
  /** Announced arguments, 0 before the count line was read. */
  #argc = 0;
  #argsDone = 0;
  #bulkLen = NO_BULK;
  #strict = true;

  constructor(limits: ScanLimits = defaultScanLimits()) {
    this.limits = limits;
  }

  /** Bytes of an incomplete request that the scanner holds itself. */
  get pendingBytes(): number {
    return this.#held;
  }

  /** Memory that the scanner holds itself. */
  get heldBytes(): number {
    return this.bufferBytes + this.tableBytes;
  }

  /** Memory of its own buffer. */
  get bufferBytes(): number {
    return this.#own.length;
  }

  /** Memory of the table of arguments. */
  get tableBytes(): number {
    return 4 * this.request.args.length;
  }

  /** Borrows buf until next() returns MORE (or ERROR); the previous chunk has come to that. */
  feed(buf: Uint8Array, start: number, end: number): void {
    if (this.#at !== this.#end) throw new Error('feed before the previous chunk was scanned');
    this.#chunk = buf;
    this.#at = start;
    this.#end = end;
  }

  /** FRAME: `request` is the next one. MORE: feed again. ERROR: reply `errorText`, close; stays so until reset(). */
  next(): number {
    if (this.#failed) return ERROR;
    for (;;) {
      if (this.#held === 0) {
        if (this.#at === this.#end) return this.#drained();
        if (this.#fast(this.request)) return FRAME;
      }
      const outcome = this.#careful();
      if (outcome !== SKIPPED) return outcome;
    }
  }

  /**
   * Scans one request more into `request`, so that several are at hand at once; false when that takes more care than there is in looking
   * ahead (a frame that is cut, unusual or wrong): `next()` then takes the same one.
   */
  ahead(request: Request): boolean {
    return this.#held === 0 && this.#at !== this.#end && !this.#failed && this.#fast(request);
  }

  /** Takes a request of `ahead` back, and all after it: they are scanned again. Nothing was fed or taken by `next()` since. */
  back(request: Request): void {
    this.#at = request.start;
  }

  /** Ends the borrowing: what is not scanned yet is copied, and `next()` goes on there whenever it is called again. */
  keep(): void {
    if (this.#at === this.#end) return;
    // not chunk.slice(): a Buffer's is a view
    this.#chunk = Uint8Array.prototype.slice.call(this.#chunk, this.#at, this.#end);
    this.#end -= this.#at;
    this.#at = 0;
  }

  /** Bytes fed and not yet scanned. */
  get unscannedBytes(): number {
    return this.#end - this.#at;
  }

  /** For a new connection. */
  reset(): void {
    this.#drained();
    this.#restart();
    this.trim();
    this.#failed = this.closeOnly = false;
    this.errorText = '';
    this.authenticated = true;
  }

  /** Gives the own buffer back if nothing is in it; for a cron over idle connections. */
  trim(): void {
    if (this.#held === 0) this.#own = EMPTY;
  }

  #drained(): number {
    this.#chunk = EMPTY;
    this.#at = this.#end = 0;
    if (this.#argc === 0) this.request.clear();
    return MORE;
  }

  /** A whole and strict frame at the chunk's head, or false with nothing changed. */
  #fast(request: Request): boolean {
    const buf = this.#chunk;
    const start = this.#at;
    const end = this.#end;
    if (end - start < 10 || buf[start] !== 42) return false;
    let argc = buf[start + 1] - 48;
    let pos = start + 3;
    if (argc < 1 || argc > 9) return false;
    let byte = buf[start + 2];
    while (byte !== CR) {
      byte -= 48;
      if (byte < 0 || byte > 9 || pos === end) return false;
      argc = argc * 10 + byte;
      if (argc > 0xfffffff) return false;
      byte = buf[pos++];
    }
    if (pos === end || buf[pos] !== LF) return false;
    pos++;
    // "$0\r\n\r\n" is six bytes: the table grows with what is there, not with what is announced
    if (argc * 6 > end - pos) return false;
    if (argc * 2 > request.args.length) request.reserveArgs(argc);
    const limits = this.limits;
    let bulkBytesMax = limits.bulkBytesMax;
    if (!this.authenticated) {
      if (argc > UNAUTHENTICATED_ARGS_MAX) return false;
      if (bulkBytesMax > UNAUTHENTICATED_BULK_BYTES_MAX) bulkBytesMax = UNAUTHENTICATED_BULK_BYTES_MAX;
    }
    if (argc > limits.argsMax) return false;
    pos = scanArgs(buf, pos, end, request.args, argc, bulkBytesMax);
    if (pos < 0) return false;
    request.buf = buf;
    request.argc = argc;
    request.start = start;
    request.end = pos;
    request.inline = false;
    request.borrowed = true;
    this.#at = pos;
    return true;
  }

  /** Feeds the own buffer until the request in it is complete, wrong, or needs more than there is. */
  #careful(): number {
    for (;;) {
      const outcome = this.#advance();
      if (outcome === ERROR) return ERROR;
      if (outcome !== MORE) {
        // What was taken too much came from this chunk: before it, the request was not complete.
        this.#at -= this.#held - this.#pos;
        if (outcome === FRAME) this.#complete();
        this.#restart();
        return outcome;
      }
      const available = this.#end - this.#at;
      if (available === 0) return this.#lineTooLong() ? ERROR : this.#drained();
      if (!this.#take(available)) return ERROR;
    }
  }

  #take(available: number): boolean {
    const needed = this.#bulkLen === NO_BULK ? 0 : this.#pos + this.#bulkLen + 2;
    const take = Math.min(available, Math.max(needed - this.#held, this.#step));
    this.#step *= 2;
    const bytes = this.#held + take;
    if (bytes + 8 * this.#argsDone > Math.min(this.limits.queryBufferBytesMax, FRAME_BYTES_MAX)) {
      this.closeOnly = true;
      return this.#fail('') !== ERROR;
    }
    if (bytes > this.#own.length) this.#growOwn(bytes, needed);
    copyBytes(this.#own, this.#held, this.#chunk, this.#at, take);
    this.#held = bytes;
    this.#at += take;
    return true;
  }

  #growOwn(bytes: number, needed: number): void {
    const size = Math.max(this.#own.length, OWN_FIRST_BYTES);
    // Doubling, but for a large bulk not beyond its end. By half at least, or many small ones became quadratic.
    const wanted = Math.min(2 * size, Math.max(needed + OWN_SLACK_BYTES, 1.5 * size));
    const grown = allocBytes(Math.max(bytes, wanted));
    copyBytes(grown, 0, this.#own, 0, this.#held);
    this.#own = grown;
  }

  /** One run over what own has; leaves its place in the fields. */
  #advance(): number {
    if (this.#held === 0) return MORE;
    const own = this.#own;
    if (this.#argc === 0) {
      if (own[0] !== 42) return this.#line();
      const cr = this.#lineEnd(CR);
      if (cr < 0 || cr + 1 === this.#held) return MORE;
      const argc = parseLength(own, 1, cr);
      if (!(argc <= this.limits.argsMax)) return this.#fail('Protocol error: invalid multibulk length');
      if (argc > UNAUTHENTICATED_ARGS_MAX && !this.authenticated) {
        return this.#fail('Protocol error: unauthenticated multibulk length');
      }
      this.#pos = this.#lineSeen = cr + 2;
      if (argc <= 0) return SKIPPED;
      this.#argc = argc;
      this.#strict = own[cr + 1] === LF;
    }
    while (this.#argsDone < this.#argc) {
      if (this.#bulkLen === NO_BULK) {
        const cr = this.#lineEnd(CR);
        if (cr < 0 || cr + 1 === this.#held) return MORE;
        const error = this.#bulkHeader(cr);
        if (error !== '') return this.#fail(error);
      }
      if (this.#held - this.#pos < this.#bulkLen + 2) return MORE;
      this.#argument();
    }
    return FRAME;
  }

  #bulkHeader(cr: number): string {
    const own = this.#own;
    const pos = this.#pos;
    if (own[pos] !== 36) return `Protocol error: expected '$', got '${printable(own[pos])}'`;
    const len = parseLength(own, pos + 1, cr);
    if (!(len >= 0 && len <= this.limits.bulkBytesMax)) return 'Protocol error: invalid bulk length';
    if (len > UNAUTHENTICATED_BULK_BYTES_MAX && !this.authenticated) {
      return 'Protocol error: unauthenticated bulk length';
    }
    this.#strict &&= own[cr + 1] === LF;
    this.#bulkLen = len;
    this.#pos = cr + 2;
    return '';
  }

  #argument(): void {
    const own = this.#own;
    const done = this.#argsDone++;
    const request = this.request;
    if (2 * done + 2 > request.args.length) request.reserveArgs(done + 1);
    request.args[2 * done] = this.#pos;
    request.args[2 * done + 1] = this.#bulkLen;
    const behind = this.#pos + this.#bulkLen;
    this.#strict &&= own[behind] === CR && own[behind + 1] === LF;
    this.#pos = this.#lineSeen = behind + 2;
    this.#bulkLen = NO_BULK;
  }

  /** A request that does not begin with '*'. */
  #line(): number {
    const lf = this.#lineEnd(LF);
    if (lf < 0) return MORE;
    const end = lf > 0 && this.#own[lf - 1] === CR ? lf - 1 : lf;
    const words = splitInline(this.#own, 0, end);
    if (words === null) return this.#fail('Protocol error: unbalanced quotes in request');
    this.#pos = lf + 1;
    if (words.length === 0) return SKIPPED;
    this.request.setFromBytes(words);
    this.request.inline = true;
    this.request.borrowed = false;
    return FRAME;
  }

  #complete(): void {
    const request = this.request;
    if (request.inline && this.#argc === 0) return;
    request.borrowed = false;
    request.buf = this.#own;
    request.argc = this.#argc;
    request.start = 0;
    request.end = this.#pos;
    request.inline = false;
    if (!this.#strict) request.setFromBytes(Array.from({ length: request.argc }, (_, i) => request.bytes(i)));
  }

  /** The careful machine at the start of a request. */
  #restart(): void {
    this.#held = this.#pos = this.#lineSeen = this.#argc = this.#argsDone = 0;
    this.#bulkLen = NO_BULK;
    this.#strict = true;
    this.#step = FIRST_STEP_BYTES;
    if (this.#own.length > OWN_KEPT_BYTES_MAX) this.#own = EMPTY;
  }

  /** Where the line at pos ends, or -1. */
  #lineEnd(terminator: number): number {
    const own = this.#own;
    const held = this.#held;
    let at = this.#lineSeen;
    while (at < held) {
      const byte = own[at];
      if (byte === terminator || byte === 0) break;
      at++;
    }
    this.#lineSeen = at;
    return at < held && own[at] === terminator ? at : -1;
  }

  /** All bytes are in own, and the machine waits. */
  #lineTooLong(): boolean {
    if (this.#bulkLen !== NO_BULK || this.#held - this.#pos <= this.limits.inlineBytesMax) return false;
    const inline = this.#argc === 0 && this.#own[0] !== 42;
    // a line that is only short of the byte behind its '\r' is not too long
    if (this.#lineEnd(inline ? LF : CR) >= 0) return false;
    const what = inline ? 'inline request' : this.#argc === 0 ? 'mbulk count string' : 'bulk count string';
    this.#fail(`Protocol error: too big ${what}`);
    return true;
  }

  #fail(text: string): number {
    this.#drained();
    this.#restart();
    this.trim();
    this.request.clear();
    this.#failed = true;
    this.errorText = text;
    return ERROR;
  }
}

/**
 * The arguments of a frame from behind its count line: fills the offset table and returns the frame's end, or -1
 * for whatever is incomplete, unusual or wrong. Benchmark: resp.bench.ts, "scan GET" and "scan SET".
 */
function scanArgs(
  buf: Uint8Array,
  pos: number,
  end: number,
  args: Int32Array,
  argc: number,
  bulkBytesMax: number,
): number {
  const slots = 2 * argc;
  for (let slot = 0; slot < slots; slot += 2) {
    if (end - pos < 6 || buf[pos] !== 36) return -1;
    let len = buf[pos + 1] - 48;
    if (len < 0 || len > 9) return -1;
    let byte = buf[pos + 2];
    pos += 3;
    if (byte !== CR) {
      if (len === 0) return -1;
      do {
        byte -= 48;
        if (byte < 0 || byte > 9 || pos >= end) return -1;
        len = len * 10 + byte;
        if (len > 0xfffffff) return -1;
        byte = buf[pos++];
      } while (byte !== CR);
    }
    if (len > bulkBytesMax || end - pos < len + 3 || buf[pos] !== LF) return -1;
    pos++;
    args[slot] = pos;
    args[slot + 1] = len;
    pos += len;
    if (buf[pos] !== CR || buf[pos + 1] !== LF) return -1;
    pos += 2;
  }
  return pos;
}

/** As Redis shows a byte inside an error. */
function printable(byte: number): string {
  return byte === CR || byte === LF ? ' ' : String.fromCharCode(byte);
}

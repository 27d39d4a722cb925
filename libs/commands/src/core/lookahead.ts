/**
 * The requests of a pipeline, handed out one by one, after the memory that they will need has been asked for.
 *
 * In a large data set a command mostly waits for memory: for the bucket of its key, then for the entry, then perhaps for the same in the table of
 * its value, each some 100 ns, and each only known when the one before is there. So several requests are scanned at once and these loads
 * are made for all of them, step by step: within a step they do not depend on each other and the processor has them under way together. After
 * Valkey 8's memory_prefetch.c; JavaScript has no prefetch instruction, but a load whose value nobody waits for is as good.
 *
 * Nothing is decided here. A request that might change how the next one is to be read (it has no key: AUTH, CONFIG SET, HELLO …)
 * ends what is looked at together, and what was not handed out can be given back to the scanner (`end`).
 */

import { bucketIn, candidateIn, hasMemberTable, valueBlock } from '@weir/keyspace';
import type { Space } from '@weir/keyspace';
import { FRAME, Request } from '@weir/resp';
import type { FrameScanner } from '@weir/resp';
import type { Context } from './context.ts';
import type { Session } from './session.ts';
import type { TableCommand } from './table.ts';

/** Requests looked at together. More bring little (libs/commands/src/engine.bench.ts) and take longer to give back. */
const AHEAD_MAX = 16;
/** A frame of more bytes than this is the last one: it is not memory latency that it waits for. */
const FRAME_BYTES_MAX = 4096;

export class Lookahead {
  /** The request at hand, after `next()` returned FRAME. */
  request: Request;
  /** What the command table has for it; undefined also when nobody has looked. */
  command: TableCommand | undefined = undefined;

  readonly #requests: readonly Request[] = Array.from({ length: AHEAD_MAX }, () => new Request());
  readonly #commands: (TableCommand | undefined)[] = new Array<TableCommand | undefined>(AHEAD_MAX).fill(undefined);
  readonly #refs = new Int32Array(AHEAD_MAX);
  readonly #members = new Int32Array(AHEAD_MAX);
  readonly #hashes = new Int32Array(AHEAD_MAX);
  /** Of the request at the same place: the hash of its member, if it is known. */
  readonly #memberHashes = new Int32Array(AHEAD_MAX);
  readonly #isMemberHashed = new Uint8Array(AHEAD_MAX);
  /** It was told the member's hash of the request at hand. */
  #told: Space | null = null;
  /** One of the requests has a member whose hash is known: what the others pay for that is to look here. */
  #hasMembers = false;
  #at = 0;
  #count = 0;
  /** Requests that refer to bytes of the scanner's, those of earlier rounds included. */
  #filled = 0;
  #scanner!: FrameScanner;
  /** What was read, for nobody: were it not kept, the compiler would leave the reading out. */
  loaded = 0;

  constructor() {
    this.request = this.#requests[0];
  }

  /** Turns to the requests of a scanner; none of another one is left, however that ended. */
  begin(scanner: FrameScanner): void {
    this.#release();
    this.#scanner = scanner;
  }

  /** As FrameScanner.next(), with the request in `request`. */
  next(ctx: Context, session: Session): number {
    if (this.#at === this.#count) {
      this.#fill(ctx, session);
      if (this.#count === 0) {
        this.command = undefined;
        this.request = this.#scanner.request;
        return this.#scanner.next();
      }
    }
    const at = this.#at++;
    this.request = this.#requests[at];
    this.command = this.#commands[at];
    if (this.#hasMembers) this.#tell(ctx.space, at);
    return FRAME;
  }

  /** Gives back to the scanner what was not handed out. */
  end(): void {
    if (this.#at < this.#count) this.#scanner.back(this.#requests[this.#at]);
    this.#release();
  }

  /** The member of the request at hand, if it has one, needs not be hashed again. */
  #tell(space: Space, at: number): void {
    if (this.#told !== space || this.#isMemberHashed[at] === 0) this.#untell();
    if (this.#isMemberHashed[at] === 0) return;
    const { buf, args } = this.request;
    const { member } = this.command!;
    space.knowHash(buf, args[2 * member], args[2 * member + 1], this.#memberHashes[at]);
    this.#told = space;
  }

  #untell(): void {
    this.#told?.forgetHash();
    this.#told = null;
  }

  #forgetMembers(): void {
    this.#untell();
    this.#hasMembers = false;
    this.#isMemberHashed.fill(0);
  }

  #release(): void {
    if (this.#hasMembers) this.#forgetMembers();
    for (let i = 0; i < this.#filled; i++) this.#requests[i].clear();
    this.#at = this.#count = this.#filled = 0;
  }

  #fill(ctx: Context, session: Session): void {
    const { keyspace, table } = ctx;
    const scanner = this.#scanner;
    if (this.#hasMembers) this.#forgetMembers();
    let n = 0;
    while (n < AHEAD_MAX) {
      const request = this.#requests[n];
      if (!scanner.ahead(request)) break;
      const args = request.args;
      const command = table.find(request.buf, args[0], args[1]);
      this.#commands[n++] = command;
      const key = command === undefined ? 0 : command.key;
      if (key === 0 || key >= request.argc) {
        request.hashed = 0;
        break;
      }
      request.hashed = key;
      request.hash = keyspace.hash(request.buf, args[2 * key], args[2 * key + 1]);
      if (request.end - request.start > FRAME_BYTES_MAX) break;
    }
    this.#at = 0;
    this.#count = n;
    if (n > this.#filled) this.#filled = n;
    if (n > 1) this.#load(ctx, session, n);
  }

  #load(ctx: Context, session: Session, n: number): void {
    const { arena } = ctx;
    const { u32 } = arena;
    const { keys } = ctx.keyspace.dbs[session.db];
    const requests = this.#requests;
    const refs = this.#refs;
    let loaded = 0;
    for (let i = 0; i < n; i++) {
      const request = requests[i];
      const bucket = request.hashed === 0 ? 0 : keys.bucketOf(request.hash);
      refs[i] = bucket;
      loaded ^= u32[bucket * 4];
    }
    for (let i = 0; i < n; i++) {
      const bucket = refs[i] >>> 0;
      const ref = bucket === 0 ? 0 : candidateIn(arena, bucket, requests[i].hash);
      refs[i] = ref;
      loaded ^= u32[ref * 4];
    }
    let members = 0;
    for (let i = 0; i < n; i++) {
      const ref = refs[i] >>> 0;
      if (ref === 0) continue;
      const block = valueBlock(arena, ref);
      if (block === 0) continue;
      loaded ^= u32[block * 4];
      const member = this.#commands[i]!.member;
      const { args, argc, buf } = requests[i];
      if (member === 0 || member >= argc || !hasMemberTable(arena, ref)) continue;
      const hash = ctx.keyspace.hash(buf, args[2 * member], args[2 * member + 1]);
      this.#memberHashes[i] = hash;
      this.#isMemberHashed[i] = 1;
      this.#members[members] = block;
      this.#hashes[members++] = hash;
    }
    for (let i = 0; i < members; i++) {
      const bucket = bucketIn(arena, this.#members[i] >>> 0, this.#hashes[i]);
      this.#members[i] = bucket;
      loaded ^= u32[bucket * 4];
    }
    for (let i = 0; i < members; i++) {
      const bucket = this.#members[i] >>> 0;
      if (bucket !== 0) loaded ^= u32[candidateIn(arena, bucket, this.#hashes[i]) * 4];
    }
    this.#hasMembers = members > 0;
    this.loaded ^= loaded;
  }
}

/*
 * Snapshots of one log, in a stream of their own.
 *
 *   weir.<cluster>.<log>.snap.<id>.p.<part>.<chunk>    chunks of at most 512 KB
 *   weir.<cluster>.<log>.snap.<id>.m                   the manifest, written last: without it there is no snapshot
 *
 * Not the client's object store: its SHA-256 in JavaScript bounds it to 90 MB/s, it buffers without limit under a slow reader, and large objects
 * fail on three replicas. Here parts of 32 MB have a digest each, from node:crypto, and eight chunks are in flight.
 *
 * Every chunk has a subject of its own and the stream keeps one message per subject. So a chunk whose acknowledgement was lost is simply sent again: at worst
 * it replaces itself further behind, which is why a reader accepts chunks a little out of order.
 */

import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { realTime, Retry } from '@weir/time';
import { AckedPublisher, ENVELOPE_BYTES, NumberHeader } from './acked.ts';
import { apiErrorCode, JS_NO_MESSAGE } from './connect.ts';
import type { NatsLink } from './connect.ts';
import { LogError } from './errors.ts';
import { checkNames } from './jetstream-log.ts';
import { PullConsumer } from './pull.ts';
import { ensureStream } from './stream.ts';
import type {
  AppendResult,
  SnapshotManifest,
  SnapshotMeta,
  SnapshotPart,
  SnapshotStore,
  SnapshotUpload,
} from './types.ts';

const CHUNK_BYTES = 512 * 1024;
const PART_CHUNKS = 64;
const WINDOW = 8;
/** Chunks that may lie ahead of the one that is wanted: the window, and what retries during an outage can shuffle. */
const AHEAD_MAX = 8 * WINDOW;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 2_000;
/** An upload without any progress for so long fails; a reader too. */
const STALLED_MS = 60_000;
/** Looks at all snapshots while some are being removed. */
const LIST_TRIES_MAX = 10;
const ID = /^[A-Za-z0-9_-]{1,64}$/;

const askingAgain = (): Retry => new Retry({ time: realTime, minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });

export interface JetStreamSnapshotsOptions {
  readonly cluster: string;
  readonly logId: string;
}

interface StoredMessage {
  readonly message: { readonly seq: number; readonly data?: string };
}

export class JetStreamSnapshots implements SnapshotStore {
  readonly stream: string;
  readonly #prefix: string;
  readonly #link: NatsLink;
  readonly #publisher: AckedPublisher;
  /** Uploads without a manifest: their newest message, and since when it is that. */
  readonly #standing = new Map<string, { readonly seq: number; readonly sinceMs: number }>();

  constructor(link: NatsLink, options: JetStreamSnapshotsOptions) {
    checkNames(options.cluster, options.logId);
    this.#link = link;
    this.stream = `WEIR_${options.cluster}_${options.logId}_SNAP`;
    this.#prefix = `weir.${options.cluster}.${options.logId}.snap`;
    this.#publisher = new AckedPublisher(link, 10_000);
  }

  close(): void {
    this.#publisher.close();
  }

  async ensure(options: { readonly replicas?: number; readonly maxBytes?: number } = {}): Promise<void> {
    await ensureStream(this.#link, {
      name: this.stream,
      subjects: [`${this.#prefix}.>`],
      retention: 'limits',
      storage: 'file',
      discard: 'new',
      max_age: 0,
      max_msgs: -1,
      max_msgs_per_subject: 1,
      max_bytes: options.maxBytes ?? -1,
      num_replicas: options.replicas ?? 1,
      duplicate_window: 100_000_000,
      allow_direct: false,
      deny_delete: false,
      deny_purge: false,
    });
  }

  async create(meta: SnapshotMeta): Promise<SnapshotUpload> {
    if (!ID.test(meta.id)) throw new TypeError(`not a snapshot id: ${meta.id}`);
    if ((await this.#subjects(`${this.#prefix}.${meta.id}.>`, 1)).length > 0)
      throw new TypeError(`snapshot ${meta.id} exists already`);
    const chunkBytes = Math.min(CHUNK_BYTES, this.#link.maxPayload - ENVELOPE_BYTES);
    return new Upload(
      meta,
      chunkBytes,
      (name, data) => this.#store(name, data),
      () => this.remove(meta.id),
    );
  }

  async list(): Promise<SnapshotManifest[]> {
    const filter = `${this.#prefix}.*.m`;
    for (let tries = 1; tries <= LIST_TRIES_MAX; tries++) {
      const subjects = await this.#subjects(filter);
      const manifests: SnapshotManifest[] = [];
      for (const subject of subjects) {
        const found = await this.#manifest(subject.split('.').at(-2)!);
        if (found !== null) manifests.push(found.manifest);
      }
      // One that was removed meanwhile may have been so because of a newer one, which this list would be without.
      const there = manifests.length === subjects.length ? subjects : await this.#subjects(filter);
      if (subjects.every((subject) => there.includes(subject)))
        return manifests.sort((a, b) => b.seq - a.seq || b.createdAt - a.createdAt);
    }
    throw new LogError('log-unavailable', `snapshots were removed during each of ${LIST_TRIES_MAX} looks at them`);
  }

  async newestUsable(): Promise<SnapshotManifest | null> {
    return (await this.list()).find((m) => m.state === 'usable') ?? null;
  }

  async markUsable(id: string): Promise<SnapshotManifest> {
    const again = askingAgain();
    for (;;) {
      const found = await this.#manifest(id);
      if (found === null) throw new LogError('snapshot-missing', `no snapshot ${id}`);
      if (found.manifest.state === 'usable') return found.manifest;
      const manifest: SnapshotManifest = { ...found.manifest, state: 'usable' };
      // Only over the manifest that was read: a snapshot removed meanwhile stays removed.
      const expected = new NumberHeader('Nats-Expected-Last-Subject-Sequence');
      expected.value = found.seq;
      const result = await this.#publish(`${id}.m`, Buffer.from(JSON.stringify(manifest)), expected);
      if (result.kind === 'stored') return manifest;
      if (result.kind === 'refused') throw refusal(result.reason, result.error);
      await again.pause(); // rejected or unknown: look at what stands there now
    }
  }

  async remove(id: string): Promise<void> {
    if (!ID.test(id)) throw new TypeError(`not a snapshot id: ${id}`);
    // First the manifest: from then on there is no snapshot, whatever becomes of the rest.
    await this.#link.api(`STREAM.PURGE.${this.stream}`, { filter: `${this.#prefix}.${id}.m` }, 30_000);
    await this.#link.api(`STREAM.PURGE.${this.stream}`, { filter: `${this.#prefix}.${id}.>` }, 60_000);
  }

  async removeAbandoned(olderThanMs: number, idPrefix = ''): Promise<string[]> {
    const begun = new Set(
      (await this.#subjects(`${this.#prefix}.*.p.*.0`)).map((s) => s.slice(this.#prefix.length + 1).split('.')[0]!),
    );
    const removed: string[] = [];
    for (const id of begun) {
      if (!id.startsWith(idPrefix) || (await this.#manifest(id)) !== null) continue;
      const newest = await this.#last(`${this.#prefix}.${id}.p.>`);
      if (newest === null) continue;
      const { seq } = newest.message;
      const seen = this.#standing.get(id);
      if (seen?.seq !== seq) this.#standing.set(id, { seq, sinceMs: performance.now() });
      if (performance.now() - this.#standing.get(id)!.sinceMs < olderThanMs) continue;
      await this.remove(id);
      removed.push(id);
    }
    for (const id of [...this.#standing.keys()]) {
      if (!begun.has(id) || removed.includes(id)) this.#standing.delete(id);
    }
    return removed;
  }

  async *read(manifest: SnapshotManifest): AsyncGenerator<Uint8Array, void, void> {
    const total = manifest.parts.reduce((n, p) => n + p.chunks, 0);
    const there = await this.#subjects(`${this.#prefix}.${manifest.id}.p.>`);
    if (there.length === 0) throw new LogError('snapshot-missing', `no snapshot ${manifest.id}`);
    if (there.length !== total) throw damaged(manifest, `${there.length} chunks of ${total}`);
    const chunks = new ChunkQueue(manifest);
    const consumer = new PullConsumer(this.#link, {
      stream: this.stream,
      from: 'last-per-subject',
      filter: `${this.#prefix}.${manifest.id}.p.>`,
      handler: (_seq, data, msg) => {
        const [part, chunk] = msg.subject.split('.').slice(-2).map(Number) as [number, number];
        return chunks.offer(part, chunk, data);
      },
      // All that the server can read was handed over.
      onState: (state) => chunks.complete(state === 'live'),
      onError: (error) => chunks.fail(error),
    });
    try {
      let bytes = 0;
      for (let p = 0; p < manifest.parts.length; p++) {
        const part = manifest.parts[p]!;
        const hash = createHash('sha256');
        let size = 0;
        for (let c = 0; c < part.chunks; c++) {
          const data = await chunks.take(p, c);
          hash.update(data);
          size += data.byteLength;
          if (c === part.chunks - 1 && (size !== part.bytes || hash.digest('hex') !== part.sha256)) {
            throw damaged(manifest, `part ${p} of ${manifest.parts.length}`);
          }
          yield data;
          chunks.done();
        }
        bytes += size;
      }
      if (bytes !== manifest.bytes) throw damaged(manifest, `${bytes} bytes of ${manifest.bytes}`);
    } finally {
      consumer.stop();
      chunks.fail(new Error('reading has ended'));
    }
  }

  // ---------------------------------------------------------------------------------------------- messages

  #publish(name: string, data: Uint8Array, header: NumberHeader | null): Promise<AppendResult> {
    return new Promise((resolve) => this.#publisher.publish(`${this.#prefix}.${name}`, data, header, resolve));
  }

  /** Stores for certain, or throws: an unclear outcome is no trouble here, the same message again replaces itself. */
  async #store(name: string, data: Uint8Array): Promise<void> {
    const deadline = performance.now() + STALLED_MS;
    const again = askingAgain();
    for (;;) {
      const result = await this.#publish(name, data, null);
      if (result.kind === 'stored') return;
      if (result.kind === 'refused' && result.reason !== 'disconnected' && result.reason !== 'unavailable') {
        throw refusal(result.reason, result.error);
      }
      if (performance.now() > deadline)
        throw new LogError(
          'log-unavailable',
          `snapshot chunk: ${result.kind === 'rejected' ? 'rejected' : result.error}`,
        );
      await again.pause();
    }
  }

  async #manifest(id: string): Promise<{ readonly manifest: SnapshotManifest; readonly seq: number } | null> {
    const found = await this.#last(`${this.#prefix}.${id}.m`);
    if (found === null) return null;
    try {
      const manifest = JSON.parse(Buffer.from(found.message.data ?? '', 'base64').toString('utf8')) as SnapshotManifest;
      // A newer format, or damage: not for us.
      return manifest.format === 1 && manifest.id === id ? { manifest, seq: found.message.seq } : null;
    } catch {
      return null;
    }
  }

  async #last(subject: string): Promise<StoredMessage | null> {
    try {
      return await this.#link.api<StoredMessage>(`STREAM.MSG.GET.${this.stream}`, { last_by_subj: subject });
    } catch (error) {
      if (apiErrorCode(error) === JS_NO_MESSAGE) return null;
      throw error;
    }
  }

  async #subjects(filter: string, enough = Number.MAX_SAFE_INTEGER): Promise<string[]> {
    const found: string[] = [];
    for (;;) {
      const page = await this.#link.api<{ total?: number; state: { subjects?: Record<string, number> } }>(
        `STREAM.INFO.${this.stream}`,
        { subjects_filter: filter, offset: found.length },
        30_000,
      );
      const subjects = Object.keys(page.state.subjects ?? {});
      for (const s of subjects) found.push(s);
      if (subjects.length === 0 || found.length >= Math.min(enough, page.total ?? 0)) return found;
    }
  }
}

class Upload implements SnapshotUpload {
  readonly #meta: SnapshotMeta;
  readonly #chunkBytes: number;
  readonly #store: (name: string, data: Uint8Array) => Promise<void>;
  readonly #remove: () => Promise<void>;
  readonly #parts: SnapshotPart[] = [];
  readonly #free: Buffer[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #buffer: Buffer;
  #filled = 0;
  #hash: Hash = createHash('sha256');
  #partBytes = 0;
  #partChunks = 0;
  #bytes = 0;
  #failed: unknown = null;
  #ended = false;

  constructor(
    meta: SnapshotMeta,
    chunkBytes: number,
    store: (name: string, data: Uint8Array) => Promise<void>,
    remove: () => Promise<void>,
  ) {
    this.#meta = meta;
    this.#chunkBytes = chunkBytes;
    this.#store = store;
    this.#remove = remove;
    this.#buffer = Buffer.allocUnsafe(chunkBytes);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#check();
    for (let at = 0; at < chunk.byteLength;) {
      const length = Math.min(chunk.byteLength - at, this.#chunkBytes - this.#filled);
      this.#buffer.set(chunk.subarray(at, at + length), this.#filled);
      this.#filled += length;
      at += length;
      if (this.#filled === this.#chunkBytes) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const buffer = this.#buffer;
    const data = buffer.subarray(0, this.#filled);
    this.#hash.update(data);
    this.#partBytes += data.byteLength;
    this.#bytes += data.byteLength;
    const sending = this.#store(`${this.#meta.id}.p.${this.#parts.length}.${this.#partChunks}`, data).then(
      () => void this.#free.push(buffer),
      (error: unknown) => void (this.#failed ??= error),
    );
    this.#inFlight.add(sending);
    void sending.finally(() => this.#inFlight.delete(sending));
    this.#partChunks++;
    if (this.#partChunks === PART_CHUNKS) this.#endPart();
    this.#filled = 0;
    while (this.#inFlight.size >= WINDOW) await Promise.race(this.#inFlight);
    this.#check();
    this.#buffer = this.#free.pop() ?? Buffer.allocUnsafe(this.#chunkBytes);
  }

  #endPart(): void {
    if (this.#partChunks === 0) return;
    this.#parts.push({ bytes: this.#partBytes, chunks: this.#partChunks, sha256: this.#hash.digest('hex') });
    this.#hash = createHash('sha256');
    this.#partBytes = 0;
    this.#partChunks = 0;
  }

  async finish(extra: Partial<Omit<SnapshotMeta, 'id'>> = {}): Promise<SnapshotManifest> {
    this.#check();
    if (this.#filled > 0 || this.#bytes === 0) await this.#flush();
    this.#endPart();
    await Promise.all(this.#inFlight);
    this.#check();
    const manifest: SnapshotManifest = {
      ...this.#meta,
      ...extra,
      format: 1,
      bytes: this.#bytes,
      parts: this.#parts,
      state: 'uploaded',
    };
    await this.#store(`${this.#meta.id}.m`, Buffer.from(JSON.stringify(manifest)));
    this.#ended = true;
    return manifest;
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await Promise.all(this.#inFlight);
    await this.#remove();
  }

  #check(): void {
    if (this.#failed !== null) throw this.#failed;
    if (this.#ended) throw new Error('this snapshot upload has ended');
  }
}

/** Puts chunks in order: one is handed over at a time, without a copy when it is the wanted one. */
class ChunkQueue {
  readonly #manifest: SnapshotManifest;
  readonly #ahead = new Map<string, Uint8Array>();
  #part = -1;
  #chunk = -1;
  #wanted: ((data: Uint8Array) => void) | null = null;
  #reject: ((error: unknown) => void) | null = null;
  #release: (() => void) | null = null;
  #held: { readonly part: number; readonly chunk: number; readonly data: Uint8Array } | null = null;
  #error: unknown = null;
  #isComplete = false;

  constructor(manifest: SnapshotManifest) {
    this.#manifest = manifest;
  }

  /** From the consumer: the promise says when the view is no longer needed. */
  offer(part: number, chunk: number, data: Uint8Array): void | Promise<void> {
    if (this.#error !== null) return;
    const chunks = this.#manifest.parts[part]?.chunks ?? 0;
    if (!(chunk < chunks)) return this.fail(damaged(this.#manifest, `chunk ${part}.${chunk} belongs to nothing`));
    const isNext = part === this.#part && chunk === this.#chunk;
    // One that was sent twice.
    if (part < this.#part || (part === this.#part && chunk < this.#chunk) || (isNext && this.#wanted === null)) return;
    if (!isNext && !(this.#wanted === null && this.#held === null && this.#follows(part, chunk))) {
      if (this.#ahead.size >= AHEAD_MAX)
        return this.fail(damaged(this.#manifest, `chunk ${this.#part}.${this.#chunk} is missing`));
      this.#ahead.set(`${part}.${chunk}`, data.slice());
      return;
    }
    this.#held = { part, chunk, data };
    const released = new Promise<void>((resolve) => (this.#release = resolve));
    if (this.#wanted !== null && isNext) this.#hand();
    return released;
  }

  /** The consumer's chunk came before anybody asked: is it the one that will be asked for next? */
  #follows(part: number, chunk: number): boolean {
    if (this.#part < 0) return part === 0 && chunk === 0;
    const last = this.#chunk === this.#manifest.parts[this.#part]!.chunks - 1;
    return last ? part === this.#part + 1 && chunk === 0 : part === this.#part && chunk === this.#chunk + 1;
  }

  #hand(): void {
    const give = this.#wanted!;
    this.#wanted = null;
    this.#reject = null;
    give(this.#held!.data);
  }

  async take(part: number, chunk: number): Promise<Uint8Array> {
    if (this.#error !== null) throw this.#error;
    this.#part = part;
    this.#chunk = chunk;
    const ahead = this.#ahead.get(`${part}.${chunk}`);
    if (ahead !== undefined) {
      this.#ahead.delete(`${part}.${chunk}`);
      return ahead;
    }
    if (this.#held !== null && this.#held.part === part && this.#held.chunk === chunk) return this.#held.data;
    if (this.#isComplete) throw this.#unreadable();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.fail(new LogError('log-unavailable', `snapshot ${this.#manifest.id}: no data for ${STALLED_MS} ms`)),
        STALLED_MS,
      );
      this.#wanted = (data) => {
        clearTimeout(timer);
        resolve(data);
      };
      this.#reject = (error) => {
        clearTimeout(timer);
        reject(error);
      };
    });
  }

  /** Nothing more comes: a chunk that is not here by now is none that the server can read. */
  complete(isComplete: boolean): void {
    this.#isComplete = isComplete;
    if (isComplete && this.#wanted !== null) this.fail(this.#unreadable());
  }

  #unreadable(): LogError {
    return damaged(this.#manifest, `chunk ${this.#part}.${this.#chunk} cannot be read`);
  }

  /** The chunk that was taken is no longer needed. */
  done(): void {
    if (this.#held === null || this.#held.part !== this.#part || this.#held.chunk !== this.#chunk) return;
    this.#held = null;
    const release = this.#release;
    this.#release = null;
    release?.();
  }

  fail(error: unknown): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.#ahead.clear();
    this.#wanted = null;
    this.#reject?.(error);
    this.#release?.();
  }
}

function damaged(manifest: SnapshotManifest, what: string): LogError {
  return new LogError('snapshot-damaged', `snapshot ${manifest.id} is damaged: ${what}`);
}

function refusal(reason: string, error: string): LogError {
  if (reason === 'no-space') return new LogError('log-full', `snapshot: ${error}`);
  if (reason === 'no-stream') return new LogError('log-missing', `snapshot: ${error}`);
  return new LogError('log-unavailable', `snapshot: ${error}`);
}

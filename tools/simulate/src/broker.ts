/**
 * A NATS server with JetStream, as far as Weir uses one: streams of logs, snapshots, key-value buckets and subjects. Everything here happens at
 * the broker, at once; connection.ts is the way to it and back.
 *
 * What is stored is synced at once, or, with `everysec`, once a second; a power cut takes what is not, of each store as much as the seed
 * says. Purges are on the disk at once: the worst case.
 */

import { createHash } from 'node:crypto';
import { HEADER_BYTES, LogError, RecordHeader, decodeHeader } from '@weir/log';
import type {
  AppendResult,
  KvEntry,
  KvPutResult,
  LogState,
  RefusedReason,
  SnapshotManifest,
  SnapshotMeta,
} from '@weir/log';
import type { Scheduler } from './scheduler.ts';

const TAIL_KEPT = 16;

interface StoredMessage {
  readonly bytes: Uint8Array;
  /** Words that clients wrote, found in it. */
  readonly tokens: readonly string[];
}

export class Stream {
  firstSeq = 1;
  readonly messages: StoredMessage[] = [];
  syncedSeq = 0;
  readonly listeners = new Set<() => void>();
  /** End of the last message of each writer: what it wrote may go on in its next one. */
  readonly ends = new Map<string, string>();

  get lastSeq(): number {
    return this.firstSeq + this.messages.length - 1;
  }

  at(seq: number): Uint8Array | null {
    return this.messages[seq - this.firstSeq]?.bytes ?? null;
  }

  copy(seq: number): Uint8Array | null {
    const bytes = this.at(seq);
    return bytes === null ? null : new Uint8Array(bytes);
  }
}

interface StoredSnapshot {
  readonly chunks: Uint8Array[];
  touchedAt: number;
  manifest: SnapshotManifest | null;
}

/** State that is replaced with every change, so that a power cut can go back to an earlier one. */
class Journaled<T> {
  now: T;
  /** Oldest first; the first one is on the disk. */
  #versions: T[] = [];

  constructor(initial: T) {
    this.now = initial;
    this.#versions = [initial];
  }

  set(next: T): void {
    this.now = next;
    this.#versions.push(next);
  }

  sync(): void {
    this.#versions = [this.now];
  }

  cut(pick: (versions: number) => number): void {
    this.now = this.#versions[pick(this.#versions.length)]!;
    this.#versions = [this.now];
  }
}

interface KvStored {
  readonly value: Uint8Array | null;
  readonly revision: number;
  readonly putAt: number;
}

export interface BrokerOptions {
  readonly scheduler: Scheduler;
  readonly url: string;
  readonly sync: 'always' | 'everysec';
  readonly maxMessageBytes: number;
  /** A message was stored: its log, sequence and words. */
  readonly onStored: (tokens: readonly string[]) => void;
  /** The same with its bytes. */
  readonly onAppended: (message: Uint8Array) => void;
  /** A power cut took it. */
  readonly onLost: (tokens: readonly string[]) => void;
}

/** What a connection is told. */
export interface Peer {
  /** The server is gone, or has closed the connection. */
  broken(why: string): void;
  /** A message on a subject that it listens to. */
  delivered(subject: string, data: Uint8Array, replyTo: string | undefined, listener: object): void;
}

export class Broker {
  readonly url: string;
  readonly maxMessageBytes: number;
  readonly policy: 'always' | 'everysec';
  up = true;
  /** The stream's leader is being elected: nothing can be asked until then. */
  electsUntil = 0;
  fullUntil = 0;
  readonly #o: BrokerOptions;
  readonly #streams = new Map<string, Stream>();
  readonly #snapshots = new Map<string, Journaled<ReadonlyMap<string, StoredSnapshot>>>();
  readonly #kv = new Journaled<
    ReadonlyMap<string, { readonly ttlMs: number; readonly entries: ReadonlyMap<string, KvStored> }>
  >(new Map());
  #revision = 0;
  readonly peers = new Set<Peer>();
  readonly #subscribers: { readonly subject: string; readonly peer: Peer; readonly key: object }[] = [];

  constructor(options: BrokerOptions) {
    this.#o = options;
    this.policy = options.sync;
    this.url = options.url;
    this.maxMessageBytes = options.maxMessageBytes;
    if (options.sync === 'everysec') this.#syncLater();
  }

  #syncLater(): void {
    this.#o.scheduler.after(1000, () => {
      if (this.up) this.sync();
      this.#syncLater();
    });
  }

  // --- faults

  sync(): void {
    for (const stream of this.#streams.values()) stream.syncedSeq = stream.lastSeq;
    for (const store of this.#snapshots.values()) store.sync();
    this.#kv.sync();
  }

  /** The server is gone: connections break, and with a power cut what was not synced is lost. */
  down(powerCut: boolean): void {
    this.up = false;
    for (const peer of [...this.peers]) peer.broken('the server is gone');
    this.peers.clear();
    this.#subscribers.length = 0;
    if (!powerCut || this.#o.sync === 'always') return;
    const { scheduler } = this.#o;
    for (const [logId, stream] of this.#streams) {
      const unsynced = stream.lastSeq - Math.max(stream.syncedSeq, stream.firstSeq - 1);
      const lost = unsynced > 0 ? scheduler.below(unsynced + 1) : 0;
      if (lost === 0) continue;
      scheduler.note(this.url, `power cut: the log ${logId.slice(0, 6)} loses ${lost} of ${stream.lastSeq}`);
      for (const message of stream.messages.splice(stream.messages.length - lost)) this.#o.onLost(message.tokens);
      // Of a record whose last fragments are gone the first ones are worth nothing.
      for (let i = stream.messages.length - 1; i >= 0 && isUnfinished(stream.messages[i]!.bytes); i--)
        this.#o.onLost(stream.messages[i]!.tokens);
    }
    for (const store of this.#snapshots.values()) store.cut((n) => scheduler.below(n));
    this.#kv.cut((n) => scheduler.below(n));
    this.sync();
  }

  // --- the log

  stream(logId: string): Stream {
    const stream = this.#streams.get(logId);
    if (stream === undefined) throw new LogError('log-missing', `no stream of log ${logId.slice(0, 6)}`);
    return stream;
  }

  logs(): Iterable<[string, Stream]> {
    return this.#streams;
  }

  reachable(): void {
    const { now } = this.#o.scheduler;
    if (now < this.electsUntil) throw new LogError('log-unavailable', 'the stream has no leader now');
  }

  ensureStream(logId: string): void {
    this.reachable();
    if (this.#streams.has(logId)) return;
    this.#streams.set(logId, new Stream());
  }

  append(logId: string, message: Uint8Array, expected: number): AppendResult {
    const { scheduler, onStored } = this.#o;
    const stream = this.#streams.get(logId);
    if (stream === undefined) return refused('no-stream');
    if (scheduler.now < this.electsUntil) return refused('unavailable');
    if (scheduler.now < this.fullUntil) return refused('no-space');
    if (message.length > this.maxMessageBytes) return refused('too-large');
    if (expected !== stream.lastSeq) return { kind: 'rejected', lastSeq: stream.lastSeq };
    const tokens = tokensOf(message, stream.ends);
    stream.messages.push({ bytes: message, tokens });
    if (this.#o.sync === 'always') stream.syncedSeq = stream.lastSeq;
    onStored(tokens);
    this.#o.onAppended(message);
    for (const listener of stream.listeners) listener();
    return { kind: 'stored', seq: stream.lastSeq };
  }

  state(logId: string): LogState {
    this.reachable();
    const { firstSeq, lastSeq, messages } = this.stream(logId);
    return {
      firstSeq,
      lastSeq,
      messages: messages.length,
      bytes: messages.reduce((sum, m) => sum + m.bytes.length, 0),
    };
  }

  read(logId: string, seq: number): Uint8Array | null {
    this.reachable();
    return this.stream(logId).copy(seq);
  }

  purgeTo(logId: string, seq: number): void {
    this.reachable();
    const stream = this.stream(logId);
    const to = Math.min(seq, stream.lastSeq - TAIL_KEPT + 1);
    if (to <= stream.firstSeq) return;
    stream.messages.splice(0, to - stream.firstSeq);
    stream.firstSeq = to;
    stream.syncedSeq = Math.max(stream.syncedSeq, to - 1);
    this.#o.scheduler.note(this.url, `trimmed to ${to} of ${stream.lastSeq}`);
  }

  // --- snapshots

  #store(logId: string): Journaled<ReadonlyMap<string, StoredSnapshot>> {
    let store = this.#snapshots.get(logId);
    if (store === undefined)
      this.#snapshots.set(logId, (store = new Journaled<ReadonlyMap<string, StoredSnapshot>>(new Map())));
    return store;
  }

  #change(logId: string, id: string, next: StoredSnapshot | null): void {
    const store = this.#store(logId);
    const map = new Map(store.now);
    if (next === null) map.delete(id);
    else map.set(id, next);
    store.set(map);
    if (this.#o.sync === 'always') store.sync();
  }

  writable(): void {
    this.reachable();
    if (this.#o.scheduler.now < this.fullUntil) throw new LogError('log-full', 'the disk is full');
  }

  createSnapshot(logId: string, meta: SnapshotMeta): void {
    this.writable();
    if (this.#store(logId).now.has(meta.id)) throw new TypeError(`snapshot ${meta.id} exists already`);
    this.#change(logId, meta.id, { chunks: [], touchedAt: this.#o.scheduler.now, manifest: null });
  }

  writeSnapshot(logId: string, id: string, chunk: Uint8Array): void {
    this.writable();
    const stored = this.#snapshot(logId, id);
    this.#change(logId, id, { ...stored, chunks: [...stored.chunks, chunk], touchedAt: this.#o.scheduler.now });
  }

  finishSnapshot(logId: string, meta: SnapshotMeta): SnapshotManifest {
    this.writable();
    const stored = this.#snapshot(logId, meta.id);
    const all = Buffer.concat(stored.chunks);
    const part = { bytes: all.length, chunks: stored.chunks.length, sha256: sha256(all) };
    const manifest: SnapshotManifest = { ...meta, format: 1, bytes: all.length, parts: [part], state: 'uploaded' };
    this.#change(logId, meta.id, { ...stored, manifest });
    return manifest;
  }

  #snapshot(logId: string, id: string): StoredSnapshot {
    const stored = this.#store(logId).now.get(id);
    if (stored === undefined) throw new LogError('snapshot-missing', `no snapshot ${id}`);
    return stored;
  }

  listSnapshots(logId: string): SnapshotManifest[] {
    this.reachable();
    const all = [...this.#store(logId).now.values()].flatMap(({ manifest }) => (manifest === null ? [] : [manifest]));
    return all.sort((a, b) => b.seq - a.seq || b.createdAt - a.createdAt);
  }

  markUsable(logId: string, id: string): SnapshotManifest {
    this.writable();
    const stored = this.#snapshot(logId, id);
    if (stored.manifest === null) throw new LogError('snapshot-missing', `no snapshot ${id}`);
    const manifest: SnapshotManifest = { ...stored.manifest, state: 'usable' };
    this.#change(logId, id, { ...stored, manifest });
    this.#o.scheduler.note(this.url, `snapshot ${id} is usable: ${manifest.keys} keys at ${manifest.seq}`);
    return manifest;
  }

  snapshotBytes(logId: string, manifest: SnapshotManifest): Uint8Array {
    this.reachable();
    const all = Buffer.concat(this.#snapshot(logId, manifest.id).chunks);
    if (all.length !== manifest.bytes || sha256(all) !== manifest.parts[0]!.sha256)
      throw new LogError('snapshot-damaged', `snapshot ${manifest.id} is damaged`);
    return all;
  }

  removeSnapshot(logId: string, id: string): void {
    this.reachable();
    this.#change(logId, id, null);
  }

  removeAbandoned(logId: string, olderThanMs: number, idPrefix: string): string[] {
    this.reachable();
    const { now } = this.#o.scheduler;
    const old = [...this.#store(logId).now]
      .filter(([id, s]) => id.startsWith(idPrefix) && s.manifest === null)
      .filter(([, s]) => now - s.touchedAt >= olderThanMs);
    for (const [id] of old) this.#change(logId, id, null);
    return old.map(([id]) => id);
  }

  // --- key-value buckets

  #bucket(bucket: string): { readonly ttlMs: number; readonly entries: ReadonlyMap<string, KvStored> } {
    const found = this.#kv.now.get(bucket);
    if (found === undefined) throw new LogError('log-missing', `no bucket ${bucket}`);
    return found;
  }

  #live(bucket: string, key: string): KvStored | undefined {
    const { ttlMs, entries } = this.#bucket(bucket);
    const stored = entries.get(key);
    return stored !== undefined && ttlMs > 0 && this.#o.scheduler.now >= stored.putAt + ttlMs ? undefined : stored;
  }

  #kvSet(bucket: string, ttlMs: number, entries: ReadonlyMap<string, KvStored>): void {
    this.#kv.set(new Map(this.#kv.now).set(bucket, { ttlMs, entries }));
    if (this.#o.sync === 'always') this.#kv.sync();
  }

  kvEnsure(bucket: string, ttlMs: number): void {
    this.writable();
    if (!this.#kv.now.has(bucket)) this.#kvSet(bucket, ttlMs, new Map());
  }

  kvPut(bucket: string, key: string, value: Uint8Array | null, expected: number | undefined): KvPutResult {
    this.writable();
    const { ttlMs, entries } = this.#bucket(bucket);
    const current = this.#live(bucket, key);
    const at = current === undefined || (current.value === null && expected === 0) ? 0 : current.revision;
    if (expected !== undefined && expected !== at) return { kind: 'rejected' };
    const revision = ++this.#revision;
    this.#kvSet(bucket, ttlMs, new Map(entries).set(key, { value, revision, putAt: this.#o.scheduler.now }));
    return { kind: 'stored', revision };
  }

  kvGet(bucket: string, key: string): KvEntry | null {
    this.reachable();
    const stored = this.#live(bucket, key);
    return stored === undefined ? null : { key, value: stored.value, revision: stored.revision };
  }

  kvGetAll(bucket: string): KvEntry[] {
    this.reachable();
    const keys = [...this.#bucket(bucket).entries.keys()];
    return keys
      .map((key) => this.kvGet(bucket, key))
      .filter((entry) => entry !== null && entry.value !== null) as KvEntry[];
  }

  // --- subjects

  subscribe(subject: string, peer: Peer, key: object): void {
    this.#subscribers.push({ subject, peer, key });
  }

  unsubscribe(key: object): void {
    const at = this.#subscribers.findIndex((each) => each.key === key);
    if (at >= 0) this.#subscribers.splice(at, 1);
  }

  /** How many it was handed to. */
  route(subject: string, data: Uint8Array, replyTo: string | undefined): number {
    let count = 0;
    for (const each of [...this.#subscribers]) {
      if (each.subject !== subject) continue;
      count++;
      each.peer.delivered(subject, data, replyTo, each.key);
    }
    return count;
  }
}

function refused(reason: RefusedReason): AppendResult {
  return { kind: 'refused', reason, error: `simulated: ${reason}` };
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Words of clients: `<3.14>`, the fourteenth write of client 3. A message may be a fragment, and a word stand across two. */
export const TOKEN = /<\d+\.\d+>/g;
const TOKEN_BYTES_MAX = 24;

function tokensOf(message: Uint8Array, ends: Map<string, string>): string[] {
  const { writer } = epochOf(message);
  const carried = ends.get(writer) ?? '';
  const own = text(message.subarray(HEADER_BYTES));
  const found: string[] = own.match(TOKEN) ?? [];
  // One that began in the message before; that one's own words are not counted again.
  for (const match of (carried + own.slice(0, TOKEN_BYTES_MAX)).matchAll(TOKEN)) {
    const end = match.index + match[0].length;
    if (match.index < carried.length && end > carried.length) found.push(match[0]);
  }
  ends.set(writer, own.slice(-TOKEN_BYTES_MAX));
  return found;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** A fragment that others of its record follow. */
function isUnfinished(message: Uint8Array): boolean {
  const header = new RecordHeader();
  decodeHeader(message, header);
  return header.fragmentIndex < header.fragmentCount - 1;
}

/** Epoch and writer of a message, for the check that no epoch has two. */
export function epochOf(message: Uint8Array): { epoch: number; writer: string } {
  const header = new RecordHeader();
  decodeHeader(message, header);
  return { epoch: header.epoch, writer: Buffer.from(header.writer).toString('hex') };
}

/** Snapshots in memory, with faults on demand. */

import { createHash } from 'node:crypto';
import { LogError } from './errors.ts';
import type { SnapshotManifest, SnapshotMeta, SnapshotStore, SnapshotUpload } from './types.ts';

export class FakeSnapshots implements SnapshotStore {
  /** Writes fail with 'log-full' while set. */
  full = false;
  readonly #now: () => number;
  readonly #chunks = new Map<string, { data: Uint8Array[]; at: number }>();
  readonly #manifests = new Map<string, SnapshotManifest>();

  /** `now`: for removeAbandoned(), in milliseconds. */
  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  /** Flips one bit of a stored snapshot. */
  damage(id: string): void {
    this.#chunks.get(id)!.data[0]![0]! ^= 1;
  }

  async ensure(): Promise<void> {}

  async create(meta: SnapshotMeta): Promise<SnapshotUpload> {
    if (this.#chunks.has(meta.id)) throw new TypeError(`snapshot ${meta.id} exists already`);
    const stored = { data: [] as Uint8Array[], at: this.#now() };
    this.#chunks.set(meta.id, stored);
    let ended = false;
    const check = (): void => {
      if (ended) throw new Error('this snapshot upload has ended');
      if (this.full) throw new LogError('log-full', 'fake snapshots: full');
    };
    return {
      write: async (chunk) => {
        check();
        stored.data.push(chunk.slice());
        stored.at = this.#now();
      },
      finish: async (extra = {}) => {
        check();
        ended = true;
        const all = Buffer.concat(stored.data);
        stored.data = [all];
        const part = { bytes: all.length, chunks: 1, sha256: sha256(all) };
        const manifest: SnapshotManifest = {
          ...meta,
          ...extra,
          format: 1,
          bytes: all.length,
          parts: [part],
          state: 'uploaded',
        };
        this.#manifests.set(meta.id, manifest);
        return manifest;
      },
      abort: async () => {
        if (ended) return;
        ended = true;
        this.#chunks.delete(meta.id);
      },
    };
  }

  async list(): Promise<SnapshotManifest[]> {
    return [...this.#manifests.values()].sort((a, b) => b.seq - a.seq || b.createdAt - a.createdAt);
  }

  async newestUsable(): Promise<SnapshotManifest | null> {
    return (await this.list()).find((m) => m.state === 'usable') ?? null;
  }

  async markUsable(id: string): Promise<SnapshotManifest> {
    const manifest = this.#manifests.get(id);
    if (manifest === undefined) throw new LogError('snapshot-missing', `no snapshot ${id}`);
    const usable: SnapshotManifest = { ...manifest, state: 'usable' };
    this.#manifests.set(id, usable);
    return usable;
  }

  async *read(manifest: SnapshotManifest): AsyncGenerator<Uint8Array, void, void> {
    const stored = this.#chunks.get(manifest.id);
    if (stored === undefined) throw new LogError('snapshot-missing', `no snapshot ${manifest.id}`);
    const all = stored.data[0]!;
    if (all.byteLength !== manifest.bytes || sha256(all) !== manifest.parts[0]!.sha256) {
      throw new LogError('snapshot-damaged', `snapshot ${manifest.id} is damaged`);
    }
    for (let at = 0; at < all.byteLength; at += 512 * 1024) yield all.slice(at, at + 512 * 1024);
  }

  async remove(id: string): Promise<void> {
    this.#manifests.delete(id);
    this.#chunks.delete(id);
  }

  async removeAbandoned(olderThanMs: number, idPrefix = ''): Promise<string[]> {
    const old = [...this.#chunks]
      .filter(([id]) => id.startsWith(idPrefix) && !this.#manifests.has(id))
      .filter(([, s]) => this.#now() - s.at >= olderThanMs)
      .map(([id]) => id);
    for (const id of old) this.#chunks.delete(id);
    return old;
  }
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

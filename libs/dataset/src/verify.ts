import type { Keyspace } from '@weir/keyspace';
import { LogError } from '@weir/log';
import type { SnapshotManifest, SnapshotStore } from '@weir/log';
import type { Time } from '@weir/time';
import { digestOf } from './digest.ts';
import { discardKeyspace } from './discard.ts';
import { loadSnapshot } from './load.ts';
import type { LoadProgress } from './load.ts';
import { Pace } from './pace.ts';

export interface VerifyOptions {
  readonly newKeyspace: () => Keyspace;
  readonly nowMs: number;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
  /** While the digest is computed, when all is loaded: its steps so far. */
  readonly onDigest?: (steps: number) => void;
  /** Absent: the machine's. */
  readonly time?: Time;
}

/**
 * Reads a stored snapshot back as a slave would, into a data set that is thrown away, and compares. Throws
 * LogError('snapshot-damaged') when it is not what its manifest says, 'log-unavailable' when it could not be read.
 */
export async function verifySnapshot(
  snapshots: SnapshotStore,
  manifest: SnapshotManifest,
  options: VerifyOptions,
): Promise<void> {
  discardKeyspace(await loadVerified(snapshots, manifest, options));
}

/** The same for a data set that is wanted: returns it, proven to be what the snapshot holds and what its manifest says. */
export async function loadVerified(
  snapshots: SnapshotStore,
  manifest: SnapshotManifest,
  options: VerifyOptions,
): Promise<Keyspace> {
  const keyspace = options.newKeyspace();
  const { nowMs, signal, onProgress, time } = options;
  try {
    try {
      const pace = new Pace(time === undefined ? {} : { time });
      await loadSnapshot(snapshots, manifest, keyspace, nowMs, onProgress, signal, pace);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof LogError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new LogError('snapshot-damaged', `snapshot ${manifest.id} cannot be loaded: ${why}`, { cause: error });
    }
    const digest = await digestOf(keyspace, signal, options.onDigest, time);
    if (digest !== manifest.digest) {
      throw new LogError(
        'snapshot-damaged',
        `snapshot ${manifest.id} has digest ${digest}, its data set had ${manifest.digest}`,
      );
    }
    return keyspace;
  } catch (error) {
    discardKeyspace(keyspace);
    throw error;
  }
}

/**
 * A snapshot, asked of the log's replication app as BGSAVE at an engine does: the question names the sequence that the snapshot has to hold, so it may
 * be asked again and again while apps come and go, and makes one snapshot.
 */

import { requestRemoval, requestSnapshot } from '@weir/cluster';
import type { SnapshotReport } from '@weir/cluster';
import { realTime, Retry } from '@weir/time';
import { Problem } from './problems.ts';
import type { LogView } from './source.ts';

const ASK_MS = 5000;
const APP_AWAY_MS_MAX = 45_000;
const AGAIN_MIN_MS = 250;
const AGAIN_MAX_MS = 3000;
const AGAIN_TIMES_MAX = 20;
const REMOVE_MS = 60_000;

const askingAgain = (): Retry => new Retry({ time: realTime, minMs: AGAIN_MIN_MS, maxMs: AGAIN_MAX_MS });

/** Throws a Problem. */
export async function makeSnapshot(
  view: LogView,
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly seq: number }> {
  const { link, cluster, logId, log } = view;
  const { lastSeq } = await log.state();
  let seenMs = performance.now();
  const again = askingAgain();
  for (let passedOn = 0; ;) {
    try {
      const answer = await requestSnapshot(link, cluster, logId, ASK_MS, lastSeq);
      if (answer.ok) return { id: answer.id, seq: answer.seq };
      if (answer.again !== true || ++passedOn > AGAIN_TIMES_MAX) throw new Problem('snapshot-failed', answer.error);
    } catch (error) {
      if (error instanceof Problem) throw error;
      if (savingReport(view) !== undefined) seenMs = performance.now();
      else if (performance.now() - seenMs > APP_AWAY_MS_MAX) {
        throw new Problem('snapshot-failed', `no replication app made a snapshot: ${(error as Error).message}`);
      }
    }
    await again.pause(signal);
  }
}

/** Throws a Problem. */
export async function removeSnapshot({ link, cluster, logId }: LogView, id: string): Promise<void> {
  const again = askingAgain();
  for (let tries = 1; ; tries++) {
    let answer;
    try {
      answer = await requestRemoval(link, cluster, logId, REMOVE_MS, id);
    } catch (error) {
      throw new Problem('snapshot-failed', `no replication app answered: ${(error as Error).message}`);
    }
    if (answer.ok) return;
    if (answer.why !== 'again' || tries === AGAIN_TIMES_MAX) {
      throw new Problem(REMOVAL_PROBLEMS[answer.why ?? 'again'], answer.error);
    }
    await again.pause();
  }
}

const REMOVAL_PROBLEMS = {
  missing: 'no-such-snapshot',
  needed: 'snapshot-needed',
  busy: 'snapshot-busy',
  again: 'snapshot-failed',
} as const;

/** What the active replication app tells; undefined: none is heard of. */
export function savingReport({ members }: LogView): SnapshotReport | undefined {
  return members.members().find(({ snapshot }) => snapshot !== undefined)?.snapshot;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { requestSnapshot } from '@weir/cluster';
import type { LogAccess } from './log-access.ts';

/**
 * BGSAVE, asked of the log's replication app. There may be none for a moment: it starts, it was killed, another one waits
 * for its lease; and one that took the question may die with it. So the same question is asked again and again until it is
 * answered: it names the sequence that the snapshot has to hold, so that asking twice makes no second snapshot.
 */

const ASK_MS = 5000;
const APP_AWAY_MS_MAX = 45_000;
const AGAIN_MS = 250;

/** Null when a snapshot that holds everything committed before the call is usable, else why there is none. */
export async function askForSnapshot(access: LogAccess, isCurrent: () => boolean): Promise<string | null> {
  const { cluster, logId } = access.location;
  let seq: number | undefined;
  let seenMs = performance.now();
  for (;;) {
    try {
      seq ??= (await access.log.state()).lastSeq;
      const answer = await requestSnapshot(access.link, cluster, logId, ASK_MS, seq);
      return answer.ok ? null : answer.error;
    } catch (error) {
      if (!isCurrent()) return 'this node has another log now';
      if (hasActiveApp(access)) seenMs = performance.now();
      else if (performance.now() - seenMs > APP_AWAY_MS_MAX) {
        return `no replication app made a snapshot: ${(error as Error).message}`;
      }
    }
    await sleep(AGAIN_MS);
  }
}

function hasActiveApp(access: LogAccess): boolean {
  return access.membership.others().some((member) => member.snapshot !== undefined);
}

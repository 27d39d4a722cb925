/**
 * BGSAVE, asked of the log's replication app. There may be none for a moment: it starts, it was killed, another one waits
 * for its lease; and one that took the question may die with it. So the same question is asked again and again until it is
 * answered: it names the sequence that the snapshot has to hold, so that asking twice makes no second snapshot. An app that loses its lease
 * over the question says so, and it is asked again as well: the next active app answers it.
 */

import { requestSnapshot } from '@weir/cluster';
import { realTime, Retry } from '@weir/time';
import type { Time } from '@weir/time';
import type { LogAccess } from './log-access.ts';

const ASK_MS = 5000;
const APP_AWAY_MS_MAX = 45_000;
const AGAIN_MIN_MS = 250;
const AGAIN_MAX_MS = 3000;
/** Apps that lose their lease one after the other over the same question. */
const AGAIN_TIMES_MAX = 20;

/** Null when a snapshot that holds everything committed before the call is usable, else why there is none. */
export async function askForSnapshot(
  access: LogAccess,
  isCurrent: () => boolean,
  time: Time = realTime,
): Promise<string | null> {
  const { cluster, logId } = access.location;
  let seq: number | undefined;
  let seenMs = performance.now();
  const again = new Retry({ time, minMs: AGAIN_MIN_MS, maxMs: AGAIN_MAX_MS });
  for (let passedOn = 0; ;) {
    try {
      seq ??= (await access.log.state()).lastSeq;
      const answer = await requestSnapshot(access.link, cluster, logId, ASK_MS, seq);
      if (answer.ok) return null;
      if (answer.again !== true || ++passedOn > AGAIN_TIMES_MAX || !isCurrent()) return answer.error;
    } catch (error) {
      if (!isCurrent()) return 'this node has another log now';
      if (hasActiveApp(access)) seenMs = performance.now();
      else if (performance.now() - seenMs > APP_AWAY_MS_MAX) {
        return `no replication app made a snapshot: ${(error as Error).message}`;
      }
    }
    await again.pause();
  }
}

function hasActiveApp(access: LogAccess): boolean {
  return access.membership.others().some((member) => member.snapshot !== undefined);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { requestSnapshot } from '@weir/cluster';
import type { LogAccess } from './log-access.ts';

/**
 * BGSAVE, asked of the log's replication app. There may be none for a moment: it starts, it was killed, another one waits
 * for its lease. So the request is repeated until one takes it, and again when the one that took it is gone.
 */

/** A snapshot of a large data set takes its time. */
const SNAPSHOT_MS_MAX = 60 * 60 * 1000;
const APP_AWAY_MS_MAX = 45_000;
const AGAIN_MS = 250;

/** Null when a snapshot that holds everything committed before the call is usable, else why there is none. */
export async function askForSnapshot(access: LogAccess, isCurrent: () => boolean): Promise<string | null> {
  const { cluster, logId } = access.location;
  let seenMs = Date.now();
  for (;;) {
    const app = watchApp(access);
    try {
      const answer = await Promise.race([requestSnapshot(access.link, cluster, logId, SNAPSHOT_MS_MAX), app.gone]);
      return answer.ok ? null : answer.error;
    } catch (error) {
      if (!isCurrent()) return 'this node has another log now';
      if (activeApps(access).length > 0) seenMs = Date.now();
      else if (Date.now() - seenMs > APP_AWAY_MS_MAX) {
        return `no replication app made a snapshot: ${(error as Error).message}`;
      }
    } finally {
      app.stop();
    }
    await sleep(AGAIN_MS);
  }
}

function activeApps(access: LogAccess): string[] {
  return access.membership
    .others()
    .filter((member) => member.snapshot !== undefined)
    .map((member) => member.id);
}

/** `gone` rejects when the active replication app was heard of, and then no more. */
function watchApp(access: LogAccess): { gone: Promise<never>; stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let asked: string | undefined;
  const gone = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const apps = activeApps(access);
      asked ??= apps.at(-1);
      if (asked !== undefined && !apps.includes(asked)) reject(new Error('the replication app is gone'));
    }, 1000);
  });
  gone.catch(() => undefined);
  return { gone, stop: () => clearInterval(timer) };
}

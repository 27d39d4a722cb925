import { isLogError } from '@weir/log';
import type { LogWriter } from '@weir/log';
import { provenSnapshots, unprovenBeginning } from '@weir/replica';
import type { LogAccess } from './log-access.ts';
import type { Logger } from './logger.ts';

/**
 * What a master looks at while it leads, whether it is written to or not: that nobody else leads and the log has not lost its end (the writer's
 * `check`), and that a restart could still build the data set: the log reaches back to a snapshot that is usable, or to its own beginning.
 */
export interface LogWatchOptions {
  readonly access: LogAccess;
  readonly writer: LogWriter;
  readonly logger: Logger;
  /** Nothing that is stored gives the data set back: a snapshot of the data set in memory is wanted. Asked for again while that holds. */
  readonly onUnreachable: (why: string) => Promise<void>;
  /** All is well (again). */
  readonly onReachable: () => void;
  /** The stream is not there, and was not a few looks ago either. */
  readonly onGone: (error: unknown) => void;
}

export const LOOK_MS = 2000;
/** Looks between two at the snapshots. */
const SNAPSHOT_LOOKS = 5;
const GONE_LOOKS = 3;

export async function watchLog(
  options: LogWatchOptions,
  signal: AbortSignal,
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  const { access, writer, logger, onUnreachable, onReachable, onGone } = options;
  const { log, snapshots } = access;
  let missing = 0;
  for (let look = 1; ; look++) {
    await pause(LOOK_MS);
    if (signal.aborted) return;
    try {
      await writer.check();
      if (look % SNAPSHOT_LOOKS !== 0 && missing === 0) continue;
      const { usable, beginning, state } = await provenSnapshots(log, snapshots, logger);
      missing = 0;
      const why = usable.length > 0 ? null : unprovenBeginning(state, beginning, usable);
      if (signal.aborted) return;
      if (why === null) onReachable();
      else await onUnreachable(why);
    } catch (error) {
      if (isLogError(error, 'log-missing') && (await onlySnapshotsAreMissing(access))) continue;
      if (isLogError(error, 'log-missing') && ++missing >= GONE_LOOKS) onGone(error);
      else logger.debug({ err: error }, 'cannot look at the log');
    }
  }
}

/** The log is there: the stream that is gone is that of the snapshots, and is made anew. */
async function onlySnapshotsAreMissing({ log, snapshots }: LogAccess): Promise<boolean> {
  try {
    await log.state();
    await snapshots.ensure();
    return true;
  } catch {
    return false; // looked at again
  }
}

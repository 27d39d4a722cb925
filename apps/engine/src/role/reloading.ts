import { discardKeyspace } from '@weir/dataset';
import type { Follower } from '@weir/replica';
import { holdRequests } from './engine-side.ts';
import type { RoleParts } from './parts.ts';
import type { Term } from './term.ts';

/**
 * DEBUG RELOAD: a fresh data set from snapshot and log takes the place of the present one. Requests wait meanwhile on a master; on a slave the present
 * data set answers, and follows the log, until the new one has caught up. Rejects when the term ends first.
 */
export async function reload(parts: RoleParts, term: Term): Promise<void> {
  const { engine } = parts.options;
  const { signal } = term;
  const access = term.access!;
  const writer = term.leads ? term.writer : null;
  if (writer !== null) holdRequests(engine, true);
  let fresh: Follower | null = null;
  try {
    if (writer !== null && !(await parts.drained(writer))) throw new Error('the log does not answer');
    signal.throwIfAborted();
    fresh = parts.newFollower(access, writer === null);
    await parts.catchUp(fresh, access, signal);
    if (writer !== null) fresh.stop();
    else {
      term.follower?.stop();
      term.follower = fresh;
    }
    parts.adopt(fresh.keyspace);
  } catch (error) {
    fresh?.stop();
    if (fresh !== null) discardKeyspace(fresh.keyspace);
    throw error;
  } finally {
    parts.loading = null;
    if (writer !== null) holdRequests(engine, parts.isStopping);
  }
}

/** What a node does while it leads. */

import { LogError } from '@weir/log';
import { watchLog } from '../log-watch.ts';
import { snapshotFromMemory } from '../new-log.ts';
import { holdRequests } from './engine-side.ts';
import type { RoleEvent } from './events.ts';
import type { RoleParts } from './parts.ts';
import type { Term } from './term.ts';

/** Between two notes of how far the log is known. */
const NOTE_MS = 5000;

/** The engine's records go to the log from now on, and the log is watched until the term is over. */
export function lead(parts: RoleParts, term: Term, tell: (event: RoleEvent) => void): void {
  const { engine, logger, onLeading, cluster } = parts.options;
  const access = term.access!;
  const writer = term.writer!;
  const { logId } = access.location;
  parts.epoch = writer.epoch;
  parts.committedSeq = writer.committed.seq;
  parts.committedOffset = writer.committed.offset;
  parts.writerState = 'open';
  parts.loading = null;
  term.leads = true;
  engine.lead(writer, cluster?.leaseMs);
  access.membership.start();
  access.membership.report(); // ingresses follow it
  onLeading(access.location);
  logger.info({ epoch: writer.epoch, seq: writer.committed.seq, logId }, 'leading: ready for writes');
  takeNotes(parts, term);
  if (writer.state === 'fenced') parts.onFenced(); // a moment ago, and it was told to nobody
  void watch(parts, term, tell);
}

/** What is known of the log is written down, as long as it grows. */
function takeNotes(parts: RoleParts, term: Term): void {
  const { memory, time } = parts.options;
  const access = term.access!;
  const writer = term.writer!;
  let noted = writer.committed.seq;
  const timer = time.every(NOTE_MS, () => {
    const position = writer.committed;
    if (position.seq === noted) return;
    noted = position.seq;
    memory.note(access.location.logId, { position, clean: false, slaves: parts.slaveIds(access) });
  });
  term.signal.addEventListener('abort', () => timer.cancel());
}

function watch(parts: RoleParts, term: Term, tell: (event: RoleEvent) => void): Promise<void> {
  const { logger, ownLog, time } = parts.options;
  const access = term.access!;
  const wallMs = (): number => time.wallMs();
  return watchLog(
    {
      access,
      writer: term.writer!,
      logger,
      onUnreachable: async (why) => {
        tell({ kind: 'unreachable', error: new LogError('beginning-missing', why), wallMs: wallMs() });
        await term.settled(); // the step that saves
      },
      onReachable: () => {
        tell({ kind: 'reachable' });
        ownLog.settled(access.location.logId); // a copy that was made since is of what the log has
      },
      onGone: (error) => tell({ kind: 'log-gone', error, wallMs: wallMs() }),
    },
    term.signal,
    (ms) => parts.pauses.for(ms),
  );
}

/** The log does not reach back to anything: the data set in memory is the only whole copy. Nothing is executed until it is saved. */
export async function save(parts: RoleParts, term: Term): Promise<RoleEvent> {
  const { engine, logger, newKeyspace, time } = parts.options;
  const access = term.access!;
  const writer = term.writer!;
  const { signal } = term;
  holdRequests(engine, true);
  try {
    if (!(await parts.drained(writer))) throw new Error('the log does not answer');
    const { keyspace } = engine.ctx;
    const position = writer.committed;
    const manifest = await snapshotFromMemory({ access, keyspace, position, newKeyspace, time, signal });
    logger.warn({ snapshot: manifest.id, keys: manifest.keys }, 'saved the data set from memory');
    return { kind: 'saved' };
  } catch (error) {
    logger.debug({ err: error }, 'cannot save the data set from memory');
    return { kind: 'save-failed' };
  } finally {
    holdRequests(engine, parts.isStopping);
  }
}

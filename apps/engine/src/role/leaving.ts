import { discardKeyspace } from '@weir/dataset';
import { RecordKind, encodeHandover } from '@weir/log';
import type { LogWriter } from '@weir/log';
import { within } from '../waiting.ts';
import { isCommitted } from './engine-side.ts';
import { DRAIN_MS } from './parts.ts';
import type { RoleParts } from './parts.ts';
import type { Held } from './state.ts';
import type { Term } from './term.ts';

/** For the record that says so. */
const HANDOVER_MS = 1000;

/** Closes what a term opened. Returns what the data set that is here stands for now; null: as before. */
export async function leave(parts: RoleParts, term: Term): Promise<Held | null> {
  const { engine, logger } = parts.options;
  await term.settled();
  const { access, follower, writer } = term;
  let held: Held | null = null;
  if (access !== null && term.leads) held = await stopLeading(parts, term);
  else if (access !== null && follower !== null && follower.keyspace === engine.ctx.keyspace)
    held = { kind: 'of-log', logId: access.location.logId, position: follower.position, isExact: true };
  writer?.stop();
  parts.loading = null;
  follower?.stop();
  // A data set that was being loaded, and nobody will see.
  if (follower !== null && follower.keyspace !== engine.ctx.keyspace) discardKeyspace(follower.keyspace);
  await access?.close().catch((error: unknown) => logger.debug({ err: error }, 'closing the connection to the log'));
  return held;
}

async function stopLeading(parts: RoleParts, term: Term): Promise<Held> {
  const { engine, logger, memory, onLeading } = parts.options;
  const access = term.access!;
  const writer = term.writer!;
  // Asked to leave: what is on its way may still arrive, so that its clients hear of it.
  if (writer.state !== 'fenced') await parts.drained(writer);
  const isWhole = writer.state !== 'fenced' && writer.pending === 0;
  const isExact = isCommitted(engine);
  engine.stopLeading();
  onLeading(null);
  if (isWhole) await handOver(parts, term, writer);
  writer.stop();
  const clean = isWhole && (await secured(parts));
  const { logId } = access.location;
  const position = writer.committed;
  try {
    memory.remember(logId, { position, clean, slaves: parts.slaveIds(access) });
  } catch (error) {
    logger.warn({ err: error }, 'cannot write down how far the log is known');
  }
  term.leads = false;
  return { kind: 'of-log', logId, position, isExact };
}

/** Nothing is answered any more, and nothing was executed that is not in the log: whoever is to lead need not wait for the lease to run out. */
async function handOver({ options }: RoleParts, term: Term, writer: LogWriter): Promise<void> {
  const { cluster, logger, memory, time } = options;
  if (cluster === undefined || term.hasHandedOver) return;
  term.hasHandedOver = true;
  const to = term.successor;
  const record = encodeHandover({ node: memory.id, ...(to === null ? {} : { to }) });
  const stored = new Promise<void>((resolve) => {
    if (!writer.canAppend) return resolve();
    writer.appendControl(RecordKind.handover, record, (outcome) => {
      if (outcome === 'committed') logger.info({ to: to ?? 'anybody' }, 'handed the log over');
      resolve();
    });
  });
  // Without an answer the others wait for the lease to run out.
  await within(time, HANDOVER_MS, stored);
}

/** A stop in order: what was acknowledged is on disk before that is written down. */
async function secured({ options }: RoleParts): Promise<boolean> {
  try {
    return await within(options.time, DRAIN_MS, options.ownLog.secure());
  } catch (error) {
    options.logger.warn({ err: error }, 'cannot sync the log');
    return false;
  }
}

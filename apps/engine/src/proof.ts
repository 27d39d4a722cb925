/**
 * Whether the log still holds what somebody provably had of it: this node in its memory or its file, or a slave. What the log has lost is given
 * back where somebody still has it; otherwise it is an error that says what is missing, and nobody goes on as if it had never been.
 */

import { memberTail } from '@weir/cluster';
import { LogError, healTail, isLogError, messageChecksum } from '@weir/log';
import type { GuardedTail, LogPosition, LogStore, TailSource } from '@weir/log';
import type { Time } from '@weir/time';
import type { LogAccess } from './log-access.ts';
import type { Logger } from './logger.ts';
import type { Known } from './node-memory.ts';

/**
 * `who` had everything up to `position`. Throws LogError: 'log-lost' when the log ends before it and `source` cannot help, 'log-diverged'
 * when another history stands there, 'log-corrupt' when that cannot be told, and what the store throws ('log-missing').
 */
export async function proveHas(
  log: LogStore,
  position: LogPosition,
  who: string,
  source: TailSource | null,
  logger: Logger,
): Promise<void> {
  let state = await log.state();
  if (state.lastSeq < position.seq && source !== null && source.lastSeq >= position.seq) {
    const healed = await healTail(log, source);
    if (healed.kind === 'whole')
      logger.warn({ records: healed.appended, from: source.name }, 'the log had lost its end, and has it again');
    state = await log.state();
  }
  if (state.lastSeq < position.seq)
    throw new LogError('log-lost', `the log ends at ${state.lastSeq}, ${who} had it up to ${position.seq}`);
  if (position.seq < state.firstSeq || position.seq === 0) return;
  const message = await log.read(position.seq);
  const checksum = message === null ? null : messageChecksum(message);
  if (checksum === null) throw new LogError('log-corrupt', `record ${position.seq} of the log cannot be read`);
  if (checksum !== position.checksum)
    throw new LogError('log-diverged', `the log holds another record ${position.seq} than ${who} had`);
}

/**
 * Whether the operator's own choice explains that the log ends before the position that this node knew: the machine was started again since that
 * was written, so what was not synced is gone, and `appendfsync` does not ask for a sync before a write is acknowledged. Redis goes on then,
 * with what there is. Not so when the node or its machine was stopped in order, when it is only the process that died (the system still
 * had everything), and for a NATS server of somebody else's. What is older than any page stays in memory must be there all the same:
 * throws as proveHas does when it is not.
 */
export async function explainsLoss(
  log: LogStore,
  known: Known,
  bootId: string | null,
  logger: Logger,
): Promise<boolean> {
  const { bootId: former, sync, clean, position, settled } = known;
  const isOther = former !== null && bootId !== null && former !== bootId;
  if (clean || !isOther || (sync !== 'everysec' && sync !== 'no')) return false;
  if (settled !== null) await proveHas(log, settled, 'this node', null, logger);
  const { lastSeq } = await log.state();
  logger.warn(
    { lastSeq, known: position.seq, records: position.seq - lastSeq },
    `the machine went down before the end of the log was on its disk: at least ${position.seq - lastSeq} records are lost, as ` +
      `appendfsync ${sync} allows, unless a slave still has them. With appendfsync always none are`,
  );
  return true;
}

/** What looking for others takes. */
export interface Asking {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly time: Time;
}

/** How long a master that died waits for the slaves that followed it: their connections to its NATS server have to come back first. */
const SLAVES_MS = 4000;
const LOOK_MS = 50;

/**
 * Before a claim: slaves that have more of the log than the log itself give it back. Throws LogError 'log-lost' when they cannot: to lead then would
 * throw away what they hold. `isShort`: the log is known to lack something, so it waits for one that has more, whoever that may be.
 */
export async function takeFromMembers(
  access: LogAccess,
  known: Known | null,
  { signal, logger, time }: Asking,
  isShort = false,
): Promise<void> {
  const { membership, log, link, location } = access;
  membership.start();
  const awaited = known === null || known.clean ? [] : known.slaves;
  const until = time.monotonicMs() + SLAVES_MS;
  const end = isShort ? (await log.state()).lastSeq : 0;
  const heard = (): boolean => {
    const others = membership.others();
    if (isShort) return others.some(({ role, seq }) => role === 'slave' && seq > end);
    const ids = new Set(others.map(({ id }) => id));
    return awaited.every((id) => ids.has(id));
  };
  while (!heard() && time.monotonicMs() < until) {
    await time.sleep(LOOK_MS, signal);
    signal.throwIfAborted();
  }
  const slaves = membership.others().filter(({ role }) => role === 'slave');
  const { lastSeq } = await log.state(); // after their reports: none of them can be in front of it
  const ahead = slaves.filter(({ seq }) => seq > lastSeq).sort((a, b) => b.seq - a.seq);
  if (ahead.length === 0) return;
  for (const member of ahead) {
    try {
      const source = await memberTail(link, location.cluster, location.logId, member, time);
      const healed = await healTail(log, source, signal);
      if (healed.kind !== 'whole') continue;
      logger.warn({ records: healed.appended, from: source.name }, 'the log had lost its end, and has it again');
      return;
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ err: error, member: `${member.ip}:${member.port}` }, 'a slave does not give its records back');
      if (!isLogError(error)) throw error;
    }
  }
  const { ip, port, seq } = ahead[0]!;
  throw new LogError('log-lost', `the log ends at ${lastSeq}, the slave ${ip}:${port} has it up to ${seq}`);
}

/**
 * Before a claim: the newest file of the log was damaged, and what is whole in the copy of it is given back; for what is not, the slaves are
 * asked. Throws LogError 'log-corrupt' when nobody has it: the log ends in front of it, and all that stands behind it only in the copy.
 */
export async function healFromGuard(access: LogAccess, guard: GuardedTail, asking: Asking): Promise<void> {
  const { signal, logger } = asking;
  const { log } = access;
  if (guard.torn)
    logger.warn({}, 'the log ended in a write that was not finished, and never acknowledged: it is cut off');
  const wanted = Math.max(guard.lastSeq, guard.damagedSeq);
  for (;;) {
    const before = await log.state();
    const healed = await healTail(log, guard, signal);
    const after = await log.state();
    const records = after.lastSeq - before.lastSeq;
    if (records > 0) logger.warn({ records, from: guard.name }, 'the log had lost its end, and has it again');
    if (healed.kind === 'other')
      return logger.warn(
        { seq: healed.seq },
        'the log went on without what its damaged file had: the copy is of no use',
      );
    if (after.lastSeq >= wanted) return;
    await hearSlaves(access, asking);
    const { lastSeq } = await log.state();
    if (lastSeq >= wanted) return;
    if (lastSeq > after.lastSeq) continue;
    const damaged = guard.damagedSeq > 0 ? `, of which ${guard.damagedSeq} is damaged (${guard.why})` : '';
    const behind = guard.countBehind(Math.max(lastSeq, guard.damagedSeq));
    throw new LogError(
      'log-corrupt',
      `the log ends at ${lastSeq}; its file had records up to ${wanted}${damaged}; ${behind} intact ones stand behind it in the copy that is kept`,
    );
  }
}

/** As takeFromMembers for a log that is known to lack something, and no error when they have not got it either. */
async function hearSlaves(access: LogAccess, asking: Asking): Promise<void> {
  try {
    await takeFromMembers(access, null, asking, true);
  } catch (error) {
    if (!isLogError(error, 'log-lost')) throw error;
  }
}

/** Whether the log holds `position` when its slaves have given back what they have. Throws as proveHas does for another history. */
export async function askSlaves(access: LogAccess, position: LogPosition, asking: Asking): Promise<boolean> {
  await hearSlaves(access, asking);
  if ((await access.log.state()).lastSeq < position.seq) return false;
  await proveHas(access.log, position, 'this node', null, asking.logger);
  return true;
}

import type { Keyspace } from '@weir/keyspace';
import { isLogError } from '@weir/log';
import type { SnapshotManifest, TailSource } from '@weir/log';
import { discardKeyspace } from '@weir/dataset';
import type { Time } from '@weir/time';
import type { LogAccess } from './log-access.ts';
import { rescue } from './rescue.ts';
import type { Rescued } from './rescue.ts';
import type { Trouble } from './trouble.ts';

/**
 * `WEIR REPAIR`: what an operator decides when a node is in trouble. Each action tells what it would do; with CONFIRM it does it. Nothing in a log
 * is ever changed: a data set is put together, and a new log begins with it. The old log and its snapshots stay where they are.
 *
 *   (nothing)          what is wrong, what is there
 *   CUT                everything up to the first damaged record
 *   SKIP               everything but the damaged records
 *   SNAPSHOT id        that snapshot, without what came later
 *   MEMORY             the data set that this node holds
 *   EMPTY              nothing
 *   DISCARD            this node gives up what it knows beyond the log, and goes on with the log as it is
 *   FORGET id          removes a snapshot
 */
export interface RepairSubject {
  /** As it is when it is asked: a rescue takes its time. */
  readonly trouble: () => Trouble | null;
  readonly leading: () => boolean;
  readonly isMaster: boolean;
  /** Keys of the data set that this node holds, and where in its log (with '' in none) it stands; null when it holds none. */
  readonly holds: { readonly keys: number; readonly seq: number; readonly logId: string } | null;
  readonly newKeyspace: () => Keyspace;
  readonly time: Time;
  /** The log that this node is to lead or to follow. The caller closes it. */
  open(signal: AbortSignal): Promise<LogAccess>;
  /** What this node has of the log besides the log. */
  source(logId: string): TailSource | null;
  /** That data set (null: the one it holds) begins a new log. Resolves when this node leads, or with the text of an error. */
  beginWith(keyspace: Keyspace | null): Promise<string | null>;
  discard(): void;
}

const REPAIR_MS = 30 * 60_000;
/** For a look at the log that is not the repair itself. */
const LOOK_MS = 10_000;

/** Lines that tell what was done, or would be. Throws an Error with a sentence when it cannot be done. */
export async function repair(subject: RepairSubject, args: readonly string[]): Promise<string[]> {
  const isConfirmed = args.at(-1)?.toUpperCase() === 'CONFIRM';
  const [action = 'STATUS', id] = isConfirmed ? args.slice(0, -1) : args;
  const name = action.toUpperCase();
  const needsId = name === 'SNAPSHOT' || name === 'FORGET';
  if (needsId !== (id !== undefined))
    throw new Error(needsId ? `${name} takes the id of a snapshot` : `${name} takes no argument`);
  const overdue = new AbortController();
  const timer = subject.time.after(REPAIR_MS, () => overdue.abort(new Error('the repair took too long'))).unref();
  try {
    return await perform(subject, name, id, isConfirmed, overdue.signal);
  } finally {
    timer.cancel();
  }
}

function perform(
  subject: RepairSubject,
  name: string,
  id: string | undefined,
  isConfirmed: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  switch (name) {
    case 'STATUS':
      return withAccess(subject, signal, (access) => status(subject, access));
    case 'CUT':
    case 'SKIP':
    case 'SNAPSHOT':
      return withAccess(subject, signal, (access) => fromLog(subject, access, name, id, isConfirmed, signal));
    case 'FORGET':
      return withAccess(subject, signal, (access) => forget(access, id!, isConfirmed));
    case 'MEMORY':
      refuseUnless(subject.holds !== null, 'this node holds no data set');
      return act(subject, `${subject.holds!.keys} keys that this node holds`, null, isConfirmed);
    case 'EMPTY':
      return act(subject, 'nothing', isConfirmed ? subject.newKeyspace() : null, isConfirmed);
    case 'DISCARD':
      return discard(subject, isConfirmed);
    default:
      throw new Error(`no such repair: '${name.slice(0, 32)}'. Try WEIR HELP.`);
  }
}

async function withAccess(
  subject: RepairSubject,
  signal: AbortSignal,
  use: (access: LogAccess) => Promise<string[]>,
): Promise<string[]> {
  const access = await subject.open(signal);
  try {
    return await use(access);
  } finally {
    await access.close().catch(() => {});
  }
}

function refuseUnless(condition: boolean, why: string): void {
  if (!condition) throw new Error(why);
}

/** A node that works is not repaired: what it would lose is what its clients were told is stored. */
function refuseLeading(subject: RepairSubject): void {
  refuseUnless(
    subject.isMaster,
    'this node is a slave: make it a master first (REPLICAOF NO ONE), or repair its master',
  );
  refuseUnless(!subject.leading() || subject.trouble() !== null, 'this node leads its log; there is nothing to repair');
}

async function status(subject: RepairSubject, access: LogAccess): Promise<string[]> {
  const { holds } = subject;
  const trouble = subject.trouble();
  const lines = [trouble === null ? 'trouble: none' : `trouble: ${trouble.code}: ${trouble.text}`];
  lines.push(holds === null ? 'this node holds no data set' : `this node holds ${holds.keys} keys, ${whose(holds)}`);
  const { logId } = access.location;
  const state = await access.log.state().catch((error: unknown) => (error as Error).message);
  lines.push(
    typeof state === 'string'
      ? `log ${logId}: ${state}`
      : `log ${logId}: records ${state.firstSeq} to ${state.lastSeq}`,
  );
  const listed = await access.snapshots.list().catch((): SnapshotManifest[] => []);
  for (const { id, seq, keys, state: is } of listed)
    lines.push(`snapshot ${id}: ${is}, ${keys} keys, at record ${seq}`);
  for (const { ip, port, role, seq } of access.membership.others())
    lines.push(`member ${ip}:${port}: ${role}, at record ${seq}`);
  return lines;
}

function whose({ logId, seq }: NonNullable<RepairSubject['holds']>): string {
  return logId === '' ? 'of no log yet' : `of log ${logId} up to record ${seq}`;
}

async function fromLog(
  subject: RepairSubject,
  access: LogAccess,
  name: 'CUT' | 'SKIP' | 'SNAPSHOT',
  id: string | undefined,
  isConfirmed: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  refuseLeading(subject);
  const { log, snapshots, location } = access;
  const rescued = await rescue({
    log,
    snapshots,
    mode: name === 'SKIP' ? 'skip' : 'cut',
    ...(id === undefined ? {} : { snapshot: id, snapshotOnly: true }),
    source: subject.source(location.logId),
    newKeyspace: subject.newKeyspace,
    time: subject.time,
    signal,
  });
  const lines = told(rescued);
  if (!isConfirmed) {
    discardKeyspace(rescued.keyspace);
    return [...lines, ...(await act(subject, `${rescued.keyspace.size} keys`, null, false))];
  }
  return [...lines, ...(await act(subject, `${rescued.keyspace.size} keys`, rescued.keyspace, true))];
}

function told({ snapshot, from, to, end, applied, damaged, damagedCount }: Rescued): string[] {
  const lines = [snapshot === null ? 'no snapshot' : `snapshot ${snapshot}, at record ${from}`];
  lines.push(`records ${from + 1} to ${to} of ${end}: ${applied} applied`);
  for (const { seq, why } of damaged) lines.push(`record ${seq}: ${why}`);
  if (damagedCount > damaged.length) lines.push(`… and ${damagedCount - damaged.length} more`);
  return lines;
}

async function act(
  subject: RepairSubject,
  what: string,
  keyspace: Keyspace | null,
  isConfirmed: boolean,
): Promise<string[]> {
  refuseLeading(subject);
  if (!isConfirmed) return [`a new log would begin with ${what}; say CONFIRM behind it to do so`];
  const error = await subject.beginWith(keyspace);
  if (error !== null) throw new Error(error.replace(/^[A-Z]+ /, ''));
  return [`a new log began with ${what}`];
}

async function forget(access: LogAccess, id: string, isConfirmed: boolean): Promise<string[]> {
  const found = (await access.snapshots.list()).find((manifest) => manifest.id === id);
  const what =
    found === undefined ? `${id} (not listed: its manifest is missing or damaged)` : `${id} (${found.keys} keys)`;
  if (!isConfirmed) return [`snapshot ${what} would be removed; say CONFIRM behind it to do so`];
  await access.snapshots.remove(id);
  return [`snapshot ${what} removed`];
}

async function discard(subject: RepairSubject, isConfirmed: boolean): Promise<string[]> {
  refuseUnless(
    !subject.leading(),
    subject.trouble() === null
      ? 'this node leads its log; there is nothing to give up'
      : 'this node holds what its log has lost: MEMORY begins a new log with it',
  );
  // A master would look for it for ever, since it has been there. A slave takes whatever its master has.
  if (subject.isMaster) await refuseMissing(subject);
  const { holds } = subject;
  const what = holds === null ? 'what it noted of its log' : `${holds.keys} keys ${whose(holds)}`;
  if (!isConfirmed)
    return [`this node would give up ${what}, and take the log as it is; say CONFIRM behind it to do so`];
  subject.discard();
  return [`this node gave up ${what}; it takes the log as it is`];
}

async function refuseMissing(subject: RepairSubject): Promise<void> {
  try {
    await withAccess(subject, AbortSignal.timeout(LOOK_MS), async ({ log }) => {
      await log.state();
      return [];
    });
  } catch (error) {
    // One that cannot be reached now is taken when it can.
    if (!isLogError(error, 'log-missing')) return;
    throw new Error('the log is not there, so there is nothing to take: EMPTY begins a new one');
  }
}

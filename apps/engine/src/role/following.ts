/** The steps by which a log is found and followed. */

import { newLogId, serveTail } from '@weir/cluster';
import { LogError, isLogError } from '@weir/log';
import type { LogPosition } from '@weir/log';
import { proveHas } from '../proof.ts';
import { tellLink } from './engine-side.ts';
import type { RoleAction, RoleEvent } from './events.ts';
import type { RoleParts } from './parts.ts';
import type { FollowErrand, FoundLog, Held } from './state.ts';
import { leaderless } from './silence.ts';
import type { Term } from './term.ts';

type Doing<D extends RoleAction['do']> = Extract<RoleAction, { do: D }>;

/** Longer than a master in trouble waits before it asks again. */
const TAIL_OFFERED_MS = 8000;
const TAIL_LOOK_MS = 200;
/** A log that nobody told of just now: its NATS server may be gone for good. */
const OPEN_KNOWN_MS = 5000;
/** The master may tell of another one by now. */
const OPEN_TOLD_MS = 30_000;
/** Between two looks at the members and the follower. */
const WATCH_MS = 1000;

/** Where the errand's log is. */
export async function locate(parts: RoleParts, term: Term, { errand }: Doing<'locate'>): Promise<RoleEvent> {
  const { ownLog, memory, time } = parts.options;
  if (errand.kind === 'follow' && errand.of === 'named') return find(parts, term, errand);
  const location = await (errand.kind === 'begin'
    ? ownLog.place(newLogId(time), term.signal)
    : ownLog.locate(memory, term.signal));
  return { kind: 'located', found: { location, node: null, isMaster: false }, isTold: true };
}

async function find(parts: RoleParts, term: Term, errand: FollowErrand): Promise<RoleEvent> {
  const { logger } = parts.options;
  const { hint, known } = errand;
  try {
    parts.masterLink.state = 'connecting';
    const found = await ask(parts, errand, term.signal);
    parts.attempts = 0;
    logger.info({ master: `${hint.host}:${hint.port}`, logId: found.location.logId }, 'found the log of the master');
    return { kind: 'located', found, isTold: true };
  } catch (error) {
    term.signal.throwIfAborted();
    parts.masterLink.state = 'connect'; // until it tries again
    const attempt = ++parts.attempts;
    const level = attempt === 1 || attempt % 10 === 0 ? 'warn' : 'debug';
    const how = known === null ? 'trying again' : 'its log is looked for where it was';
    logger[level]({ attempt }, `the master ${(error as Error).message}; ${how}`);
    return known === null ? { kind: 'not-located' } : { kind: 'located', found: known, isTold: false };
  }
}

async function ask(parts: RoleParts, { hint }: FollowErrand, signal: AbortSignal): Promise<FoundLog> {
  const { localAddress, ...location } = await parts.options.askForLog(hint, signal);
  parts.announceIp = localAddress.replace(/^::ffff:/, '');
  parts.follows = location.node ?? '';
  return { location, node: location.node ?? null, isMaster: location.role === 'master' };
}

/** From here on this node takes part in the log, and tells what it remembers of its end. */
export async function open(parts: RoleParts, term: Term, { found, isTold }: Doing<'open'>): Promise<RoleEvent> {
  const { id } = parts.options.memory;
  const patienceMs = !isTold ? OPEN_KNOWN_MS : found.node === null ? null : OPEN_TOLD_MS;
  const access = await parts.open(found.location, `weir engine ${id}`, term.signal, patienceMs);
  term.access = access;
  term.named = found;
  const { cluster, logId } = access.location;
  serveTail(access.link, cluster, logId, id, parts.recentOf(logId));
  parts.options.onOpened?.(access);
  return { kind: 'opened' };
}

/** The log's data set, loaded beside the one that is here. */
export async function join(
  parts: RoleParts,
  term: Term,
  { held }: Doing<'join'>,
  { of }: FollowErrand,
): Promise<RoleEvent> {
  const { engine, time } = parts.options;
  const access = term.access!;
  if (of === 'cluster' && (await isEmpty(term))) return { kind: 'log-empty' };
  const { logId } = access.location;
  access.membership.start();
  // What the log lost and this node remembers is what its master asks for now.
  if (held?.kind === 'of-log' && held.logId === logId) await offer(parts, term, held.position, of);
  const follower = parts.newFollower(access, true);
  term.follower = follower;
  await parts.catchUp(follower, access, term.signal);
  const { beginning, position } = follower;
  const from = beginning?.kind === 'snapshot' ? (beginning.from?.logId ?? null) : null;
  const now: Held = { kind: 'of-log', logId, position, isExact: true };
  return { kind: 'joined', held: now, from, keys: engine.ctx.keyspace.size, wallMs: time.wallMs() };
}

/** Nothing stands in the log; whether something should is looked at before it is led. */
async function isEmpty({ access }: Term): Promise<boolean> {
  try {
    return (await access!.log.state()).lastSeq === 0;
  } catch (error) {
    if (isLogError(error, 'log-missing')) return true;
    throw error;
  }
}

/** The data set is current and was swapped in. Until the term is over it is looked at who leads, and whether all is well. */
export async function follow(parts: RoleParts, term: Term, errand: FollowErrand): Promise<RoleEvent> {
  const { logger } = parts.options;
  const access = term.access!;
  const follower = term.follower!;
  parts.loading = null;
  parts.epoch = follower.position.epoch;
  access.membership.report();
  logger.info({ seq: follower.seq, keys: follower.keyspace.size }, 'following: the data set is current');
  const unsubscribe = access.membership.onReport(({ id, left, role, epoch }) => {
    const isNews = left === true ? id === term.named.node : role === 'master' && epoch > parts.epoch;
    if (isNews) parts.pauses.end();
  });
  // What is found out first ends the other look.
  const ended = new AbortController();
  const signal = AbortSignal.any([term.signal, ended.signal]);
  try {
    const looks = [watch(parts, term, errand, signal)];
    if (errand.of === 'cluster') looks.push(claimable(parts, term, signal));
    return await Promise.race(looks);
  } finally {
    ended.abort();
    unsubscribe();
  }
}

async function claimable(parts: RoleParts, term: Term, signal: AbortSignal): Promise<RoleEvent> {
  return { kind: 'leaderless', why: await leaderless(parts, term, signal) };
}

async function watch(parts: RoleParts, term: Term, errand: FollowErrand, signal: AbortSignal): Promise<RoleEvent> {
  const { time } = parts.options;
  const asked: Asked = { moved: null, isBusy: false };
  for (;;) {
    await parts.pauses.for(WATCH_MS);
    signal.throwIfAborted();
    look(parts, term);
    // DEBUG RELOAD puts another one in place of the first.
    const { state, failure } = term.follower!;
    if (state === 'failed') return { kind: 'follower-failed', error: failure, wallMs: time.wallMs() };
    if (asked.moved !== null) return { kind: 'moved', found: asked.moved };
    if (errand.of === 'named' && parts.masterLink.mayHaveMoved(parts.now)) void askAgain(parts, term, errand, asked);
  }
}

/** Whether the named node has another log now. */
interface Asked {
  moved: FoundLog | null;
  isBusy: boolean;
}

/** The named node is asked where its log is, while the one that is known is followed on. */
async function askAgain(parts: RoleParts, term: Term, errand: FollowErrand, asked: Asked): Promise<void> {
  if (asked.isBusy) return;
  asked.isBusy = true;
  try {
    const found = await ask(parts, errand, term.signal);
    const { location } = found;
    const access = term.access!;
    if (term.isOver) return;
    if (location.logId !== access.location.logId || !access.renew(location.natsUrl)) {
      parts.options.logger.info({ logId: location.logId }, 'the master has another log now');
      asked.moved = found;
      parts.pauses.end();
    } else term.named = found;
  } catch {
    // It is away: the log is followed on, whoever leads it.
  } finally {
    asked.isBusy = false;
  }
}

function look(parts: RoleParts, term: Term): void {
  const { engine, logger } = parts.options;
  const { masterLink } = parts;
  const { state, position, seq } = term.follower!;
  const others = term.access!.membership.others();
  for (const other of others) {
    const comparable = other.role === 'master' && other.seq === seq && position.seq === seq;
    if (comparable && other.checksum !== undefined && other.checksum !== position.checksum)
      throw new LogError('log-diverged', `record ${seq} of the master is another one than this slave has`);
  }
  if (masterLink.watch(state, others, term.named, parts.now)) {
    if (masterLink.up) logger.info({}, 'the link to the master is up');
    else logger.warn({ replication: state }, 'the link to the master is down; serving what is here');
  }
  tellLink(engine, masterLink.up);
  parts.epoch = position.epoch;
}

/** The log ends before what this slave has: it says so to who asks, for a while. */
export async function offerTail(parts: RoleParts, term: Term, { of }: FollowErrand): Promise<RoleEvent> {
  await offer(parts, term, term.follower!.position, of);
  return { kind: 'tail-given' };
}

/**
 * Stays connected for a while with more than the log has: a master that starts asks for it. The log of a cluster may have none, and this node may
 * append there: it gives the end back itself. That is what everybody had, byte for byte, so it does not matter who does it.
 */
async function offer(
  parts: RoleParts,
  { access, signal }: Term,
  position: LogPosition,
  of: FollowErrand['of'],
): Promise<void> {
  const until = parts.now + TAIL_OFFERED_MS;
  const source = of === 'cluster' ? parts.recentOf(access!.location.logId) : null;
  for (;;) {
    try {
      return await proveHas(access!.log, position, 'this slave', source, parts.options.logger);
    } catch (error) {
      if (!isLogError(error, 'log-lost') || parts.now > until) throw error;
    }
    await parts.pauses.for(TAIL_LOOK_MS);
    signal.throwIfAborted();
  }
}

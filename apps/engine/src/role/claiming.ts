import { hasBegun, markBegun } from '@weir/cluster';
import { LOG_START, LogError, isLogError, messageEpoch, openWriter } from '@weir/log';
import type { Beginning, LogPosition, LogWriter } from '@weir/log';
import { ENGINE_VERSION } from '@weir/dataset';
import { leaderAddress, leaderNode } from '../leader.ts';
import { beginLog, beginningOf } from '../new-log.ts';
import { askSlaves, explainsLoss, healFromGuard, proveHas, takeFromMembers } from '../proof.ts';
import type { RoleAction, RoleEvent } from './events.ts';
import type { RoleParts } from './parts.ts';
import type { Held } from './state.ts';
import type { Term } from './term.ts';

/** The steps by which a node comes to lead a log: its own, or a new one. */

type Doing<D extends RoleAction['do']> = Extract<RoleAction, { do: D }>;

/** The log has what this node knows of it. Throws LogError when not. */
export async function prove(parts: RoleParts, term: Term, action: Doing<'prove'>): Promise<RoleEvent> {
  const { held, isAccepted } = action;
  const { log, link, location, snapshots } = term.access!;
  const { logId, cluster } = location;
  const { logger, memory, ownLog } = parts.options;
  const holding = held?.kind === 'of-log' && held.logId === logId ? held.position : null;
  const known = holding ?? memory.known(logId)?.position ?? null;
  const guard = ownLog.guard(logId);
  if (guard !== null) await healFromGuard(term.access!, guard, parts.asking(term));
  try {
    if (known !== null) await proveHas(log, known, 'this node', parts.recentOf(logId), logger);
    else if (await hasBegun(link, cluster, logId)) {
      if ((await log.state()).lastSeq === 0 && !isAccepted)
        throw new LogError('log-lost', 'the log is empty, and it has had a leader');
    }
  } catch (error) {
    if (!isLogError(error)) throw error;
    if (error.code === 'log-missing') throw new LogError('log-missing', `${whose(known)} is not there (${logId})`);
    const isLost = error.code === 'log-lost';
    if (isLost && known !== null && (await askSlaves(term.access!, known, parts.asking(term)))) return proven();
    // A snapshot of what came later is as good as the log up to there.
    const newest = isLost ? await snapshots.newestUsable() : null;
    if (newest !== null && known !== null && newest.seq >= known.seq && holding === null) return proven(known.seq);
    const noted = isLost && holding === null ? memory.known(logId) : null;
    if (noted === null || !(await explainsLoss(log, noted, memory.bootId, logger))) throw error;
  }
  return proven();
}

function proven(owed = 0): RoleEvent {
  return { kind: 'proven', owed };
}

function whose(known: LogPosition | null): string {
  return known === null ? 'the log of the cluster' : `the log that this node knew up to record ${known.seq}`;
}

/** The streams of the log are there, and what a file brings is in it as long as it is empty. */
export async function importInto(parts: RoleParts, term: Term): Promise<RoleEvent> {
  const { importInto: imports, newKeyspace } = parts.options;
  const access = term.access!;
  const { signal } = term;
  await ensureStreams(parts, term);
  const logIsEmpty = (await access.log.state()).lastSeq === 0;
  const moment = { logIsEmpty, newKeyspace, onProgress: parts.loads.bind(parts), signal };
  term.imported = (await imports?.(access, moment)) ?? null;
  return { kind: 'imported' };
}

async function ensureStreams({ options }: RoleParts, { access }: Term): Promise<void> {
  const replicas = options.config.num.logReplicas;
  await access!.log.ensureStream({ replicas });
  await access!.snapshots.ensure({ replicas });
}

/** Everything up to the log's end, what slaves have beyond it included. */
export async function rebuild(parts: RoleParts, term: Term, { isAccepted }: Doing<'rebuild'>): Promise<RoleEvent> {
  const access = term.access!;
  const { signal } = term;
  const { memory, time } = parts.options;
  access.membership.start();
  const follower = parts.newFollower(access, true, term.imported);
  term.follower = follower;
  await parts.catchUp(follower, access, signal);
  if (!isAccepted) await takeFromMembers(access, memory.known(access.location.logId), parts.asking(term));
  await parts.reachEnd(follower, access, signal);
  const { lastSeq } = await access.log.state();
  return { kind: 'rebuilt', seq: follower.seq, lastSeq, wallMs: time.wallMs() };
}

/** One try. Only who has everything can win, so against a master that appends all the time it takes more than one. */
export async function claim(parts: RoleParts, term: Term, action: Doing<'claim'>): Promise<RoleEvent> {
  const { logger, time } = parts.options;
  const { ledEpoch, attempt } = action;
  const access = term.access!;
  const follower = term.follower!;
  if (attempt > 1) {
    follower.resume();
    await parts.reachEnd(follower, access, term.signal);
  }
  follower.pause();
  const { leader, position } = follower;
  // Fenced in this life of the process, and it was no accident: the leader is not an earlier life of this very node.
  const isDeposed =
    leader === null
      ? position.epoch > ledEpoch // its record was trimmed behind a snapshot already
      : leader.epoch > ledEpoch && leaderNode(leader) !== parts.options.memory.id;
  if (ledEpoch > 0 && isDeposed) return { kind: 'deposed', leader: leaderAddress(leader) };
  const { tail } = follower;
  const [{ lastSeq }, end] = await Promise.all([
    access.log.state(),
    tail.seq === 0 ? null : access.log.read(tail.seq), // at once: each question more loses against a master that writes
  ]);
  // The broker lost the end that was read here, and somebody leads since whose records have the same numbers.
  if (end !== null && (messageEpoch(end) ?? 0) > tail.epoch)
    throw new LogError('log-diverged', `the log holds another record ${tail.seq} than was read here`);
  if (follower.seq > lastSeq) {
    // The broker lost the end of the log (a power cut between two fsyncs) and kept a snapshot of what came later.
    const text = `the log ends at ${lastSeq}, a snapshot has ${follower.seq}: its data set becomes the beginning of a new log`;
    const held: Held = { kind: 'of-log', logId: access.location.logId, position, isExact: true };
    return { kind: 'log-short', held, error: new Error(text), wallMs: time.wallMs() };
  }
  try {
    const begins = tail.seq === 0 ? beginningOf(follower.base) : undefined;
    term.writer = await claimLog(parts, term, tail, begins);
  } catch (error) {
    if (!isLogError(error, 'log-fenced')) throw error;
    logger.debug({ attempt, seq: follower.seq }, 'another master wrote meanwhile; claiming the log again');
    return { kind: 'claim-lost', error, wallMs: time.wallMs() };
  }
  follower.stop();
  return { kind: 'claimed' };
}

/** A snapshot of the data set that is here, and behind it the first record of a new log. */
export async function begin(parts: RoleParts, term: Term, { from }: Doing<'begin'>): Promise<RoleEvent> {
  const { engine, newKeyspace, time } = parts.options;
  const access = term.access!;
  await ensureStreams(parts, term);
  const { keyspace } = engine.ctx;
  const begins = await beginLog({ access, keyspace, newKeyspace, time, signal: term.signal, from });
  term.writer = await claimLog(parts, term, LOG_START, begins);
  return { kind: 'begun' };
}

function claimLog(parts: RoleParts, term: Term, tail: LogPosition, begins: Beginning | undefined): Promise<LogWriter> {
  const { announce, memory, time, logger } = parts.options;
  const { ip, port } = announce();
  const { log, location } = term.access!;
  return openWriter({
    log,
    tail,
    time,
    engineVersion: ENGINE_VERSION,
    onState: (state, detail) => {
      if (!term.leads && state === 'fenced') return; // a lost claim is the claimer's to tell
      parts.writerState = state;
      parts.writerDetail = detail;
      if (state === 'open') logger.info({}, 'the log takes records again');
      else if (state !== 'stopped') logger.warn({ state, detail }, 'the log does not take records');
      // Found out while nothing was under way: no append tells the engine.
      if (state === 'fenced') parts.onFenced();
    },
    recent: parts.recentOf(location.logId),
    leadership: { node: memory.id, ip, port, ...(begins === undefined ? {} : { begins }) },
    signal: term.signal,
  });
}

/** The claimed log is this node's also for its next start. */
export async function establish(parts: RoleParts, term: Term, { isNew }: Doing<'establish'>): Promise<RoleEvent> {
  const { ownLog, memory, engine, logger, config } = parts.options;
  const { location, link } = term.access!;
  const { logId, cluster } = location;
  const writer = term.writer!;
  await ownLog.secure();
  const note = { position: writer.committed, clean: false, slaves: parts.slaveIds(term.access!) };
  if (isNew) {
    // Only now is it worth remembering: a node that dies before starts again with the log that it had.
    const generation = memory.generation + 1;
    await ownLog.remember(location, generation, term.signal);
    logger.info({ keys: engine.ctx.keyspace.size, logId }, 'began a log of its own from the data set');
    term.signal.throwIfAborted();
    memory.begin(logId, generation, note);
  } else {
    term.signal.throwIfAborted();
    memory.remember(logId, note);
  }
  await markBegun(link, cluster, logId, config.num.logReplicas);
  ownLog.settled(logId);
  const held: Held = { kind: 'of-log', logId, position: writer.committed, isExact: true };
  return { kind: 'established', epoch: writer.epoch, held };
}

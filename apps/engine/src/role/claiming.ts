/** The steps by which a node comes to lead a log: its own, or a new one. */

import { hasBegun, knownClusterLogId, markBegun } from '@weir/cluster';
import { LOG_START, LogError, isLogError, messageEpoch, openWriter } from '@weir/log';
import type { Beginning, Leadership, LeadershipCause, LogPosition, LogWriter } from '@weir/log';
import { ENGINE_VERSION } from '@weir/dataset';
import { leaderAddress, leaderNode } from '../leader.ts';
import { beginLog, beginningOf } from '../new-log.ts';
import { beat } from './heartbeats.ts';
import { leaseLeftMs, mayClaim } from './silence.ts';
import { askSlaves, explainsLoss, healFromGuard, proveHas, takeFromMembers } from '../proof.ts';
import type { RoleAction, RoleEvent } from './events.ts';
import type { RoleParts } from './parts.ts';
import type { Held } from './state.ts';
import type { Term } from './term.ts';

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
  // The log was empty when this node began to try; whoever was the first leads it under a lease.
  if (parts.options.cluster !== undefined && tail.seq > 0)
    return { kind: 'claim-lost', error: new Error('another node has begun the log'), wallMs: time.wallMs() };
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
    term.writer = await claimLog(parts, term, tail, { why: 'start', ...(begins === undefined ? {} : { begins }) });
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
  term.writer = await claimLog(parts, term, LOG_START, { why: 'repair', begins });
  return { kind: 'begun' };
}

/**
 * The log of a cluster, which nobody leads, as it is followed: a leadership record right behind what was applied. Nothing is loaded. One try, within a
 * bound: what became of a claim without an answer is read from the log like any other leader's record, and nobody acts under it.
 */
export async function take(parts: RoleParts, term: Term, { why }: Doing<'take'>): Promise<RoleEvent> {
  const { logger, memory, time, cluster } = parts.options;
  const follower = term.follower!;
  const late = new AbortController();
  const patience = time.after(cluster!.leaseMs, () => late.abort());
  try {
    await isRight(parts, term);
    follower.pause();
    await follower.whole(term.signal);
    // Records may have come meanwhile. From here to the append nothing else happens in this process.
    if (!mayClaim(follower, memory.id, cluster!, why, parts.now))
      throw new LogError('log-fenced', 'the leader was heard of meanwhile');
    const { tail } = follower;
    term.writer = await claimLog(parts, term, tail, { why }, AbortSignal.any([term.signal, late.signal]));
  } catch (error) {
    term.signal.throwIfAborted();
    if (!isLogError(error, 'log-fenced') && !isLogError(error, 'log-unavailable')) throw error;
    logger.info({ why, seq: follower.seq, err: error }, 'the log was not claimed: following on');
    follower.resume();
    return { kind: 'claim-lost', error, wallMs: time.wallMs() };
  } finally {
    patience.cancel();
  }
  follower.stop();
  return { kind: 'claimed' };
}

/** It is the cluster's log, and holds what this node knows of it. Throws LogError when not. */
async function isRight(parts: RoleParts, { access }: Term): Promise<void> {
  const { logger, memory } = parts.options;
  const { link, location, log } = access!;
  const { logId, cluster } = location;
  const named = await knownClusterLogId(link, cluster);
  if (named !== null && named !== logId)
    throw new LogError('log-unrelated', `the cluster has another log now, ${named}: this node has ${logId}`);
  const known = memory.known(logId)?.position ?? null;
  if (known !== null && known.seq > 0) await proveHas(log, known, 'this node', parts.recentOf(logId), logger);
}

interface Claim {
  readonly why: LeadershipCause;
  readonly begins?: Beginning;
}

async function claimLog(
  parts: RoleParts,
  term: Term,
  tail: LogPosition,
  { why, begins }: Claim,
  signal = term.signal,
): Promise<LogWriter> {
  const { announce, memory, time, logger, cluster } = parts.options;
  const { ip, port } = announce();
  const { log, location } = term.access!;
  const leadership: Leadership = {
    node: memory.id,
    ip,
    port,
    ...(cluster === undefined ? {} : { leaseMs: cluster.leaseMs }),
    why,
    ...(begins === undefined ? {} : { begins }),
  };
  const writer = await openWriter({
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
    leadership,
    ...(cluster === undefined ? {} : { retryMaxMs: cluster.leaseMs / 2 }),
    signal,
  });
  // From now on the others wait for its records, whatever it still has to do before it leads.
  if (cluster !== undefined) beat(parts, term, writer);
  return writer;
}

/**
 * Who led before may have answered until its lease was over, whether it knew of the claim or not: nobody is answered before that. Where this node
 * had waited for that in front of its claim, nothing is left to be waited for.
 */
async function leaseIsOver({ options, now }: RoleParts, { follower, signal }: Term): Promise<void> {
  if (follower === null) return; // a log of its own
  const { cluster, memory, time } = options;
  const leftMs = leaseLeftMs(follower, memory.id, cluster, now);
  if (leftMs > 0) await time.sleep(leftMs, signal);
  signal.throwIfAborted();
}

/** The claimed log is this node's also for its next start. */
export async function establish(parts: RoleParts, term: Term, { isNew }: Doing<'establish'>): Promise<RoleEvent> {
  const { ownLog, memory, engine, logger, config } = parts.options;
  const { location, link } = term.access!;
  const { logId, cluster } = location;
  const writer = term.writer!;
  await leaseIsOver(parts, term);
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
  // Another one may have claimed it while all of that was done, and nobody was told: this node did not lead yet.
  if (writer.state === 'fenced') throw new LogError('log-fenced', `deposed before it led: ${writer.detail}`);
  const held: Held = { kind: 'of-log', logId, position: writer.committed, isExact: true };
  return { kind: 'established', epoch: writer.epoch, held };
}

/**
 * When a node of a cluster may claim the log that it follows.
 *
 * The leader answers by itself for its lease after it *sent* an append that was stored. Nobody sees such a record before it was sent, so who has seen
 * no record of it for longer than the lease and a margin, by its own monotonic clock, knows that the leader answers nothing any more, unless a
 * record was stored that has not come yet; and then the claim, which expects the sequence behind what was applied, is refused. No clock is
 * compared with another.
 *
 * "The leader says nothing" is told from "the log has no leader": while NATS elects one for the stream nobody can append, the leader is not to blame,
 * and nobody claims. The log is asked for its state; as long as it does not answer, and for some leases after it does so again, its leader is waited for.
 *
 * Several nodes find out at once. They claim one after the other: by `replica-priority`, then who had applied more. Whoever comes too late sees the
 * record of the first one.
 */

import type { LeadershipCause } from '@weir/log';
import type { Follower } from '@weir/replica';
import { within } from '../waiting.ts';
import type { RoleParts } from './parts.ts';
import type { ClusterTerms } from './ports.ts';
import type { Term } from './term.ts';

/** Between the claims of two nodes. A claim that is stored is seen by the others in a few milliseconds. */
const STEP_MS = 100;
const STEPS_MAX = 8;
/** Between two questions to the log of a leader that is silent. */
const ASK_MS = 100;
/** A node that never leads looks so often whether that has changed. */
const IDLE_MS = 1000;
/** Members report every second. */
const HEARD_MS = 3000;
/** Leases that an append or a question may be without an answer, and beyond that what a leader needs to try again. */
const ANSWER_LEASES = 2;
const AGAIN_LEASES = ANSWER_LEASES + 0.5;
/** Of `leader-lease-margin`, where the node that claims has none: of the lease. */
const MARGIN_PART = 5;

/** For how long the leader has to be silent before another one may answer in its place. */
function silenceMs({ holder }: Follower, cluster: ClusterTerms): number {
  const leaseMs = holder?.leaseMs ?? cluster.leaseMs;
  return leaseMs + marginOf(leaseMs, cluster);
}

function marginOf(leaseMs: number, cluster: ClusterTerms | undefined): number {
  if (cluster?.leaseMs === leaseMs) return cluster.marginMs;
  return Math.max(cluster?.marginMs ?? 0, leaseMs / MARGIN_PART);
}

/**
 * How long an append or a question to the log of a cluster may be without an answer. What was asked of a stream without a leader gets none when it has
 * one again: until it is given up its asker does not try anew, and the other nodes wait for that.
 */
export function answerMs({ leaseMs }: ClusterTerms): number {
  return leaseMs * ANSWER_LEASES;
}

/** How long it may still be that whoever led before this node answers by itself. `id`: this node's own, of which an earlier life is gone. */
export function leaseLeftMs(
  { holder, handover, lastRecordMs }: Follower,
  id: string,
  cluster: ClusterTerms | undefined,
  now: number,
): number {
  if (holder?.leaseMs === undefined || holder.node === id || handover !== null) return 0;
  return lastRecordMs + holder.leaseMs + marginOf(holder.leaseMs, cluster) - now;
}

/** Looked at once more right before the append, when the follower stands still. */
export function mayClaim(
  follower: Follower,
  id: string,
  cluster: ClusterTerms,
  why: LeadershipCause,
  now: number,
): boolean {
  const { handover, holder, lastRecordMs } = follower;
  switch (why) {
    case 'handover':
      return handover?.to === id;
    case 'released':
      return handover !== null && handover.to === undefined;
    case 'start':
      return handover === null && holder?.node === id;
    default:
      return now - lastRecordMs >= silenceMs(follower, cluster);
  }
}

/** Resolves with the reason when this node may try to claim; rejects when the signal comes first. */
export async function leaderless(parts: RoleParts, term: Term, signal: AbortSignal): Promise<LeadershipCause> {
  const { cluster, memory, time } = parts.options;
  const { leaseMs, priority } = cluster!;
  const access = term.access!;
  /** The log did not answer, and then did again. */
  let sinceMs = 0;
  let isAnswered = true;
  for (;;) {
    signal.throwIfAborted();
    const follower = term.follower!;
    const { handover, holder, lastRecordMs } = follower;
    if (handover?.to === memory.id) return 'handover';
    if (priority() === 0) {
      await parts.pauses.for(IDLE_MS);
      continue;
    }
    if (holder?.node === memory.id && handover === null && follower.state === 'live') return 'start';
    const quietMs = parts.now - Math.max(lastRecordMs, sinceMs);
    const turnMs = rankOf(parts, term) * STEP_MS;
    if (handover !== null && handover.to === undefined) {
      if (quietMs >= turnMs) return 'released';
      await parts.pauses.for(turnMs - quietMs);
      continue;
    }
    const askMs = leaseMs / 2;
    if (quietMs < askMs) {
      await parts.pauses.for(askMs - quietMs);
      continue;
    }
    let lastSeq = -1;
    const asked = access.log.state().then((state) => void (lastSeq = state.lastSeq));
    // An answer that comes later than that is none: nothing could have been appended in time either.
    await within(
      time,
      leaseMs,
      asked.catch(() => {}),
    );
    if (lastSeq < 0) isAnswered = false;
    else if (!isAnswered) {
      isAnswered = true;
      sinceMs = parts.now + leaseMs * AGAIN_LEASES;
    } else if (lastSeq <= follower.seq && follower.state === 'live' && follower === term.follower) {
      const isDue = quietMs >= silenceMs(follower, cluster!) + turnMs;
      if (isDue && (hasLease(follower) || !isLed(term))) return 'silence';
    }
    await parts.pauses.for(ASK_MS);
  }
}

/** The leader is one whose silence means something: without a lease it writes only when its clients do. */
function hasLease({ holder, handover }: Follower): boolean {
  return handover !== null || holder?.leaseMs !== undefined;
}

/** Somebody says that it leads. */
function isLed({ access }: Term): boolean {
  return access!.membership.others().some(({ role }) => role === 'master');
}

/** How many members claim before this one. */
function rankOf(parts: RoleParts, { access, follower }: Term): number {
  const { cluster, memory } = parts.options;
  const own = { priority: cluster!.priority(), seq: follower!.seq, id: memory.id };
  let before = 0;
  for (const member of access!.membership.others()) {
    const { role, priority = 0, seq, id, state, receivedMs } = member;
    if (role !== 'slave' || state !== 'online' || priority === 0 || parts.now - receivedMs > HEARD_MS) continue;
    const by = priority - own.priority || own.seq - seq || (id < own.id ? -1 : 1);
    if (by < 0) before++;
  }
  return Math.min(before, STEPS_MAX);
}

/**
 * A planned hand-over (FAILOVER): the node that is to lead is waited for until it has nearly everything; then this one takes no more writes, stores what was
 * executed, and says in the log who leads next. That node applies the rest and claims at once. A client that is refused meanwhile (READONLY) was
 * not executed.
 */

import type { Member } from '@weir/cluster';
import type { HostPort } from '@weir/config';
import type { Time } from '@weir/time';

export interface HandoverOptions {
  readonly to: HostPort | null;
  /** 0: it takes what it takes. */
  readonly timeoutMs: number;
  /** It is handed over when the time is up, too. */
  readonly force: boolean;
}

/** Records that it may lack; it has them within milliseconds. */
const NEAR_RECORDS = 64;
const LOOK_MS = 20;

/** Who is to lead, or an error in Redis's words. */
export function successorOf(members: readonly Member[], to: HostPort | null): Member | string {
  const slaves = members.filter(({ role }) => role === 'slave');
  if (slaves.length === 0) return 'ERR FAILOVER requires connected replicas.';
  if (to === null) {
    const able = slaves.filter(({ state, priority }) => state === 'online' && priority !== undefined && priority > 0);
    const [best] = able.sort((a, b) => a.priority! - b.priority! || b.seq - a.seq || (a.id < b.id ? -1 : 1));
    return best ?? 'ERR FAILOVER target replica is not online.';
  }
  const target = slaves.find(({ ip, port }) => ip === to.host && port === to.port);
  if (target?.priority === undefined) return 'ERR FAILOVER target HOST and PORT is not a replica.';
  return target.state === 'online' ? target : 'ERR FAILOVER target replica is not online.';
}

interface Awaited extends HandoverOptions {
  readonly members: () => readonly Member[];
  readonly id: string;
  /** Of the last record that is stored. */
  readonly seq: () => number;
  readonly time: Time;
  readonly signal: AbortSignal;
}

/** Whether the log is to be handed over: false when the time is up before the node has caught up, or the signal came. */
export async function caughtUp({ members, id, seq, time, signal, timeoutMs, force }: Awaited): Promise<boolean> {
  const untilMs = timeoutMs === 0 ? Infinity : time.monotonicMs() + timeoutMs;
  while (!signal.aborted) {
    const member = members().find((each) => each.id === id);
    if (member?.state === 'online' && member.seq + NEAR_RECORDS >= seq()) return true;
    if (time.monotonicMs() >= untilMs) return force;
    await time.sleep(LOOK_MS, signal);
  }
  return false;
}

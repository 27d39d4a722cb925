import type { LogStore } from '@weir/log';
import type { Time } from '@weir/time';

/** What of the role a confirmed position is taken from. */
export interface LeaderView {
  readonly leading: boolean;
  /** Last sequence that is known to be stored, and the offset there. */
  readonly seq: number;
  readonly offset: number;
  readonly access: { readonly log: Pick<LogStore, 'state'> } | null;
}

/** What is under way to the log arrives within a few milliseconds. */
const STEP_MS = 1;
const BOUND_MS = 1000;

/**
 * A position of the log that has everything acknowledged, by whomever, before the call; null: this node does not lead, or does not find out in time.
 *
 * Asked of the log, since a master that was replaced may not know it: it is one that has stored everything that the log has. One that was replaced never
 * gets there, because the log has the record of its successor.
 */
export async function confirmedPosition(role: LeaderView, time: Time): Promise<number | null> {
  const { access } = role;
  if (access === null || !role.leading) return null;
  const untilMs = time.monotonicMs() + BOUND_MS;
  const { lastSeq } = await access.log.state();
  while (role.leading && role.access === access && time.monotonicMs() < untilMs) {
    if (role.seq >= lastSeq) return role.offset;
    await time.sleep(STEP_MS);
  }
  return null;
}

/** What of an engine that leads under a lease a confirmed position is taken from. */
export interface LeaseView {
  /** Everything acknowledged lies up to this offset, while the lease holds; -1: it does not. */
  readonly confirmed: number;
  readonly lease: { readonly endMs: number };
}

/**
 * The same for an engine that may lead under a lease: while it holds, nobody else has acknowledged anything, and nobody has to be asked. The log is not asked in
 * its place when it has run out: a NATS server that was cut off from the others, and does not know it yet, would answer for a log that has moved on.
 */
export function confirm(
  engine: LeaseView,
  role: LeaderView,
  time: Time,
  done: (position: number | null) => void,
): void {
  if (engine.lease.endMs === Infinity) void confirmedPosition(role, time).then(done, () => done(null));
  else done(engine.confirmed < 0 ? null : engine.confirmed);
}

/**
 * Two views of the slaves that read a log. Whoever counts them, to answer WAIT or to admit a write (INFO's min_slaves_good_slaves is that
 * number), counts all of them: each reads the log itself, so a slave of a slave holds a write as well as one that follows the master. Whoever
 * shows them (INFO, ROLE) shows a node's own.
 */

import type { Member } from '@weir/cluster';

/** How many slaves of the log have applied everything up to `offset`. */
export function slavesUpTo(members: readonly Member[], offset: number): number {
  let count = 0;
  for (const member of members) if (member.role === 'slave' && member.offset >= offset) count++;
  return count;
}

/** How many slaves of the log are online and were heard of within `lagMs`. */
export function goodSlaves(members: readonly Member[], now: number, lagMs: number): number {
  let count = 0;
  for (const { role, state, receivedMs } of members) {
    if (role === 'slave' && state === 'online' && now - receivedMs <= lagMs) count++;
  }
  return count;
}

/**
 * Of those who take part in a log, the slaves of one node, as Redis shows them: a chain or a tree is seen level by level. A slave says which node
 * it was told to follow. One that does not say so (an older one, or a master that was replaced), or whose node is away, is shown by
 * the master: all of them read the log, and nobody is to vanish from sight.
 */
export function ownSlaves(members: readonly Member[], nodeId: string, isMaster: boolean): Member[] {
  const present = new Set([nodeId, ...members.map(({ id }) => id)]);
  return members.filter(({ role, follows }) => {
    if (role !== 'slave') return false;
    return follows !== undefined && present.has(follows) ? follows === nodeId : isMaster;
  });
}

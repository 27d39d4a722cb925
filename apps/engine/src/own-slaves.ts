import type { Member } from '@weir/cluster';

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

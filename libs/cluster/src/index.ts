export { handshake } from './handshake.ts';
export type { Handshake, HandshakeOptions, HandshakeResult } from './handshake.ts';
export { Lease } from './lease.ts';
export type { LeaseOptions, LeaseState } from './lease.ts';
export {
  askClusterLog,
  clusterLogId,
  hasBegun,
  knownClusterLogId,
  markBegun,
  newLogId,
  rememberClusterLog,
} from './log-id.ts';
export type { ClusterPlace, NamedLog } from './log-id.ts';
export { MEMBER_TTL_MS, Membership, parseReport } from './membership.ts';
export { hearMembers } from './hear-members.ts';
export type { Member, MemberReport, MembershipOptions, SnapshotReport } from './membership.ts';
export { MESSAGE_BYTES_MAX, MessageBus, messagesOf } from './message-bus.ts';
export type { MessageBusOptions, PublishedMessage } from './message-bus.ts';
export { MemberWatch } from './member-watch.ts';
export { requestRemoval, requestSnapshot, serveSnapshotRequests } from './snapshot-requests.ts';
export type { RemovalAnswer, SnapshotAnswer } from './snapshot-requests.ts';
export { logOfNode, openLog } from './open-log.ts';
export type { LogPlace, OpenedLog } from './open-log.ts';
export { memberTail, serveTail } from './tail-requests.ts';
export { leaseBucket, replicationLeaseKey } from './topics.ts';
export { keepLooking } from './keep-looking.ts';

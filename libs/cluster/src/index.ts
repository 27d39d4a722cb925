export { LEASE_RENEW_MS, LEASE_TTL_MS, Lease } from './lease.ts';
export type { LeaseOptions, LeaseState } from './lease.ts';
export { MEMBER_TTL_MS, Membership, parseReport } from './membership.ts';
export type { Member, MemberReport, MembershipOptions, SnapshotReport } from './membership.ts';
export { requestSnapshot, serveSnapshotRequests } from './snapshot-requests.ts';
export type { SnapshotAnswer } from './snapshot-requests.ts';
export { leaseBucket, replicationLeaseKey } from './topics.ts';

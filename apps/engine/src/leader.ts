import type { HostPort } from '@weir/config';
import { decodeLeadership } from '@weir/log';
import type { Leadership } from '@weir/log';
import type { LeaderInfo } from '@weir/replica';

/** Id of the node that a leadership record names; undefined when it says nothing. */
export function leaderNode(leader: LeaderInfo): string | undefined {
  return decodeLeadership(leader.payload).node;
}

export function leaderAddress(leader: LeaderInfo | null): HostPort {
  const { ip, port }: Leadership = leader === null ? {} : decodeLeadership(leader.payload);
  return ip !== undefined && port !== undefined ? { host: ip, port } : { host: '?', port: 0 };
}

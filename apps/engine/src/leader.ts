import type { HostPort } from '@weir/config';
import type { LeaderInfo } from '@weir/replica';

/** What a leadership record says of its writer; nothing, when it says nothing. */
function infoOf(leader: LeaderInfo | null): { node?: unknown; ip?: unknown; port?: unknown } {
  try {
    const value: unknown = leader === null ? null : JSON.parse(Buffer.from(leader.payload).toString());
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // A leadership record of somebody who does not say who it is.
  }
  return {};
}

export function leaderNode(leader: LeaderInfo): unknown {
  return infoOf(leader).node;
}

export function leaderAddress(leader: LeaderInfo | null): HostPort {
  const { ip, port } = infoOf(leader);
  return typeof ip === 'string' && typeof port === 'number' ? { host: ip, port } : { host: '?', port: 0 };
}

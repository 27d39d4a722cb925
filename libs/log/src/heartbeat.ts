/*
 * The two small records of a leader that holds a lease, as JSON. Fields are only ever added.
 *
 *   heartbeat   {"node": "…", "leaseMs": 1000}: it leads, and has nothing else to say. Who has only these (the leadership record was trimmed)
 *               knows from them who leads, and for how long it may answer alone.
 *   handover    {"node": "…", "to": "…"}: from the moment in which it sent this it answers nothing. `to` may claim the log at once;
 *               without `to` anybody may.
 */

import { isDuration } from './leadership.ts';

export interface Heartbeat {
  readonly node?: string;
  readonly leaseMs?: number;
}

export interface Handover {
  readonly node?: string;
  /** Id of the node that is to lead; absent: whoever is quickest. */
  readonly to?: string;
}

export function encodeHeartbeat({ node, leaseMs }: Heartbeat): Uint8Array {
  return Buffer.from(JSON.stringify({ node, leaseMs }));
}

export function decodeHeartbeat(payload: Uint8Array): Heartbeat {
  const { node, leaseMs } = fieldsOf(payload);
  return { ...(typeof node === 'string' ? { node } : {}), ...(isDuration(leaseMs) ? { leaseMs } : {}) };
}

export function encodeHandover({ node, to }: Handover): Uint8Array {
  return Buffer.from(JSON.stringify({ node, to }));
}

export function decodeHandover(payload: Uint8Array): Handover {
  const { node, to } = fieldsOf(payload);
  return { ...(typeof node === 'string' ? { node } : {}), ...(typeof to === 'string' ? { to } : {}) };
}

/** What cannot be read says nothing: another writer may say less. */
function fieldsOf(payload: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

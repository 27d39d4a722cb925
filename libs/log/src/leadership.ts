/*
 * What a leadership record says, as JSON: who leads, where it is reached and, in the first record of a log, what the log begins with. That last
 * part is the proof a reader needs when it finds no snapshot: "nothing" is written down, so a snapshot that is missing is told from one that
 * never was.
 *
 *   {"id": "<writer id, hex>", "node": "…", "ip": "…", "port": 6379, "leaseMs": 1000, "why": "silence",
 *    "begins": {"kind": "nothing"} | {"kind": "snapshot", "id": "base-…", "seq": 0, "digest": "<hex>", "keys": 5000,
 *                                    "from": {"logId": "…", "seq": 4711}}}
 *
 * Fields are only ever added. Logs from before `begins` do not have it: their beginning is unknown.
 */

import { LogError } from './errors.ts';
import { decodeHeader, HEADER_BYTES, RecordHeader, RecordKind } from './record.ts';
import type { LogStore } from './types.ts';

/** What a log begins with: an empty data set, or the data set of a snapshot that stands in front of its first record. */
export type Beginning =
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'snapshot';
      readonly id: string;
      readonly seq: number;
      readonly digest: string;
      readonly keys: number;
      /** The log that this data set was of, and how far; absent: it was put together from what was left, or came from elsewhere. */
      readonly from?: { readonly logId: string; readonly seq: number };
    };

export interface Leadership {
  /** Id of the node that leads, and its address; absent for a writer that is no node. */
  readonly node?: string;
  readonly ip?: string;
  readonly port?: number;
  /** It may answer alone for so long after each append of its own that is stored; absent: it holds no lease, and is deposed by being fenced. */
  readonly leaseMs?: number;
  /** How it came to lead, for people. */
  readonly why?: LeadershipCause;
  /** In the first record of a log only. */
  readonly begins?: Beginning;
}

/**
 * start: nobody had led the log, or it is a node that is started as its master. silence: the leader was not heard of for longer than its lease.
 * handover: the leader named it. released: the leader stopped in order. repair: an operator began this log.
 */
export const LEADERSHIP_CAUSES = ['start', 'silence', 'handover', 'released', 'repair'] as const;
export type LeadershipCause = (typeof LEADERSHIP_CAUSES)[number];

export function encodeLeadership(writerId: Uint8Array, leadership: Leadership): Uint8Array {
  const { node, ip, port, leaseMs, why, begins } = leadership;
  const id = Buffer.from(writerId).toString('hex');
  return Buffer.from(JSON.stringify({ id, node, ip, port, leaseMs, why, begins }));
}

/** What is missing or of another type is left out: another writer may say less. */
export function decodeLeadership(payload: Uint8Array): Leadership {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload).toString());
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null) return {};
  const { node, ip, port, leaseMs, why, begins } = value as Record<string, unknown>;
  const beginning = toBeginning(begins);
  const cause = LEADERSHIP_CAUSES.find((each) => each === why);
  return {
    ...(typeof node === 'string' ? { node } : {}),
    ...(typeof ip === 'string' ? { ip } : {}),
    ...(typeof port === 'number' ? { port } : {}),
    ...(isDuration(leaseMs) ? { leaseMs } : {}),
    ...(cause === undefined ? {} : { why: cause }),
    ...(beginning !== null ? { begins: beginning } : {}),
  };
}

export function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function toBeginning(value: unknown): Beginning | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kind, id, seq, digest, keys, from } = value as Record<string, unknown>;
  if (kind === 'nothing') return { kind };
  if (kind !== 'snapshot' || typeof id !== 'string' || typeof digest !== 'string') return null;
  if (typeof seq !== 'number' || typeof keys !== 'number') return null;
  return { kind, id, seq, digest, keys, ...toOrigin(from) };
}

function toOrigin(value: unknown): { from?: { logId: string; seq: number } } {
  if (typeof value !== 'object' || value === null) return {};
  const { logId, seq } = value as Record<string, unknown>;
  return typeof logId === 'string' && typeof seq === 'number' ? { from: { logId, seq } } : {};
}

/**
 * What a log begins with, by its first message; null when the first message is trimmed, or older than this knowledge. Throws LogError:
 * 'log-corrupt' when the first message is damaged, and what LogStore.read throws.
 */
export async function readBeginning(log: LogStore): Promise<Beginning | null> {
  const { firstSeq, lastSeq } = await log.state();
  if (lastSeq === 0 || firstSeq > 1) return null;
  const first = await log.read(1);
  if (first === null) throw new LogError('log-corrupt', 'the first message of the log is missing');
  const header = new RecordHeader();
  decodeHeader(first, header);
  if (header.kind !== RecordKind.leadership) return null;
  return decodeLeadership(first.subarray(HEADER_BYTES)).begins ?? null;
}

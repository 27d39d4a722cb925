/*
 * A log that lost its end gets it back from whoever still has the messages. They go in again byte for byte, each expecting the sequence that it
 * had: the history is the same one as before, to every reader, and whoever else does the same at the same time can only store the same bytes.
 * It needs no leadership, and it cannot do harm: where the log has gone on with another message, the first append is refused.
 */

import { LogError } from './errors.ts';
import { decodeHeader, RecordHeader, sameMessage } from './record.ts';
import type { TailSource } from './recent.ts';
import type { LogStore } from './types.ts';

export type Healed =
  /** The log has every message of the source; `appended` of them were given back. */
  | { readonly kind: 'whole'; readonly appended: number; readonly lastSeq: number }
  /** At `seq` the log holds another message than the source: it is another history, or went on without these. */
  | { readonly kind: 'other'; readonly seq: number }
  /** The source does not reach back to the log's end: its first message does not continue what is there. */
  | { readonly kind: 'short'; readonly lastSeq: number };

const TRIES_MAX = 5;

/** Brings the log up to the end of `source`. Throws LogError 'log-unavailable', 'log-missing', 'log-full', 'log-corrupt'. */
export async function healTail(log: LogStore, source: TailSource, signal?: AbortSignal): Promise<Healed> {
  const { firstSeq, lastSeq } = await log.state();
  if (source.lastSeq < source.firstSeq) return { kind: 'short', lastSeq };
  // All that the source has was trimmed: nothing is lacking.
  if (source.lastSeq < firstSeq) return { kind: 'whole', appended: 0, lastSeq };
  const joint = Math.min(lastSeq, source.lastSeq);
  if (!(await joins(log, source, joint))) {
    const isOther = (await source.message(joint)) !== null || (await source.message(joint + 1)) !== null;
    return isOther && joint > 0 ? { kind: 'other', seq: joint } : { kind: 'short', lastSeq };
  }
  let appended = 0;
  for (let seq = joint + 1; seq <= source.lastSeq; seq++) {
    signal?.throwIfAborted();
    const message = await source.message(seq);
    if (message === null) return { kind: 'short', lastSeq: seq - 1 };
    decodeHeader(message, new RecordHeader()); // what is given back is what was written, or nothing
    if (!(await put(log, seq, message))) return { kind: 'other', seq };
    appended++;
  }
  return { kind: 'whole', appended, lastSeq: Math.max(lastSeq, source.lastSeq) };
}

/** Whether the source continues what the log holds at `seq`. */
async function joins(log: LogStore, source: TailSource, seq: number): Promise<boolean> {
  if (seq === 0) return source.firstSeq === 1;
  const stored = await log.read(seq);
  if (stored === null) throw new LogError('log-corrupt', `message ${seq}, the last one of the log, cannot be read`);
  const own = await source.message(seq);
  if (own !== null) return sameMessage(stored, own);
  const next = await source.message(seq + 1);
  if (next === null) return false;
  const header = new RecordHeader();
  decodeHeader(stored, header);
  const { checksumHi, checksumLo } = header;
  decodeHeader(next, header);
  return header.previousHi === checksumHi && header.previousLo === checksumLo;
}

/** False when another message stands there. */
async function put(log: LogStore, seq: number, message: Uint8Array): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const result = await log.append(message, seq - 1);
    if (result.kind === 'stored') return true;
    const stored = await log.read(seq);
    if (stored !== null) return sameMessage(stored, message);
    if (attempt === TRIES_MAX) {
      const why = result.kind === 'rejected' ? `it ends at ${result.lastSeq ?? '?'}` : result.error;
      throw new LogError('log-unavailable', `message ${seq} cannot be given back to the log: ${why}`);
    }
  }
}

/* Which logs a NATS server holds, by the names of their streams: for whoever looks after what promotions left behind. */

import { apiErrorCode, JS_STREAM_NOT_FOUND } from './connect.ts';
import type { NatsLink } from './connect.ts';
import { checkNames } from './jetstream-log.ts';

export interface StoredLog {
  readonly logId: string;
  /** Messages of the log itself. */
  readonly messages: number;
  /** On disk, of log and snapshots. */
  readonly bytes: number;
  /** Milliseconds since 1970: when something was last stored, or the streams were made. */
  readonly lastWriteMs: number;
  /** Consumers on its streams: who reads it now, or did within the last minute. */
  readonly readers: number;
}

interface StreamPage {
  readonly total: number;
  readonly streams:
    | readonly {
        readonly config: { readonly name: string };
        readonly created: string;
        readonly state: {
          readonly messages: number;
          readonly bytes: number;
          readonly last_ts: string;
          readonly consumer_count: number;
        };
      }[]
    | null;
}

const PAGES_MAX = 1_000;

/** The logs of a cluster, the last written first. */
export async function listLogs(link: NatsLink, cluster: string): Promise<StoredLog[]> {
  checkNames(cluster, 'x');
  const name = new RegExp(`^WEIR_${cluster}_([0-9a-f]{40})_(LOG|SNAP)$`);
  const logs = new Map<string, StoredLog>();
  for (let offset = 0, page = 0; page < PAGES_MAX; page++) {
    const { total, streams } = await link.api<StreamPage>('STREAM.LIST', { offset }, 30_000);
    for (const { config, created, state } of streams ?? []) {
      const [, logId, kind] = name.exec(config.name) ?? [];
      if (logId === undefined) continue;
      const known = logs.get(logId) ?? { logId, messages: 0, bytes: 0, lastWriteMs: 0, readers: 0 };
      // A stream without messages has the year 1.
      const written = Math.max(Date.parse(created), Date.parse(state.last_ts) || 0);
      logs.set(logId, {
        logId,
        messages: known.messages + (kind === 'LOG' ? state.messages : 0),
        bytes: known.bytes + state.bytes,
        lastWriteMs: Math.max(known.lastWriteMs, written),
        readers: known.readers + state.consumer_count,
      });
    }
    offset += streams?.length ?? 0;
    if (streams === null || streams.length === 0 || offset >= total) break;
  }
  return [...logs.values()].sort((a, b) => b.lastWriteMs - a.lastWriteMs);
}

/** Removes a log and its snapshots for good. Whoever calls it has made sure that nobody needs them. */
export async function removeLog(link: NatsLink, cluster: string, logId: string): Promise<void> {
  checkNames(cluster, logId);
  for (const kind of ['LOG', 'SNAP']) {
    try {
      await link.api(`STREAM.DELETE.WEIR_${cluster}_${logId}_${kind}`, undefined, 30_000);
    } catch (error) {
      if (apiErrorCode(error) !== JS_STREAM_NOT_FOUND) throw error;
    }
  }
}

/** Creating streams and keeping their configuration in line. */

import { apiErrorCode, JS_STREAM_NOT_FOUND } from './connect.ts';
import type { NatsLink } from './connect.ts';
import { isLogError, LogError } from './errors.ts';

export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly num_replicas: number;
  readonly [field: string]: unknown;
}

const JS_STREAM_NAME_IN_USE = 10058;

/**
 * Two nodes may do this at once. Only fields that differ from `wanted` are changed: what an operator set beyond them (placement, description, …)
 * stays. What the server does not let one change (storage) raises its error. Replicas are added, never taken away: a node with an older
 * configuration must not make a log less safe.
 */
export async function ensureStream(link: NatsLink, wanted: StreamConfig): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const info = await link.api<{ config: Record<string, unknown> }>(`STREAM.INFO.${wanted.name}`, undefined);
      // It acknowledges before it writes, whatever `sync_interval` says, and no update takes it away.
      if (info.config['persist_mode'] === 'async')
        throw new LogError(
          'nats-refused',
          `the stream ${wanted.name} has persist_mode async: it may lose what it stored`,
        );
      const num_replicas = Math.max(Number(info.config['num_replicas'] ?? 1), wanted.num_replicas);
      const target = { ...wanted, num_replicas };
      if (!differs(info.config, target)) return;
      await link.api(`STREAM.UPDATE.${wanted.name}`, { ...info.config, ...target });
      return;
    } catch (error) {
      if (apiErrorCode(error) !== JS_STREAM_NOT_FOUND) throw error;
    }
    try {
      await link.api(`STREAM.CREATE.${wanted.name}`, wanted, 10_000);
      return;
    } catch (error) {
      if (!isLogError(error) || apiErrorCode(error) !== JS_STREAM_NAME_IN_USE || attempt > 2) throw error;
    }
  }
}

function differs(is: Record<string, unknown>, wanted: StreamConfig): boolean {
  for (const [field, value] of Object.entries(wanted)) {
    // The server leaves out what is false or zero.
    const have = is[field] ?? (typeof value === 'boolean' ? false : typeof value === 'number' ? 0 : undefined);
    if (JSON.stringify(have) !== JSON.stringify(value)) return true;
  }
  return false;
}

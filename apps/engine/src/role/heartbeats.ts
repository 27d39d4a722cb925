import { RecordKind, encodeHeartbeat } from '@weir/log';
import type { LogWriter } from '@weir/log';
import type { RoleParts } from './parts.ts';
import type { Term } from './term.ts';

/**
 * A leader that holds a lease says so in the log, again and again: any record of its own does that, and where nothing is written a heartbeat. Of
 * `leader-heartbeat` 250 ms an idle hour makes 14,400 messages of about 200 bytes, 3 MB; a leader with writes needs none.
 */
export function beat(parts: RoleParts, term: Term, writer: LogWriter): void {
  const { cluster, memory, time, engine } = parts.options;
  const { heartbeatMs, leaseMs } = cluster!;
  const payload = encodeHeartbeat({ node: memory.id, leaseMs });
  const next = (): void => {
    if (term.isOver || term.hasHandedOver || writer.state === 'fenced' || writer.state === 'stopped') return;
    const now = parts.now;
    // What is under way renews the lease as well.
    if (writer.pending === 0 && now >= writer.sentMs + heartbeatMs) {
      writer.appendControl(RecordKind.heartbeat, payload, (outcome, seq) => {
        if (outcome === 'committed' && term.leads) {
          parts.committedSeq = seq;
          engine.lease.renewed(parts.now);
        }
      });
    }
    const dueMs = writer.sentMs + heartbeatMs - now;
    time.after(dueMs > 0 ? dueMs : heartbeatMs / 4, next);
  };
  next();
}

/**
 * Bugs on purpose, to show that the simulation finds such ones. Each stands between a node and what surrounds it, as the node with that bug
 * would behave; the product's own code has no switch for them.
 */

import type { EngineNode } from '@weir/app-engine';
import { HEADER_BYTES, LogWriter, RecordHeader, RecordKind, checksumHex, decodeHeader, openLog } from '@weir/log';
import type { AppendCallback, LogPosition, LogState, LogStore, SnapshotStore } from '@weir/log';
import { ENGINE_VERSION } from '@weir/dataset';
import { NO_STREAM } from './connection.ts';
import type { Connection } from './connection.ts';
import type { Process } from './process.ts';

type Committer = Parameters<EngineNode['engine']['lead']>[0];

export interface Bug {
  readonly says: string;
  /** What the engine is given to commit with. */
  readonly committer?: (committer: Committer, process: Process) => Committer;
  /** What an engine reads and appends to. `claims`: it is to lead, and does not follow another. */
  readonly log?: (log: LogStore, connection: Connection, logId: string, claims: () => boolean) => LogStore;
  /** What a replication app stores snapshots in. */
  readonly snapshots?: (snapshots: SnapshotStore, connection: Connection, logId: string) => SnapshotStore;
}

export type BugName =
  | 'early-reply'
  | 'no-fence'
  | 'blind-claim'
  | 'short-snapshot'
  | 'unknown-is-failed'
  | 'lease-of-answer'
  | 'election-claim'
  | 'reads-without-lease';

/** The reply leaves before the record is stored. */
function earlyReply(committer: Committer): Committer {
  return {
    get canAppend() {
      return committer.canAppend;
    },
    get nextOffset() {
      return committer.nextOffset;
    },
    get fragmentStoredMs() {
      return committer.fragmentStoredMs;
    },
    get renewedMs() {
      return committer.renewedMs ?? 0;
    },
    append(buffer, payloadBytes, commands, done) {
      // The buffer goes back to the engine when it is told.
      const own = new Uint8Array(buffer);
      committer.append(own, payloadBytes, commands, () => {});
      queueMicrotask(() => done('committed', 1, committer.nextOffset));
    },
  };
}

/** All of a store, some of it replaced. */
function over<T extends object>(target: T, replaced: Partial<T>): T {
  return new Proxy(target, {
    get: (_target, name) => {
      const from = name in replaced ? replaced : target;
      const value: unknown = Reflect.get(from, name, from);
      return typeof value === 'function' ? (value as () => unknown).bind(from) : value;
    },
  });
}

/** An append expects nothing of the log, and does not look where it was stored. */
function noFence(log: LogStore, connection: Connection, logId: string): LogStore {
  const appendCb = (message: Uint8Array, expected: number, callback: AppendCallback): void => {
    const copy = new Uint8Array(message);
    const store = () => {
      const { broker } = connection;
      const result = broker.append(logId, copy, broker.stream(logId).lastSeq);
      return result.kind === 'stored' ? { ...result, seq: expected + 1 } : result;
    };
    connection.askAppend(`log.${logId}`, store, callback);
  };
  return over(log, { appendCb });
}

/**
 * A node leads without having read the log to its end: it is told an end that is some records old, and its leadership record is put behind what
 * it has not read. What it writes from then on continues the history, so nobody can see it in the log.
 */
function blindClaim(log: LogStore, connection: Connection, logId: string, claims: () => boolean): LogStore {
  const { broker } = connection;
  let writer: LogWriter | null = null;
  /** From the sequences that the node knows to the log's. */
  let shift = 0;
  const behind = 3;
  /** The end that it is told. */
  let told = Infinity;
  return over(log, {
    maxMessageBytes: 1 << 20, // the other writer cuts records
    state: async () => {
      const state = await log.state();
      return { ...state, lastSeq: writer === null ? Math.min(told, state.lastSeq) : state.lastSeq - shift };
    },
    read: (seq) => log.read(seq + shift),
    consume: (from, handler, options) => {
      if (!claims()) return log.consume(from, handler, options);
      told = Math.max(from - 1, broker.stream(logId).lastSeq - behind);
      return log.consume(
        from,
        (seq, message) => {
          // What it does not read does not come.
          if (seq > told) return new Promise(() => {});
          return handler(seq, message);
        },
        options,
      );
    },
    appendCb: (message, expected, callback) => {
      const header = new RecordHeader();
      decodeHeader(message, header);
      if (header.kind === RecordKind.leadership) {
        const payload = new Uint8Array(message.subarray(HEADER_BYTES));
        const writerId = new Uint8Array(header.writer);
        openLog(log, ENGINE_VERSION).then(
          ({ tail }) => {
            shift = tail.seq - expected;
            const { epoch } = tail;
            const time = connection.process;
            writer = new LogWriter({ log, tail, epoch: epoch + 1, writerId, engineVersion: ENGINE_VERSION, time });
            writer.appendControl(RecordKind.leadership, payload, (outcome) => callback(answer(outcome, expected + 1)));
          },
          (error: unknown) => callback({ kind: 'refused', reason: 'unavailable', error: String(error) }),
        );
        return;
      }
      if (writer === null || !writer.canAppend) return log.appendCb(message, expected + shift, callback);
      const { length } = message;
      writer.append(new Uint8Array(message), length - HEADER_BYTES, header.commandCount, (outcome) =>
        callback(answer(outcome, expected + 1)),
      );
    },
  });
}

function answer(outcome: string, seq: number): { kind: 'stored'; seq: number } | { kind: 'unknown'; error: string } {
  return outcome === 'committed' ? { kind: 'stored', seq } : { kind: 'unknown', error: outcome };
}

function isData(message: Uint8Array): boolean {
  const header = new RecordHeader();
  decodeHeader(message, header);
  return header.kind === RecordKind.data;
}

/** Behind a message that is no fragment. */
function tailOf(message: Uint8Array | null): LogPosition | null {
  if (message === null) return null;
  const header = new RecordHeader();
  decodeHeader(message, header);
  if (header.fragmentCount > 1) return null;
  const payload = header.kind === RecordKind.data ? message.length - HEADER_BYTES : 0;
  return {
    seq: 0,
    offset: header.offset + payload,
    epoch: header.epoch,
    checksum: checksumHex(header.checksumHi, header.checksumLo),
  };
}

/** A snapshot says that it holds one record more than it does. */
function shortSnapshot(snapshots: SnapshotStore, connection: Connection, logId: string): SnapshotStore {
  return over(snapshots, {
    create: async (meta) => {
      const next = connection.broker.stream(logId).at(meta.seq + 1);
      const tail = meta.seq === 0 ? null : tailOf(next);
      if (tail === null) return snapshots.create(meta);
      return snapshots.create({ ...meta, ...tail, seq: meta.seq + 1 });
    },
  });
}

/** An append whose outcome is not known is taken for one that failed: its commands are given to the log once more. */
function unknownIsFailed(): Pick<Bug, 'committer' | 'log'> {
  let uncertain = 0;
  return {
    log: (log) =>
      over(log, {
        appendCb: (message, expected, callback) => {
          const data = isData(message);
          log.appendCb(message, expected, (result) => {
            if (data && result.kind === 'unknown') uncertain++;
            callback(result);
          });
        },
      }),
    committer: (committer) => ({
      get canAppend() {
        return committer.canAppend;
      },
      get nextOffset() {
        return committer.nextOffset;
      },
      get fragmentStoredMs() {
        return committer.fragmentStoredMs;
      },
      get renewedMs() {
        return committer.renewedMs ?? 0;
      },
      append(buffer, payloadBytes, commands, done) {
        const before = uncertain;
        const again = new Uint8Array(buffer);
        committer.append(buffer, payloadBytes, commands, (outcome, seq, end) => {
          if (uncertain > before && outcome === 'committed' && committer.canAppend)
            committer.append(again, payloadBytes, commands, () => {});
          done(outcome, seq, end);
        });
      },
    }),
  };
}

/** The committer with another lease. */
function renewedBy(committer: Committer, renewedMs: () => number): Committer {
  return over(committer, {
    get renewedMs() {
      return renewedMs();
    },
  } as Partial<Committer>);
}

/** A lease counts from the moment in which it is known that the append was stored. */
function leaseOfAnswer(committer: Committer, process: Process): Committer {
  let sentMs = -1;
  let answeredMs = 0;
  return renewedBy(committer, () => {
    if (committer.renewedMs !== sentMs) {
      sentMs = committer.renewedMs ?? 0;
      answeredMs = process.monotonicMs();
    }
    return answeredMs;
  });
}

/** A leader goes on answering from memory when its lease has run out. */
function readsWithoutLease(committer: Committer, process: Process): Committer {
  return renewedBy(committer, () => process.monotonicMs());
}

/** Who looks whether the leader is silent takes a log that does not answer, because its stream elects, for one that has nothing new. */
function electionClaim(log: LogStore, _connection: Connection, _logId: string, claims: () => boolean): LogStore {
  let last: LogState | null = null;
  return over(log, {
    state: async () => {
      try {
        return (last = await log.state());
      } catch (error) {
        if (claims() || last === null) throw error;
        return last;
      }
    },
    consume: (from, handler, options) =>
      log.consume(from, handler, {
        ...options,
        onState: (state, detail) => {
          if (state !== 'disconnected' || detail !== NO_STREAM) options.onState?.(state, detail);
        },
      }),
  });
}

/** A new one for each run: some of them remember. */
export const bugs: Readonly<Record<BugName, () => Bug>> = {
  'early-reply': () => ({ says: 'the reply leaves before the append', committer: earlyReply }),
  'no-fence': () => ({ says: 'an append without the expected sequence', log: noFence }),
  'blind-claim': () => ({ says: 'a claim without having caught up', log: blindClaim }),
  'short-snapshot': () => ({ says: 'a snapshot that is one record short', snapshots: shortSnapshot }),
  'unknown-is-failed': () => ({ says: 'an uncertain append is taken for a failed one', ...unknownIsFailed() }),
  'lease-of-answer': () => ({ says: 'a lease counts from the answer, not from the sending', committer: leaseOfAnswer }),
  'election-claim': () => ({ says: 'a claim while the log has no leader', log: electionClaim }),
  'reads-without-lease': () => ({ says: "reads after the lease's end", committer: readsWithoutLease }),
};

/**
 * The log as events: one per command, with the id `<log>:<sequence>:<place in the record>`, so that a client goes on behind the last one it has, and
 * is told when that was another log, where the same sequence means something else. Records are
 * checked as a slave checks them; what is void in the log (the late record of a master that was replaced) is not told.
 */

import {
  checksumHex,
  decodeHeader,
  decodeLeadership,
  isLogError,
  LOG_START,
  LogReader,
  RecordHeader,
  RecordKind,
} from '@weir/log';
import type { LogPosition, LogStore, RecordView } from '@weir/log';
import { ENGINE_VERSION } from '@weir/dataset';
import { decodeCommands } from './decode.ts';
import type { DecodeLimits } from './decode.ts';
import { Problem, toProblem } from './problems.ts';
import type { EventStream } from './sse.ts';

const LOG_ID_SHOWN = 8;

/** Where to go on: behind that command of that record. */
export interface Resume {
  readonly seq: number;
  readonly index: number;
}

/** Throws a Problem where the id is none, or of another log. */
export function parseEventId(text: string, logId: string): Resume {
  const [, log, seq, index] = /^([0-9A-Za-z_-]{1,8}):(\d{1,15}):(\d{1,10})$/.exec(text) ?? [];
  if (log === undefined) throw new Problem('bad-request', 'Last-Event-ID is not the id of an event of this stream');
  if (log !== logId.slice(0, LOG_ID_SHOWN)) {
    throw new Problem('log-changed', `the event ${text} is of another log than ${logId}`, { logId });
  }
  return { seq: Number(seq), index: Number(index) };
}

/** Messages behind a leadership record that may be void: reading begins in front of them, to know. */
const LOOK_BACK = 16;
const TRIES_MAX = 2 * LOOK_BACK;

/** Throws a Problem: 'log-trimmed' or 'log-ahead'. */
export async function checkStart(log: LogStore, from: number): Promise<void> {
  const { firstSeq, lastSeq } = await log.state();
  if (from < firstSeq) {
    throw new Problem('log-trimmed', `sequence ${from} was trimmed, the log begins at ${firstSeq}`, {
      firstSeq,
      lastSeq,
    });
  }
  if (from > lastSeq + 1) throw new Problem('log-ahead', `the log ends at ${lastSeq}`, { firstSeq, lastSeq });
}

export interface ChangedLog {
  readonly log: LogStore;
  readonly logId: string;
  /** Aborted when this log is not looked at any more: nothing comes from it then. */
  readonly closed: AbortSignal;
}

/** Sends changes until the stream ends: from the record of `resume`, or what comes from now on. Never throws. */
export async function streamChanges(
  { log, logId, closed }: ChangedLog,
  resume: Resume | null,
  limits: DecodeLimits,
  stream: EventStream,
): Promise<void> {
  const leave = (): void => {
    void stream.send({
      event: 'problem',
      data: new Problem('log-changed', `log ${logId} is not looked at any more`).body(),
    });
    stream.end();
  };
  closed.addEventListener('abort', leave, { signal: stream.signal });
  const tell: Tell = { stream, limits, name: logId.slice(0, LOG_ID_SHOWN) };
  try {
    const { firstSeq, lastSeq } = await log.state();
    const from = resume ?? { seq: lastSeq + 1, index: -1 };
    let begin = Math.max(firstSeq, from.seq - LOOK_BACK);
    for (let tries = 1; ; tries++) {
      const position = lastSeq === 0 ? LOG_START : await positionAt(log, Math.min(begin, lastSeq));
      const progress = { told: false };
      try {
        await read(log, position, from, tell, progress);
        return;
      } catch (error) {
        // Reading began with a void message: the one behind it is tried.
        if (!isLogError(error, 'log-diverged') || progress.told || tries === TRIES_MAX) throw error;
        begin = position.seq + 2;
      }
    }
  } catch (error) {
    void stream.send({ event: 'problem', data: toProblem(error).body() });
    stream.end();
  }
}

/** In front of the record that begins at or before `seq`; behind it when its beginning was trimmed. By what its own header says. */
async function positionAt(log: LogStore, seq: number): Promise<LogPosition> {
  if (seq <= 1) return LOG_START;
  const header = new RecordHeader();
  const { firstSeq } = await log.state();
  for (let at = Math.max(seq, firstSeq); ;) {
    const message = await log.read(at);
    if (message === null) throw new Problem('log-trimmed', `sequence ${at} was trimmed`);
    decodeHeader(message, header);
    if (header.fragmentIndex > 0) {
      const beginning = at - header.fragmentIndex;
      at = beginning >= firstSeq && at <= seq ? beginning : at + header.fragmentCount - header.fragmentIndex;
      continue;
    }
    return {
      seq: at - 1,
      offset: header.offset,
      // A leader's first record has an epoch of its own, above the one before it.
      epoch: header.kind === RecordKind.leadership ? header.epoch - 1 : header.epoch,
      checksum: checksumHex(header.previousHi, header.previousLo),
    };
  }
}

interface Tell {
  readonly stream: EventStream;
  readonly limits: DecodeLimits;
  /** Of the log, in the ids of events. */
  readonly name: string;
}

function read(
  log: LogStore,
  position: LogPosition,
  resume: Resume,
  tell: Tell,
  progress: { told: boolean },
): Promise<void> {
  const { signal } = tell.stream;
  return new Promise((resolve, reject) => {
    const reader = new LogReader({
      log,
      position,
      engineVersion: ENGINE_VERSION,
      onRecord: (record) => {
        if (record.seq < resume.seq || signal.aborted) return undefined;
        progress.told = true;
        const behind = record.seq === resume.seq ? resume.index : -1;
        if (record.kind === RecordKind.data) return sendRecord(record, behind, tell);
        if (behind < 0) void tellOther(record, tell);
        return undefined;
      },
      onError: (error) => {
        reader.stop();
        reject(error as Error);
      },
    });
    if (signal.aborted) return resolve();
    signal.addEventListener(
      'abort',
      () => {
        reader.stop();
        resolve();
      },
      { once: true },
    );
    reader.start();
  });
}

async function sendRecord(record: RecordView, behind: number, { stream, limits, name }: Tell): Promise<void> {
  const { seq, epoch, offset, commandCount } = record;
  for (const command of decodeCommands(record.payload, limits)) {
    if (stream.signal.aborted) return;
    if (command.index <= behind) continue;
    const data = { seq, epoch, offset, commands: commandCount, ...command };
    const full = stream.send({ id: `${name}:${seq}:${command.index}`, event: 'change', data });
    if (full !== undefined) await full;
  }
}

/** Rare, small, and no data: no waiting for the client, which the reader could not bear here. */
function tellOther(record: RecordView, { stream, name }: Tell): void | Promise<void> {
  if (record.kind !== RecordKind.leadership) return undefined;
  const { seq, epoch, payload } = record;
  const { node, ip, port } = decodeLeadership(payload);
  return stream.send({ id: `${name}:${seq}:0`, event: 'leader', data: { seq, epoch, node, ip, port } });
}

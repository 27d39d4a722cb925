import { isLogError } from '@weir/log';
import type { LogErrorCode } from '@weir/log';
import { wallClockMs } from '@weir/replica';

/**
 * What keeps this node from its role and will not pass by itself: the log or its beginning cannot be proven. The node goes on looking, since what
 * is missing may come back (a volume that was not mounted, another NATS server behind the address), and meanwhile says what it is.
 */
export interface Trouble {
  readonly code: LogErrorCode;
  readonly text: string;
  /** Of the wall clock. */
  readonly sinceMs: number;
}

const ADVICE: Partial<Record<LogErrorCode, string>> = {
  'log-missing': 'the stream of the log is not on this NATS server; bring back the store, or another one that has it',
  'log-lost': 'bring back the end of the log, or make the node that still has it the master (REPLICAOF NO ONE there)',
  'log-diverged': 'the log went on without records that this node holds; compare the two before one is given up',
  'log-corrupt': 'a record of the log is damaged',
  'log-newer': 'start a newer version of Weir here',
  'log-unrelated': 'REPLICAOF host port, once more, takes it all the same',
  'beginning-missing': 'bring back the snapshot',
};

/** Null for what passes: a broker that is away, a claim that was lost. */
export function troubleOf(error: unknown, before: Trouble | null): Trouble | null {
  if (!isLogError(error)) return null;
  const advice = ADVICE[error.code];
  if (advice === undefined) return null;
  const sinceMs = before?.code === error.code ? before.sinceMs : wallClockMs();
  return { code: error.code, text: `${error.message}: ${advice}`, sinceMs };
}

/** As Redis says that the disk does not do what it should; clients know the code. */
export function refusalText({ code, text }: Trouble, keepsData: boolean): string {
  const goesOn = keepsData
    ? 'Reads, INFO, CONFIG, REPLICAOF and WEIR REPAIR go on'
    : 'INFO, CONFIG, REPLICAOF and WEIR REPAIR go on';
  return `MISCONF Weir refuses to go on without data that must exist (${code}): ${text.replaceAll(/\s+/g, ' ')}. ${goesOn}`;
}

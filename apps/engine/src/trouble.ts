import { isLogError } from '@weir/log';
import type { LogErrorCode } from '@weir/log';
import { DoesNotFitError } from '@weir/replica';

/**
 * What keeps this node from its role and will not pass by itself: the log or its beginning cannot be proven, or the data set does not fit. The
 * node goes on looking, since what is missing may come back (a volume that was not mounted, another NATS server behind the address), and
 * meanwhile says what it is.
 */
export interface Trouble {
  readonly code: LogErrorCode | 'does-not-fit';
  readonly text: string;
  /** Of the wall clock. */
  readonly sinceMs: number;
}

const ADVICE: Partial<Record<LogErrorCode, string>> = {
  'log-missing': 'bring back its store, or point nats-url at the one that has it',
  'log-lost': 'bring back the end of the log, or make the node that still has it the master (REPLICAOF NO ONE there)',
  'log-diverged': 'the log went on without records that this node holds; compare the two before one is given up',
  'log-corrupt': 'a record of the log is damaged',
  'log-newer': 'start a newer version of Weir here',
  'log-unrelated': 'WEIR REPAIR DISCARD takes it all the same',
  'beginning-missing': 'bring back the snapshot',
};

/** Null for what passes: a broker that is away, a claim that was lost. */
export function troubleOf(error: unknown, before: Trouble | null, wallMs: number): Trouble | null {
  if (error instanceof DoesNotFitError) return trouble('does-not-fit', error.message, before, wallMs);
  if (!isLogError(error)) return null;
  const advice = ADVICE[error.code];
  return advice === undefined ? null : trouble(error.code, `${error.message}: ${advice}`, before, wallMs);
}

function trouble(code: Trouble['code'], text: string, before: Trouble | null, wallMs: number): Trouble {
  return { code, text, sinceMs: before?.code === code ? before.sinceMs : wallMs };
}

const RETRY_MS = 5000;
/** Loading a large data set only to fail again costs the machine a good deal. */
const NO_MEMORY_RETRY_MS = 60_000;

/** When to look again. */
export function retryMs({ code }: Trouble): number {
  return code === 'does-not-fit' ? NO_MEMORY_RETRY_MS : RETRY_MS;
}

/** What clients are answered; the code is Redis's for a server whose disk does not do what it should, so clients know it. */
export function refusalText({ code, text }: Trouble, keepsData: boolean): string {
  const goesOn = `${keepsData ? 'Reads, ' : ''}INFO, CONFIG, REPLICAOF and WEIR REPAIR go on`;
  return `MISCONF Weir refuses to go on without data that must exist (${code}): ${text.replaceAll(/\s+/g, ' ')}. ${goesOn}`;
}

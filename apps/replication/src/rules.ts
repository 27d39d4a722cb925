import type { SavePoint } from '@weir/config';

export interface RuleInput {
  readonly save: readonly SavePoint[];
  readonly logBytesMax: number;
  /** Since the newest usable snapshot. */
  readonly changes: number;
  readonly logBytes: number;
  readonly sinceMs: number;
}

/** Why a snapshot is due, in words for the log; null when none is. */
export function dueReason(input: RuleInput): string | null {
  const { changes, logBytes, logBytesMax, sinceMs } = input;
  for (const rule of input.save) {
    if (changes >= rule.changes && sinceMs > rule.seconds * 1000) {
      return `${rule.changes} changes in ${rule.seconds} seconds`;
    }
  }
  if (logBytesMax > 0 && logBytes >= logBytesMax) return `the log behind the last snapshot has ${logBytes} bytes`;
  return null;
}

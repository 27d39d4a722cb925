/**
 * What clients asked for and were told, as a history: of each operation when it was sent, when its answer came, and what that was. Times are of one monotonic
 * clock, that of the process in which all clients run.
 *
 * An operation whose outcome is unknown (its connection ended, an error that does not say that nothing was done, no answer yet) may take effect at any
 * time after it was sent, or never. One that was refused for sure did not happen and is in no history; nor is a read without an answer.
 */

export const KINDS = [
  'get',
  'set',
  'setnx',
  'getset',
  'incr',
  'rpush',
  'lpop',
  'lrange',
  'sadd',
  'srem',
  'sismember',
] as const;
export type Kind = (typeof KINDS)[number];

/** Null is nil; a list is its elements, joined by commas. */
export type Result = string | number | null;

export interface Operation {
  readonly key: string;
  readonly kind: Kind;
  /** The value, the element or the member; '' where the command has none. */
  readonly value: string;
  readonly sentMs: number;
  /** Infinity: no answer told what became of it. */
  answeredMs: number;
  /** Undefined with an unknown outcome. */
  result: Result | undefined;
}

export function isUnknown({ answeredMs }: Operation): boolean {
  return answeredMs === Infinity;
}

/** One line of text about an operation, for a person who looks at a history that is wrong. */
export function describe(one: Operation): string {
  const answer = isUnknown(one) ? 'unknown' : JSON.stringify(one.result);
  const until = isUnknown(one) ? '…' : one.answeredMs.toFixed(3);
  return `${one.sentMs.toFixed(3)} – ${until} ms  ${one.kind} ${one.key}${one.value === '' ? '' : ` ${one.value}`} → ${answer}`;
}

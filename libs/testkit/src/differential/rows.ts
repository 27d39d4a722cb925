import type { Grammar } from './grammar.ts';

/**
 * How two replies are compared. Errors are compared byte for byte whatever the rule.
 * - exact: byte for byte
 * - set: elements in any order
 * - time: integers that may differ by two seconds (what was relative to two clocks)
 * - kind: both nil, or both a value of the same type
 * - scan: both a cursor and an array; where the scan was complete in one call, the same elements
 */
export type Comparison = 'exact' | 'set' | 'time-seconds' | 'time-milliseconds' | 'kind' | 'scan' | Compare;

/** A rule of a row's own, for what is volatile in a reply: what differs, or null. Given are the bytes, one character each. */
export type Compare = (redis: string, weir: string) => string | null;

/** One command of the differential test. */
export interface CommandRow {
  readonly name: string;
  /** The arguments behind the name. */
  readonly args: Grammar;
  /** How often relative to others; default 1. */
  readonly weight?: number;
  readonly compare?: Comparison;
  /** Requests to send to both sides before, so that the reply is determined. */
  readonly before?: readonly (readonly string[])[];
  /** Requests that a random change could make harmful are sent as they are. */
  readonly fixed?: boolean;
}

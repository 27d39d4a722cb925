/**
 * What one row of the configuration table is, and the few words rows are written in.
 *
 * A value has one form only: the text CONFIG GET answers (its *canonical text*). Typed fields are derived from it when it is
 * stored, and CONFIG REWRITE is derived from it as well, so the three can never disagree.
 *
 * Canonical texts are byte strings: one character per byte (latin1). A password is bytes, and CONFIG GET has to give back
 * exactly the bytes that CONFIG SET took.
 */
export type Kind = 'bool' | 'int' | 'memory' | 'percent-memory' | 'octal' | 'enum' | 'flags' | 'string' | 'special';

/** `effective`: Weir acts on it. `accepted`: stored and answered for compatibility, nothing acts on it. */
export type Category = 'effective' | 'accepted';

/** A program that acts on directives. */
export type AppName = 'ingress' | 'engine' | 'replication' | 'admin' | 'server';

export const EVERY_APP: readonly AppName[] = ['ingress', 'engine', 'replication', 'admin', 'server'];

export interface DirectiveOptions {
  /** The apps that read it. Where nothing is said: the engine of one that has an effect, else nobody. */
  readonly apps?: readonly AppName[];
  /** The other name Redis knows it by; CONFIG GET answers both. */
  readonly alias?: string;
  /** Names that other versions have for it. They are taken and answered when spelled out, and match no pattern. */
  readonly also?: readonly string[];
  /** The version that brought it, where that is none up to 7.0. */
  readonly since?: string;
  /** CONFIG SET refuses it: only the file, the environment and the command line set it. */
  readonly immutable?: boolean;
  /** Answered by its exact name only, never by a pattern. */
  readonly hidden?: boolean;
  /** CONFIG SET needs enable-protected-configs. */
  readonly protected?: boolean;
  /** Its value is kept out of logs, slowlog and MONITOR. */
  readonly sensitive?: boolean;
  /** CONFIG SET answers -LOADING while a data set is being loaded. */
  readonly denyLoading?: boolean;
  /** Shown in crash reports. */
  readonly debug?: boolean;
  /** Takes several arguments on its line. */
  readonly multi?: boolean;
  /** An empty string means "not set": CONFIG REWRITE then removes its lines. */
  readonly nullable?: boolean;
  readonly unit?: string;
  /** Values out of this range are accepted and silently brought into it (hz). */
  readonly clamp?: readonly [bigint, bigint];
  /** Refuses a canonical text with Redis's message. */
  readonly check?: (text: string) => string | undefined;
}

export interface Directive<N extends string = string, K extends Kind = Kind, V extends string = string> {
  readonly name: N;
  readonly kind: K;
  readonly default: string;
  readonly summary: string;
  readonly min: bigint;
  readonly max: bigint;
  readonly values: readonly V[];
  readonly options: DirectiveOptions;
}

const NONE: DirectiveOptions = {};

export const INT_MAX = 2147483647n;
export const UINT_MAX = 4294967295n;
export const LONG_MAX = 9223372036854775807n;
export const ULONG_MAX = 18446744073709551615n;

export function bool<const N extends string>(
  name: N,
  value: 'yes' | 'no',
  summary: string,
  options = NONE,
): Directive<N, 'bool'> {
  return { name, kind: 'bool', default: value, summary, min: 0n, max: 0n, values: [], options };
}

export interface Range {
  readonly default: number;
  readonly min?: number | bigint;
  readonly max?: number | bigint;
}

function numeric<N extends string, K extends Kind>(
  name: N,
  kind: K,
  range: Range,
  summary: string,
  options: DirectiveOptions,
): Directive<N, K> {
  const text = range.default.toString(kind === 'octal' ? 8 : 10);
  const max = BigInt(range.max ?? (kind === 'int' ? INT_MAX : LONG_MAX));
  return { name, kind, default: text, summary, min: BigInt(range.min ?? 0), max, values: [], options };
}

export function int<const N extends string>(
  name: N,
  range: Range,
  summary: string,
  options = NONE,
): Directive<N, 'int'> {
  return numeric(name, 'int', range, summary, options);
}

export function memory<const N extends string>(
  name: N,
  range: Range,
  summary: string,
  options = NONE,
): Directive<N, 'memory'> {
  return numeric(name, 'memory', range, summary, { unit: 'bytes', ...options });
}

export function percentMemory<const N extends string>(
  name: N,
  range: Range,
  summary: string,
  options = NONE,
): Directive<N, 'percent-memory'> {
  return numeric(name, 'percent-memory', range, summary, { unit: 'bytes or %', ...options });
}

export function octal<const N extends string>(
  name: N,
  range: Range,
  summary: string,
  options = NONE,
): Directive<N, 'octal'> {
  return numeric(name, 'octal', range, summary, options);
}

export function choice<const N extends string, const V extends string>(
  name: N,
  values: readonly V[],
  value: NoInfer<V>,
  summary: string,
  options = NONE,
): Directive<N, 'enum', V> {
  return { name, kind: 'enum', default: value, summary, min: 0n, max: 0n, values, options };
}

export function flags<const N extends string, const V extends string>(
  name: N,
  values: readonly V[],
  value: NoInfer<V>,
  summary: string,
  options = NONE,
): Directive<N, 'flags', V> {
  return {
    name,
    kind: 'flags',
    default: value,
    summary,
    min: 0n,
    max: 0n,
    values,
    options: { multi: true, ...options },
  };
}

export function str<const N extends string>(
  name: N,
  value: string,
  summary: string,
  options = NONE,
): Directive<N, 'string'> {
  return { name, kind: 'string', default: value, summary, min: 0n, max: 0n, values: [], options };
}

export function special<const N extends string>(
  name: N,
  value: string,
  summary: string,
  options = NONE,
): Directive<N, 'special'> {
  return { name, kind: 'special', default: value, summary, min: 0n, max: 0n, values: [], options };
}

import { isUnknown } from './history.ts';
import type { Operation, Result } from './history.ts';

/**
 * What a key holds, as a text: null for no key. A register or a counter is its value; a list is its elements, joined by commas; a set is
 * looked at member by member (see `partsOf`), each of which is there ('1') or not. A text is both the state and the name under which a
 * state that was seen before is found again.
 */
export type State = string | null;

interface Step {
  readonly state: State;
  readonly result: Result;
}

function run({ kind, value }: Operation, state: State): Step {
  switch (kind) {
    case 'get':
    case 'lrange':
      return { state, result: state };
    case 'set':
      return { state: value, result: 'OK' };
    case 'setnx':
      return state === null ? { state: value, result: 1 } : { state, result: 0 };
    case 'getset':
      return { state: value, result: state };
    case 'incr': {
      const next = Number(state ?? 0) + 1;
      return { state: String(next), result: next };
    }
    case 'rpush': {
      const next = state === null ? value : `${state},${value}`;
      return { state: next, result: next.split(',').length };
    }
    case 'lpop': {
      if (state === null) return { state, result: null };
      const comma = state.indexOf(',');
      return comma < 0
        ? { state: null, result: state }
        : { state: state.slice(comma + 1), result: state.slice(0, comma) };
    }
    case 'sadd':
      return { state: '1', result: state === null ? 1 : 0 };
    case 'srem':
      return { state: null, result: state === null ? 0 : 1 };
    case 'sismember':
      return { state, result: state === null ? 0 : 1 };
  }
}

/** The state behind an operation, or undefined when it could not have got its answer there. */
export function step(operation: Operation, before: State): State | undefined {
  const { state, result } = run(operation, before);
  return isUnknown(operation) || result === operation.result ? state : undefined;
}

/** What the command answers in a state; for systems that are played. */
export function execute(operation: Operation, before: State): { state: State; result: Result } {
  return run(operation, before);
}

/** Histories that have nothing to do with each other: one of each key, and of each member of a set. A history is linearizable when all of them are. */
export function partsOf(history: readonly Operation[]): Map<string, Operation[]> {
  return Map.groupBy(history, ({ kind, key, value }) =>
    kind === 'sadd' || kind === 'srem' || kind === 'sismember' ? `${key} ${value}` : key,
  );
}

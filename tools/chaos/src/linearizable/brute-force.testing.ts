import { isUnknown } from './history.ts';
import type { Operation } from './history.ts';
import { step } from './model.ts';
import type { State } from './model.ts';

/** Tries all orders of all operations of one key, with and without each unknown one: for a few operations. */
export function bruteForce(operations: readonly Operation[]): boolean {
  return goesOn(operations, null);
}

function goesOn(left: readonly Operation[], state: State): boolean {
  if (left.every(isUnknown)) return true;
  return left.some((one) => {
    // Whoever was answered before this one was sent has to come first.
    if (left.some((other) => other.answeredMs < one.sentMs)) return false;
    const next = step(one, state);
    return (
      next !== undefined &&
      goesOn(
        left.filter((other) => other !== one),
        next,
      )
    );
  });
}

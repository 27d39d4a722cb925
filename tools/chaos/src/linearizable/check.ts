/**
 * Is a history linearizable? Wing and Gong's search with Lowe's memory of what was tried: an order of all answered operations is looked for in which each
 * got its answer, and no operation comes before one that was answered before it was sent.
 *
 * The search goes along the sends and answers in the order of time. It takes an operation that was sent and whose answer fits, and begins anew from the first
 * one that is left; at an answer of an operation that is not taken it goes back. A set of taken operations together with the state behind them
 * is tried once. Operations with an unknown outcome have no answer at which the search would have to go back: they are taken where that helps, or never. The search ends
 * when all operations with an answer are taken.
 *
 * The problem is hard in general (NP-complete). It is quick for histories in which few operations of one key overlap, and unknown outcomes
 * overlap with all that follows: a workload should leave a key after some time. A search that takes too many steps says so, and claims nothing.
 */

import { isUnknown } from './history.ts';
import type { Operation } from './history.ts';
import { partsOf, step } from './model.ts';
import type { State } from './model.ts';

export type Verdict = 'linearizable' | 'wrong' | 'undecided';

export interface Checked {
  readonly verdict: Verdict;
  /** Of parts that are wrong, or undecided: the name, and all operations. */
  readonly wrong: readonly Finding[];
  readonly undecided: readonly Finding[];
  readonly parts: number;
}

export interface Finding {
  readonly part: string;
  readonly operations: readonly Operation[];
}

const STEPS_MAX = 4_000_000;

export function check(history: readonly Operation[], stepsMax = STEPS_MAX): Checked {
  const wrong: Finding[] = [];
  const undecided: Finding[] = [];
  const parts = partsOf(history);
  for (const [part, operations] of parts) {
    const verdict = checkPart(operations, stepsMax);
    if (verdict === 'wrong') wrong.push({ part, operations });
    else if (verdict === 'undecided') undecided.push({ part, operations });
  }
  return {
    verdict: wrong.length > 0 ? 'wrong' : undecided.length > 0 ? 'undecided' : 'linearizable',
    wrong,
    undecided,
    parts: parts.size,
  };
}

/** A send, or an answer, in the order of time; a list from which an operation's two are taken out and put back. */
interface Event {
  readonly index: number;
  readonly isSend: boolean;
  before: Event | null;
  after: Event | null;
}

interface Taken {
  readonly send: Event;
  readonly state: State;
}

/** Of one key, which begins empty. */
export function checkPart(operations: readonly Operation[], stepsMax = STEPS_MAX): Verdict {
  const answers: (Event | null)[] = operations.map(() => null);
  const head = eventsOf(operations, answers);
  let left = operations.filter((one) => !isUnknown(one)).length;
  const taken: Taken[] = [];
  const marks = new Uint16Array(Math.ceil(operations.length / 16));
  const tried = new Set<string>();
  let state: State = null;
  let steps = 0;
  for (let at = head.after; left > 0;) {
    if (++steps > stepsMax) return 'undecided';
    if (at !== null && at.isSend) {
      const operation = operations[at.index]!;
      const next = step(operation, state);
      if (next !== undefined) {
        flip(marks, at.index);
        const name = `${String.fromCharCode(...marks)}${next === null ? '-' : `=${next}`}`;
        if (!tried.has(name)) {
          tried.add(name);
          taken.push({ send: at, state });
          state = next;
          takeOut(at);
          const answer = answers[at.index];
          if (answer) {
            takeOut(answer);
            left--;
          }
          at = head.after;
          continue;
        }
        flip(marks, at.index);
      }
      at = at.after;
      continue;
    }
    const last = taken.pop();
    if (last === undefined) return 'wrong';
    const { index } = last.send;
    state = last.state;
    flip(marks, index);
    const answer = answers[index];
    if (answer) {
      putBack(answer);
      left++;
    }
    putBack(last.send);
    at = last.send.after;
  }
  return 'linearizable';
}

/** The head of the list. An answer at the very moment of a send counts as later: then the two overlap, which rules out less. */
function eventsOf(operations: readonly Operation[], answers: (Event | null)[]): Event {
  const all = operations.flatMap((one, index) => {
    const events = [{ index, isSend: true, ms: one.sentMs }];
    return isUnknown(one) ? events : [...events, { index, isSend: false, ms: one.answeredMs }];
  });
  all.sort((a, b) => a.ms - b.ms || Number(b.isSend) - Number(a.isSend));
  const head: Event = { index: -1, isSend: false, before: null, after: null };
  let last = head;
  for (const { index, isSend } of all) {
    const event: Event = { index, isSend, before: last, after: null };
    last.after = event;
    last = event;
    if (!isSend) answers[index] = event;
  }
  return head;
}

function flip(marks: Uint16Array, index: number): void {
  marks[index >> 4]! ^= 1 << (index & 15);
}

function takeOut({ before, after }: Event): void {
  before!.after = after;
  if (after !== null) after.before = before;
}

/** The last one that was taken out comes back first: its neighbours are those that it had. */
function putBack(event: Event): void {
  event.before!.after = event;
  if (event.after !== null) event.after.before = event;
}

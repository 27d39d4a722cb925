import { generator } from '../generator.ts';
import type { Kind, Operation } from './history.ts';
import { execute } from './model.ts';
import type { State } from './model.ts';

export type Fault = 'none' | 'loses acknowledged writes' | 'answers stale reads' | 'applies twice';

export interface PlayOptions {
  readonly seed: number;
  readonly fault: Fault;
}

const CLIENTS = 6;
const STEPS = 1500;
const MOVES: readonly (readonly [key: string, kinds: readonly Kind[]])[] = [
  ['register', ['get', 'set', 'setnx', 'getset']],
  ['counter', ['get', 'incr', 'incr']],
  ['list', ['rpush', 'lpop', 'lrange']],
  ['set', ['sadd', 'srem', 'sismember']],
];

interface Pending {
  readonly operation: Operation;
  isDone: boolean;
}

/**
 * A system that never was: clients send, a server executes somewhere between the send and the answer, and some answers are lost, before or after the
 * execution. In the middle it does once what its fault says: it forgets what it acknowledged last, it answers reads from an older copy, or it executes what it
 * executed a moment ago once more.
 */
export function play({ seed, fault }: PlayOptions): Operation[] {
  const random = generator(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const history: Operation[] = [];
  let now = 0;
  let unique = 0;
  const states = new Map<string, State>();
  let old = new Map(states);
  const pending: (Pending | null)[] = Array.from({ length: CLIENTS }, () => null);
  const nameOf = ({ key, kind, value }: Operation): string =>
    kind === 'sadd' || kind === 'srem' || kind === 'sismember' ? `${key} ${value}` : key;
  const apply = (operation: Operation, from = states): void => {
    const { state, result } = execute(operation, from.get(nameOf(operation)) ?? null);
    from.set(nameOf(operation), state);
    operation.result = result;
  };
  const isRead = ({ kind }: Operation): boolean => kind === 'get' || kind === 'lrange' || kind === 'sismember';
  for (let at = 0; at < STEPS; at++) {
    now += random();
    const age = Math.floor(at / 150);
    const client = Math.floor(random() * CLIENTS);
    const mine = pending[client]!;
    if (mine === null) {
      const [key, kinds] = pick(MOVES);
      const kind = pick(kinds);
      const value = key === 'register' || kind === 'rpush' ? `v${unique++}` : key === 'set' ? pick(['a', 'b']) : '';
      const operation: Operation = {
        key: `${key}:${age}`,
        kind,
        value: kind === 'get' ? '' : value,
        sentMs: now,
        answeredMs: Infinity,
        result: undefined,
      };
      history.push(operation);
      pending[client] = { operation, isDone: false };
    } else if (!mine.isDone && random() < 0.6) {
      const { operation } = mine;
      const stale = fault === 'answers stale reads' && at > STEPS / 3 && isRead(operation);
      apply(operation, stale ? old : states);
      if (fault === 'applies twice' && at > STEPS / 3 && !isRead(operation)) {
        const { result } = operation;
        apply(operation);
        operation.result = result;
      }
      mine.isDone = true;
    } else if (mine.isDone || random() < 0.03) {
      // An answer, or none: then nobody knows.
      if (mine.isDone && random() < 0.97) mine.operation.answeredMs = now;
      else mine.operation.result = undefined;
      pending[client] = null;
    }
    if (at % 40 === 0) {
      if (fault === 'loses acknowledged writes' && at > STEPS / 3) {
        for (const name of states.keys()) states.set(name, old.get(name) ?? null);
      }
      old = new Map(states);
    }
  }
  for (const last of pending) if (last !== null) last.operation.result = undefined;
  return history.filter((one) => one.answeredMs !== Infinity || !isRead(one));
}

import assert from 'node:assert/strict';
import { splitArgs } from '@weir/config';
import { TestEngine } from './testing.ts';

/** Commands that prepare, the command, and what it must write to the log (SELECT 0 left out), one line each. */
export type EffectCase = readonly [before: string, command: string, effects: readonly string[]];

/** Plays a case, and checks that a replica which applies the log has the same data. */
export function checkEffects([before, command, expected]: EffectCase): void {
  const engine = new TestEngine();
  if (before !== '') for (const line of before.split(' ; ')) call(engine, line);
  call(engine, command);
  const effects = engine.effects.map((args) => args.map((arg) => (arg === '' ? '""' : arg)).join(' '));
  assert.deepEqual(
    effects.filter((effect) => effect !== 'SELECT 0'),
    expected,
    `${before} ; ${command}`,
  );
  engine.verify();
  const replica = engine.replica();
  replica.verify();
  const data = (of: TestEngine) => of.contents().map((content) => ({ ...content, encoding: 0 }));
  assert.deepEqual(data(replica), data(engine), `replica after: ${before} ; ${command}`);
}

function call(engine: TestEngine, line: string): void {
  const args = splitArgs(line);
  if (args === undefined) throw new Error(`unbalanced quotes: ${line}`);
  engine.call(...args.map((arg) => Buffer.from(arg, 'latin1')));
}

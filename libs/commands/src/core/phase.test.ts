/** The life of a session: see the table in phase.ts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PHASES } from './phase.ts';
import type { Phase, SessionEvent } from './phase.ts';
import { Session } from './session.ts';

function session(): Session {
  const control = { close() {}, destroy() {}, pendingOutputBytes: 0, queryBufferBytes: 0 };
  return new Session({ id: 1, control, authenticated: true, nowMs: 0 });
}

/** The phase after these events, and what was to be done for the last. */
function after(...events: SessionEvent[]): [Phase, string] {
  const it = session();
  let action = 'none';
  for (const event of events) action = it.on(event);
  return [it.phase, action];
}

const phases = Object.keys(PHASES) as Phase[];
const events = Object.keys(PHASES.normal) as SessionEvent[];

const cases: [title: string, events: SessionEvent[], phase: Phase, action: string][] = [
  ['a new session executes what comes', ['input'], 'normal', 'execute'],
  ['a session that queues still reads: the commands go to its queue', ['multi', 'input'], 'queuing', 'execute'],
  ['EXEC ends the queue', ['multi', 'queueEnded'], 'normal', 'none'],
  ['RESET ends the queue', ['multi', 'reset'], 'normal', 'none'],
  ['QUIT inside MULTI closes', ['multi', 'quit'], 'closing', 'finish'],
  ['a session whose command waits keeps what comes', ['wait', 'input'], 'blocked', 'keep'],
  ['it goes on with that when the command does', ['wait', 'input', 'goOn'], 'normal', 'goOn'],
  ['its client has read everything: nothing goes on before the command does', ['wait', 'drained'], 'blocked', 'none'],
  [
    'a client that is gone while a command waits is cut off, as nothing else would tell',
    ['wait', 'inputEnded'],
    'killed',
    'destroy',
  ],
  ['a client that is gone while it is subscribed is cut off', ['subscribe', 'inputEnded'], 'killed', 'destroy'],
  ['a client that is gone while it monitors is cut off', ['monitor', 'inputEnded'], 'killed', 'destroy'],
  ['a half-closed client gets its answers first', ['inputEnded'], 'normal', 'halfClose'],
  ['an idle client is closed', ['idle'], 'closing', 'finish'],
  ['an idle transaction is closed', ['multi', 'idle'], 'closing', 'finish'],
  ['who waits for a key is not idle', ['wait', 'idle'], 'blocked', 'none'],
  ['a subscriber is not idle', ['subscribe', 'idle'], 'subscribed', 'none'],
  ['a monitor is not idle', ['monitor', 'idle'], 'monitor', 'none'],
  ['the last UNSUBSCRIBE makes it a normal client again', ['subscribe', 'unsubscribe'], 'normal', 'none'],
  ['a monitor that subscribed is a monitor again', ['monitor', 'subscribe', 'unsubscribe'], 'monitor', 'none'],
  ['a monitor whose command waited is a monitor again', ['monitor', 'wait', 'goOn'], 'monitor', 'goOn'],
  ['a transaction of a monitor leaves it one', ['monitor', 'multi', 'queueEnded'], 'monitor', 'none'],
  ['RESET ends monitoring', ['monitor', 'reset'], 'normal', 'none'],
  ['what comes behind QUIT is dropped', ['quit', 'input'], 'closing', 'drop'],
  ['it is closed when the last reply is there', ['quit', 'answered'], 'leaving', 'close'],
  ['… and that once', ['quit', 'answered', 'answered'], 'leaving', 'none'],
  [
    'a client that does not take its last replies can still be cut off',
    ['quit', 'answered', 'kill'],
    'killed',
    'destroy',
  ],
  ['it is cut off once', ['kill', 'kill'], 'killed', 'none'],
  ['an end that was asked for is forgotten when it is confirmed', ['kill', 'closed'], 'gone', 'forget'],
  ['it is forgotten once', ['closed', 'closed'], 'gone', 'none'],
  ['a command that goes on for nobody changes nothing', ['wait', 'closed', 'goOn'], 'gone', 'none'],
  [
    'a command that subscribes although its client is to be closed changes nothing',
    ['quit', 'subscribe'],
    'closing',
    'none',
  ],
];

for (const [title, path, phase, action] of cases) {
  test(title, () => assert.deepEqual(after(...path), [phase, action]));
}

test('an event that cannot be is an error of the server', () => {
  assert.throws(() => after('goOn'), /a session that is normal met 'goOn'/);
  assert.throws(() => after('multi', 'wait'), /queuing met 'wait'/);
  assert.throws(() => after('wait', 'multi'), /blocked met 'multi'/);
});

test('each event of the outside has an answer in every phase, and leads to its end from every phase', () => {
  const outside: SessionEvent[] = ['input', 'drained', 'inputEnded', 'idle', 'answered', 'kill', 'closed', 'quit'];
  for (const phase of phases) {
    for (const event of outside) assert.notEqual(PHASES[phase][event].action, 'never', `${phase}, ${event}`);
    assert.equal(PHASES[phase].closed.to, 'gone');
    assert.match(PHASES[phase].kill.to, /^(killed|gone)$/);
  }
});

test('whatever happens in whatever order, a session that ends executes nothing more and is closed, cut off and forgotten at most once', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { maxLength: 40 }), (sequence) => {
      const it = session();
      const done = { close: 0, destroy: 0, forget: 0 };
      for (const event of [...sequence, 'closed' as const]) {
        if (PHASES[it.phase][event].action === 'never') continue;
        const ended = it.isEnding;
        const action = it.on(event);
        if (ended) {
          assert.equal(it.isEnding, true);
          assert.doesNotMatch(action, /execute|keep|goOn|halfClose/);
        }
        if (action in done) done[action as keyof typeof done]++;
        assert.equal(Number(it.executes) + Number(it.isBlocked) + Number(it.isEnding), 1, it.phase);
      }
      assert.equal(it.phase, 'gone');
      assert.equal(done.forget, 1);
      assert.ok(done.close <= 1 && done.destroy <= 1);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peopleFormat } from './index.ts';

const line = (fields: object): string => JSON.stringify({ time: '2026-01-02T03:04:05.678Z', pid: 1, ...fields });

test('a line for people is time, node, message and fields, without process or level', () => {
  const text = peopleFormat({ node: 'master', colors: false })(
    line({ level: 30, name: 'weir', msg: 'leading: ready for writes', epoch: 1 }),
  );
  assert.match(text, /^\d\d:\d\d:05\.678 master: leading: ready for writes \{"epoch":1\}$/);
});

test('a warning says that it is one, and a process beside the node says its name', () => {
  const format = peopleFormat({ node: 'slave', colors: false });
  assert.match(
    format(line({ level: 40, name: 'weir-replication', msg: 'no room' })),
    / slave: WARN replication: no room$/,
  );
});

test('colour is there only when it is asked for', () => {
  const fields = line({
    level: 50,
    name: 'weir',
    msg: 'the end',
    err: { message: 'gone', stack: 'Error: gone\n    at x' },
  });
  assert.ok(!peopleFormat({ node: 'a', colors: false })(fields).includes('\u001b['));
  assert.ok(peopleFormat({ node: 'a', colors: true })(fields).includes('\u001b['));
  assert.match(peopleFormat({ node: 'a', colors: false })(fields), /ERROR the end[\s\S]*at x/);
});

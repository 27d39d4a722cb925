// What stands in vocabulary.golden.json under a version that was released is in logs, and engines of that version take nothing else. So:
//
// - A new command, option or effect needs a new ENGINE_VERSION (core/version.ts) with a line that says what it brought, and a new entry here:
//   a copy of the last one with the change. The old entries stay as they are.
// - What was once written has to be taken for ever: nothing may disappear.
//
// Nodes of the older version then stop with `log-newer` in place of making something else of it: slaves are upgraded first, the master last.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENGINE_VERSION } from './index.ts';
import { checkWritten, golden, syntaxNow } from './vocabulary.testing.ts';

test('what may be in the log is what this engine version had: a new form needs a new ENGINE_VERSION', () => {
  assert.deepEqual(syntaxNow(), golden[ENGINE_VERSION]?.syntax);
});

test('every version has a newest one behind it, and keeps each command and word of those before', () => {
  const versions = Object.keys(golden).map(Number);
  assert.equal(Math.max(...versions), ENGINE_VERSION);
  const words = (text: string): string[] => text.match(/[A-Z]{2,}/g) ?? [];
  for (const version of versions) {
    const next = golden[version + 1];
    if (next === undefined) continue;
    for (const [name, form] of Object.entries(golden[version]!.syntax)) {
      assert.ok(name in next.syntax, `${name} is gone in version ${version + 1}`);
      for (const word of words(form)) assert.ok(words(next.syntax[name]).includes(word), `${word} of ${name}`);
    }
    for (const form of golden[version]!.written) assert.ok(next.written.includes(form), form);
  }
});

test('an effect of another form than the frozen ones fails the effect tests', () => {
  checkWritten(['SET', 'k', 'v', 'PXAT', '1700000000000']);
  assert.throws(() => checkWritten(['SETEX', 'k', '10', 'v']), /do not write "SETEX"/);
  assert.throws(() => checkWritten(['SET', 'k', 'v', 'EX', '10']), /do not write "SET EX"/);
  assert.throws(() => checkWritten(['NOSUCH', 'k']), /NOSUCH is no word/);
  // A field of a stream that is called as an option is no form.
  checkWritten(['XADD', 'k', 'MINID', '=', '5-0', '6-0', 'LIMIT', '~']);
  assert.throws(
    () => checkWritten(['XADD', 'k', 'MINID', '~', '5-0', 'LIMIT', '3', '6-0', 'f', 'v']),
    /do not write "XADD MINID ~"/,
  );
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { checkoutRoot } from '@weir/toolchain';

/** Prints which process it is, and its arguments. */
const probe = 'tools/start/scripts.testing.ts';

// npm hands a SIGTERM on to its shell alone; where the shell has not become the script, the script goes on without both.
test('a signal to the shell in which npm starts a script reaches the script, whatever shell that is', async () => {
  const root = checkoutRoot();
  const { scripts } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const ours = Object.entries(scripts).filter(([, script]) => script.includes('tools/run '));
  assert.ok(ours.length > 0);
  for (const [name, script] of ours) {
    const asking = script.replace(/tools\/run \S+/, `tools/run ${probe}`);
    assert.notEqual(asking, script);
    const shell = spawn('sh', ['-c', `${asking} more`], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    assert.match(await text(shell.stdout), new RegExp(`^${shell.pid} .*more\n$`), name);
  }
});

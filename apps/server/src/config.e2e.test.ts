// A configuration that people bring along: it starts a node, or it ends with all that is wrong with it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, isPortFree, withRig } from '@weir/testkit';
import { checkoutRoot } from '@weir/toolchain';

withRig('a file with lines that cannot be used starts nothing, and every line at fault is told', async (rig) => {
  const port = await freePort();
  const file = join(rig.folder, 'closed.conf');
  writeFileSync(
    file,
    [`port ${port}`, `dir ${rig.folder}`, 'user bob on >s3cret ~* +@all', 'user bob off', 'vm-enabled yes', 'foo 1']
      .concat(['requirepass "s3cret', 'tls-port 6390'])
      .join('\n'),
  );
  const { status, stdout, stderr } = spawnSync(join(checkoutRoot(), 'weir-server'), [file], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: process.env['PATH'], WEIR_USER: 'bob off' },
  });
  assert.equal(status, 1);
  assert.equal(await isPortFree(port), true);
  for (const line of [4, 5, 6, 7, 8]) assert.match(stderr, new RegExp(`'${file}', at line ${line}\n`));
  assert.match(stderr, /environment variable WEIR_USER/);
  assert.doesNotMatch(stdout + stderr, /s3cret/);
});

withRig("a file with another version's directives starts a node, and no password reaches its logs", async (rig) => {
  const dir = join(rig.folder, 'brought');
  mkdirSync(dir);
  const port = await freePort();
  const file = join(dir, 'valkey.conf');
  writeFileSync(
    file,
    `port ${port}\ndir ${dir}\nbind 127.0.0.1\nlocale-collate ""\nhide-user-data-from-log yes\nprimaryauth m4ster
dual-channel-replication-enabled no\nmax-new-connections-per-cycle 10\nserver-cpulist 0-1\nvm-pages 5\ntls-key-file-pass k3y
rename-command nothing other
commandlog-execution-slower-than 0\nuser default on nopass ~* &* +@all\n`,
  );
  const node = await rig.node('brought', { args: [file], port, dir });
  await node.start();
  assert.deepEqual(await node.call('CONFIG', 'GET', 'masterauth'), ['masterauth', 'm4ster']);
  assert.deepEqual(await node.call('CONFIG', 'GET', 'slowlog-log-slower-than'), ['slowlog-log-slower-than', '0']);
  await assert.rejects(node.call('CONFIG', 'SET', 'tls-port', '6390'), /does not speak TLS/);

  assert.equal(
    await node.call('CONFIG', 'SET', 'hz', '10', 'TLS-KEY-FILE-PASS', 'n3wkey', 'requirepass', 'n3wpass'),
    'OK',
  );
  assert.doesNotMatch(JSON.stringify(await node.call('SLOWLOG', 'GET', '-1')), /n3wkey|n3wpass/);

  // loglevel is of the running server too.
  const before = node.lines.length;
  assert.equal(await node.call('CONFIG', 'SET', 'loglevel', 'warning'), 'OK');
  assert.equal(await node.call('CONFIG', 'REWRITE'), 'OK');
  const rewritten = readFileSync(file, 'latin1');
  assert.match(rewritten, /^requirepass "n3wpass"$/m);
  assert.match(rewritten, /^user default on sanitize-payload #[0-9a-f]{64} ~\* &\* \+@all$/m);
  await node.stop();
  // `stopping` is a notice.
  assert.doesNotMatch(node.lines.slice(before).join('\n'), /"stopping"|stopping$/);
  assert.doesNotMatch(node.lines.join('\n'), /m4ster|k3y|n3wkey|n3wpass/);
  assert.match(node.lines.join('\n'), /skipped, since no Redis has them any more: vm-pages/);
  assert.match(node.lines.join('\n'), /rename-command names no command of Weir, and does nothing: nothing/);
});

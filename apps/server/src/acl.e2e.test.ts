// Users of a whole node: from its files, over its end, for clients of other people.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until, withRig } from '@weir/testkit';

withRig(
  'users of an aclfile are there after a restart, as ACL SAVE left them, and keep clients to their rules',
  async (rig) => {
    const file = join(rig.folder, 'users.acl');
    writeFileSync(file, 'user default on nopass ~* &* +@all\nuser app on >pw ~app:* &app:* +@all -@dangerous\n');
    const node = await rig.node('node', { more: ['--aclfile', file] });
    await node.start();
    const app = await rig.raw(node);
    assert.equal(await app.call('AUTH', 'app', 'pw'), 'OK');
    assert.equal(await app.call('SET', 'app:1', 'x'), 'OK');
    await assert.rejects(
      app.call('SET', 'other', 'x'),
      /NOPERM this user has no permissions to access one of the keys/,
    );
    await assert.rejects(app.call('FLUSHALL'), /NOPERM this user has no permissions to run the 'flushall' command/);

    const listener = await rig.raw(node);
    await listener.call('AUTH', 'app', 'pw');
    await listener.call('SUBSCRIBE', 'app:news');
    assert.equal(await node.call('ACL', 'SETUSER', 'app', 'resetchannels', '+flushall'), 'OK');
    await until(
      'the subscriber to be cut off',
      async () => !String(await node.call('CLIENT', 'LIST')).includes('sub=1'),
    );
    assert.equal(await node.call('ACL', 'SAVE'), 'OK');
    const saved = readFileSync(file, 'latin1');
    assert.match(saved, /^user app on #[0-9a-f]{64} ~app:\* resetchannels \+@all -@/m);
    assert.doesNotMatch(saved, /flushall/);

    await node.stop();
    await node.start();
    const later = await rig.raw(node);
    await later.call('HELLO', '2', 'AUTH', 'app', 'pw');
    assert.equal(await later.call('GET', 'app:1'), 'x');
    await assert.rejects(later.call('PUBLISH', 'app:news', 'x'), /NOPERM .*channels/);
    assert.equal(await later.call('FLUSHALL'), 'OK');
  },
);

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { authorization, inboxPrefix } from './rights.ts';

// The file's block anew: authorization({ cluster: 'weir', logId: '*' }, …).join('\n')
test('infra/nats/weir.conf has the rights that the embedded server gives, for any log of the cluster', () => {
  const file = readFileSync(new URL('../../../infra/nats/weir.conf', import.meta.url), 'utf8');
  const passwords = { leader: 'LEADER', replication: 'REPLICATION', slave: 'SLAVE' };
  const block = authorization({ cluster: 'weir', logId: '*' }, passwords).join('\n');
  assert.equal(file.slice(file.indexOf('authorization {')), `${block}\n`);
});

test('before a log is named only the leader and the upkeep have rights', () => {
  const text = authorization(null, { admin: 'a', leader: 'b', replication: 'c', slave: 'd' }).join('\n');
  assert.equal(text.match(/deny: \[\n +">"/g)?.length, 4);
});

test("inboxes stand below the user's name where that is a plain word", () => {
  assert.equal(inboxPrefix('slave'), '_INBOX.slave');
  for (const user of [undefined, '', 'a.b', '*', 'a b']) assert.equal(inboxPrefix(user), '_INBOX');
});

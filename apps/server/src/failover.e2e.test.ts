// Three nodes of a cluster on one nats-server: who leads is chosen by the log.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startEmbeddedNats } from '@weir/log';
import { freeze, sameDigest, signal, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';
import { findNatsServer } from '@weir/toolchain';

interface Trio {
  readonly nodes: readonly WeirNode[];
  leader(among?: readonly WeirNode[]): Promise<WeirNode>;
}

async function roleOf(node: WeirNode): Promise<string> {
  const role = await node.call('ROLE').catch(() => []);
  return Array.isArray(role) ? String(role[0]) : '';
}

async function trio(rig: Rig): Promise<Trio> {
  const nats = await startEmbeddedNats({ binary: findNatsServer(), dir: join(rig.folder, 'nats') });
  rig.onEnd(() => nats.stop());
  const more = ['--nats-url', nats.url, '--weir-cluster', 'trio', '--save', ''];
  const nodes: WeirNode[] = [];
  for (const name of ['one', 'two', 'three']) nodes.push((await rig.node(name, { more })).spawn());
  const leader = (among: readonly WeirNode[] = nodes): Promise<WeirNode> =>
    until('a leader', async () => {
      for (const node of among) if ((await roleOf(node)) === 'master') return node;
      return undefined;
    });
  await until('three that serve', async () => {
    const roles = await Promise.all(nodes.map(roleOf));
    return roles.filter((role) => role === 'master').length === 1 && roles.every((role) => role !== '');
  });
  return { nodes, leader };
}

withRig('a master that is killed under load is replaced, and nothing acknowledged is lost', async (rig) => {
  const { nodes, leader } = await trio(rig);
  const first = await leader();
  const acked: string[] = [];
  let isOver = false;
  const load = (async () => {
    for (let n = 0; !isOver; n++) {
      const key = `key:${n}`;
      // Whoever leads takes it; a client that does not know asks around.
      for (const node of nodes) {
        const reply = await node.call('SET', key, String(n)).catch(() => null);
        if (reply === 'OK') {
          acked.push(key);
          break;
        }
      }
    }
  })();
  await until('a load', () => acked.length > 200);
  const rest = nodes.filter((node) => node !== first);
  await first.kill();
  const before = acked.length;
  const second = await leader(rest);
  await until('acknowledged writes again', () => acked.length > before + 100);
  isOver = true;
  await load;
  const values = (await second.call('MGET', ...acked)) as (string | null)[];
  assert.deepEqual(
    acked.filter((_, i) => values[i] === null),
    [],
  );
  // It comes back as one of them, with everything.
  first.spawn();
  await until('it to follow', async () => (await roleOf(first)) === 'slave');
  await sameDigest(nodes);
  // All of them at once, and in another order.
  for (const node of nodes) await node.kill();
  for (const node of [...nodes].reverse()) node.spawn();
  const third = await leader();
  await until('it to take writes', async () => (await third.call('SET', 'after', '1').catch(() => null)) === 'OK');
  assert.equal(await third.call('DBSIZE'), acked.length + 1);
});

withRig('a master that stood still while another one took over answers no stale read', async (rig) => {
  const { nodes, leader } = await trio(rig);
  const first = await leader();
  await until('a write', async () => (await first.call('SET', 'k', 'old').catch(() => null)) === 'OK');
  const client = await rig.raw(first);
  await freeze(first.pid);
  const second = await leader(nodes.filter((node) => node !== first));
  await until('a newer value', async () => (await second.call('SET', 'k', 'new').catch(() => null)) === 'OK');
  // It is asked before it goes on, and answers when it does.
  const asked = client.call('GET', 'k').catch((error: unknown) => String(error));
  signal(first.pid, 'SIGCONT');
  assert.notEqual(await asked, 'old');
  await until('it to follow', async () => (await first.call('GET', 'k').catch(() => null)) === 'new');
  assert.match(String(await first.call('SET', 'k', 'x').catch((error: unknown) => error)), /READONLY/);
});

// Logs that promotions left behind on a node's own NATS server.

import assert from 'node:assert/strict';
import { Membership } from '@weir/cluster';
import { connectNats } from '@weir/log';
import { sameDigest, until, withRig } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import { realTime } from '@weir/time';

interface Row {
  readonly id: string;
  readonly state: string;
  readonly members: readonly string[];
}

async function logsOf(node: WeirNode): Promise<Row[]> {
  const rows = (await node.call('WEIR', 'LOGS')) as unknown as unknown[][];
  return rows.map((row) => {
    const fields = new Map<unknown, unknown>();
    for (let i = 0; i < row.length; i += 2) fields.set(row[i], row[i + 1]);
    return {
      id: String(fields.get('id')),
      state: String(fields.get('state')),
      members: fields.get('members') as string[],
    };
  });
}

/** Another log of its own, with the data set that it has. */
async function promoteAgain(node: WeirNode, master: WeirNode): Promise<string> {
  await node.call('REPLICAOF', '127.0.0.1', master.port);
  await node.online();
  await sameDigest([master, node]);
  assert.equal(await node.call('REPLICAOF', 'NO', 'ONE'), 'OK');
  return (await node.position()).logId;
}

withRig(
  'an old log is listed, stays while anybody needs it, and is removed by name or by its age',
  async (rig) => {
    const master = await rig.started('master');
    await master.call('SET', 'a', '1');
    const node = await rig.started('node', { slaveOf: master });
    await assert.rejects(node.call('WEIR', 'LOGS'), /runs no NATS server/);
    assert.equal(await node.call('REPLICAOF', 'NO', 'ONE'), 'OK');
    const first = (await node.position()).logId;
    const second = await promoteAgain(node, master);
    // Readers count for as long as NATS remembers them; the replication app of the first log has left.
    await until(
      'two logs, one of them old',
      async () => {
        const states = new Map((await logsOf(node)).map(({ id, state }) => [id, state]));
        return states.size === 2 && states.get(first) === 'old' && states.get(second) === 'own';
      },
      90_000,
    );
    await assert.rejects(node.call('WEIR', 'LOGS', 'FORGET', second), /a log of this node/);
    await assert.rejects(node.call('WEIR', 'LOGS', 'FORGET', 'x'), /40 hex digits/);
    await assert.rejects(node.call('WEIR', 'LOGS', 'FORGET', '0'.repeat(40)), /there is no log/);

    const link = await connectNats({ urls: node.natsUrl('admin'), name: 'a member', firstConnectMs: 5_000 });
    rig.onEnd(() => link.close());
    const report = { role: 'slave', ip: '', port: 1, epoch: 0, seq: 0, offset: 0, state: 'online' } as const;
    const member = new Membership({
      nats: link,
      cluster: 'weir',
      logId: first,
      time: realTime,
      report: () => ({ ...report, id: 'straggler' }),
    });
    member.start();
    assert.deepEqual(
      (await logsOf(node)).find(({ id }) => id === first),
      {
        id: first,
        state: 'followed',
        members: ['straggler'],
      },
    );
    await assert.rejects(node.call('WEIR', 'LOGS', 'FORGET', first), /members take part in it: straggler/);
    // Of two old ones the age takes the one that nobody follows.
    const third = await promoteAgain(node, master);
    await node.call('CONFIG', 'SET', 'log-orphan-ttl', '1');
    const left = async (): Promise<string[]> => (await logsOf(node)).map(({ id }) => id).sort();
    await until('the second log to be gone', async () => !(await left()).includes(second), 90_000);
    assert.deepEqual(await left(), [first, third].sort());
    await node.call('CONFIG', 'SET', 'log-orphan-ttl', '0');
    member.stop();
    assert.equal(await node.call('WEIR', 'LOGS', 'FORGET', first), 'OK');
    assert.deepEqual(await left(), [third]);
    await node.stop();
    await node.start();
    assert.equal(await node.call('GET', 'a'), '1');
  },
  240_000,
);

// Clients that wait for keys, with real libraries and over the death of a master.

import assert from 'node:assert/strict';
import { ConnectionEnded, redisCli, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';

async function waiting(node: WeirNode, clients: number): Promise<void> {
  const blocked = async () => Number((await node.info('clients')).get('blocked_clients')) >= clients;
  await until(`${clients} clients to wait`, blocked);
}

/** Workers that take jobs by BRPOPLPUSH, and by XREADGROUP; what each of the jobs was done by. */
async function work(rig: Rig, node: WeirNode, jobs: number): Promise<string[]> {
  const done: string[] = [];
  const admin = rig.ioredis(node);
  await admin.xgroup('CREATE', 'stream', 'group', '$', 'MKSTREAM');
  const workers = [0, 1, 2].map(async (worker) => {
    const [list, stream] = [rig.ioredis(node), rig.ioredis(node)];
    const lists = async (): Promise<void> => {
      for (
        let job = await list.brpoplpush('jobs', 'doing', 0);
        job !== 'end';
        job = await list.brpoplpush('jobs', 'doing', 0)
      ) {
        assert.equal(await list.lrem('doing', 1, job!), 1);
        done.push(`list ${job}`);
      }
    };
    const streams = async (): Promise<void> => {
      for (;;) {
        const got = await stream.xreadgroup(
          'GROUP',
          'group',
          `w${worker}`,
          'COUNT',
          1,
          'BLOCK',
          0,
          'STREAMS',
          'stream',
          '>',
        );
        const [[, [[id, [, job]]]]] = got as [string, [string, string[]][]][];
        assert.equal(await stream.xack('stream', 'group', id), 1);
        if (job === 'end') return;
        done.push(`stream ${job}`);
      }
    };
    await Promise.all([lists(), streams()]);
  });
  await waiting(node, 6);
  for (let i = 0; i < jobs; i++) await Promise.all([admin.lpush('jobs', i), admin.xadd('stream', '*', 'job', i)]);
  for (let i = 0; i < workers.length; i++)
    await Promise.all([admin.lpush('jobs', 'end'), admin.xadd('stream', '*', 'job', 'end')]);
  await Promise.all(workers);
  assert.deepEqual(await admin.lrange('doing', 0, -1), ['end', 'end', 'end']);
  assert.equal(((await admin.xpending('stream', 'group')) as unknown[])[0], 0);
  return done.toSorted();
}

withRig(
  'ioredis and redis-cli wait for lists and streams, also at a slave, job queues do each job once, and a master that follows lets go',
  async (rig) => {
    const master = await rig.started('master');
    const slave = await rig.started('slave', { slaveOf: master });
    await slave.online();
    const [a, b, reader] = [rig.ioredis(master), rig.ioredis(master), rig.ioredis(slave)];
    assert.equal(await a.blpop('q', 0.01), null);
    const popped = a.blpop('q', 'r', 0);
    const cli = redisCli(master.port, ['BRPOP', 'r', '0']);
    const read = reader.xread('BLOCK', 0, 'STREAMS', 's', '$');
    await waiting(master, 2);
    await waiting(slave, 1);
    await b.multi().rpush('q', '1').rpush('r', '2').xadd('s', '1-1', 'f', 'v').exec();
    assert.deepEqual(await popped, ['q', '1']);
    assert.match(await cli, /1\) "r"\n2\) "2"/);
    assert.deepEqual(await read, [['s', [['1-1', ['f', 'v']]]]]);
    const jobs = 20;
    const each = Array.from({ length: jobs }, (_, i) => [`list ${i}`, `stream ${i}`]).flat();
    assert.deepEqual(await work(rig, master, jobs), each.toSorted());
    await until('the slave to have all of it', async () => (await slave.digest()).hex === (await master.digest()).hex);

    // Each waits for something when it is told to be the other.
    assert.equal(await slave.call('REPLICAOF', 'NO', 'ONE'), 'OK');
    const late = await rig.raw(master);
    const cut = assert.rejects(late.call('BLPOP', 'nothing', '0'), {
      message: 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    });
    await waiting(master, 1);
    assert.equal(await master.call('REPLICAOF', '127.0.0.1', slave.port), 'OK');
    await cut;
    await late.ended;
  },
);

withRig('an element is popped in one reply or still in the list, also over kill -9 of the master', async (rig) => {
  const master = await rig.started('master');
  const pushed: string[] = [];
  const popped: string[] = [];
  let unanswered = 0;
  const until9 = (run: () => Promise<void>): Promise<void> =>
    run().catch((error: unknown) => {
      if (!(error instanceof ConnectionEnded)) throw error;
    });
  const poppers = Array.from({ length: 8 }, async () => {
    const client = await rig.raw(master);
    await until9(async () => {
      for (;;) {
        unanswered++;
        const [, element] = (await client.call('BLPOP', 'q', '0')) as string[];
        unanswered--;
        popped.push(element);
      }
    });
  });
  const pushers = [0, 1].map(async (pusher) => {
    const client = await rig.raw(master);
    await until9(async () => {
      for (let i = 0; ; i++) {
        await client.call('RPUSH', 'q', `${pusher}.${i}`);
        pushed.push(`${pusher}.${i}`);
      }
    });
  });
  await until('much to be popped', () => popped.length > 300);
  await master.kill();
  await Promise.all([...poppers, ...pushers]);
  await master.start();
  const left = (await master.call('LRANGE', 'q', 0, -1)) as string[];
  const all = [...popped, ...left];
  assert.equal(new Set(all).size, all.length, 'none is there twice');
  const there = new Set(all);
  const missing = pushed.filter((element) => !there.has(element));
  assert.ok(missing.length <= unanswered, `${missing.length} elements are gone, and ${unanswered} pops had no reply`);
});

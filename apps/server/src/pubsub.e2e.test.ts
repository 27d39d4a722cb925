// Publish and subscribe between two nodes, with the programs that people use.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { until, withRig } from '@weir/testkit';

withRig(
  'a message published at the master or at a slave is heard at both, behind the write that it tells of',
  async (rig) => {
    const master = await rig.started('master');
    const slave = await rig.started('slave', { slaveOf: master });
    const nodes = [master, slave];
    const heard: string[][] = [[], []];
    const found: (string | null)[] = [];
    for (const [i, node] of nodes.entries()) {
      const [listener, reader] = [rig.ioredis(node), rig.ioredis(node)];
      await listener.psubscribe('new*');
      await listener.subscribe('news');
      listener.on('message', (_channel, text) => void heard[i]!.push(text));
      listener.on('pmessage', (pattern, channel, text) => void heard[i]!.push(`${pattern} ${channel} ${text}`));
      if (node !== slave) continue;
      const look = async (text: string): Promise<void> => void found.push(await reader.get(`key${text}`));
      listener.on('message', (_channel, text) => void (text.length < 3 && look(text)));
    }
    // As a person sees it.
    const cli = rig.owns(
      spawn('redis-cli', ['-p', String(slave.port), 'subscribe', 'news'], { stdio: ['ignore', 'pipe', 'ignore'] }),
    );
    let shown = '';
    cli.stdout!.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    await until('redis-cli to listen', () => shown.includes('(integer) 1') || shown.includes('subscribe\nnews\n1'));

    const [atMaster, atSlave] = nodes.map((node) => rig.ioredis(node)) as [
      ReturnType<typeof rig.ioredis>,
      ReturnType<typeof rig.ioredis>,
    ];
    const expected: string[] = [];
    for (let n = 0; n < 50; n++) {
      expected.push(String(n), `new* news ${n}`);
      const [[, set], [, receivers]] = (await atMaster
        .multi()
        .set(`key${n}`, n)
        .publish('news', String(n))
        .exec())! as [[null, string], [null, number]];
      assert.deepEqual([set, receivers], ['OK', 2]);
    }
    for (const list of heard) await until('all to be heard', () => list.length >= expected.length);
    assert.deepEqual(heard, [expected, expected]);
    await until('all to be looked for', () => found.length === 50);
    assert.deepEqual(
      found,
      Array.from({ length: 50 }, (_, n) => String(n)),
      'the slave has what its subscribers are told of',
    );
    await until('redis-cli to show it', () => shown.includes('49'));

    for (const list of heard) list.length = 0;
    assert.equal(await atSlave.publish('news', 'from the slave'), 3);
    assert.equal(await atSlave.spublish('news', 'to nobody'), 0);
    for (const list of heard) await until('it to be heard', () => list.length === 2);
    assert.deepEqual(heard[0], ['from the slave', 'new* news from the slave']);
    assert.deepEqual(heard[1], heard[0]);

    // A slave's own notifications, of what the log has it do.
    const events: string[] = [];
    const listener = rig.ioredis(slave);
    await listener.config('SET', 'notify-keyspace-events', 'Eg$');
    await listener.subscribe('__keyevent@0__:set', '__keyevent@0__:del');
    listener.on('message', (channel, key) => void events.push(`${channel} ${key}`));
    await atMaster.multi().set('told', 'x').del('told').exec();
    await until('both events', () => events.length === 2);
    assert.deepEqual(events, ['__keyevent@0__:set told', '__keyevent@0__:del told']);

    const large = 'x'.repeat(3_000_000);
    assert.equal(await atMaster.publish('news', large), 2);
    for (const list of heard) await until('it to be heard', () => list.length === 4);
    assert.equal(heard[1]![2], large);
  },
);

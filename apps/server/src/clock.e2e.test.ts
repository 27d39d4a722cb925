// A wall clock that is set. What a node waits for, and how old what it heard is, has nothing to do with it.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, withRig } from '@weir/testkit';

const HOUR_MS = 3_600_000;
/** Members report every second; `timeout` and the like are looked at as often. */
const LOOKS_MS = 2500;

withRig(
  'a clock set forward by an hour ends no client, slave or lease, and set back it keeps no dead slave',
  async (rig) => {
    const clock = rig.shiftedClock();
    const master = await rig.started('master', {
      env: clock.env,
      more: ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '2', '--timeout', '600'],
    });
    const slave = await rig.started('slave', { slaveOf: master });
    const client = await rig.raw(master);
    const seconds = async () => Number(((await master.call('TIME')) as string[])[0]);
    await until('the slave to count', async () => (await client.call('SET', 'key', 'before')) === 'OK');
    assert.equal(await master.call('SAVE'), 'OK');
    const before = await seconds();

    clock.set(HOUR_MS);
    await until('the clock to be moved', async () => (await seconds()) > before + 3000);
    await sleep(LOOKS_MS);
    assert.equal(
      await client.call('SET', 'key', 'forward'),
      'OK',
      'the slave counts, on a connection that is there still',
    );
    assert.equal(await master.call('SAVE'), 'OK');
    const info = await master.info();
    assert.deepEqual([info.get('connected_slaves'), info.get('rdb_last_bgsave_status')], ['1', 'ok']);
    assert.ok(Number(info.get('uptime_in_seconds')) < 600);

    clock.set(-HOUR_MS);
    await until('the clock to be moved', async () => (await seconds()) < before - 3000);
    assert.equal(await client.call('SET', 'key', 'back'), 'OK');
    await slave.kill();
    await until('the dead slave not to count', () =>
      client.call('SET', 'key', 'lost').then(
        () => false,
        (error: Error) => error.message.startsWith('NOREPLICAS'),
      ),
    );
    assert.deepEqual(master.logged(/"lease":"not held"/), []);
    assert.equal(await master.call('SAVE'), 'OK');
  },
);

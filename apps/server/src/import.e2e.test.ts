// A first start on a file of real Redis that is killed in the middle of it.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { redisCli, sameDigest, startRealRedis, until, withRig } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';

const KEYS = Number(process.env['WEIR_IMPORT_KEYS'] ?? 200_000);
/** Percent of the import: while the file is decoded and stored, and while it is read back. */
const MOMENTS = [1, 50, 91];

/** Waits until an import is that far, or is over. */
async function importedTo(node: WeirNode, percent: number): Promise<void> {
  await until(
    `${percent} % of the import`,
    async () => {
      const info = await node.info('persistence').catch(() => null); // it does not listen yet
      if (info === null) return false;
      return info.get('loading') === '0' || Number(info.get('loading_loaded_perc') ?? 0) >= percent;
    },
    30_000,
    5,
  );
}

withRig('a first start that is killed at any moment brings all of the file in at the next one', async (rig) => {
  const master = await rig.node('master');
  mkdirSync(master.dir, { recursive: true });
  const redis = await startRealRedis(['--enable-debug-command', 'yes']);
  const cli = (...args: string[]) => redisCli(redis.port, args, { raw: true });
  try {
    await cli('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
    await cli('DEBUG', 'POPULATE', String(KEYS), 'key', '64');
    await cli('HSET', 'hash', 'field', 'value');
    // In the file, and expired when it comes in.
    for (let i = 0; i < 20; i++) await cli('SET', `gone:${i}`, 'x', 'PX', '1');
    await cli('SAVE');
    copyFileSync(join(redis.dir, 'dump.rdb'), join(master.dir, 'dump.rdb'));
  } finally {
    await redis.stop();
  }
  for (const percent of MOMENTS) {
    master.spawn();
    await importedTo(master, percent);
    await master.kill();
  }
  await master.start();
  assert.equal(await master.call('DBSIZE'), KEYS + 1);
  assert.equal(await master.call('HGET', 'hash', 'field'), 'value');
  await master.call('SET', 'after', 'the file');
  // The slave decodes what is stored, the master decoded the file.
  const slave = await rig.started('slave', { slaveOf: master });
  await sameDigest([master, slave]);
  await master.stop();
  await master.start();
  assert.equal(await master.call('DBSIZE'), KEYS + 2);
  await sameDigest([master, slave]);
});

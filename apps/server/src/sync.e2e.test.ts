// How a node comes to its data set: from snapshot and log, from another log, from its own data set, from a file.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger, RawClient, redisCli, sameDigest, signal, startRealRedis, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';
import { checkoutRoot } from '@weir/toolchain';

const KEYS = Number(process.env['WEIR_SYNC_KEYS'] ?? 100_000);

/** Many keys, as fast as one connection takes them. */
async function load(node: WeirNode, count: number, prefix = 'key'): Promise<void> {
  const client = await RawClient.connect(node.port);
  try {
    for (let i = 0; i < count; i += 1000) {
      const commands = Array.from({ length: Math.min(1000, count - i) }, (_, j) => {
        const n = i + j;
        const key = `${prefix}:${String(n).padStart(10, '0')}`;
        return n % 10 === 0
          ? ['SET', key, `value:${n}`.padEnd(64, '.'), 'EX', 100_000 + n]
          : ['SET', key, `value:${n}`.padEnd(64, '.')];
      });
      for (const outcome of await client.pipeline(commands)) assert.equal(outcome, 'OK');
    }
  } finally {
    client.close();
  }
}

/** BGSAVE, until it is done. */
async function snapshot(node: WeirNode): Promise<void> {
  const saves = Number((await node.info('persistence')).get('rdb_saves'));
  await until(
    'BGSAVE to be taken',
    async () => (await node.call('BGSAVE')) === 'Background saving started',
    10_000,
    100,
  );
  await until(
    'the snapshot',
    async () => {
      const info = await node.info('persistence');
      assert.equal(info.get('rdb_last_bgsave_status'), 'ok');
      return info.get('rdb_bgsave_in_progress') === '0' && Number(info.get('rdb_saves')) > saves;
    },
    30_000,
  );
}

/** The engine loaded one snapshot, over all lives; its replication app loads some as well. A line may come behind what it tells. */
async function loadedOne(node: WeirNode): Promise<void> {
  const loads = (): number => node.logged(/"name":"weir",.*"snapshot loaded"/).length;
  await until(`${node.name} to come from the snapshot`, () => loads() > 0);
  assert.equal(loads(), 1);
}

/** How long single writes of one client take, one after the other. For people: nothing is asserted of it. */
class Latency {
  readonly #samples: number[] = [];
  #running = true;
  readonly #done: Promise<void>;

  constructor(node: WeirNode) {
    this.#done = (async () => {
      const client = await node.connect();
      while (this.#running) {
        const began = performance.now();
        await client.call('SET', 'latency', 'x');
        this.#samples.push(performance.now() - began);
      }
      client.close();
    })();
    this.#done.catch(() => undefined);
  }

  /** Measures for so long, and then no more. */
  async over(ms: number): Promise<void> {
    await sleep(ms);
    await this.stop();
  }

  async stop(): Promise<string> {
    this.#running = false;
    await this.#done;
    const sorted = this.#samples.toSorted((a, b) => a - b);
    const at = (part: number) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(2);
    return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms of ${sorted.length}`;
  }
}

withRig(
  `two slaves that start while writes go on load the snapshot of ${KEYS} keys, then consume, and become equal`,
  async (rig, context) => {
    const master = await rig.started('master', { more: ['--enable-debug-command', 'yes'] });
    await load(master, KEYS);
    await snapshot(master);
    const ledger = new Ledger(master, { prefix: 'during' });
    const before = new Latency(master);
    await ledger.progress(200);
    await before.over(1000);
    const during = new Latency(master);
    const slaves = await Promise.all(
      ['one', 'two'].map((name) => rig.node(name, { slaveOf: master, more: ['--enable-debug-command', 'yes'] })),
    );
    await Promise.all(slaves.map((slave) => slave.start(60_000)));
    for (const slave of slaves) await loadedOne(slave);
    await ledger.progress(200);
    context.diagnostic(`master's SET before the two syncs: ${await before.stop()}`);
    context.diagnostic(`master's SET during the two syncs: ${await during.stop()}`);
    await ledger.stop();
    await sameDigest([master, ...slaves]);
    await ledger.verify([master, ...slaves]);
    const digests = await Promise.all([master, ...slaves].map((node) => node.call('DEBUG', 'DIGEST')));
    assert.equal(new Set(digests).size, 1);
    for (const slave of slaves) {
      assert.equal(await slave.call('DBSIZE'), await master.call('DBSIZE'));
      assert.ok(Number(await slave.call('TTL', 'key:0000000010')) > 90_000);
    }
    assert.equal((await master.info('replication')).get('connected_slaves'), '2');
  },
  120_000 + KEYS,
);

withRig('a slave that is restarted resumes and gets what it missed, with no snapshot needed', async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  await load(master, 5000);
  await sameDigest([master, slave]);
  await slave.kill();
  await load(master, 5000, 'missed');
  await slave.start();
  await sameDigest([master, slave]);
  assert.equal(await slave.call('DBSIZE'), 10_000);
});

withRig('REPLICAOF another master at run time: the old data set answers until the new one is there', async (rig) => {
  const one = await rig.started('one');
  const two = await rig.started('two');
  const slave = await rig.started('slave', { slaveOf: one });
  await one.call('SET', 'whose', 'one');
  await one.call('SET', 'only-one', '1');
  await load(two, 50_000);
  await two.call('SET', 'whose', 'two');
  await sameDigest([one, slave]);
  const reader = await rig.raw(slave);
  assert.equal(await reader.call('REPLICAOF', '127.0.0.1', two.port), 'OK');
  const seen: string[] = [];
  await until(
    'the new data set',
    async () => {
      const whose = (await reader.call('GET', 'whose')) as string;
      const size = (await reader.call('DBSIZE')) as number;
      if (seen.at(-1) !== whose) seen.push(whose);
      assert.ok(whose === 'one' ? size === 2 : size === 50_001, `${size} keys while it is of ${whose}`);
      return whose === 'two';
    },
    20_000,
    0,
  );
  assert.deepEqual(seen.slice(-1), ['two']);
  assert.ok(seen.length <= 2, seen.join());
  await sameDigest([two, slave]);
  assert.equal(await slave.call('EXISTS', 'only-one'), 0);
  assert.equal((await slave.info('replication')).get('master_port'), String(two.port));
  assert.equal(await one.call('GET', 'whose'), 'one');
  await until(
    'the former master to miss it',
    async () => (await one.info('replication')).get('connected_slaves') === '0',
    4000,
  );
});

withRig('REPLICAOF a master that is away keeps the old data set and says that the link is down', async (rig) => {
  const one = await rig.started('one');
  const two = await rig.node('two');
  const slave = await rig.started('slave', { slaveOf: one });
  await one.call('SET', 'whose', 'one');
  await sameDigest([one, slave]);
  assert.equal(await slave.call('SLAVEOF', '127.0.0.1', two.port), 'OK');
  await until(
    'the link to be down',
    async () => (await slave.info('replication')).get('master_link_status') === 'down',
  );
  assert.equal(await slave.call('GET', 'whose'), 'one');
  await two.start();
  await two.call('SET', 'whose', 'two');
  await until('the new data set', async () => (await slave.call('GET', 'whose')) === 'two');
  await sameDigest([two, slave]);
});

withRig(
  'REPLICAOF NO ONE begins a log of its own and leaves the former master alone; it keeps both over restarts',
  async (rig) => {
    const file = join(rig.folder, 'slave.conf');
    const one = await rig.started('one');
    await load(one, 2000);
    const slave = await rig.node('slave', { args: [file] });
    mkdirSync(slave.dir, { recursive: true });
    writeFileSync(file, `port ${slave.port}\nbind 127.0.0.1\ndir ${slave.dir}\nreplicaof 127.0.0.1 ${one.port}\n`);
    await slave.start();
    await sameDigest([one, slave]);
    const oldLog = (await one.position()).logId;

    assert.equal(await slave.call('REPLICAOF', 'NO', 'ONE'), 'OK');
    await until('it to accept writes', async () => (await slave.call('SET', 'promoted', 'yes')) === 'OK');
    assert.equal((await slave.info('replication')).get('role'), 'master');
    assert.notEqual((await slave.position()).logId, oldLog);
    assert.equal(await slave.call('DBSIZE'), 2001);
    assert.equal(await one.call('EXISTS', 'promoted'), 0);
    assert.equal(await one.call('SET', 'former', 'yes'), 'OK');
    assert.equal((await one.position()).logId, oldLog);
    assert.equal(await slave.call('EXISTS', 'former'), 0);

    assert.equal(await slave.call('CONFIG', 'REWRITE'), 'OK');
    assert.doesNotMatch(readFileSync(file, 'utf8'), /^(replicaof|slaveof) 127/m);
    const before = await slave.digest();
    assert.deepEqual(await slave.stop(), { code: 0, signal: null });
    await slave.start();
    assert.equal((await slave.info('replication')).get('role'), 'master');
    assert.equal((await slave.digest()).hex, before.hex);
    assert.equal(await slave.call('GET', 'promoted'), 'yes');

    // A slave of the promoted one, and back: it becomes a slave of its former master again.
    const third = await rig.started('third', { slaveOf: slave });
    await sameDigest([slave, third]);
    assert.equal(await slave.call('REPLICAOF', '127.0.0.1', one.port), 'OK');
    await slave.online();
    await until("the former master's data set", async () => (await slave.call('GET', 'former')) === 'yes');
    await sameDigest([one, slave]);
    assert.equal(await slave.call('EXISTS', 'promoted'), 0);
  },
);

withRig('slaves of a slave that becomes a master follow it to its new log', async (rig) => {
  const one = await rig.started('one');
  const middle = await rig.started('middle', { slaveOf: one });
  const last = await rig.started('last', { slaveOf: middle });
  const raw = await rig.raw(one);
  await raw.call('SET', 'key', 'value');
  assert.equal(await raw.call('WAIT', 2, 20_000), 2, 'both read the log');
  await sameDigest([one, middle, last]);
  assert.equal(await one.call('CONFIG', 'SET', 'min-replicas-to-write', 2), 'OK');
  const shown = await one.info('replication');
  assert.deepEqual([shown.get('connected_slaves'), shown.get('min_slaves_good_slaves')], ['1', '2']);
  assert.equal(await middle.call('REPLICAOF', 'NO', 'ONE'), 'OK');
  await until('it to accept writes', async () => (await middle.call('SET', 'promoted', 'yes')) === 'OK');
  await until('its slave to follow', async () => (await last.call('GET', 'promoted')) === 'yes', 30_000);
  await sameDigest([middle, last]);
});

withRig('a master killed right after REPLICAOF NO ONE comes back with the data set', async (rig) => {
  const one = await rig.started('one');
  await load(one, 1000);
  const slave = await rig.started('slave', { slaveOf: one });
  await sameDigest([one, slave]);
  await slave.call('REPLICAOF', 'NO', 'ONE');
  await until('it to accept writes', async () => (await slave.call('SET', 'promoted', 'yes')) === 'OK');
  await slave.kill();
  const again = await rig.node('again', { port: slave.port, dir: slave.dir });
  await again.start();
  assert.equal(await again.call('DBSIZE'), 1001);
  assert.equal(await again.call('GET', 'promoted'), 'yes');
});

withRig('a master restarted with snapshots and a trimmed log has everything', async (rig) => {
  const master = await rig.started('master', { more: ['--snapshot-keep', '1'] });
  for (let round = 0; round < 3; round++) {
    await load(master, 3000, `round-${round}`);
    await snapshot(master);
  }
  await load(master, 500, 'behind');
  const before = await master.digest();
  assert.deepEqual(await master.stop(), { code: 0, signal: null });
  await master.start();
  await loadedOne(master);
  assert.equal((await master.digest()).hex, before.hex);
  assert.equal(await master.call('DBSIZE'), 9500);
  const slave = await rig.started('slave', { slaveOf: master });
  await sameDigest([master, slave]);
});

withRig(
  'BGSAVE right after the start, and with a replication app that is killed meanwhile, still makes a snapshot',
  async (rig) => {
    const master = await rig.started('master');
    await load(master, 20_000);
    await master.call('BGSAVE');
    const app = (await until('the replication app', () => master.replicationPid))!;
    signal(app, 'SIGKILL');
    await until(
      'the snapshot',
      async () => {
        const info = await master.info('persistence');
        assert.equal(info.get('rdb_last_bgsave_status'), 'ok');
        return info.get('rdb_bgsave_in_progress') === '0' && info.get('rdb_changes_since_last_save') === '0';
      },
      50_000,
      100,
    );
    const slave = await rig.started('slave', { slaveOf: master });
    await loadedOne(slave);
    await sameDigest([master, slave]);
  },
  90_000,
);

withRig('DEBUG RELOAD rebuilds the data set from snapshot and log, under load', async (rig) => {
  const master = await rig.started('master', { more: ['--enable-debug-command', 'yes'] });
  const slave = await rig.started('slave', { slaveOf: master });
  await load(master, 2000);
  await snapshot(master);
  const ledger = new Ledger(master);
  for (let i = 0; i < 3; i++) {
    await ledger.progress(200);
    assert.equal(await master.call('DEBUG', 'RELOAD'), 'OK');
  }
  await ledger.stop();
  await sameDigest([master, slave]);
  await ledger.verify([master, slave]);
});

withRig('DEBUG RELOAD while a slave becomes a master leaves its data set alone', async (rig) => {
  const debug = ['--enable-debug-command', 'yes'];
  const master = await rig.started('master', { more: debug });
  await master.call('DEBUG', 'POPULATE', '100000', 'key', '200');
  const slave = await rig.started('slave', { slaveOf: master, more: debug });
  await sameDigest([master, slave]);
  const size = await slave.call('DBSIZE');
  const one = await rig.raw(slave);
  const other = await rig.raw(slave);
  let over = false;
  const promoted = one.call('SLAVEOF', 'NO', 'ONE').finally(() => (over = true));
  let refused = 0;
  while (!over) {
    const error = await other.call('DEBUG', 'RELOAD').then(String, (reason: Error) => reason.message);
    if (error.includes('there is no log to load from now')) refused++;
  }
  assert.equal(await promoted, 'OK');
  assert.ok(refused > 0);
  assert.equal(await slave.call('DEBUG', 'RELOAD'), 'OK');
  assert.equal(await slave.call('DBSIZE'), size);
});

// --- files of Redis ----------------------------------------------------------------------------------------------

async function realRedis(rig: Rig, options: readonly string[]): Promise<{ port: number; dir: string }> {
  const redis = await startRealRedis(options);
  rig.onEnd(() => redis.stop());
  return redis;
}

withRig('a real redis-server loads an exported snapshot', async (rig) => {
  const master = await rig.started('master');
  await load(master, 5000);
  await master.call('SELECT', 3);
  await master.call('SET', 'in-three', 'x'.repeat(10_000));
  await master.call('SELECT', 0);
  await snapshot(master);
  const file = join(rig.folder, 'exported.rdb');
  const hello = JSON.parse((await master.call('WEIR', 'HANDSHAKE')) as string) as { natsUrl: string; logId: string };
  const { status, stdout, stderr } = spawnSync(
    join(checkoutRoot(), 'tools/run'),
    ['apps/replication/src/main.ts', '--nats-url', hello.natsUrl, '--export', file],
    { encoding: 'utf8', timeout: 120_000, env: { ...process.env, NODE_TEST_CONTEXT: '', WEIR_LOG_ID: hello.logId } },
  );
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  const check = spawnSync('redis-check-rdb', [file], { encoding: 'utf8' });
  assert.equal(check.status, 0, check.stdout);
  const folder = join(rig.folder, 'redis');
  mkdirSync(folder);
  copyFileSync(file, join(folder, 'dump.rdb'));
  const redis = await realRedis(rig, ['--dir', folder]);
  const cli = (...args: string[]) => redisCli(redis.port, args, { raw: true });
  assert.equal(await cli('DBSIZE'), '5000');
  assert.equal(await cli('GET', 'key:0000000123'), 'value:123'.padEnd(64, '.'));
  assert.equal(await cli('PEXPIRETIME', 'key:0000000010'), String(await master.call('PEXPIRETIME', 'key:0000000010')));
  assert.equal(await cli('-n', '3', 'STRLEN', 'in-three'), '10000');
});

withRig('a master whose folder holds a dump.rdb of real Redis begins with it, and so do its slaves', async (rig) => {
  const redis = await realRedis(rig, []);
  const cli = (...args: string[]) => redisCli(redis.port, args, { raw: true });
  await cli('DEBUG', 'POPULATE', '3000', 'key', '40').catch(() => '');
  await cli('SET', 'text', 'from redis');
  await cli('SET', 'number', '12345');
  await cli('SET', 'long', 'y'.repeat(20_000), 'EX', '5000');
  await cli('-n', '5', 'SET', 'in-five', 'v');
  assert.equal(await cli('SAVE'), 'OK');
  const master = await rig.node('master');
  mkdirSync(master.dir, { recursive: true });
  copyFileSync(join(redis.dir, 'dump.rdb'), join(master.dir, 'dump.rdb'));
  await master.start();
  assert.equal(String(await master.call('DBSIZE')), await cli('DBSIZE'));
  assert.equal(await master.call('GET', 'text'), 'from redis');
  assert.equal(await master.call('OBJECT', 'ENCODING', 'number'), 'int');
  assert.equal(String(await master.call('PEXPIRETIME', 'long')), await cli('PEXPIRETIME', 'long'));
  const slave = await rig.started('slave', { slaveOf: master });
  await sameDigest([master, slave]);
  assert.equal(await slave.call('STRLEN', 'long'), 20_000);
  // The file is the beginning, not a part of every start.
  await master.call('SET', 'text', 'changed');
  await master.stop();
  await master.start();
  assert.equal(await master.call('GET', 'text'), 'changed');
  await slave.online();
  await sameDigest([master, slave]);
});

withRig('an append-only file of real Redis is refused, and comes in on the way that the refusal names', async (rig) => {
  const master = await rig.node('master');
  mkdirSync(master.dir, { recursive: true });
  const redis = await startRealRedis(['--dir', master.dir, '--appendonly', 'yes']);
  rig.onEnd(() => redis.stop());
  await redisCli(redis.port, ['SET', 'text', 'stale']);
  await redisCli(redis.port, ['SAVE']);
  await redisCli(redis.port, ['SET', 'text', 'from the append-only file']);
  await redis.stop();
  const { code, said } = await master.spawn().ended();
  assert.equal(code, 1, said);
  assert.match(said, /appendonly\.aof\.manifest is an append-only file of Redis/);
  assert.match(said, /CONFIG SET appendonly no, SAVE, SHUTDOWN NOSAVE; move \S+\/appendonlydir to another folder/);

  const again = await startRealRedis(['--dir', master.dir, '--appendonly', 'yes']);
  rig.onEnd(() => again.stop());
  for (const command of ['CONFIG SET appendonly no', 'SAVE']) {
    assert.match(await redisCli(again.port, command.split(' ')), /OK/);
  }
  await again.stop();
  renameSync(join(master.dir, 'appendonlydir'), join(rig.folder, 'moved'));
  await master.start();
  assert.equal(await master.call('GET', 'text'), 'from the append-only file');

  // The file was taken; another one is not, and that is said.
  await master.stop();
  await master.start();
  assert.deepEqual(master.logged(/dump\.rdb is ignored/), []);
  await master.stop();
  appendFileSync(join(master.dir, 'dump.rdb'), 'x');
  await master.start();
  await until('the line', () => master.logged(/dump\.rdb is ignored: the data set .* comes from its log/).length > 0);
  assert.equal(master.logged(/dump\.rdb is ignored/).length, 1);
});

withRig('a damaged dump.rdb at the first start is refused in a sentence, exit 1', async (rig) => {
  const master = await rig.node('master');
  mkdirSync(master.dir, { recursive: true });
  writeFileSync(join(master.dir, 'dump.rdb'), 'REDIS0010');
  appendFileSync(join(master.dir, 'dump.rdb'), Buffer.alloc(100, 7));
  const { code, said } = await master.spawn().ended();
  assert.equal(code, 1, said);
  assert.match(said, /dump\.rdb cannot be imported/);
});

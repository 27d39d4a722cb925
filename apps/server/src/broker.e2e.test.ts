// A log that does not answer, is not there, or is full: writes are refused with a clear error, reads go on, and
// everything recovers by itself.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorReply, Ledger, freePort, freeze, isListening, sameDigest, signal, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';
import { findNatsServer } from '@weir/toolchain';

const TIMEOUT_MS = 1000;
const QUICK = ['--commit-timeout', String(TIMEOUT_MS)];
const NOT_CONFIRMED =
  /^NOREPLICAS The write was not confirmed by the replication log in time; it may or may not be applied$/;
const REFUSED = /^NOREPLICAS The replication log does not answer; writes are refused until it does$/;

async function errorOf(call: Promise<unknown>): Promise<string> {
  try {
    return `no error but ${JSON.stringify(await call)}`;
  } catch (error) {
    assert.ok(error instanceof ErrorReply, `an error reply, not: ${String(error)}`);
    return error.message;
  }
}

async function writable(node: WeirNode, boundMs = 30_000): Promise<void> {
  await until(
    `${node.name} to accept writes`,
    async () => (await node.call('SET', 'probe', 'x')) === 'OK',
    boundMs,
    100,
  );
}

/** What a user must see while the log is away, whatever the reason. */
async function refusesWritesServesReads(rig: Rig, master: WeirNode, slave: WeirNode): Promise<void> {
  const client = await rig.raw(master);
  assert.match(await errorOf(client.call('SET', 'uncertain', 'new')), NOT_CONFIRMED);
  assert.match(await errorOf(client.call('SET', 'refused', 'new')), REFUSED);
  assert.match(await errorOf(client.call('DEL', 'before')), REFUSED);
  assert.equal(await client.call('GET', 'before'), 'value');
  assert.equal(await client.call('GET', 'refused'), null);
  assert.equal(await client.call('PING'), 'PONG');
  assert.equal(await slave.call('GET', 'before'), 'value');
  const replies = await client.pipeline([
    ['GET', 'before'],
    ['SET', 'refused', 'new'],
    ['ECHO', 'still here'],
  ]);
  assert.equal(replies[0], 'value');
  assert.match((replies[1] as Error).message, REFUSED);
  assert.equal(replies[2], 'still here');
}

/** The uncertain write was decided, the refused one was not done, and both nodes agree. */
async function recovered(master: WeirNode, slave: WeirNode): Promise<void> {
  await writable(master);
  await slave.online(30_000);
  assert.equal(await master.call('GET', 'refused'), null);
  assert.equal(await master.call('GET', 'before'), 'value');
  await sameDigest([master, slave]);
  assert.equal(await slave.call('GET', 'uncertain'), await master.call('GET', 'uncertain'));
}

withRig('a NATS server that hangs: writes are refused after commit-timeout, reads go on, all recovers', async (rig) => {
  const master = await rig.started('master', { more: QUICK });
  const slave = await rig.started('slave', { slaveOf: master });
  await master.call('SET', 'before', 'value');
  await sameDigest([master, slave]);
  const nats = master.natsPid!;
  await freeze(nats);
  await refusesWritesServesReads(rig, master, slave);
  signal(nats, 'SIGCONT');
  await recovered(master, slave);
  assert.equal(master.natsPid, nats, 'a server that hangs for a moment is not replaced');
});

withRig('a NATS server whose program is gone: the same, and it starts when the program is back', async (rig) => {
  const program = join(rig.folder, 'nats-server');
  copyFileSync(findNatsServer(), program);
  const master = await rig.started('master', { more: [...QUICK, '--nats-server', program] });
  const slave = await rig.started('slave', { slaveOf: master });
  await master.call('SET', 'before', 'value');
  await sameDigest([master, slave]);
  renameSync(program, `${program}.away`);
  signal(master.natsPid!, 'SIGKILL');
  await refusesWritesServesReads(rig, master, slave);
  renameSync(`${program}.away`, program);
  await recovered(master, slave);
});

withRig('a NATS server that is killed again and again loses no acknowledged write', async (rig) => {
  const master = await rig.started('master', { more: QUICK });
  const slave = await rig.started('slave', { slaveOf: master });
  const ledger = new Ledger(master);
  await ledger.progress(200);
  for (let round = 0; round < 5; round++) {
    const pid = await until('a nats-server', () => master.natsPid);
    signal(pid, 'SIGKILL');
    if (round % 2 === 1) await ledger.progress(100);
  }
  await ledger.progress(200);
  await ledger.stop();
  await slave.online(30_000);
  await sameDigest([master, slave]);
  await ledger.verify([master, slave]);
});

withRig(
  'a NATS server that hangs under load: what was refused is agreed upon, what was acknowledged is there',
  async (rig) => {
    const master = await rig.started('master', { more: QUICK });
    const slave = await rig.started('slave', { slaveOf: master });
    const ledger = new Ledger(master);
    for (let round = 0; round < 3; round++) {
      await ledger.progress(200);
      const nats = master.natsPid!;
      await freeze(nats);
      const refusedBefore = ledger.open.length;
      await until('writes to be refused', () => ledger.open.length > refusedBefore + 5);
      signal(nats, 'SIGCONT');
    }
    await ledger.progress(200);
    await ledger.stop();
    for (const text of ledger.errors.keys())
      assert.match(text, new RegExp(`${NOT_CONFIRMED.source}|${REFUSED.source}`));
    await sameDigest([master, slave]);
    await ledger.verify([master, slave]);
  },
);

withRig('a slave under load says that its link is up again when a NATS server that hung goes on', async (rig) => {
  const master = await rig.started('master', { more: QUICK });
  const slave = await rig.started('slave', { slaveOf: master, more: ['--replica-serve-stale-data', 'no'] });
  let writes = 0;
  const writing = new AbortController();
  const writer = (async () => {
    while (!writing.signal.aborted) {
      await master.call('INCR', 'n').then(
        () => writes++,
        () => undefined,
      );
      await sleep(50); // never a silent second
    }
  })();
  const linkOf = async () => (await slave.info('replication')).get('master_link_status');
  try {
    await until('writes', () => writes > 10);
    const { natsPid } = master;
    assert.ok(natsPid !== undefined);
    await freeze(natsPid);
    await until('the link to be down', async () => (await linkOf()) === 'down', 20_000, 100);
    signal(natsPid, 'SIGCONT');
    await until('the link to be up', async () => (await linkOf()) === 'up', 20_000, 100);
    const then = writes;
    await until('writes to go on', () => writes > then + 10);
    assert.equal(await linkOf(), 'up');
    assert.ok(Number(await slave.call('GET', 'n')) > 0);
  } finally {
    writing.abort();
    await writer;
  }
  await sameDigest([master, slave]);
});

withRig('a slave restarted while the log is away becomes current when it is back', async (rig) => {
  const master = await rig.started('master', { more: QUICK });
  const slave = await rig.started('slave', { slaveOf: master });
  await master.call('SET', 'before', 'value');
  await sameDigest([master, slave]);
  const nats = master.natsPid!;
  await freeze(nats);
  await slave.kill();
  slave.spawn();
  await until('the slave to look for the log', () => slave.logged(/listening for clients/).length > 1);
  signal(nats, 'SIGCONT');
  await slave.online();
  await writable(master);
  await sameDigest([master, slave]);
});

// --- no room ---------------------------------------------------------------------------------------------------------

const FULL = /^NOREPLICAS The replication log (has no room: .|cannot be written: no space left on device$)/;
const BIG = 'x'.repeat(100_000);

/** Writes until the log is full; the keys that were acknowledged. */
async function fillUp(rig: Rig, master: WeirNode): Promise<string[]> {
  const client = await rig.raw(master);
  const acknowledged: string[] = [];
  for (let i = 0; i < 2000; i++) {
    try {
      await client.call('SET', `big:${i}`, BIG);
      acknowledged.push(`big:${i}`);
    } catch (error) {
      assert.match((error as Error).message, /^NOREPLICAS /);
      return acknowledged;
    }
  }
  throw new Error('200 MB were written and nothing was full');
}

async function fullAndBack(
  rig: Rig,
  master: WeirNode,
  slave: WeirNode,
  free: () => Promise<void> | void,
): Promise<void> {
  await master.call('SET', 'before', 'value');
  const acknowledged = await fillUp(rig, master);
  assert.ok(acknowledged.length > 10, `${acknowledged.length} were acknowledged`);
  await until(
    'the error to say why',
    async () => FULL.test(await errorOf(master.call('SET', 'refused', 'x'))),
    20_000,
    200,
  );
  assert.equal(await master.call('GET', 'before'), 'value');
  assert.equal(await master.call('STRLEN', acknowledged.at(-1)!), BIG.length);
  assert.equal(await slave.call('GET', 'before'), 'value');
  await free();
  await writable(master, 60_000);
  await slave.online(30_000);
  await sameDigest([master, slave]);
  for (const node of [master, slave]) {
    assert.equal(await node.call('EXISTS', ...acknowledged), acknowledged.length);
    assert.equal(await node.call('GET', 'before'), 'value');
  }
}

withRig(
  'a NATS server with no room left: writes are refused with the reason, reads go on, all recovers',
  async (rig) => {
    const port = await freePort();
    const folder = join(rig.folder, 'nats');
    mkdirSync(folder);
    const conf = join(folder, 'nats.conf');
    const configure = (room: string) =>
      writeFileSync(
        conf,
        `listen: "127.0.0.1:${port}"\nmax_payload: 8388608\njetstream { store_dir: "${folder}/store", max_file_store: ${room} }\n`,
      );
    const start = async () => {
      const child = rig.owns(spawn(findNatsServer(), ['-c', conf], { stdio: 'ignore' }));
      await until('nats-server to listen', () => isListening(port));
      return child;
    };
    configure('16MB');
    const nats = await start();
    const url = `nats://127.0.0.1:${port}`;
    const master = await rig.started('master', { more: [...QUICK, '--nats-url', url] });
    const slave = await rig.started('slave', { slaveOf: master });
    await fullAndBack(rig, master, slave, async () => {
      nats.kill('SIGTERM');
      configure('256MB');
      await until('nats-server to end', () => nats.exitCode !== null || nats.signalCode !== null);
      await start();
    });
  },
  120_000,
);

// A small file system of its own for the node: in a mount namespace, so that it is gone with the node. Other systems than
// Linux, and containers that forbid namespaces, have the test above.
const root = process.getuid?.() === 0;
const unshare = ['unshare', '--mount', ...(root ? [] : ['--map-root-user'])] as const;
if (spawnSync(unshare[0], [...unshare.slice(1), 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0) {
  withRig(
    'a full disk under the embedded NATS server: writes are refused, reads go on, all recovers when there is room',
    async (rig) => {
      const dir = join(rig.folder, 'small-disk');
      mkdirSync(dir);
      const master = await rig.node('master', {
        dir,
        more: QUICK,
        under: [...unshare, 'sh', '-c', `mount -t tmpfs -o size=32m none '${dir}' && exec "$0" "$@"`],
      });
      await master.start();
      const slave = await rig.started('slave', { slaveOf: master });
      const filler = join('/proc', String(master.pid), 'root', dir, 'filler');
      writeFileSync(filler, Buffer.alloc(12 * 1024 * 1024));
      await fullAndBack(rig, master, slave, () => rmSync(filler));
    },
    120_000,
  );
} else {
  process.stderr.write('no mount namespaces here: the full disk is tested with max_file_store only\n');
}

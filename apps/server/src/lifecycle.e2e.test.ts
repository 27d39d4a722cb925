// Starting, stopping, and what is left behind.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import {
  bounded,
  childrenOf,
  freePort,
  freeze,
  isAlive,
  isListening,
  isPortFree,
  redisCli,
  sameDigest,
  signal,
  until,
  withRig,
} from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';
import { checkoutRoot } from '@weir/toolchain';

/** Everything a node started is gone, and so are its ports. */
async function nothingLeft(node: WeirNode): Promise<void> {
  await until(
    'children and ports of the node to be gone',
    async () => {
      assert.deepEqual(node.alivePids, []);
      assert.equal(await isPortFree(node.port), true);
      return true;
    },
    5000,
  );
}

function natsPort(node: WeirNode): number {
  return (JSON.parse(readFileSync(join(node.dir, 'nats/embedded.json'), 'utf8')) as { port: number }).port;
}

withRig('SIGTERM ends a master and its children, exit 0, and its data is there after a restart', async (rig) => {
  const node = await rig.started('master');
  const natsPid = node.natsPid!;
  const nats = natsPort(node);
  for (let i = 0; i < 100; i++) await node.call('SET', `key:${i}`, `value:${i}`);
  const before = await node.digest();
  assert.equal(await isListening(nats), true);
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
  assert.equal(isAlive(natsPid), false);
  assert.equal(await isPortFree(nats), true);
  await nothingLeft(node);
  await node.start();
  assert.equal(await node.call('DBSIZE'), 100);
  assert.equal((await node.digest()).hex, before.hex);
  assert.equal(await node.call('GET', 'key:42'), 'value:42');
});

withRig('SIGTERM under load loses no acknowledged write', async (rig) => {
  const node = await rig.started('master');
  const client = await rig.raw(node);
  const acknowledged: number[] = [];
  let next = 0;
  const writing = (async () => {
    for (;;) {
      const first = next;
      next += 10;
      const outcomes = await client.pipeline(
        Array.from({ length: 10 }, (_, i) => ['SET', `key:${first + i}`, String(first + i)]),
      );
      for (const [i, outcome] of outcomes.entries()) if (outcome === 'OK') acknowledged.push(first + i);
      if (client.isEnded) return;
    }
  })();
  await until('some writes', () => acknowledged.length > 500);
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
  await writing;
  await nothingLeft(node);
  await node.start();
  const values = await node.call('MGET', ...acknowledged.map((i) => `key:${i}`));
  assert.deepEqual(values, acknowledged.map(String));
});

for (const how of [['SHUTDOWN'], ['SHUTDOWN', 'NOSAVE']]) {
  withRig(`${how.join(' ')} ends the node with exit 0 and closes the connection`, async (rig) => {
    const node = await rig.started('master');
    await node.call('SET', 'key', 'value');
    const client = await rig.raw(node);
    const reply = client.call(...how).then(
      (value) => value,
      (error: Error) => error.message,
    );
    assert.deepEqual(await bounded('the node to end', node.exited, 20_000), { code: 0, signal: null });
    assert.equal(await reply, 'the connection ended');
    await nothingLeft(node);
    await node.start();
    assert.equal(await node.call('GET', 'key'), 'value');
  });
}

withRig(
  'SIGTERM ends a node whose NATS server hangs, within a bound, and leaves nothing',
  async (rig) => {
    const node = await rig.started('master');
    await node.call('SET', 'key', 'value');
    await freeze(node.natsPid!);
    const client = await rig.raw(node);
    const pending = client.call('SET', 'key', 'unanswered').catch((error: Error) => error.message);
    const { code } = await node.stop(40_000);
    assert.ok(code === 0 || code === 1, String(code));
    assert.notEqual(await pending, 'OK');
    await nothingLeft(node);
    await node.start();
    assert.match(String(await node.call('GET', 'key')), /^(value|unanswered)$/);
  },
  90_000,
);

withRig('a slave ends on SIGTERM as well, and resumes where it was', async (rig) => {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  await master.call('SET', 'a', '1');
  await sameDigest([master, slave]);
  assert.deepEqual(await slave.stop(), { code: 0, signal: null });
  await nothingLeft(slave);
  await master.call('SET', 'b', '2');
  await slave.start();
  await sameDigest([master, slave]);
  assert.equal(await slave.call('GET', 'b'), '2');
});

withRig('a slave whose master is away serves once it is there, and SIGTERM ends it while it waits', async (rig) => {
  const master = await rig.started('master');
  await master.call('SET', 'key', 'value');
  const slave = await rig.node('slave', { slaveOf: master });
  await master.stop();
  slave.spawn();
  await until('the slave to say that it is loading', async () => {
    await assert.rejects(slave.call('GET', 'key'), /^Error: (LOADING|MASTERDOWN) /);
    return true;
  });
  const info = await slave.info('replication');
  assert.equal(info.get('role'), 'slave');
  assert.equal(info.get('master_link_status'), 'down');
  assert.deepEqual(await slave.stop(), { code: 0, signal: null });
  slave.spawn();
  await master.start();
  await slave.online();
  await sameDigest([master, slave]);
  assert.equal(await slave.call('GET', 'key'), 'value');
});

withRig('children of a killed node end or are taken over: the next start on its folder works', async (rig) => {
  const node = await rig.started('master');
  await node.call('SET', 'key', 'value');
  const nats = node.natsPid!;
  await node.kill();
  await node.start();
  assert.equal(await node.call('GET', 'key'), 'value');
  assert.equal(isAlive(nats), false);
  assert.notEqual(node.natsPid, undefined);
  assert.deepEqual(await node.stop(), { code: 0, signal: null });
  await nothingLeft(node);
});

withRig(
  'a folder that a live node uses is refused in one sentence, and the live node is not disturbed',
  async (rig) => {
    const node = await rig.started('master');
    await node.call('SET', 'key', 'value');
    const other = await rig.node('other', { dir: node.dir });
    const { code, said } = await other.spawn().ended();
    assert.equal(code, 1, said);
    assert.match(said, /in use by process \d+/);
    assert.equal(await node.call('GET', 'key'), 'value');
    assert.equal(await node.call('SET', 'key', 'value2'), 'OK');
  },
);

// --- what cannot start -------------------------------------------------------------------------------------------

interface Refusal {
  readonly code: number | null;
  readonly text: string;
}

/** Runs weir-server until it ends by itself. */
function refused(args: readonly string[], cwd: string, boundMs = 60_000): Promise<Refusal> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(checkoutRoot(), 'weir-server'), args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    const timer = setTimeout(() => {
      if (child.pid !== undefined) signal(child.pid, 'SIGKILL');
      reject(new Error(`weir-server ${args.join(' ')} did not end by itself: ${text}`));
    }, boundMs);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, text });
    });
  });
}

withRig('a wrong configuration file is refused in a sentence with file and line, exit 1', async (rig) => {
  const file = join(rig.folder, 'bad.conf');
  const cases: [string, RegExp][] = [
    ['port 6390\nno-such-directive 1\n', /bad\.conf/],
    ['port sixthousand\n', /port/],
    ['port "6390\n', /quotes/i],
    ['maxmemory 12parsecs\n', /maxmemory/],
    ['include nowhere.conf\n', /nowhere\.conf/],
    ['replicaof 127.0.0.1\n', /replicaof/],
  ];
  for (const [text, expected] of cases) {
    writeFileSync(file, text);
    const { code, text: said } = await refused([file], rig.folder);
    assert.equal(code, 1, said);
    assert.match(said, expected);
    assert.doesNotMatch(said, /\n\s+at /, 'a stack trace is no sentence');
  }
  const { code, text } = await refused([join(rig.folder, 'missing.conf')], rig.folder);
  assert.equal(code, 1);
  assert.match(text, /missing\.conf/);
});

withRig('a port in use is refused in a sentence, exit 1, and leaves no child', async (rig) => {
  const server = createServer();
  const node = await rig.node('node');
  await new Promise<void>((resolve) => server.listen(node.port, '127.0.0.1', resolve));
  rig.onEnd(() => void server.close());
  const { code, said } = await node.spawn().ended();
  assert.equal(code, 1, said);
  assert.match(said, new RegExp(`cannot start.*${node.port}`));
  assert.match(said, /EADDRINUSE|in use/);
  assert.equal(node.natsPid, undefined);
});

withRig('a nats-server that is none is refused in a sentence, exit 1', async (rig) => {
  const fake = join(rig.folder, 'fake-nats-server');
  writeFileSync(fake, '#!/bin/sh\nexit 3\n');
  chmodSync(fake, 0o755);
  for (const [program, expected] of [
    [fake, /fake-nats-server|ended with 3/],
    [join(rig.folder, 'missing-nats-server'), /missing-nats-server/],
  ] as const) {
    const node = await rig.node(`with ${program.split('/').pop()}`, { more: ['--nats-server', program] });
    const { code, said } = await node.spawn().ended();
    assert.equal(code, 1, said);
    assert.match(said, expected);
  }
});

withRig('a folder that cannot be written is refused in a sentence, exit 1', async (rig) => {
  const file = join(rig.folder, 'a-file');
  writeFileSync(file, '');
  const node = await rig.node('node', { dir: join(file, 'below') });
  const { code, said } = await node.spawn().ended();
  assert.equal(code, 1, said);
  assert.match(said, /Can't chdir to '.*a-file\/below': /);
  assert.doesNotMatch(said, /\n\s+at /, 'a stack trace is no sentence');
});

withRig('the pid file is there while it runs and gone afterwards', async (rig) => {
  const pidfile = join(rig.folder, 'weir.pid');
  mkdirSync(join(rig.folder, 'node'));
  const node = await rig.started('node', { more: ['--pidfile', pidfile] });
  assert.equal(readFileSync(pidfile, 'utf8').trim(), String(node.pid));
  await node.stop();
  assert.throws(() => readFileSync(pidfile), /ENOENT/);
});

/** `npm start` on free ports, and all that it runs; what is left at the end of the test is killed. */
async function npmStart(rig: Rig) {
  const [port, slavePort] = [await freePort(), await freePort()];
  rig.onEnd(() => {
    for (const one of [port, slavePort, `admin-${port}`])
      rmSync(join(checkoutRoot(), 'data', String(one)), { recursive: true, force: true, maxRetries: 10 });
  });
  const child = spawn(join(checkoutRoot(), 'tools/run'), ['tools/start/main.ts'], {
    env: { ...process.env, NODE_TEST_CONTEXT: '', WEIR_PORT: String(port), WEIR_SLAVE_PORT: String(slavePort) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const pids = (parent: number): number[] => childrenOf(parent).flatMap(({ pid }) => [pid, ...pids(pid)]);
  rig.onEnd(async () => {
    const left = [...pids(child.pid!), child.pid!];
    for (const pid of left) signal(pid, 'SIGKILL');
    await until('all of it to be gone', () => !left.some(isAlive));
  });
  await until('npm start to be ready', () => /ready: redis-cli/.test(text), 30_000);
  const admin = await until('the address of the admin app', () => /dashboard: (http:\S+)\/;/.exec(text)?.[1], 30_000);
  const all = pids(child.pid!);
  assert.ok(all.length >= 5, 'a master, its nats-server, its replication app, a slave, and the admin app');
  const logged = () =>
    text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { node: string; pid: number });
  return { pid: child.pid!, all, port, slavePort, admin, ended, text: () => text, logged };
}

withRig('npm start runs a master, a slave and the admin app until told to end, and leaves nothing', async (rig) => {
  const { pid, all, port, slavePort, admin, ended, logged } = await npmStart(rig);
  assert.equal(await redisCli(port, ['set', 'key', 'value']), 'OK');
  await until('the slave to have it', async () => (await redisCli(slavePort, ['get', 'key'])) === '"value"');
  await until('the admin app to know the log', async () => (await fetch(`${admin}/readyz`)).ok, 30_000);
  const nodes = logged().map(({ node }) => node);
  assert.deepEqual([...new Set(nodes)], ['master', 'slave', 'admin'], 'to a pipe they log JSON with their names');
  signal(pid, 'SIGTERM');
  assert.equal(await bounded('npm start to end', ended, 30_000), 0);
  assert.deepEqual(all.filter(isAlive), []);
  assert.deepEqual([await isPortFree(port), await isPortFree(slavePort)], [true, true]);
});

withRig('when a node of npm start is killed, it says so and ends all the others', async (rig) => {
  const { all, ended, text, logged } = await npmStart(rig);
  signal(logged().find(({ node }) => node === 'slave')!.pid, 'SIGKILL');
  assert.equal(await bounded('npm start to end', ended, 30_000), 1);
  assert.match(text(), /the slave ended with signal SIGKILL/);
  assert.doesNotMatch(text(), /the nodes go on/);
  assert.deepEqual(all.filter(isAlive), []);
});

withRig(
  'npm run demo plays the walk-through and ends with exit 0',
  async () => {
    const { status, stdout, stderr } = spawnSync(join(checkoutRoot(), 'tools/run'), ['tools/start/demo.ts'], {
      encoding: 'utf8',
      timeout: 200_000,
      env: { ...process.env, NODE_TEST_CONTEXT: '' },
    });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /As it should be/);
  },
  60_000,
);

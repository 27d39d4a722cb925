// The apps as processes of their own, as on machines of their own: a nats-server that none of them started, an engine that is
// reached over a Unix socket and one over TCP, ingresses, and a replication app.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectNats, startEmbeddedNats } from '@weir/log';
import { encodeCommand } from '@weir/resp';
import { Ledger, freePort, sameDigest, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';
import { checkoutRoot, findNatsServer } from '@weir/toolchain';

interface Split {
  readonly natsUrl: string;
  /** Engines have no port of their own: these names carry the port of their first ingress. */
  readonly engine: WeirNode;
  readonly ingress: WeirNode;
  readonly ingress2: WeirNode;
  readonly replication: WeirNode;
  readonly all: readonly WeirNode[];
}

async function external(rig: Rig): Promise<string> {
  const nats = await startEmbeddedNats({ binary: findNatsServer(), dir: join(rig.folder, 'nats') });
  rig.onEnd(() => nats.stop());
  return nats.url;
}

async function engineOf(rig: Rig, name: string, natsUrl: string, link: string, more: readonly string[] = []) {
  const port = await freePort();
  return rig.node(name, {
    script: 'apps/engine/src/main.ts',
    port,
    args: [
      '--port',
      String(port),
      '--dir',
      join(rig.folder, name),
      '--nats-url',
      natsUrl,
      '--link-listen',
      link,
      ...more,
    ],
  });
}

async function ingressOf(rig: Rig, name: string, link: string, port?: number): Promise<WeirNode> {
  const own = port ?? (await freePort());
  return rig.node(name, {
    script: 'apps/ingress/src/main.ts',
    port: own,
    args: ['--port', String(own), '--bind', '127.0.0.1', '--link-connect', link],
  });
}

function replicationOf(rig: Rig, name: string, args: readonly string[]): Promise<WeirNode> {
  return rig.node(name, { script: 'apps/replication/src/main.ts', port: 1, args: ['--save', '', ...args] });
}

/** One engine behind two ingresses, with the replication app. */
async function split(rig: Rig): Promise<Split> {
  const natsUrl = await external(rig);
  const link = join(rig.folder, 'master.sock');
  const engine = (await engineOf(rig, 'engine', natsUrl, link)).spawn();
  const ingress = (await ingressOf(rig, 'ingress', link, engine.port)).spawn();
  const ingress2 = (await ingressOf(rig, 'ingress2', link)).spawn();
  // It knows nothing but the servers: which log is the cluster's stands there.
  const replication = (await replicationOf(rig, 'replication', ['--nats-url', natsUrl])).spawn();
  for (const node of [ingress, ingress2]) {
    await node.answers();
    await node.online();
  }
  return { natsUrl, engine, ingress, ingress2, replication, all: [ingress, ingress2, replication, engine] };
}

async function activeReplication(node: WeirNode): Promise<void> {
  await until(
    `${node.name} to be the active one`,
    () => node.logged(/this replication app is the active one/).length > 0,
    30_000,
  );
}

/** SAVE; refused while the replication app makes another one, or did when it last told about itself. */
async function save(client: Pick<WeirNode, 'call'>, boundMs = 20_000): Promise<void> {
  await until('SAVE', async () => (await client.call('SAVE')) === 'OK', boundMs);
}

/** `redis-check-rdb` on the file: how many keys it read. */
function keysOf(file: string): number {
  const output = execFileSync('redis-check-rdb', [file], { encoding: 'utf8' });
  return Number(/(\d+) keys read/.exec(output)?.[1]);
}

withRig(
  'engines, ingresses and the replication app work as processes of their own',
  async (rig) => {
    const { natsUrl, ingress, ingress2, replication, all } = await split(rig);

    // A slave that finds the log through an ingress of its master, and is reached over TCP.
    const link = `127.0.0.1:${await freePort()}`;
    const slaveOf = ['--slaveof', '127.0.0.1', String(ingress.port)];
    const slaveEngine = (await engineOf(rig, 'slave-engine', natsUrl, link, slaveOf)).spawn();
    const slave = (await ingressOf(rig, 'slave-ingress', link, slaveEngine.port)).spawn();
    await slave.answers();
    await slave.online();

    assert.equal(await ingress.call('SET', 'a', '1'), 'OK');
    assert.equal(await ingress2.call('GET', 'a'), '1');
    await until('the slave to have it', async () => (await slave.call('GET', 'a')) === '1');
    await assert.rejects(slave.call('SET', 'a', '2'), /^Error: READONLY/);
    const role = (await ingress2.call('ROLE')) as unknown[];
    assert.deepEqual(
      (role[2] as unknown[][])[0]!.slice(0, 2),
      ['127.0.0.1', String(slave.port)],
      'a slave is told by the port of its ingress',
    );

    // Replies of both kinds, held and not, in the order of the requests, from both ingresses at once.
    const clients = [await rig.raw(ingress), await rig.raw(ingress2)];
    await Promise.all(
      clients.map(async (client, who) => {
        const commands = Array.from({ length: 600 }, (_, i) =>
          i % 3 === 0
            ? ['SET', `p:${who}:${i}`, `v${i}`]
            : i % 3 === 1
              ? ['ECHO', `e${i}`]
              : ['GET', `p:${who}:${i - 2}`],
        );
        const expected = commands.map((_, i) => (i % 3 === 0 ? 'OK' : i % 3 === 1 ? `e${i}` : `v${i - 2}`));
        assert.deepEqual(await client.pipeline(commands), expected);
      }),
    );

    const list = (await ingress.call('CLIENT', 'LIST')) as string;
    for (const [i, client] of clients.entries()) {
      const { localPort } = client.socket;
      const laddr = `127.0.0.1:${[ingress, ingress2][i]!.port}`;
      assert.match(list, new RegExp(`^id=\\d+ addr=127\\.0\\.0\\.1:${localPort} laddr=${laddr} `, 'm'));
    }
    const victim = await rig.raw(ingress2);
    await victim.call('PING');
    assert.equal(await ingress.call('CLIENT', 'KILL', 'ADDR', `127.0.0.1:${victim.socket.localPort}`), 1);
    await victim.ended;

    await activeReplication(replication);
    await save(ingress);

    await sameDigest([ingress, ingress2, slave]);
    for (const node of [slave, slaveEngine, ...all]) {
      assert.deepEqual(await node.stop(), { code: 0, signal: null }, `${node.name} ends in order`);
    }
  },
  90_000,
);

withRig(
  'large values and clients that do not read pass the link without stopping the others',
  async (rig) => {
    const { ingress, ingress2 } = await split(rig);
    const size = 50 * 1024 * 1024;
    const big = Buffer.alloc(size, 'weir');
    const writer = await rig.raw(ingress);
    assert.equal(await writer.call('SET', 'big', big), 'OK');
    assert.equal(await ingress2.call('STRLEN', 'big'), size);

    // Two hundred megabytes are asked for and none of it is read: neither ingress nor engine holds them, nobody waits.
    const slow = await rig.raw(ingress);
    slow.socket.pause();
    for (let i = 0; i < 4; i++) slow.write(encodeCommand(['GET', 'big']));
    const other = await rig.raw(ingress);
    await until('the slow one to be owed something', async () => {
      const list = (await other.call('CLIENT', 'LIST')) as string;
      return new RegExp(`addr=127\\.0\\.0\\.1:${slow.socket.localPort} .*omem=[1-9]`).test(list);
    });
    for (const node of [ingress, ingress2]) {
      assert.equal(await node.call('SET', `besides:${node.name}`, '1'), 'OK');
      assert.equal(await node.call('GET', `besides:${node.name}`), '1');
    }
    const read = (await other.call('GET', 'big')) as string;
    assert.ok(read === big.toString(), 'the value arrives whole beside it');

    // And when it reads, it gets all that it asked for.
    slow.socket.resume();
    await until('the slow one to have its replies', () => slow.unasked.length === 4, 40_000);
    for (const reply of slow.unasked) assert.ok(reply.type === 'bulk' && big.equals(reply.value));
  },
  120_000,
);

withRig(
  'a killed ingress takes its own clients with it and nobody else',
  async (rig) => {
    const { ingress, ingress2 } = await split(rig);
    const ledger = new Ledger(ingress2, { writers: 4 });
    const lost = await rig.raw(ingress);
    assert.equal(await lost.call('SET', 'a', '1'), 'OK');
    await ledger.progress(200);
    await ingress.kill();
    await lost.ended;
    await until('the engine to forget its clients', async () => {
      const list = (await ingress2.call('CLIENT', 'LIST')) as string;
      return !list.includes(`laddr=127.0.0.1:${ingress.port} `);
    });
    await ledger.progress(200);
    await ledger.stop();
    assert.equal(ledger.disconnects, 0);
    assert.equal(ledger.open.length, 0);
    await ingress.start();
    assert.equal(await ingress.call('GET', 'a'), '1');
  },
  90_000,
);

withRig(
  'a killed engine closes all clients; its ingresses find it again, with every acknowledged write',
  async (rig) => {
    const { engine, ingress, ingress2 } = await split(rig);
    const ledgers = [new Ledger(ingress, { prefix: 'one' }), new Ledger(ingress2, { prefix: 'two' })];
    await Promise.all(ledgers.map((ledger) => ledger.progress(300)));
    const idle = await rig.raw(ingress2);
    await idle.call('PING');
    await engine.kill();
    await idle.ended;
    engine.spawn();
    await Promise.all(ledgers.map((ledger) => ledger.progress(300, 30_000)));
    await Promise.all(ledgers.map((ledger) => ledger.stop()));
    const client = await rig.raw(ingress);
    for (const ledger of ledgers) await ledger.verifyOver(client);
    assert.equal(ingress.logged(/starts: pid/).length, 1, 'the ingress was never started again');
  },
  90_000,
);

withRig(
  'a killed replication app stops no one, and the next one makes the snapshots',
  async (rig) => {
    const { ingress, replication, natsUrl } = await split(rig);
    await activeReplication(replication);
    await ingress.call('SET', 'a', '1');
    await save(ingress);
    await replication.kill();
    assert.equal(await ingress.call('SET', 'b', '2'), 'OK');
    // This one asks a node which log it is to serve, as a slave does.
    const next = (await replicationOf(rig, 'replication2', ['--replicaof', '127.0.0.1', String(ingress.port)])).spawn();
    await activeReplication(next);
    await save(ingress);
    const file = join(rig.folder, 'dump.rdb');
    const exporter = await replicationOf(rig, 'export', ['--nats-url', natsUrl, '--export', file]);
    const { code, said } = await exporter.spawn().ended();
    assert.equal(code, 0, said);
    assert.equal(keysOf(file), 2);
    assert.deepEqual(await next.stop(), { code: 0, signal: null });

    // Such a file in its folder is how an engine of another cluster begins.
    const link = join(rig.folder, 'other.sock');
    const other = await engineOf(rig, 'other', natsUrl, link, ['--weir-cluster', 'other']);
    mkdirSync(other.dir);
    copyFileSync(file, join(other.dir, 'dump.rdb'));
    other.spawn();
    const otherIngress = (await ingressOf(rig, 'other-ingress', link, other.port)).spawn();
    await otherIngress.answers();
    await otherIngress.online();
    assert.equal(await otherIngress.call('GET', 'b'), '2');
  },
  90_000,
);

withRig('a replication app that waits for its node ends at SIGTERM', async (rig) => {
  const waiting = (await replicationOf(rig, 'waiting', ['--replicaof', '127.0.0.1', String(await freePort())])).spawn();
  await until('it to try', () => waiting.logged(/cannot be reached.*trying again/).length > 0);
  assert.deepEqual(await waiting.stop(), { code: 0, signal: null });
});

withRig('the newest snapshot of a running node is exported by its address and password alone', async (rig) => {
  const node = (await rig.node('node', { more: ['--requirepass', 'sesame'] })).spawn();
  const client = await until('the node to listen', () => rig.raw(node));
  assert.equal(await client.call('AUTH', 'sesame'), 'OK');
  await until('writes to be taken', async () => (await client.call('SET', 'a', '1')) === 'OK');
  await client.call('SET', 'b', '2');
  await save(client);
  const file = join(rig.folder, 'dump.rdb');
  const run = (...more: string[]): Promise<{ code: number | null; text: string }> =>
    new Promise((resolve) => {
      const script = join(checkoutRoot(), 'apps/replication/src/main.ts');
      const args = [script, '--export', file, '--replicaof', '127.0.0.1', String(node.port), ...more];
      const env = { ...process.env, NODE_TEST_CONTEXT: '' };
      const child = rig.owns(
        spawn(process.execPath, args, { env, cwd: rig.folder, stdio: ['ignore', 'pipe', 'pipe'] }),
      );
      let text = '';
      child.stdout!.on('data', (chunk) => (text += chunk));
      child.stderr!.on('data', (chunk) => (text += chunk));
      child.once('close', (code) => resolve({ code, text }));
    });
  const refused = await run();
  assert.equal(refused.code, 1);
  assert.match(refused.text, /refused the handshake: NOAUTH/);
  assert.equal(existsSync(file), false);
  const done = await run('--masterauth', 'sesame');
  assert.equal(done.code, 0, done.text);
  assert.equal(keysOf(file), 2);
});

/** Three nats-servers that are one cluster; their pids, and how to start one again. */
async function natsCluster(rig: Rig): Promise<{ urls: string; servers: { pid: () => number; start: () => void }[] }> {
  const ports = await Promise.all([1, 2, 3].map(async () => ({ client: await freePort(), route: await freePort() })));
  const routes = ports.map(({ route }) => `nats-route://127.0.0.1:${route}`).join(', ');
  const servers = ports.map(({ client, route }, i) => {
    const file = join(rig.folder, `nats${i}.conf`);
    writeFileSync(
      file,
      `server_name: n${i}
listen: "127.0.0.1:${client}"
jetstream { store_dir: "${join(rig.folder, `nats${i}`)}" }
cluster { name: test, listen: "127.0.0.1:${route}", routes: [${routes}] }
`,
    );
    let child: ChildProcess;
    const start = (): void => void (child = rig.owns(spawn(findNatsServer(), ['-c', file], { stdio: 'ignore' })));
    start();
    return { pid: () => child.pid!, start };
  });
  return { urls: ports.map(({ client }) => `nats://127.0.0.1:${client}`).join(','), servers };
}

withRig(
  'with log-replicas 3 the log, its snapshots and leases survive any one of three NATS servers',
  async (rig) => {
    const { urls, servers } = await natsCluster(rig);
    const link = join(rig.folder, 'master.sock');
    const engine = (await engineOf(rig, 'engine', urls, link, ['--log-replicas', '3'])).spawn();
    const ingress = (await ingressOf(rig, 'ingress', link, engine.port)).spawn();
    await until('the engine to lead', async () => (await ingress.position()).epoch > 0, 60_000);
    const replication = (await replicationOf(rig, 'replication', ['--nats-url', urls, '--log-replicas', '3'])).spawn();
    await activeReplication(replication);

    const nats = await connectNats({ urls, name: 'test', firstConnectMs: 10_000 });
    rig.onEnd(() => nats.close());
    const { streams } = await nats.api<{ streams: { config: { name: string; num_replicas: number } }[] }>(
      'STREAM.LIST',
      {},
    );
    assert.deepEqual(
      streams.filter(({ config }) => config.num_replicas !== 3).map(({ config }) => config.name),
      [],
    );
    assert.equal(streams.length, 4);

    const ledger = new Ledger(ingress, { writers: 4 });
    await ledger.progress(200);
    for (const server of servers) {
      process.kill(server.pid(), 'SIGKILL');
      await ledger.progress(500, 60_000); // a new leader of the stream takes seconds
      server.start();
      // The next one may go when this one has caught up.
      await until(
        'all copies to be current',
        async () => {
          const { logId } = await ingress.position();
          const info = await nats.api<{ cluster: { replicas: { current: boolean; offline?: boolean }[] } }>(
            `STREAM.INFO.WEIR_weir_${logId}_LOG`,
            undefined,
          );
          return (
            info.cluster.replicas.length === 2 && info.cluster.replicas.every((one) => one.current && !one.offline)
          );
        },
        60_000,
      );
    }
    await ledger.stop();
    const client = await rig.raw(ingress);
    await ledger.verifyOver(client);
    await save(ingress, 60_000);
  },
  240_000,
);

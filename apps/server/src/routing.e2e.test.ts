// One address for many engines: an ingress that finds the engines of a log in NATS and routes.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startEmbeddedNats } from '@weir/log';
import { encodeCommand } from '@weir/resp';
import { ErrorReply, childrenOf, freePort, isAlive, signal, until, withRig } from '@weir/testkit';
import type { RawClient, Rig, WeirNode } from '@weir/testkit';
import { findNatsServer } from '@weir/toolchain';

interface Routed {
  /** Where clients connect. */
  readonly ingress: WeirNode;
  readonly master: WeirNode;
  readonly slaves: readonly WeirNode[];
  /** Ingresses of one slave each, to look at it. */
  readonly doors: readonly WeirNode[];
}

async function engineOf(rig: Rig, name: string, natsUrl: string, more: readonly string[]): Promise<WeirNode> {
  const port = await freePort();
  const link = join(rig.folder, `${name}.sock`);
  const own = ['--port', String(port), '--dir', join(rig.folder, name), '--nats-url', natsUrl, '--link-listen', link];
  return rig.node(name, { script: 'apps/engine/src/main.ts', port, args: [...own, ...more] });
}

async function ingressOf(rig: Rig, name: string, more: readonly string[]): Promise<WeirNode> {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', ...more];
  return rig.node(name, { script: 'apps/ingress/src/main.ts', port, args });
}

async function routed(rig: Rig, more: readonly string[] = []): Promise<Routed> {
  const nats = await startEmbeddedNats({ binary: findNatsServer(), dir: join(rig.folder, 'nats') });
  rig.onEnd(() => nats.stop());
  const ingress = (await ingressOf(rig, 'ingress', ['--nats-url', nats.url])).spawn();
  const master = (await engineOf(rig, 'master', nats.url, more)).spawn();
  await ingress.answers();
  await ingress.online();
  const slaveOf = ['--slaveof', '127.0.0.1', String(ingress.port), ...more];
  const slaves = [
    (await engineOf(rig, 'slave1', nats.url, slaveOf)).spawn(),
    (await engineOf(rig, 'slave2', nats.url, slaveOf)).spawn(),
  ];
  const doors: WeirNode[] = [];
  for (const slave of slaves) {
    const door = (
      await ingressOf(rig, `door of ${slave.name}`, ['--link-connect', join(rig.folder, `${slave.name}.sock`)])
    ).spawn();
    doors.push(door);
    await door.answers();
    await door.online();
  }
  return { ingress, master, slaves, doors };
}

/** Calls of GET that a node has executed. */
async function getsOf(node: WeirNode): Promise<number> {
  const stats = (await node.call('INFO', 'commandstats')) as string;
  return Number(/cmdstat_get:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

/** A counter that is written and read by its writer, and read by others: each sees it never go back, and the writer sees its own. */
class Watched {
  readonly errors: string[] = [];
  reads = 0;
  writes = 0;
  unknown = 0;
  readonly #clients: RawClient[];
  #isOver = false;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(clients: RawClient[]) {
    this.#clients = clients;
    const [writer, ...readers] = clients;
    this.#ended = Promise.all([this.#write(writer!), ...readers.map((reader) => this.#read(reader))]);
  }

  async #write(client: RawClient): Promise<void> {
    for (let i = 1; !this.#isOver; i++) {
      try {
        await client.call('SET', 'n', i);
        this.writes++;
      } catch (error) {
        if (error instanceof ErrorReply && error.message.startsWith('UNKNOWNOUTCOME')) this.unknown++;
        else return void this.errors.push(`write: ${(error as Error).message}`);
      }
      const read = Number(await client.call('GET', 'n').catch((error: Error) => this.errors.push(error.message)));
      if (read !== i && read !== i - 1) this.errors.push(`wrote ${i} and read ${read}`);
      else if (read !== i && this.unknown === 0) this.errors.push(`wrote ${i} and read ${read} of before`);
    }
  }

  async #read(client: RawClient): Promise<void> {
    let last = 0;
    while (!this.#isOver) {
      const read = await client.call('GET', 'n').catch((error: Error) => this.errors.push(error.message));
      if (Number(read) < last) this.errors.push(`read ${Number(read)} after ${last}`);
      last = Number(read);
      this.reads++;
    }
  }

  async progress(reads: number, boundMs = 20_000): Promise<void> {
    const [toReads, toWrites] = [this.reads + reads, this.writes + 3];
    await until(
      'more to be read and written',
      () => {
        assert.deepEqual(this.errors, []);
        return this.reads >= toReads && this.writes >= toWrites;
      },
      boundMs,
    );
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
    assert.deepEqual(this.errors, []);
    for (const client of this.#clients) assert.equal(client.isEnded, false, 'a client was closed');
  }
}

withRig(
  'reads through one address are served by slaves, which die and come back without any client noticing, or reading what is older',
  async (rig) => {
    const { ingress, slaves, doors } = await routed(rig);
    const clients = await Promise.all([1, 2, 3, 4].map(() => rig.raw(ingress)));
    const watched = new Watched(clients);
    for (const door of doors) await until('a slave to serve reads', async () => (await getsOf(door)) > 50);
    await slaves[0]!.kill();
    await watched.progress(200);
    slaves[0]!.spawn();
    await doors[0]!.answers();
    const before = await getsOf(doors[0]!);
    await until('the slave that came back to serve reads', async () => (await getsOf(doors[0]!)) > before + 50);
    await watched.stop();

    // What a connection is goes with it to whoever serves it.
    const client = await rig.raw(ingress);
    await client.call('HELLO', '3', 'SETNAME', 'me');
    await client.call('SELECT', '3');
    await client.call('HSET', 'h', 'f', 'v');
    await until('a slave to serve that client, too', async () => {
      assert.equal((await client.reply('HGETALL', 'h')).type, 'map');
      const lists = await Promise.all(doors.map(async (door) => String(await door.call('CLIENT', 'LIST'))));
      return /name=me .*db=3 .*resp=3/.test(lists.join());
    });
    assert.match(
      String(await client.call('CLIENT', 'LIST')),
      new RegExp(`addr=127.0.0.1:${clients[2]!.socket.localPort} `),
    );

    // What anybody was told before it asked, and what another connection has seen.
    const other = await rig.raw(ingress);
    await other.call('SELECT', '3');
    assert.equal(await other.call('WEIR', 'CONSISTENCY', 'LINEARIZABLE'), 'OK');
    // A reply that CLIENT REPLY SKIP leaves out is that of a command which the ingress answers itself, and no other one.
    other.write('CLIENT REPLY SKIP\r\nWEIR CONSISTENCY session\r\n');
    assert.equal(await other.call('PING'), 'PONG');
    assert.equal(await other.call('WEIR', 'CONSISTENCY'), 'session');
    assert.equal(await other.call('WEIR', 'CONSISTENCY', 'linearizable'), 'OK');
    for (let i = 0; i < 30; i++) {
      await client.call('SET', 'l', i);
      assert.equal(await other.call('GET', 'l'), String(i));
    }
    const third = await rig.raw(ingress);
    assert.equal(await third.call('WEIR', 'TOKEN', String(await client.call('WEIR', 'TOKEN'))), 'OK');
    assert.deepEqual(
      await third.pipeline([
        ['SELECT', '3'],
        ['GET', 'l'],
      ]),
      ['OK', '29'],
    );

    // A pipeline of both is answered in order, and the queue of a transaction is one place.
    const replies = await client.pipeline([
      ['GET', 'x'],
      ['SET', 'x', '1'],
      ['GET', 'x'],
      ['MULTI'],
      ['GET', 'x'],
      ['INCR', 'x'],
      ['EXEC'],
      ['GET', 'x'],
    ]);
    assert.deepEqual(replies, [null, 'OK', '1', 'OK', 'QUEUED', 'QUEUED', ['1', 2], '2']);
    client.write(encodeCommand(['CLIENT', 'REPLY', 'OFF']));
    client.write(encodeCommand(['SET', 'x', 'silent']));
    client.write(encodeCommand(['CLIENT', 'REPLY', 'ON']));
    await until('the reply of the last', () => client.unasked.length === 1);
    assert.equal(await client.call('GET', 'x'), 'silent');
  },
  60_000,
);

withRig(
  'clients keep their connections while the master dies and comes back: reads go on, requests wait, and a transaction is told that it ran nothing',
  async (rig) => {
    const { ingress, master } = await routed(rig);
    const [queuing, watching, ...clients] = await Promise.all([1, 2, 3, 4].map(() => rig.raw(ingress)));
    await queuing!.call('SELECT', '2');
    await queuing!.call('MULTI');
    assert.equal(await queuing!.call('SET', 'q', '1'), 'QUEUED');
    await watching!.call('WATCH', 'w');
    const watched = new Watched(clients);
    await watched.progress(100);
    await master.kill();
    const before = watched.reads;
    await until('reads to go on without a master', () => watched.reads > before + 50);
    const held = clients[1]!.call('INCR', 'held');
    master.spawn();
    assert.equal(await held, 1);
    await watched.progress(100);
    await watched.stop();
    assert.ok(watched.unknown <= 1, 'one write at most was on its way');
    await assert.rejects(queuing!.call('EXEC'), /EXECABORT/);
    await queuing!.call('SET', 'q', '2');
    assert.deepEqual(await watching!.pipeline([['MULTI'], ['SET', 'w', '1'], ['EXEC']]), ['OK', 'QUEUED', null]);
    assert.match(String(await queuing!.call('CLIENT', 'LIST')), /db=2 /);
  },
  60_000,
);

withRig(
  'an ingress of two workers serves one port with both, starts one again that dies, and ends with all of them',
  async (rig) => {
    const nats = await startEmbeddedNats({ binary: findNatsServer(), dir: join(rig.folder, 'nats') });
    rig.onEnd(() => nats.stop());
    (await engineOf(rig, 'master', nats.url, [])).spawn();
    const ingress = (await ingressOf(rig, 'ingress', ['--nats-url', nats.url, '--ingress-workers', '2'])).spawn();
    await ingress.answers();
    await ingress.online();
    // The kernel shares connections out among those that listen already. Whoever starts them has tried the port first.
    await until('both workers to listen', () => ingress.logged(/listening for clients/).length === 3);
    const workers = childrenOf(ingress.pid);
    assert.equal(workers.length, 2);
    const clients = await Promise.all(Array.from({ length: 24 }, () => rig.raw(ingress)));
    await Promise.all(clients.map((client, i) => client.call('SET', `k${i}`, i)));
    const list = String(await ingress.call('CLIENT', 'LIST'));
    for (const { socket } of clients) assert.match(list, new RegExp(`addr=127.0.0.1:${socket.localPort} `));
    signal(workers[0]!.pid, 'SIGKILL');
    await until('the clients of one worker to be gone', () => clients.some(({ isEnded }) => isEnded));
    const answers = await Promise.all(clients.map((client) => client.call('PING').catch(() => 'gone')));
    assert.deepEqual(
      [...new Set(answers.map(String))].sort((a, b) => (a < b ? -1 : 1)),
      ['PONG', 'gone'],
      'the other worker has clients, too, and they stay',
    );
    await until('it to be started again', () => childrenOf(ingress.pid).length === 2);
    await ingress.answers();
    assert.deepEqual(await ingress.stop(), { code: 0, signal: null });
    assert.equal(isAlive(workers[1]!.pid), false);
  },
);

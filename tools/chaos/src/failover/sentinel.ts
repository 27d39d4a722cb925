import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RawClient, Rig, freePort, until } from '@weir/testkit';
import type { Value } from '@weir/testkit';
import { Proxy } from '../cluster/proxy.ts';
import { Program } from '../cluster/servers.ts';
import type { Subject } from './subject.ts';

const NAME = 'mymaster';

export interface SentinelSubject extends Subject {
  /** Where clients reach each server. */
  readonly ports: readonly number[];
}

/**
 * Redis with two replicas and three Sentinels; clients ask a Sentinel for the master. All as they come, but `down-after-milliseconds`. The replicas and the Sentinels reach
 * the first master by a way of their own, which can be cut: once, since the next master is reached without it.
 */
export async function sentinelSubject(downAfterMs: number): Promise<SentinelSubject> {
  const rig = new Rig();
  const program = async (name: string, lines: (port: number) => readonly string[], more: readonly string[] = []) => {
    const port = await freePort();
    const dir = path.join(rig.folder, name);
    mkdirSync(dir);
    const file = path.join(dir, 'redis.conf');
    writeFileSync(file, `${[`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`, ...lines(port)].join('\n')}\n`);
    const one = new Program(rig, name, port, ['redis-server', file, ...more]);
    one.spawn();
    return one;
  };
  const first = await freePort();
  // It names that way wherever others hear of it, so that it is one server to the Sentinels, as a replica too.
  const redis = [await program('redis-1', () => ['appendonly yes', `replica-announce-port ${first}`])];
  const way = await Proxy.listen(first, redis[0]!.port);
  rig.onEnd(() => way.close());
  for (const name of ['redis-2', 'redis-3'])
    redis.push(await program(name, () => ['appendonly yes', `replicaof 127.0.0.1 ${first}`]));
  const ask = async (port: number, ...command: string[]): Promise<Value> => {
    const client = await RawClient.connect(port, '127.0.0.1', 200);
    try {
      return await client.call(...command);
    } finally {
      client.close();
    }
  };
  // A Sentinel asks a master for its replicas every ten seconds: they have to be there the first time.
  await until(
    'replicas',
    async () => ((await ask(redis[0]!.port, 'ROLE')) as [string, number, unknown[]])[2].length === 2,
  );
  const sentinels: Program[] = [];
  const watched = [
    `sentinel monitor ${NAME} 127.0.0.1 ${first} 2`,
    `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
  ];
  for (const name of ['sentinel-1', 'sentinel-2', 'sentinel-3'])
    sentinels.push(await program(name, () => watched, ['--sentinel']));

  let turn = 0;
  const door = async (): Promise<number | undefined> => {
    const sentinel = sentinels[turn++ % sentinels.length]!;
    const address = (await ask(sentinel.port, 'SENTINEL', 'get-master-addr-by-name', NAME)) as string[] | null;
    if (address === null) return undefined;
    const port = Number(address[1]) === first ? redis[0]!.port : Number(address[1]);
    const role = (await ask(port, 'ROLE')) as unknown[];
    return role[0] === 'master' ? port : undefined;
  };
  const master = async (): Promise<Program> => {
    const port = await until('a master', door);
    return redis.find((one) => one.port === port)!;
  };
  const settled = (): Promise<unknown> =>
    until(
      'all to follow, and the Sentinels to know',
      async () => {
        const now = await door();
        if (now === undefined) return false;
        const role = (await ask(now, 'ROLE')) as [string, number, string[][]];
        if (role[2].length !== redis.length - 1) return false;
        for (const { port } of redis)
          if (port !== now && ((await ask(port, 'ROLE')) as unknown[])[3] !== 'connected') return false;
        for (const { port } of sentinels) {
          const fields = ((await ask(port, 'SENTINEL', 'MASTER', NAME)) as string[]).join(' ');
          const isReady =
            fields.includes(' flags master ') &&
            fields.includes(' num-slaves 2 ') &&
            fields.includes(' num-other-sentinels 2 ') &&
            fields.includes(` port ${now === redis[0]!.port ? first : now} `);
          if (!isReady) return false;
        }
        return true;
      },
      60_000,
      100,
    );
  let killed: Program | null = null;
  try {
    await settled();
  } catch (error) {
    await rig.end();
    throw error;
  }
  return {
    name: `Redis and Sentinel, down-after-milliseconds ${downAfterMs}`,
    ports: redis.map(({ port }) => port),
    door,
    isolateMaster: async () => {
      const { name, port } = await master();
      if (port !== redis[0]!.port) throw new Error(`${name} leads, and is reached by everybody: start anew`);
      way.set('stalled');
      return name;
    },
    killMaster: async () => {
      killed = await master();
      process.kill(killed.pid!, 'SIGKILL');
      return killed.name;
    },
    restore: async () => {
      killed?.spawn();
      killed = null;
      way.set('all');
      await settled();
    },
    end: () => rig.end(),
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import { Cluster } from '../cluster/cluster.ts';
import type { Subject } from './subject.ts';

export interface WeirSubjectOptions {
  /** Clients come through an ingress, or ask the engines in turn. */
  readonly throughIngress: boolean;
  /** The NATS server that leads the stream of the log dies together with the master. */
  readonly withNats: boolean;
}

/** A cluster of three engines on three NATS servers. */
export async function weirSubject({ throughIngress, withNats }: WeirSubjectOptions): Promise<Subject> {
  const cluster = await Cluster.start({ ingresses: throughIngress ? 1 : 0, more: ['--save', ''] });
  let killed: WeirNode | null = null;
  let isolated: WeirNode | null = null;
  let turn = 0;
  const leading = async (): Promise<WeirNode> => {
    const leader = await cluster.leader();
    if (leader === undefined) throw new Error('no engine leads');
    return leader;
  };
  return {
    name: throughIngress ? 'Weir, through an ingress' : 'Weir, clients ask the engines in turn',
    door: async () => {
      if (throughIngress) return cluster.ingresses[0]!.port;
      // What a client without an ingress does: the next address of its list, until one says that it leads.
      for (let i = 0; i < cluster.engines.length; i++) {
        const node = cluster.engines[turn++ % cluster.engines.length]!;
        const role = (await node.call('ROLE').catch(() => [])) as unknown[];
        if (role[0] === 'master') return node.port;
      }
      return undefined;
    },
    killMaster: async () => {
      killed = await leading();
      const servers = withNats ? cluster.nats : [];
      const leads = await Promise.all(servers.map((one) => one.leadsLog().catch(() => false)));
      if (withNats && !leads.includes(true)) throw new Error('no NATS server leads the log');
      process.kill(killed.pid, 'SIGKILL');
      for (const [i, one] of servers.entries()) if (leads[i] === true) process.kill(one.pid!, 'SIGKILL');
      return killed.name;
    },
    isolateMaster: async () => {
      isolated = await leading();
      cluster.network(isolated, 'stalled');
      return isolated.name;
    },
    restore: async () => {
      if (isolated !== null) cluster.network(isolated, 'all');
      isolated = null;
      if (killed !== null) {
        await killed.exited;
        killed.spawn();
        killed = null;
      }
      for (const one of cluster.nats) one.spawn();
      await cluster.serves();
    },
    handOver: async () => {
      const before = await leading();
      await before.call('FAILOVER');
      await until('another engine to lead', async () => {
        const now = await cluster.leader();
        if (now !== undefined && now !== before) return true;
        await sleep(5);
        return false;
      });
    },
    end: () => cluster.end(),
  };
}

/** NATS servers, engines and ingresses as processes on this machine. Every one of Weir has its own way to every NATS server. */

import path from 'node:path';
import { Rig, freePort, until } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import { Proxy } from './proxy.ts';
import type { Carries } from './proxy.ts';
import { natsServers } from './servers.ts';
import type { NatsServer } from './servers.ts';

export interface ClusterOptions {
  readonly nats?: number;
  readonly engines?: number;
  readonly ingresses?: number;
  /** Of the engines: further directives. */
  readonly more?: readonly string[];
}

export class Cluster {
  readonly rig = new Rig();
  readonly nats: NatsServer[] = [];
  readonly engines: WeirNode[] = [];
  readonly ingresses: WeirNode[] = [];
  readonly #ways = new Map<WeirNode, Proxy[]>();

  static async start({ nats = 3, engines = 3, ingresses = 2, more = [] }: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster();
    try {
      cluster.nats.push(...(await natsServers(cluster.rig, nats)));
      for (const one of cluster.nats) one.spawn();
      for (let i = 1; i <= engines; i++) {
        const name = `engine-${i}`;
        const link = path.join(cluster.rig.folder, `${name}.sock`);
        const own = ['--log-replicas', String(nats), '--link-listen', link, '--replication-app', 'external'];
        cluster.engines.push(await cluster.#member(name, 'server', [...own, ...more]));
      }
      for (let i = 1; i <= ingresses; i++)
        cluster.ingresses.push(
          await cluster.#member(`ingress-${i}`, 'ingress', ['--weir-consistency', 'linearizable']),
        );
      for (const one of cluster.members) one.spawn();
      await cluster.serves();
      return cluster;
    } catch (error) {
      cluster.showLogs();
      await cluster.end();
      throw error;
    }
  }

  get members(): WeirNode[] {
    return [...this.engines, ...this.ingresses];
  }

  async #member(name: string, app: string, more: readonly string[]): Promise<WeirNode> {
    const ways: Proxy[] = [];
    for (const server of this.nats) ways.push(await Proxy.listen(await freePort(), server.port));
    this.rig.onEnd(() => {
      for (const way of ways) way.close();
    });
    const url = ways.map(({ port }) => `nats://127.0.0.1:${port}`).join(',');
    const cluster = ['--nats-url', url, '--weir-cluster', 'chaos'];
    const node = await this.rig.node(name, { script: `apps/${app}/src/main.ts`, more: [...cluster, ...more] });
    this.#ways.set(node, ways);
    return node;
  }

  network(node: WeirNode, carries: Carries): void {
    for (const way of this.#ways.get(node)!) way.set(carries);
  }

  /** The engine that says that it leads, with the newest epoch if several say so. */
  async leader(among: readonly WeirNode[] = this.engines): Promise<WeirNode | undefined> {
    const found = await Promise.all(
      among.map(async (node) => {
        try {
          const role = (await node.call('ROLE')) as unknown[];
          return role[0] === 'master' ? { node, epoch: (await node.position()).epoch } : undefined;
        } catch {
          return undefined;
        }
      }),
    );
    return found.filter((one) => one !== undefined).sort((a, b) => b.epoch - a.epoch)[0]?.node;
  }

  /** One leads, the others follow, and a write goes through every door. */
  async serves(boundMs = 60_000): Promise<void> {
    await until(
      'one engine to lead and the others to follow it',
      async () => {
        const roles = await Promise.all(this.engines.map(async (node) => (await node.call('ROLE')) as unknown[]));
        const masters = roles.filter(([role]) => role === 'master').length;
        if (masters !== 1) throw new Error(`${masters} lead`);
        return roles.every(([role, , , link]) => role === 'master' || link === 'connected');
      },
      boundMs,
      100,
    );
    for (const node of this.ingresses)
      await until(
        `a write through ${node.name}`,
        async () => (await node.call('SET', `chaos:${node.name}`, '1')) === 'OK',
        boundMs,
        100,
      );
  }

  showLogs(): void {
    this.rig.showLogs();
    for (const { name, lines } of this.nats)
      process.stderr.write(`\n--- ${name}, last lines ---\n${lines.slice(-20).join('\n')}\n`);
  }

  end(): Promise<void> {
    return this.rig.end();
  }
}

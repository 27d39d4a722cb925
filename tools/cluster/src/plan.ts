/** What a cluster on one machine consists of: three NATS servers, three engines, two ingresses, two replication apps, the admin app. */

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { checkoutRoot, findNatsServer } from '@weir/toolchain';

export interface PartPlan {
  readonly name: string;
  readonly kind: 'nats' | 'engine' | 'ingress' | 'replication' | 'admin';
  /** Where clients reach it, 0: nowhere. */
  readonly port: number;
  readonly program: string;
  readonly args: readonly string[];
}

export interface Plan {
  readonly dir: string;
  readonly natsUrl: string;
  readonly parts: readonly PartPlan[];
}

export interface PlanOptions {
  readonly dir: string;
  /** Ingresses listen on it and the next; engines on + 10, NATS on + 20 and + 30, the admin app on + 40. */
  readonly port: number;
  readonly nats?: number;
  readonly engines?: number;
  readonly ingresses?: number;
  /** Of the engines: further directives. */
  readonly more?: readonly string[];
}

const CLUSTER = 'trial';

export function plan({ dir, port, nats = 3, engines = 3, ingresses = 2, more = [] }: PlanOptions): Plan {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const natsUrl = numbers(nats)
    .map((i) => `nats://127.0.0.1:${port + 20 + i}`)
    .join(',');
  const common = ['--nats-url', natsUrl, '--weir-cluster', CLUSTER];
  const copies = ['--log-replicas', String(nats)];
  const part = (kind: PartPlan['kind'], i: number, at: number, app: string, args: readonly string[]): PartPlan => {
    const name = `${kind}-${i + 1}`;
    const folder = path.join(dir, name);
    mkdirSync(folder, { recursive: true });
    return {
      name,
      kind,
      port: at,
      program: process.execPath,
      args: [script(app), ...common, '--dir', folder, ...args],
    };
  };
  return {
    dir,
    natsUrl,
    parts: [
      ...numbers(nats).map((i) => natsServer(dir, port, i, nats)),
      ...numbers(engines).map((i) => {
        const own = ['--port', String(port + 10 + i), '--link-listen', path.join(dir, `engine-${i + 1}.sock`)];
        return part('engine', i, port + 10 + i, 'server', [
          ...copies,
          ...own,
          '--replication-app',
          'external',
          ...more,
        ]);
      }),
      ...numbers(ingresses).map((i) => part('ingress', i, port + i, 'ingress', ['--port', String(port + i)])),
      ...numbers(2).map((i) => part('replication', i, 0, 'replication', copies)),
      part('admin', 0, port + 40, 'admin', ['--admin-port', String(port + 40)]),
    ],
  };
}

function script(app: string): string {
  return path.join(checkoutRoot(), `apps/${app}/src/main.ts`);
}

function natsServer(dir: string, port: number, i: number, count: number): PartPlan {
  const name = `nats-${i + 1}`;
  const folder = path.join(dir, name);
  mkdirSync(folder, { recursive: true });
  const routes = Array.from({ length: count }, (_, other) => `"nats://127.0.0.1:${port + 30 + other}"`);
  const lines = [
    `server_name: ${name}`,
    `listen: "127.0.0.1:${port + 20 + i}"`,
    'max_payload: 8388608',
    'max_pending: 67108864',
    `jetstream { store_dir: "${folder}", sync_interval: always }`,
    ...(count > 1
      ? [`cluster { name: ${CLUSTER}, listen: "127.0.0.1:${port + 30 + i}", routes: [${routes.join(', ')}] }`]
      : []),
  ];
  const file = path.join(folder, 'nats.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { name, kind: 'nats', port: port + 20 + i, program: findNatsServer(), args: ['-c', file] };
}

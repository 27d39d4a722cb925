/** What tests of logs that lost something have in common. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.ts';
import type { WeirNode } from './weir-node.ts';

export const NO_SNAPSHOTS = ['--save', '', '--snapshot-log-bytes', '0'];

export function streamFolder(node: WeirNode, kind: 'LOG' | 'SNAP'): string {
  const streams = join(node.dir, 'nats/store/jetstream');
  const account = readdirSync(streams).find((name) => readdirSync(join(streams, name)).includes('streams'))!;
  const { logId } = JSON.parse(readFileSync(join(node.dir, 'weir-node.json'), 'utf8')) as { logId: string };
  return join(streams, account, 'streams', `WEIR_weir_${logId}_${kind}`);
}

export async function fill(node: WeirNode, from: number, to: number): Promise<void> {
  const client = await node.connect();
  await client.pipeline(Array.from({ length: to - from }, (_, i) => ['SET', `key:${from + i}`, `value ${from + i}`]));
  client.close();
}

/** What a write and a read are answered, as soon as that is a refusal. */
export async function refusal(node: WeirNode, code: string): Promise<void> {
  const pattern = new RegExp(`MISCONF .*${code}`);
  const answer = (...command: string[]): Promise<unknown> => node.call(...command).catch((error: unknown) => error);
  await until(
    `${node.name} to refuse: ${code}`,
    async () => pattern.test(String(await answer('SET', 'x', 'y'))),
    30_000,
  );
  assert.equal(node.logged(pattern).length > 0, true, 'the node says so in its log');
  assert.match(((await node.call('WEIR', 'REPAIR')) as string[])[0]!, new RegExp(`^trouble: ${code}`));
}

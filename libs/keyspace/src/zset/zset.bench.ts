// Time of the operations of one large sorted set, without commands, and its bytes a member. Members and scores come in random order,
// so most of the time is waiting for memory; it is CPU time, but who shares the caches still counts.

import { Arena } from '@weir/memory';
import { TYPE_ZSET, ENC_LISTPACK } from '../entry.ts';
import { Keyspace } from '../keyspace.ts';
import * as zsets from './index.ts';
import { zsetOps } from './ops.ts';

export interface ZsetBenchResult {
  readonly name: string;
  readonly nanos: number;
}

export function zsetBench(members = 1_000_000): { results: ZsetBenchResult[]; bytesPerMember: number } {
  const keyspace = new Keyspace({ arena: new Arena(), seed: { k0: 1, k1: 2 }, randomSeed: 1 });
  const { space, random } = keyspace;
  const results: ZsetBenchResult[] = [];
  const names = Array.from({ length: members }, (_, i) => Buffer.from(`member:${String(i).padStart(9, '0')}`));
  const order = Uint32Array.from({ length: members }, (_, i) => i);
  for (let i = members - 1; i > 0; i--) {
    const j = random.u32() % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  const measure = (name: string, count: number, each: (i: number) => void): void => {
    const before = process.threadCpuUsage();
    for (let i = 0; i < count; i++) each(i);
    const { user, system } = process.threadCpuUsage(before);
    results.push({ name, nanos: ((user + system) * 1000) / count });
  };
  const add = (holder: number, i: number, score: number): void => {
    zsets.add(space, holder, names[i], 0, names[i].length, score, 0);
  };
  const cursor = new zsets.Cursor();

  const holder = keyspace.detached(TYPE_ZSET, ENC_LISTPACK);
  measure('add, random scores', members, (i) => add(holder, order[i], random.double() * 1e9));
  const bytesPerMember = zsetOps.bytes(space, holder) / members;
  measure('rank', members, (i) => void zsets.rankOf(space, holder, names[order[i]], 0, names[0].length));
  measure('score', members, (i) => void zsets.scoreOf(space, holder, names[order[i]], 0, names[0].length));
  measure('member of a rank', members, (i) => void cursor.seek(space, holder, order[i]));
  measure('count of a range', members, () => {
    const min = random.double() * 1e9;
    zsets.scoreRange(space, holder, min, false, min + 1e6, false);
  });
  cursor.seek(space, holder, 0);
  measure('step', members - 1, () => void cursor.next());
  measure('another score', members, (i) => add(holder, order[i], random.double() * 1e9));
  measure(
    'score + 1',
    members,
    (i) => void zsets.add(space, holder, names[order[i]], 0, names[0].length, 1, zsets.INCR),
  );
  measure('pop the first', members >> 1, () => zsets.removeRange(space, holder, 0, 1));
  measure('remove', members, (i) => void zsets.remove(space, holder, names[order[i]], 0, names[0].length));
  for (const [name, scoreOf] of [
    ['add, ascending', (i: number) => i],
    ['add, descending', (i: number) => -i],
    ['add, equal scores', () => 0],
  ] as const) {
    const other = keyspace.detached(TYPE_ZSET, ENC_LISTPACK);
    measure(name, members, (i) => add(other, i, scoreOf(i)));
    keyspace.dropDetached(other);
  }
  return { results, bytesPerMember };
}

if (import.meta.main) {
  const { results, bytesPerMember } = zsetBench();
  for (const { name, nanos } of results) console.log(`${name.padEnd(20)} ${nanos.toFixed(0).padStart(6)} ns`);
  console.log(`${bytesPerMember.toFixed(1)} bytes a member`);
}

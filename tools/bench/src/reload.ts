/**
 * A data set of every type comes back from a snapshot: half of the keys are strings, the others small collections of ten, and
 * of each type there are a few large ones.
 */

import { digits, sendAll, variadic } from './bulk.ts';
import type { Words } from './bulk.ts';
import type { FigureBench } from './figures.ts';
import { compareReload } from './replica.ts';
import { smallKinds } from './small.ts';

const LARGE_ELEMENTS = 10_000;
const LARGE_KEYS = 2;

function* mixed(keys: number, elements: number): Generator<Words> {
  const strings = keys / 2;
  const value = 'x'.repeat(64);
  for (let i = 0; i < strings; i++) yield ['SET', `string:${digits(i)}`, value];
  const each = Math.floor((keys - strings) / smallKinds.length);
  for (const [kind, { commands }] of smallKinds.entries()) {
    for (let i = 0; i < each; i++) yield* commands(`small:${kind}:${i}`, i * 7);
  }
  for (let key = 0; key < LARGE_KEYS; key++) {
    yield* variadic(['HSET', `large:hash:${key}`], elements, (i) => [`field:${i}`, `value:${digits(i)}`]);
    yield* variadic(['RPUSH', `large:list:${key}`], elements, (i) => [`element:${digits(i)}`]);
    yield* variadic(['SADD', `large:set:${key}`], elements, (i) => [`member:${digits(i)}`]);
    yield* variadic(['SADD', `large:intset:${key}`], elements / 20, (i) => [i * 3]);
    yield* variadic(['ZADD', `large:zset:${key}`], elements, (i) => [i * 0.5, `member:${digits(i)}`]);
    for (let i = 1; i <= elements; i++) yield ['XADD', `large:stream:${key}`, `${i}-0`, 'field', `value:${i}`];
  }
}

export const reloadBench: FigureBench = {
  name: 'reload',
  async run({ workshop, quick, progress }) {
    const keys = quick ? 6000 : 1_000_000;
    const elements = quick ? 500 : LARGE_ELEMENTS;
    return compareReload({
      workshop,
      title: 'reload of all types',
      fill: (port) => sendAll(port, mixed(keys, elements)),
      note: 'half strings, half small collections, some large ones; Redis: dump.rdb at its start',
      progress,
    });
  },
};

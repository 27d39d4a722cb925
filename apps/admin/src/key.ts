/** The first part of a key's value, by its type, with commands that cost what is shown and not what there is. */

import { showBytes } from './bytes.ts';
import type { Argument } from './nodes.ts';

export interface KeyLimits {
  /** Elements. */
  readonly limit: number;
  /** Of a string or an element. */
  readonly valueBytesMax: number;
}

export interface ShownKey {
  readonly type: string;
  readonly encoding: string;
  readonly ttlMs: number | null;
  readonly memoryBytes: number;
  readonly length: number;
  readonly elementsShown: number;
  readonly value: unknown;
}

type Call = (args: readonly Argument[]) => Promise<unknown>;

/** An engine sends elements whole: with large ones fewer are asked for. */
const REPLY_BYTES_MAX = 16 * 1024 * 1024;

export interface KeyFacts {
  readonly type: string;
  readonly memoryBytes: number;
  readonly ttlMs: number | null;
  readonly uses?: number;
}

/** Of those that are still there. Sent together: they are answered in one round. */
export async function factsOfKeys(
  call: Call,
  keys: readonly Buffer[],
  uses = false,
): Promise<{ readonly key: Buffer; readonly facts: KeyFacts }[]> {
  const all = await Promise.all(
    keys.map(async (key) => {
      const asked = [call(['TYPE', key]), call(['MEMORY', 'USAGE', key]), call(['PTTL', key])];
      if (uses) asked.push(call(['OBJECT', 'FREQ', key]).catch(() => 0));
      const [type, memory, ttl, freq] = (await Promise.all(asked)) as [Buffer, number | null, number, number?];
      if (memory === null || ttl === -2) return null;
      const facts = { type: String(type), memoryBytes: memory, ttlMs: ttl < 0 ? null : ttl };
      return { key, facts: freq === undefined ? facts : { ...facts, uses: freq } };
    }),
  );
  return all.filter((one) => one !== null);
}

/** Null when there is no such key, or none any more. */
export async function readKey(call: Call, key: Buffer, { limit, valueBytesMax }: KeyLimits): Promise<ShownKey | null> {
  const type = String(await call(['TYPE', key]));
  const shape = SHAPES[type];
  if (shape === undefined) return null;
  const [ttl, memory, encoding, length] = (await Promise.all([
    call(['PTTL', key]),
    call(['MEMORY', 'USAGE', key]),
    call(['OBJECT', 'ENCODING', key]),
    call([shape.length, key]),
  ])) as [number, number | null, Buffer | null, number];
  if (memory === null || encoding === null || ttl === -2) return null;
  const fits = Math.max(1, Math.floor(REPLY_BYTES_MAX / Math.max(1, memory / Math.max(1, length))));
  const count = Math.min(limit, fits);
  const show = (bytes: Buffer) => showBytes(bytes, valueBytesMax);
  const { value, elements } = await shape.read(call, key, { count, valueBytesMax, length, show });
  return {
    type,
    encoding: String(encoding),
    ttlMs: ttl < 0 ? null : ttl,
    memoryBytes: memory,
    length,
    elementsShown: elements,
    value,
  };
}

interface ReadOptions {
  readonly count: number;
  readonly valueBytesMax: number;
  readonly length: number;
  readonly show: (bytes: Buffer) => unknown;
}

interface Shape {
  /** The command that tells how long it is. */
  readonly length: string;
  read(call: Call, key: Buffer, options: ReadOptions): Promise<{ value: unknown; elements: number }>;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  string: {
    length: 'STRLEN',
    async read(call, key, { valueBytesMax, length }) {
      const bytes =
        valueBytesMax === 0 ? Buffer.alloc(0) : ((await call(['GETRANGE', key, 0, valueBytesMax - 1])) as Buffer);
      return { value: showBytes(bytes, valueBytesMax, length), elements: 1 };
    },
  },
  list: {
    length: 'LLEN',
    async read(call, key, { count, show }) {
      const elements = (await call(['LRANGE', key, 0, count - 1])) as Buffer[];
      return { value: elements.map(show), elements: elements.length };
    },
  },
  set: {
    length: 'SCARD',
    async read(call, key, { count, show }) {
      const elements = (await scanned(call, 'SSCAN', key, count)).slice(0, count);
      return { value: elements.map(show), elements: elements.length };
    },
  },
  hash: {
    length: 'HLEN',
    async read(call, key, { count, show }) {
      const flat = (await scanned(call, 'HSCAN', key, count)).slice(0, 2 * count);
      const fields = pairs(flat).map(([field, value]) => ({ field: show(field), value: show(value) }));
      return { value: fields, elements: fields.length };
    },
  },
  zset: {
    length: 'ZCARD',
    async read(call, key, { count, show }) {
      const flat = (await call(['ZRANGE', key, 0, count - 1, 'WITHSCORES'])) as Buffer[];
      const members = pairs(flat).map(([member, score]) => ({ member: show(member), score: String(score) }));
      return { value: members, elements: members.length };
    },
  },
  stream: {
    length: 'XLEN',
    async read(call, key, { count, show }) {
      const entries = (await call(['XRANGE', key, '-', '+', 'COUNT', count])) as [Buffer, Buffer[]][];
      const value = entries.map(([id, flat]) => ({
        id: String(id),
        fields: pairs(flat).map(([field, one]) => ({ field: show(field), value: show(one) })),
      }));
      return { value, elements: value.length };
    },
  },
};

/** A small one comes whole at the first step; of a large one a step may bring nothing. */
async function scanned(call: Call, command: 'SSCAN' | 'HSCAN', key: Buffer, count: number): Promise<Buffer[]> {
  const wanted = command === 'HSCAN' ? 2 * count : count;
  const found: Buffer[] = [];
  let cursor = '0';
  do {
    const [next, some] = (await call([command, key, cursor, 'COUNT', count])) as [Buffer, Buffer[]];
    found.push(...some);
    cursor = String(next);
  } while (cursor !== '0' && found.length < wanted);
  return found;
}

function pairs(flat: readonly Buffer[]): [Buffer, Buffer][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
}

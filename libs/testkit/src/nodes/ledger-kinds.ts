import type { Argument, RawClient } from './raw-client.ts';

/**
 * The kinds of writes of a Ledger, one per type: a write adds one element of its own, under the name of the write, to a key of its
 * writer (a string is a key of its own). What a type holds is read back whole or by name, and says of each write whether it is there.
 */
export interface LedgerKind {
  command(write: string, value: string): readonly Argument[];
  acknowledges(reply: unknown): boolean;
  /**
   * Of each write: its value when it is there as it should be, null when it is not there, else what is wrong. `ordered`: they must
   * stand in their order (what was never acknowledged may come late).
   */
  read(
    client: RawClient,
    writes: readonly string[],
    value: (write: string) => string,
    ordered: boolean,
  ): Promise<(string | null)[]>;
}

const writerOf = (write: string): string => write.slice(0, write.lastIndexOf(':'));
const numberOf = (write: string): number => Number(write.slice(write.lastIndexOf(':') + 1));

/** Writes of one writer at a time, in the order given. */
async function byWriter(
  writes: readonly string[],
  read: (writer: string, some: readonly string[]) => Promise<(string | null)[]>,
): Promise<(string | null)[]> {
  const groups = Map.groupBy(writes, writerOf);
  const found = new Map<string, string | null>();
  for (const [writer, some] of groups) {
    const values = await read(writer, some);
    some.forEach((write, i) => found.set(write, values[i]!));
  }
  return writes.map((write) => found.get(write)!);
}

/** Asks for a thousand at a time. */
async function inParts(
  writes: readonly string[],
  read: (some: readonly string[]) => Promise<(string | null)[]>,
): Promise<(string | null)[]> {
  const values: (string | null)[] = [];
  for (let i = 0; i < writes.length; i += 1000) values.push(...(await read(writes.slice(i, i + 1000))));
  return values;
}

/** Of sequences: each write at most once, and, if that is asked for, in the order of their numbers. */
function inSequence(
  elements: readonly string[],
  writes: readonly string[],
  value: (write: string) => string,
  ordered: boolean,
): (string | null)[] {
  const times = new Map<string, number>(writes.map((write) => [write, 0]));
  let last = '';
  let disorder = '';
  for (const element of elements) {
    const n = times.get(element);
    if (n === undefined) continue;
    times.set(element, n + 1);
    if (last !== '' && numberOf(element) <= numberOf(last)) disorder = `${element} stands behind ${last}`;
    last = element;
  }
  return writes.map((write) => {
    if (ordered && disorder !== '') return disorder;
    const n = times.get(write);
    return n === 0 ? null : n === 1 ? value(write) : `${write} is there ${n} times`;
  });
}

export const LEDGER_KINDS: readonly LedgerKind[] = [
  {
    command: (write, value) => ['SET', write, value],
    acknowledges: (reply) => reply === 'OK',
    read: (client, writes) =>
      inParts(writes, async (some) => (await client.call('MGET', ...some)) as (string | null)[]),
  },
  {
    command: (write, value) => ['HSET', `${writerOf(write)}:hash`, write, value],
    acknowledges: (reply) => reply === 1,
    read: (client, writes) =>
      byWriter(writes, (writer, all) =>
        inParts(all, async (some) => (await client.call('HMGET', `${writer}:hash`, ...some)) as (string | null)[]),
      ),
  },
  {
    command: (write) => ['SADD', `${writerOf(write)}:set`, write],
    acknowledges: (reply) => reply === 1,
    read: (client, writes, value) =>
      byWriter(writes, (writer, all) =>
        inParts(all, async (some) => {
          const there = (await client.call('SMISMEMBER', `${writer}:set`, ...some)) as number[];
          return some.map((write, i) => (there[i] === 1 ? value(write) : null));
        }),
      ),
  },
  {
    command: (write) => ['ZADD', `${writerOf(write)}:zset`, String(numberOf(write)), write],
    acknowledges: (reply) => reply === 1,
    read: (client, writes, value) =>
      byWriter(writes, (writer, all) =>
        inParts(all, async (some) => {
          const scores = (await client.call('ZMSCORE', `${writer}:zset`, ...some)) as (string | null)[];
          return some.map((write, i) => (scores[i] === String(numberOf(write)) ? value(write) : scores[i]!));
        }),
      ),
  },
  {
    command: (write) => ['RPUSH', `${writerOf(write)}:list`, write],
    acknowledges: (reply) => typeof reply === 'number',
    read: (client, writes, value, ordered) =>
      byWriter(writes, async (writer, some) =>
        inSequence((await client.call('LRANGE', `${writer}:list`, '0', '-1')) as string[], some, value, ordered),
      ),
  },
  {
    command: (write) => ['XADD', `${writerOf(write)}:stream`, '*', 'write', write],
    acknowledges: (reply) => typeof reply === 'string',
    read: (client, writes, value, ordered) =>
      byWriter(writes, async (writer, some) => {
        const entries = (await client.call('XRANGE', `${writer}:stream`, '-', '+')) as [string, string[]][];
        const names = entries.map(([, fields]) => fields[1]!);
        return inSequence(names, some, value, ordered);
      }),
  },
];

/** A write's kind follows from its number. */
export function kindOf(write: string): number {
  return numberOf(write) % LEDGER_KINDS.length;
}

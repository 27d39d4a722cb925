/**
 * What is compared when a sequence is over: every key by its type, encoding, expire time and content (not by DUMP, whose
 * bytes may be in another order), DEBUG DIGEST of the whole, DUMP of each side restored by the other; and a replica that
 * has only the log.
 */

import { latin1 } from '@weir/commands/testing';
import type { TestEngine } from '@weir/commands/testing';
import { fingerprint } from '@weir/keyspace';
import { THRESHOLDS } from './generate.ts';
import { isError, leaf, leaves, line, parse, sameButDoubles, sameReply, show, showBoth, words } from './replies.ts';
import type { Comparison, OracleName } from './rows.ts';

export interface BothSides {
  readonly oracle: OracleName;
  readonly databases: number;
  readonly exchangesDumps: boolean;
  /** Whether there was a SORT: in Redis it makes a skiplist of a small sorted set. */
  readonly sorted: boolean;
  call(...args: (string | Uint8Array)[]): Promise<[redis: Uint8Array, weir: Uint8Array]>;
  known(args: readonly Uint8Array[], theirs: Uint8Array, ours: Uint8Array): boolean;
}

type Probe = readonly [before: readonly string[], after: readonly string[], compare: Comparison];

const CONTENT: Readonly<Record<string, readonly Probe[]>> = {
  string: [[['GET'], [], 'exact']],
  list: [[['LRANGE'], ['0', '-1'], 'exact']],
  set: [[['SMEMBERS'], [], 'set']],
  hash: [[['HGETALL'], [], 'pairs']],
  zset: [[['ZRANGE'], ['0', '-1', 'WITHSCORES'], 'exact']],
  stream: [
    [['XRANGE'], ['-', '+'], 'exact'],
    [['XINFO', 'STREAM'], ['FULL', 'COUNT', '0'], 'idle'],
  ],
};

/** A request longer than this would be refused where the test allows bulk strings of 1 MiB. */
const PAYLOAD_MAX = 1_000_000;
const SCRATCH = '\x00weir scratch';

/**
 * Encodings of 7.2 that are another's in Redis 7.0: it has no listpacks for small lists and sets (and where 7.2 stores
 * integers that come out of a listpack, they are one again: 7.0 makes an intset); and it looks at the number of elements
 * after each one, where 7.2 looks at how many a request brings, some of which may be there already. Valkey agrees exactly.
 */
const ENCODINGS_SINCE_7_2: Readonly<Record<string, readonly (readonly [theirs: string, ours: string])[]>> = {
  list: [['quicklist', 'listpack']],
  set: [
    ['hashtable', 'listpack'],
    ['intset', 'listpack'],
    ['intset', 'hashtable'],
  ],
  hash: [['listpack', 'hashtable']],
  zset: [['listpack', 'skiplist']],
};

export function sameEncoding(oracle: OracleName, type: string, theirs: string, ours: string, sorted = false): boolean {
  if (theirs === ours) return true;
  if (sorted && type === 'zset' && theirs === 'skiplist' && ours === 'listpack') return true;
  return oracle === 'redis' && (ENCODINGS_SINCE_7_2[type] ?? []).some(([a, b]) => a === theirs && b === ours);
}

export async function compareContents(sides: BothSides): Promise<string | null> {
  let digestsDiffer = false;
  for (let db = 0; db < sides.databases; db++) {
    await sides.call('SELECT', String(db));
    // Removes what has expired: keys are compared, and digested.
    await sides.call('SCAN', '0', 'COUNT', '1000000');
    const [theirs, ours] = await sides.call('KEYS', '*');
    if (!sameReply(theirs, ours, 'set')) return `keys of database ${db}\n${showBoth(theirs, ours)}`;
    for (const key of leaves(parse(theirs))) {
      const name = Buffer.from(key, 'latin1');
      const otherDigest = await hasLongScores(sides, name);
      digestsDiffer ||= otherDigest;
      const text = await compareKey(sides, name, otherDigest);
      if (text !== null) return `in database ${db}, ${text}`;
    }
  }
  return digestsDiffer ? null : digest(sides, words('DEBUG', 'DIGEST'));
}

/** The digest is one of scores as text, and Redis 7.2 writes them shorter than 7.0. */
async function hasLongScores({ oracle, call }: BothSides, key: Uint8Array): Promise<boolean> {
  if (oracle !== 'valkey' || leaf(parse((await call('TYPE', key))[1])) !== 'zset') return false;
  const [theirs, ours] = (await call('ZRANGE', key, '0', '-1', 'WITHSCORES')).map(latin1);
  // Integers that are long or end with many zeros it replies like 7.0, and digests otherwise (1e+8).
  return (theirs !== ours && sameButDoubles(theirs, ours)) || /(?:[1-9]0{5,}|\d{16})\r\n/.test(theirs);
}

async function compareKey(sides: BothSides, key: Uint8Array, otherDigest: boolean): Promise<string | null> {
  const ask = async (
    before: readonly string[],
    after: readonly string[],
    compare: Comparison,
  ): Promise<string | null> => {
    const args = [...words(...before), key, ...words(...after)];
    const [theirs, ours] = await sides.call(...args);
    if (sameReply(theirs, ours, compare) || sides.known(args, theirs, ours)) return null;
    return `${line(args)}\n${showBoth(theirs, ours)}`;
  };
  const [typeReply] = await sides.call('TYPE', key);
  const type = leaf(parse(typeReply));
  const simple = (await ask(['TYPE'], [], 'exact')) ?? (await ask(['PEXPIRETIME'], [], 'time-milliseconds'));
  if (simple !== null) return simple;
  for (const probe of CONTENT[type] ?? []) {
    const text = await ask(...probe);
    if (text !== null) return text;
  }
  const [theirs, ours] = await sides.call('OBJECT', 'ENCODING', key);
  if (!sameEncoding(sides.oracle, type, leaf(parse(theirs)), leaf(parse(ours)), sides.sorted)) {
    return `OBJECT ENCODING ${line([key])}\n${showBoth(theirs, ours)}`;
  }
  const text = otherDigest ? null : await digest(sides, [...words('DEBUG', 'DIGEST-VALUE'), key]);
  return text === null && sides.exchangesDumps ? exchangeDumps(sides, key, type) : text;
}

async function digest(sides: BothSides, args: readonly Uint8Array[]): Promise<string | null> {
  const [theirs, ours] = await sides.call(...args);
  return sameReply(theirs, ours, 'exact') ? null : `${line(args)}\n${showBoth(theirs, ours)}`;
}

/** What one side dumps, the other restores to the same. */
async function exchangeDumps(sides: BothSides, key: Uint8Array, type: string): Promise<string | null> {
  const [theirs, ours] = (await sides.call('DUMP', key)).map(payloadOf);
  // The digest tells whether there is an expire time.
  const expires = (await sides.call('PEXPIRETIME', key)).map((reply) => leaf(parse(reply)))[0] !== '-1';
  // Both are sent the same two requests; what a side dumped itself is restored, too.
  for (const [whose, payload] of [
    ["Redis's", theirs],
    ["Weir's", ours],
  ] as const) {
    if (payload.length > PAYLOAD_MAX) continue;
    const restored = await sides.call('RESTORE', SCRATCH, expires ? '1000000' : '0', payload);
    const refused = restored.find(isError);
    if (refused !== undefined)
      return `RESTORE of ${whose} dump of ${line([key])} (${type}): ${restored.map(show).join(' ')}`;
    const digests = await sides.call('DEBUG', 'DIGEST-VALUE', key, SCRATCH);
    for (const [i, side] of ['Redis', 'Weir'].entries()) {
      const [before, after] = leaves(parse(digests[i]));
      if (before !== after) return `${side} restores another ${type} from ${whose} dump of ${line([key])}`;
    }
    await sides.call('DEL', SCRATCH);
  }
  return null;
}

function payloadOf(reply: Uint8Array): Uint8Array {
  const { value } = parse(reply);
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

/**
 * What a replica has applied must be what the master has. (Encodings may differ, as they do in Redis; but a listpack does not
 * know -0 from 0, so the replica has the master's thresholds.)
 */
export function compareReplica(master: TestEngine, fresh: () => TestEngine): string | null {
  master.verify();
  const replica = fresh();
  for (const [, name] of THRESHOLDS) {
    const value = leaves(parse(master.call('CONFIG', 'GET', name))).at(-1);
    if (value !== undefined) replica.call('CONFIG', 'SET', name, value);
  }
  replica.now = master.now;
  replica.ctx.role.isSlave = true;
  for (const record of master.history) replica.apply(record);
  replica.verify();
  const text = (engine: TestEngine): string[] =>
    engine.contents().map(({ db, key, type, expireMs, value }) => JSON.stringify({ db, key, type, expireMs, value }));
  const [expected, applied] = [text(master), text(replica)];
  for (let i = 0; i < Math.max(expected.length, applied.length); i++) {
    if (expected[i] !== applied[i]) return `master:  ${expected[i] ?? 'nothing'}\nreplica: ${applied[i] ?? 'nothing'}`;
  }
  const groups = compareGroups(master, replica);
  if (groups !== null) return groups;
  const [whole, copy] = [master, replica].map((engine) => fingerprint(engine.ctx.keyspace));
  return whole === copy ? null : `the fingerprint is ${whole} on the master, ${copy} on the replica`;
}

/** Consumer groups, of which no digest tells. When a consumer was last seen is its master's knowledge. */
function compareGroups(master: TestEngine, replica: TestEngine): string | null {
  const call = (engine: TestEngine, ...args: string[]): Uint8Array => engine.call(...words(...args)).slice();
  for (const { db, key } of master.contents().filter(({ db, key }) => isStream(master, db, key))) {
    for (const engine of [master, replica]) call(engine, 'SELECT', String(db));
    const [a, b] = [master, replica].map((engine) =>
      withoutNodes(call(engine, 'XINFO', 'STREAM', key, 'FULL', 'COUNT', '0')),
    );
    if (!sameReply(a, b, 'idle')) return `the replica's groups of ${key}\nmaster:  ${show(a)}\nreplica: ${show(b)}`;
  }
  return null;
}

/** A replica may have other limits of its nodes. */
function withoutNodes(reply: Uint8Array): Uint8Array {
  const text = Buffer.from(reply).toString('latin1');
  return Buffer.from(text.replace(/(radix-tree-(?:keys|nodes)\r\n):\d+/g, '$1:0'), 'latin1');
}

function isStream(engine: TestEngine, db: number, key: string): boolean {
  engine.call('SELECT', String(db));
  return engine.text('TYPE', Buffer.from(key, 'latin1')) === '+stream\r\n';
}

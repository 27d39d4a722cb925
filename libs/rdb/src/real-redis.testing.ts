// A real redis-server for the end-to-end tests and for making the fixtures: on a free port of the loopback, in a folder of its own.

import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@weir/testkit';
import { Redis } from 'ioredis';
import { idText, inOrderOfScores, joined } from './testing.ts';
import type { CollectedGroup, CollectedValue } from './testing.ts';

const START_MS_MAX = 60_000;
const STARTS_MAX = 5;

export const NOT_INSTALLED =
  'is not installed, and these tests compare with it: install Redis 7 (Debian: apt-get install redis-server redis-tools)';

export interface RealRedis {
  readonly client: Redis;
  readonly dir: string;
  stop(): Promise<void>;
}

/** What the server answers for a key, in the form of contentOf(). */
export async function realContent(client: Redis, key: Buffer): Promise<unknown[]> {
  const type = await client.type(key);
  const text = (parts: unknown): string[] => (parts as Buffer[]).map((part) => part.toString('latin1'));
  const pairs = (flat: string[]): [string, string][] =>
    Array.from({ length: flat.length / 2 }, (_, i): [string, string] => [flat[2 * i], flat[2 * i + 1]]);
  switch (type) {
    case 'list':
      return text(await client.lrangeBuffer(key, 0, -1));
    case 'set':
      return text(await client.smembersBuffer(key)).sort();
    case 'hash':
      return pairs(text(await client.callBuffer('HGETALL', key))).sort(([a], [b]) => (a < b ? -1 : 1));
    case 'zset':
      return inOrderOfScores(pairs(text(await client.callBuffer('ZRANGE', key, '0', '-1', 'WITHSCORES'))));
    case 'stream':
      return ((await client.callBuffer('XRANGE', key, '-', '+')) as [Buffer, Buffer[]][]).map(([id, fields]) => ({
        id: id.toString(),
        fields: text(fields),
      }));
    default:
      throw new Error(`no content of type ${type}`);
  }
}

export interface RealStream {
  readonly length: number;
  readonly lastId: string;
  readonly firstId: string;
  readonly maxDeletedId: string;
  readonly entriesAdded: bigint;
  readonly groups: CollectedGroup[];
}

/** XINFO STREAM FULL, in the form of what a sink collects. activeTimeMs is that when it was seen where the server has none. */
export async function realStream(client: Redis, key: Buffer): Promise<RealStream> {
  type Fields = Map<string, unknown>;
  const fields = (flat: unknown): Fields => {
    const list = flat as unknown[];
    return new Map(Array.from({ length: list.length / 2 }, (_, i) => [String(list[2 * i]), list[2 * i + 1]]));
  };
  const text = (value: unknown): string => (value as Buffer).toString('latin1');
  const rows = (value: unknown): unknown[][] => value as unknown[][];
  const info = fields(await client.callBuffer('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'));
  const groups = rows(info.get('groups')).map((row): CollectedGroup => {
    const group = fields(row);
    return {
      name: text(group.get('name')),
      lastId: text(group.get('last-delivered-id')),
      entriesRead: BigInt((group.get('entries-read') as number | null) ?? -1),
      pending: rows(group.get('pending')).map(([id, , time, count]) => ({
        id: text(id),
        deliveryTimeMs: time as number,
        deliveryCount: BigInt(count as number),
      })),
      consumers: rows(group.get('consumers')).map((consumerRow) => {
        const consumer = fields(consumerRow);
        return {
          name: text(consumer.get('name')),
          seenTimeMs: consumer.get('seen-time') as number,
          activeTimeMs: (consumer.get('active-time') ?? consumer.get('seen-time')) as number,
          pending: rows(consumer.get('pending')).map(([id]) => text(id)),
        };
      }),
    };
  });
  const length = info.get('length') as number;
  return {
    length,
    lastId: text(info.get('last-generated-id')),
    firstId: text(info.get('recorded-first-entry-id')),
    maxDeletedId: text(info.get('max-deleted-entry-id')),
    entriesAdded: BigInt(info.get('entries-added') as number),
    groups,
  };
}

/** What a sink collected of a stream, in the form of realStream(). */
export function collectedStream({ meta, groups }: CollectedValue): RealStream {
  const m = meta!;
  return {
    length: m.length,
    lastId: idText(m.lastMsHi, m.lastMsLo, m.lastSeqHi, m.lastSeqLo),
    firstId: idText(m.firstMsHi, m.firstMsLo, m.firstSeqHi, m.firstSeqLo),
    maxDeletedId: idText(m.maxDeletedMsHi, m.maxDeletedMsLo, m.maxDeletedSeqHi, m.maxDeletedSeqLo),
    entriesAdded: joined(m.entriesAddedHi, m.entriesAddedLo),
    groups,
  };
}

/** prepare: called with the folder before the server starts, to put a dump.rdb there. */
export async function startRedis(
  options: readonly string[],
  prepare?: (dir: string) => void,
  program = 'redis-server',
): Promise<RealRedis> {
  for (let left = STARTS_MAX; ; left--) {
    try {
      return await startOnce(options, prepare, program);
    } catch (error) {
      // Another process of the machine was faster.
      if (left === 1 || !/Address already in use/.test((error as Error).message)) throw error;
    }
  }
}

async function startOnce(
  options: readonly string[],
  prepare: ((dir: string) => void) | undefined,
  program: string,
): Promise<RealRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-rdb-'));
  prepare?.(dir);
  const port = await freePort();
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
  const child = spawn(program, [...fixed, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  child.stdout.on('data', (data: Buffer) => (log += data.toString()));
  let failure: Error | undefined;
  child.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code === 'ENOENT' ? new Error(`redis-server ${NOT_INSTALLED}`) : error;
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const stopProcess = async (): Promise<void> => {
    await endChild(child);
    process.off('exit', kill);
    rmSync(dir, { recursive: true, force: true });
  };

  for (const started = Date.now(); !log.includes('Ready to accept connections'); await sleep(10)) {
    if (failure === undefined && hasEnded(child)) failure = new Error(`redis-server ended:\n${log}`);
    if (failure === undefined && Date.now() - started > START_MS_MAX)
      failure = new Error(`redis-server hangs:\n${log}`);
    if (failure === undefined) continue;
    await stopProcess();
    throw failure;
  }
  const client = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 0, protocol: 2 });
  return {
    client,
    dir,
    stop: async () => {
      client.disconnect();
      await stopProcess();
    },
  };
}

/** The path of valkey-server 8.0, which the set-up's script finds or fetches. */
export function findValkeyServer(): string {
  const script = join(import.meta.dirname, '../../../tools/bootstrap/valkey.mjs');
  const folder = execFileSync(process.execPath, [script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return join(folder.trim(), 'valkey-server');
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

// How replies are compared that tell what is different in every process: only that is left out, the rest must be equal.

import { allCommands } from '@weir/commands';
import { ReplyParser } from '@weir/resp';
import type { Reply } from '@weir/resp';
import { sameEncoding } from './contents.ts';
import type { Compare } from './rows.ts';

/** The lines that only one side has. */
function difference(theirs: readonly string[], ours: readonly string[]): string | null {
  if (theirs.join('\n') === ours.join('\n')) return null;
  const missing = theirs.filter((text) => !ours.includes(text)).map((text) => `- ${text}`);
  const added = ours.filter((text) => !theirs.includes(text)).map((text) => `+ ${text}`);
  return [...missing, ...added].join('\n') || 'the order differs';
}

/** Equal once the patterns' volatile parts are replaced by the same. */
function masked(...masks: readonly (readonly [RegExp, string])[]): Compare {
  const hide = (text: string): string => masks.reduce((hidden, [pattern, by]) => hidden.replace(pattern, by), text);
  return (redis, weir) => difference(hide(redis).split('\n'), hide(weir).split('\n'));
}

/** The length of a bulk or verbatim string with something volatile in it. */
const LENGTH = [/^([$=])\d+/, '$1?'] as const;

export const sameHello = masked([/(\$2\r\nid\r\n):\d+/, '$1:?']);

const CLIENT_FIELDS =
  /\b(id|addr|laddr|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem)=\S*/g;

/** CLIENT INFO and LIST: name, database, flags, command, protocol of every connection, and the names of all fields. */
export const sameClients = masked(LENGTH, [CLIENT_FIELDS, '$1=?']);

/**
 * DEBUG OBJECT: of strings all but address and times; of others the encoding (Redis 7.0 has listpacks neither for lists nor
 * for sets), as the bytes of a snapshot may stand in another order.
 */
export const sameObject: Compare = (redis, weir) => {
  const encodings = [redis, weir].map((reply) => /encoding:(\w+)/.exec(reply)?.[1] ?? '');
  if (!encodings.some((encoding) => COLLECTIONS.test(encoding))) return sameString(redis, weir);
  const [theirs, ours] = encodings;
  if (['list', 'set', 'hash', 'zset'].some((type) => sameEncoding('redis', type, theirs, ours))) return null;
  return difference([theirs], [ours]);
};

const COLLECTIONS = /^(listpack|quicklist|intset|hashtable|skiplist|stream)$/;

const sameString = masked(
  [/Value at:0x[0-9a-f]+ refcount:\d+/, 'Value at:? refcount:?'],
  [/lru:\d+ lru_seconds_idle:\d+/, 'lru:? lru_seconds_idle:?'],
);

/** DUMP: of strings the value's bytes, of others that there are some (their order is free; they are restored at the end). */
export const samePayload: Compare = (redis, weir) => {
  const [theirs, ours] = [redis, weir].map((reply) => /^\$\d+\r\n([^]+)[^]{10}\r\n$/.exec(reply)?.[1]);
  if (theirs === undefined || ours === undefined) return 'nil or not';
  const isString = theirs.startsWith('\x00') || ours.startsWith('\x00');
  return isString && theirs !== ours ? difference([theirs], [ours]) : null;
};

export const sameTime: Compare = (redis, weir) => {
  const seconds = [redis, weir].map((reply) => /^\*2\r\n\$10\r\n(\d{10})\r\n\$(\d)\r\n(\d+)\r\n$/.exec(reply));
  if (seconds.some((match) => match === null || Number(match[2]) !== match[3].length)) return 'the shape';
  return Math.abs(Number(seconds[0]![1]) - Number(seconds[1]![1])) <= 2 ? null : 'the time';
};

/** SLOWLOG GET: the commands and who sent them; not when, from which port and how long they took. */
export const sameSlowlog: Compare = (redis, weir) => {
  const entries = [redis, weir].map((reply) => {
    const log = parse(reply);
    if (log.type !== 'array') return [reply];
    return log.value.map((entry) => {
      const [id, time, micros, args, addr, name] = entry.value as Reply[];
      const kinds = [id, time, micros, addr].map((part) => part.type);
      return JSON.stringify([
        kinds,
        (args.value as Reply[]).map(textOf),
        textOf(name),
        (entry.value as Reply[]).length,
      ]);
    });
  });
  return difference(entries[0], entries[1]);
};

/** LATENCY HISTOGRAM: which commands, and how many calls of each; not how long they took. */
export const sameCalls: Compare = (redis, weir) => {
  const [theirs, ours] = [redis, weir].map((reply) => {
    return [...reply.matchAll(/\$\d+\r\n(\S+)\r\n[*%]\d+\r\n\$5\r\ncalls\r\n:(\d+)/g)].map(
      ([, name, calls]) => `${name} ${calls}`,
    );
  });
  return redis[0] === weir[0] ? difference(theirs, ours) : 'the type';
};

const WEIR_COMMANDS = new Set(
  allCommands.flatMap((command) => [
    command.name,
    ...(command.subcommands ?? []).map((sub) => `${command.name}|${sub.name}`),
  ]),
);
const NOT_IN_REDIS = /^(waitaof|weir.*|client\|(setinfo|no-touch))$/;

/** Lists of commands: those that both have. */
export const sameNames: Compare = (redis, weir) => {
  const theirs = namesOf(redis).filter((name) => WEIR_COMMANDS.has(name));
  const ours = namesOf(weir).filter((name) => !NOT_IN_REDIS.test(name));
  return redis[0] === weir[0] ? difference(theirs.sort(), ours.sort()) : 'the type';
};

function namesOf(reply: string): string[] {
  const parsed = parse(reply);
  return parsed.type === 'array' || parsed.type === 'set' ? parsed.value.map(textOf) : [];
}

const WEIR_DIRECTIVES =
  /^(nats-.*|weir-.*|link-.*|commit-timeout|snapshot-.*|log-orphan-ttl|replication-(app|copy)|admin-.*|arena-reserve|log-replicas|leader-.*|ingress-workers|set-max-listpack-(entries|value))$/;

/** CONFIG GET: the directives that both have, in any order. */
export const sameConfig: Compare = (redis, weir) => {
  const [theirs, ours] = [redis, weir].map((reply) => {
    const parsed = parse(reply);
    const texts =
      parsed.type === 'map'
        ? parsed.value.map((pair) => pair.map(textOf))
        : namesOf(reply).flatMap((name, i, all) => (i % 2 === 0 ? [[name, all[i + 1]]] : []));
    return texts
      .filter(([name]) => !WEIR_DIRECTIVES.test(name))
      .map((pair) => pair.join(' '))
      .sort();
  });
  return redis[0] === weir[0] ? difference(theirs, ours) : 'the type';
};

/**
 * Fields of INFO whose values are determined by what was sent. Hits, misses and expired keys are not: SCAN counts what is
 * in its page.
 */
const INFO_VALUES =
  /^(redis_version|redis_mode|arch_bits|hz|configured_hz|process_supervised|connected_clients|blocked_clients|tracking_clients|maxclients|maxmemory.*|loading|async_loading|rdb_bgsave_in_progress|aof_enabled|evicted_keys|total_error_replies|unexpected_error_replies|total_commands_processed|role|connected_slaves|master_failover_state|cluster_enabled|errorstat_.*)$/;

/** INFO: sections and fields in order, and values where they are determined. */
export const sameInfo: Compare = (redis, weir) => {
  const [theirs, ours] = [redis, weir].map(infoLines);
  return redis[0] === weir[0] ? difference(theirs, ours) : 'the type';
};

function infoLines(reply: string): string[] {
  const lines: string[] = [];
  // these are in the order of a hash table in Redis
  const sorted: string[] = [];
  for (const line of textOf(parse(reply)).split('\r\n')) {
    if (line === '# Weir') break; // the last
    const [, name, value] = /^([^:]*):(.*)$/.exec(line) ?? ['', line, ''];
    if (name === 'weir_version' || name === '') continue;
    if (name.startsWith('cmdstat_')) sorted.push(`${name}:${value.replace(/usec(_per_call)?=[\d.]+/g, 'usec$1=?')}`);
    else if (name.startsWith('db')) sorted.push(`${name}:${value.replace(/avg_ttl=\d+/, 'avg_ttl=?')}`);
    else if (name.startsWith('errorstat_')) sorted.push(line);
    else if (!name.startsWith('latency_percentiles')) lines.push(INFO_VALUES.test(name) ? line : name);
  }
  return [...lines, ...sorted.sort()];
}

function parse(reply: string): Reply {
  const parser = new ReplyParser();
  parser.feed(Buffer.from(reply, 'latin1'));
  const parsed = parser.next();
  if (parsed === undefined) throw new Error('not a reply');
  return parsed;
}

function textOf(reply: Reply): string {
  if (reply.value instanceof Uint8Array) return Buffer.from(reply.value).toString('latin1');
  return String(reply.value as string | number | bigint | boolean);
}

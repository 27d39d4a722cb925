/**
 * CONFIG GET and SET of what both have. Directives whose valid values would take the server away from the test, or make
 * replies depend on time, have values of their own here, or none that is valid.
 */

import { table } from '@weir/config';
import type { TableRow } from '@weir/config';
import type { Gen, Grammar } from './grammar.ts';
import { literal, many, oneOf, seq, word } from './grammar.ts';
import { sameConfig } from './masks.ts';
import type { CommandRow } from './rows.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const REFUSED = ['x', '', '-1x', '1e3', ' 1', '99999999999999999999', '-99999999999999999999'];

const VALUES: Readonly<Record<string, readonly string[]>> = {
  port: REFUSED.concat('-1', '65536'),
  timeout: ['0', '1000', '2147483647', '2147483648', '-1', ...REFUSED],
  maxclients: ['10000', '1000', '0', '-1', '4294967296', ...REFUSED],
  'client-query-buffer-limit': ['1gb', '100mb', '1048575', '1kb', '0', '-1', '1tb', '8gb', '8589934591g'],
  'proto-max-bulk-len': ['1mb', '1048576', '2MB', '1048575', '0', '-5', '1mib', '9223372036854775808'],
  requirepass: ['', '', 'pw', 'pw', 'pw\x00x', '\xff\x80'],
  hz: ['10', '1', '0', '100', '1000', '-1', ...REFUSED],
  maxmemory: ['0', '1gb', '100mb', '1000m', '2Gb', '10000000k', '-1', '1%', 'x', '1.5gb'],
  'maxmemory-policy': ['noeviction', 'allkeys-lru', 'ALLKEYS-RANDOM', 'volatile-ttl', 'volatile', ''],
  'slowlog-log-slower-than': ['-1', '0', '0', '1000000000', '-2', ...REFUSED],
  'min-replicas-to-write': ['0', '-1', ...REFUSED],
  'latency-monitor-threshold': ['0', '100000', '-1', ...REFUSED],
  'maxmemory-clients': ['0', '1gb', '100%', '101%', '-1', '-5%', '%', 'x'],
  'oom-score-adj': ['no', 'No', 'maybe', ''],
  'oom-score-adj-values': ['0 200 800', '0 0 0', '0 200', '0 200 x', '0  200 800', '2001 0 0', '', '10 5 1'],
  save: ['', '', '90000 1', '90000 1 80000 100', '90000', '0 1', '90000 0', 'x 1', '90000 1 ', '-1 5', '90000 -1'],
  'notify-keyspace-events': ['', 'KEA', 'Kx', 'AKE', 'gxe', 'K$lshzxetdmn', 'q', 'A', 'Em', 'EAmn'],
  'client-output-buffer-limit': [
    'normal 0 0 0',
    'pubsub 32mb 8mb 60',
    'slave 1gb 64mb 0',
    'replica 256mb 64mb 60 normal 0 0 0',
    'normal 0 0',
    'master 0 0 0',
    'nosuch 0 0 0',
    'pubsub x 0 0',
    'pubsub 1 1 -1',
    '',
  ],
  'latency-tracking-info-percentiles': ['50 99 99.9', '', '0', '100', '101', '-1', 'x', '50 50', '12.345678', '1e1'],
  'shutdown-on-sigint': ['default', 'save', 'nosave now', 'force NOW', 'save nosave', 'nosuch', '', 'default save'],
  'shutdown-on-sigterm': ['default', 'save', 'now force', 'nosave', 'x'],
  'ignore-warnings': ['', 'ARM64-COW-BUG', 'x'],
  'cluster-announce-hostname': ['', 'a.b', 'a b', 'x'.repeat(300)],
  'repl-backlog-size': ['1mb', '16kb', '2mb', '0', '-1', '1x'],
  dir: ['/tmp'],
  dbfilename: ['a.rdb', 'a/b'],
};

/** Start something, need a build with it, or are about files. */
const LEFT_OUT = /^(tls-.*|appendonly|activedefrag|jemalloc-bg-thread|proc-title-template|bind|bind-source-addr)$/;
const WEIRS_OWN =
  /^(commit-timeout|snapshot-.*|log-orphan-ttl|nats-.*|weir-.*|link-.*|replication-(app|copy)|admin-.*|arena-reserve|log-replicas|leader-.*|ingress-workers|set-max-listpack-(entries|value))$/;

const both = table.filter(
  (row) => row.options.hidden !== true && !LEFT_OUT.test(row.name) && !WEIRS_OWN.test(row.name),
);
const settable = both.filter((row) => row.options.immutable !== true);
const weighty = ['requirepass', 'slowlog-log-slower-than', 'maxmemory-policy', 'slowlog-max-len', 'save'];

function spelled(g: Gen, row: TableRow): Uint8Array {
  const name = row.options.alias !== undefined && g.chance(0.3) ? row.options.alias : row.name;
  return bytes(g.chance(0.9) ? name : name.toUpperCase());
}

function valueOf(g: Gen, row: TableRow): Uint8Array {
  const own = VALUES[row.name];
  if (own !== undefined) return bytes(g.pick(own));
  switch (row.kind) {
    case 'bool':
      return bytes(g.pick(['yes', 'no', 'Yes', 'NO', 'true', '1', '']));
    case 'enum':
      return bytes(g.chance(0.8) ? g.pick(row.values) : g.pick(['x', '', row.values[0].toUpperCase()]));
    case 'string':
      return bytes(g.pick(['', 'some text', '\xff', 'a']));
    default: {
      const numbers = [row.min, row.min - 1n, row.max, row.max + 1n, row.min + 1n].map(String);
      const sizes = row.kind === 'memory' ? ['1k', '1kb', '1M', '1mb', '1b', '1x', 'kb', '1.5k'] : ['1k'];
      return bytes(g.pick([row.default, row.default, ...numbers, ...sizes, ...REFUSED]));
    }
  }
}

const weightyRows = settable.filter((one) => weighty.includes(one.name));
const row = (g: Gen): TableRow => g.pick(g.chance(0.2) ? weightyRows : settable);

const pair: Grammar = (g) => {
  const one = row(g);
  return [spelled(g, one), valueOf(g, one)];
};

const fault: Grammar = (g) => {
  const immutable = g.pick(both.filter((one) => one.options.immutable === true));
  return [g.pick([bytes('nosuch'), bytes(''), spelled(g, immutable), spelled(g, immutable)]), bytes('yes')];
};

/** The same directive twice. */
const twice: Grammar = (g) => {
  const one = row(g);
  return [spelled(g, one), valueOf(g, one), spelled(g, one), valueOf(g, one)];
};

const name: Grammar = (g) => [spelled(g, g.pick(both))];
const named: Grammar = (g) => [spelled(g, row(g))];
const pattern = literal(
  '*max*',
  'slow*',
  '*',
  'repl-*',
  'nosuch*',
  '?ave',
  '[rs]ave',
  'SLOW*',
  'list-max-[lz]*',
  '\\save',
);

export const configRows: readonly CommandRow[] = [
  {
    name: 'config',
    args: seq(word('GET'), many(1, 3, oneOf(name, named, literal('nosuch', '')))),
    compare: sameConfig,
    weight: 3,
  },
  { name: 'config', args: seq(word('GET'), many(1, 2, oneOf(pattern, named))), compare: sameConfig },
  { name: 'config', args: seq(word('SET'), pair), weight: 5, fixed: true },
  { name: 'config', args: seq(word('SET'), many(2, 3, pair)), weight: 2, fixed: true },
  {
    name: 'config',
    args: seq(word('SET'), oneOf(fault, twice, seq(pair, fault), seq(fault, pair))),
    fixed: true,
    refused: 'a directive twice, or one that cannot be set',
  },
  {
    name: 'config',
    args: seq(word('SET'), pair, literal('save', 'nosuch')),
    weight: 0.3,
    fixed: true,
    refused: 'a directive without a value',
  },
  // so that replies go on
  { name: 'config', args: seq(word('SET'), literal('requirepass'), literal('')), weight: 0.5, fixed: true },
];

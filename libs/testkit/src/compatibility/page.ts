/** docs/compatibility.md: what of Redis 7.2 there is. The test beside this file says how to write it anew. */

import { readFileSync } from 'node:fs';
import { allCommands } from '@weir/commands';
import { absentGroups, absentCommands, differing } from './table.ts';

/** A command or subcommand ('config|get') of Redis 7.2, as fixtures/redis-7.2.json lists them. */
export interface RedisCommand {
  readonly name: string;
  readonly group: string;
  readonly since: string;
  readonly summary: string;
}

export type Status =
  | { readonly kind: 'supported' }
  | { readonly kind: 'differs'; readonly how: string }
  | { readonly kind: 'absent'; readonly why: string };

export const redisCommands = JSON.parse(
  readFileSync(new URL('fixtures/redis-7.2.json', import.meta.url), 'utf8'),
) as readonly RedisCommand[];

/** Full names of what Weir has. */
export const weirCommands: ReadonlySet<string> = new Set(
  allCommands.flatMap((command) => [
    command.name,
    ...(command.subcommands ?? []).map((subcommand) => `${command.name}|${subcommand.name}`),
  ]),
);

export function statusOf({ name, group }: RedisCommand): Status {
  if (weirCommands.has(name)) {
    const how = differing[name];
    return how === undefined ? { kind: 'supported' } : { kind: 'differs', how };
  }
  const why = absentCommands[name] ?? absentCommands[name.split('|')[0]] ?? absentGroups[group];
  if (why === undefined) throw new Error(`${name} is absent, and table.ts does not say why`);
  return { kind: 'absent', why };
}

/** The order of Redis's documentation. */
const GROUPS: readonly (readonly [group: string, title: string])[] = [
  ['generic', 'Generic'],
  ['string', 'Strings'],
  ['hash', 'Hashes'],
  ['list', 'Lists'],
  ['set', 'Sets'],
  ['sorted-set', 'Sorted sets'],
  ['stream', 'Streams'],
  ['bitmap', 'Bitmaps'],
  ['hyperloglog', 'HyperLogLog'],
  ['geo', 'Geo'],
  ['transactions', 'Transactions'],
  ['pubsub', 'Publish and subscribe'],
  ['scripting', 'Scripts and functions'],
  ['connection', 'Connections'],
  ['server', 'Server'],
  ['cluster', 'Cluster'],
];

const MARKS = { supported: '✔', differs: '≠', absent: '–' } as const;

interface Counts {
  supported: number;
  differs: number;
  absent: number;
}

export function compatibilityPage(): string {
  const counts = new Map<string, Counts>();
  const tables: string[] = [];
  for (const [group, title] of GROUPS) {
    const commands = redisCommands.filter((command) => command.group === group);
    const sum: Counts = { supported: 0, differs: 0, absent: 0 };
    const rows = commands.map((command) => {
      const status = statusOf(command);
      sum[status.kind]++;
      const more = status.kind === 'differs' ? status.how : status.kind === 'absent' ? status.why : '';
      return `| ${MARKS[status.kind]} | ${titleOf(command.name)} | ${command.since} | ${cell(command.summary)} | ${cell(more)} |`;
    });
    counts.set(title, sum);
    tables.push(
      [`## ${title}`, '', '|   | command | since | what it does | here |', '|---|---|---|---|---|', ...rows, ''].join(
        '\n',
      ),
    );
  }
  return [head(counts), ...tables].join('\n');
}

function head(counts: ReadonlyMap<string, Counts>): string {
  const total: Counts = { supported: 0, differs: 0, absent: 0 };
  for (const sum of counts.values()) {
    for (const kind of ['supported', 'differs', 'absent'] as const) total[kind] += sum[kind];
  }
  const row = (title: string, { supported, differs, absent }: Counts): string =>
    `| ${title} | ${supported} | ${differs} | ${absent} | ${supported + differs + absent} |`;
  return [
    '# Compatibility with Redis 7.2',
    '',
    'Every command and subcommand of Redis 7.2. ✔: there, and answers as Redis does; the differential tests compare it with',
    'redis-server 7.0.15 and, where that is older, with Valkey 8.0, which continues Redis 7.2. ≠: there, and differs as said.',
    '–: absent, for the reason given. What is not about one command is told in [differences.md](differences.md).',
    '',
    'This page is generated: libs/testkit/src/compatibility.',
    '',
    '| group | ✔ | ≠ | – | all |',
    '|---|---|---|---|---|',
    ...[...counts].map(([title, sum]) => row(title, sum)),
    row('**all**', total),
    '',
  ].join('\n');
}

function titleOf(name: string): string {
  return name.replace('|', ' ').toUpperCase();
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

import { ENV_PREFIX } from './environment.ts';
import { table } from './table.ts';
import { VERSION } from './version.ts';
import type { TableRow } from './table.ts';

export function versionText(): string {
  return `Weir server v=${VERSION}\n`;
}

/** What a value looks like, for help and documentation. */
export function typeText(row: TableRow): string {
  switch (row.kind) {
    case 'bool':
      return 'yes|no';
    case 'enum':
    case 'flags':
      return row.values.join('|');
    case 'memory':
      return 'size';
    case 'percent-memory':
      return 'size|percent';
    case 'octal':
      return 'octal';
    case 'int':
      return row.options.unit === undefined ? 'number' : row.options.unit;
    default:
      return 'text';
  }
}

export function helpText(): string {
  const lines = [
    'Usage: weir-server [/path/to/weir.conf] [options] [-]',
    '       weir-server - (read config from stdin)',
    '       weir-server -v or --version',
    '       weir-server -h or --help',
    '',
    'Examples:',
    '       weir-server (run the server with default conf)',
    "       echo 'maxmemory 128mb' | weir-server -",
    '       weir-server conf/6379.conf',
    '       weir-server --port 7777',
    '       weir-server --port 7777 --replicaof 127.0.0.1 8888',
    '       weir-server conf/6379.conf --loglevel verbose -',
    '',
    `Any directive of redis.conf is an option (--name value) and an environment variable (${ENV_PREFIX}NAME=value).`,
    'Options win over the environment, which wins over the file. These have an effect:',
    '',
  ];
  for (const row of table) {
    if (row.category !== 'effective' || row.options.hidden === true) continue;
    const preset = row.default === '' ? '' : ` [${row.default}]`;
    lines.push(`  --${row.name} <${typeText(row)}>${preset}`, `      ${row.summary}`);
  }
  return `${lines.join('\n')}\n`;
}

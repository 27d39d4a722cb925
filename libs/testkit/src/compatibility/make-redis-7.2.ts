// Writes fixtures/redis-7.2.json: every command and subcommand of Redis 7.2. They are those of Valkey 8.0, which continues 7.2,
// without what came after it (Valkey kept all that 7.2 had, and its COMMAND DOCS say since when a command exists).
//
//   node libs/testkit/src/compatibility/make-redis-7.2.ts

import { writeFileSync } from 'node:fs';
import type { Reply } from '@weir/resp';
import { RawConnection, startOracle } from '../differential/redis-server.ts';
import { leaf, parse } from '../differential/replies.ts';
import type { RedisCommand } from './page.ts';

type Fields = Map<string, Reply>;

const server = await startOracle('valkey');
try {
  const connection = await RawConnection.connect(server.port);
  await connection.call('HELLO', '3');
  const all: RedisCommand[] = [];
  for (const [name, fields] of fieldsOf(parse(await connection.call('COMMAND', 'DOCS')))) add(all, name, fields);
  connection.close();
  all.sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = all.map((command) => `  ${JSON.stringify(command)}`);
  writeFileSync(new URL('fixtures/redis-7.2.json', import.meta.url), `[\n${lines.join(',\n')}\n]\n`);
  process.stdout.write(`${all.length} commands\n`);
} finally {
  await server.stop();
}

function add(all: RedisCommand[], name: string, reply: Reply): void {
  const fields: Fields = new Map(fieldsOf(reply));
  const text = (field: string): string => leaf(fields.get(field)!);
  if (isNewer(text('since'))) return;
  // Valkey's word for what Redis calls a master.
  const summary = text('summary').replaceAll('primary', 'master');
  const subcommands = fields.get('subcommands');
  // COMMAND is a command itself, other containers only hold some.
  if (subcommands === undefined || name === 'command') {
    all.push({ name, group: text('group'), since: text('since'), summary });
  }
  if (subcommands !== undefined) for (const [sub, its] of fieldsOf(subcommands)) add(all, sub, its);
}

function isNewer(since: string): boolean {
  const [major, minor] = since.split('.').map(Number);
  return major > 7 || (major === 7 && minor > 2);
}

function fieldsOf(reply: Reply): [string, Reply][] {
  if (reply.type !== 'map') throw new Error('COMMAND DOCS is no map');
  return reply.value.map(([name, value]) => [leaf(name), value]);
}

import { formatMemory } from './values.ts';
import { variableOf } from './environment.ts';
import { typeText } from './help.ts';
import { table } from './table.ts';
import { differentDefaults } from './differences.ts';
import type { Category } from './directive.ts';
import type { TableRow } from './table.ts';

/** docs/configuration.md, from the table; the test beside this file says how to write it anew. */
export function configurationPage(): string {
  const effective = table.filter((row) => row.category === 'effective');
  return `# Configuration

<!-- Generated from the table in libs/config; its test says how, and holds this page up to date. -->

Weir reads redis.conf: the same syntax, names, aliases, units and error messages as Redis 7.0, \`include\` and
\`rename-command\` included. A value comes from, each winning over the one before:

1. the default below,
2. the file: \`weir-server /path/to/weir.conf\`, and standard input after it if the command line says \`-\`,
3. the environment: \`WEIR_\` and the name in capitals with \`_\` for \`-\`, such as \`${variableOf('maxmemory-policy')}=allkeys-lru\` or
   \`${variableOf('slaveof')}="127.0.0.1 6379"\`,
4. the command line: \`--port 6380 --slaveof 127.0.0.1 6379\`.

\`save\` lines add up, and the first one replaces the default; \`save ""\` forgets those before it. Relative paths are relative to
\`dir\`, and a relative \`dir\` or \`include\` to the directory that the line finds itself in, as in Redis.

Sizes are numbers of bytes, or with a unit: \`1k\` is 1000, \`1kb\` 1024, and so on for \`m\`, \`mb\`, \`g\`, \`gb\`.

**Set** says when a directive can be changed: *start* is only in the file, the environment or on the command line; *always* is by CONFIG SET as well;
*protected* is by CONFIG SET if \`enable-protected-configs\` allows it.

## Directives with an effect (${effective.length})

${rowsOf('effective')}

## Lines that are no values

| Line | Meaning |
|---|---|
| \`include PATH\` | Reads another file here. Wildcards may match nothing; a plain path has to exist. |
| \`rename-command NAME NEW\` | Calls a command by another name; \`""\` removes it. |
| \`user NAME RULE …\` | An ACL user. Kept; has no effect yet. |
| \`loadmodule PATH …\` | Refused: Weir does not load Redis modules. |

## Accepted for compatibility, without effect

Stored, checked, and answered by CONFIG GET as in Redis, so that a redis.conf loads unchanged. A start with one of them changed says so in the log.

${rowsOf('accepted')}

## Differences from Redis

${differences()}- \`cluster-enabled yes\`, \`loadmodule\` and \`sentinel\` are refused at start.
- \`daemonize yes\` is accepted, with a warning; Weir stays in the foreground.
- Errors name the file beside the line.
- \`activedefrag yes\` is accepted; builds of Redis without its own allocator refuse it.
- Unbalanced quotes inside a quoted list (\`save '60" 1'\`) are an error, in Redis an empty list.
- Lines after an \`include\` add to \`save\` like those before it (Redis 7.0 forgets the earlier ones there), and an include that goes in a circle is an
  error.
`;
}

function differences(): string {
  return [...differentDefaults].map(([name, reason]) => `- \`${name}\`: ${reason}\n`).join('');
}

function rowsOf(category: Category): string {
  const lines = ['| Directive | Value | Default | Set | |', '|---|---|---|---|---|'];
  for (const row of table) {
    if (row.category !== category) continue;
    const alias = row.options.alias === undefined ? '' : ` (\`${row.options.alias}\`)`;
    const cells = [`\`${row.name}\`${alias}`, typeText(row), defaultText(row), mutability(row), row.summary];
    lines.push(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  }
  return lines.join('\n');
}

function defaultText(row: TableRow): string {
  if (row.name === 'dir') return 'where it starts';
  if (row.default === '') return '';
  return `\`${row.kind === 'memory' ? formatMemory(BigInt(row.default)) : row.default}\``;
}

function mutability(row: TableRow): string {
  if (row.options.immutable === true) return 'start';
  return row.options.protected === true ? 'protected' : 'always';
}

import { formatMemory } from './values.ts';
import { variableOf } from './environment.ts';
import { typeText } from './help.ts';
import { namesOf, table } from './table.ts';
import { differentDefaults } from './differences.ts';
import { EVERY_APP } from './directive.ts';
import type { Category } from './directive.ts';
import type { TableRow } from './table.ts';

/** docs/configuration.md, from the table; the test beside this file says how to write it anew. */
export function configurationPage(): string {
  const effective = table.filter((row) => row.category === 'effective');
  const later = table.filter((row) => row.options.since !== undefined);
  return `# Configuration

<!-- Generated from the table in libs/config; its test says how, and holds this page up to date. -->

Weir reads redis.conf: the same syntax, names, aliases, units and error messages as Redis 7.0, \`include\` and
\`rename-command\` included. A value comes from, each winning over the one before:

1. the default below,
2. the file: \`weir-server /path/to/weir.conf\`, and standard input after it if the command line says \`-\`,
3. the environment: \`WEIR_\` and the name in capitals with \`_\` for \`-\`, such as \`${variableOf('maxmemory-policy')}=allkeys-lru\` or
   \`${variableOf('slaveof')}="127.0.0.1 6379"\`,
4. the command line: \`--port 6380 --slaveof 127.0.0.1 6379\`.

\`save\` lines add up, and the first one replaces the default; \`save ""\` forgets those before it. Behind an \`include\`, and on the command
line if the file ended with one, each \`save\` line replaces those before it, as in Redis. Relative paths are relative to \`dir\`, and a relative
\`dir\` or \`include\` to the directory that the line finds itself in.

Sizes are numbers of bytes, or with a unit: \`1k\` is 1000, \`1kb\` 1024, and so on for \`m\`, \`mb\`, \`g\`, \`gb\`.

**Set** says when a directive can be changed: *start* is only in the file, the environment or on the command line; *always* is by CONFIG SET as well;
*protected* is by CONFIG SET if \`enable-protected-configs\` allows it.

**Read by** says which process goes by a directive where the apps run as processes of their own; *server* is what \`weir-server\` does beside
running an ingress and an engine. It hands its replication app the values that it has itself.

## What cannot be used

A start tells all lines that cannot be used at once, each with its file, its line and the reason, and then ends: nothing is half in effect.

- **A name that no version knows** is an error. So is a value out of range, or of a later version (\`loglevel nothing\`,
  \`maxmemory-policy allkeys-lrm\`, \`repl-diskless-load flush-before-load\`): the error lists the values there are.
- **Every directive of Redis 2.6 to 8 and of Valkey 8 and 9 is known**: it has an effect, or it is accepted without one, or it is refused. A start that finds one
  accepted at another value than its default names it in a line of the log.
- **Refused is what would open, close or lose something** if it were only stored: \`tls-port\`, \`tls-replication yes\`, \`tls-auth-clients-user\`,
  \`unixsocketgroup\`, \`rdma-port\`, \`import-mode yes\`, \`cluster-enabled yes\`, \`vm-enabled yes\`, \`gopher-enabled yes\`,
  \`client-default-resp 3\`, modules and their settings. CONFIG SET refuses the same values. At its harmless value each of them is accepted.
- **What no Redis has any more** is skipped, and named in a line of the log: \`vm-…\`, \`hash-max-zipmap-…\`, \`glueoutputbuf\`, \`shareobjects…\`,
  \`list-max-ziplist-entries\`, \`list-max-ziplist-value\`, \`lua-replicate-commands\`.
- **A variable** \`WEIR_…\` that names no directive is a warning, since an orchestrator sets variables of its own. \`WEIR_USER\` is a \`user\` line.
- **A secret in a file**: \`WEIR_REQUIREPASS_FILE=/run/secrets/requirepass\` takes the value of \`requirepass\` from that file, and so with every directive.
- **Passwords** (\`requirepass\`, \`masterauth\`, \`masteruser\`, \`tls-key-file-pass\`, \`tls-client-key-file-pass\`, \`user\` lines) are shown as \`(redacted)\` in these errors
  and in SLOWLOG. CONFIG GET answers them, as in Redis.

## Directives with an effect (${effective.length})

${rowsOf('effective')}

## Lines that are no values

| Line | Meaning |
|---|---|
| \`include PATH\` | Reads another file here. Wildcards may match nothing; a plain path has to exist. |
| \`rename-command NAME NEW\` | Calls a command by another name; \`""\` removes it. A name that Weir has no command for is a warning; Redis ends there. |
| \`user NAME RULE …\` | An ACL user, as in Redis; not beside \`aclfile\`. A rule that is wrong stops the engine's start. Where \`requirepass\` is empty and \`user default\` has one password, \`>PASSWORD\`, that is \`requirepass\`, too: a node's own log derives its credentials from it. |
| \`loadmodule PATH …\` | Refused: Weir does not load Redis modules. |

## Accepted for compatibility, without effect

Stored, checked, and answered by CONFIG GET as in Redis, so that a redis.conf loads unchanged. A start with one of them changed says so in the log.

${rowsOf('accepted')}

### Of versions after 7.0 (${later.length})

CONFIG GET answers these by their exact name, and leaves them out of patterns, whose answer is that of Redis 7.0.

${laterRows(later)}

## Differences from Redis

${differences()}- \`cluster-enabled yes\`, \`loadmodule\` and \`sentinel\` are refused at start.
- \`daemonize yes\` is accepted, with a warning; Weir stays in the foreground.
- Errors name the file beside the line.
- \`activedefrag yes\` is accepted; builds of Redis without its own allocator refuse it.
- Unbalanced quotes inside a quoted list (\`save '60" 1'\`) are an error, in Redis an empty list.
- An include that goes in a circle is an error.
- All lines that cannot be used are told at once; Redis ends at the first. Passwords are left out of the error.
- Directives of other versions than 7.0 are known (above); Redis 7.0 refuses those that it does not have.
`;
}

function differences(): string {
  return [...differentDefaults].map(([name, reason]) => `- \`${name}\`: ${reason}\n`).join('');
}

function rowsOf(category: Category): string {
  const effective = category === 'effective';
  const lines = effective
    ? ['| Directive | Value | Default | Set | Read by | |', '|---|---|---|---|---|---|']
    : ['| Directive | Value | Default | Set | |', '|---|---|---|---|---|'];
  for (const row of table) {
    if (row.category !== category || row.options.since !== undefined) continue;
    const readers = effective ? [row.apps === EVERY_APP ? 'all' : row.apps.join(', ')] : [];
    const cells = [nameText(row), typeText(row), defaultText(row), mutability(row), ...readers, row.summary];
    lines.push(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  }
  return lines.join('\n');
}

function laterRows(rows: readonly TableRow[]): string {
  const lines = ['| Directive | Value | Default | Since | |', '|---|---|---|---|---|'];
  for (const row of rows) {
    const cells = [nameText(row), typeText(row), defaultText(row), row.options.since ?? '', row.summary];
    lines.push(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  }
  return lines.join('\n');
}

function nameText(row: TableRow): string {
  const [name, ...others] = namesOf(row).map((each) => `\`${each}\``);
  return others.length === 0 ? name : `${name} (${others.join(', ')})`;
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

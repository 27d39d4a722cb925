/** Directives as variables: WEIR_PORT, WEIR_SLAVEOF, WEIR_MAXMEMORY_POLICY. */

import { fromText } from './bytes.ts';
import { namesOf, table } from './table.ts';
import type { Loader } from './parse.ts';
import type { TableRow } from './table.ts';

export const ENV_PREFIX = 'WEIR_';
const FILE_SUFFIX = '_FILE';

const byVariable = new Map<string, TableRow>();
for (const row of table) for (const name of namesOf(row)) byVariable.set(variableOf(name), row);

export function variableOf(name: string): string {
  return ENV_PREFIX + name.toUpperCase().replaceAll('-', '_');
}

/**
 * Answers warnings. A variable that names nothing is no error: an orchestrator sets variables of its own. `WEIR_REQUIREPASS_FILE`
 * names a file with the value, as container images do it for secrets, unless a directive is itself called so (`tls-cert-file`).
 */
export function loadEnvironment(loader: Loader, env: Readonly<Record<string, string | undefined>>): string[] {
  const warnings: string[] = [];
  for (const variable of Object.keys(env).sort()) {
    const value = env[variable];
    if (value === undefined || !variable.startsWith(ENV_PREFIX)) continue;
    const held =
      variable.endsWith(FILE_SUFFIX) && !byVariable.has(variable)
        ? byVariable.get(variable.slice(0, -FILE_SUFFIX.length))
        : undefined;
    if (held !== undefined) {
      if (value !== '') loader.loadValueOfFile(held, value, `the environment variable ${variable}`);
      continue;
    }
    // No directive of the table, and yet not to be passed over: it may close the server.
    if (variable === variableOf('user')) {
      if (value !== '') loader.loadLine(`user ${fromText(value)}`, `the environment variable ${variable}`);
      continue;
    }
    const row = byVariable.get(variable);
    // Kubernetes gives every pod WEIR_PORT=tcp://10.0.0.1:6379 beside a service called "weir".
    if (row === undefined || (row.kind === 'int' && /^[a-z]+:\/\//.test(value))) {
      warnings.push(
        row === undefined
          ? `environment variable ${variable} names no directive and is ignored`
          : `environment variable ${variable} is a service address (${value}) and is ignored`,
      );
      continue;
    }
    // `WEIR_MAXCLIENTS=` is how compose files leave a variable unset.
    if (value === '' && row.kind !== 'string' && row.kind !== 'special') continue;
    loader.loadValue(row, [fromText(value)], `the environment variable ${variable}`);
  }
  return warnings;
}

import { table } from '@weir/config';
import type { Config, DirectiveName } from '@weir/config';

/** Where the log is; the child is told by WEIR_NATS_URL and WEIR_LOG_ID. */
const PLACE: readonly string[] = ['nats-url', 'replicaof', 'masteruser', 'masterauth'];

/** What the replication app goes by, as the table has it; not all of it need stand in the file (command line, CONFIG SET). */
export const replicationDirectives: readonly DirectiveName[] = table
  .filter(({ name, apps }) => apps.includes('replication') && !PLACE.includes(name))
  .map(({ name }) => name as DirectiveName);

/** The same as variables of the environment. */
export function replicationEnvironment(config: Config): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of replicationDirectives) env[`WEIR_${name.toUpperCase().replaceAll('-', '_')}`] = config.value(name);
  return env;
}

/**
 * Directives of old versions that no later one knows. A file that still has them loads: what they set is gone. Redis 7 skips the last
 * three without a word and refuses the others; here all are named in one line of the log.
 */
const RETIRED = new Set([
  // Virtual memory, gone with 2.6
  'vm-swap-file',
  'vm-max-memory',
  'vm-page-size',
  'vm-pages',
  'vm-max-threads',
  'hash-max-zipmap-entries',
  'hash-max-zipmap-value',
  'glueoutputbuf',
  'shareobjects',
  'shareobjectspoolsize',
  'list-max-ziplist-entries',
  'list-max-ziplist-value',
  'lua-replicate-commands',
]);

/** Of the same kind, and yet of no harm at `no` only. */
const RETIRED_SWITCHES: ReadonlyMap<string, string> = new Map([
  ['vm-enabled', 'Weir keeps the whole data set in memory, as every Redis since 2.6'],
  ['gopher-enabled', 'Weir does not speak Gopher'],
]);

export type Retired = 'skip' | { readonly error: string } | undefined;

/** What becomes of a line of an old version; `undefined` if it is none. The name is in lower case. */
export function retired(name: string, args: readonly string[]): Retired {
  const reason = RETIRED_SWITCHES.get(name);
  if (reason !== undefined && args.length === 1) return args[0].toLowerCase() === 'no' ? 'skip' : { error: reason };
  return RETIRED.has(name) && args.length === 1 ? 'skip' : undefined;
}

const MODULE_SETTING = /^(bf|cf|search|ts)-[a-z0-9-]+$|\./;

/** Settings of modules: `search.timeout` since 7.0, and those that Redis 8 brings along without a dot. */
export function isModuleSetting(name: string): boolean {
  return MODULE_SETTING.test(name);
}

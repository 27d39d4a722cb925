/** Redis's own checks of single values; each answers the message of a refusal. */

/** A file name without a directory, as `dbfilename` and its kind want it. */
export function baseNameOnly(name: string, what: string, mayBeEmpty = true): (text: string) => string | undefined {
  return (text) => {
    if (text === '' && !mayBeEmpty) return `${name} can't be empty`;
    return /[/\\]/.test(text) ? `${name} can't be a path, just a ${what}` : undefined;
  };
}

export function hostName(text: string): string | undefined {
  if (text.length >= 256) return 'Hostnames must be less than 256 characters';
  return /^[A-Za-z0-9.-]*$/.test(text)
    ? undefined
    : 'Hostnames may only contain alphanumeric characters, hyphens or dots';
}

const TITLE_VARIABLES = new Set([
  'title',
  'listen-addr',
  'server-mode',
  'port',
  'tls-port',
  'unixsocket',
  'config-file',
]);

export function titleTemplate(text: string): string | undefined {
  const rest = text.replace(/\{([^{}]*)\}/g, (whole, name: string) => (TITLE_VARIABLES.has(name) ? '' : whole));
  return text === '' || /[{}]/.test(rest) ? 'template format is invalid or contains unknown variables' : undefined;
}

export function saveAndNosave(text: string): string | undefined {
  const set = text.split(' ');
  return set.includes('save') && set.includes('nosave')
    ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
    : undefined;
}

export function notCluster(text: string): string | undefined {
  return text === 'yes' ? 'Weir has no Redis Cluster mode' : undefined;
}

/** A directive that is safe to take at one value only; the reason says what another one would need. */
export function only(value: string, reason: string): (text: string) => string | undefined {
  return (text) => (text === value ? undefined : reason);
}

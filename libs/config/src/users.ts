/**
 * `user` lines, as long as there are no ACL users. The one user that Weir has is `default`, who may do everything, with requirepass or
 * without a password. A line that says just that is taken; any other would keep somebody out whom Weir lets in, and stops the start.
 *
 * CONFIG REWRITE of Redis writes such a line into every file: with `nopass`, or with the SHA-256 of the password that stands in
 * requirepass. Rules begin from nothing, as in Redis: what a line does not allow is forbidden.
 */
export type UserLine = { readonly password: string } | { readonly digest: string } | { readonly error: string };

const OTHERS = 'Weir has no ACL users yet, only default with requirepass: it would let in whom this line keeps out';

/** What is granted by each word, as bits: all of them are needed. */
const GRANTS: Readonly<Record<string, number>> = {
  on: 1,
  '~*': 2,
  allkeys: 2,
  '&*': 4,
  allchannels: 4,
  '+@all': 8,
  allcommands: 8,
  // Weir checks every payload.
  'sanitize-payload': 0,
  'skip-sanitize-payload': 0,
};
const EVERYTHING = 15;

/** The arguments of a `user` line, byte strings. An empty password is none. */
export function readUser(args: readonly string[]): UserLine {
  if (args[0] !== 'default') return { error: OTHERS };
  let granted = 0;
  let password: { password: string } | { digest: string } | undefined;
  for (const rule of args.slice(1)) {
    const grant = GRANTS[rule.toLowerCase()];
    if (grant !== undefined) {
      granted |= grant;
      continue;
    }
    // A second password would be a second way in, and requirepass is one.
    if (password !== undefined) return { error: OTHERS };
    if (rule.toLowerCase() === 'nopass') password = { password: '' };
    else if (rule.startsWith('>') && rule.length > 1) password = { password: rule.slice(1) };
    else if (/^#[0-9a-f]{64}$/.test(rule)) password = { digest: rule.slice(1) };
    else return { error: OTHERS };
  }
  return password === undefined || granted !== EVERYTHING ? { error: OTHERS } : password;
}

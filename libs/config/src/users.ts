/**
 * The password that stands in clear in the line of the user `default`, byte strings all; '' where there is none, or more than one. Weir has a
 * use for it beside the users: the credentials of the node's own log are derived from `requirepass`, and it may stand in either place.
 */
export function passwordOf(users: readonly (readonly string[])[]): string {
  const rules = users.find(([name]) => name === 'default')?.slice(1) ?? [];
  const passwords = rules.filter((rule) => /^[>#<!]/.test(rule) || /^(nopass|resetpass|reset)$/i.test(rule));
  return passwords.length === 1 && passwords[0].startsWith('>') ? passwords[0].slice(1) : '';
}

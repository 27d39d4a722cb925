/*
 * Who may do what on NATS. Four users, from the most to the least right:
 *
 *   admin        everything; this node's own upkeep (its watch over the server, the removal of old logs). Never leaves the process
 *   leader       appends, makes and configures streams; deletes none and purges no log. The engine that leads
 *   replication  reads the log, writes and removes snapshots, trims the log, holds the lease. The replication app
 *   slave        reads log and snapshots, reports its progress, publishes messages, asks for a snapshot. What WEIR HANDSHAKE gives out
 *
 * Each has inboxes of its own below `_INBOX.<user>`, so that a slave cannot listen to what the log answers to others.
 *
 * What NATS does not check, so that this is no wall against a slave that means harm: the reply subject of a request, and the subject that a
 * consumer delivers to. Through either it could make the server publish an answer of its own into the log. Such a message is no
 * record: readers refuse it, and it is never applied. Who has a slave's password could also send FLUSHALL.
 */

export const NATS_USERS = ['admin', 'leader', 'replication', 'slave'] as const;
export type NatsUser = (typeof NATS_USERS)[number];

/** Of the one log that the rights are about. `*` for the id where it is not known beforehand. */
export interface LogNames {
  readonly cluster: string;
  readonly logId: string;
}

interface Rights {
  readonly publish: Allowed;
  readonly subscribe: Allowed;
  /** May answer whoever asked it, once, within this time. */
  readonly answersWithin?: string;
}

type Allowed = { readonly allow: readonly string[] } | { readonly deny: readonly string[] };

/** Absent: everything. Null names: there is no log yet, and nobody but the leader has anything to do. */
function rightsOf(user: NatsUser, names: LogNames | null): Rights | undefined {
  if (user === 'admin') return undefined;
  if (names === null) {
    if (user === 'leader') return { publish: { deny: ['$JS.API.STREAM.DELETE.*'] }, subscribe: { allow: inbox(user) } };
    return { publish: { deny: ['>'] }, subscribe: { deny: ['>'] } };
  }
  const { cluster, logId } = names;
  const any = logId === '*';
  const log = any ? '*' : `WEIR_${cluster}_${logId}_LOG`;
  const snapshots = any ? '*' : `WEIR_${cluster}_${logId}_SNAP`;
  const streams = any ? ['*'] : [log, snapshots];
  const subject = `weir.${cluster}.${logId}`;
  const members = [`${subject}.progress`, `${subject}.poll`];
  // What clients publish, at any node.
  const messages = `${subject}.messages`;
  // What a slave remembers of the log's end, on a subject of its own: where it may not choose, it cannot name the log's.
  const told = `${subject}.told.>`;
  const read = streams.flatMap((stream) => [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
  ]);
  const leases = `weir_${cluster}_leases`;
  switch (user) {
    case 'leader':
      return {
        publish: {
          deny: [
            '$JS.API.STREAM.DELETE.*',
            '$JS.API.STREAM.MSG.DELETE.*',
            '$JS.API.STREAM.RESTORE.*',
            ...(any ? [] : [`$JS.API.STREAM.PURGE.${log}`]),
            `$KV.${leases}.>`,
          ],
        },
        subscribe: { allow: [...inbox(user), ...members, messages, told, `${subject}.tail.>`] },
      };
    case 'replication':
      return {
        publish: {
          allow: [
            ...read,
            ...members,
            `${subject}.snapshot`,
            `${subject}.snap.>`,
            ...(any ? [] : [`$JS.API.STREAM.PURGE.${log}`]),
            `$JS.API.STREAM.PURGE.${snapshots}`,
            ...(any ? ['*'] : [snapshots, `KV_${leases}`]).flatMap((stream) => [
              `$JS.API.STREAM.CREATE.${stream}`,
              `$JS.API.STREAM.UPDATE.${stream}`,
            ]),
            ...(any ? [] : [`$JS.API.STREAM.INFO.KV_${leases}`, `$JS.API.STREAM.MSG.GET.KV_${leases}`]),
            `$KV.${leases}.replication.${logId}`,
          ],
        },
        subscribe: { allow: [...inbox(user), ...members, `${subject}.snapshot`] },
        answersWithin: '24h',
      };
    default:
      return {
        publish: { allow: [...read, ...members, messages, `${subject}.snapshot`, told] },
        subscribe: { allow: [...inbox(user), ...members, messages, `${subject}.tail.>`] },
      };
  }
}

function inbox(user: NatsUser): string[] {
  return [`_INBOX.${user}.>`];
}

/** The inboxes of a connection: below its user's name where it has one, as a permission may say. */
export function inboxPrefix(user: string | undefined): string {
  return user !== undefined && /^[A-Za-z0-9_-]+$/.test(user) ? `_INBOX.${user}` : '_INBOX';
}

/** The `authorization` block of a nats-server's configuration. */
export function authorization(
  names: LogNames | null,
  passwords: Readonly<Partial<Record<NatsUser, string>>>,
): string[] {
  const lines = ['authorization {', '  users: ['];
  for (const user of NATS_USERS) {
    const password = passwords[user];
    if (password === undefined) continue;
    const rights = rightsOf(user, names);
    lines.push(`    { user: ${user}, password: ${JSON.stringify(password)}${rights === undefined ? ' }' : ''}`);
    if (rights === undefined) continue;
    lines.push('      permissions: {');
    for (const what of ['publish', 'subscribe'] as const) {
      const [[kind, subjects]] = Object.entries(rights[what]) as [[string, readonly string[]]];
      lines.push(`        ${what}: { ${kind}: [`);
      for (const one of subjects) lines.push(`          ${JSON.stringify(one)}`);
      lines.push('        ] }');
    }
    if (rights.answersWithin !== undefined)
      lines.push(`        allow_responses: { max: 1, expires: ${JSON.stringify(rights.answersWithin)} }`);
    lines.push('      } }');
  }
  return [...lines, '  ]', '}'];
}

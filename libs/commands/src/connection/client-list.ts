// CLIENT INFO, LIST, KILL, ID: what is known of connections, in Redis's line format.

import type { Request } from '@weir/resp';
import type { User } from '../acl/user.ts';
import { SYNTAX_ERROR, integerArg, isWord, printable, rangeArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { memoryOf } from '../core/session.ts';
import type { Session } from '../core/session.ts';

const id: Command = {
  name: 'id',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Returns the client ID for the current connection',
    since: '5.0.0',
    group: 'connection',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.int(ctx.session.id);
  },
};

const info: Command = {
  name: 'info',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Returns information about the current client connection.',
    since: '6.2.0',
    group: 'connection',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.verbatim('txt', `${clientLine(ctx.session, ctx.monotonicMs)}\n`);
  },
};

const list: Command = {
  name: 'list',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Get the list of client connections',
    since: '2.4.0',
    group: 'connection',
    complexity: 'O(N) where N is the number of client connections',
    history: [
      ['2.8.12', 'Added unique client `id` field.'],
      ['5.0.0', 'Added optional `TYPE` filter.'],
      ['6.0.0', 'Added `user` field.'],
      ['6.2.0', 'Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter.'],
      ['7.0.0', 'Added `resp`, `multi-mem`, `rbs` and `rbp` fields.'],
      ['7.0.3', 'Added `ssub` field.'],
    ],
    arguments: [
      {
        name: 'normal_master_replica_pubsub',
        type: 'oneof',
        token: 'TYPE',
        since: '5.0.0',
        flags: ['optional'],
        arguments: [
          { name: 'normal', type: 'pure-token', token: 'NORMAL' },
          { name: 'master', type: 'pure-token', token: 'MASTER' },
          { name: 'replica', type: 'pure-token', token: 'REPLICA' },
          { name: 'pubsub', type: 'pure-token', token: 'PUBSUB' },
        ],
      },
      {
        name: 'id',
        type: 'block',
        token: 'ID',
        since: '6.2.0',
        flags: ['optional'],
        arguments: [{ name: 'client-id', type: 'integer', flags: ['multiple'] }],
      },
    ],
  },
  run(ctx, req) {
    const { reply, monotonicMs: now } = ctx;
    const sessions = ctx.host.sessions;
    let text = '';
    if (req.argc === 2) {
      for (const session of sessions.values()) text += `${clientLine(session, now)}\n`;
    } else if (req.argc === 4 && isWord(req, 2, 'type')) {
      const type = clientType(req, 3);
      if (type === undefined) return reply.error(`ERR Unknown client type '${printable(req, 3)}'`);
      for (const session of sessions.values()) if (typeOf(session) === type) text += `${clientLine(session, now)}\n`;
    } else if (req.argc > 3 && isWord(req, 2, 'id')) {
      for (let i = 3; i < req.argc; i++) {
        const wanted = integerArg(ctx, i, 'ERR Invalid client ID');
        if (wanted !== wanted) return;
        const session = sessions.get(wanted);
        if (session !== undefined) text += `${clientLine(session, now)}\n`;
      }
    } else return reply.error(SYNTAX_ERROR);
    reply.verbatim('txt', text);
  },
};

interface KillFilter {
  id?: number;
  addr?: string;
  laddr?: string;
  type?: ClientType;
  user?: User;
  skipMe: boolean;
}

const kill: Command = {
  name: 'kill',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Kill the connection of a client',
    since: '2.4.0',
    group: 'connection',
    complexity: 'O(N) where N is the number of client connections',
    history: [
      ['2.8.12', 'Added new filter format.'],
      ['2.8.12', '`ID` option.'],
      ['3.2.0', 'Added `master` type in for `TYPE` option.'],
      ['5.0.0', 'Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility.'],
      ['6.2.0', '`LADDR` option.'],
    ],
    arguments: [
      {
        name: 'filter',
        type: 'oneof',
        arguments: [
          { name: 'ip:port', type: 'string', deprecatedSince: '2.8.12' },
          {
            name: 'new-format',
            type: 'oneof',
            flags: ['multiple'],
            arguments: [
              { name: 'client-id', type: 'integer', token: 'ID', since: '2.8.12', flags: ['optional'] },
              {
                name: 'normal_master_slave_pubsub',
                type: 'oneof',
                token: 'TYPE',
                since: '2.8.12',
                flags: ['optional'],
                arguments: [
                  { name: 'normal', type: 'pure-token', token: 'NORMAL' },
                  { name: 'master', type: 'pure-token', token: 'MASTER', since: '3.2.0' },
                  { name: 'slave', type: 'pure-token', token: 'SLAVE' },
                  { name: 'replica', type: 'pure-token', token: 'REPLICA', since: '5.0.0' },
                  { name: 'pubsub', type: 'pure-token', token: 'PUBSUB' },
                ],
              },
              { name: 'username', type: 'string', token: 'USER', flags: ['optional'] },
              { name: 'ip:port', type: 'string', token: 'ADDR', flags: ['optional'] },
              { name: 'ip:port', type: 'string', token: 'LADDR', since: '6.2.0', flags: ['optional'] },
              { name: 'yes/no', type: 'string', token: 'SKIPME', flags: ['optional'] },
            ],
          },
        ],
      },
    ],
  },
  run(ctx, req) {
    const { reply } = ctx;
    if (req.argc === 3) {
      const killed = killSessions(ctx.host.sessions, ctx.session, { addr: req.latin1(2), skipMe: false });
      if (killed === 0) reply.error('ERR No such client');
      else reply.ok();
      return;
    }
    const filter: KillFilter = { skipMe: true };
    for (let i = 2; i < req.argc; i += 2) {
      const value = i + 1;
      if (value === req.argc) return reply.error(SYNTAX_ERROR);
      if (isWord(req, i, 'id')) {
        const wanted = rangeArg(ctx, value, 1, Infinity, 'ERR client-id should be greater than 0');
        if (wanted !== wanted) return;
        filter.id = wanted;
      } else if (isWord(req, i, 'type')) {
        const type = clientType(req, value);
        if (type === undefined) return reply.error(`ERR Unknown client type '${printable(req, value)}'`);
        filter.type = type;
      } else if (isWord(req, i, 'addr')) filter.addr = req.latin1(value);
      else if (isWord(req, i, 'laddr')) filter.laddr = req.latin1(value);
      else if (isWord(req, i, 'user')) {
        const user = ctx.acl.find(req.latin1(value));
        if (user === undefined) return reply.error(`ERR No such user '${printable(req, value)}'`);
        filter.user = user;
      } else if (isWord(req, i, 'skipme') && isWord(req, value, 'yes')) filter.skipMe = true;
      else if (isWord(req, i, 'skipme') && isWord(req, value, 'no')) filter.skipMe = false;
      else return reply.error(SYNTAX_ERROR);
    }
    reply.int(killSessions(ctx.host.sessions, ctx.session, filter));
  },
};

function killSessions(sessions: ReadonlyMap<number, Session>, me: Session, filter: KillFilter): number {
  let killed = 0;
  // A copy: closing takes a session out of the map.
  for (const session of [...sessions.values()]) {
    if (filter.id !== undefined && session.id !== filter.id) continue;
    if (filter.addr !== undefined && session.remoteAddr !== filter.addr) continue;
    if (filter.laddr !== undefined && session.localAddr !== filter.laddr) continue;
    if (filter.user !== undefined && session.user !== filter.user) continue;
    if (filter.type !== undefined && filter.type !== typeOf(session)) continue;
    if (session === me) {
      if (filter.skipMe) continue;
      session.on('quit');
    } else session.control.destroy();
    killed++;
  }
  return killed;
}

const NONE = new Set<never>();
/** Redis's PROTO_REPLY_CHUNK_BYTES. */
const REPLY_PIECE_BYTES = 16 * 1024;

type ClientType = 'normal' | 'slave' | 'pubsub' | 'master';

function clientType(req: Request, i: number): ClientType | undefined {
  const name = req.latin1(i).toLowerCase();
  if (name === 'replica') return 'slave';
  return name === 'normal' || name === 'slave' || name === 'pubsub' || name === 'master' ? name : undefined;
}

/** Slaves and masters have no connection of this kind: they meet in the log. */
function typeOf(session: Session): ClientType {
  return session.isSubscriber ? 'pubsub' : 'normal';
}

/**
 * The fields of Redis 7.0, in its order. A connection owns no reply buffer (replies are written in one that all share), so
 * `rbs`, `rbp` and `obl` are 0 and all that waits is `omem`; `oll` counts it in pieces of the size of Redis's buffer.
 */
export function clientLine(session: Session, nowMs: number): string {
  const { tracking, transaction } = session;
  const multi = transaction !== null && (session.phase === 'queuing' || transaction.count > 0) ? transaction.count : -1;
  const subscriptions = session.subscriptions?.of ?? [NONE, NONE, NONE];
  let flags = '';
  if (session.isMonitor) flags += 'O';
  if (session.isSubscriber) flags += 'P';
  if (multi >= 0) flags += 'x';
  if (session.isBlocked || session.isPostponed) flags += 'b';
  if (tracking !== null) flags += tracking.isBroken ? 'tR' : 't';
  if (tracking?.isBroadcast === true) flags += 'B';
  if (transaction?.isStale === true) flags += 'd';
  if (session.isEnding) flags += 'c';
  if (session.unixSocket) flags += 'U';
  if (session.noEvict) flags += 'e';
  if (session.noTouch) flags += 'T';
  const { query, queryFree, argv, output, total } = memoryOf(session);
  return (
    `id=${session.id} addr=${session.remoteAddr} laddr=${session.localAddr} fd=${session.fd} name=${session.name}` +
    ` age=${seconds(nowMs - session.createdMs)} idle=${seconds(nowMs - session.lastInteractionMs)} flags=${flags || 'N'}` +
    ` db=${session.db} sub=${subscriptions[0].size} psub=${subscriptions[1].size} ssub=${subscriptions[2].size} multi=${multi} qbuf=${query} qbuf-free=${queryFree} argv-mem=${argv} multi-mem=${transaction?.memoryBytes ?? 0}` +
    ` rbs=0 rbp=0 obl=0 oll=${Math.ceil(output / REPLY_PIECE_BYTES)} omem=${output} tot-mem=${total} events=r cmd=${session.lastCommand} user=${session.user?.name ?? '(superuser)'} redir=${tracking?.redirect ?? -1}` +
    ` resp=${session.resp}`
  );
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}

export const clientListCommands: readonly Command[] = [id, info, kill, list];

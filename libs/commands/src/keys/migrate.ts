/**
 * MIGRATE: RESTORE at another server, and DEL here of what that server has taken.
 *
 * Redis stops while it waits for the other server, so that nothing can happen to the keys in between. Here other clients go on:
 * a key is deleted only if it is then still what was sent, value and expire time (by a fingerprint of 128 bits). One that
 * was changed, or was away meanwhile, stays as it is, and the client is told: what was acknowledged to somebody is never thrown
 * away, at the price of a key that both servers have. (Holding the writers of these keys back would be the alternative; it
 * needs a list of whom to wake for the sake of a case that a client which moves keys has reason to avoid anyway.)
 */

import { TYPE_STRING, expireOf, hashBytes, opsOf, typeOf, valueAddress, valueLength } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { CommandWriter, Request } from '@weir/resp';
import { refusalOfRole } from '../core/admit.ts';
import { SYNTAX_ERROR, integerArg, isWord, printable } from '../core/args.ts';
import type { Command, KeyPosition } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { DEL } from '../core/effect-words.ts';
import { removeEntryOf } from '../core/entries.ts';
import { runInside } from '../core/frame.ts';
import type { MigrateAnswer, MigrateRequest } from '../core/host.ts';
import { keyAt } from '../core/key-specs.ts';
import { F_WRITE } from '../core/table.ts';
import { dump } from './dump.ts';

/** A key that was sent, and what it was. */
interface SentKey {
  readonly key: Uint8Array;
  readonly state: string;
}

const CHANGED = 'ERR the target has taken the keys, but some have changed here meanwhile: these were not deleted';

export const migrate: Command = {
  name: 'migrate',
  arity: -6,
  flags: ['write', 'movablekeys'],
  acl: ['keyspace', 'dangerous'],
  keySpecs: [
    keyAt(3, 'RW', 'access', 'delete'),
    {
      flags: ['RW', 'access', 'delete', 'incomplete'],
      begin: { keyword: 'KEYS', from: -2 },
      find: { last: -1, step: 1, limit: 0 },
    },
  ],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Atomically transfer a key from a Redis instance to another one.',
    since: '2.6.0',
    group: 'generic',
    complexity:
      'This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two instances is performed.',
    history: [
      ['3.0.0', 'Added the `COPY` and `REPLACE` options.'],
      ['3.0.6', 'Added the `KEYS` option.'],
      ['4.0.7', 'Added the `AUTH` option.'],
      ['6.0.0', 'Added the `AUTH2` option.'],
    ],
    arguments: [
      { name: 'host', type: 'string' },
      { name: 'port', type: 'integer' },
      {
        name: 'key_or_empty_string',
        type: 'oneof',
        arguments: [
          { name: 'key', type: 'key', keySpec: 0 },
          { name: 'empty_string', type: 'pure-token', token: '' },
        ],
      },
      { name: 'destination-db', type: 'integer' },
      { name: 'timeout', type: 'integer' },
      { name: 'copy', type: 'pure-token', token: 'COPY', since: '3.0.0', flags: ['optional'] },
      { name: 'replace', type: 'pure-token', token: 'REPLACE', since: '3.0.0', flags: ['optional'] },
      {
        name: 'authentication',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'password', type: 'string', token: 'AUTH', since: '4.0.7', flags: ['optional'] },
          {
            name: 'username_password',
            type: 'block',
            token: 'AUTH2',
            since: '6.0.0',
            flags: ['optional'],
            arguments: [
              { name: 'username', type: 'string' },
              { name: 'password', type: 'string' },
            ],
          },
        ],
      },
      { name: 'key', type: 'key', keySpec: 1, token: 'KEYS', since: '3.0.6', flags: ['optional', 'multiple'] },
    ],
  },
  getKeys,
  run(ctx, req) {
    const { reply } = ctx;
    let copy = false;
    let replace = false;
    let user = 0;
    let password = 0;
    let firstKey = 3;
    let keys = 1;
    for (let i = 6; i < req.argc; i++) {
      const more = req.argc - 1 - i;
      if (isWord(req, i, 'copy')) copy = true;
      else if (isWord(req, i, 'replace')) replace = true;
      else if (isWord(req, i, 'auth') && more >= 1) {
        password = ++i;
        ctx.redacted.push(i);
      } else if (isWord(req, i, 'auth2') && more >= 2) {
        user = ++i;
        password = ++i;
        ctx.redacted.push(user, password);
      } else if (isWord(req, i, 'keys')) {
        if (req.len(3) !== 0) {
          reply.error('ERR When using MIGRATE KEYS option, the key argument must be set to the empty string');
          return;
        }
        firstKey = i + 1;
        keys = more;
        break;
      } else {
        reply.error(SYNTAX_ERROR);
        return;
      }
    }
    const timeout = integerArg(ctx, 5);
    if (timeout !== timeout) return;
    const db = integerArg(ctx, 4);
    if (db !== db) return;

    const requests = new CommandWriter();
    if (password !== 0) {
      requests.command(user === 0 ? 2 : 3);
      requests.argLatin1('AUTH');
      if (user !== 0) requests.argBytes(req.buf, req.off(user), req.len(user));
      requests.argBytes(req.buf, req.off(password), req.len(password));
    }
    // Redis knows a connection that has selected nothing yet as one in database -1.
    if (db !== -1) {
      requests.command(2);
      requests.argLatin1('SELECT');
      requests.argBytes(req.buf, req.off(4), req.len(4));
    }
    const leading = requests.count;
    const sent: SentKey[] = [];
    for (let i = firstKey; i < firstKey + keys; i++) {
      const key = restoreRequest(ctx, i, replace, requests);
      if (key !== null) sent.push(key);
    }
    if (sent.length === 0) {
      reply.simple('NOKEY');
      return;
    }
    const request: MigrateRequest = {
      host: printable(req, 1),
      port: portArg(req, 2),
      timeoutMs: timeout <= 0 ? 1000 : timeout,
      afterRecord: ctx.waitSeq,
      requests: requests.written(),
      count: requests.count,
    };
    const later = ctx.defer();
    ctx.host.migrate(request, (answer) => later(() => finish(ctx, answer, leading, sent, copy)));
  },
};

/** What is no number is 0, and what follows one does not count, as in Redis: connecting fails then. */
function portArg(req: Request, i: number): number {
  return Number.parseInt(printable(req, i), 10) || 0;
}

function getKeys(req: Request, base: number): readonly KeyPosition[] {
  const positions = (from: number, to: number): KeyPosition[] =>
    Array.from({ length: to - from }, (_, i) => ({ index: from + i, flags: ['RW', 'access', 'delete'] }));
  for (let i = base + 6; i < req.argc; i++) {
    if (isWord(req, i, 'keys')) return req.len(base + 3) === 0 ? positions(i + 1, req.argc) : [];
    if (isWord(req, i, 'auth')) i++;
    else if (isWord(req, i, 'auth2')) i += 2;
  }
  return positions(base + 3, base + 4);
}

const dumpRequest = new Request();
const DUMP = Buffer.from('DUMP');

/** Appends the RESTORE of the key in argument `i` to the requests; null when there is no such key. */
function restoreRequest(ctx: Context, i: number, replace: boolean, requests: CommandWriter): SentKey | null {
  const { reply, req } = ctx;
  const key = req.bytes(i);
  const start = reply.pos;
  // DUMP's reply is the argument of RESTORE as it stands; only "no such key" says otherwise.
  runInside(ctx, dumpRequest.setFromBytes([DUMP, key]), dump.run!);
  const ref = ctx.findKey(ctx.db, key, 0, key.length);
  if (ref === 0) {
    reply.truncate(start);
    return null;
  }
  requests.command(replace ? 5 : 4);
  requests.argLatin1('RESTORE');
  requests.argBytes(key, 0, key.length);
  const expireMs = expireOf(ctx.arena, ref);
  requests.argInt(expireMs < 0 ? 0 : Math.max(1, expireMs - ctx.now));
  requests.raw(reply.buf, start, reply.pos);
  if (replace) requests.argLatin1('REPLACE');
  reply.truncate(start);
  return { key, state: stateOf(ctx, ref) };
}

const lanes = new Int32Array(2);

/** The same for the same value and expire time, and practically never for others. */
function stateOf(ctx: Context, ref: Ref): string {
  const { arena, space } = ctx;
  const type = typeOf(arena, ref);
  let state = `${type} ${expireOf(arena, ref)}`;
  for (const seed of [0x243f6a88, 0x13198a2e]) {
    if (type === TYPE_STRING) {
      const at = valueAddress(arena, ref);
      const len = valueLength(arena, ref);
      lanes[0] = hashBytes(arena.u8, at, len, seed, 0x3707344);
      lanes[1] = hashBytes(arena.u8, at, len, ~seed, 0x299f31d0);
    } else opsOf(space, ref).fingerprint(space, ref, seed, seed ^ 0x299f31d0, lanes);
    state += ` ${lanes[0]} ${lanes[1]}`;
  }
  return state;
}

/** The target has answered, or has not: what it has taken is deleted, and the client is told. */
function finish(ctx: Context, answer: MigrateAnswer, leading: number, sent: readonly SentKey[], copy: boolean): void {
  const { reply } = ctx;
  const { lines } = answer;
  // Whoever was refused, or sent to another database, has not taken over what he took.
  let refused = lines.slice(0, leading).find((line) => line.startsWith('-'));
  const wronglyTaken = refused !== undefined;
  const taken: SentKey[] = [];
  sent.forEach((key, i) => {
    const line = lines[leading + i];
    if (line === undefined) return;
    if (line.startsWith('-')) refused ??= line;
    else if (!wronglyTaken) taken.push(key);
  });
  let problem = '';
  if (!copy && taken.length > 0) {
    problem = refusalOfRole(ctx, F_WRITE);
    if (problem === '' && !removeUnchanged(ctx, taken)) problem = CHANGED;
  }
  if (refused !== undefined) reply.error(`ERR Target instance replied with error: ${refused.slice(1)}`);
  else if (answer.failure === 'uncommitted') {
    reply.error('NOREPLICAS The keys were not sent: the replication log has not stored them yet');
  } else if (answer.failure === 'connecting') reply.error('IOERR error or timeout connecting to the client');
  else if (answer.failure !== null) reply.error(`IOERR error or timeout ${answer.failure} to target instance`);
  else if (problem !== '') reply.error(problem);
  else reply.ok();
}

/** Deletes those that are what they were. False: others are not. */
function removeUnchanged(ctx: Context, taken: readonly SentKey[]): boolean {
  const { db } = ctx;
  const removed: Uint8Array[] = [];
  const seen = new Set<string>();
  let unchanged = true;
  for (const { key, state } of taken) {
    const name = Buffer.from(key).toString('latin1');
    if (seen.has(name)) continue;
    seen.add(name);
    const ref = ctx.findKey(db, key, 0, key.length);
    if (ref === 0 || stateOf(ctx, ref) !== state) unchanged = false;
    else {
      removeEntryOf(ctx, db, key, ref);
      removed.push(key);
    }
  }
  if (removed.length > 0) {
    const effects = ctx.effect(1 + removed.length);
    effects.raw(DEL);
    for (const key of removed) effects.argBytes(key, 0, key.length);
    ctx.dirty += removed.length - 1;
  }
  return unchanged;
}

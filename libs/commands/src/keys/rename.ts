import { setLru } from '@weir/keyspace';
import type { Database } from '@weir/keyspace';
import { SYNTAX_ERROR, intArg, isWord, sameArgs } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { copyEntry, moveEntry, renameEntry } from '../core/entries.ts';
import { keyAt, oneKey } from '../core/key-specs.ts';

const SAME_OBJECT = 'ERR source and destination objects are the same';
const NO_SUCH_DB = 'ERR DB index is out of range';

export const rename: Command = {
  name: 'rename',
  arity: 3,
  flags: ['write'],
  keySpecs: [oneKey('RW', 'access', 'delete'), keyAt(2, 'OW', 'update')],
  docs: {
    summary: 'Rename a key',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'newkey', type: 'key', keySpec: 1 },
    ],
  },
  run(ctx) {
    if (renameKey(ctx, false)) ctx.reply.ok();
  },
};

export const renamenx: Command = {
  name: 'renamenx',
  arity: 3,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'delete'), keyAt(2, 'OW', 'insert')],
  docs: {
    summary: 'Rename a key, only if the new key does not exist',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    history: [['3.2.0', 'The command no longer returns an error when source and destination names are the same.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'newkey', type: 'key', keySpec: 1 },
    ],
  },
  run(ctx) {
    if (renameKey(ctx, true)) ctx.reply.int(1);
  },
};

function renameKey(ctx: Context, nx: boolean): boolean {
  const { req, reply } = ctx;
  const ref = ctx.lookupWrite(1);
  if (ref === 0) {
    reply.error('ERR no such key');
    return false;
  }
  if (sameArgs(req, 1, 2)) {
    if (nx) reply.int(0);
    else reply.ok();
    return false;
  }
  const replaced = ctx.lookupWrite(2);
  if (replaced !== 0 && nx) {
    reply.int(0);
    return false;
  }
  renameEntry(ctx, ref, 1, 2, replaced);
  ctx.propagate();
  return true;
}

export const copy: Command = {
  name: 'copy',
  arity: -3,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('RO', 'access'), keyAt(2, 'OW', 'update')],
  docs: {
    summary: 'Copy a key',
    since: '6.2.0',
    group: 'generic',
    complexity: 'O(N) worst case for collections, where N is the number of nested items. O(1) for string values.',
    arguments: [
      { name: 'source', type: 'key', keySpec: 0 },
      { name: 'destination', type: 'key', keySpec: 1 },
      { name: 'destination-db', type: 'integer', token: 'DB', flags: ['optional'] },
      { name: 'replace', type: 'pure-token', token: 'REPLACE', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const reply = ctx.reply;
    let to = ctx.db;
    let replace = false;
    for (let i = 3; i < req.argc; i++) {
      if (isWord(req, i, 'replace')) replace = true;
      else if (isWord(req, i, 'db') && i + 1 < req.argc) {
        const db = databaseArg(ctx, ++i);
        if (db === undefined) return;
        to = db;
      } else {
        reply.error(SYNTAX_ERROR);
        return;
      }
    }
    if (to === ctx.db && sameArgs(req, 1, 2)) {
      reply.error(SAME_OBJECT);
      return;
    }
    const ref = ctx.lookupRead(1);
    const replaced = ref === 0 ? 0 : ctx.findKey(to, req.buf, req.off(2), req.len(2));
    if (ref === 0 || (replaced !== 0 && !replace)) {
      reply.int(0);
      return;
    }
    const next = copyEntry(ctx, ref, to, 2, replaced);
    setLru(ctx.arena, next, ctx.keyspace.recency.initial(ctx.now));
    ctx.propagate();
    reply.int(1);
  },
};

export const move: Command = {
  name: 'move',
  arity: 3,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Move a key to another database',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'db', type: 'integer' },
    ],
  },
  run(ctx, req) {
    const reply = ctx.reply;
    const to = databaseArg(ctx, 2);
    if (to === undefined) return;
    if (to === ctx.db) {
      reply.error(SAME_OBJECT);
      return;
    }
    const ref = ctx.lookupWrite(1);
    if (ref === 0 || ctx.findKey(to, req.buf, req.off(1), req.len(1)) !== 0) {
      reply.int(0);
      return;
    }
    moveEntry(ctx, ref, 1, to);
    ctx.propagate();
    reply.int(1);
  },
};

function databaseArg(ctx: Context, i: number): Database | undefined {
  const index = intArg(ctx, i);
  if (index !== index) return undefined;
  const db = ctx.keyspace.dbs[index];
  if (db === undefined) ctx.reply.error(NO_SUCH_DB);
  return db;
}

import type { Command } from '../core/command.ts';
import { del, exists, touch, type, unlink } from './del.ts';
import { dump, restore, restoreAsking } from './dump.ts';
import { expire, expireat, expiretime, persist, pexpire, pexpireat, pexpiretime, pttl, ttl } from './expire.ts';
import { flushall, flushdb, swapdb } from './flush.ts';
import { migrate } from './migrate.ts';
import { object } from './object.ts';
import { copy, move, rename, renamenx } from './rename.ts';
import { dbsize, keys, randomkey, scan } from './scan.ts';
import { wait, waitaof } from './wait.ts';

/** Group generic, and the commands of group server that are about the keyspace. */
export const keyCommands: readonly Command[] = [
  copy,
  dbsize,
  del,
  dump,
  exists,
  expire,
  expireat,
  expiretime,
  flushall,
  flushdb,
  keys,
  migrate,
  move,
  object,
  persist,
  pexpire,
  pexpireat,
  pexpiretime,
  pttl,
  randomkey,
  rename,
  renamenx,
  restore,
  restoreAsking,
  scan,
  swapdb,
  touch,
  ttl,
  type,
  unlink,
  wait,
  waitaof,
];

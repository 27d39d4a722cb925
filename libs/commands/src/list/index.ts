import type { Command } from '../core/command.ts';
import { blmove, blmpop, blpop, brpop, brpoplpush } from './block.ts';
import { linsert, lrem, lset, ltrim } from './edit.ts';
import { lmove, rpoplpush } from './move.ts';
import { lmpop, lpop, rpop } from './pop.ts';
import { lpush, lpushx, rpush, rpushx } from './push.ts';
import { lindex, llen, lpos, lrange } from './read.ts';

export const listCommands: readonly Command[] = [
  lpush,
  rpush,
  lpushx,
  rpushx,
  lpop,
  rpop,
  lmpop,
  llen,
  lindex,
  lrange,
  lpos,
  linsert,
  lset,
  lrem,
  ltrim,
  lmove,
  rpoplpush,
  blpop,
  brpop,
  blmpop,
  blmove,
  brpoplpush,
];

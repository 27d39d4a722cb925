import type { Command } from '../core/command.ts';
import { sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore } from './combine.ts';
import { sadd, scard, sismember, smembers, smismember, srem } from './members.ts';
import { spop, srandmember } from './random.ts';
import { smove } from './smove.ts';
import { sscan } from './sscan.ts';

export const setCommands: readonly Command[] = [
  sadd,
  scard,
  sdiff,
  sdiffstore,
  sinter,
  sintercard,
  sinterstore,
  sismember,
  smembers,
  smismember,
  smove,
  spop,
  srandmember,
  srem,
  sscan,
  sunion,
  sunionstore,
];

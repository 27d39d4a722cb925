import type { Command } from '../core/command.ts';
import { hdel } from './del.ts';
import { hexists, hget, hgetall, hkeys, hlen, hmget, hstrlen, hvals } from './get.ts';
import { hincrby, hincrbyfloat } from './incr.ts';
import { hrandfield } from './random.ts';
import { hscan } from './scan.ts';
import { hmset, hset, hsetnx } from './set.ts';

export const hashCommands: readonly Command[] = [
  hset,
  hsetnx,
  hmset,
  hget,
  hmget,
  hgetall,
  hkeys,
  hvals,
  hlen,
  hstrlen,
  hexists,
  hdel,
  hincrby,
  hincrbyfloat,
  hrandfield,
  hscan,
];

import type { Command } from '../core/command.ts';
import { get } from './get.ts';
import { getdel, getex } from './getex.ts';
import { decr, decrby, incr, incrby } from './incr.ts';
import { incrbyfloat } from './incrbyfloat.ts';
import { lcs } from './lcs.ts';
import { mget, mset, msetnx } from './multi.ts';
import { append, getrange, setrange, strlen, substr } from './range.ts';
import { getset, psetex, set, setex, setnx } from './set.ts';

/** Group string. */
export const stringCommands: readonly Command[] = [
  append,
  decr,
  decrby,
  get,
  getdel,
  getex,
  getrange,
  getset,
  incr,
  incrby,
  incrbyfloat,
  lcs,
  mget,
  mset,
  msetnx,
  psetex,
  set,
  setex,
  setnx,
  setrange,
  strlen,
  substr,
];

import type { Command } from '../core/command.ts';
import { xadd, xtrim } from './add.ts';
import { xautoclaim, xclaim } from './claim.ts';
import { xdel, xsetid } from './delete.ts';
import { xgroup } from './group.ts';
import { xinfo } from './info.ts';
import { xack, xpending } from './pending.ts';
import { xlen, xrange, xrevrange } from './range.ts';
import { xread, xreadgroup } from './read.ts';

export const streamCommands: readonly Command[] = [
  xack,
  xadd,
  xautoclaim,
  xclaim,
  xdel,
  xgroup,
  xinfo,
  xlen,
  xpending,
  xrange,
  xread,
  xreadgroup,
  xrevrange,
  xsetid,
  xtrim,
];

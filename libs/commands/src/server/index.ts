import type { Command } from '../core/command.ts';
import { acl } from './acl.ts';
import { command } from './command.ts';
import { config } from './config.ts';
import { debug } from './debug.ts';
import { info } from './info.ts';
import { latency } from './latency.ts';
import { lolwut } from './lolwut.ts';
import { memory } from './memory.ts';
import { module } from './module.ts';
import { monitor } from './monitor.ts';
import { failover, readonly, readwrite, replicaof, role, slaveof } from './replication.ts';
import { bgrewriteaof, bgsave, lastsave, save, shutdown } from './save.ts';
import { slowlog } from './slowlog.ts';
import { time } from './time.ts';
import { weir } from './weir.ts';

/** Group server, what a server without a cluster has of group cluster, and Weir's own. */
export const serverCommands: readonly Command[] = [
  acl,
  bgrewriteaof,
  bgsave,
  command,
  config,
  debug,
  failover,
  info,
  lastsave,
  latency,
  lolwut,
  memory,
  module,
  monitor,
  readonly,
  readwrite,
  replicaof,
  role,
  save,
  shutdown,
  slaveof,
  slowlog,
  time,
  weir,
];

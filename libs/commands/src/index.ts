import { bitmapCommands } from './bitmap/index.ts';
import { geoCommands } from './geo/index.ts';
import { hashCommands } from './hash/index.ts';
import { hyperloglogCommands } from './hyperloglog/index.ts';
import { listCommands } from './list/index.ts';
import { pubsubCommands } from './pubsub/index.ts';
import { setCommands } from './set/index.ts';
import { sortCommands } from './sort/index.ts';
import { streamCommands } from './stream/index.ts';
import { zsetCommands } from './zset/index.ts';
export { clientLine } from './connection/client-list.ts';
import { connectionCommands } from './connection/index.ts';
import type { Command } from './core/command.ts';
import { keyCommands } from './keys/index.ts';
import { scriptingCommands } from './scripting/index.ts';
import { serverCommands } from './server/index.ts';
import { stringCommands } from './string/index.ts';
import { transactionCommands } from './transaction/index.ts';

export type { Command, CommandArgument, CommandDocs, CommandFlag, KeySpec } from './core/command.ts';
export { Context, EFFECT_BYTES_MAX } from './core/context.ts';
export { Acl } from './acl/acl.ts';
export type { User } from './acl/user.ts';
export { loadAclFile } from './server/acl-file.ts';
export { applyMemoryPolicy, evictToLimit } from './core/evict.ts';
export { needsData } from './core/admit.ts';
export { apply, execute } from './core/execute.ts';
export { unblockAll } from './core/blocking.ts';
export { resume, serveReady, whenDone } from './core/frame.ts';
export { activeExpireCycle, rehashFor } from './core/expire-cycle.ts';
export { Lookahead } from './core/lookahead.ts';
export type {
  Deferred,
  Host,
  LogView,
  MigrateAnswer,
  MigrateRequest,
  ProcessView,
  ReplicationView,
  SlaveView,
  SnapshotView,
} from './core/host.ts';
export type { Phase, SessionAction, SessionEvent } from './core/phase.ts';
export { REPLY_ON, Session } from './core/session.ts';
export { Transaction } from './core/transaction.ts';
export type { ClientMemory, SessionControl } from './core/session.ts';
export { Slowlog } from './core/slowlog.ts';
export { CommandTable } from './core/table.ts';
export { UnknownEffectError } from './core/effect-errors.ts';
export { ENGINE_VERSION } from './core/version.ts';

/** Every command of the server. */
export const allCommands: readonly Command[] = [
  ...stringCommands,
  ...keyCommands,
  ...bitmapCommands,
  ...geoCommands,
  ...hashCommands,
  ...hyperloglogCommands,
  ...listCommands,
  ...pubsubCommands,
  ...setCommands,
  ...sortCommands,
  ...streamCommands,
  ...zsetCommands,
  ...connectionCommands,
  ...serverCommands,
  ...transactionCommands,
  ...scriptingCommands,
];

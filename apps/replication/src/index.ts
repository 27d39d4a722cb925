export { startReplication } from './app.ts';
export type { ReplicationApp, ReplicationOptions } from './app.ts';
export { settingsOf } from './options.ts';
export type { AppLogger, ReplicationSettings } from './options.ts';
export { runRestore } from './restore.ts';
export type { Timings } from './replicator.ts';

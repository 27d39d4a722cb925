import { runRestore } from './restore.ts';

/** `weir-server restore` as a process of its own, for the admin app, which is told of its progress. */
await runRestore(process.argv.slice(2));

import { runProgram } from '@weir/program';
import { startEngine } from './standalone.ts';

/** The engine as a process of its own: `node apps/engine/src/main.ts redis.conf --link-listen /run/weir/engine.sock`. */
await runProgram('weir-engine', startEngine);

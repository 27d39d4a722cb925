import { runProgram } from '@weir/program';
import { startServer } from './server.ts';

/** weir-server: one node from one redis.conf; see `weir-server --help`. */
await runProgram('weir', (program) => startServer({ ...program, onStop: (error) => program.stop('SHUTDOWN', error) }));

import { runProgram } from '@weir/program';
import { runRepair } from './repair.ts';
import { startServer } from './server.ts';

/** weir-server: one node from one redis.conf; see `weir-server --help`. `weir-server repair` speaks to a node that runs. */
const argv = process.argv.slice(2);
if (argv[0] === 'repair') process.exit(await runRepair(argv.slice(1)));
await runProgram('weir', (program) => startServer({ ...program, onStop: (error) => program.stop('SHUTDOWN', error) }));

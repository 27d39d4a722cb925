import { runRestore } from '@weir/app-replication';
import { runProgram } from '@weir/program';
import { runRepair } from './repair.ts';
import { startServer } from './server.ts';

/** weir-server: one node from one redis.conf; see `weir-server --help`. `weir-server repair` speaks to a node that runs, `weir-server restore` makes a folder for a new one. */
const argv = process.argv.slice(2);
if (argv[0] === 'repair') process.exit(await runRepair(argv.slice(1)));
if (argv[0] === 'restore') await runRestore(argv.slice(1));
else
  await runProgram('weir', (program) =>
    startServer({ ...program, onStop: (error) => program.stop('SHUTDOWN', error) }),
  );

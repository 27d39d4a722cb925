import { parentPort, workerData } from 'node:worker_threads';
import { bugs } from './bugs.ts';
import type { BugName } from './bugs.ts';
import { simulate } from './world.ts';

/** Runs the seeds that it is sent, one after the other. */
const { bug } = workerData as { bug: BugName | null };
parentPort!.on('message', (seed: number) => {
  void simulate({ seed, ...(bug === null ? {} : { bug: bugs[bug]() }) }).then((result) =>
    parentPort!.postMessage(result),
  );
});

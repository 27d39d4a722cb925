import { runProgram } from '@weir/program';
import { startIngressProgram } from './standalone.ts';

/** The ingress as a process of its own: `node apps/ingress/src/main.ts --port 6379 --link-connect /run/weir/engine.sock`. */
await runProgram('weir-ingress', startIngressProgram);

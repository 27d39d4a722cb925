/**
 * Time of a command inside the engine, without sockets and log: the benchmark that stands beside the commands, in a process
 * of its own, so that this one's heap and compiled code are not in its way.
 */

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { checkoutRoot } from '@weir/toolchain';
import type { FigureBench } from './figures.ts';

const NANOS_MAX = 450;

interface EngineTime {
  readonly name: string;
  readonly nanos: number;
}

export const engineBench: FigureBench = engineFigures('engine', 'engineBench');
export const engineTypesBench: FigureBench = engineFigures('engine-types', 'engineTypesBench');

function engineFigures(bench: string, exported: string): FigureBench {
  return {
    name: bench,
    run({ quick, profileDir }) {
      const module = path.join(checkoutRoot(), 'libs/commands/src/engine.bench.ts');
      const amount = quick ? '2000, 1' : '200_000, 5';
      const script = `import { ${exported} } from ${JSON.stringify(module)}; console.log(JSON.stringify(${exported}(${amount})));`;
      const profile =
        profileDir === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${profileDir}`];
      const args = [...profile, '--input-type=module', '--eval', script];
      const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
      const times = JSON.parse(output.trim().split('\n').at(-1)!) as EngineTime[];
      return Promise.resolve(
        times.map(({ name, nanos }) => ({
          name: `${bench}: ${name}`,
          unit: 'ns',
          weir: nanos,
          redis: null,
          target: name === 'GET' || name === 'SET' ? { of: 'value', bound: 'max', at: NANOS_MAX } : null,
          note: 'parse, execute, reply; no sockets, no log',
        })),
      );
    },
  };
}

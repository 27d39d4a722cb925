import type { Command } from '../core/command.ts';
import { evalRo, evalScript, evalsha, evalshaRo } from './eval.ts';
import { fcall, fcallRo } from './fcall.ts';
import { functionCommand } from './function.ts';
import { script } from './script.ts';

export const scriptingCommands: readonly Command[] = [
  evalScript,
  evalRo,
  evalsha,
  evalshaRo,
  script,
  fcall,
  fcallRo,
  functionCommand,
];

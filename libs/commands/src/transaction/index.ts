import type { Command } from '../core/command.ts';
import { exec } from './exec.ts';
import { discard, multi } from './multi.ts';
import { unwatch, watch } from './watch.ts';

export const transactionCommands: readonly Command[] = [multi, exec, discard, watch, unwatch];

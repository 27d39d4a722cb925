import type { Command } from '../core/command.ts';
import { exec } from './exec.ts';
import { discard, multi } from './multi.ts';

export const transactionCommands: readonly Command[] = [multi, exec, discard];

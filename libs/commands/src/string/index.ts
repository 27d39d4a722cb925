import type { Command } from '../core/command.ts';
import { get } from './get.ts';

/** Group string, in the order of Redis's documentation. */
export const stringCommands: readonly Command[] = [get];

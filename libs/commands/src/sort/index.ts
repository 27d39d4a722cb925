import type { Command } from '../core/command.ts';
import { sort, sortRo } from './sort.ts';

export const sortCommands: readonly Command[] = [sort, sortRo];

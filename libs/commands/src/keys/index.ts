import type { Command } from '../core/command.ts';

/** Group generic. */
export const keyCommands: readonly Command[] = [];

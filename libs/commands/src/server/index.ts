import type { Command } from '../core/command.ts';

/** Group server. */
export const serverCommands: readonly Command[] = [];

import type { Command } from '../core/command.ts';

/** Group connection. */
export const connectionCommands: readonly Command[] = [];

import type { Command } from '../core/command.ts';

export const streamCommands: readonly Command[] = [];

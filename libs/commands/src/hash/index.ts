import type { Command } from '../core/command.ts';

export const hashCommands: readonly Command[] = [];

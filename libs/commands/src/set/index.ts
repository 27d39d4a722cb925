import type { Command } from '../core/command.ts';

export const setCommands: readonly Command[] = [];

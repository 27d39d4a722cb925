import type { Command } from '../core/command.ts';

export const listCommands: readonly Command[] = [];

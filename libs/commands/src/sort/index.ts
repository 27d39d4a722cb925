import type { Command } from '../core/command.ts';

export const sortCommands: readonly Command[] = [];

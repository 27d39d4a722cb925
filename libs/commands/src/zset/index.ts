import type { Command } from '../core/command.ts';

export const zsetCommands: readonly Command[] = [];

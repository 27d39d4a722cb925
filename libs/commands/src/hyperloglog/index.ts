import type { Command } from '../core/command.ts';

export const hyperloglogCommands: readonly Command[] = [];

import type { Command } from '../core/command.ts';

export const bitmapCommands: readonly Command[] = [];

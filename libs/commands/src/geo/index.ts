import type { Command } from '../core/command.ts';

export const geoCommands: readonly Command[] = [];

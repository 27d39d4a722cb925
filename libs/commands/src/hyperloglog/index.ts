import type { Command } from '../core/command.ts';
import { pfadd } from './add.ts';
import { pfcount } from './count.ts';
import { pfdebug, pfselftest } from './debug.ts';
import { pfmerge } from './merge.ts';

export const hyperloglogCommands: readonly Command[] = [pfadd, pfcount, pfmerge, pfdebug, pfselftest];

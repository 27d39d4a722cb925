import type { Command } from '../core/command.ts';
import { getbit, setbit } from './bit.ts';
import { bitcount, bitpos } from './count.ts';
import { bitfield, bitfield_ro } from './field.ts';
import { bitop } from './op.ts';

export const bitmapCommands: readonly Command[] = [setbit, getbit, bitcount, bitpos, bitop, bitfield, bitfield_ro];

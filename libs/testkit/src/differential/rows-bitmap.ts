import type { CommandRow } from './rows.ts';

export const bitmapRows: readonly CommandRow[] = [];

import type { CommandRow } from './rows.ts';

export const zsetRows: readonly CommandRow[] = [];

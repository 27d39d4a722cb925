import type { CommandRow } from './rows.ts';

export const setRows: readonly CommandRow[] = [];

import type { CommandRow } from './rows.ts';

export const hllRows: readonly CommandRow[] = [];

import type { CommandRow } from './rows.ts';

export const sortRows: readonly CommandRow[] = [];

import type { CommandRow } from './rows.ts';

export const streamRows: readonly CommandRow[] = [];

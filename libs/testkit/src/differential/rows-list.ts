import type { CommandRow } from './rows.ts';

export const listRows: readonly CommandRow[] = [];

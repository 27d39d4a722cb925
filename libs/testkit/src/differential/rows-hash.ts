import type { CommandRow } from './rows.ts';

export const hashRows: readonly CommandRow[] = [];

import type { CommandRow } from './rows.ts';

export const geoRows: readonly CommandRow[] = [];

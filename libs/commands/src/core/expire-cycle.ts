import type { Config } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import type { Context } from './context.ts';

export function activeExpireCycle(_ctx: Context, _clockMicros: () => number, _budgetMicros: number): void {}
export function rehashFor(_keyspace: Keyspace, _clockMicros: () => number, _budgetMicros: number): void {}
export function applyMemoryPolicy(_keyspace: Keyspace, _config: Config): void {}

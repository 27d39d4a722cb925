export { Arena, ArenaFullError } from './arena.ts';
export type { ArenaOptions, Ref } from './arena.ts';

export { ARENA_BYTES_MAX, Arena, ArenaFullError } from './arena.ts';
export type { ArenaOptions, Ref } from './arena.ts';

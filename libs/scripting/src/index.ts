export { Lua, REGISTRY, TNUMBER, TSTRING } from './lua.ts';
export type { LuaModule } from './webassembly.ts';
export type { HostFunction } from './host-module.ts';
export { Machine, isOverdone } from './machine.ts';
export type { Outcome, ScriptError } from './machine.ts';
export { pushError, pushReply } from './reply-to-lua.ts';
export type { HostLibrary } from './sandbox.ts';
export { Random } from './random.ts';
export { sha1Hex } from './sha1.ts';

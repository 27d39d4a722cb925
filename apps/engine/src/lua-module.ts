import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { LuaModule } from '@weir/scripting';

let loaded: LuaModule | undefined;

/** Lua, as the package wasmoon-lua5.1 has it: read and compiled once, a few milliseconds, when the first script comes. */
export function loadLua(): LuaModule {
  return (loaded ??= new WebAssembly.Module(
    readFileSync(createRequire(import.meta.url).resolve('wasmoon-lua5.1/dist/liblua5.1.wasm')),
  ));
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { LuaModule } from './webassembly.ts';

/** The binary of Lua, for tests. */
export function testWasm(): LuaModule {
  return (module ??= new WebAssembly.Module(
    readFileSync(createRequire(import.meta.url).resolve('wasmoon-lua5.1/dist/liblua5.1.wasm')),
  ));
}

let module: LuaModule | undefined;

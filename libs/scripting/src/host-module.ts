/**
 * Lua calls its C functions through WebAssembly's table, which takes functions of WebAssembly only. A module that imports JavaScript's functions and
 * exports them again makes such of them: one module for all, built here byte by byte.
 */

/** `(L) → number of results`, and a hook's `(L, activation record)`. */
export type HostFunction = (L: number) => number;
export type HookFunction = (L: number, record: number) => void;

const TYPE_FUNCTION = 0;
const TYPE_HOOK = 1;

/** The functions, and behind them the hook, as functions of WebAssembly. */
export function asWasmFunctions(functions: readonly HostFunction[], hook: HookFunction): readonly CallableFunction[] {
  const imports: Record<string, HostFunction | HookFunction> = {};
  functions.forEach((run, i) => (imports[String(i)] = run));
  imports[String(functions.length)] = hook;
  const types = [...functions.map(() => TYPE_FUNCTION), TYPE_HOOK];
  const module = new WebAssembly.Module(moduleBytes(types));
  const { exports } = new WebAssembly.Instance(module, { h: imports });
  return types.map((_, i) => exports[String(i)] as CallableFunction);
}

function moduleBytes(types: readonly number[]): Uint8Array<ArrayBuffer> {
  const I32 = 0x7f;
  const FUNC = 0x60;
  const signatures = [2, FUNC, 1, I32, 1, I32, FUNC, 2, I32, I32, 0];
  const imports = types.flatMap((type, i) => [...name('h'), ...name(String(i)), 0, type]);
  const exports = types.flatMap((_, i) => [...name(String(i)), 0, ...leb(i)]);
  const count = leb(types.length);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, signatures),
    ...section(2, [...count, ...imports]),
    ...section(7, [...count, ...exports]),
  ]);
}

const section = (id: number, content: readonly number[]): number[] => [id, ...leb(content.length), ...content];

const name = (text: string): number[] => [...leb(text.length), ...Buffer.from(text, 'latin1')];

function leb(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)];
}

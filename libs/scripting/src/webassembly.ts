/** The part of WebAssembly that is used. TypeScript has its types among those of browsers only. */
declare global {
  namespace WebAssembly {
    class Module {
      constructor(bytes: Uint8Array<ArrayBuffer>);
      static imports(module: Module): { module: string; name: string }[];
    }
    type Imports = Record<string, Record<string, unknown>>;
    class Instance {
      constructor(module: Module, imports?: Imports);
      readonly exports: Record<string, unknown>;
    }
    interface Memory {
      readonly buffer: ArrayBuffer;
      grow(pages: number): number;
    }
    interface Table {
      readonly length: number;
      get(index: number): unknown;
      set(index: number, value: unknown): void;
      grow(count: number): number;
    }
    class RuntimeError extends Error {}
  }
}

/** A binary, compiled. */
export type LuaModule = WebAssembly.Module;

/**
 * The function libraries (FUNCTION LOAD) that belong to a data set: their sources by name. They are in snapshots, in the log and in the
 * fingerprint, and change hands with the data set. What runs them compiles them from here, when `version` has changed.
 */
export class FunctionLibraries {
  readonly #codes = new Map<string, Uint8Array>();
  /** Counts the changes. */
  version = 0;

  get size(): number {
    return this.#codes.size;
  }

  get(name: string): Uint8Array | undefined {
    return this.#codes.get(name);
  }

  [Symbol.iterator](): IterableIterator<[name: string, code: Uint8Array]> {
    return this.#codes.entries();
  }

  /** Takes a source, which is kept, in the place of the library of that name. */
  set(code: Uint8Array): void {
    this.#codes.set(libraryNameOf(code) ?? '', code);
    this.version++;
  }

  delete(name: string): boolean {
    this.version++;
    return this.#codes.delete(name);
  }

  clear(): void {
    this.version++;
    this.#codes.clear();
  }
}

/** The name in the first line of a source, `#!lua name=mylib`. */
function libraryNameOf(code: Uint8Array): string | undefined {
  const end = code.indexOf(10);
  const line = Buffer.from(code.subarray(0, end < 0 ? code.length : end)).toString('latin1');
  return /\sname=(\S*)/.exec(line)?.[1];
}

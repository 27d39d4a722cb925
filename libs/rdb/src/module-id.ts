// A module's number in a file is its name, nine characters of six bits each, and the version of its format, ten bits.

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NAME_LENGTH = 9;

/** Takes the two halves of the number, unsigned; returns the name and the version in words. */
export function moduleName(high: number, low: number): string {
  const id = (BigInt(high) << 32n) | BigInt(low);
  let name = '';
  for (let i = 0; i < NAME_LENGTH; i++) name = CHARACTERS[Number((id >> BigInt(10 + 6 * i)) & 63n)] + name;
  return `"${name}" (version ${id & 1023n})`;
}

/** What a library's first line says of its name: "#!lua name=mylib". */
export function libraryName(code: Uint8Array): string {
  const line = Buffer.from(code.subarray(0, 1024)).toString('utf8').split('\n', 1)[0];
  return /^#!.*\sname=(\S+)/.exec(line)?.[1] ?? '(without a name)';
}

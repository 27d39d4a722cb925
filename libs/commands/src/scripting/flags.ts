/** What a script says of itself: in the first line of an EVAL script, or where a library registers a function. */

export const NO_WRITES = 1;
export const ALLOW_OOM = 2;
export const ALLOW_STALE = 4;
export const NO_CLUSTER = 8;
export const ALLOW_CROSS_SLOT = 16;
/** It says nothing, since it has no such line: then it is as before there were flags. */
export const COMPATIBLE = 32;

export const SCRIPT_FLAGS: ReadonlyMap<string, number> = new Map([
  ['no-writes', NO_WRITES],
  ['allow-oom', ALLOW_OOM],
  ['allow-stale', ALLOW_STALE],
  ['no-cluster', NO_CLUSTER],
  ['allow-cross-slot-keys', ALLOW_CROSS_SLOT],
]);

/** Names of the flags that are set. */
export const flagNames = (flags: number): string[] =>
  [...SCRIPT_FLAGS].filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);

const HASH = 35;
const MARK = 33;
const NEWLINE = 10;

/**
 * The first line of an EVAL script, `#!lua flags=no-writes,allow-oom`: the flags, and how long it is. An error's text when it is wrong.
 */
export function shebangOf(body: Uint8Array): { flags: number; length: number } | string {
  if (body[0] !== HASH || body[1] !== MARK) return { flags: COMPATIBLE, length: 0 };
  const length = body.indexOf(NEWLINE);
  if (length < 0) return 'ERR Invalid script shebang';
  const [engine, ...options] = Buffer.from(body.buffer, body.byteOffset, length)
    .toString('latin1')
    .split(/[\s\0]+/)
    .filter((part) => part !== '');
  if (engine !== '#!lua') return `ERR Unexpected engine in script shebang: ${engine}`;
  let flags = 0;
  for (const option of options) {
    if (!option.startsWith('flags=')) return `ERR Unknown lua shebang option: ${option}`;
    const names = option.slice('flags='.length);
    for (const name of names === '' ? [] : names.split(',')) {
      const bit = SCRIPT_FLAGS.get(name);
      if (bit === undefined) return `ERR Unexpected flag in script shebang: ${name}`;
      flags |= bit;
    }
  }
  return { flags, length };
}

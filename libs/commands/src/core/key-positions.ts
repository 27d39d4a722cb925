/**
 * Which arguments of a request are keys, from the command's key specs: COMMAND GETKEYS. `base` is the argument where the
 * request begins (COMMAND GETKEYS carries it inside its own).
 */

import type { Request } from '@weir/resp';
import { isWord } from './args.ts';
import type { Command, KeyPosition, KeySpec } from './command.ts';
import { parseInt64 } from './integer.ts';

export function hasKeys(command: Command): boolean {
  return command.getKeys !== undefined || (command.keySpecs ?? []).some((spec) => !spec.flags.includes('not_key'));
}

/** Null: the request's syntax is wrong, or the specs cannot tell. */
export function keyPositions(command: Command, req: Request, base: number): readonly KeyPosition[] | null {
  const argc = req.argc - base;
  const found: KeyPosition[] = [];
  for (const spec of command.keySpecs ?? []) {
    const range = spec.flags.includes('incomplete') ? null : rangeOf(spec, req, base, argc);
    if (range === null) return command.getKeys === undefined ? null : command.getKeys(req, base);
    if (spec.flags.includes('not_key')) continue;
    const flags = spec.flags.includes('variable_flags') ? accessOf(command, req, base) : spec.flags;
    for (let i = range.first; i <= range.last; i += range.step) found.push({ index: base + i, flags });
  }
  return found;
}

interface Range {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

function rangeOf(spec: KeySpec, req: Request, base: number, argc: number): Range | null {
  const { begin, find } = spec;
  if (begin === 'unknown' || find === 'unknown') return null;
  let first = 0;
  if ('index' in begin) first = begin.index;
  else {
    const forward = begin.from > 0;
    const keyword = begin.keyword.toLowerCase();
    const end = forward ? argc - 1 : 1;
    for (let i = forward ? begin.from : argc + begin.from; i !== end; i += forward ? 1 : -1) {
      if (i >= argc || i < 0) break;
      if (!isWord(req, base + i, keyword)) continue;
      first = i + 1;
      break;
    }
    if (first === 0) return null;
  }
  let last: number;
  let step: number;
  if ('keynumIndex' in find) {
    if (first + find.keynumIndex >= argc) return null;
    const at = base + first + find.keynumIndex;
    const count = parseInt64(req.buf, req.off(at), req.len(at));
    if (count !== count) return null;
    step = find.step;
    first += find.first;
    last = first + (count - 1) * step;
  } else {
    step = find.step;
    if (find.last >= 0) last = first + find.last;
    else if (find.limit === 0) last = argc + find.last;
    else last = first + Math.trunc((argc - first) / find.limit) + find.last;
  }
  return first >= argc || last >= argc || last < first ? null : { first, last, step };
}

/** Where the flags depend on the options: SET … GET reads, BITFIELD with nothing but GET does not write. */
function accessOf(command: Command, req: Request, base: number): readonly string[] {
  const options = Array.from({ length: Math.max(0, req.argc - base - 2) }, (_, i) =>
    req.latin1(base + 2 + i).toLowerCase(),
  );
  if (command.name === 'bitfield') {
    return onlyReads(options) ? ['RO', 'access'] : ['RW', 'access', 'update'];
  }
  return options.slice(1).includes('get') ? ['RW', 'access', 'update'] : ['OW', 'update'];
}

/** Options of BITFIELD that end as they should, with no SET or INCRBY. What is wrong may write, as in Redis. */
function onlyReads(options: readonly string[]): boolean {
  for (let i = 0; i < options.length; i++) {
    const more = options.length - 1 - i;
    if (options[i] === 'get' && more >= 2) i += 2;
    else if (options[i] === 'overflow' && more >= 1) i++;
    else return false;
  }
  return true;
}

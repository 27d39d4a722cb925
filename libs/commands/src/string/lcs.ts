import { TYPE_STRING, typeOf, valueAddress, valueLength } from '@weir/keyspace';
import { SYNTAX_ERROR, integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';

export const lcs: Command = {
  name: 'lcs',
  arity: -3,
  flags: ['readonly'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 1, step: 1, limit: 0 } }],
  docs: {
    summary: 'Find longest common substring',
    since: '7.0.0',
    group: 'string',
    complexity: 'O(N*M) where N and M are the lengths of s1 and s2, respectively',
    arguments: [
      { name: 'key1', type: 'key', keySpec: 0 },
      { name: 'key2', type: 'key', keySpec: 0 },
      { name: 'len', type: 'pure-token', token: 'LEN', flags: ['optional'] },
      { name: 'idx', type: 'pure-token', token: 'IDX', flags: ['optional'] },
      { name: 'len', type: 'integer', token: 'MINMATCHLEN', flags: ['optional'] },
      { name: 'withmatchlen', type: 'pure-token', token: 'WITHMATCHLEN', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const refA = ctx.lookupRead(1);
    const refB = ctx.lookupRead(2);
    const { arena, reply } = ctx;
    if ((refA !== 0 && typeOf(arena, refA) !== TYPE_STRING) || (refB !== 0 && typeOf(arena, refB) !== TYPE_STRING)) {
      reply.error('ERR The specified keys must contain string values');
      return;
    }
    let wantsIndex = false;
    let wantsLength = false;
    let withMatchLength = false;
    let minMatch = 0;
    for (let i = 3; i < req.argc; i++) {
      if (isWord(req, i, 'idx')) wantsIndex = true;
      else if (isWord(req, i, 'len')) wantsLength = true;
      else if (isWord(req, i, 'withmatchlen')) withMatchLength = true;
      else if (isWord(req, i, 'minmatchlen') && i + 1 < req.argc) {
        minMatch = integerArg(ctx, ++i);
        if (minMatch !== minMatch) return;
      } else {
        reply.error(SYNTAX_ERROR);
        return;
      }
    }
    if (wantsIndex && wantsLength) {
      reply.error('ERR If you want both the length and indexes, please just use IDX.');
      return;
    }
    const a =
      refA === 0
        ? EMPTY
        : arena.u8.subarray(valueAddress(arena, refA), valueAddress(arena, refA) + valueLength(arena, refA));
    const b =
      refB === 0
        ? EMPTY
        : arena.u8.subarray(valueAddress(arena, refB), valueAddress(arena, refB) + valueLength(arena, refB));
    const cells = (a.length + 1) * (b.length + 1);
    if (cells * 4 > ctx.config.num.protoMaxBulkLen) {
      reply.error('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len');
      return;
    }
    let table: Uint32Array;
    try {
      table = new Uint32Array(cells);
    } catch {
      reply.error('ERR Insufficient memory, failed allocating transient memory for LCS');
      return;
    }
    fill(table, a, b);
    const length = table[cells - 1];
    if (wantsLength) reply.int(length);
    else if (wantsIndex) replyMatches(ctx, table, a, b, minMatch, withMatchLength);
    else replyText(ctx, table, a, b);
  },
};

const EMPTY = new Uint8Array(0);

/** Cell (i, j), at i × (b.length + 1) + j: the length for the first i bytes of a and the first j of b. */
function fill(table: Uint32Array, a: Uint8Array, b: Uint8Array): void {
  const width = b.length + 1;
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    const row = i * width;
    for (let j = 1; j <= b.length; j++) {
      if (byte === b[j - 1]) table[row + j] = table[row - width + j - 1] + 1;
      else table[row + j] = Math.max(table[row - width + j], table[row + j - 1]);
    }
  }
}

function replyText(ctx: Context, table: Uint32Array, a: Uint8Array, b: Uint8Array): void {
  const width = b.length + 1;
  let i = a.length;
  let j = b.length;
  let at = table[table.length - 1];
  const text = new Uint8Array(at);
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      text[--at] = a[i - 1];
      i--;
      j--;
    } else if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
    else j--;
  }
  ctx.reply.bulk(text, 0, text.length);
}

/**
 * The ranges that match, from the last to the first. A range is sent when the walk back leaves it. Redis's walk forgets
 * the byte that begins a new range directly beside the old one, and so must ours.
 */
function replyMatches(
  ctx: Context,
  table: Uint32Array,
  a: Uint8Array,
  b: Uint8Array,
  minMatch: number,
  withMatchLength: boolean,
): void {
  const reply = ctx.reply;
  const width = b.length + 1;
  let i = a.length;
  let j = b.length;
  // aStart at a.length: no range is open.
  let aStart = a.length;
  let aEnd = 0;
  let bStart = 0;
  let bEnd = 0;
  let ranges = 0;
  reply.map(2);
  reply.bulkLatin1('matches');
  const mark = reply.beginAggregate();
  while (i > 0 && j > 0) {
    let leave = false;
    if (a[i - 1] === b[j - 1]) {
      if (aStart === a.length) {
        aStart = aEnd = i - 1;
        bStart = bEnd = j - 1;
      } else if (aStart === i && bStart === j) {
        aStart--;
        bStart--;
      } else leave = true;
      if (aStart === 0 || bStart === 0) leave = true;
      i--;
      j--;
    } else {
      if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
      else j--;
      if (aStart !== a.length) leave = true;
    }
    if (!leave) continue;
    const length = aEnd - aStart + 1;
    if (minMatch <= 0 || length >= minMatch) {
      reply.array(withMatchLength ? 3 : 2);
      reply.array(2);
      reply.int(aStart);
      reply.int(aEnd);
      reply.array(2);
      reply.int(bStart);
      reply.int(bEnd);
      if (withMatchLength) reply.int(length);
      ranges++;
    }
    aStart = a.length;
  }
  reply.endAggregate(mark, 'array', ranges);
  reply.bulkLatin1('len');
  reply.int(table[table.length - 1]);
}

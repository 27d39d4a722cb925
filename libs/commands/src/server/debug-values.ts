/** The subcommands of DEBUG that look into a value: its table, its listpack, the nodes of a list. */

import { globMatchAt } from '@weir/config';
import {
  ENC_HASHTABLE,
  ENC_LISTPACK,
  ENC_QUICKLIST,
  ENC_SKIPLIST,
  Element,
  encodingOf,
  listpack,
  lists,
  rootOf,
} from '@weir/keyspace';
import type { KeyTable } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { isWord, printable } from '../core/args.ts';
import type { Context } from '../core/context.ts';
import type { Subcommand } from './debug-subcommand.ts';
import { unknownSubcommand } from './debug-subcommand.ts';

const NO_SUCH_KEY = 'ERR no such key';

/** What DEBUG HTSTATS says of one table. */
export function tableText(table: KeyTable): string {
  const title = 'Hash table 0 stats (main hash table):\n';
  if (table.size === 0) return `${title}No stats available for empty dictionaries\n`;
  return (
    `${title} table size: ${table.slots}\n number of elements: ${table.size}\n bytes: ${table.bytes}\n` +
    ` rehashing: ${table.rehashing ? 1 : 0}\n`
  );
}

export const htstatsKey: Subcommand = {
  min: 3,
  max: 4,
  help: ['HTSTATS-KEY <key>', "    Like HTSTATS but for the hash table stored at <key>'s value."],
  run(ctx, req) {
    // Redis 7.2 has FULL.
    if (req.argc === 4 && !isWord(req, 3, 'full')) return unknownSubcommand(ctx, req);
    const ref = ctx.lookupRead(2);
    if (ref === 0) return ctx.reply.error(NO_SUCH_KEY);
    const encoding = encodingOf(ctx.arena, ref);
    if (encoding === ENC_HASHTABLE || encoding === ENC_SKIPLIST) {
      ctx.reply.verbatim('txt', tableText(ctx.space.members.open(rootOf(ctx.arena, ref))));
    } else ctx.reply.error('ERR The value stored at the specified key is not represented using an hash table');
  },
};

/** Elements of a listpack that are told one by one. */
const ELEMENTS_MAX = 1000;
const ELEMENT_CHARS_MAX = 40;

export const listpackOf: Subcommand = {
  min: 3,
  max: 3,
  help: ['LISTPACK <key>', '    Show low level info about the listpack encoding of <key>.'],
  run(ctx) {
    const ref = ctx.lookupRead(2);
    if (ref === 0) return ctx.reply.error(NO_SUCH_KEY);
    if (encodingOf(ctx.arena, ref) !== ENC_LISTPACK) return ctx.reply.error('ERR Not a listpack encoded object.');
    ctx.host.log?.(listpackText(ctx, rootOf(ctx.arena, ref)));
    // Redis's words; here it is the server log.
    ctx.reply.simple('Listpack structure printed on stdout');
  },
};

function listpackText(ctx: Context, lp: Ref): string {
  const { arena } = ctx;
  const element = new Element();
  const end = listpack.end(arena, lp);
  let text = `{total bytes ${listpack.bytesOf(arena, lp)}} {num entries ${listpack.count(arena, lp)}}`;
  let pos: number = listpack.FIRST;
  for (let i = 0; pos < end && i < ELEMENTS_MAX; i++) {
    const next = listpack.next(arena, lp, pos);
    listpack.get(arena, lp, pos, element);
    const shown = Buffer.from(element.copy().subarray(0, ELEMENT_CHARS_MAX)).toString('latin1');
    text += `\n{index ${i}, offset ${pos}, entry size ${next - pos}} [${element.isInt ? 'int' : 'str'}]${shown}`;
    if (element.len > ELEMENT_CHARS_MAX) text += '...';
    pos = next;
  }
  return pos < end ? `${text}\n...` : text;
}

const nodes = new lists.NodeIterator();

export const quicklist: Subcommand = {
  min: 3,
  max: 4,
  help: [
    'QUICKLIST <key> [<0|1>]',
    '    Show low level info about the quicklist encoding of <key>.',
    '    The optional argument (0 by default) sets the level of detail',
  ],
  run(ctx, req) {
    const ref = ctx.lookupRead(2);
    if (ref === 0) return ctx.reply.error(NO_SUCH_KEY);
    if (encodingOf(ctx.arena, ref) !== ENC_QUICKLIST) return ctx.reply.error('ERR Not a quicklist encoded object.');
    const full = req.argc === 4 && Number.parseInt(printable(req, 3), 10) !== 0;
    const count = nodes.start(ctx.space, ref);
    let text = `{count: ${lists.length(ctx.space, ref)}}\n{len: ${count}}`;
    for (let i = 0; nodes.next() && i < ELEMENTS_MAX; i++) {
      text += `\n{quicklist node(${i})\n{container : ${nodes.plain ? 'PLAIN' : 'PACKED'}, size: ${nodes.len}}}`;
      if (full && !nodes.plain) text += `\n${listpackText(ctx, nodes.off / 16)}`;
    }
    ctx.host.log?.(text);
    ctx.reply.simple('Quicklist structure printed on stdout');
  },
};

/** What DEBUG OBJECT adds of a quicklist. */
export function quicklistText(ctx: Context, ref: Ref): string {
  const count = nodes.start(ctx.space, ref);
  let bytes = 0;
  while (nodes.next()) bytes += nodes.len;
  const average = (lists.length(ctx.space, ref) / count).toFixed(2);
  return (
    ` ql_nodes:${count} ql_avg_node:${average} ql_listpack_max:${ctx.config.num.listMaxListpackSize}` +
    ` ql_compressed:0 ql_uncompressed_size:${bytes}`
  );
}

const FUZZ_ROUNDS = 100_000;
const FUZZ_BYTES = Buffer.from('*?[]^-\\ab');

export const stringmatchTest: Subcommand = {
  min: 2,
  max: 2,
  help: ['STRINGMATCH-TEST', '    Run a fuzz tester against the matching of patterns.'],
  run(ctx) {
    const { u32 } = ctx.keyspace.random;
    const fill = (bytes: Uint8Array): number => {
      const length = u32() % bytes.length;
      for (let i = 0; i < length; i++) bytes[i] = FUZZ_BYTES[u32() % FUZZ_BYTES.length];
      return length;
    };
    const pattern = new Uint8Array(32);
    const string = new Uint8Array(32);
    for (let i = 0; i < FUZZ_ROUNDS; i++) globMatchAt(pattern, 0, fill(pattern), string, 0, fill(string), false);
    ctx.reply.simple('Apparently Redis did not crash: test passed');
  },
};

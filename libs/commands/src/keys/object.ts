import { ENC_INT, encodingName, encodingOf, lruOf, typeOf, valueAddress, valueLength } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { parseInt64 } from '../core/integer.ts';
import { keyAt } from '../core/key-specs.ts';

const NO_LFU =
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';
const NO_LRU =
  'ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';

/** Redis shares the objects of the integers below this, and says so. */
const SHARED_INTEGERS = 10000;
const SHARED_REFCOUNT = 2147483647;

const encoding: Command = {
  name: 'encoding',
  arity: 3,
  flags: ['readonly'],
  keySpecs: [keyAt(2, 'RO')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Inspect the internal encoding of a Redis object',
    since: '2.2.3',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = lookup(ctx);
    if (ref !== 0) ctx.reply.bulkLatin1(encodingName(typeOf(ctx.arena, ref), encodingOf(ctx.arena, ref)));
  },
};

const freq: Command = {
  name: 'freq',
  arity: 3,
  flags: ['readonly'],
  keySpecs: [keyAt(2, 'RO')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Get the logarithmic access frequency counter of a Redis object',
    since: '4.0.0',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = lookup(ctx);
    if (ref === 0) return;
    const recency = ctx.keyspace.recency;
    if (recency.lfu) ctx.reply.int(recency.lfuCounter(lruOf(ctx.arena, ref), ctx.now));
    else ctx.reply.error(NO_LFU);
  },
};

const idletime: Command = {
  name: 'idletime',
  arity: 3,
  flags: ['readonly'],
  keySpecs: [keyAt(2, 'RO')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Get the time since a Redis object was last accessed',
    since: '2.2.3',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = lookup(ctx);
    if (ref === 0) return;
    const recency = ctx.keyspace.recency;
    if (recency.lfu) ctx.reply.error(NO_LRU);
    else ctx.reply.int(recency.idleSeconds(lruOf(ctx.arena, ref), ctx.now));
  },
};

const refcount: Command = {
  name: 'refcount',
  arity: 3,
  flags: ['readonly'],
  keySpecs: [keyAt(2, 'RO')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Get the number of references to the value of the key',
    since: '2.2.3',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = lookup(ctx);
    if (ref !== 0) ctx.reply.int(isSharedInteger(ctx, ref) ? SHARED_REFCOUNT : 1);
  },
};

/** Nothing is shared here; but clients and tests tell small integers by this. */
function isSharedInteger(ctx: Context, ref: number): boolean {
  const arena = ctx.arena;
  if (encodingOf(arena, ref) !== ENC_INT) return false;
  if (ctx.config.num.maxmemory > 0 && /l[rf]u$/.test(ctx.config.choice.maxmemoryPolicy)) return false;
  const n = parseInt64(arena.u8, valueAddress(arena, ref), valueLength(arena, ref));
  return n >= 0 && n < SHARED_INTEGERS;
}

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '6.2.0',
    group: 'generic',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.array(HELP.length);
    for (const line of HELP) ctx.reply.simple(line);
  },
};

const HELP = [
  'OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'ENCODING <key>',
  '    Return the kind of internal representation used in order to store the value',
  '    associated with a <key>.',
  'FREQ <key>',
  '    Return the access frequency index of the <key>. The returned integer is',
  '    proportional to the logarithm of the recent access frequency of the key.',
  'IDLETIME <key>',
  '    Return the idle time of the <key>, that is the approximated number of',
  '    seconds elapsed since the last access to the key.',
  'REFCOUNT <key>',
  '    Return the number of references of the value associated with the specified',
  '    <key>.',
  'HELP',
  '    Prints this help.',
];

export const object: Command = {
  name: 'object',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for object introspection commands',
    since: '2.2.3',
    group: 'generic',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [encoding, freq, help, idletime, refcount],
};

/** 0: answered with nil. */
function lookup(ctx: Context): number {
  const ref = ctx.find(2);
  if (ref !== 0) ctx.stats.keyspaceHits++;
  else {
    // Of this miss Redis says nothing.
    ctx.stats.keyspaceMisses++;
    ctx.reply.nil();
  }
  return ref;
}

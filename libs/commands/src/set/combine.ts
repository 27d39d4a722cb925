import type { Command } from '../core/command.ts';
import { SYNTAX_ERROR, isWord, rangeArg } from '../core/args.ts';
import { oneKey } from '../core/key-specs.ts';
import { subtract, subtractStore } from './difference.ts';
import { intersect, intersectCount, intersectStore } from './intersection.ts';
import { unite, uniteStore } from './union.ts';

export const sinter: Command = {
  name: 'sinter',
  arity: -2,
  flags: ['readonly'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Intersect multiple sets',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  },
  run(ctx, req) {
    intersect(ctx, 1, req.argc - 1);
  },
};

export const sinterstore: Command = {
  name: 'sinterstore',
  arity: -3,
  flags: ['write', 'denyoom'],
  keySpecs: [
    oneKey('RW', 'update'),
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: -1, step: 1, limit: 0 } },
  ],
  docs: {
    summary: 'Intersect multiple sets and store the resulting set in a key',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    intersectStore(ctx, 2, req.argc - 2);
  },
};

export const sintercard: Command = {
  name: 'sintercard',
  arity: -3,
  flags: ['readonly', 'movablekeys'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Intersect multiple sets and return the cardinality of the result',
    since: '7.0.0',
    group: 'set',
    complexity: 'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      { name: 'limit', type: 'integer', token: 'LIMIT', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const numkeys = rangeArg(ctx, 1, 1, Infinity, 'ERR numkeys should be greater than 0');
    if (numkeys !== numkeys) return;
    if (numkeys > req.argc - 2) {
      ctx.reply.error("ERR Number of keys can't be greater than number of args");
      return;
    }
    let limit = 0;
    for (let i = 2 + numkeys; i < req.argc; i += 2) {
      if (i + 1 >= req.argc || !isWord(req, i, 'limit')) {
        ctx.reply.error(SYNTAX_ERROR);
        return;
      }
      limit = rangeArg(ctx, i + 1, 0, Infinity, "ERR LIMIT can't be negative");
      if (limit !== limit) return;
    }
    intersectCount(ctx, 2, numkeys, limit);
  },
};

export const sunion: Command = {
  name: 'sunion',
  arity: -2,
  flags: ['readonly'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Add multiple sets',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  },
  run(ctx, req) {
    unite(ctx, 1, req.argc - 1);
  },
};

export const sunionstore: Command = {
  name: 'sunionstore',
  arity: -3,
  flags: ['write', 'denyoom'],
  keySpecs: [
    oneKey('OW', 'update'),
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: -1, step: 1, limit: 0 } },
  ],
  docs: {
    summary: 'Add multiple sets and store the resulting set in a key',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    uniteStore(ctx, 2, req.argc - 2);
  },
};

export const sdiff: Command = {
  name: 'sdiff',
  arity: -2,
  flags: ['readonly'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Subtract multiple sets',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  },
  run(ctx, req) {
    subtract(ctx, 1, req.argc - 1);
  },
};

export const sdiffstore: Command = {
  name: 'sdiffstore',
  arity: -3,
  flags: ['write', 'denyoom'],
  keySpecs: [
    oneKey('OW', 'update'),
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: -1, step: 1, limit: 0 } },
  ],
  docs: {
    summary: 'Subtract multiple sets and store the resulting set in a key',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    subtractStore(ctx, 2, req.argc - 2);
  },
};

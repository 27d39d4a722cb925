import type { Request } from '@weir/resp';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { countIntersection, replyCombined, storeCombined } from './combine.ts';

export const zunion: Command = {
  name: 'zunion',
  arity: -3,
  flags: ['readonly', 'movablekeys'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Add multiple sorted sets',
    since: '6.2.0',
    group: 'sorted-set',
    complexity:
      'O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.',
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      { name: 'weight', type: 'integer', token: 'WEIGHTS', flags: ['optional', 'multiple'] },
      {
        name: 'aggregate',
        type: 'oneof',
        token: 'AGGREGATE',
        flags: ['optional'],
        arguments: [
          { name: 'sum', type: 'pure-token', token: 'SUM' },
          { name: 'min', type: 'pure-token', token: 'MIN' },
          { name: 'max', type: 'pure-token', token: 'MAX' },
        ],
      },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
    ],
  },
  run: runZunion,
};
export const zinter: Command = {
  name: 'zinter',
  arity: -3,
  flags: ['readonly', 'movablekeys'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Intersect multiple sorted sets',
    since: '6.2.0',
    group: 'sorted-set',
    complexity:
      'O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.',
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      { name: 'weight', type: 'integer', token: 'WEIGHTS', flags: ['optional', 'multiple'] },
      {
        name: 'aggregate',
        type: 'oneof',
        token: 'AGGREGATE',
        flags: ['optional'],
        arguments: [
          { name: 'sum', type: 'pure-token', token: 'SUM' },
          { name: 'min', type: 'pure-token', token: 'MIN' },
          { name: 'max', type: 'pure-token', token: 'MAX' },
        ],
      },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
    ],
  },
  run: runZinter,
};
export const zdiff: Command = {
  name: 'zdiff',
  arity: -3,
  flags: ['readonly', 'movablekeys'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Subtract multiple sorted sets',
    since: '6.2.0',
    group: 'sorted-set',
    complexity:
      'O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.',
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
    ],
  },
  run: runZdiff,
};
export const zunionstore: Command = {
  name: 'zunionstore',
  arity: -4,
  flags: ['write', 'denyoom', 'movablekeys'],
  keySpecs: [
    oneKey('OW', 'update'),
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { keynumIndex: 0, first: 1, step: 1 } },
  ],
  docs: {
    summary: 'Add multiple sorted sets and store the resulting sorted set in a new key',
    since: '2.0.0',
    group: 'sorted-set',
    complexity:
      'O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.',
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
      { name: 'weight', type: 'integer', token: 'WEIGHTS', flags: ['optional', 'multiple'] },
      {
        name: 'aggregate',
        type: 'oneof',
        token: 'AGGREGATE',
        flags: ['optional'],
        arguments: [
          { name: 'sum', type: 'pure-token', token: 'SUM' },
          { name: 'min', type: 'pure-token', token: 'MIN' },
          { name: 'max', type: 'pure-token', token: 'MAX' },
        ],
      },
    ],
  },
  run: runZunionstore,
};
export const zinterstore: Command = {
  name: 'zinterstore',
  arity: -4,
  flags: ['write', 'denyoom', 'movablekeys'],
  keySpecs: [
    oneKey('OW', 'update'),
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { keynumIndex: 0, first: 1, step: 1 } },
  ],
  docs: {
    summary: 'Intersect multiple sorted sets and store the resulting sorted set in a new key',
    since: '2.0.0',
    group: 'sorted-set',
    complexity:
      'O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.',
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
      { name: 'weight', type: 'integer', token: 'WEIGHTS', flags: ['optional', 'multiple'] },
      {
        name: 'aggregate',
        type: 'oneof',
        token: 'AGGREGATE',
        flags: ['optional'],
        arguments: [
          { name: 'sum', type: 'pure-token', token: 'SUM' },
          { name: 'min', type: 'pure-token', token: 'MIN' },
          { name: 'max', type: 'pure-token', token: 'MAX' },
        ],
      },
    ],
  },
  run: runZinterstore,
};
export const zdiffstore: Command = {
  name: 'zdiffstore',
  arity: -4,
  flags: ['write', 'denyoom', 'movablekeys'],
  keySpecs: [
    oneKey('OW', 'update'),
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { keynumIndex: 0, first: 1, step: 1 } },
  ],
  docs: {
    summary: 'Subtract multiple sorted sets and store the resulting sorted set in a new key',
    since: '6.2.0',
    group: 'sorted-set',
    complexity:
      'O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.',
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
    ],
  },
  run: runZdiffstore,
};
export const zintercard: Command = {
  name: 'zintercard',
  arity: -3,
  flags: ['readonly', 'movablekeys'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  docs: {
    summary: 'Intersect multiple sorted sets and return the cardinality of the result',
    since: '7.0.0',
    group: 'sorted-set',
    complexity:
      'O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.',
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      { name: 'limit', type: 'integer', token: 'LIMIT', flags: ['optional'] },
    ],
  },
  run: countIntersection,
};
function runZunion(ctx: Context, req: Request): void {
  replyCombined(ctx, req, 'union');
}

function runZinter(ctx: Context, req: Request): void {
  replyCombined(ctx, req, 'inter');
}

function runZdiff(ctx: Context, req: Request): void {
  replyCombined(ctx, req, 'diff');
}

function runZunionstore(ctx: Context, req: Request): void {
  storeCombined(ctx, req, 'union');
}

function runZinterstore(ctx: Context, req: Request): void {
  storeCombined(ctx, req, 'inter');
}

function runZdiffstore(ctx: Context, req: Request): void {
  storeCombined(ctx, req, 'diff');
}

import type { Request } from '@weir/resp';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { keyAt, oneKey } from '../core/key-specs.ts';
import { AUTO, BY_LEX, BY_RANK, BY_SCORE, replyRange, storeRange } from './ranges.ts';

export const zrange: Command = {
  name: 'zrange',
  arity: -4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Return a range of members in a sorted set',
    since: '1.2.0',
    group: 'sorted-set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.',
    history: [['6.2.0', 'Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'string' },
      { name: 'stop', type: 'string' },
      {
        name: 'sortby',
        type: 'oneof',
        since: '6.2.0',
        flags: ['optional'],
        arguments: [
          { name: 'byscore', type: 'pure-token', token: 'BYSCORE' },
          { name: 'bylex', type: 'pure-token', token: 'BYLEX' },
        ],
      },
      { name: 'rev', type: 'pure-token', token: 'REV', since: '6.2.0', flags: ['optional'] },
      {
        name: 'offset_count',
        type: 'block',
        token: 'LIMIT',
        since: '6.2.0',
        flags: ['optional'],
        arguments: [
          { name: 'offset', type: 'integer' },
          { name: 'count', type: 'integer' },
        ],
      },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
    ],
  },
  run: runZrange,
};
export const zrevrange: Command = {
  name: 'zrevrange',
  arity: -4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Return a range of members in a sorted set, by index, with scores ordered from high to low',
    since: '1.2.0',
    group: 'sorted-set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.',
    deprecatedSince: '6.2.0',
    replacedBy: '`ZRANGE` with the `REV` argument',
    docFlags: ['deprecated'],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'integer' },
      { name: 'stop', type: 'integer' },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
    ],
  },
  run: runZrevrange,
};
export const zrangebyscore: Command = {
  name: 'zrangebyscore',
  arity: -4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Return a range of members in a sorted set, by score',
    since: '1.0.5',
    group: 'sorted-set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    deprecatedSince: '6.2.0',
    replacedBy: '`ZRANGE` with the `BYSCORE` argument',
    docFlags: ['deprecated'],
    history: [['2.0.0', 'Added the `WITHSCORES` modifier.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'double' },
      { name: 'max', type: 'double' },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', since: '2.0.0', flags: ['optional'] },
      {
        name: 'offset_count',
        type: 'block',
        token: 'LIMIT',
        flags: ['optional'],
        arguments: [
          { name: 'offset', type: 'integer' },
          { name: 'count', type: 'integer' },
        ],
      },
    ],
  },
  run: runZrangebyscore,
};
export const zrevrangebyscore: Command = {
  name: 'zrevrangebyscore',
  arity: -4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Return a range of members in a sorted set, by score, with scores ordered from high to low',
    since: '2.2.0',
    group: 'sorted-set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    deprecatedSince: '6.2.0',
    replacedBy: '`ZRANGE` with the `REV` and `BYSCORE` arguments',
    docFlags: ['deprecated'],
    history: [['2.1.6', '`min` and `max` can be exclusive.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'max', type: 'double' },
      { name: 'min', type: 'double' },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
      {
        name: 'offset_count',
        type: 'block',
        token: 'LIMIT',
        flags: ['optional'],
        arguments: [
          { name: 'offset', type: 'integer' },
          { name: 'count', type: 'integer' },
        ],
      },
    ],
  },
  run: runZrevrangebyscore,
};
export const zrangebylex: Command = {
  name: 'zrangebylex',
  arity: -4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Return a range of members in a sorted set, by lexicographical range',
    since: '2.8.9',
    group: 'sorted-set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    deprecatedSince: '6.2.0',
    replacedBy: '`ZRANGE` with the `BYLEX` argument',
    docFlags: ['deprecated'],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'string' },
      { name: 'max', type: 'string' },
      {
        name: 'offset_count',
        type: 'block',
        token: 'LIMIT',
        flags: ['optional'],
        arguments: [
          { name: 'offset', type: 'integer' },
          { name: 'count', type: 'integer' },
        ],
      },
    ],
  },
  run: runZrangebylex,
};
export const zrevrangebylex: Command = {
  name: 'zrevrangebylex',
  arity: -4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary:
      'Return a range of members in a sorted set, by lexicographical range, ordered from higher to lower strings.',
    since: '2.8.9',
    group: 'sorted-set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    deprecatedSince: '6.2.0',
    replacedBy: '`ZRANGE` with the `REV` and `BYLEX` arguments',
    docFlags: ['deprecated'],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'max', type: 'string' },
      { name: 'min', type: 'string' },
      {
        name: 'offset_count',
        type: 'block',
        token: 'LIMIT',
        flags: ['optional'],
        arguments: [
          { name: 'offset', type: 'integer' },
          { name: 'count', type: 'integer' },
        ],
      },
    ],
  },
  run: runZrevrangebylex,
};
export const zrangestore: Command = {
  name: 'zrangestore',
  arity: -5,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('OW', 'update'), keyAt(2, 'RO', 'access')],
  docs: {
    summary: 'Store a range of members from sorted set into another key',
    since: '6.2.0',
    group: 'sorted-set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.',
    arguments: [
      { name: 'dst', type: 'key', keySpec: 0 },
      { name: 'src', type: 'key', keySpec: 1 },
      { name: 'min', type: 'string' },
      { name: 'max', type: 'string' },
      {
        name: 'sortby',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'byscore', type: 'pure-token', token: 'BYSCORE' },
          { name: 'bylex', type: 'pure-token', token: 'BYLEX' },
        ],
      },
      { name: 'rev', type: 'pure-token', token: 'REV', flags: ['optional'] },
      {
        name: 'offset_count',
        type: 'block',
        token: 'LIMIT',
        flags: ['optional'],
        arguments: [
          { name: 'offset', type: 'integer' },
          { name: 'count', type: 'integer' },
        ],
      },
    ],
  },
  run: storeRange,
};
function runZrange(ctx: Context, req: Request): void {
  replyRange(ctx, req, AUTO, AUTO);
}

function runZrevrange(ctx: Context, req: Request): void {
  replyRange(ctx, req, BY_RANK, 1);
}

function runZrangebyscore(ctx: Context, req: Request): void {
  replyRange(ctx, req, BY_SCORE, 0);
}

function runZrevrangebyscore(ctx: Context, req: Request): void {
  replyRange(ctx, req, BY_SCORE, 1);
}

function runZrangebylex(ctx: Context, req: Request): void {
  replyRange(ctx, req, BY_LEX, 0);
}

function runZrevrangebylex(ctx: Context, req: Request): void {
  replyRange(ctx, req, BY_LEX, 1);
}

import { TYPE_ZSET, zsets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { unitArg } from './args.ts';
import { distance, positionOf, textOf } from './geohash.ts';
import { replyCoordinate, replyDistance } from './text.ts';

export const geopos: Command = {
  name: 'geopos',
  arity: -2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Returns longitude and latitude of members of a geospatial index',
    since: '3.2.0',
    group: 'geo',
    complexity: 'O(N) where N is the number of members requested.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string', flags: ['multiple'] },
    ],
  },
  run: runGeopos,
};
export const geohash: Command = {
  name: 'geohash',
  arity: -2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Returns members of a geospatial index as standard geohash strings',
    since: '3.2.0',
    group: 'geo',
    complexity: 'O(log(N)) for each member requested, where N is the number of elements in the sorted set.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string', flags: ['multiple'] },
    ],
  },
  run: runGeohash,
};
export const geodist: Command = {
  name: 'geodist',
  arity: -4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Returns the distance between two members of a geospatial index',
    since: '3.2.0',
    group: 'geo',
    complexity: 'O(log(N))',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member1', type: 'string' },
      { name: 'member2', type: 'string' },
      {
        name: 'unit',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'm', type: 'pure-token', token: 'M' },
          { name: 'km', type: 'pure-token', token: 'KM' },
          { name: 'ft', type: 'pure-token', token: 'FT' },
          { name: 'mi', type: 'pure-token', token: 'MI' },
        ],
      },
    ],
  },
  run: runGeodist,
};
/** NaN: no such member. */
function scoreArg(ctx: Context, ref: Ref, i: number): number {
  const { req } = ctx;
  return ref === 0 ? NaN : zsets.scoreOf(ctx.space, ref, req.buf, req.off(i), req.len(i));
}

function runGeopos(ctx: Context, req: Request): void {
  const { reply } = ctx;
  const ref = ctx.lookupRead(1);
  if (ref !== 0 && !ctx.isType(ref, TYPE_ZSET)) return;
  reply.array(req.argc - 2);
  for (let i = 2; i < req.argc; i++) {
    const score = scoreArg(ctx, ref, i);
    if (score !== score) {
      reply.nilArray();
      continue;
    }
    const { lon, lat } = positionOf(score);
    reply.array(2);
    replyCoordinate(reply, lon);
    replyCoordinate(reply, lat);
  }
}

function runGeohash(ctx: Context, req: Request): void {
  const { reply } = ctx;
  const ref = ctx.lookupRead(1);
  if (ref !== 0 && !ctx.isType(ref, TYPE_ZSET)) return;
  reply.array(req.argc - 2);
  for (let i = 2; i < req.argc; i++) {
    const score = scoreArg(ctx, ref, i);
    if (score !== score) reply.nil();
    else reply.bulkLatin1(textOf(positionOf(score)));
  }
}

function runGeodist(ctx: Context, req: Request): void {
  const { reply } = ctx;
  let unit = 1;
  if (req.argc === 5) {
    unit = unitArg(ctx, 4);
    if (unit === 0) return;
  } else if (req.argc > 5) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const ref = ctx.lookupRead(1);
  if (ref !== 0 && !ctx.isType(ref, TYPE_ZSET)) return;
  const from = scoreArg(ctx, ref, 2);
  const to = scoreArg(ctx, ref, 3);
  if (from !== from || to !== to) {
    reply.nil();
    return;
  }
  const a = positionOf(from);
  const b = positionOf(to);
  replyDistance(reply, distance(a.lon, a.lat, b.lon, b.lat) / unit);
}

/** GEOSEARCH, GEORADIUS and their kind, which are one command with different ways to say where (georadiusGeneric in Redis). */

import { ENC_LISTPACK, TYPE_ZSET, events, zsets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { formatDouble } from '@weir/resp';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, integerArg, isWord, printable } from '../core/args.ts';
import { EffectTooLargeError } from '../core/context.ts';
import type { Context } from '../core/context.ts';
import { DEL } from '../core/effect-words.ts';
import { doubleArg } from '../zset/args.ts';
import { position, positionArgs, unitArg } from './args.ts';
import { areasOf, distanceInside, positionOf, scoreBehind, scoreOf } from './geohash.ts';
import type { Cell, Shape } from './geohash.ts';
import { replyCoordinate, replyDistance } from './text.ts';

export type Kind = 'georadius' | 'georadiusbymember' | 'geosearch' | 'geosearchstore';

interface Query {
  lon: number;
  lat: number;
  isBox: boolean;
  /** Radius, or width and height, in units. */
  across: number;
  up: number;
  /** Meters of a unit. */
  unit: number;
  fromMember: boolean;
  fromPosition: boolean;
  byRadius: boolean;
  byBox: boolean;
  withDistance: boolean;
  withHash: boolean;
  withPosition: boolean;
  any: boolean;
  /** 0: all. */
  count: number;
  order: 'none' | 'asc' | 'desc';
  /** Argument of the key to store into; 0: reply. */
  store: number;
  storeDistance: boolean;
}

interface Found {
  readonly buf: Uint8Array;
  readonly off: number;
  readonly len: number;
  readonly score: number;
  readonly lon: number;
  readonly lat: number;
  readonly meters: number;
}

const cursor = new zsets.Cursor();

export function search(ctx: Context, req: Request, kind: Kind, mayStore: boolean): void {
  const { reply } = ctx;
  const source = kind === 'geosearchstore' ? 2 : 1;
  const ref = ctx.lookupRead(source);
  if (ref !== 0 && !ctx.isType(ref, TYPE_ZSET)) return;
  const query = parse(ctx, req, ref, kind, mayStore);
  if (query === null) return;
  if (ref === 0) {
    if (query.store === 0) reply.array(0);
    else storeNothing(ctx, query.store);
    return;
  }
  // The first ones are the nearest ones, unless any will do.
  if (query.count > 0 && query.order === 'none' && !query.any) query.order = 'asc';
  const shape = shapeOf(query);
  let found = findAll(ctx, ref, shape, query.any ? query.count : 0);
  const sign = query.order === 'desc' ? -1 : 1;
  if (query.order !== 'none') found.sort((a, b) => sign * (a.meters - b.meters));
  if (query.count > 0 && found.length > query.count) found = found.slice(0, query.count);
  if (query.store === 0) replyFound(ctx, query, found);
  else if (found.length === 0) storeNothing(ctx, query.store);
  else store(ctx, kind === 'geosearchstore' ? events.GEOSEARCHSTORE : events.GEORADIUSSTORE, req, query, found);
}

// --- arguments -----------------------------------------------------------------------------------------------------------

function parse(ctx: Context, req: Request, ref: Ref, kind: Kind, mayStore: boolean): Query | null {
  const { reply } = ctx;
  const isSearch = kind === 'geosearch' || kind === 'geosearchstore';
  const query = emptyQuery();
  if (kind === 'geosearchstore') query.store = 1;
  let i = 2;
  if (kind === 'georadius') {
    if (!positionArgs(ctx, 2)) return null;
    query.lon = position.lon;
    query.lat = position.lat;
    if (!radiusArgs(ctx, 4, query)) return null;
    i = 6;
  } else if (kind === 'georadiusbymember') {
    // Without the key there is nothing to find, but what is wrong behind is said.
    if (ref !== 0 && (!memberArg(ctx, ref, 2, query) || !radiusArgs(ctx, 3, query))) return null;
    i = 5;
  } else if (kind === 'geosearchstore') i = 3;

  for (; i < req.argc; i++) {
    const more = req.argc - i - 1;
    if (isWord(req, i, 'withdist')) query.withDistance = true;
    else if (isWord(req, i, 'withhash')) query.withHash = true;
    else if (isWord(req, i, 'withcoord')) query.withPosition = true;
    else if (isWord(req, i, 'any')) query.any = true;
    else if (isWord(req, i, 'asc')) query.order = 'asc';
    else if (isWord(req, i, 'desc')) query.order = 'desc';
    else if (more >= 1 && isWord(req, i, 'count')) {
      query.count = integerArg(ctx, ++i);
      if (query.count !== query.count) return null;
      if (query.count <= 0) {
        reply.error('ERR COUNT must be > 0');
        return null;
      }
    } else if (!isSearch && mayStore && more >= 1 && isWord(req, i, 'store')) {
      query.store = ++i;
      query.storeDistance = false;
    } else if (!isSearch && mayStore && more >= 1 && isWord(req, i, 'storedist')) {
      query.store = ++i;
      query.storeDistance = true;
    } else if (isSearch && more >= 1 && !query.fromPosition && isWord(req, i, 'frommember')) {
      query.fromMember = true;
      i++;
      if (ref !== 0 && !memberArg(ctx, ref, i, query)) return null;
    } else if (isSearch && more >= 2 && !query.fromMember && isWord(req, i, 'fromlonlat')) {
      if (!positionArgs(ctx, i + 1)) return null;
      query.lon = position.lon;
      query.lat = position.lat;
      query.fromPosition = true;
      i += 2;
    } else if (isSearch && more >= 2 && !query.byBox && isWord(req, i, 'byradius')) {
      if (!radiusArgs(ctx, i + 1, query)) return null;
      query.byRadius = true;
      i += 2;
    } else if (isSearch && more >= 3 && !query.byRadius && isWord(req, i, 'bybox')) {
      if (!boxArgs(ctx, i + 1, query)) return null;
      query.byBox = true;
      i += 3;
    } else if (kind === 'geosearchstore' && isWord(req, i, 'storedist')) query.storeDistance = true;
    else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  const conflict = conflictOf(query, isSearch, kind, printable(req, 0));
  if (conflict === '') return query;
  reply.error(conflict);
  return null;
}

function emptyQuery(): Query {
  return {
    lon: 0,
    lat: 0,
    isBox: false,
    across: 0,
    up: 0,
    unit: 1,
    fromMember: false,
    fromPosition: false,
    byRadius: false,
    byBox: false,
    withDistance: false,
    withHash: false,
    withPosition: false,
    any: false,
    count: 0,
    order: 'none',
    store: 0,
    storeDistance: false,
  };
}

function conflictOf(query: Query, isSearch: boolean, kind: Kind, name: string): string {
  if (query.store !== 0 && (query.withDistance || query.withHash || query.withPosition)) {
    const what = kind === 'geosearchstore' ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS';
    return `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`;
  }
  if (isSearch && !query.fromMember && !query.fromPosition) {
    return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`;
  }
  if (isSearch && !query.byRadius && !query.byBox) {
    return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`;
  }
  if (query.any && query.count === 0) return 'ERR the ANY argument requires COUNT argument';
  return '';
}

function memberArg(ctx: Context, ref: Ref, i: number, query: Query): boolean {
  const { req } = ctx;
  const score = zsets.scoreOf(ctx.space, ref, req.buf, req.off(i), req.len(i));
  if (score !== score) {
    ctx.reply.error('ERR could not decode requested zset member');
    return false;
  }
  const { lon, lat } = positionOf(score);
  query.lon = lon;
  query.lat = lat;
  return true;
}

function radiusArgs(ctx: Context, i: number, query: Query): boolean {
  const radius = doubleArg(ctx, i, 'ERR need numeric radius');
  if (radius !== radius) return false;
  if (radius < 0) {
    ctx.reply.error('ERR radius cannot be negative');
    return false;
  }
  query.across = query.up = radius;
  query.isBox = false;
  const unit = unitArg(ctx, i + 1);
  query.unit = unit;
  return unit !== 0;
}

function boxArgs(ctx: Context, i: number, query: Query): boolean {
  const width = doubleArg(ctx, i, 'ERR need numeric width');
  if (width !== width) return false;
  const height = doubleArg(ctx, i + 1, 'ERR need numeric height');
  if (height !== height) return false;
  if (width < 0 || height < 0) {
    ctx.reply.error('ERR height or width cannot be negative');
    return false;
  }
  query.across = width;
  query.up = height;
  query.isBox = true;
  const unit = unitArg(ctx, i + 2);
  query.unit = unit;
  return unit !== 0;
}

// --- search --------------------------------------------------------------------------------------------------------------

function shapeOf({ lon, lat, isBox, across, up, unit }: Query): Shape {
  if (!isBox) return { lon, lat, isBox, across: across * unit, up: across * unit };
  return { lon, lat, isBox, across: (across * unit) / 2, up: (up * unit) / 2 };
}

/** All members inside the shape, cell by cell; with a limit, so many at most. */
function findAll(ctx: Context, ref: Ref, shape: Shape, limit: number): Found[] {
  const found: Found[] = [];
  const cells = areasOf(shape);
  let last = 0;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i];
    if (cell.step === 0) continue;
    // Where cells are very large, neighbours may be one and the same. (The center does not count: as in Redis.)
    if (last > 0 && cell.lon === cells[last].lon && cell.lat === cells[last].lat) continue;
    if (limit > 0 && found.length >= limit) break;
    findIn(ctx, ref, shape, cell, limit, found);
    last = i;
  }
  return found;
}

function findIn(ctx: Context, ref: Ref, shape: Shape, cell: Cell, limit: number, found: Found[]): void {
  let left = zsets.scoreRange(ctx.space, ref, scoreOf(cell), false, scoreBehind(cell), true);
  if (left === 0) return;
  const { element } = cursor;
  cursor.seek(ctx.space, ref, zsets.range.from);
  for (; left > 0; left--, cursor.next()) {
    const score = cursor.score();
    const { lon, lat } = positionOf(score);
    const meters = distanceInside(shape, lon, lat);
    if (meters !== meters) continue;
    const { isInt, buf, off, len } = element;
    // An integer's digits are gone with the next one.
    if (isInt) found.push({ buf: element.copy(), off: 0, len, score, lon, lat, meters });
    else found.push({ buf, off, len, score, lon, lat, meters });
    if (limit > 0 && found.length >= limit) return;
  }
}

// --- results -------------------------------------------------------------------------------------------------------------

function replyFound(ctx: Context, query: Query, found: readonly Found[]): void {
  const { reply } = ctx;
  const { withDistance, withHash, withPosition, unit } = query;
  const parts = 1 + Number(withDistance) + Number(withHash) + Number(withPosition);
  reply.array(found.length);
  for (const { buf, off, len, score, lon, lat, meters } of found) {
    if (parts > 1) reply.array(parts);
    reply.bulk(buf, off, len);
    if (withDistance) replyDistance(reply, meters / unit);
    if (withHash) replyHash(ctx, score);
    if (withPosition) {
      reply.array(2);
      replyCoordinate(reply, lon);
      replyCoordinate(reply, lat);
    }
  }
}

function replyHash(ctx: Context, score: number): void {
  if (Math.abs(score) <= Number.MAX_SAFE_INTEGER) ctx.reply.int(Math.trunc(score) + 0);
  else ctx.reply.bigint(BigInt(Math.trunc(score)));
}

function storeNothing(ctx: Context, i: number): void {
  const replaced = ctx.lookupWrite(i);
  if (replaced !== 0) {
    ctx.removeEntry(i, replaced);
    effectDel(ctx, i);
  }
  ctx.reply.int(0);
}

function effectDel(ctx: Context, i: number): void {
  const { req } = ctx;
  const effect = ctx.effect(2);
  effect.raw(DEL);
  effect.argBytes(req.buf, req.off(i), req.len(i));
}

/** Of a member in the log, beside its own bytes. */
const SCORE_FRAME_BYTES = 64;

function store(ctx: Context, event: number, req: Request, query: Query, found: readonly Found[]): void {
  const { keyspace, space } = ctx;
  const scores = found.map(({ score, meters }) => (query.storeDistance ? meters / query.unit : score));
  let bytes = 0;
  for (const { len } of found) bytes += len + SCORE_FRAME_BYTES;
  if (bytes > ctx.effectBytesMax) throw new EffectTooLargeError();
  const replaced = ctx.lookupWrite(query.store);
  const holder = keyspace.detached(TYPE_ZSET, ENC_LISTPACK);
  let stored: Ref;
  try {
    found.forEach(({ buf, off, len }, i) => zsets.add(space, holder, buf, off, len, scores[i], 0));
    stored = ctx.attach(event, query.store, holder, replaced);
  } catch (error) {
    keyspace.dropDetached(holder);
    throw error;
  }
  if (replaced !== 0) effectDel(ctx, query.store);
  effectZadd(ctx, req, query.store, stored);
  ctx.reply.int(found.length);
}

/** What was found goes to the log, not the search: distances are sines, and another version's may differ in the last digit. */
function effectZadd(ctx: Context, req: Request, i: number, stored: Ref): void {
  const effect = ctx.effect(2 + 2 * zsets.size(ctx.space, stored));
  effect.argLatin1('ZADD');
  effect.argBytes(req.buf, req.off(i), req.len(i));
  const { element } = cursor;
  for (let more = cursor.seek(ctx.space, stored, 0); more; more = cursor.next()) {
    effect.argLatin1(formatDouble(cursor.score()));
    effect.argBytes(element.buf, element.off, element.len);
  }
}

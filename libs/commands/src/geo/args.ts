import type { Context } from '../core/context.ts';
import { isWord } from '../core/args.ts';
import { doubleArg } from '../zset/args.ts';
import { LATITUDE_MAX, LONGITUDE_MAX } from './geohash.ts';
import { fixed } from './text.ts';

/** What `positionArgs` read. */
export const position = { lon: 0, lat: 0 };

/** Longitude and latitude in argument `i` and the next. False: answered with the error. */
export function positionArgs(ctx: Context, i: number): boolean {
  const lon = doubleArg(ctx, i);
  if (lon !== lon) return false;
  const lat = doubleArg(ctx, i + 1);
  if (lat !== lat) return false;
  if (Math.abs(lon) > LONGITUDE_MAX || Math.abs(lat) > LATITUDE_MAX) {
    ctx.reply.error(`ERR invalid longitude,latitude pair ${fixed(lon, 6)},${fixed(lat, 6)}`);
    return false;
  }
  position.lon = lon;
  position.lat = lat;
  return true;
}

/** Meters of a unit. 0: answered with the error. */
export function unitArg(ctx: Context, i: number): number {
  const { req } = ctx;
  if (isWord(req, i, 'm')) return 1;
  if (isWord(req, i, 'km')) return 1000;
  if (isWord(req, i, 'ft')) return 0.3048;
  if (isWord(req, i, 'mi')) return 1609.34;
  ctx.reply.error('ERR unsupported unit provided. please use M, KM, FT, MI');
  return 0;
}

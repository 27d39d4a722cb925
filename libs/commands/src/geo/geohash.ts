/**
 * Redis's geohash (`geohash.c`, `geohash_helper.c`): a position is a cell of a grid of 2^step × 2^step over longitude ±180° and
 * latitude ±85.05112878°; longitude and latitude of the cell interleave to the 52 bits of a score. Here a cell is its two
 * numbers, and bits are put together only where a score is needed. A position on the upper edge of the grid is the cell behind the last,
 * as in Redis: such scores have 53 or 54 bits.
 */

export const LONGITUDE_MAX = 180;
export const LATITUDE_MAX = 85.05112878;
export const STEP_MAX = 26;
const EARTH_RADIUS_METERS = 6372797.560856;
const MERCATOR_MAX = 20037726.37;
const RADIANS_PER_DEGREE = Math.PI / 180;

/** A cell. Of step 0: none. */
export interface Cell {
  readonly lon: number;
  readonly lat: number;
  readonly step: number;
}

const NO_CELL: Cell = { lon: 0, lat: 0, step: 0 };

export interface Position {
  readonly lon: number;
  readonly lat: number;
}

/** The cell with a position that is inside the grid whose latitude ends at `latitudeMax`. */
export function cellOf(lon: number, lat: number, step: number, latitudeMax = LATITUDE_MAX): Cell {
  const cells = 2 ** step;
  return {
    lon: Math.floor(((lon + LONGITUDE_MAX) / (2 * LONGITUDE_MAX)) * cells),
    lat: Math.floor(((lat + latitudeMax) / (2 * latitudeMax)) * cells),
    step,
  };
}

export function neighbour(cell: Cell, east: number, north: number): Cell {
  const cells = 2 ** cell.step;
  const moved = (n: number, by: number): number => (by === 0 ? n : (((n + by) % cells) + cells) % cells);
  return { lon: moved(cell.lon, east), lat: moved(cell.lat, north), step: cell.step };
}

/** Edges of a cell in degrees. */
export const west = ({ lon, step }: Cell): number => -LONGITUDE_MAX + (lon / 2 ** step) * (2 * LONGITUDE_MAX);
export const east = ({ lon, step }: Cell): number => -LONGITUDE_MAX + ((lon + 1) / 2 ** step) * (2 * LONGITUDE_MAX);
export const south = ({ lat, step }: Cell): number => -LATITUDE_MAX + (lat / 2 ** step) * (2 * LATITUDE_MAX);
export const north = ({ lat, step }: Cell): number => -LATITUDE_MAX + ((lat + 1) / 2 ** step) * (2 * LATITUDE_MAX);

// --- scores --------------------------------------------------------------------------------------------------------------

/** Puts the low 16 bits at the even places. */
function spread(n: number): number {
  n &= 0xffff;
  n = (n | (n << 8)) & 0x00ff00ff;
  n = (n | (n << 4)) & 0x0f0f0f0f;
  n = (n | (n << 2)) & 0x33333333;
  return (n | (n << 1)) & 0x55555555;
}

/** The bits at the even places. */
function gathered(n: number): number {
  n &= 0x55555555;
  n = (n | (n >>> 1)) & 0x33333333;
  n = (n | (n >>> 2)) & 0x0f0f0f0f;
  n = (n | (n >>> 4)) & 0x00ff00ff;
  return (n | (n >>> 8)) & 0xffff;
}

/** The bits of a cell as halves: latitude at the even places, longitude at the odd ones. */
function interleaved({ lon, lat }: Cell): { lo: number; hi: number } {
  return {
    lo: (spread(lat) | (spread(lon) << 1)) >>> 0,
    hi: (spread(lat >>> 16) | (spread(lon >>> 16) << 1)) >>> 0,
  };
}

export function bitsOf(cell: Cell): bigint {
  const { lo, hi } = interleaved(cell);
  return (BigInt(hi) << 32n) | BigInt(lo);
}

/** The least score of a position in the cell. */
export function scoreOf(cell: Cell): number {
  const { lo, hi } = interleaved(cell);
  return (hi * 4294967296 + lo) * 2 ** (2 * (STEP_MAX - cell.step));
}

/** The score behind the cell's last one. */
export function scoreBehind(cell: Cell): number {
  const { lo, hi } = interleaved(cell);
  return (hi * 4294967296 + (lo + 1)) * 2 ** (2 * (STEP_MAX - cell.step));
}

const TWO_63 = 9223372036854775808;

/** The position that a score stands for. Any score of any sorted set may be asked for; it is cut to 64 bits as C on x86-64 does it. */
export function positionOf(score: number): Position {
  let value = Math.trunc(score);
  if (value >= TWO_63) value = value < 2 * TWO_63 ? value : 0;
  else if (value < -TWO_63) value = TWO_63;
  const lo = value | 0;
  const hi = Math.floor(value / 4294967296) | 0;
  const cell = {
    lat: gathered(lo) + gathered(hi) * 65536,
    lon: gathered(lo >>> 1) + gathered(hi >>> 1) * 65536,
    step: STEP_MAX,
  };
  return {
    lon: clamped((west(cell) + east(cell)) / 2, LONGITUDE_MAX),
    lat: clamped((south(cell) + north(cell)) / 2, LATITUDE_MAX),
  };
}

function clamped(value: number, max: number): number {
  return value > max ? max : value < -max ? -max : value;
}

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';

/** The geohash as the world writes it, whose latitude ends at 90°; of the eleven characters the last is always 0. */
export function textOf({ lon, lat }: Position): string {
  const bits = bitsOf(cellOf(lon, lat, STEP_MAX, 90));
  let text = '';
  for (let shift = 47n; shift >= 2n; shift -= 5n) text += ALPHABET[Number((bits >> shift) & 31n)];
  return `${text}0`;
}

// --- distances -----------------------------------------------------------------------------------------------------------

const radians = (degrees: number): number => degrees * RADIANS_PER_DEGREE;
const degrees = (angle: number): number => angle / RADIANS_PER_DEGREE;

/** Meters between two positions on the sphere (haversine). */
export function distance(lon1: number, lat1: number, lon2: number, lat2: number): number {
  const v = Math.sin((radians(lon2) - radians(lon1)) / 2);
  if (v === 0) return EARTH_RADIUS_METERS * Math.abs(radians(lat2) - radians(lat1));
  const from = radians(lat1);
  const to = radians(lat2);
  const u = Math.sin((to - from) / 2);
  const a = u * u + Math.cos(from) * Math.cos(to) * v * v;
  // On the other side of the world rounding may make it more than 1.
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.min(1, Math.sqrt(a)));
}

// --- areas ---------------------------------------------------------------------------------------------------------------

/** A circle, or a box whose sides have these halves, in meters. */
export interface Shape {
  readonly lon: number;
  readonly lat: number;
  readonly isBox: boolean;
  /** Radius, or half of the width and of the height. */
  readonly across: number;
  readonly up: number;
}

/** The distance of a position inside the shape to its center; NaN when it is outside. */
export function distanceInside(shape: Shape, lon: number, lat: number): number {
  if (!shape.isBox) {
    const meters = distance(shape.lon, shape.lat, lon, lat);
    return meters > shape.across ? NaN : meters;
  }
  if (distance(lon, lat, lon, shape.lat) > shape.up) return NaN;
  if (distance(lon, lat, shape.lon, lat) > shape.across) return NaN;
  return distance(shape.lon, shape.lat, lon, lat);
}

/** The step of which nine cells cover what is so far away. */
function stepFor(meters: number, lat: number): number {
  if (meters === 0) return STEP_MAX;
  let step = 1;
  for (; meters < MERCATOR_MAX; meters *= 2) step++;
  step -= 2;
  // Towards the poles cells are narrower.
  if (lat > 66 || lat < -66) step -= lat > 80 || lat < -80 ? 2 : 1;
  return Math.max(1, Math.min(STEP_MAX, step));
}

/**
 * The cells that cover a shape, in the order in which Redis looks at them, which is the order of unsorted results: the one of
 * its center and its neighbours, without those that the shape does not touch.
 */
export function areasOf(shape: Shape): Cell[] {
  const { lon, lat } = shape;
  const up = degrees(shape.up / EARTH_RADIUS_METERS);
  // The edge that is nearer to the pole spans more degrees.
  const widest = Math.cos(radians(lat < 0 ? lat - up : lat + up));
  const across = degrees(shape.across / EARTH_RADIUS_METERS / widest);
  const min = { lon: lon - across, lat: lat - up };
  const max = { lon: lon + across, lat: lat + up };

  const reach = shape.isBox ? Math.sqrt(shape.across * shape.across + shape.up * shape.up) : shape.across;
  let step = stepFor(reach, lat);
  let center = cellOf(lon, lat, step);
  const tooSmall =
    north(neighbour(center, 0, 1)) < max.lat ||
    south(neighbour(center, 0, -1)) > min.lat ||
    east(neighbour(center, 1, 0)) < max.lon ||
    west(neighbour(center, -1, 0)) > min.lon;
  if (tooSmall && step > 1) {
    step--;
    center = cellOf(lon, lat, step);
  }
  const skipSouth = step >= 2 && south(center) < min.lat;
  const skipNorth = step >= 2 && north(center) > max.lat;
  const skipWest = step >= 2 && west(center) < min.lon;
  const skipEast = step >= 2 && east(center) > max.lon;
  return [
    center,
    skipNorth ? NO_CELL : neighbour(center, 0, 1),
    skipSouth ? NO_CELL : neighbour(center, 0, -1),
    skipEast ? NO_CELL : neighbour(center, 1, 0),
    skipWest ? NO_CELL : neighbour(center, -1, 0),
    skipNorth || skipEast ? NO_CELL : neighbour(center, 1, 1),
    skipNorth || skipWest ? NO_CELL : neighbour(center, -1, 1),
    skipSouth || skipEast ? NO_CELL : neighbour(center, 1, -1),
    skipSouth || skipWest ? NO_CELL : neighbour(center, -1, -1),
  ];
}

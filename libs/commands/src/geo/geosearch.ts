import type { Request } from '@weir/resp';
import { isWord } from '../core/args.ts';
import type { Command, KeyPosition } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { keyAt, oneKey } from '../core/key-specs.ts';
import { search } from './search.ts';

export const geosearch: Command = {
  name: 'geosearch',
  arity: -7,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle.',
    since: '6.2.0',
    group: 'geo',
    complexity:
      'O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape',
    history: [['7.0.0', 'Added support for uppercase unit names.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'from',
        type: 'oneof',
        arguments: [
          { name: 'member', type: 'string', token: 'FROMMEMBER' },
          {
            name: 'longitude_latitude',
            type: 'block',
            token: 'FROMLONLAT',
            arguments: [
              { name: 'longitude', type: 'double' },
              { name: 'latitude', type: 'double' },
            ],
          },
        ],
      },
      {
        name: 'by',
        type: 'oneof',
        arguments: [
          {
            name: 'circle',
            type: 'block',
            arguments: [
              { name: 'radius', type: 'double', token: 'BYRADIUS' },
              {
                name: 'unit',
                type: 'oneof',
                arguments: [
                  { name: 'm', type: 'pure-token', token: 'M' },
                  { name: 'km', type: 'pure-token', token: 'KM' },
                  { name: 'ft', type: 'pure-token', token: 'FT' },
                  { name: 'mi', type: 'pure-token', token: 'MI' },
                ],
              },
            ],
          },
          {
            name: 'box',
            type: 'block',
            arguments: [
              { name: 'width', type: 'double', token: 'BYBOX' },
              { name: 'height', type: 'double' },
              {
                name: 'unit',
                type: 'oneof',
                arguments: [
                  { name: 'm', type: 'pure-token', token: 'M' },
                  { name: 'km', type: 'pure-token', token: 'KM' },
                  { name: 'ft', type: 'pure-token', token: 'FT' },
                  { name: 'mi', type: 'pure-token', token: 'MI' },
                ],
              },
            ],
          },
        ],
      },
      {
        name: 'order',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'asc', type: 'pure-token', token: 'ASC' },
          { name: 'desc', type: 'pure-token', token: 'DESC' },
        ],
      },
      {
        name: 'count',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'count', type: 'integer', token: 'COUNT' },
          { name: 'any', type: 'pure-token', token: 'ANY', flags: ['optional'] },
        ],
      },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
      { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
      { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
    ],
  },
  run: runGeosearch,
};
export const geosearchstore: Command = {
  name: 'geosearchstore',
  arity: -8,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('OW', 'update'), keyAt(2, 'RO', 'access')],
  docs: {
    summary:
      'Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle, and store the result in another key.',
    since: '6.2.0',
    group: 'geo',
    complexity:
      'O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape',
    history: [['7.0.0', 'Added support for uppercase unit names.']],
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'source', type: 'key', keySpec: 1 },
      {
        name: 'from',
        type: 'oneof',
        arguments: [
          { name: 'member', type: 'string', token: 'FROMMEMBER' },
          {
            name: 'longitude_latitude',
            type: 'block',
            token: 'FROMLONLAT',
            arguments: [
              { name: 'longitude', type: 'double' },
              { name: 'latitude', type: 'double' },
            ],
          },
        ],
      },
      {
        name: 'by',
        type: 'oneof',
        arguments: [
          {
            name: 'circle',
            type: 'block',
            arguments: [
              { name: 'radius', type: 'double', token: 'BYRADIUS' },
              {
                name: 'unit',
                type: 'oneof',
                arguments: [
                  { name: 'm', type: 'pure-token', token: 'M' },
                  { name: 'km', type: 'pure-token', token: 'KM' },
                  { name: 'ft', type: 'pure-token', token: 'FT' },
                  { name: 'mi', type: 'pure-token', token: 'MI' },
                ],
              },
            ],
          },
          {
            name: 'box',
            type: 'block',
            arguments: [
              { name: 'width', type: 'double', token: 'BYBOX' },
              { name: 'height', type: 'double' },
              {
                name: 'unit',
                type: 'oneof',
                arguments: [
                  { name: 'm', type: 'pure-token', token: 'M' },
                  { name: 'km', type: 'pure-token', token: 'KM' },
                  { name: 'ft', type: 'pure-token', token: 'FT' },
                  { name: 'mi', type: 'pure-token', token: 'MI' },
                ],
              },
            ],
          },
        ],
      },
      {
        name: 'order',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'asc', type: 'pure-token', token: 'ASC' },
          { name: 'desc', type: 'pure-token', token: 'DESC' },
        ],
      },
      {
        name: 'count',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'count', type: 'integer', token: 'COUNT' },
          { name: 'any', type: 'pure-token', token: 'ANY', flags: ['optional'] },
        ],
      },
      { name: 'storedist', type: 'pure-token', token: 'STOREDIST', flags: ['optional'] },
    ],
  },
  run: runGeosearchstore,
};
export const georadius: Command = {
  name: 'georadius',
  arity: -6,
  flags: ['write', 'denyoom', 'movablekeys'],
  keySpecs: [
    oneKey('RO', 'access'),
    { flags: ['OW', 'update'], begin: { keyword: 'STORE', from: 6 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['OW', 'update'], begin: { keyword: 'STOREDIST', from: 6 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  docs: {
    summary:
      'Query a sorted set representing a geospatial index to fetch members matching a given maximum distance from a point',
    since: '3.2.0',
    group: 'geo',
    complexity:
      'O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.',
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument',
    docFlags: ['deprecated'],
    history: [
      ['6.2.0', 'Added the `ANY` option for `COUNT`.'],
      ['7.0.0', 'Added support for uppercase unit names.'],
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'longitude', type: 'double' },
      { name: 'latitude', type: 'double' },
      { name: 'radius', type: 'double' },
      {
        name: 'unit',
        type: 'oneof',
        arguments: [
          { name: 'm', type: 'pure-token', token: 'M' },
          { name: 'km', type: 'pure-token', token: 'KM' },
          { name: 'ft', type: 'pure-token', token: 'FT' },
          { name: 'mi', type: 'pure-token', token: 'MI' },
        ],
      },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
      { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
      { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
      {
        name: 'count',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'count', type: 'integer', token: 'COUNT' },
          { name: 'any', type: 'pure-token', token: 'ANY', since: '6.2.0', flags: ['optional'] },
        ],
      },
      {
        name: 'order',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'asc', type: 'pure-token', token: 'ASC' },
          { name: 'desc', type: 'pure-token', token: 'DESC' },
        ],
      },
      { name: 'key', type: 'key', keySpec: 1, token: 'STORE', flags: ['optional'] },
      { name: 'key', type: 'key', keySpec: 2, token: 'STOREDIST', flags: ['optional'] },
    ],
  },
  getKeys,
  run: runGeoradius,
};
export const georadiusRo: Command = {
  name: 'georadius_ro',
  arity: -6,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'A read-only variant for GEORADIUS',
    since: '3.2.10',
    group: 'geo',
    complexity:
      'O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.',
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` with the `BYRADIUS` argument',
    docFlags: ['deprecated'],
    history: [['6.2.0', 'Added the `ANY` option for `COUNT`.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'longitude', type: 'double' },
      { name: 'latitude', type: 'double' },
      { name: 'radius', type: 'double' },
      {
        name: 'unit',
        type: 'oneof',
        arguments: [
          { name: 'm', type: 'pure-token', token: 'M' },
          { name: 'km', type: 'pure-token', token: 'KM' },
          { name: 'ft', type: 'pure-token', token: 'FT' },
          { name: 'mi', type: 'pure-token', token: 'MI' },
        ],
      },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
      { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
      { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
      {
        name: 'count',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'count', type: 'integer', token: 'COUNT' },
          { name: 'any', type: 'pure-token', token: 'ANY', since: '6.2.0', flags: ['optional'] },
        ],
      },
      {
        name: 'order',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'asc', type: 'pure-token', token: 'ASC' },
          { name: 'desc', type: 'pure-token', token: 'DESC' },
        ],
      },
    ],
  },
  run: runGeoradiusRo,
};
export const georadiusbymember: Command = {
  name: 'georadiusbymember',
  arity: -5,
  flags: ['write', 'denyoom', 'movablekeys'],
  keySpecs: [
    oneKey('RO', 'access'),
    { flags: ['OW', 'update'], begin: { keyword: 'STORE', from: 5 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['OW', 'update'], begin: { keyword: 'STOREDIST', from: 5 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  docs: {
    summary:
      'Query a sorted set representing a geospatial index to fetch members matching a given maximum distance from a member',
    since: '3.2.0',
    group: 'geo',
    complexity:
      'O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.',
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
    docFlags: ['deprecated'],
    history: [['7.0.0', 'Added support for uppercase unit names.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string' },
      { name: 'radius', type: 'double' },
      {
        name: 'unit',
        type: 'oneof',
        arguments: [
          { name: 'm', type: 'pure-token', token: 'M' },
          { name: 'km', type: 'pure-token', token: 'KM' },
          { name: 'ft', type: 'pure-token', token: 'FT' },
          { name: 'mi', type: 'pure-token', token: 'MI' },
        ],
      },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
      { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
      { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
      {
        name: 'count',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'count', type: 'integer', token: 'COUNT' },
          { name: 'any', type: 'pure-token', token: 'ANY', flags: ['optional'] },
        ],
      },
      {
        name: 'order',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'asc', type: 'pure-token', token: 'ASC' },
          { name: 'desc', type: 'pure-token', token: 'DESC' },
        ],
      },
      { name: 'key', type: 'key', keySpec: 1, token: 'STORE', flags: ['optional'] },
      { name: 'key', type: 'key', keySpec: 2, token: 'STOREDIST', flags: ['optional'] },
    ],
  },
  getKeys,
  run: runGeoradiusbymember,
};
export const georadiusbymemberRo: Command = {
  name: 'georadiusbymember_ro',
  arity: -5,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'A read-only variant for GEORADIUSBYMEMBER',
    since: '3.2.10',
    group: 'geo',
    complexity:
      'O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.',
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments',
    docFlags: ['deprecated'],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string' },
      { name: 'radius', type: 'double' },
      {
        name: 'unit',
        type: 'oneof',
        arguments: [
          { name: 'm', type: 'pure-token', token: 'M' },
          { name: 'km', type: 'pure-token', token: 'KM' },
          { name: 'ft', type: 'pure-token', token: 'FT' },
          { name: 'mi', type: 'pure-token', token: 'MI' },
        ],
      },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
      { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
      { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
      {
        name: 'count',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'count', type: 'integer', token: 'COUNT' },
          { name: 'any', type: 'pure-token', token: 'ANY', flags: ['optional'] },
        ],
      },
      {
        name: 'order',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'asc', type: 'pure-token', token: 'ASC' },
          { name: 'desc', type: 'pure-token', token: 'DESC' },
        ],
      },
    ],
  },
  run: runGeoradiusbymemberRo,
};
function runGeosearch(ctx: Context, req: Request): void {
  search(ctx, req, 'geosearch', false);
}

function runGeosearchstore(ctx: Context, req: Request): void {
  search(ctx, req, 'geosearchstore', true);
}

function runGeoradius(ctx: Context, req: Request): void {
  search(ctx, req, 'georadius', true);
}

function runGeoradiusRo(ctx: Context, req: Request): void {
  search(ctx, req, 'georadius', false);
}

function runGeoradiusbymember(ctx: Context, req: Request): void {
  search(ctx, req, 'georadiusbymember', true);
}

function runGeoradiusbymemberRo(ctx: Context, req: Request): void {
  search(ctx, req, 'georadiusbymember', false);
}

/** The key specs tell only of requests with both STORE and STOREDIST; of two the last counts. */
function getKeys(req: Request, base: number): readonly KeyPosition[] {
  const keys: KeyPosition[] = [{ index: base + 1, flags: ['RO', 'access'] }];
  for (let i = base + 5; i + 1 < req.argc; i++) {
    if (isWord(req, i, 'store') || isWord(req, i, 'storedist')) keys[1] = { index: ++i, flags: ['OW', 'update'] };
  }
  return keys;
}

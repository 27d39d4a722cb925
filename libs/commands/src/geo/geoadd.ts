import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { addScored, scoresFor } from '../zset/zadd.ts';
import { zsets } from '@weir/keyspace';
import { positionArgs, position } from './args.ts';
import { STEP_MAX, cellOf, scoreOf } from './geohash.ts';

export const geoadd: Command = {
  name: 'geoadd',
  arity: -5,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: 'Add one or more geospatial items in the geospatial index represented using a sorted set',
    since: '3.2.0',
    group: 'geo',
    complexity: 'O(log(N)) for each item added, where N is the number of elements in the sorted set.',
    history: [['6.2.0', 'Added the `CH`, `NX` and `XX` options.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'condition',
        type: 'oneof',
        since: '6.2.0',
        flags: ['optional'],
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
        ],
      },
      { name: 'change', type: 'pure-token', token: 'CH', since: '6.2.0', flags: ['optional'] },
      {
        name: 'longitude_latitude_member',
        type: 'block',
        flags: ['multiple'],
        arguments: [
          { name: 'longitude', type: 'double' },
          { name: 'latitude', type: 'double' },
          { name: 'member', type: 'string' },
        ],
      },
    ],
  },
  run: runGeoadd,
};
function runGeoadd(ctx: Context, req: Request): void {
  let first = 2;
  let flags = 0;
  let change = false;
  for (; first < req.argc; first++) {
    if (isWord(req, first, 'nx')) flags |= zsets.NX;
    else if (isWord(req, first, 'xx')) flags |= zsets.XX;
    else if (isWord(req, first, 'ch')) change = true;
    else break;
  }
  const elements = (req.argc - first) / 3;
  if (elements < 1 || !Number.isInteger(elements) || flags === (zsets.NX | zsets.XX)) {
    ctx.reply.error(SYNTAX_ERROR);
    return;
  }
  const scores = scoresFor(elements);
  for (let i = 0; i < elements; i++) {
    if (!positionArgs(ctx, first + 3 * i)) return;
    scores[i] = scoreOf(cellOf(position.lon, position.lat, STEP_MAX));
  }
  // The score is plain arithmetic: every replica finds the same.
  addScored(ctx, req, elements, first, 3, flags, change);
}

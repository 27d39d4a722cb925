import { ENC_LISTPACK, TYPE_ZSET, events, rootOf, zsets } from '@weir/keyspace';
import { ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { doubleArg } from './args.ts';
import { replyScore } from './reply.ts';

export const zadd: Command = {
  name: 'zadd',
  arity: -4,
  flags: ['write', 'denyoom', 'fast'],
  member: 3,
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: 'Add one or more members to a sorted set, or update its score if it already exists',
    since: '1.2.0',
    group: 'sorted-set',
    complexity: 'O(log(N)) for each item added, where N is the number of elements in the sorted set.',
    history: [
      ['2.4.0', 'Accepts multiple elements.'],
      ['3.0.2', 'Added the `XX`, `NX`, `CH` and `INCR` options.'],
      ['6.2.0', 'Added the `GT` and `LT` options.'],
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'condition',
        type: 'oneof',
        since: '3.0.2',
        flags: ['optional'],
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
        ],
      },
      {
        name: 'comparison',
        type: 'oneof',
        since: '6.2.0',
        flags: ['optional'],
        arguments: [
          { name: 'gt', type: 'pure-token', token: 'GT' },
          { name: 'lt', type: 'pure-token', token: 'LT' },
        ],
      },
      { name: 'change', type: 'pure-token', token: 'CH', since: '3.0.2', flags: ['optional'] },
      { name: 'increment', type: 'pure-token', token: 'INCR', since: '3.0.2', flags: ['optional'] },
      {
        name: 'score_member',
        type: 'block',
        flags: ['multiple'],
        arguments: [
          { name: 'score', type: 'double' },
          { name: 'member', type: 'string' },
        ],
      },
    ],
  },
  run: runZadd,
};
export const zincrby: Command = {
  name: 'zincrby',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  member: 3,
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Increment the score of a member in a sorted set',
    since: '1.2.0',
    group: 'sorted-set',
    complexity: 'O(log(N)) where N is the number of elements in the sorted set.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'increment', type: 'integer' },
      { name: 'member', type: 'string' },
    ],
  },
  run: runZincrby,
};
const NAN_ERROR = 'ERR resulting score is not a number (NaN)';

const SCORES_MIN = 64;
/** Room beyond this is given back by a small request. */
const SCORES_KEPT_MAX = 4096;

/** The scores of the request at hand; it grows. */
let scores = new Float64Array(SCORES_MIN);

function runZadd(ctx: Context, req: Request): void {
  addMembers(ctx, req, 0);
}

function runZincrby(ctx: Context, req: Request): void {
  addMembers(ctx, req, zsets.INCR);
}

function addMembers(ctx: Context, req: Request, flags: number): void {
  let first = 2;
  let change = false;
  for (; first < req.argc; first++) {
    const initial = req.len(first) > 0 ? req.buf[req.off(first)] | 32 : 0;
    // Most often it is a digit.
    if (initial < 97) break;
    if (isWord(req, first, 'nx')) flags |= zsets.NX;
    else if (isWord(req, first, 'xx')) flags |= zsets.XX;
    else if (isWord(req, first, 'ch')) change = true;
    else if (isWord(req, first, 'incr')) flags |= zsets.INCR;
    else if (isWord(req, first, 'gt')) flags |= zsets.GT;
    else if (isWord(req, first, 'lt')) flags |= zsets.LT;
    else break;
  }
  const pairs = (req.argc - first) / 2;
  const conflict = conflictOf(flags, pairs);
  if (conflict !== '') {
    ctx.reply.error(conflict);
    return;
  }
  const parsed = scoresFor(pairs);
  for (let i = 0; i < pairs; i++) {
    parsed[i] = doubleArg(ctx, first + 2 * i);
    if (parsed[i] !== parsed[i]) return;
  }
  addScored(ctx, req, pairs, first, 2, flags, change);
}

/** Room for so many scores, for `addScored`. */
export function scoresFor(pairs: number): Float64Array {
  if (pairs > scores.length) scores = new Float64Array(2 * pairs);
  else if (scores.length > SCORES_KEPT_MAX && pairs <= SCORES_MIN) scores = new Float64Array(SCORES_MIN);
  return scores;
}

/**
 * Adds members with the scores in `scoresFor`, and replies. What belongs to a member begins at argument `first`, and takes `stride` of
 * them, of which the last is the member.
 */
export function addScored(
  ctx: Context,
  req: Request,
  pairs: number,
  first: number,
  stride: number,
  flags: number,
  change: boolean,
): void {
  const incr = (flags & zsets.INCR) !== 0;
  const event = incr ? events.ZINCR : events.ZADD;
  let ref = ctx.lookupWrite(1);
  const isNew = ref === 0;
  if (ref !== 0 && !ctx.isType(ref, TYPE_ZSET)) return;
  if (ref === 0) {
    if ((flags & zsets.XX) !== 0) {
      if (incr) ctx.reply.nil();
      else ctx.reply.int(0);
      return;
    }
    ref = create(ctx, req, pairs, first + stride - 1);
  } else zsets.expect(ctx.space, ref, pairs);
  let added = 0;
  let updated = 0;
  let result = zsets.SKIPPED;
  for (let i = 0; i < pairs; i++) {
    const member = first + stride * (i + 1) - 1;
    try {
      result = zsets.add(ctx.space, ref, req.buf, req.off(member), req.len(member), scores[i], flags);
    } catch (error) {
      if (error instanceof ArenaFullError) noRoom(ctx, event, ref, isNew, first + stride * i, added + updated);
      throw error;
    }
    if (result === zsets.NOT_A_NUMBER) {
      ctx.reply.error(NAN_ERROR);
      return;
    }
    if (result === zsets.ADDED) added++;
    else if (result === zsets.UPDATED) updated++;
  }
  // Sums of doubles are the same everywhere, so that increments may go to the log as they are.
  if (added + updated > 0) {
    ctx.announce(event, 1, isNew);
    ctx.propagate(added + updated);
  }
  if (!incr) ctx.reply.int(change ? added + updated : added);
  else if (result === zsets.SKIPPED) ctx.reply.nil();
  else replyScore(ctx.reply, zsets.outcome.score);
}

function conflictOf(flags: number, pairs: number): string {
  if (pairs < 1 || !Number.isInteger(pairs)) return SYNTAX_ERROR;
  const nx = (flags & zsets.NX) !== 0;
  const gt = (flags & zsets.GT) !== 0;
  const lt = (flags & zsets.LT) !== 0;
  if (nx && (flags & zsets.XX) !== 0) return 'ERR XX and NX options at the same time are not compatible';
  if ((gt && nx) || (lt && nx) || (gt && lt)) {
    return 'ERR GT, LT, and/or NX options at the same time are not compatible';
  }
  if ((flags & zsets.INCR) !== 0 && pairs > 1) return 'ERR INCR option supports a single increment-element pair';
  return '';
}

/** As Redis 7.2 does, the number of pairs and the length of the first member decide on the encoding that it begins with. */
function create(ctx: Context, req: Request, pairs: number, member: number): Ref {
  const ref = ctx.create(1, TYPE_ZSET, ENC_LISTPACK);
  if (pairs === 1) return ref;
  try {
    zsets.begin(ctx.space, ref, pairs, req.len(member));
  } catch (error) {
    ctx.undoCreate(ref);
    throw error;
  }
  return ref;
}

function noRoom(ctx: Context, event: number, ref: Ref, isNew: boolean, argsDone: number, changes: number): void {
  if (rootOf(ctx.arena, ref) === 0 || zsets.size(ctx.space, ref) === 0) ctx.undoCreate(ref);
  else if (changes > 0) {
    ctx.announce(event, 1, isNew);
    ctx.propagateFirst(argsDone, changes);
  }
}

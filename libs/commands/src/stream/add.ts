import { ENC_STREAM, TYPE_STREAM, events, streams } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { EXACTLY, MAXLEN, MINID, XADD, XTRIM, argId } from './effects.ts';
import { idArg, isChar, sequenceOpen } from './ids.ts';

const NO_TRIM = 0;
const BY_LENGTH = 1;
const BY_ID = 2;

/** What `parseOptions` read last. */
const options = {
  trim: NO_TRIM,
  approximately: false,
  /** Most entries that go; 0: no limit. */
  limit: 0,
  maxLength: 0,
  noMakeStream: false,
  /** An ID was given, and if so, with its sequence. */
  idGiven: false,
  sequenceGiven: false,
};
const minId = streams.newId();
const id = streams.newId();
const last = streams.newId();
const idBytes = new Uint8Array(streams.ID_TEXT_BYTES_MAX);

const STAR = 42;
const TILDE = 126;
const EQUALS = 61;

/** Reads the options of XADD and XTRIM. Answers the argument of the ID (for XADD) or the end; -1: answered with the error. */
function parseOptions(ctx: Context, isAdd: boolean): number {
  const { req, reply } = ctx;
  options.trim = NO_TRIM;
  options.approximately = false;
  options.limit = 0;
  options.noMakeStream = false;
  options.idGiven = false;
  options.sequenceGiven = false;
  let limitGiven = false;
  let i = 2;
  for (; i < req.argc; i++) {
    const more = req.argc - 1 - i;
    if (isAdd && isChar(req, i, STAR)) break;
    const byLength = more > 0 && isWord(req, i, 'maxlen');
    if (byLength || (more > 0 && isWord(req, i, 'minid'))) {
      if (options.trim !== NO_TRIM) {
        reply.error('ERR syntax error, MAXLEN and MINID options at the same time are not compatible');
        return -1;
      }
      options.approximately = more >= 2 && isChar(req, i + 1, TILDE);
      if (options.approximately || (more >= 2 && isChar(req, i + 1, EQUALS))) i++;
      i++;
      if (byLength) {
        options.maxLength = integerArg(ctx, i);
        if (options.maxLength !== options.maxLength) return -1;
        if (options.maxLength < 0) {
          reply.error('ERR The MAXLEN argument must be >= 0.');
          return -1;
        }
        options.trim = BY_LENGTH;
      } else {
        if (!idArg(ctx, i, minId)) return -1;
        options.trim = BY_ID;
      }
    } else if (more > 0 && isWord(req, i, 'limit')) {
      options.limit = integerArg(ctx, ++i);
      if (options.limit !== options.limit) return -1;
      if (options.limit < 0) {
        reply.error('ERR The LIMIT argument must be >= 0.');
        return -1;
      }
      limitGiven = true;
    } else if (isAdd && isWord(req, i, 'nomkstream')) options.noMakeStream = true;
    else if (isAdd) {
      if (!idArg(ctx, i, id, true)) return -1;
      options.idGiven = true;
      options.sequenceGiven = !sequenceOpen;
      break;
    } else {
      reply.error(SYNTAX_ERROR);
      return -1;
    }
  }
  if (options.limit !== 0 && options.trim === NO_TRIM) {
    reply.error('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy');
    return -1;
  }
  if (!isAdd && options.trim === NO_TRIM) {
    reply.error('ERR syntax error, XTRIM must be called with a trimming strategy');
    return -1;
  }
  if (limitGiven && !options.approximately) {
    reply.error('ERR syntax error, LIMIT cannot be used without the special ~ option');
    return -1;
  }
  if (options.approximately && !limitGiven) {
    // A hundred nodes, so that trimming takes no long time.
    const limit = 100 * ctx.config.num.streamNodeMaxEntries;
    options.limit = limit <= 0 ? 10_000 : Math.min(limit, 1_000_000);
  }
  return i;
}

/** Trims as the options say; how many entries went. */
function trim(ctx: Context, ref: Ref): number {
  const { trim: strategy, maxLength, approximately, limit } = options;
  if (strategy === BY_LENGTH) return streams.trimByLength(ctx.space, ref, maxLength, approximately, limit);
  return strategy === BY_ID ? streams.trimById(ctx.space, ref, minId, approximately, limit) : 0;
}

/** What an approximate trimming came to: everywhere exactly this. */
function logTrimmed(ctx: Context, ref: Ref): void {
  const writer = ctx.effects;
  const byId = options.trim === BY_ID && streams.length(ctx.space, ref) > 0;
  writer.raw(byId ? MINID : MAXLEN);
  writer.raw(EXACTLY);
  if (byId) {
    streams.firstId(ctx.space, ref, last);
    argId(writer, last);
  } else writer.argInt(streams.length(ctx.space, ref));
}

/** Chooses the ID of a new entry; false: it would not be above the last one. */
function chooseId(ctx: Context, ref: Ref): boolean {
  if (ref === 0) last.fill(0);
  else streams.lastId(ctx.space, ref, last);
  if (!options.idGiven) {
    streams.setIdMs(id, ctx.now);
    id[2] = id[3] = 0;
    // A clock that went backwards: on from the last ID.
    if (id[0] < last[0] || (id[0] === last[0] && id[1] <= last[1])) {
      streams.copyId(id, last);
      streams.incrementId(id);
    }
  } else if (!options.sequenceGiven && id[0] === last[0] && id[1] === last[1]) {
    if (last[2] === 0xffffffff && last[3] === 0xffffffff) return false;
    streams.copyId(id, last);
    streams.incrementId(id);
  }
  return streams.compareIds(id, last) > 0;
}

function isTooLarge(req: Request, from: number): boolean {
  let content = 0;
  for (let i = from; i < req.argc; i++) content += req.args[2 * i + 1];
  return content > streams.NODE_BYTES_MAX;
}

export const xadd: Command = {
  name: 'xadd',
  arity: -5,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [{ notes: 'UPDATE instead of INSERT because of the optional trimming feature', ...oneKey('RW', 'update') }],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Appends a new entry to a stream',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.',
    history: [
      ['6.2.0', 'Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option.'],
      ['7.0.0', 'Added support for the `<ms>-*` explicit ID form.'],
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'nomkstream', type: 'pure-token', token: 'NOMKSTREAM', since: '6.2.0', flags: ['optional'] },
      {
        name: 'trim',
        type: 'block',
        flags: ['optional'],
        arguments: [
          {
            name: 'strategy',
            type: 'oneof',
            arguments: [
              { name: 'maxlen', type: 'pure-token', token: 'MAXLEN' },
              { name: 'minid', type: 'pure-token', token: 'MINID', since: '6.2.0' },
            ],
          },
          {
            name: 'operator',
            type: 'oneof',
            flags: ['optional'],
            arguments: [
              { name: 'equal', type: 'pure-token', token: '=' },
              { name: 'approximately', type: 'pure-token', token: '~' },
            ],
          },
          { name: 'threshold', type: 'string' },
          { name: 'count', type: 'integer', token: 'LIMIT', since: '6.2.0', flags: ['optional'] },
        ],
      },
      {
        name: 'id_or_auto',
        type: 'oneof',
        arguments: [
          { name: 'auto_id', type: 'pure-token', token: '*' },
          { name: 'id', type: 'string' },
        ],
      },
      {
        name: 'field_value',
        type: 'block',
        flags: ['multiple'],
        arguments: [
          { name: 'field', type: 'string' },
          { name: 'value', type: 'string' },
        ],
      },
    ],
  },
  run(ctx, req) {
    const { reply } = ctx;
    const idAt = parseOptions(ctx, true);
    if (idAt < 0) return;
    const first = idAt + 1;
    const words = req.argc - first;
    if (words < 2 || words % 2 === 1) {
      reply.error("ERR wrong number of arguments for 'xadd' command");
      return;
    }
    if (options.idGiven && options.sequenceGiven && streams.isZeroId(id)) {
      reply.error('ERR The ID specified in XADD must be greater than 0-0');
      return;
    }
    let ref = ctx.lookupWrite(1);
    const isNew = ref === 0;
    if (isNew) {
      if (options.noMakeStream) return reply.nil();
    } else {
      if (!ctx.isType(ref, TYPE_STREAM)) return;
      streams.lastId(ctx.space, ref, last);
      if (streams.compareIds(last, streams.ID_MAX) === 0) {
        reply.error('ERR The stream has exhausted the last possible ID, unable to add more items');
        return;
      }
    }
    if (!chooseId(ctx, ref)) {
      reply.error('ERR The ID specified in XADD is equal or smaller than the target stream top item');
      return;
    }
    if (isTooLarge(req, first)) return reply.error('ERR Elements are too large to be stored');
    if (!isNew) streams.append(ctx.space, ref, id, req.buf, req.args, first, words / 2);
    else {
      ref = ctx.create(1, TYPE_STREAM, ENC_STREAM);
      try {
        streams.append(ctx.space, ref, id, req.buf, req.args, first, words / 2);
      } catch (error) {
        ctx.undoCreate(ref);
        throw error;
      }
    }
    ctx.announce(events.XADD, 1, isNew);
    const trimmed = options.trim === NO_TRIM ? 0 : trim(ctx, ref);
    if (trimmed > 0) ctx.announce(events.XTRIM, 1);
    const idLength = streams.formatId(idBytes, 0, id);
    reply.bulk(idBytes, 0, idLength);
    if (ctx.role.isReplay || (options.idGiven && options.sequenceGiven && !options.approximately)) ctx.propagate();
    else logAdd(ctx, ref, first, trimmed, idLength);
  },
};

/** XADD with the ID that was chosen and what was trimmed, both exactly. */
function logAdd(ctx: Context, ref: Ref, first: number, trimmed: number, idLength: number): void {
  const { req } = ctx;
  const exactly = options.trim !== NO_TRIM && !options.approximately;
  const about = options.approximately && trimmed > 0;
  const writer = ctx.effect(3 + (exactly || about ? 3 : 0) + req.argc - first);
  writer.raw(XADD);
  writer.argBytes(req.buf, req.args[2], req.args[3]);
  if (about) logTrimmed(ctx, ref);
  else if (exactly) {
    writer.raw(options.trim === BY_ID ? MINID : MAXLEN);
    writer.raw(EXACTLY);
    if (options.trim === BY_ID) argId(writer, minId);
    else writer.argInt(Math.min(options.maxLength, Number.MAX_SAFE_INTEGER));
  }
  writer.argBytes(idBytes, 0, idLength);
  // The fields and values are the rest of the frame, which is strict: they begin behind the end of the argument before.
  const before = first - 1;
  writer.raw(req.buf, req.args[2 * before] + req.args[2 * before + 1] + 2, req.end);
}

export const xtrim: Command = {
  name: 'xtrim',
  arity: -4,
  flags: ['write'],
  keySpecs: [oneKey('RW', 'delete')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: "Trims the stream to (approximately if '~' is passed) a certain size",
    since: '5.0.0',
    group: 'stream',
    complexity:
      'O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation.',
    history: [['6.2.0', 'Added the `MINID` trimming strategy and the `LIMIT` option.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'trim',
        type: 'block',
        arguments: [
          {
            name: 'strategy',
            type: 'oneof',
            arguments: [
              { name: 'maxlen', type: 'pure-token', token: 'MAXLEN' },
              { name: 'minid', type: 'pure-token', token: 'MINID', since: '6.2.0' },
            ],
          },
          {
            name: 'operator',
            type: 'oneof',
            flags: ['optional'],
            arguments: [
              { name: 'equal', type: 'pure-token', token: '=' },
              { name: 'approximately', type: 'pure-token', token: '~' },
            ],
          },
          { name: 'threshold', type: 'string' },
          { name: 'count', type: 'integer', token: 'LIMIT', since: '6.2.0', flags: ['optional'] },
        ],
      },
    ],
  },
  run(ctx) {
    const { reply } = ctx;
    if (parseOptions(ctx, false) < 0) return;
    const ref = ctx.lookupWrite(1);
    if (ref === 0) return reply.int(0);
    if (!ctx.isType(ref, TYPE_STREAM)) return;
    const trimmed = trim(ctx, ref);
    if (trimmed > 0) {
      ctx.announce(events.XTRIM, 1);
      if (options.approximately && !ctx.role.isReplay) {
        const writer = ctx.effect(5);
        writer.raw(XTRIM);
        writer.argBytes(ctx.req.buf, ctx.req.args[2], ctx.req.args[3]);
        logTrimmed(ctx, ref);
        ctx.dirty += trimmed - 1;
      } else ctx.propagate(trimmed);
    }
    reply.int(trimmed);
  },
};

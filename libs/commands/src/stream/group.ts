import { ENC_STREAM, TYPE_STREAM, events, halves, parseHalves, streams } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { integerArg, isWord, printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { replyHelp } from '../core/help.ts';
import { keyAt } from '../core/key-specs.ts';
import { consumerArg, groupArg } from './entries.ts';
import { INVALID_ID, idArg, isChar, parseIdBytes } from './ids.ts';

const id = streams.newId();

const DOLLAR = 36;

/** What `parseOptions` read last. */
const options = { makeStream: false, entriesReadLo: -1, entriesReadHi: -1 };

/** Options of CREATE and SETID. False: answered. */
function parseOptions(ctx: Context, isCreate: boolean): boolean {
  const { req, reply } = ctx;
  options.makeStream = false;
  options.entriesReadLo = options.entriesReadHi = -1;
  for (let i = 5; i < req.argc; i++) {
    if (isCreate && isWord(req, i, 'mkstream')) options.makeStream = true;
    else if (isWord(req, i, 'entriesread') && i + 1 < req.argc) {
      const entries = integerArg(ctx, ++i);
      if (entries !== entries) return false;
      // What the log says may have wrapped around.
      if (entries < 0 && entries !== -1 && !ctx.role.isReplay) {
        reply.error('ERR value for ENTRIESREAD must be positive or -1');
        return false;
      }
      parseHalves(req.buf, req.args[2 * i], req.args[2 * i + 1]);
      options.entriesReadLo = halves.lo;
      options.entriesReadHi = halves.hi;
    } else {
      subcommandSyntax(ctx);
      return false;
    }
  }
  return true;
}

function subcommandSyntax(ctx: Context): void {
  const { req } = ctx;
  ctx.reply.error(
    `ERR unknown subcommand or wrong number of arguments for '${printable(req, 1).slice(0, 128)}'. Try ${printable(req, 0).toUpperCase()} HELP.`,
  );
}

const NO_KEY =
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.';

/** The stream in argument 2; 0: answered. */
function streamArg(ctx: Context): Ref {
  const ref = ctx.lookupWrite(2);
  if (ref === 0) {
    ctx.reply.error(NO_KEY);
    return 0;
  }
  return ctx.isType(ref, TYPE_STREAM) ? ref : 0;
}

/** The group in argument 3 of the stream in argument 2; 0: answered. */
function requiredGroup(ctx: Context): Ref {
  const ref = streamArg(ctx);
  if (ref === 0) return 0;
  const group = groupArg(ctx, ref, 3);
  if (group === 0) {
    ctx.reply.error(
      `NOGROUP No such consumer group '${printable(ctx.req, 3)}' for key name '${printable(ctx.req, 2)}'`,
    );
  }
  return group;
}

const create: Command = {
  name: 'create',
  arity: -5,
  flags: ['write', 'denyoom'],
  keySpecs: [keyAt(2, 'RW', 'insert')],
  docs: {
    summary: 'Create a consumer group.',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added the `entries_read` named argument.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'groupname', type: 'string' },
      {
        name: 'id',
        type: 'oneof',
        arguments: [
          { name: 'id', type: 'string' },
          { name: 'new_id', type: 'pure-token', token: '$' },
        ],
      },
      { name: 'mkstream', type: 'pure-token', token: 'MKSTREAM', flags: ['optional'] },
      { name: 'entries_read', type: 'integer', token: 'ENTRIESREAD', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const { reply, space } = ctx;
    if (!parseOptions(ctx, true)) return;
    let ref = ctx.lookupWrite(2);
    if (ref !== 0 && !ctx.isType(ref, TYPE_STREAM)) return;
    if (ref === 0 && !options.makeStream) return reply.error(NO_KEY);
    if (req.argc > 8) return subcommandSyntax(ctx);
    if (isChar(req, 4, DOLLAR)) {
      if (ref === 0) id.fill(0);
      else streams.lastId(space, ref, id);
    } else if (!idArg(ctx, 4, id)) return;
    const isNew = ref === 0;
    if (isNew) ref = ctx.create(2, TYPE_STREAM, ENC_STREAM);
    let group: Ref;
    try {
      if (isNew) streams.init(space, ref);
      const { entriesReadLo, entriesReadHi } = options;
      const [off, len] = [req.args[6], req.args[7]];
      group = streams.createGroup(space, ref, req.buf, off, len, id, entriesReadLo, entriesReadHi);
    } catch (error) {
      if (isNew) ctx.undoCreate(ref);
      throw error;
    }
    if (group === 0) return reply.error('BUSYGROUP Consumer Group name already exists');
    ctx.announce(events.XGROUP_CREATE, 2, isNew);
    ctx.propagate();
    reply.ok();
  },
};

const setid: Command = {
  name: 'setid',
  arity: -5,
  flags: ['write'],
  keySpecs: [keyAt(2, 'RW', 'update')],
  docs: {
    summary: 'Set a consumer group to an arbitrary last delivered ID value.',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added the optional `entries_read` argument.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'groupname', type: 'string' },
      {
        name: 'id',
        type: 'oneof',
        arguments: [
          { name: 'id', type: 'string' },
          { name: 'new_id', type: 'pure-token', token: '$' },
        ],
      },
      { name: 'entries_read', type: 'integer', token: 'ENTRIESREAD', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const { reply, space } = ctx;
    if (!parseOptions(ctx, false)) return;
    const group = requiredGroup(ctx);
    if (group === 0) return;
    if (req.argc !== 5 && req.argc !== 7) return subcommandSyntax(ctx);
    if (isChar(req, 4, DOLLAR)) streams.lastId(space, ctx.lookupWrite(2), id);
    else if (!parseIdBytes(req.buf, req.args[8], req.args[9], id, false)) return reply.error(INVALID_ID);
    streams.setGroupLastId(space, group, id);
    streams.setEntriesRead(space, group, options.entriesReadLo, options.entriesReadHi);
    ctx.announce(events.XGROUP_SETID, 2);
    ctx.propagate();
    reply.ok();
  },
};

const destroy: Command = {
  name: 'destroy',
  arity: 4,
  flags: ['write'],
  keySpecs: [keyAt(2, 'RW', 'delete')],
  docs: {
    summary: 'Destroy a consumer group.',
    since: '5.0.0',
    group: 'stream',
    complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'groupname', type: 'string' },
    ],
  },
  run(ctx) {
    const ref = streamArg(ctx);
    if (ref === 0) return;
    const group = groupArg(ctx, ref, 3);
    if (group !== 0) {
      streams.destroyGroup(ctx.space, ref, group);
      ctx.announce(events.XGROUP_DESTROY, 2);
      ctx.propagate();
    }
    ctx.reply.int(group === 0 ? 0 : 1);
  },
};

const createconsumer: Command = {
  name: 'createconsumer',
  arity: 5,
  flags: ['write', 'denyoom'],
  keySpecs: [keyAt(2, 'RW', 'insert')],
  docs: {
    summary: 'Create a consumer in a consumer group.',
    since: '6.2.0',
    group: 'stream',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'groupname', type: 'string' },
      { name: 'consumername', type: 'string' },
    ],
  },
  run(ctx, req) {
    const group = requiredGroup(ctx);
    if (group === 0) return;
    const consumer = streams.createConsumer(ctx.space, group, req.buf, req.args[8], req.args[9], ctx.now);
    if (consumer !== 0) {
      ctx.announce(events.XGROUP_CREATECONSUMER, 2);
      ctx.propagate();
    }
    ctx.reply.int(consumer === 0 ? 0 : 1);
  },
};

const delconsumer: Command = {
  name: 'delconsumer',
  arity: 5,
  flags: ['write'],
  keySpecs: [keyAt(2, 'RW', 'delete')],
  docs: {
    summary: 'Delete a consumer from a consumer group.',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'groupname', type: 'string' },
      { name: 'consumername', type: 'string' },
    ],
  },
  run(ctx) {
    const group = requiredGroup(ctx);
    if (group === 0) return;
    const consumer = consumerArg(ctx, group, 4);
    if (consumer === 0) return ctx.reply.int(0);
    const pending = streams.deleteConsumer(ctx.space, group, consumer);
    ctx.announce(events.XGROUP_DELCONSUMER, 2);
    ctx.propagate();
    ctx.reply.int(pending);
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'XGROUP', [
      'CREATE <key> <groupname> <id|$> [option]',
      '    Create a new consumer group. Options are:',
      '    * MKSTREAM',
      '      Create the empty stream if it does not exist.',
      '    * ENTRIESREAD entries_read',
      "      Set the group's entries_read counter (internal use).",
      'CREATECONSUMER <key> <groupname> <consumer>',
      '    Create a new consumer in the specified group.',
      'DELCONSUMER <key> <groupname> <consumer>',
      '    Remove the specified consumer.',
      'DESTROY <key> <groupname>',
      '    Remove the specified group.',
      'SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]',
      '    Set the current group ID and entries_read counter.',
    ]);
  },
};

export const xgroup: Command = {
  name: 'xgroup',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for consumer groups commands',
    since: '5.0.0',
    group: 'stream',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [create, createconsumer, delconsumer, destroy, help, setid],
};

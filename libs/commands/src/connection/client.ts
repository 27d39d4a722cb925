import { SYNTAX_ERROR, integerArg, isWord, printable } from '../core/args.ts';
import { UNBLOCKED } from '../core/blocking.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { replyHelp } from '../core/help.ts';
import { REPLY_OFF, REPLY_ON, REPLY_SKIP_NEXT } from '../core/session.ts';
import type { Session } from '../core/session.ts';
import { BAD_NAME, isAttribute } from './attribute.ts';
import { clientListCommands } from './client-list.ts';
import { trackingCommands } from './tracking.ts';

const getname: Command = {
  name: 'getname',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Get the current connection name',
    since: '2.6.9',
    group: 'connection',
    complexity: 'O(1)',
  },
  run(ctx) {
    if (ctx.session.name === '') ctx.reply.nil();
    else ctx.reply.bulkLatin1(ctx.session.name);
  },
};

const setname: Command = {
  name: 'setname',
  arity: 3,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Set the current connection name',
    since: '2.6.9',
    group: 'connection',
    complexity: 'O(1)',
    arguments: [{ name: 'connection-name', type: 'string' }],
  },
  run(ctx, req) {
    if (!isAttribute(req, 2)) return ctx.reply.error(BAD_NAME);
    ctx.session.name = req.latin1(2);
    ctx.reply.ok();
  },
};

const setinfo: Command = {
  name: 'setinfo',
  arity: 4,
  flags: ['noscript', 'loading', 'stale'],
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Sets information specific to the client or connection.',
    since: '7.2.0',
    group: 'connection',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'attr',
        type: 'oneof',
        arguments: [
          { name: 'libname', type: 'string', token: 'LIB-NAME' },
          { name: 'libver', type: 'string', token: 'LIB-VER' },
        ],
      },
    ],
  },
  run(ctx, req) {
    const isName = isWord(req, 2, 'lib-name');
    if (!isName && !isWord(req, 2, 'lib-ver')) return ctx.reply.error(`ERR Unrecognized option '${printable(req, 2)}'`);
    if (!isAttribute(req, 3)) {
      return ctx.reply.error(`ERR ${printable(req, 2)} cannot contain spaces, newlines or special characters.`);
    }
    if (isName) ctx.session.libName = req.latin1(3);
    else ctx.session.libVersion = req.latin1(3);
    ctx.reply.ok();
  },
};

const reply: Command = {
  name: 'reply',
  arity: 3,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Instruct the server whether to reply to commands',
    since: '3.2.0',
    group: 'connection',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'on_off_skip',
        type: 'oneof',
        arguments: [
          { name: 'on', type: 'pure-token', token: 'ON' },
          { name: 'off', type: 'pure-token', token: 'OFF' },
          { name: 'skip', type: 'pure-token', token: 'SKIP' },
        ],
      },
    ],
  },
  run(ctx, req) {
    const session = ctx.session;
    // With anything but ON the dispatcher drops the reply of this very command.
    if (isWord(req, 2, 'on')) {
      session.replyMode = REPLY_ON;
      ctx.reply.ok();
    } else if (isWord(req, 2, 'off')) session.replyMode = REPLY_OFF;
    else if (isWord(req, 2, 'skip')) {
      if (session.replyMode !== REPLY_OFF) session.replyMode = REPLY_SKIP_NEXT;
    } else ctx.reply.error(SYNTAX_ERROR);
  },
};

const noEvict: Command = {
  name: 'no-evict',
  arity: 3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Set client eviction mode for the current connection',
    since: '7.0.0',
    group: 'connection',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'enabled',
        type: 'oneof',
        arguments: [
          { name: 'on', type: 'pure-token', token: 'ON' },
          { name: 'off', type: 'pure-token', token: 'OFF' },
        ],
      },
    ],
  },
  run(ctx) {
    setSwitch(ctx, (session, on) => (session.noEvict = on));
  },
};

const noTouch: Command = {
  name: 'no-touch',
  arity: 3,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Controls whether commands sent by the client affect the LRU/LFU of accessed keys.',
    since: '7.2.0',
    group: 'connection',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'enabled',
        type: 'oneof',
        arguments: [
          { name: 'on', type: 'pure-token', token: 'ON' },
          { name: 'off', type: 'pure-token', token: 'OFF' },
        ],
      },
    ],
  },
  run(ctx) {
    setSwitch(ctx, (session, on) => (session.noTouch = on));
  },
};

function setSwitch(ctx: Context, set: (session: Session, on: boolean) => void): void {
  const on = isWord(ctx.req, 2, 'on');
  if (!on && !isWord(ctx.req, 2, 'off')) return ctx.reply.error(SYNTAX_ERROR);
  set(ctx.session, on);
  ctx.reply.ok();
}

const unblock: Command = {
  name: 'unblock',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Unblock a client blocked in a blocking command from a different connection',
    since: '5.0.0',
    group: 'connection',
    complexity: 'O(log N) where N is the number of client connections',
    arguments: [
      { name: 'client-id', type: 'integer' },
      {
        name: 'timeout_error',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'timeout', type: 'pure-token', token: 'TIMEOUT' },
          { name: 'error', type: 'pure-token', token: 'ERROR' },
        ],
      },
    ],
  },
  run(ctx, req) {
    if (req.argc > 4) {
      return ctx.reply.error(
        `ERR unknown subcommand or wrong number of arguments for '${printable(req, 1)}'. Try CLIENT HELP.`,
      );
    }
    let withError = false;
    if (req.argc === 4) {
      withError = isWord(req, 3, 'error');
      if (!withError && !isWord(req, 3, 'timeout')) {
        return ctx.reply.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
      }
    }
    const wanted = integerArg(ctx, 2);
    if (wanted !== wanted) return;
    const session = ctx.host.sessions.get(wanted);
    if (session === undefined || !session.isBlocked || session.unblock === null) return ctx.reply.int(0);
    session.unblock(withError ? UNBLOCKED : '');
    ctx.reply.int(1);
  },
};

const pause: Command = {
  name: 'pause',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Stop processing commands from clients for some time',
    since: '2.9.50',
    group: 'connection',
    complexity: 'O(1)',
    history: [['6.2.0', '`CLIENT PAUSE WRITE` mode added along with the `mode` option.']],
    arguments: [
      { name: 'timeout', type: 'integer' },
      {
        name: 'mode',
        type: 'oneof',
        since: '6.2.0',
        flags: ['optional'],
        arguments: [
          { name: 'write', type: 'pure-token', token: 'WRITE' },
          { name: 'all', type: 'pure-token', token: 'ALL' },
        ],
      },
    ],
  },
  run(ctx, req) {
    if (req.argc > 4) {
      return ctx.reply.error(
        `ERR unknown subcommand or wrong number of arguments for '${printable(req, 1)}'. Try CLIENT HELP.`,
      );
    }
    const writes = req.argc === 4 && isWord(req, 3, 'write');
    if (req.argc === 4 && !writes && !isWord(req, 3, 'all')) {
      return ctx.reply.error('ERR CLIENT PAUSE mode must be WRITE or ALL');
    }
    const ms = integerArg(ctx, 2, 'ERR timeout is not an integer or out of range');
    if (ms !== ms) return;
    if (ms < 0) return ctx.reply.error('ERR timeout is negative');
    ctx.pause.begin(writes ? 'writes' : 'all', ms);
    ctx.reply.ok();
  },
};

const unpause: Command = {
  name: 'unpause',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'Resume processing of clients that were paused',
    since: '6.2.0',
    group: 'connection',
    complexity: 'O(N) Where N is the number of paused clients',
  },
  run(ctx) {
    ctx.pause.end();
    ctx.reply.ok();
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '5.0.0',
    group: 'connection',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'CLIENT', [
      'GETNAME',
      '    Return the name of the current connection.',
      'ID',
      '    Return the ID of the current connection.',
      'INFO',
      '    Return information about the current client connection.',
      'KILL <ip:port>',
      '    Kill connection made from <ip:port>.',
      'KILL <option> <value> [<option> <value> [...]]',
      '    Kill connections. Options are:',
      '    * ADDR (<ip:port>|<unixsocket>:0)',
      '      Kill connections made from the specified address',
      '    * LADDR (<ip:port>|<unixsocket>:0)',
      '      Kill connections made to specified local address',
      '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
      '      Kill connections by type.',
      '    * USER <username>',
      '      Kill connections authenticated by <username>.',
      '    * SKIPME (YES|NO)',
      '      Skip killing current connection (default: yes).',
      'LIST [options ...]',
      '    Return information about client connections. Options:',
      '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
      '      Return clients of specified type.',
      'UNPAUSE',
      '    Stop the current client pause, resuming traffic.',
      'PAUSE <timeout> [WRITE|ALL]',
      '    Suspend all, or just write, clients for <timeout> milliseconds.',
      'REPLY (ON|OFF|SKIP)',
      '    Control the replies sent to the current connection.',
      'SETNAME <name>',
      '    Assign the name <name> to the current connection.',
      'SETINFO <option> <value>',
      '    Set client meta attr. Options are:',
      '    * LIB-NAME: the client lib name.',
      '    * LIB-VER: the client lib version.',
      'UNBLOCK <clientid> [TIMEOUT|ERROR]',
      '    Unblock the specified blocked client.',
      'NO-EVICT (ON|OFF)',
      '    Protect current client connection from eviction.',
      'NO-TOUCH (ON|OFF)',
      '    Will not touch LRU/LFU stats when this mode is on.',
    ]);
  },
};

export const client: Command = {
  name: 'client',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for client connection commands',
    since: '2.4.0',
    group: 'connection',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [
    ...clientListCommands,
    ...trackingCommands,
    getname,
    help,
    noEvict,
    noTouch,
    pause,
    reply,
    setinfo,
    setname,
    unblock,
    unpause,
  ],
};

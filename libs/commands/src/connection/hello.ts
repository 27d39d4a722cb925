import { integerArg, isWord, printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { REDIS_VERSION } from '../core/version.ts';
import { WRONG_PASSWORD, authenticate } from './auth.ts';
import { BAD_NAME, isAttribute } from './attribute.ts';

export const hello: Command = {
  name: 'hello',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  docs: {
    summary: 'Handshake with Redis',
    since: '6.0.0',
    group: 'connection',
    complexity: 'O(1)',
    history: [
      [
        '6.2.0',
        "`protover` made optional; when called without arguments the command reports the current connection's context.",
      ],
    ],
    arguments: [
      {
        name: 'arguments',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'protover', type: 'integer' },
          {
            name: 'username_password',
            type: 'block',
            token: 'AUTH',
            flags: ['optional'],
            arguments: [
              { name: 'username', type: 'string' },
              { name: 'password', type: 'string' },
            ],
          },
          { name: 'clientname', type: 'string', token: 'SETNAME', flags: ['optional'] },
        ],
      },
    ],
  },
  run(ctx, req) {
    const { reply, session } = ctx;
    let protocol: number = session.resp;
    if (req.argc > 1) {
      const wanted = integerArg(ctx, 1, 'ERR Protocol version is not an integer or out of range');
      if (wanted !== wanted) return;
      if (wanted !== 2 && wanted !== 3) return reply.error('NOPROTO unsupported protocol version');
      protocol = wanted;
    }
    // Each option acts when it is read, as in Redis: an error in a later one leaves it done.
    for (let i = 2; i < req.argc; i++) {
      const more = req.argc - 1 - i;
      if (isWord(req, i, 'auth') && more >= 2) {
        ctx.redacted.push(i + 1, i + 2);
        if (!authenticate(ctx, req.latin1(i + 1), req.bytes(i + 2))) return reply.error(WRONG_PASSWORD);
        i += 2;
      } else if (isWord(req, i, 'setname') && more >= 1) {
        if (!isAttribute(req, i + 1)) return reply.error(BAD_NAME);
        session.name = req.latin1(i + 1);
        i++;
      } else return reply.error(`ERR Syntax error in HELLO option '${printable(req, i)}'`);
    }
    // Even when the password was taken away since: Redis asks for the session here, not for the need.
    if (!session.authenticated) {
      return reply.error(
        'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
      );
    }
    session.resp = reply.resp = protocol === 3 ? 3 : 2;
    session.subscriptionsChanged();

    reply.map(7);
    reply.bulkLatin1('server');
    reply.bulkLatin1('redis');
    reply.bulkLatin1('version');
    reply.bulkLatin1(REDIS_VERSION);
    reply.bulkLatin1('proto');
    reply.int(protocol);
    reply.bulkLatin1('id');
    reply.int(session.id);
    reply.bulkLatin1('mode');
    reply.bulkLatin1('standalone');
    reply.bulkLatin1('role');
    reply.bulkLatin1(ctx.role.isSlave ? 'replica' : 'master');
    reply.bulkLatin1('modules');
    reply.array(0);
  },
};

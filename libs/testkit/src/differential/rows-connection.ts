import { dbIndex, integer, key, literal, many, oneOf, opt, options, seq, text, value, word } from './grammar.ts';
import { sameClients, sameHello } from './masks.ts';
import type { CommandRow } from './rows.ts';

/** Names of connections: the second half is refused. */
const name = literal('', 'bob', 'a:b-c', '~!', 'a b', 'a\n', '\x7f', '\xff');

/** `pw` is what the rows of CONFIG set; there are other users in neither. */
export const password = literal('pw', 'pw', 'x', '', 'pw\x00');
const credentials = seq(literal('default', 'default', 'bob', 'Default', ''), password);

/** Connections that nobody has; a later TYPE, USER or SKIPME does not change that. */
const nobody = oneOf(
  seq(word('ID'), literal(999999999, '9223372036854775807')),
  seq(word('ADDR'), literal('1.2.3.4:5', '', 'x')),
  seq(word('LADDR'), literal('1.2.3.4:5', '/tmp/none:0')),
);

export const connectionRows: readonly CommandRow[] = [
  { name: 'ping', args: opt(oneOf(value, key)) },
  { name: 'echo', args: value },
  { name: 'select', args: dbIndex },
  { name: 'auth', args: password },
  { name: 'auth', args: credentials },
  {
    name: 'hello',
    args: opt(
      oneOf(literal(2, 3), literal(2, 3), literal(1, 4, -1, 'x', '', '03', '9223372036854775808')),
      options(seq(word('AUTH'), credentials), seq(word('SETNAME'), name), word('NOSUCH')),
    ),
    compare: sameHello,
    weight: 2,
  },
  // Most switch the protocol back, so that each connection mostly speaks its own.
  { name: 'hello', args: literal(3), compare: sameHello },
  { name: 'reset', args: () => [], weight: 0.4 },
  { name: 'quit', args: opt(text), weight: 0.2 },
  { name: 'client', args: word('GETNAME') },
  { name: 'client', args: seq(word('SETNAME'), name) },
  { name: 'client', args: word('ID'), compare: 'kind' },
  { name: 'client', args: word('INFO'), compare: sameClients, weight: 2 },
  {
    name: 'client',
    args: seq(
      word('LIST'),
      opt(
        oneOf(
          seq(
            word('TYPE'),
            oneOf(word('NORMAL'), word('MASTER'), word('REPLICA'), word('SLAVE'), word('PUBSUB'), text),
          ),
          seq(word('ID'), many(1, 3, literal(999999999, '9223372036854775807', 'x', '-1', ''))),
        ),
      ),
    ),
    compare: sameClients,
    weight: 2,
  },
  {
    name: 'client',
    args: seq(word('KILL'), literal('1.2.3.4:5', '', 'x', '127.0.0.1:0')),
    refused: 'there is no such client',
  },
  {
    name: 'client',
    args: seq(
      word('KILL'),
      nobody,
      many(
        0,
        3,
        oneOf(
          nobody,
          seq(word('USER'), literal('default', 'bob', '')),
          seq(word('SKIPME'), oneOf(word('YES'), word('NO'), text)),
          seq(
            word('TYPE'),
            oneOf(word('NORMAL'), word('MASTER'), word('PUBSUB'), word('REPLICA'), word('SLAVE'), text),
          ),
          seq(word('ID'), oneOf(literal(0, -1, 'x'), literal(999999999))),
        ),
      ),
    ),
    weight: 2,
    fixed: true,
  },
  {
    name: 'client',
    args: seq(word('KILL'), nobody, opt(nobody), oneOf(word('ID'), text)),
    fixed: true,
    refused: 'an option without a value',
  },
  { name: 'client', args: seq(word('NO-EVICT'), oneOf(word('ON'), word('OFF'), text)) },
  { name: 'client', args: seq(word('REPLY'), oneOf(word('ON'), word('SKIP'), word('OFF'), text)), weight: 0.5 },
  { name: 'client', args: seq(word('REPLY'), word('ON')), weight: 2 },
  {
    name: 'client',
    args: seq(
      word('UNBLOCK'),
      oneOf(literal(999999999, 'x'), integer),
      opt(oneOf(word('TIMEOUT'), word('ERROR'), text), opt(text)),
    ),
  },
  {
    name: 'client',
    args: seq(oneOf(word('NOSUCH'), literal('', 'a\r\nb', 'x'.repeat(200))), opt(text)),
    fixed: true,
    refused: 'no such subcommand',
  },
  { name: 'client', args: () => [], weight: 0.3, refused: 'no subcommand' },
  { name: 'readonly', args: opt(text), weight: 0.2, refused: 'no cluster' },
  { name: 'readwrite', args: opt(text), weight: 0.2 },
  { name: 'client', args: seq(word('NO-TOUCH'), oneOf(word('ON'), word('OFF'), text)), oracle: 'valkey', weight: 0.3 },
  {
    name: 'client',
    args: seq(word('SETINFO'), oneOf(word('LIB-NAME'), word('LIB-VER'), text), name),
    oracle: 'valkey',
    weight: 0.3,
  },
];

// Replies as Redis 7.0.15 gave them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play } from '../transcript.testing.ts';
import type { Exchange } from '../transcript.testing.ts';
import { TestEngine } from '../testing.ts';

const EXCHANGES: readonly Exchange[] = [
  ['client reply skip ; reset ; ping ; ping', '+PONG\r\n+PONG\r\n'],
  ['client reply off ; reset ; ping', '+RESET\r\n+PONG\r\n'],
  ['CLIENT Unblock 1 2 3', "-ERR unknown subcommand or wrong number of arguments for 'Unblock'. Try CLIENT HELP.\r\n"],
  ['hello 4', '-NOPROTO unsupported protocol version\r\n'],
  ['hello a', '-ERR Protocol version is not an integer or out of range\r\n'],
  ['hello 3 foo', "-ERR Syntax error in HELLO option 'foo'\r\n"],
  ['hello 3 setname', "-ERR Syntax error in HELLO option 'setname'\r\n"],
  ['hello 3 setname "a b"', '-ERR Client names cannot contain spaces, newlines or special characters.\r\n'],
  ['hello 3 auth foo x', '-WRONGPASS invalid username-password pair or user is disabled.\r\n'],
  [
    'auth x',
    '-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n',
  ],
  ['auth default x', '+OK\r\n'],
  ['auth foo x', '-WRONGPASS invalid username-password pair or user is disabled.\r\n'],
  ['auth a b c d', '-ERR syntax error\r\n'],
  ['select 16', '-ERR DB index is out of range\r\n'],
  ['select -1', '-ERR DB index is out of range\r\n'],
  ['select x', '-ERR value is not an integer or out of range\r\n'],
  ['select 99999999999999999999', '-ERR value is not an integer or out of range\r\n'],
  ['ping a b c', "-ERR wrong number of arguments for 'ping' command\r\n"],
  ['echo', "-ERR wrong number of arguments for 'echo' command\r\n"],
  ['client', "-ERR wrong number of arguments for 'client' command\r\n"],
  ['client foo', "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n"],
  ['client setname', "-ERR wrong number of arguments for 'client|setname' command\r\n"],
  ['client setname "a b"', '-ERR Client names cannot contain spaces, newlines or special characters.\r\n'],
  ['client setname ab ; client getname ; client setname "" ; client getname', '+OK\r\n$2\r\nab\r\n+OK\r\n$-1\r\n'],
  ['client reply', "-ERR wrong number of arguments for 'client|reply' command\r\n"],
  ['client reply foo', '-ERR syntax error\r\n'],
  ['client reply off ; ping ; client reply on ; ping', '+OK\r\n+PONG\r\n'],
  ['client reply skip ; ping ; ping', '+PONG\r\n'],
  ['client reply skip ; client reply skip ; ping ; ping', '+PONG\r\n'],
  ['client kill', "-ERR wrong number of arguments for 'client|kill' command\r\n"],
  ['client kill foo', '-ERR No such client\r\n'],
  ['client kill id 0', '-ERR client-id should be greater than 0\r\n'],
  ['client kill id x', '-ERR client-id should be greater than 0\r\n'],
  ['client kill type foo', "-ERR Unknown client type 'foo'\r\n"],
  ['client kill user foo', "-ERR No such user 'foo'\r\n"],
  ['client kill user default skipme yes', ':0\r\n'],
  ['client kill foo bar', '-ERR syntax error\r\n'],
  ['client kill skipme foo', '-ERR syntax error\r\n'],
  ['client kill id 5 skipme', '-ERR syntax error\r\n'],
  ['client list type foo', "-ERR Unknown client type 'foo'\r\n"],
  ['client list id', '-ERR syntax error\r\n'],
  ['client list id x', '-ERR Invalid client ID\r\n'],
  ['client list id 1 0', '$0\r\n\r\n'],
  ['client list id 99999', '$0\r\n\r\n'],
  ['client list foo', '-ERR syntax error\r\n'],
  ['client no-evict foo', '-ERR syntax error\r\n'],
  ['client pause 100 x', '-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n'],
  ['client pause -1', '-ERR timeout is negative\r\n'],
  ['client pause x', '-ERR timeout is not an integer or out of range\r\n'],
  ['client Pause 1 all y', "-ERR unknown subcommand or wrong number of arguments for 'Pause'. Try CLIENT HELP.\r\n"],
  ['client pause', "-ERR wrong number of arguments for 'client|pause' command\r\n"],
  ['client pause 0 ; ping ; client unpause', '+OK\r\n+PONG\r\n+OK\r\n'],
  ['client unblock x', '-ERR value is not an integer or out of range\r\n'],
  ['client unblock 1 foo', '-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n'],
  ['client id foo', "-ERR wrong number of arguments for 'client|id' command\r\n"],
  ['quit', '+OK\r\n'],
  ['quit ; ping', '+OK\r\n'],
  ['reset', '+RESET\r\n'],
  ['client getname', '$-1\r\n'],
  ['client kill maxage 5', '-ERR syntax error\r\n'],
  ['client kill id -1', '-ERR client-id should be greater than 0\r\n'],
  ['client kill laddr 127.0.0.1:9 user default', ':0\r\n'],
  ['client list type pubsub', '$0\r\n\r\n'],
  ['client list type replica', '$0\r\n\r\n'],
  ['client list type slave', '$0\r\n\r\n'],
  ['client list type master', '$0\r\n\r\n'],
  ['client kill type slave', ':0\r\n'],
  ['client kill id 99999999999999999999', '-ERR client-id should be greater than 0\r\n'],
  ['hello 3 setname foo foo', "-ERR Syntax error in HELLO option 'foo'\r\n"],
  ['hello 3 AUTH a', "-ERR Syntax error in HELLO option 'AUTH'\r\n"],
  ['client list type normal x', '-ERR syntax error\r\n'],
  ['HELLO 99999999999999999999999', '-ERR Protocol version is not an integer or out of range\r\n'],
  ['hello 3 auth foo x bar', '-WRONGPASS invalid username-password pair or user is disabled.\r\n'],
  ['hello 3 setname zed bar ; client getname', "-ERR Syntax error in HELLO option 'bar'\r\n$3\r\nzed\r\n"],
  ['client reply off ; client reply skip ; client reply on ; ping', '+OK\r\n+PONG\r\n'],
  ['select 3 ; client reply foo ; select 15 ; reset', '+OK\r\n-ERR syntax error\r\n+OK\r\n+RESET\r\n'],
  ['quit a', '+OK\r\n'],
  ['reset a', "-ERR wrong number of arguments for 'reset' command\r\n"],
  ['client no-evict off', '+OK\r\n'],
  ['client no-evict', "-ERR wrong number of arguments for 'client|no-evict' command\r\n"],
  ['auth', "-ERR wrong number of arguments for 'auth' command\r\n"],
  ['echo a b', "-ERR wrong number of arguments for 'echo' command\r\n"],
];

const WITH_PASSWORD: readonly Exchange[] = [
  [
    'auth pw ; acl list ; acl getuser default',
    '+OK\r\n*1\r\n$93\r\nuser default on #30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~* &* +@all\r\n*12\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$9\r\npasswords\r\n*1\r\n$64\r\n30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4\r\n$8\r\ncommands\r\n$5\r\n+@all\r\n$4\r\nkeys\r\n$2\r\n~*\r\n$8\r\nchannels\r\n$2\r\n&*\r\n$9\r\nselectors\r\n*0\r\n',
  ],
  ['ping', '-NOAUTH Authentication required.\r\n'],
  ['auth x', '-WRONGPASS invalid username-password pair or user is disabled.\r\n'],
  ['auth default x', '-WRONGPASS invalid username-password pair or user is disabled.\r\n'],
  ['auth default pw ; ping', '+OK\r\n+PONG\r\n'],
  ['auth foo pw', '-WRONGPASS invalid username-password pair or user is disabled.\r\n'],
  [
    'hello',
    '-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time\r\n',
  ],
  [
    'hello 3',
    '-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time\r\n',
  ],
  [
    'hello 3 setname x',
    '-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time\r\n',
  ],
  ['hello 3 auth default no', '-WRONGPASS invalid username-password pair or user is disabled.\r\n'],
  ['auth pw ; reset ; ping', '+OK\r\n+RESET\r\n-NOAUTH Authentication required.\r\n'],
  ['quit', '+OK\r\n'],
  ['reset', '+RESET\r\n'],
  ['nosuch', "-ERR unknown command 'nosuch', with args beginning with: \r\n"],
  ['get', "-ERR wrong number of arguments for 'get' command\r\n"],
  ['get a', '-NOAUTH Authentication required.\r\n'],
  ['command', '-NOAUTH Authentication required.\r\n'],
  ['client kill', "-ERR wrong number of arguments for 'client|kill' command\r\n"],
  ['config', "-ERR wrong number of arguments for 'config' command\r\n"],
  ['client foo', "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n"],
];

for (const [line, reply] of EXCHANGES) {
  test(`connection: ${line}`, () => assert.equal(play(line), reply));
}

for (const [line, reply] of WITH_PASSWORD) {
  test(`connection with requirepass: ${line}`, () => {
    assert.equal(play(line, { config: { requirepass: 'pw' }, authenticated: false }), reply);
  });
}

test('a connection that was refused is let in when requirepass is emptied', () => {
  const engine = new TestEngine({ config: { requirepass: 'pw' } });
  const refused = engine.session();
  refused.session.authenticated = false;
  assert.equal(refused.text('PING'), '-NOAUTH Authentication required.\r\n');
  engine.config.set([['requirepass', '']]);
  assert.equal(refused.text('PING'), '+PONG\r\n');
});

test('HELLO asks a connection that never gave the password, even when it is not needed any more, as in Redis', () => {
  const engine = new TestEngine({ config: { requirepass: 'pw' } });
  const refused = engine.session();
  refused.session.authenticated = false;
  engine.config.set([['requirepass', '']]);
  assert.match(refused.text('HELLO', 3), /^-NOAUTH HELLO must be called/);
  assert.match(refused.text('HELLO', 3, 'AUTH', 'default', ''), /^%7/);
});

const HELLO_3 =
  '%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:2\r\n$4\r\nmode\r\n' +
  '$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n';

test('HELLO answers a map in RESP3 and a flat array in RESP2, and switches the protocol', () => {
  assert.equal(play('hello 3 ; client getname'), `${HELLO_3}_\r\n`);
  assert.equal(play('hello 3 ; hello 2'), HELLO_3 + HELLO_3.replace('%7', '*14').replace('proto\r\n:3', 'proto\r\n:2'));
  assert.equal(
    play('hello 3 auth default pw setname bob', { config: { requirepass: 'pw' }, authenticated: false }),
    HELLO_3,
  );
});

test('HELLO on a slave tells its role', () => {
  const engine = new TestEngine();
  engine.ctx.role.isSlave = true;
  assert.match(engine.text('HELLO'), /\$4\r\nrole\r\n\$7\r\nreplica\r\n/);
});

const LINE =
  /^id=2 addr=127\.0\.0\.1:50000 laddr=127\.0\.0\.1:6379 fd=8 name=bob age=7 idle=0 flags=e db=3 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r cmd=client\|info user=default redir=-1 resp=3\n$/;

test('CLIENT INFO is one line with the fields of Redis 7.0, verbatim in RESP3', () => {
  const engine = new TestEngine();
  const me = engine.session(3);
  me.call('CLIENT', 'SETNAME', 'bob');
  me.call('CLIENT', 'NO-EVICT', 'ON');
  me.call('SELECT', 3);
  engine.now += 7900;
  const reply = me.text('CLIENT', 'INFO');
  const header = /^=(\d+)\r\ntxt:/.exec(reply);
  assert.ok(header !== null, reply);
  const body = reply.slice(header[0].length, -2);
  assert.equal(Number(header[1]), body.length + 4);
  assert.match(body, LINE);
});

test('CLIENT LIST names every connection, or those asked for', () => {
  const engine = new TestEngine();
  engine.session();
  engine.session();
  const ids = (...args: string[]): string[] => engine.text('CLIENT', 'LIST', ...args).match(/(?<=^|\n)id=\d+/g) ?? [];
  assert.deepEqual(ids(), ['id=1', 'id=2', 'id=3']);
  assert.deepEqual(ids('ID', '3', '9', '1'), ['id=3', 'id=1']);
  assert.deepEqual(ids('TYPE', 'normal'), ['id=1', 'id=2', 'id=3']);
  assert.deepEqual(ids('TYPE', 'replica'), []);
});

test('CLIENT KILL closes the others at once and its own connection after the reply', () => {
  const engine = new TestEngine();
  const killed: number[] = [];
  for (let i = 0; i < 4; i++) {
    const { session } = engine.session();
    session.remoteAddr = `127.0.0.1:${60000 + i}`;
    session.control = {
      close() {},
      destroy() {
        killed.push(session.id);
        engine.sessions.delete(session.id);
      },
      pendingOutputBytes: 0,
      queryBufferBytes: 0,
    };
  }
  assert.equal(engine.text('CLIENT', 'KILL', '127.0.0.1:60001'), '+OK\r\n');
  assert.equal(engine.text('CLIENT', 'KILL', 'ID', 4, 'TYPE', 'normal', 'USER', 'default'), ':1\r\n');
  assert.equal(engine.text('CLIENT', 'KILL', 'ID', 4), ':0\r\n');
  assert.deepEqual(killed, [3, 4]);
  assert.equal(engine.text('CLIENT', 'KILL', 'LADDR', '127.0.0.1:6379'), ':2\r\n');
  assert.deepEqual(killed, [3, 4, 2, 5]);
  assert.equal(engine.defaultSession.isEnding, false);
  assert.equal(engine.text('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no'), ':1\r\n');
  assert.equal(engine.defaultSession.isEnding, true);
});

test('CLIENT SETINFO keeps the name and version of the library', () => {
  const engine = new TestEngine();
  assert.equal(engine.text('CLIENT', 'SETINFO', 'lib-name', 'ioredis'), '+OK\r\n');
  assert.equal(engine.text('CLIENT', 'SETINFO', 'LIB-VER', '5.3'), '+OK\r\n');
  assert.equal(engine.defaultSession.libName, 'ioredis');
  assert.equal(engine.defaultSession.libVersion, '5.3');
  assert.equal(
    engine.text('CLIENT', 'SETINFO', 'lib-name', 'a b'),
    '-ERR lib-name cannot contain spaces, newlines or special characters.\r\n',
  );
  assert.equal(engine.text('CLIENT', 'SETINFO', 'color', 'red'), "-ERR Unrecognized option 'color'\r\n");
});

test('CLIENT UNBLOCK ends the wait of another connection', () => {
  const engine = new TestEngine();
  const { session } = engine.session();
  const ends: string[] = [];
  session.unblock = (error) => ends.push(error);
  assert.equal(engine.text('CLIENT', 'UNBLOCK', session.id), ':0\r\n');
  session.on('wait');
  assert.equal(engine.text('CLIENT', 'UNBLOCK', session.id), ':1\r\n');
  assert.equal(engine.text('CLIENT', 'UNBLOCK', session.id, 'error'), ':1\r\n');
  assert.deepEqual(ends, ['', 'UNBLOCKED client unblocked via CLIENT UNBLOCK']);
});

test('passwords do not reach the slow log', () => {
  const engine = new TestEngine({ config: { 'slowlog-log-slower-than': '0' } });
  engine.call('AUTH', 'default', 'secret');
  engine.call('HELLO', '2', 'AUTH', 'default', 'secret');
  const texts = engine.ctx.slowlog.entries.map((entry) =>
    entry.args.map((arg) => Buffer.from(arg).toString()).join(' '),
  );
  assert.deepEqual(texts, ['HELLO 2 AUTH (redacted) (redacted)', 'AUTH (redacted) (redacted)']);
});

// What users may do, on every way to run a command. That rules are Redis's is shown by acl.differential.e2e.test.ts.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { TestEngine } from '../testing.ts';
import type { TestEngineOptions, TestSession } from '../testing.ts';

const NO_KEY = '-NOPERM this user has no permissions to access one of the keys used as arguments\r\n';
const NO_CHANNEL = '-NOPERM this user has no permissions to access one of the channels used as arguments\r\n';
const noCommand = (name: string): string => `-NOPERM this user has no permissions to run the '${name}' command\r\n`;
const WRONG = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';

function engineWith(rules: string, options: TestEngineOptions = {}): { engine: TestEngine; bob: TestSession } {
  const engine = new TestEngine(options);
  assert.equal(engine.text('ACL', 'SETUSER', 'bob', 'on', '>pw', ...rules.split(' ')), '+OK\r\n');
  const bob = engine.session();
  assert.equal(bob.text('AUTH', 'bob', 'pw'), '+OK\r\n');
  return { engine, bob };
}

const say = (connection: TestSession, line: string): string => connection.text(...line.split(' '));

test('a user runs what his rules allow, and nothing else', () => {
  const { engine, bob } = engineWith('~a:* &news:* +@read +set +publish +subscribe +config|get +select|1');
  assert.equal(say(bob, 'set a:1 x'), '+OK\r\n');
  assert.equal(say(bob, 'get a:1'), '$1\r\nx\r\n');
  assert.equal(say(bob, 'mget a:1 b'), NO_KEY);
  assert.equal(say(bob, 'set b x'), NO_KEY);
  assert.equal(say(bob, 'del a:1'), noCommand('del'));
  assert.equal(say(bob, 'publish news:x hello'), ':0\r\n');
  assert.equal(say(bob, 'publish other hello'), NO_CHANNEL);
  assert.match(say(bob, 'config get maxmemory'), /^\*2/);
  assert.equal(say(bob, 'config set maxmemory 1'), noCommand('config|set'));
  assert.equal(say(bob, 'select 1'), '+OK\r\n');
  assert.equal(say(bob, 'select 2'), noCommand('select'));
  // Others are not kept from anything.
  assert.equal(engine.text('SET', 'b', 'x'), '+OK\r\n');
});

test('key patterns tell reading from writing', () => {
  const { bob } = engineWith('%R~r* %W~w* ~b* +@all');
  assert.equal(say(bob, 'get r'), '$-1\r\n');
  assert.equal(say(bob, 'set r x'), NO_KEY);
  assert.equal(say(bob, 'set w x'), '+OK\r\n');
  assert.equal(say(bob, 'get w'), NO_KEY);
  assert.equal(say(bob, 'set w x get'), NO_KEY);
  assert.equal(say(bob, 'set b x get'), '$-1\r\n');
  assert.equal(say(bob, 'copy r w replace'), ':0\r\n');
  assert.equal(say(bob, 'copy w r'), NO_KEY);
  assert.equal(say(bob, 'sort r store w'), ':0\r\n');
  assert.equal(say(bob, 'sort r store r'), NO_KEY);
  assert.equal(say(bob, 'zunionstore w 2 r w'), NO_KEY);
});

test('a command runs when one selector allows all of it', () => {
  const { bob } = engineWith('~a +get (~b +set +get) (~a* +del)');
  assert.equal(say(bob, 'get a'), '$-1\r\n');
  assert.equal(say(bob, 'set b 1'), '+OK\r\n');
  assert.equal(say(bob, 'set a 1'), NO_KEY);
  assert.equal(say(bob, 'del a'), ':0\r\n');
  assert.equal(say(bob, 'del b'), NO_KEY);
  assert.equal(say(bob, 'ping'), noCommand('ping'));
});

test('rights that change are in effect for those who are connected', () => {
  const { engine, bob } = engineWith('~* &* +@all');
  assert.equal(bob.session.isPlain, true);
  engine.call('ACL', 'SETUSER', 'bob', '-get');
  assert.equal(bob.session.isPlain, false);
  assert.equal(say(bob, 'get a'), noCommand('get'));
  engine.call('ACL', 'SETUSER', 'bob', '+@all');
  assert.equal(bob.session.isPlain, true);
  assert.equal(say(bob, 'get a'), '$-1\r\n');
  engine.call('ACL', 'SETUSER', 'bob', 'off');
  assert.equal(say(bob, 'get a'), '$-1\r\n');
  assert.equal(say(bob, 'auth bob pw'), WRONG);
});

test('what is denied between MULTI and EXEC dooms the transaction', () => {
  const { bob } = engineWith('~a +@all');
  assert.equal(say(bob, 'multi'), '+OK\r\n');
  assert.equal(say(bob, 'get b'), NO_KEY);
  assert.equal(say(bob, 'get a'), '+QUEUED\r\n');
  assert.equal(say(bob, 'exec'), '-EXECABORT Transaction discarded because of previous errors.\r\n');
});

test('EXEC looks again at what the user may do', () => {
  const { engine, bob } = engineWith('~* &* +@all');
  for (const line of ['multi', 'set a 1', 'set b 1', 'publish c d', 'del a']) say(bob, line);
  engine.call('ACL', 'SETUSER', 'bob', 'resetkeys', '~a', 'resetchannels', '-del');
  const changed =
    '-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: ';
  assert.equal(
    say(bob, 'exec'),
    `*4\r\n+OK\r\n${changed}no permission to touch the specified keys\r\n` +
      `${changed}no permission to access one of the channels used as arguments to the command\r\n` +
      `${changed}no permission to execute the command or subcommand\r\n`,
  );
  assert.equal(engine.text('EXISTS', 'a', 'b'), ':1\r\n');
});

test('who logs in inside a transaction is who runs the rest of it', () => {
  const { engine, bob } = engineWith('~* &* +@all');
  engine.call('ACL', 'SETUSER', 'eve', 'on', '>pw', '+@all', '~e');
  for (const line of ['multi', 'set a 1', 'auth eve pw', 'set b 1', 'set e 1']) say(bob, line);
  assert.match(say(bob, 'exec'), /^\*4\r\n\+OK\r\n\+OK\r\n-NOPERM .*\r\n\+OK\r\n$/);
  assert.equal(say(bob, 'acl whoami'), '$3\r\neve\r\n');
});

test('EXEC itself may be denied', () => {
  const { engine, bob } = engineWith('~* &* +@all');
  say(bob, 'multi');
  engine.call('ACL', 'SETUSER', 'bob', '-exec');
  assert.match(say(bob, 'exec'), /^-EXECABORT Transaction discarded because of: NOPERM this user .* 'exec' command/);
});

test('scripts may do what their caller may', () => {
  const { bob } = engineWith('~a &a +@all -flushall');
  const run = (script: string): string => bob.text('EVAL', script, '0');
  assert.equal(run("return redis.call('set', 'a', '1')"), '+OK\r\n');
  assert.match(
    run("return redis.call('get', 'b')"),
    /^-ERR The user executing the script can't access at least one of the keys/,
  );
  assert.match(
    run("return redis.call('flushall')"),
    /^-ERR The user executing the script can't run this command or subcommand/,
  );
  assert.match(
    run("return redis.pcall('publish', 'b', '1')"),
    /^-ERR The user executing the script can't publish to the channel/,
  );
  assert.equal(bob.text('EVAL', 'return 1', '1', 'b'), NO_KEY);
  assert.equal(
    run(
      "return {redis.acl_check_cmd('get', 'a') and 1 or 0, redis.acl_check_cmd('get', 'b') and 1 or 0, redis.acl_check_cmd('config', 'get', 'x') and 1 or 0, redis.acl_check_cmd('flushall') and 1 or 0}",
    ),
    '*4\r\n:1\r\n:0\r\n:1\r\n:0\r\n',
  );
});

test('SORT looks up by BY and GET only for those who may read every key', () => {
  const { engine, bob } = engineWith('~a +@all');
  engine.call('RPUSH', 'a', '1', '2');
  assert.equal(say(bob, 'sort a by nosort'), '*2\r\n$1\r\n1\r\n$1\r\n2\r\n');
  assert.equal(say(bob, 'sort a by w*'), '-ERR BY option of SORT denied due to insufficient ACL permissions.\r\n');
  assert.equal(say(bob, 'sort a get w*'), '-ERR GET option of SORT denied due to insufficient ACL permissions.\r\n');
  assert.equal(say(bob, 'sort_ro a get #'), '-ERR GET option of SORT denied due to insufficient ACL permissions.\r\n');
  engine.call('ACL', 'SETUSER', 'bob', '%R~*');
  assert.equal(say(bob, 'sort a get w*'), '*2\r\n$-1\r\n$-1\r\n');
});

test('who waits for a key and may not have it any more gets an error in its place', () => {
  const { engine, bob } = engineWith('~* &* +@all');
  say(bob, 'blpop a 0');
  engine.call('ACL', 'SETUSER', 'bob', 'resetkeys');
  engine.call('RPUSH', 'a', 'x');
  assert.equal(engine.lateOf(bob.session), NO_KEY);
  assert.equal(engine.text('LLEN', 'a'), ':1\r\n');
});

function destroyed(engine: TestEngine, connection: TestSession): () => boolean {
  const { session } = connection;
  let gone = false;
  session.control = {
    ...session.control,
    destroy() {
      gone = true;
      engine.sessions.delete(session.id);
    },
  };
  return () => gone;
}

test('subscriptions that are not allowed any more end with their connections', () => {
  const { engine, bob } = engineWith('&a* +@all');
  const isGone = destroyed(engine, bob);
  assert.match(say(bob, 'psubscribe a*'), /psubscribe/);
  assert.equal(say(bob, 'subscribe b'), NO_CHANNEL);
  assert.match(say(bob, 'subscribe a1'), /subscribe/);
  engine.call('ACL', 'SETUSER', 'bob', '&b');
  assert.equal(isGone(), false);
  engine.call('ACL', 'SETUSER', 'bob', 'resetchannels', '&a1', '&a*');
  assert.equal(isGone(), false);
  // A pattern has to be allowed literally, whatever it covers.
  engine.call('ACL', 'SETUSER', 'bob', 'resetchannels', '&a1', '&a?*');
  assert.equal(isGone(), true);
});

test('a user who had all channels and has some loses the other subscriptions', () => {
  const { engine, bob } = engineWith('&* +@all');
  const isGone = destroyed(engine, bob);
  say(bob, 'subscribe a');
  engine.call('ACL', 'SETUSER', 'bob', 'resetchannels', '&b');
  assert.equal(isGone(), true);
});

test('the connections of a user who is removed end, one that removes itself behind its reply', () => {
  const { engine, bob } = engineWith('&* ~* +@all');
  const other = engine.session();
  other.call('AUTH', 'bob', 'pw');
  const isGone = destroyed(engine, other);
  assert.equal(say(bob, 'acl deluser bob nobody'), ':1\r\n');
  assert.equal(isGone(), true);
  assert.equal(bob.session.isEnding, true);
  assert.equal(engine.text('ACL', 'DELUSER', 'default'), "-ERR The 'default' user cannot be removed\r\n");
});

test('CLIENT LIST names the user, and CLIENT KILL finds him', () => {
  const { engine, bob } = engineWith('+@all');
  const isGone = destroyed(engine, bob);
  assert.match(say(bob, 'client info'), / user=bob redir=/);
  assert.match(engine.text('CLIENT', 'KILL', 'USER', 'nobody'), /^-ERR No such user 'nobody'/);
  assert.equal(engine.text('CLIENT', 'KILL', 'USER', 'bob'), ':1\r\n');
  assert.equal(isGone(), true);
});

test('ACL LOG tells what was denied, where and to whom, and counts what is alike', () => {
  const { engine, bob } = engineWith('~a +@all -flushall');
  for (const line of ['get b', 'get b', 'flushall', 'multi', 'get b', 'discard', 'publish c d', 'auth eve pw'])
    say(bob, line);
  bob.call('EVAL', "return redis.pcall('get', 'b')", '0');
  engine.now += 1500;
  const entries = engine.ctx.acl.log.entries.map((entry) => [
    entry.count,
    entry.reason,
    entry.context,
    entry.object,
    entry.username,
  ]);
  assert.deepEqual(entries, [
    [1, 'key', 'lua', 'b', 'bob'],
    [1, 'auth', 'toplevel', 'auth', 'eve'],
    [1, 'channel', 'toplevel', 'c', 'bob'],
    [1, 'key', 'multi', 'b', 'bob'],
    [1, 'command', 'toplevel', 'flushall', 'bob'],
    [2, 'key', 'toplevel', 'b', 'bob'],
  ]);
  assert.match(
    engine.text('ACL', 'LOG', '1'),
    /^\*1\r\n\*14\r\n\$5\r\ncount\r\n:1\r\n.*\$11\r\nage-seconds\r\n\$3\r\n1\.5\r\n\$11\r\nclient-info\r\n.*cmd=eval user=bob/s,
  );
  engine.config.set([['acllog-max-len', '2']]);
  say(bob, 'get c');
  assert.equal(engine.ctx.acl.log.entries.length, 2);
  assert.equal(engine.text('ACL', 'LOG', 'RESET'), '+OK\r\n');
  assert.equal(engine.text('ACL', 'LOG'), '*0\r\n');
});

test('AUTH and HELLO log in with any of the passwords, and AUTH alone as the default user', () => {
  const engine = new TestEngine({ config: { requirepass: 'secret' } });
  engine.call(
    'ACL',
    'SETUSER',
    'bob',
    'on',
    '>one',
    '>two',
    `#${createHash('sha256').update('three').digest('hex')}`,
    '+@all',
  );
  const fresh = engine.session();
  fresh.session.authenticated = false;
  assert.equal(say(fresh, 'get a'), '-NOAUTH Authentication required.\r\n');
  assert.equal(say(fresh, 'auth wrong'), WRONG);
  assert.equal(say(fresh, 'auth secret'), '+OK\r\n');
  for (const password of ['one', 'two', 'three']) assert.equal(say(fresh, `auth bob ${password}`), '+OK\r\n');
  assert.equal(say(fresh, 'auth bob four'), WRONG);
  assert.match(say(fresh, 'hello 3 auth bob two'), /^%7/);
  assert.equal(say(fresh, 'acl whoami'), '$3\r\nbob\r\n');
  assert.equal(say(fresh, 'reset'), '+RESET\r\n');
  assert.equal(say(fresh, 'get a'), '-NOAUTH Authentication required.\r\n');
  engine.call('ACL', 'SETUSER', 'bob', '<one', '!' + createHash('sha256').update('two').digest('hex'));
  assert.equal(say(fresh, 'auth bob one'), WRONG);
  assert.equal(say(fresh, 'auth bob two'), WRONG);
  engine.call('ACL', 'SETUSER', 'bob', 'nopass');
  assert.equal(say(fresh, 'auth bob whatever'), '+OK\r\n');
});

test('requirepass is the password of the default user, who can be switched off', () => {
  const engine = new TestEngine();
  assert.equal(engine.ctx.acl.isOpen, true);
  engine.config.set([['requirepass', 'pw']]);
  const hash = createHash('sha256').update('pw').digest('hex');
  assert.match(engine.text('ACL', 'LIST'), new RegExp(`user default on #${hash} ~\\* &\\* \\+@all`));
  assert.equal(engine.ctx.acl.isOpen, false);
  engine.config.set([['requirepass', '']]);
  assert.equal(engine.ctx.acl.isOpen, true);
  engine.call('ACL', 'SETUSER', 'default', 'off');
  assert.equal(engine.ctx.acl.isOpen, false);
});

test('an aclfile is loaded whole or not at all, and saved', () => {
  let file =
    'user default on nopass ~* &* +@all\n\n  user bob on nopass ~a +get (~b\t +set)\r\nuser eve on nopass +@all\n';
  const engine = new TestEngine({
    config: { aclfile: 'users.acl' },
    host: {
      readAclFile: () => ({ text: file }),
      writeAclFile: (text) => {
        file = text;
        return null;
      },
    },
  });
  assert.equal(engine.text('ACL', 'LOAD'), '+OK\r\n');
  assert.equal(engine.text('ACL', 'USERS'), '*3\r\n$3\r\nbob\r\n$7\r\ndefault\r\n$3\r\neve\r\n');
  const bob = engine.session();
  const eve = engine.session();
  bob.call('AUTH', 'bob', '');
  eve.call('AUTH', 'eve', '');
  const isBobGone = destroyed(engine, bob);
  const isEveGone = destroyed(engine, eve);
  file = 'user bob on +@nosuch\nuse x\nuser bob off\n';
  assert.equal(
    engine.text('ACL', 'LOAD'),
    "-ERR users.acl:1: Unknown command or category name in ACL. users.acl:2 should start with user keyword followed by the username. WARNING: Duplicate user 'bob' found on line 3. WARNING: ACL errors detected, no change to the previously active ACL rules was performed\r\n",
  );
  assert.equal(say(bob, 'get a'), '$-1\r\n');
  file = 'user bob on nopass ~c +get\n';
  assert.equal(engine.text('ACL', 'LOAD'), '+OK\r\n');
  assert.equal(say(bob, 'get a'), NO_KEY);
  assert.deepEqual([isBobGone(), isEveGone()], [false, true]);
  assert.equal(engine.text('ACL', 'SAVE'), '+OK\r\n');
  assert.equal(file, 'user bob on nopass ~c resetchannels -@all +get\nuser default on nopass ~* &* +@all\n');
});

test('without an aclfile there is nothing to load or save', () => {
  for (const word of ['LOAD', 'SAVE']) {
    assert.match(new TestEngine().text('ACL', word), /^-ERR This Redis instance is not configured to use an ACL file/);
  }
});

test('ACL GENPASS answers as many bits as were asked for', () => {
  const engine = new TestEngine();
  assert.equal(engine.text('ACL', 'GENPASS'), `$64\r\n${'5a'.repeat(32)}\r\n`);
  assert.equal(engine.text('ACL', 'GENPASS', '5'), '$2\r\n5a\r\n');
  assert.match(engine.text('ACL', 'GENPASS', '4097'), /^-ERR ACL GENPASS argument must be/);
});

test('ACL SETUSER changes all or nothing, and its arguments are in no slow log', () => {
  const engine = new TestEngine({ config: { 'slowlog-log-slower-than': '0' } });
  engine.call('ACL', 'SETUSER', 'bob', 'on', '>secret', '~a');
  assert.match(engine.text('ACL', 'SETUSER', 'bob', '~b', '+nosuch'), /^-ERR Error in ACL SETUSER modifier '\+nosuch'/);
  assert.match(engine.text('ACL', 'GETUSER', 'bob'), /\r\n~a\r\n/);
  const texts = engine.ctx.slowlog.entries.map((entry) =>
    entry.args.map((arg) => Buffer.from(arg).toString()).join(' '),
  );
  assert.ok(!texts.some((text) => text.includes('secret') || text.includes('bob on')), texts.join('\n'));
});

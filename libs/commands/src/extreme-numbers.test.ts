// Whatever numbers a client sends, no command throws, goes on for ever, or answers with gigabytes: `#` is each of these in turn.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestEngine } from './testing.ts';

const NUMBERS = [
  ...['9223372036854775807', '-9223372036854775808', '-9223372036854775807', '4611686018427387904'],
  ...['-4611686018427387904', '-4611686018427387903', '9007199254740993', '18446744073709551615', '1000000000000'],
  ...['-1000000000000', '4294967295', '4294967296', '-2147483648', '536870912', '0', '-1', '1e308', 'nan', '-inf'],
];

const REQUESTS: Readonly<Record<string, string>> = {
  l: `LPOP l # ; RPOP l # ; LMPOP 1 l LEFT COUNT # ; LMPOP # l LEFT ; LPOS l a RANK # ; LPOS l a COUNT # MAXLEN # ;
    LINDEX l # ; LSET l # v ; LRANGE l # # ; LTRIM l # # ; LREM l # a ; SORT l ALPHA LIMIT # # ; SORT l ALPHA LIMIT 0 # ;
    SORT l BY nosort LIMIT # # STORE d`,
  s: `SPOP s # ; SRANDMEMBER s # ; SINTERCARD # s ; SINTERCARD 1 s LIMIT # ; SSCAN s # ; SSCAN s 0 COUNT # ;
    SRANDMEMBER many # ; SPOP many #`,
  h: `HRANDFIELD h # ; HRANDFIELD h # WITHVALUES ; HSCAN h # ; HSCAN h 0 COUNT # ; HINCRBY h f # ; HINCRBYFLOAT h f #`,
  z: `ZRANDMEMBER z # ; ZRANDMEMBER z # WITHSCORES ; ZPOPMIN z # ; ZPOPMAX z # ; ZMPOP # z MIN ; ZMPOP 1 z MAX COUNT # ;
    ZRANGE z # # ; ZREVRANGE z # # WITHSCORES ; ZRANGE z -inf +inf BYSCORE LIMIT # # ; ZRANGE z # # BYSCORE ;
    ZRANGEBYLEX z - + LIMIT # 1 ; ZREMRANGEBYRANK z # # ; ZREMRANGEBYSCORE z # # ; ZUNION # z ; ZUNION 1 z WEIGHTS # ;
    ZUNIONSTORE d # z ; ZINTERSTORE d 2 z z WEIGHTS # # ; ZINTERCARD 1 z LIMIT # ; ZDIFFSTORE d # z ; ZADD z # m ;
    ZADD z INCR # low ; ZINCRBY z # high ; ZRANGESTORE d z # # ; ZSCAN z 0 COUNT #`,
  x: `XADD x MAXLEN # * f v ; XADD x MAXLEN ~ # LIMIT # * f v ; XADD x # f v ; XADD x #-# f v ; XADD x #-* f v ;
    XTRIM x MAXLEN # ; XTRIM x MINID ~ # LIMIT # ; XRANGE x - + COUNT # ; XRANGE x (# + ; XREVRANGE x + # COUNT # ;
    XREAD COUNT # STREAMS x 0 ; XREAD BLOCK # STREAMS x # ; XREADGROUP GROUP g c COUNT # STREAMS x > ;
    XREADGROUP GROUP g c STREAMS x # ; XAUTOCLAIM x g c # 0 COUNT # ; XAUTOCLAIM x g c 0 # ; XCLAIM x g c 0 1-1 IDLE # ;
    XCLAIM x g c 0 1-1 TIME # RETRYCOUNT # ; XCLAIM x g c 0 # FORCE ; XPENDING x g IDLE # - + # ; XINFO STREAM x FULL COUNT # ;
    XSETID x # ; XSETID x 99 ENTRIESADDED # ; XGROUP CREATE x g2 0 ENTRIESREAD # ; XGROUP SETID x g # ; XDEL x #`,
  b: `SETBIT b # 1 ; GETBIT b # ; BITCOUNT b # # BIT ; BITPOS b 1 # # ; BITFIELD b GET u8 # ; BITFIELD b SET i64 # 1 ;
    BITFIELD b OVERFLOW SAT INCRBY i64 0 # ; BITFIELD b SET i64 0 # ; SETRANGE b # x ; GETRANGE b # # ; LCS b b IDX MINMATCHLEN #`,
  g: `GEOSEARCH g FROMLONLAT 15 37 BYRADIUS # km COUNT # ANY ; GEOSEARCH g FROMLONLAT # # BYBOX # # m ; GEOADD g # # m ;
    GEOSEARCHSTORE d g FROMMEMBER P BYBOX # # m STOREDIST ; GEORADIUS g 15 37 # km COUNT #`,
};

for (const [key, requests] of Object.entries(REQUESTS)) {
  test(`requests about ${key} are answered in short whatever numbers are in them`, () => {
    const engine = new TestEngine({ reserveBytes: 64 * 1024 ** 2, config: { 'proto-max-bulk-len': '1048576' } });
    const session = engine.session(3);
    prepare(engine);
    for (const template of requests.split(';')) {
      for (let i = 0; i < NUMBERS.length; i++) {
        let hole = 0;
        const next = () => NUMBERS[(i * (hole + 1) + 5 * hole++) % NUMBERS.length];
        const args = template
          .trim()
          .split(/\s+/)
          .map((arg) => arg.replaceAll('#', next));
        const reply = (i % 2 === 0 ? engine.call(...args) : session.call(...args)).length;
        for (const waiting of engine.sessions.values()) waiting.unblock?.('');
        assert.ok(reply <= 2_000_000, `${args.join(' ')}: ${reply} bytes`);
        if (engine.effects.length > 0) prepare(engine);
      }
      engine.verify();
    }
  });
}

function prepare(engine: TestEngine): void {
  for (const line of [
    'DEL d b x',
    'RPUSH l a b c a 1 2',
    'LTRIM l 0 20',
    'SADD s a b c 1',
    `SADD many ${Array.from({ length: 300 }, (_, i) => `m${i}`).join(' ')}`,
    'HSET h f 1 g 2 h x',
    'ZADD z 1 a 2 b inf high -inf low',
    'XADD x 1-1 f v',
    'XADD x 2-1 f v g w',
    'XADD x 3-1 f v',
    'XGROUP CREATE x g 0',
    'XREADGROUP GROUP g c COUNT 2 STREAMS x >',
    'SET b hello',
    'GEOADD g 13.3 38.1 P 15.0 37.5 C',
  ])
    engine.call(...line.split(' '));
}

test('a reply that would be too long is an error, nothing is left of it, and the next one comes', () => {
  const engine = new TestEngine({ debug: false });
  engine.ctx.reply.bytesMax = 1024 * 1024; // in service it is 4 GiB
  engine.call('SET', 'k', 'v'.repeat(100_000));
  const keys = Array.from({ length: 20 }, () => 'k');
  assert.equal(engine.text('MGET', ...keys), '-ERR the reply would be longer than 4 GiB\r\n');
  assert.equal(engine.text('STRLEN', 'k'), ':100000\r\n');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint } from '@weir/keyspace';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TEST_NOW, TestEngine } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import {
  STREAM_EXCHANGES,
  STREAM_EXCHANGES_7_2,
  STREAM_EXCHANGES_7_2_RESP3,
  STREAM_EXCHANGES_RESP3,
} from './exchanges.testing.ts';

test('stream commands answer as Redis does', () => {
  for (const [line, reply] of STREAM_EXCHANGES) assert.equal(play(line), reply, line);
});

test('stream commands answer as Redis does in RESP3', () => {
  for (const [line, reply] of STREAM_EXCHANGES_RESP3) assert.equal(play(line, { resp: 3 }), reply, line);
});

test('where 7.2 differs from 7.0, stream commands answer as Valkey 8.0 does', () => {
  for (const [line, reply] of STREAM_EXCHANGES_7_2) assert.equal(play(line), reply, line);
  for (const [line, reply] of STREAM_EXCHANGES_7_2_RESP3) assert.equal(play(line, { resp: 3 }), reply, line);
});

// The clock stands at 1700000000000.
const now = String(TEST_NOW);
const GROUP = 'xadd s 1 f v ; xadd s 2 f w ; xgroup create s g 0';
const PENDING = `${GROUP} ; xreadgroup group g a streams s >`;
const EFFECTS: readonly EffectCase[] = [
  ['', 'XADD s 1-1 f v', ['XADD s 1-1 f v']],
  ['', 'XADD s * f v', [`XADD s ${now}-0 f v`]],
  ['', 'XADD s * f v "" w', [`XADD s ${now}-0 f v "" w`]],
  [`xadd s ${now}-7 f v`, 'XADD s * f v', [`XADD s ${now}-8 f v`]],
  ['xadd s 5-1 f v', 'XADD s 5-* f v', ['XADD s 5-2 f v']],
  ['xadd s 1 f v', 'XADD s NOMKSTREAM * f v', [`XADD s ${now}-0 f v`]],
  ['', 'XADD s NOMKSTREAM * f v', []],
  ['xadd s 1 f v', 'XADD s MAXLEN 1 2-1 f v', ['XADD s MAXLEN 1 2-1 f v']],
  ['xadd s 1 f v', 'XADD s MAXLEN 1 2-* f v', ['XADD s MAXLEN = 1 2-0 f v']],
  ['xadd s 1 f v', 'XADD s MINID 1-5 2-* f v', ['XADD s MINID = 1-5 2-0 f v']],
  ['xadd s 1 f v', 'XADD s MAXLEN ~ 1 LIMIT 5 2-0 f v', ['XADD s 2-0 f v']],
  ['config set stream-node-max-entries 1 ; xadd s 1 f v', 'XADD s MAXLEN ~ 1 2-0 f v', ['XADD s MAXLEN = 1 2-0 f v']],
  [
    'config set stream-node-max-entries 1 ; xadd s 1 f v',
    'XADD s MINID ~ 2 * f v',
    [`XADD s MINID = ${now}-0 ${now}-0 f v`],
  ],
  ['config set stream-node-max-entries 1 ; xadd s 1 f v', 'XADD s MINID ~ 3 2 f v', ['XADD s MAXLEN = 0 2-0 f v']],
  ['xadd s 1 f v ; xadd s 2 f v', 'XTRIM s MAXLEN 1', ['XTRIM s MAXLEN 1']],
  ['xadd s 1 f v ; xadd s 2 f v', 'XTRIM s MAXLEN 2', []],
  ['xadd s 1 f v ; xadd s 2 f v', 'XTRIM s MAXLEN ~ 1', []],
  [
    'config set stream-node-max-entries 1 ; xadd s 1 f v ; xadd s 2 f v',
    'XTRIM s MAXLEN ~ 0 LIMIT 1',
    ['XTRIM s MAXLEN = 1'],
  ],
  ['config set stream-node-max-entries 1 ; xadd s 1 f v ; xadd s 2 f v', 'XTRIM s MINID ~ 2', ['XTRIM s MINID = 2-0']],
  ['xadd s 1 f v ; xadd s 2 f v', 'XDEL s 1 7', ['XDEL s 1 7']],
  ['xadd s 1 f v', 'XDEL s 7', []],
  ['xadd s 1 f v', 'XSETID s 7 ENTRIESADDED 9', ['XSETID s 7 ENTRIESADDED 9']],
  ['xadd s 1 f v', 'XREAD STREAMS s 0', []],
  ['', 'XGROUP CREATE s g $ MKSTREAM', ['XGROUP CREATE s g $ MKSTREAM']],
  [GROUP, 'XGROUP CREATE s g 0', []],
  [GROUP, 'XGROUP SETID s g $', ['XGROUP SETID s g $']],
  [GROUP, 'XGROUP CREATECONSUMER s g a', ['XGROUP CREATECONSUMER s g a']],
  [PENDING, 'XGROUP CREATECONSUMER s g a', []],
  [PENDING, 'XGROUP DELCONSUMER s g a', ['XGROUP DELCONSUMER s g a']],
  [PENDING, 'XGROUP DELCONSUMER s g b', []],
  [PENDING, 'XGROUP DESTROY s g', ['XGROUP DESTROY s g']],
  [
    GROUP,
    'XREADGROUP GROUP g a STREAMS s >',
    [
      'XGROUP CREATECONSUMER s g a',
      `XCLAIM s g a 0 1-0 2-0 TIME ${now} RETRYCOUNT 1 FORCE JUSTID`,
      'XGROUP SETID s g 2-0 ENTRIESREAD 2',
    ],
  ],
  [
    GROUP,
    'XREADGROUP GROUP g a COUNT 1 NOACK STREAMS s >',
    ['XGROUP CREATECONSUMER s g a', 'XGROUP SETID s g 1-0 ENTRIESREAD 1'],
  ],
  [PENDING, 'XREADGROUP GROUP g a STREAMS s >', []],
  [PENDING, 'XREADGROUP GROUP g a STREAMS s 1', [`XCLAIM s g a 0 2-0 TIME ${now} RETRYCOUNT 2 FORCE JUSTID`]],
  [PENDING, 'XREADGROUP GROUP g b STREAMS s >', ['XGROUP CREATECONSUMER s g b']],
  [PENDING, 'XACK s g 1 9', ['XACK s g 1 9']],
  [PENDING, 'XACK s g 9', []],
  [PENDING, 'XPENDING s g', []],
  [
    PENDING,
    'XCLAIM s g b 0 1 TIME 1000 RETRYCOUNT 5 LASTID 9-9',
    [
      'XGROUP CREATECONSUMER s g b',
      'XCLAIM s g b 0 1-0 TIME 1000 RETRYCOUNT 5 FORCE JUSTID',
      'XGROUP SETID s g 9-9 ENTRIESREAD 2',
    ],
  ],
  [
    `${PENDING} ; xdel s 1`,
    'XCLAIM s g a 0 1 2 JUSTID',
    [`XCLAIM s g a 0 2-0 TIME ${now} RETRYCOUNT 1 FORCE JUSTID`, 'XACK s g 1-0'],
  ],
  [PENDING, 'XCLAIM s g a 100000 1', []],
  [
    `${PENDING} ; xclaim s g a 0 2 ; xdel s 1`,
    'XAUTOCLAIM s g b 0 0',
    ['XGROUP CREATECONSUMER s g b', `XCLAIM s g b 0 2-0 TIME ${now} RETRYCOUNT 3 FORCE JUSTID`, 'XACK s g 1-0'],
  ],
];

test('changes of streams and their groups are logged exactly, whatever was asked for', () => {
  for (const effectCase of EFFECTS) checkEffects(effectCase);
});

test('a replica whose clock is behind has the same pending entries', () => {
  const engine = new TestEngine();
  for (const line of PENDING.split(' ; ')) engine.call(...line.split(' '));
  engine.call('XCLAIM', 's', 'g', 'b', '0', '1', 'IDLE', '5', 'RETRYCOUNT', '9223372036854775807');
  const replica = new TestEngine({ now: TEST_NOW - 1000 });
  for (const record of engine.history) replica.apply(record);
  assert.equal(fingerprint(replica.ctx.keyspace), fingerprint(engine.ctx.keyspace));
});

test('a clock that goes backwards makes no ID that is not above the last one', () => {
  const engine = new TestEngine();
  engine.call('XADD', 's', '*', 'f', 'v');
  engine.now -= 5000;
  assert.equal(engine.text('XADD', 's', '*', 'f', 'v'), `$15\r\n${TEST_NOW}-1\r\n`);
  engine.call('XADD', 's', `${TEST_NOW}-18446744073709551615`, 'f', 'v');
  assert.equal(engine.text('XADD', 's', '*', 'f', 'v'), `$15\r\n${TEST_NOW + 1}-0\r\n`);
});

test('reading and claiming that fail for want of memory leave and log what was done before', () => {
  const engine = new TestEngine({ reserveBytes: 1 << 20 });
  let entries = 0;
  const value = 'x'.repeat(30);
  while (engine.text('XADD', 's', `${++entries}-1`, 'f', value).startsWith('$'));
  // Room for some pending entries, not for all.
  engine.call('XTRIM', 's', 'MAXLEN', String(entries - 3000));
  assert.equal(engine.text('XGROUP', 'CREATE', 's', 'g', '0'), '+OK\r\n');
  const reply = engine.text('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>');
  assert.match(reply, /^-OOM /);
  engine.verify();
  const pending = /^\*4\r\n:(\d+)/.exec(engine.text('XPENDING', 's', 'g'))?.[1];
  assert.ok(Number(pending) > 100, `${pending} pending`);
  const replica = new TestEngine();
  for (const record of engine.history) replica.apply(record);
  assert.equal(fingerprint(replica.ctx.keyspace), fingerprint(engine.ctx.keyspace));
});

test('a new key that has no room for its first entry or group is not there', () => {
  const engine = new TestEngine({ reserveBytes: 1 << 20 });
  const big = 'x'.repeat(2 << 20);
  assert.match(engine.text('XADD', 's', '1', 'f', big), /^-OOM /);
  assert.match(engine.text('XGROUP', 'CREATE', 's', big, '0', 'MKSTREAM'), /^-OOM /);
  assert.equal(engine.text('EXISTS', 's'), ':0\r\n');
  assert.deepEqual(engine.history, []);
  engine.verify();
});

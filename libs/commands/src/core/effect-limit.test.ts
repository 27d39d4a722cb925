/** What no record of the log could hold is refused before it changes anything. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Request } from '@weir/resp';
import { TestEngine } from '../testing.ts';
import { EFFECT_BYTES_MAX, REQUEST_BYTES_MAX } from './context.ts';

const REFUSED = /^-ERR what this command changes is larger than a record of the replication log may be/;

/** As if the request had so many bytes: nobody looks at what it seems to have more. */
function sized(bytes: number, ...args: string[]): Request {
  const request = new Request().setFromStrings(...args);
  request.end = request.start + bytes;
  return request;
}

test('a write request that is larger than the effects of one command may be is refused, a read is not', () => {
  const engine = new TestEngine();
  const { session } = engine.session();
  const run = (request: Request) => Buffer.from(engine.execute(session, request)).toString('latin1');
  assert.match(run(sized(REQUEST_BYTES_MAX + 1, 'MSET', 'a', '1', 'b', '2')), REFUSED);
  assert.equal(engine.ctx.keyspace.size, 0);
  assert.equal(engine.ctx.effects.pos, 0);
  assert.equal(run(sized(REQUEST_BYTES_MAX + 1, 'GET', 'a')), '$-1\r\n');
});

test('an effect may be a little larger than the request that it comes from', () => {
  assert.ok(EFFECT_BYTES_MAX > REQUEST_BYTES_MAX + 1000);
});

test('a SPOP of more members than one record holds is refused, and takes none', () => {
  const engine = new TestEngine();
  engine.ctx.effectBytesMax = 400;
  for (let i = 0; i < 50; i++) engine.call('SADD', 'set', `member ${i}`);
  assert.match(engine.text('SPOP', 'set', 45), REFUSED);
  assert.deepEqual(engine.effects, []);
  assert.equal(engine.text('SCARD', 'set'), ':50\r\n');
  assert.doesNotMatch(engine.text('SPOP', 'set', 10), /^-/);
  assert.equal(engine.text('SCARD', 'set'), ':40\r\n');
  // All of it goes as a DEL.
  assert.doesNotMatch(engine.text('SPOP', 'set', 40), /^-/);
  assert.equal(engine.text('EXISTS', 'set'), ':0\r\n');
});

test('a search whose result one record cannot hold stores nothing, and what stood at its key stays', () => {
  const engine = new TestEngine();
  engine.ctx.effectBytesMax = 400;
  for (let i = 0; i < 10; i++) engine.call('GEOADD', 'places', i / 100, 0, `place ${i}`);
  engine.call('SET', 'found', 'before');
  const search = ['places', 'FROMLONLAT', 0, 0, 'BYRADIUS', 500, 'km', 'ASC'];
  assert.match(engine.text('GEOSEARCHSTORE', 'found', ...search), REFUSED);
  assert.match(engine.text('GEORADIUS', 'places', 0, 0, 500, 'km', 'STORE', 'found'), REFUSED);
  assert.match(engine.text('GEORADIUSBYMEMBER', 'places', 'place 1', 500, 'km', 'STOREDIST', 'found'), REFUSED);
  assert.deepEqual(engine.effects, []);
  assert.equal(engine.text('GET', 'found'), '$6\r\nbefore\r\n');
  assert.equal(engine.text('GEOSEARCHSTORE', 'found', ...search, 'COUNT', 3), ':3\r\n');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Request } from '@weir/resp';
import { TestEngine } from '../testing.ts';
import { EFFECT_BYTES_MAX, REQUEST_BYTES_MAX } from './context.ts';

/** What no record of the log could hold is refused before it changes anything. */

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

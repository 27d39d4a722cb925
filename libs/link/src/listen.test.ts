import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from './listen.ts';

test('an address is a host and port, or the path of a Unix socket', () => {
  assert.deepEqual(parseAddress('127.0.0.1:7000'), { kind: 'tcp', host: '127.0.0.1', port: 7000 });
  assert.deepEqual(parseAddress('[::1]:7000'), { kind: 'tcp', host: '::1', port: 7000 });
  assert.deepEqual(parseAddress('engine.local:1'), { kind: 'tcp', host: 'engine.local', port: 1 });
  assert.deepEqual(parseAddress('/run/weir:1/engine.sock'), { kind: 'unix', path: '/run/weir:1/engine.sock' });
  assert.deepEqual(parseAddress('engine.sock'), { kind: 'unix', path: 'engine.sock' });
});

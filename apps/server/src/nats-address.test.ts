import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testConfig } from '@weir/config/testing';
// oxlint-disable-next-line @nx/enforce-module-boundaries -- it is this very app
import { natsListenHost } from './nats-address.ts';

test('the embedded NATS server listens where slaves of other machines reach the node, and on loopback when none can', () => {
  const host = (bind: string, more: Record<string, string> = {}): string =>
    natsListenHost(testConfig({ bind, ...more }));
  const open = { requirepass: 'secret' };
  assert.equal(host('* -::*'), '127.0.0.1');
  assert.equal(host('10.0.0.5'), '127.0.0.1');
  assert.equal(host('* -::*', open), '0.0.0.0');
  assert.equal(host('* -::*', { 'protected-mode': 'no' }), '0.0.0.0');
  assert.equal(host('10.0.0.5', open), '10.0.0.5');
  // As redis.conf has it: loopback first, then the address for the others.
  assert.equal(host('127.0.0.1 -::1 10.0.0.5', open), '10.0.0.5');
  assert.equal(host('10.0.0.5 10.1.0.5', open), '0.0.0.0');
  assert.equal(host('127.0.0.1 -::1', open), '127.0.0.1');
  assert.equal(host('fd00::5', open), 'fd00::5');
});

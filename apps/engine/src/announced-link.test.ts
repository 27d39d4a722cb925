import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announcedLink } from './announced-link.ts';

test('an engine tells ingresses the address on which it takes them, whole and reachable', () => {
  assert.equal(announcedLink('', null, '10.0.0.1'), '', 'it takes none');
  assert.equal(announcedLink('', { kind: 'tcp', host: '10.0.0.7', port: 7000 }, '10.0.0.1'), '10.0.0.7:7000');
  assert.equal(announcedLink('', { kind: 'tcp', host: '0.0.0.0', port: 7000 }, '10.0.0.1'), '10.0.0.1:7000');
  assert.equal(announcedLink('', { kind: 'tcp', host: '::', port: 7000 }, 'fd00::1'), '[fd00::1]:7000');
  assert.equal(announcedLink('', { kind: 'unix', path: '/run/weir.sock' }, '10.0.0.1'), '/run/weir.sock');
  assert.equal(
    announcedLink('', { kind: 'unix', path: 'engine.sock' }, '10.0.0.1'),
    `${process.cwd()}/engine.sock`,
    'a relative path says nothing in another folder',
  );
});

test('link-announce is told in place of the address on which the engine listens', () => {
  assert.equal(announcedLink('engine-1:7000', { kind: 'tcp', host: '0.0.0.0', port: 1 }, '10.0.0.1'), 'engine-1:7000');
  assert.equal(announcedLink('engine-1:7000', null, '10.0.0.1'), '', 'but none while it does not listen');
});

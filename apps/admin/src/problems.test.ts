import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LogError } from '@weir/log';
import { PROBLEMS, toProblem } from './problems.ts';
import { withBench } from './testing.ts';

test('docs/admin.md lists every code with its status, and no other', () => {
  const page = readFileSync(new URL('../../../docs/admin.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => `${code} ${status}`);
  assert.deepEqual(
    listed,
    Object.entries(PROBLEMS).map(([code, [status]]) => `${code} ${status}`),
  );
});

test("the log's errors keep their meaning, and of an unexpected one nothing is told", () => {
  for (const [code, problem] of [
    ['log-unavailable', 'log-unavailable'],
    ['log-missing', 'log-unavailable'],
    ['snapshot-missing', 'no-such-snapshot'],
    ['snapshot-damaged', 'log-damaged'],
    ['log-diverged', 'log-damaged'],
  ] as const)
    assert.equal(toProblem(new LogError(code, 'why')).code, problem);
  const secret = toProblem(new Error('password 123'));
  assert.deepEqual([secret.code, secret.status], ['internal', 500]);
  assert.ok(!JSON.stringify(secret.body()).includes('123'));
});

test('an error is problem+json with a stable code, whatever is wrong', () =>
  withBench(async ({ app, source }) => {
    for (const [request, status, code] of [
      [{ url: '/nowhere' }, 404, 'not-found'],
      [{ url: '/api/v1/log/records/x' }, 400, 'bad-request'],
      [{ url: '/api/v1/log/records/0' }, 400, 'bad-request'],
      [{ url: '/api/v1/keys?limit=100000' }, 400, 'bad-request'],
      [{ url: '/api/v1/log/records/77' }, 404, 'no-such-record'],
      [{ url: '/api/v1/nodes/none/info' }, 404, 'no-such-node'],
      [{ url: '/api/v1/snapshots/none/download' }, 404, 'no-such-snapshot'],
      [{ url: `/api/v1/keys/${'k'.repeat(9000)}` }, 400, 'bad-request'],
      [{ url: '/api/v1/keys/%zz' }, 400, 'bad-request'],
    ] as const) {
      const reply = await app.inject(request);
      assert.deepEqual([reply.statusCode, reply.json().code], [status, code], request.url.slice(0, 80));
      assert.equal(reply.headers['content-type'], 'application/problem+json');
      assert.deepEqual([reply.json().status, reply.json().type], [status, `urn:weir:problem:${code}`]);
    }
    source.current = null;
    source.trouble = 'the node cannot be reached';
    const reply = await app.inject('/api/v1/topology');
    assert.deepEqual([reply.statusCode, reply.json().code], [503, 'log-unknown']);
  }));

test('an unexpected error is logged with its stack and answered without it', () =>
  withBench(async ({ app, source, lines }) => {
    Object.assign(source, {
      need: () => {
        throw new TypeError('a bug at /secret/place');
      },
    });
    const reply = await app.inject('/api/v1/topology');
    assert.deepEqual([reply.statusCode, reply.json().code], [500, 'internal']);
    assert.ok(!reply.body.includes('secret'));
    assert.ok(lines.some(({ level, err }) => level === 'error' && err instanceof TypeError));
  }));

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withBench } from './testing.ts';
import { parseTokens } from './tokens.ts';

const OPERATE = 'operate-0123456789';
const READ = 'read-0123456789abc';
const tokens = parseTokens(`operate ${OPERATE} on-call\nread ${READ} dashboard`);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const HEALTH = new Set(['/healthz', '/readyz']);

test('without a token file this machine may read, and nobody may change anything', () =>
  withBench(async ({ app }) => {
    assert.equal((await app.inject('/api/v1/topology')).statusCode, 200);
    const change = await app.inject({ method: 'DELETE', url: '/api/v1/snapshots/s1' });
    assert.equal(change.statusCode, 403);
    assert.match(change.json().detail, /needs the role operate; this machine has the role read/);
  }));

test('without a token file another machine, a page under another name, and what a proxy passes on are refused', () =>
  withBench(async ({ app }) => {
    for (const request of [
      { remoteAddress: '10.0.0.7' },
      { headers: { host: 'evil.example' } },
      { headers: { host: 'localhost.evil.example:80' } },
      { headers: { host: 'localhost', 'x-forwarded-for': '10.0.0.7' } },
      { headers: { host: 'localhost', forwarded: 'for=10.0.0.7' } },
    ]) {
      const reply = await app.inject({ url: '/api/v1/topology', ...request });
      assert.equal(reply.statusCode, 401, JSON.stringify(request));
      assert.match(reply.json().detail, /only this machine may read/);
    }
  }));

test('with a token file each route of the API and the metrics need a token, and changes one with the role operate', () =>
  withBench(
    async ({ app }) => {
      const { paths } = app.swagger() as { paths: Record<string, Record<string, unknown>> };
      let changes = 0;
      let reads = 0;
      for (const [path, methods] of Object.entries(paths)) {
        const url = path.replaceAll(/\{\w+\}/g, '1');
        for (const method of Object.keys(methods)) {
          const ask = async (headers: Record<string, string>): Promise<number> =>
            (await app.inject({ method: method.toUpperCase() as 'GET', url, headers })).statusCode;
          if (HEALTH.has(path)) {
            assert.equal(await ask({}), 200, path);
            continue;
          }
          const where = `${method} ${path}`;
          assert.equal(await ask({}), 401, where);
          assert.equal(await ask(bearer('x'.repeat(20))), 401, where);
          assert.equal(await ask({ authorization: `Basic ${READ}` }), 401, where);
          if (method === 'get') reads++;
          else {
            changes++;
            assert.equal(await ask(bearer(READ)), 403, where);
          }
        }
      }
      assert.deepEqual([changes, reads >= 21], [10, true]);
      const unauthorized = await app.inject('/api/v1/log');
      assert.equal(unauthorized.headers['www-authenticate'], 'Bearer realm="weir"');
      assert.equal((await app.inject({ url: '/api/v1/log', headers: bearer(READ) })).statusCode, 200);
    },
    { tokens: () => tokens },
  ));

test('a change stands in the audit log with who, what and how it ended, refused ones too, and without its values', () =>
  withBench(
    async ({ app, nodes, report, lines }) => {
      await report({ id: 'm', role: 'master' });
      nodes.answers.set('CONFIG SET requirepass secret', 'OK');
      const change = (token: string) =>
        app.inject({
          method: 'PATCH',
          url: '/api/v1/config',
          headers: bearer(token),
          payload: { settings: { requirepass: 'secret' } },
        });
      assert.equal((await change(OPERATE)).statusCode, 200);
      assert.equal((await change(READ)).statusCode, 403);
      const audit = lines.filter((line) => line['audit'] !== undefined);
      assert.deepEqual(
        audit.map(({ level, audit: what, who, status, outcome, settings, nodes: where }) => ({
          ...{ level, what, who, status, outcome },
          ...{ settings, where },
        })),
        [
          {
            ...{ level: 'info', what: 'config.set', who: 'on-call', status: 200, outcome: 'done' },
            ...{ settings: ['requirepass'], where: ['m'] },
          },
          {
            ...{ level: 'info', what: 'config.set', who: 'dashboard', status: 403, outcome: 'refused' },
            ...{ settings: undefined, where: undefined },
          },
        ],
      );
      assert.ok(!JSON.stringify(lines).includes('secret'));
    },
    { tokens: () => tokens },
  ));

test('too many requests of one address are a problem that says when to try again, those with a wrong token included', () =>
  withBench(
    async ({ app }) => {
      const ask = () => app.inject({ url: '/api/v1/log', headers: bearer('x'.repeat(20)) });
      assert.equal((await ask()).statusCode, 401);
      assert.equal((await ask()).statusCode, 401);
      const third = await ask();
      assert.equal(third.statusCode, 429);
      assert.equal(third.headers['content-type'], 'application/problem+json');
      assert.equal(third.json().code, 'too-many-requests');
      assert.ok(third.json().retryAfterSeconds > 0);
      assert.equal((await app.inject('/healthz')).statusCode, 200);
    },
    { tokens: () => tokens, requestsPerMinute: 2 },
  ));

test('tokens cannot be guessed faster at /metrics, and a scrape is answered while other requests of its address are too many', () =>
  withBench(
    async ({ app }) => {
      const ask = async (url: string, token: string) => (await app.inject({ url, headers: bearer(token) })).statusCode;
      for (let i = 0; i < 3; i++) await ask('/api/v1/log', READ);
      assert.equal(await ask('/api/v1/log', READ), 429);
      assert.equal(await ask('/metrics', READ), 200);
      assert.equal(await ask('/metrics', 'x'.repeat(20)), 401);
      assert.equal(await ask('/metrics', 'y'.repeat(20)), 429);
    },
    { tokens: () => tokens, requestsPerMinute: 2 },
  ));

test('no other origin is let in: there is no CORS header, whatever is asked', () =>
  withBench(async ({ app }) => {
    const headers = { host: 'localhost', origin: 'https://evil.example', 'access-control-request-method': 'GET' };
    for (const method of ['GET', 'OPTIONS'] as const) {
      const reply = await app.inject({ method, url: '/api/v1/log', headers });
      assert.deepEqual(
        Object.keys(reply.headers).filter((name) => name.startsWith('access-control')),
        [],
      );
    }
  }));

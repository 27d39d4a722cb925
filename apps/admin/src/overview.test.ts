import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSaveRules } from './monitor.ts';
import { readPageFiles, rewriteImports } from './page-files.ts';
import { PAGE_POLICY } from './routes/dashboard.ts';
import { parseTokens } from './tokens.ts';
import { withBench } from './testing.ts';
import type { Bench, Json } from './testing.ts';

const TOKENS = parseTokens('operate operate-0123456789 me\nread read-0123456789abc you');
const operate = { authorization: 'Bearer operate-0123456789' };
const read = { authorization: 'Bearer read-0123456789abc' };
const SECTIONS = 'stats clients memory persistence replication keyspace weir';

async function get(app: Bench['app'], url: string): Promise<Json> {
  const reply = await app.inject({ url, headers: read });
  assert.equal(reply.statusCode, 200, `${url}: ${reply.body}`);
  return reply.json();
}

test('the overview has figures of each engine, the alerts, and tells afterwards what happened', () =>
  withBench(
    async ({ app, feeder, report, nodes }) => {
      feeder.call('SET', 'a', '1');
      await feeder.flush();
      await report({ id: 'm', seq: 2, offset: 30, checksum: 'aa' });
      nodes.answers.set('m INFO server', 'weir_version:0.1.0\r\n');
      nodes.answers.set('m CONFIG GET save', ['save', '60 1']);
      const info = (appends: number): string =>
        `instantaneous_ops_per_sec:7\r\nconnected_clients:3\r\nused_memory:95\r\nmaxmemory:100\r\ndb0:keys=4,expires=0\r\nlog_appends:${appends}\r\nlog_append_usec:${appends * 1500}\r\n`;
      nodes.answers.set(`m INFO ${SECTIONS}`, info(1));
      const first = await get(app, '/api/v1/overview');
      const [node] = first.topology.nodes;
      assert.deepEqual(
        [node.figures.opsPerSecond, node.figures.clients, node.figures.keys, node.figures.appendMs],
        [7, 3, 4, null],
      );
      const { alerts } = await get(app, '/api/v1/alerts');
      assert.deepEqual(
        alerts.map(({ code }: Json) => code),
        ['log-copies', 'no-replication-app', 'memory-near-limit'],
      );
      const { events } = await get(app, '/api/v1/events');
      assert.deepEqual(
        events.map(({ kind, text }: Json) => [kind, text]).toSorted(),
        alerts.map(({ code }: Json) => ['alert', code]).toSorted(),
      );
      assert.deepEqual(await get(app, '/api/v1/whoami'), { name: 'you', role: 'read' });
    },
    { tokens: () => TOKENS },
  ));

test('the save rules of a master are pairs of seconds and changes', () => {
  assert.deepEqual(parseSaveRules('3600 1 300 100'), [
    { seconds: 3600, changes: 1 },
    { seconds: 300, changes: 100 },
  ]);
  assert.deepEqual(parseSaveRules(''), []);
});

test('a key is deleted at the master by whoever may operate, and by nobody else', () =>
  withBench(
    async ({ app, report, nodes, lines }) => {
      await report({ id: 'm' });
      nodes.answers.set('m UNLINK k', 1).set('m UNLINK none', 0);
      const remove = async (key: string, headers: Record<string, string>): Promise<number> =>
        (await app.inject({ method: 'DELETE', url: `/api/v1/keys/${key}`, headers })).statusCode;
      assert.deepEqual([await remove('k', read), nodes.asked.length], [403, 0]);
      assert.deepEqual([await remove('k', operate), await remove('none', operate)], [204, 404]);
      const audited = lines.filter(({ audit }) => audit === 'key.delete');
      assert.deepEqual(
        audited.map(({ status }) => status),
        [403, 204, 404],
      );
    },
    { tokens: () => TOKENS },
  ));

test('the console is for whoever may operate, and the audit log has the command without what it is about', () =>
  withBench(
    async ({ app, report, nodes, lines }) => {
      await report({ id: 'm' });
      const said: string[][] = [];
      nodes.runCommand = async (_node, args) => {
        said.push(args.map(String));
        return { text: 'OK', isError: false, bytes: 5, ms: 1 };
      };
      const post = (line: string, headers: Record<string, string>) =>
        app.inject({ method: 'POST', url: '/api/v1/nodes/m/command', headers, payload: { line } });
      assert.equal((await post('SET k secret', read)).statusCode, 403);
      assert.equal((await post('SET "k', operate)).statusCode, 400);
      assert.equal((await post('SET k "a secret"', operate)).json().text, 'OK');
      assert.deepEqual(said, [['SET', 'k', 'a secret']]);
      const [last] = lines.filter(({ audit, status }) => audit === 'command' && status === 200);
      assert.deepEqual([last!['command'], last!['arguments']], ['"set"', 2]);
      assert.ok(!JSON.stringify(lines).includes('secret'));
    },
    { tokens: () => TOKENS },
  ));

test('the page needs no token, has a strict policy, and loads nothing from elsewhere', () =>
  withBench(
    async ({ app }) => {
      const page = await app.inject({ url: '/' });
      assert.deepEqual([page.statusCode, page.headers['content-security-policy']], [200, PAGE_POLICY]);
      assert.ok(!/unsafe|https?:/.test(PAGE_POLICY));
      const addresses = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
      assert.ok(addresses.length > 10 && addresses.every((one) => one.startsWith('/ui/') || one === 'data:,'));
      assert.ok(!/<script(?![^>]*src)|<style|style=|\son\w+=/.test(page.body), 'nothing is inline');
      for (const address of addresses.filter((one) => one !== 'data:,')) {
        const file = await app.inject({ url: address, headers: { 'accept-encoding': 'br' } });
        assert.deepEqual([file.statusCode, file.headers['content-encoding']], [200, 'br'], address);
        assert.match(String(file.headers['cache-control']), /immutable/);
      }
      const other = await app.inject({ url: `/ui/${'0'.repeat(16)}/main.ts` });
      assert.equal(other.statusCode, 404);
      assert.equal((await app.inject({ url: `${addresses[1]}/../../package.json` })).statusCode, 404);
    },
    { tokens: () => TOKENS },
  ));

test('every module that the page imports is one that is served', () => {
  const { files } = readPageFiles();
  for (const [name, { plain, type }] of files) {
    if (!type.startsWith('text/javascript')) continue;
    for (const [, from] of plain.toString().matchAll(/\bfrom\s*["']([^"'\n]+)["']/g))
      assert.ok(files.has(from!.replace(/^\.\//, '')), `${name} imports ${from}`);
  }
});

test('bare names of libraries become addresses, whatever the quotes', () => {
  assert.equal(rewriteImports(`import{options as n}from"preact";`), `import{options as n}from"./preact.js";`);
  assert.equal(rewriteImports(`import { h } from 'preact/hooks';`), `import { h } from "./preact-hooks.js";`);
  assert.equal(rewriteImports(`import { h } from './preact.ts';`), `import { h } from './preact.ts';`);
});

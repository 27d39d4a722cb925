import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOG_START } from '@weir/log';
import { parseTokens } from './tokens.ts';
import { STORED_MS, withBench } from './testing.ts';
import type { Bench, Json } from './testing.ts';

const TOKEN = 'operate-0123456789';
const tokens = () => parseTokens(`operate ${TOKEN} me`);
const headers = { authorization: `Bearer ${TOKEN}` };

async function get(app: Bench['app'], url: string): Promise<Record<string, Json>> {
  const reply = await app.inject({ url, headers });
  assert.equal(reply.statusCode, 200, `${url}: ${reply.body}`);
  return reply.json();
}

const INFO = '# Server\r\nweir_version:0.1.0\r\n';

test('the topology tells of each node how far it is behind, in records, bytes and time', () =>
  withBench(async ({ app, feeder, report, nodes }) => {
    for (const key of ['a', 'b', 'c']) {
      feeder.call('SET', key, '1');
      await feeder.flush();
    }
    await report({ id: 'replication-1', role: 'replication', ip: '', port: 0, seq: 1 });
    await report({ id: 's', role: 'slave', ip: '10.0.0.2', port: 6380, seq: 2, offset: 50 });
    await report({ id: 'm', role: 'master', ip: '::1', port: 6379, seq: 4, offset: 150 });
    nodes.answers.set('m INFO server', INFO);
    const { log, nodes: all, nats } = await get(app, '/api/v1/topology');
    assert.deepEqual([log.lastSeq, log.replicas, log.currentReplicas, nats.version], [4, 3, 2, '2.15.1']);
    assert.deepEqual(
      all.map((node: Record<string, Json>) => [node['id'], node['address'], node['up'], node['version'], node['lag']]),
      [
        ['m', '[::1]:6379', true, '0.1.0', { records: 0, bytes: 0, ms: 0 }],
        // Its oldest missing message is 3, stored 57 s before NATS's clock now.
        ['s', '10.0.0.2:6380', false, '', { records: 2, bytes: 100, ms: 57_000 }],
        ['replication-1', '', true, '', { records: 3, bytes: 0, ms: 0 }],
      ],
    );
  }));

test('a message of the log is shown with its header and its commands, as many as are asked for', () =>
  withBench(
    async ({ app, log, feeder }) => {
      feeder.call('SET', 'a', '12345');
      feeder.call('SET', 'b', '2');
      await feeder.flush();
      feeder.call('SET', 'big', 'v'.repeat(1000));
      await feeder.flush();
      const leader = await get(app, '/api/v1/log/records/1');
      assert.deepEqual([leader['kind'], leader['epoch'], leader['commands']], ['leadership', 1, []]);
      const record = await get(app, '/api/v1/log/records/2?commands=1&value-bytes=3');
      assert.deepEqual([record['kind'], record['commandCount'], record['commandsOmitted']], ['data', 2, 1]);
      assert.equal(record['previousChecksum'], leader['checksum']);
      assert.equal(record['storedMs'], STORED_MS + 2000);
      assert.deepEqual(record['commands'][0].args[1], { text: '123', encoding: 'utf8', bytes: 5, truncated: true });
      const { lastSeq } = await log.state();
      for (let seq = 3; seq <= lastSeq; seq++) {
        const fragment = await get(app, `/api/v1/log/records/${seq}`);
        assert.deepEqual([fragment['fragment'].index, fragment['fragment'].count], [seq - 3, lastSeq - 2]);
        assert.equal(fragment['commands'][0].args[1].bytes, 1000);
      }
      log.corrupt(2, 100);
      const damaged = await app.inject({ url: '/api/v1/log/records/2', headers });
      assert.equal(damaged.json().code, 'log-damaged');
    },
    { tokens, maxMessageBytes: 400 },
  ));

test('settings of all engines stand side by side: what differs is named, and no password is shown', () =>
  withBench(
    async ({ app, nodes, report }) => {
      await report({ id: 'm', role: 'master' });
      await report({ id: 's', role: 'slave', port: 2 });
      await report({ id: 'gone', role: 'slave', port: 3 });
      const settings = (hz: string, port: string, pass: string) => [
        ...[
          'hz',
          hz,
          'port',
          port,
          'requirepass',
          pass,
          'maxclients',
          '10',
          'nats-url',
          `nats://u:${pass}@n1,nats://n2`,
        ],
      ];
      nodes.answers.set('m CONFIG GET *', settings('10', '1', 'hush1'));
      nodes.answers.set('s CONFIG GET *', settings('20', '2', 'hush2'));
      const reply = await app.inject({ url: '/api/v1/config', headers });
      assert.ok(!reply.body.includes('hush'));
      const body = reply.json();
      assert.deepEqual(body.drift, ['hz', 'nats-url', 'requirepass']);
      assert.deepEqual(body.settings[0], { name: 'hz', differs: true, values: { m: '10', s: '20' } });
      assert.deepEqual(body.unreachable, [{ node: 'gone', error: 'gone was asked CONFIG GET *' }]);
      assert.equal((await get(app, '/api/v1/config?differing=true'))['settings'].length, 3);
    },
    { tokens },
  ));

test('a setting that one engine refuses is not sent to those behind it, and the answer says who has it', () =>
  withBench(
    async ({ app, nodes, report }) => {
      for (const [i, id] of ['a', 'b', 'c'].entries()) await report({ id, role: 'slave', port: i + 1 });
      nodes.answers.set('a CONFIG SET hz 5', 'OK');
      nodes.answers.set('b CONFIG SET hz 5', new Error('ERR no'));
      const patch = (payload: object) => app.inject({ method: 'PATCH', url: '/api/v1/config', headers, payload });
      const refused = await patch({ settings: { hz: '5' } });
      assert.deepEqual([refused.statusCode, refused.json().code], [409, 'config-refused']);
      assert.deepEqual(refused.json().nodes, [
        { node: 'a', ok: true },
        { node: 'b', ok: false, error: 'ERR no' },
      ]);
      assert.deepEqual(refused.json().untouched, ['c']);
      assert.ok(!nodes.asked.some((line) => line.startsWith('c ')));
      assert.equal((await patch({ settings: { hz: '5' }, nodes: ['a'] })).statusCode, 200);
      assert.equal((await patch({ settings: { hz: '5' }, nodes: ['z'] })).json().code, 'no-such-node');
      assert.equal((await patch({ settings: {} })).json().code, 'bad-request');
      assert.equal((await patch({ settings: { 'a b': '5' } })).json().code, 'bad-request');
    },
    { tokens },
  ));

test('a page of keys goes on by its cursor, and stops looking after a bounded number of steps', () =>
  withBench(
    async ({ app, nodes, report }) => {
      await report({ id: 'm', role: 'master' });
      nodes.answers.set('SCAN 0 COUNT 2', [Buffer.from('7'), [Buffer.from('a'), Buffer.from([0xff])]]);
      const page = await get(app, '/api/v1/keys?limit=2');
      assert.deepEqual([page['node'], page['cursor']], ['m', '7']);
      assert.deepEqual(
        page['keys'].map((key: { text: string; encoding: string }) => [key.text, key.encoding]),
        [
          ['a', 'utf8'],
          ['/w==', 'base64'],
        ],
      );
      nodes.answers.set('SCAN 0 MATCH x* TYPE hash COUNT 200', [Buffer.from('1'), []]);
      nodes.answers.set('SCAN 1 MATCH x* TYPE hash COUNT 200', [Buffer.from('1'), []]);
      nodes.asked.length = 0;
      assert.deepEqual((await get(app, '/api/v1/keys?pattern=x*&type=hash'))['keys'], []);
      assert.equal(nodes.asked.length, 50);
    },
    { tokens },
  ));

test('of a key with large elements fewer are asked for, so that a reply stays bounded', () =>
  withBench(
    async ({ app, nodes, report }) => {
      await report({ id: 'm', role: 'master' });
      for (const [command, answer] of Object.entries({
        'TYPE k': 'list',
        'PTTL k': 5000,
        'MEMORY USAGE k': 100 * 1024 * 1024,
        'OBJECT ENCODING k': 'quicklist',
        'LLEN k': 10,
        // 16 MB have room for one element of 10 MB.
        'LRANGE k 0 0': [Buffer.from('first')],
      }))
        nodes.answers.set(command, answer);
      const key = await get(app, '/api/v1/keys/k');
      assert.deepEqual(
        [key['ttlMs'], key['length'], key['elementsShown'], key['value'][0].text],
        [5000, 10, 1, 'first'],
      );
      nodes.answers.set('TYPE none', 'none');
      assert.equal((await app.inject({ url: '/api/v1/keys/none', headers })).json().code, 'no-such-key');
    },
    { tokens },
  ));

test('a download is the stored file, and one that is damaged never arrives whole', () =>
  withBench(
    async ({ app, snapshots }) => {
      const meta = { ...LOG_START, digest: 'd', keys: 1, engineVersion: 2, createdAt: STORED_MS };
      const upload = await snapshots.create({ ...meta, id: 's1', seq: 5 });
      const bytes = Buffer.alloc(3_000_000, 'rdb');
      for (let at = 0; at < bytes.length; at += 500_000) await upload.write(bytes.subarray(at, at + 500_000));
      await upload.finish();
      await snapshots.markUsable('s1');
      const reply = await app.inject({ url: '/api/v1/snapshots/s1/download', headers });
      assert.equal(reply.headers['content-length'], String(bytes.length));
      assert.ok(reply.rawPayload.equals(bytes));
      const list = await get(app, '/api/v1/snapshots');
      assert.deepEqual([list['snapshots'][0].id, list['snapshots'][0].newest], ['s1', true]);
      snapshots.damage('s1');
      await assert.rejects(
        app.inject({ url: '/api/v1/snapshots/s1/download', headers }).then((r) => {
          assert.ok(r.rawPayload.length < bytes.length, 'whole');
          throw new Error('cut short');
        }),
      );
    },
    { tokens },
  ));

test('a snapshot is asked for by the sequence that it has to hold, and removed by the replication app, which may refuse', () =>
  withBench(
    async ({ app, nats, log, feeder }) => {
      feeder.call('SET', 'a', '1');
      await feeder.flush();
      const asked: unknown[] = [];
      const answers: object[] = [
        { ok: false, again: true, error: 'standing by' },
        { ok: true, id: 's2', seq: 2 },
        { ok: false, why: 'needed', error: 'the newest' },
        { ok: true, removed: 's1' },
        // An app from before it could be asked to.
        { ok: true, id: 's3', seq: 2 },
      ];
      const handle = nats.handle();
      handle.subscribe(`weir.weir.${'a'.repeat(40)}.snapshot`, (data, replyTo) => {
        asked.push(JSON.parse(Buffer.from(data).toString()));
        handle.publish(replyTo!, Buffer.from(JSON.stringify(answers.shift())));
      });
      const made = await app.inject({ method: 'POST', url: '/api/v1/snapshots', headers });
      assert.deepEqual([made.statusCode, made.json()], [201, { id: 's2', seq: 2 }]);
      const { lastSeq } = await log.state();
      assert.deepEqual(asked, [{ seq: lastSeq }, { seq: lastSeq }]);
      const remove = (id: string) => app.inject({ method: 'DELETE', url: `/api/v1/snapshots/${id}`, headers });
      assert.equal((await remove('s2')).json().code, 'snapshot-needed');
      assert.equal((await remove('s1')).statusCode, 204);
      assert.equal((await remove('s1')).json().code, 'snapshot-failed');
      assert.deepEqual(asked.slice(2), [{ remove: 's2' }, { remove: 's1' }, { remove: 's1' }]);
      assert.equal((await remove('s.1')).json().code, 'bad-request');
    },
    { tokens },
  ));

test('a client is ended by its id, and one that is not there is a problem', () =>
  withBench(
    async ({ app, nodes, report }) => {
      await report({ id: 'm', role: 'master' });
      nodes.answers.set('CLIENT KILL ID 7', 1);
      nodes.answers.set('CLIENT KILL ID 8', 0);
      const kill = (id: number) => app.inject({ method: 'DELETE', url: `/api/v1/nodes/m/clients/${id}`, headers });
      assert.equal((await kill(7)).statusCode, 204);
      assert.equal((await kill(8)).json().code, 'no-such-client');
    },
    { tokens },
  ));

test('it is ready while it knows the log and the log answers, and says why it is not', () =>
  withBench(async ({ app, source, log }) => {
    assert.deepEqual((await app.inject('/readyz')).json(), { ready: true, reasons: [] });
    log.dropStream();
    const gone = await app.inject('/readyz');
    assert.deepEqual([gone.statusCode, gone.json().ready, gone.json().reasons.length], [503, false, 1]);
    source.trouble = 'NATS is not connected';
    assert.deepEqual((await app.inject('/readyz')).json().reasons, ['NATS is not connected']);
    assert.equal((await app.inject('/healthz')).statusCode, 200);
  }));

test('the metrics are what nodes and log say now, in the format of Prometheus, and what does not answer is counted', () =>
  withBench(async ({ app, nodes, feeder, report }) => {
    feeder.call('SET', 'a', '1');
    await feeder.flush();
    await report({ id: 'm', role: 'master', seq: 2, offset: 10 });
    await report({ id: 's', role: 'slave', port: 2, seq: 1 });
    nodes.answers.set('m INFO server', INFO);
    nodes.answers.set(
      'm INFO everything',
      `${INFO}used_memory:77\r\nexpired_keys:5\r\ncmdstat_get:calls=3,usec=1500000\r\ndb0:keys=9,expires=0\r\n` +
        'log_appends:4\r\nlog_append_usec:5000\r\nlog_append_usec_histogram:1024=3,2048=4\r\n' +
        'log_commit_commands:9\r\nlog_commit_commands_histogram:1=0,2=3,4=4\r\nevent_loop_delay_usec:p50=10,p99=200,max=3000\r\n',
    );
    nodes.answers.set('m LATENCY HISTOGRAM', ['get', ['calls', 3, 'histogram_usec', [1, 1, 528, 3]]]);
    const { body, headers: answered } = await app.inject('/metrics');
    assert.match(String(answered['content-type']), /^text\/plain; version=0\.0\.4/);
    const lines = body.split('\n');
    for (const line of [
      'weir_log_last_sequence 2',
      'weir_node_up{node="m",role="master"} 1',
      'weir_node_up{node="s",role="slave"} 0',
      'weir_node_lag_records{node="s",role="slave"} 1',
      'weir_node_lag_bytes{node="s",role="slave"} 10',
      'weir_node_lag_seconds{node="s",role="slave"} 58',
      'weir_memory_used_bytes{node="m"} 77',
      'weir_expired_keys_total{node="m"} 5',
      'weir_command_calls_total{node="m",command="get"} 3',
      'weir_command_duration_seconds_total{node="m",command="get"} 1.5',
      'weir_keys{node="m",db="0"} 9',
      'weir_command_latency_seconds_bucket{node="m",command="get",le="0.000264"} 1',
      'weir_command_latency_seconds_bucket{node="m",command="get",le="0.000528"} 3',
      'weir_command_latency_seconds_bucket{node="m",command="get",le="+Inf"} 3',
      'weir_command_latency_seconds_sum{node="m",command="get"} 1.5',
      'weir_log_append_seconds_bucket{node="m",le="0.001024"} 3',
      'weir_log_append_seconds_bucket{node="m",le="0.002048"} 4',
      'weir_log_append_seconds_sum{node="m"} 0.005',
      'weir_commit_commands_bucket{node="m",le="1"} 0',
      'weir_commit_commands_bucket{node="m",le="8"} 4',
      'weir_event_loop_delay_seconds{node="m",quantile="0.99"} 0.0002',
      'weir_admin_scrape_errors_total{what="node"} 1',
      'weir_admin_scrape_errors_total{what="topology"} 0',
    ])
      assert.ok(lines.includes(line), `${line}\n${body}`);
    const names = new Set(
      lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => /^\w+/.exec(line)![0]),
    );
    for (const one of names) {
      const name = one.replace(/_(bucket|sum|count)$/, '');
      assert.ok(new RegExp(`^# HELP ${name} \\S`, 'm').test(body), name);
      const [, type] = new RegExp(`^# TYPE ${name} (\\w+)$`, 'm').exec(body)!;
      assert.equal(type === 'counter', name.endsWith('_total'), name);
    }
  }));

test('the OpenAPI document describes every route with a summary, and is served without a token', () =>
  withBench(
    async ({ app }) => {
      const reply = await app.inject('/api/v1/openapi.json');
      assert.equal(reply.statusCode, 200);
      const { openapi, paths } = reply.json() as { openapi: string; paths: Record<string, Record<string, Json>> };
      assert.match(openapi, /^3\.1/);
      const operations = Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ where: `${method} ${path}`, operation })),
      );
      assert.ok(operations.length >= 18);
      for (const { where, operation } of operations) {
        assert.match(operation.summary, /\S/, where);
        assert.ok(Object.keys(operation.responses).length > 0, where);
      }
    },
    { tokens },
  ));

test('the reference page is served from here, with nothing of another host', () =>
  withBench(async ({ app }) => {
    const page = await app.inject('/docs/');
    assert.equal(page.statusCode, 200);
    const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(
      ([, link]) => new URL(link!, 'http://here/docs/'),
    );
    assert.ok(links.length >= 4);
    for (const link of links) {
      assert.match(link.href, /^http:\/\/here\/docs\//);
      assert.equal((await app.inject(link.pathname)).statusCode, 200, link.href);
    }
    assert.doesNotMatch(String(page.headers['content-security-policy']), /https?:/);
  }));

test('more streams than are allowed are refused, not queued', () =>
  withBench(
    async ({ app }) => {
      for (const url of ['/api/v1/changes', '/api/v1/topology/events']) {
        const reply = await app.inject({ url, headers });
        assert.deepEqual([reply.statusCode, reply.json().code], [429, 'too-many-streams']);
      }
    },
    { tokens, streamsMax: 0 },
  ));

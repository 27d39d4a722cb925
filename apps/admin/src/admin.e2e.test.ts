import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { redisCli, signal, startRealRedis, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';
import type { Json } from './testing.ts';

const run = promisify(execFile);
const weirServer = join(import.meta.dirname, '../../../weir-server');
const OPERATE = 'operate-0123456789';
const READ = 'read-0123456789abc';

interface Admin {
  readonly process: WeirNode;
  readonly url: string;
  get(path: string): Promise<Json>;
  ask(method: string, path: string, more?: RequestInit): Promise<Response>;
}

/** The app as a process, ready. */
async function startAdmin(rig: Rig, more: readonly string[]): Promise<Admin> {
  const tokens = join(rig.folder, 'tokens');
  if (!existsSync(tokens)) writeFileSync(tokens, `operate ${OPERATE}\nread ${READ}\n`, { mode: 0o600 });
  const node = await rig.node('admin', {
    script: 'apps/admin/src/main.ts',
    args: ['--admin-port', '0', '--admin-token-file', tokens, '--dir', rig.folder],
    more: [...more],
  });
  node.spawn();
  const url = await until(
    'the address of the admin app',
    () => /"url":"(http:[^"]+)"/.exec(node.lines.join('\n'))?.[1],
  );
  const ask = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, {
      method,
      ...init,
      headers: { authorization: `Bearer ${method === 'GET' ? READ : OPERATE}`, ...(init.headers as object) },
    });
  await until('the admin app to be ready', async () => (await fetch(`${url}/readyz`)).ok);
  return {
    process: node,
    url,
    ask,
    get: async (path) => {
      const reply = await ask('GET', path);
      const body: unknown = await reply.json();
      assert.equal(reply.status, 200, `${path}: ${JSON.stringify(body)}`);
      return body;
    },
  };
}

/** Events as they come, until `enough`. */
async function listen(reply: Response, enough: (text: string) => boolean): Promise<string> {
  let text = '';
  for await (const chunk of reply.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (enough(text)) break;
  }
  return text;
}

withRig(
  'the admin app shows a master and its slave, tells changes, makes a snapshot that Redis loads, and ends in order',
  async (rig) => {
    const master = await rig.started('master', { more: ['--save', ''] });
    const slave = await rig.started('slave', { slaveOf: master, more: ['--save', ''] });
    const admin = await startAdmin(rig, ['--replicaof', '127.0.0.1', String(master.port)]);

    const topology = await until('both nodes in step', async () => {
      const seen = await admin.get('/api/v1/topology');
      return (
        seen.nodes.filter((node: Json) => node.up && node.state === 'online' && node.version !== '').length === 2 &&
        seen
      );
    });
    const [first, second] = topology.nodes;
    assert.deepEqual(
      [first.role, first.address, second.role, second.address, second.lag],
      ['master', `127.0.0.1:${master.port}`, 'slave', `127.0.0.1:${slave.port}`, { records: 0, bytes: 0, ms: 0 }],
    );

    const changes = await admin.ask('GET', '/api/v1/changes');
    assert.equal(await master.call('SET', 'testkey', 'val'), 'OK');
    assert.equal(await master.call('RPUSH', 'list', 'a', 'b'), 2);
    const told = await listen(changes, (text) => text.includes('"RPUSH"'));
    const [, id] = /^id: (\S+)\nevent: change\ndata: .*"SET".*"testkey".*"val"/m.exec(told)!;
    const rest = await admin.ask('GET', '/api/v1/changes', { headers: { 'last-event-id': id! } });
    const resumed = await listen(rest, (text) => text.includes('"RPUSH"'));
    assert.ok(resumed.includes('"RPUSH"') && !resumed.includes('"SET"'), resumed);
    const record = await admin.get(`/api/v1/log/records/${id!.split(':')[1]}`);
    assert.deepEqual([record.commands[0].command, record.epoch], ['SET', first.epoch]);

    const progress = await admin.ask('POST', '/api/v1/snapshots', { headers: { accept: 'text/event-stream' } });
    const [, made] = /event: done\ndata: (.*)\n/.exec(await progress.text())!;
    const { id: snapshot } = JSON.parse(made!) as { id: string };
    const file = await admin.ask('GET', `/api/v1/snapshots/${snapshot}/download`);
    writeFileSync(join(rig.folder, 'dump.rdb'), new Uint8Array(await file.arrayBuffer()));
    const redis = await startRealRedis(['--dir', rig.folder, '--dbfilename', 'dump.rdb']);
    rig.onEnd(() => redis.stop());
    assert.equal(await redisCli(redis.port, ['get', 'testkey']), '"val"');
    assert.equal((await admin.ask('DELETE', `/api/v1/snapshots/${snapshot}`)).status, 409);
    await master.call('SET', 'more', '1');
    assert.equal((await admin.ask('POST', '/api/v1/snapshots')).status, 201);
    assert.equal((await admin.ask('DELETE', `/api/v1/snapshots/${snapshot}`)).status, 204);
    assert.deepEqual(
      (await admin.get('/api/v1/snapshots')).snapshots.map((one: Json) => [one.id === snapshot, one.newest]),
      [[false, true]],
    );

    const asJson = { 'content-type': 'application/json' };
    const point = JSON.stringify({ sequence: Number(id!.split(':')[1]) });
    const restoring = await admin.ask('POST', '/api/v1/restores', { body: point, headers: asJson });
    const told0 = await restoring.text();
    const restored = JSON.parse(/event: done\ndata: (.*)\n/.exec(told0)?.[1] ?? assert.fail(told0)) as Json;
    assert.deepEqual([restored.keys, (await admin.get('/api/v1/restores')).restores.length], [1, 1]);
    const before = await rig.started('before', { more: ['--save', '', '--dir', restored.folder] });
    assert.deepEqual([await before.call('GET', 'testkey'), await before.call('EXISTS', 'list')], ['val', 0]);
    assert.notEqual(((await before.call('WEIR', 'POSITION')) as string[])[3], topology.logId);
    assert.equal((await admin.ask('DELETE', `/api/v1/restores/${restored.id}`)).status, 409);
    await before.stop();
    const folder = join(rig.folder, 'restored');
    const restore = [
      'restore',
      '--replicaof',
      '127.0.0.1',
      String(master.port),
      '--into',
      folder,
      '--loglevel',
      'warning',
    ];
    const [newest] = (await admin.get('/api/v1/snapshots')).snapshots as { id: string }[];
    await run(weirServer, [...restore, '--snapshot', newest!.id]);
    assert.ok(existsSync(join(folder, 'dump.rdb')));
    await assert.rejects(run(weirServer, restore), ({ stdout }: { stdout: string }) =>
      stdout.includes('is not empty: a restore is never in place'),
    );

    const body = JSON.stringify({ settings: { hz: '20' } });
    const set = await admin.ask('PATCH', '/api/v1/config', { body, headers: { 'content-type': 'application/json' } });
    assert.equal(set.status, 200, await set.text());
    assert.deepEqual(
      [await master.call('CONFIG', 'GET', 'hz'), await slave.call('CONFIG', 'GET', 'hz')],
      [
        ['hz', '20'],
        ['hz', '20'],
      ],
    );
    await slave.call('CONFIG', 'SET', 'hz', '30');
    assert.deepEqual((await admin.get('/api/v1/config')).drift, ['hz']);

    const list = await admin.get('/api/v1/keys/list');
    assert.deepEqual([list.type, list.value.map((one: Json) => one.text)], ['list', ['a', 'b']]);
    const keys = await admin.get(`/api/v1/keys?type=list&node=${second.id}`);
    assert.deepEqual(
      keys.keys.map((one: Json) => one.text),
      ['list'],
    );
    const info = await admin.get(`/api/v1/nodes/${second.id}/info`);
    assert.deepEqual([info.role[0], info.sections.replication.role], ['slave', 'slave']);
    const raw = await rig.raw(master);
    const victim = (await raw.call('CLIENT', 'ID')) as number;
    const { clients } = await admin.get(`/api/v1/nodes/${first.id}/clients`);
    assert.ok(clients.some((client: Json) => client.id === String(victim)));
    assert.equal((await admin.ask('DELETE', `/api/v1/nodes/${first.id}/clients/${victim}`)).status, 204);
    await until('the client to be ended', () => raw.isEnded);

    const metrics = await (await admin.ask('GET', '/metrics')).text();
    for (const line of [
      /^weir_node_up\{node="\w+",role="slave"\} 1$/m,
      /^weir_snapshots\{state="usable"\} 1$/m,
      /^weir_command_calls_total\{node="\w+",command="rpush"\} 1$/m,
      /^weir_command_latency_seconds_count\{node="\w+",command="rpush"\} 1$/m,
      /^weir_log_append_seconds_count\{node="\w+"\} [1-9]\d*$/m,
      /^weir_commit_commands_bucket\{node="\w+",le="\+Inf"\} [1-9]\d*$/m,
      /^weir_event_loop_delay_seconds\{node="\w+",quantile="0.99"\} \d/m,
      /^weir_admin_scrape_errors_total\{what="node"\} 0$/m,
    ])
      assert.match(metrics, line);

    // A slave that stands still falls behind, and is told of while its last report counts.
    signal(slave.pid, 'SIGSTOP');
    await master.call('SET', 'late', '1');
    const behind = await until('the slave to be behind', async () => {
      const { nodes } = await admin.get('/api/v1/topology');
      return nodes.find((node: Json) => node.id === second.id && node.lag.records > 0);
    });
    assert.equal(behind.up, false);
    signal(slave.pid, 'SIGCONT');

    const open = await admin.ask('GET', '/api/v1/changes');
    assert.deepEqual(await admin.process.stop(), { code: 0, signal: null });
    assert.equal(await open.text(), ': open\n\n');
    assert.ok(admin.process.logged(/"audit":"client.kill"/).length === 1);
    assert.ok(!admin.process.lines.join('\n').includes(OPERATE));
  },
);

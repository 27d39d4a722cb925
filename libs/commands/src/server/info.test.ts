import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicationView } from '../core/host.ts';
import { Stats } from '../core/stats.ts';
import { TEST_NOW, TestEngine, testHost } from '../testing.ts';
import type { TestEngineOptions } from '../testing.ts';
import { human } from './info-sections.ts';

/** As ioredis and its kind read INFO: lines, split at the first colon. */
function info(engine: TestEngine, ...sections: string[]): Map<string, string> {
  const reply = engine.text('INFO', ...sections);
  const header = /^\$(\d+)\r\n/.exec(reply);
  assert.ok(header !== null);
  const body = reply.slice(header[0].length, -2);
  assert.equal(body.length, Number(header[1]));
  const fields = new Map<string, string>();
  for (const line of body.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

test('INFO tells what the engine counted', () => {
  const engine = new TestEngine();
  engine.call('SET', 'a', '1', 'PX', 5000);
  engine.call('SET', 'b', '2');
  engine.call('GET', 'a');
  engine.call('GET', 'nosuch');
  engine.call('NOSUCH');
  const fields = info(engine, 'everything');
  assert.equal(fields.get('keyspace_hits'), '1');
  assert.equal(fields.get('keyspace_misses'), '1');
  assert.equal(fields.get('total_error_replies'), '1');
  assert.equal(fields.get('errorstat_ERR'), 'count=1');
  assert.equal(fields.get('db0'), 'keys=2,expires=1,avg_ttl=0');
  assert.equal(fields.get('used_memory'), String(engine.arena.usedBytes));
  assert.equal(fields.get('arena_committed_bytes'), String(engine.arena.committedBytes));
  assert.match(
    fields.get('cmdstat_set') ?? '',
    /^calls=2,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=0,failed_calls=0$/,
  );
  assert.equal(fields.get('process_id'), '4711');
  assert.equal(fields.get('redis_version'), '7.0.15');
  assert.equal(fields.get('weir_version'), '0.1.0');
});

test('commands count under their full names, refused and failed ones apart', () => {
  const engine = new TestEngine();
  engine.call('CONFIG', 'GET');
  engine.call('CONFIG', 'GET', 'maxmemory');
  engine.call('SELECT', 'x');
  const fields = info(engine, 'commandstats');
  assert.match(fields.get('cmdstat_config|get') ?? '', /^calls=1,.*rejected_calls=1,failed_calls=0$/);
  assert.match(fields.get('cmdstat_select') ?? '', /^calls=1,.*rejected_calls=0,failed_calls=1$/);
});

test('the section Weir appears only when it is asked for', () => {
  const engine = new TestEngine();
  assert.doesNotMatch(engine.text('INFO'), /# Weir/);
  assert.doesNotMatch(engine.text('INFO', 'all'), /# Weir/);
  assert.match(engine.text('INFO', 'weir'), /^\$\d+\r\n# Weir\r\nweir_version:0\.1\.0\r\nlog_epoch:1\r\n/);
});

test('a plain INFO has no statistics of single commands', () => {
  const engine = new TestEngine();
  assert.doesNotMatch(engine.text('INFO'), /# Commandstats|# Latencystats/);
  assert.match(engine.text('INFO', 'all'), /# Commandstats/);
});

function replicating(view: Partial<ReplicationView>, options: TestEngineOptions = {}): Map<string, string> {
  const whole: ReplicationView = { ...testHost().replication(), ...view };
  return info(new TestEngine({ ...options, host: { replication: () => whole } }), 'replication');
}

test('a master lists its own slaves, and tells how many of all count for its writes', () => {
  const slaves = [
    { ip: '127.0.0.1', port: 6380, state: 'online', offset: 88, lagSeconds: 1 },
    { ip: '127.0.0.1', port: 6381, state: 'wait_bgsave', offset: 0, lagSeconds: 0 },
  ] as const;
  const fields = replicating({ slaves, goodSlaves: 3, offset: 90 }, { config: { 'min-replicas-to-write': '1' } });
  assert.equal(fields.get('connected_slaves'), '2');
  assert.equal(fields.get('min_slaves_good_slaves'), '3');
  assert.equal(fields.get('slave0'), 'ip=127.0.0.1,port=6380,state=online,offset=88,lag=1');
  assert.equal(fields.get('slave1'), 'ip=127.0.0.1,port=6381,state=wait_bgsave,offset=0,lag=0');
  assert.equal(fields.get('master_repl_offset'), '90');
});

test('a slave tells its link and how far its sync is', () => {
  const master = {
    host: 'm',
    port: 6379,
    state: 'sync',
    lastIoSeconds: 2,
    linkDownSeconds: 9,
    syncLeftBytes: 25,
    syncTotalBytes: 100,
  } as const;
  const fields = replicating({ role: 'slave', offset: 7, master });
  assert.equal(fields.get('master_link_status'), 'down');
  assert.equal(fields.get('master_sync_read_bytes'), '75');
  assert.equal(fields.get('master_sync_perc'), '75.00');
  assert.equal(fields.get('master_link_down_since_seconds'), '9');
  const online = replicating({ role: 'slave', offset: 7, master: { ...master, state: 'connected' } });
  assert.equal(online.get('master_link_status'), 'up');
  assert.equal(online.get('slave_repl_offset'), '7');
  assert.equal(online.has('master_sync_perc'), false);
});

test('loading is told apart from loading beside the old data set', () => {
  const process = {
    ...testHost().process(),
    // Set back by an hour since it began: what is left is told by the clock that nobody sets.
    loading: { startedMs: TEST_NOW + 3_600_000, elapsedMs: 2000, totalBytes: 400, loadedBytes: 100 },
  };
  const engine = new TestEngine({ host: { process: () => process } });
  let fields = info(engine, 'persistence');
  assert.equal(fields.get('loading'), '0');
  assert.equal(fields.get('async_loading'), '1');
  assert.equal(fields.get('loading_loaded_perc'), '25.00');
  assert.equal(fields.get('loading_eta_seconds'), '6');
  engine.ctx.role.isLoading = true;
  fields = info(engine, 'persistence');
  assert.equal(fields.get('loading'), '1');
  assert.equal(fields.get('async_loading'), '0');
});

test('sizes are told for people as Redis does', () => {
  assert.deepEqual([0, 1023, 1024, 1536, 1048576, 25276502016].map(human), [
    '0B',
    '1023B',
    '1.00K',
    '1.50K',
    '1.00M',
    '23.54G',
  ]);
});

test('rates are means over the last samples', () => {
  const stats = new Stats();
  for (let i = 0; i <= 20; i++) {
    stats.commandsProcessed = i * 100;
    stats.netInputBytes = i * 1024;
    stats.sample(1000 + i * 100);
  }
  assert.equal(stats.opsPerSecond, 1000);
  assert.equal(stats.inputBytesPerSecond, 10240);
  for (let i = 0; i < 20; i++) stats.sample(10_000 + i * 100);
  assert.equal(stats.opsPerSecond, 0);
});

test('INFO weir tells how long appends took and what was committed together, until CONFIG RESETSTAT', () => {
  const engine = new TestEngine();
  const { stats } = engine.ctx;
  for (const micros of [100, 100, 3000]) stats.recordStored(micros);
  stats.commitCommands.record(3);
  stats.commitBytes.record(200);
  const fields = info(engine, 'weir');
  const names = ['log_appends', 'log_append_usec', 'log_append_usec_percentiles', 'log_append_usec_histogram'];
  assert.deepEqual(
    names.map((name) => fields.get(name)),
    [
      '3',
      '3200',
      'p50=100,p99=3015,p99.9=3015',
      '1=0,2=0,4=0,8=0,16=0,32=0,64=0,128=2,256=2,512=2,1024=2,2048=2,4096=3',
    ],
  );
  assert.equal(fields.get('log_commit_commands_histogram'), '1=0,2=0,4=1');
  assert.equal(fields.get('log_commit_bytes'), '200');
  engine.call('CONFIG', 'RESETSTAT');
  assert.equal(info(engine, 'weir').get('log_appends'), '0');
  assert.equal(info(engine, 'weir').get('log_append_usec_percentiles'), 'p50=0,p99=0,p99.9=0');
});

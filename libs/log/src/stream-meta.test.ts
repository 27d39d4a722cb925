import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { healMetas, keepMetas, sumOf } from './stream-meta.ts';

const STREAM = 'WEIR_c_l_LOG';

function store(t: DisposableStack): { dir: string; inf: string; sum: string } {
  const dir = mkdtempSync(join(tmpdir(), 'weir-meta-'));
  t.defer(() => rmSync(dir, { recursive: true, force: true }));
  const folder = join(dir, 'store/jetstream/$G/streams', STREAM);
  mkdirSync(folder, { recursive: true });
  const [inf, sum] = [join(folder, 'meta.inf'), join(folder, 'meta.sum')];
  writeFileSync(inf, '{"name":"WEIR_c_l_LOG","storage":"file"}');
  writeFileSync(sum, sumOf(readFileSync(inf), STREAM));
  return { dir, inf, sum };
}

test('a damaged, cut or missing configuration of a stream is put back from the copy, and told', () => {
  using t = new DisposableStack();
  const { dir, inf, sum } = store(t);
  keepMetas(dir);
  const whole = [readFileSync(inf, 'utf8'), readFileSync(sum, 'utf8')];
  const faults: ((path: string) => void)[] = [
    (path) => rmSync(path),
    (path) => writeFileSync(path, ''),
    (path) => writeFileSync(path, readFileSync(path).subarray(0, 7)),
  ];
  for (let bit = 0; bit < 16 * 8; bit += 5)
    faults.push((path) => {
      const bytes = readFileSync(path);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(path, bytes);
    });
  for (const fault of faults) {
    for (const path of [inf, sum]) {
      fault(path);
      assert.match(healMetas(dir).join(), /^the configuration of WEIR_c_l_LOG was damaged or missing: it is put back/);
      assert.deepEqual([readFileSync(inf, 'utf8'), readFileSync(sum, 'utf8')], whole);
    }
  }
  assert.deepEqual(healMetas(dir), [], 'what is whole is left');
});

test('a copy follows the configuration, never a damaged one, and goes with the stream', () => {
  using t = new DisposableStack();
  const { dir, inf, sum } = store(t);
  keepMetas(dir);
  writeFileSync(inf, '{"name":"WEIR_c_l_LOG","storage":"file","max_age":1}');
  keepMetas(dir);
  rmSync(inf);
  healMetas(dir);
  assert.doesNotMatch(readFileSync(inf, 'utf8'), /max_age/, 'its sum was of the one before');
  writeFileSync(inf, '{"name":"WEIR_c_l_LOG","storage":"file","max_age":2}');
  writeFileSync(sum, sumOf(readFileSync(inf), STREAM));
  keepMetas(dir);
  rmSync(sum);
  healMetas(dir);
  assert.match(readFileSync(inf, 'utf8'), /"max_age":2/);
  rmSync(join(dir, 'store/jetstream/$G/streams', STREAM), { recursive: true });
  assert.deepEqual(healMetas(dir), [], 'a stream that is gone does not come back');
  keepMetas(dir);
  assert.equal(existsSync(join(dir, 'meta', STREAM)), false);
});

test('without a copy, or with a damaged one, nothing is touched', () => {
  using t = new DisposableStack();
  const { dir, inf } = store(t);
  writeFileSync(inf, 'damaged');
  assert.deepEqual(healMetas(dir), []);
  mkdirSync(join(dir, 'meta', STREAM), { recursive: true });
  for (const name of ['meta.inf', 'meta.sum']) writeFileSync(join(dir, 'meta', STREAM, name), 'no');
  assert.deepEqual(healMetas(dir), []);
  assert.equal(readFileSync(inf, 'utf8'), 'damaged');
});

test('the sum is the one that nats-server writes', () => {
  const inf =
    String.raw`{"Created":"2026-11-30T10:45:08.609898067Z","name":"KV_weir_weir","subjects":["$KV.weir_weir.\u003e"` +
    String.raw`],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":1,"max_msg_size":-1,"discard":"new","storage":"file","num_replicas":1,"duplicate_window":20000` +
    String.raw`00000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":true,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.req.level":"0"}}`;
  assert.equal(sumOf(Buffer.from(inf), 'KV_weir_weir'), 'c737b56c000bfa00');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandStats, numberOf, parseClients, parseInfo, parseInfoSections } from './info.ts';

const INFO =
  '# Server\r\nweir_version:0.1.0\r\n\r\n# Commandstats\r\ncmdstat_get:calls=3,usec=12,usec_per_call=4.00,rejected_calls=1,failed_calls=0\r\ncmdstat_config|get:calls=1,usec=9\r\n';

test('INFO is read as fields, by sections, and as numbers where it has them', () => {
  const fields = parseInfo(INFO);
  assert.equal(fields.get('weir_version'), '0.1.0');
  assert.deepEqual([numberOf(fields, 'weir_version'), numberOf(fields, 'nothing')], [0, 0]);
  assert.deepEqual(parseInfoSections(INFO)['server'], { weir_version: '0.1.0' });
});

test('statistics of commands are read with what an older node does not tell as 0', () => {
  assert.deepEqual(commandStats(parseInfo(INFO)), [
    { command: 'get', calls: 3, usec: 12, rejected: 1, failed: 0 },
    { command: 'config|get', calls: 1, usec: 9, rejected: 0, failed: 0 },
  ]);
});

test('CLIENT LIST is read line by line, with values that hold an equals sign', () => {
  assert.deepEqual(parseClients('id=1 name=a=b cmd=get\nid=2 name= cmd=set\n'), [
    { id: '1', name: 'a=b', cmd: 'get' },
    { id: '2', name: '', cmd: 'set' },
  ]);
});

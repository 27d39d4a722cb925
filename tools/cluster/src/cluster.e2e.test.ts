import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { RawClient, bounded, childrenOf, freePort, isAlive } from '@weir/testkit';

test('a cluster starts from one command, serves reads and writes at one address, and ends whole at a signal', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'weir-cluster-'));
  const port = await freePort();
  const main = path.join(import.meta.dirname, 'main.ts');
  const args = [main, '--dir', dir, '--port', String(port), '--nats', '1'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const lines: string[] = [];
    const ready = new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        lines.push(line);
        if (line.includes('ready:')) resolve();
      });
      child.once('exit', () => reject(new Error(`it ended: ${lines.join('\n')}`)));
    });
    await bounded('a cluster that is ready', ready, 60_000);
    const client = await RawClient.connect(port);
    assert.equal(await client.call('SET', 'k', 'v'), 'OK');
    assert.equal(await client.call('GET', 'k'), 'v');
    client.close();
    const parts = childrenOf(child.pid!).map(({ pid }) => pid);
    assert.equal(parts.length, 9, '1 NATS server, 3 engines, 2 ingresses, 2 replication apps, the admin app');
    child.kill('SIGINT');
    await bounded('the end of the cluster', once(child, 'exit'), 60_000);
    assert.equal(child.exitCode, 0, lines.join('\n'));
    assert.deepEqual(parts.filter(isAlive), []);
  } finally {
    for (const { pid } of childrenOf(child.pid!)) process.kill(pid, 'SIGKILL');
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});

// One bit flips in the file of a snapshot stream while nats-server is stopped.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findNatsServer } from '@weir/toolchain';
import { connectNats } from './connect.ts';
import type { NatsLink } from './connect.ts';
import { startEmbeddedNats } from './embedded.ts';
import { JetStreamSnapshots } from './snapshots.ts';

const binary = findNatsServer();
const FILE = 'store/jetstream/$G/streams/WEIR_c_l_SNAP/msgs/1.blk';

function scratch(t: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-snapshots-'));
  t.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

async function running(
  dir: string,
  run: (link: NatsLink, snapshots: JetStreamSnapshots) => Promise<void>,
): Promise<void> {
  const nats = await startEmbeddedNats({ binary, dir, sync: 'no' });
  const link = await connectNats({ urls: nats.url, name: 't' });
  try {
    await run(link, new JetStreamSnapshots(link, { cluster: 'c', logId: 'l' }));
  } finally {
    await link.close();
    await nats.stop();
  }
}

async function upload(snapshots: JetStreamSnapshots, id: string, seq: number): Promise<void> {
  const checksum = '0'.repeat(16);
  const meta = { id, seq, offset: 0, epoch: 1, checksum, digest: '', keys: 1, engineVersion: 1, createdAt: seq };
  const one = await snapshots.create(meta);
  await one.write(Buffer.from(`data of ${id}`));
  await one.finish();
  await snapshots.markUsable(id);
}

/** A bit of the message that holds the last occurrence of `text`. */
function flip(dir: string, text: string): void {
  const path = join(dir, FILE);
  const file = readFileSync(path);
  const at = file.lastIndexOf(text);
  assert.ok(at >= 0, text);
  file[at + 2]! ^= 1;
  writeFileSync(path, file);
}

async function drained(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk.slice());
  return Buffer.concat(chunks).toString();
}

test('a damaged manifest or chunk is told, and the other snapshots are listed and read', async () => {
  await using t = new AsyncDisposableStack();
  const base = scratch(t);
  await running(base, async (_, snapshots) => {
    await snapshots.ensure();
    for (const [i, id] of ['first', 'second', 'third'].entries()) await upload(snapshots, id, i + 1);
  });

  const manifest = scratch(t);
  cpSync(base, manifest, { recursive: true });
  flip(manifest, '"id":"second"');
  await running(manifest, async (_, snapshots) => {
    const listed = await snapshots.list();
    assert.deepEqual(
      listed.map(({ id }) => id),
      ['third', 'first'],
    );
    for (const one of listed) assert.equal(await drained(snapshots.read(one)), `data of ${one.id}`);
  });

  const chunk = scratch(t);
  cpSync(base, chunk, { recursive: true });
  for (const id of ['first', 'third']) flip(chunk, `data of ${id}`);
  await running(chunk, async (_, snapshots) => {
    const [third, second, first] = await snapshots.list();
    assert.equal(await drained(snapshots.read(second!)), 'data of second');
    for (const one of [first!, third!]) {
      await assert.rejects(drained(snapshots.read(one)), {
        code: 'snapshot-damaged',
        message: `snapshot ${one.id} is damaged: chunk 0.0 cannot be read`,
      });
    }
  });
});

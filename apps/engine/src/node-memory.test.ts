import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { LogPosition } from '@weir/log';
import { NodeFileStore, readNodeFile, writeNodeFile } from './node-file.ts';
import { NodeMemory } from './node-memory.ts';
import type { Note, SyncChoice } from './node-memory.ts';

const LOG = 'fedcba98'.repeat(5);

class World {
  readonly dir: string;
  bootId: string | null = 'boot-1';
  sync: SyncChoice | null = 'everysec';
  now = 1000;

  constructor(t: TestContext) {
    this.dir = mkdtempSync(join(tmpdir(), 'weir-node-memory-'));
    t.after(() => rmSync(this.dir, { recursive: true, force: true }));
  }

  memory(): NodeMemory {
    const { bootId } = this;
    return new NodeMemory(new NodeFileStore(this.dir), readNodeFile(this.dir), {
      bootId,
      sync: () => this.sync,
      nowMs: () => this.now,
    });
  }
}

function position(seq: number): LogPosition {
  return { seq, offset: seq * 10, epoch: 1, checksum: seq.toString(16).padStart(16, '0') };
}

function noteOf(seq: number, clean = false): Note {
  return { position: position(seq), clean, slaves: ['a'] };
}

test('what is known of a log is read again with the boot of the machine and the sync that it was written under', (t) => {
  const world = new World(t);
  world.memory().remember(LOG, noteOf(7));
  const known = {
    position: position(7),
    clean: false,
    slaves: ['a'],
    bootId: 'boot-1',
    sync: 'everysec',
    settled: null,
  };
  assert.deepEqual(world.memory().known(LOG), known);
  assert.equal(world.memory().known('another'), null);
  world.bootId = 'boot-2';
  assert.deepEqual(world.memory().known(LOG), known, 'a start alone writes nothing down');
});

test('a position settles when it is older than any page that the system keeps in memory, and stays so over restarts', (t) => {
  const world = new World(t);
  const memory = world.memory();
  const settled = (): number | undefined => world.memory().known(LOG)?.settled?.seq;
  memory.remember(LOG, noteOf(1));
  for (let seq = 2; seq <= 14; seq++) {
    world.now += 5000;
    memory.remember(LOG, noteOf(seq));
    assert.equal(settled(), undefined, `at ${seq}`);
  }
  world.now += 5000;
  memory.remember(LOG, noteOf(15));
  assert.equal(settled(), 1);
  // The next to settle is the one that stood there when the first one did.
  for (let seq = 16; seq <= 28; seq++) {
    world.now += 5000;
    memory.remember(LOG, noteOf(seq));
    assert.equal(settled(), 1);
  }
  world.now += 5000;
  memory.remember(LOG, noteOf(29));
  assert.equal(settled(), 15);
  world.now = 0; // another process, another clock
  world.memory().remember(LOG, noteOf(30));
  assert.equal(settled(), 15);
  world.memory().remember(LOG, noteOf(9));
  assert.equal(settled(), undefined, 'a log that ends in front of it');
  memory.remember('another', noteOf(3));
  assert.equal(world.memory().known('another')?.settled, null);
});

test("a file from before it said so, and one of somebody else's NATS server, name no boot and no sync", (t) => {
  const world = new World(t);
  const known = { position: position(7), clean: true, slaves: [] };
  writeNodeFile(world.dir, { id: '0123456789abcdef', logId: LOG, known });
  assert.deepEqual(world.memory().known(LOG), { ...known, bootId: null, sync: null, settled: null });
  world.sync = null;
  world.memory().remember(LOG, noteOf(8));
  assert.equal(world.memory().known(LOG)?.sync, null);
});

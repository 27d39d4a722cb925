import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { lockFolder } from './folder-lock.ts';

function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-lock-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A process that tries to lock each folder that it is told, says how that went, and keeps what it got. */
class Other {
  readonly child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(t: TestContext) {
    const code = `
      import { createInterface } from 'node:readline';
      import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, 'folder-lock.ts'))};
      for await (const dir of createInterface({ input: process.stdin })) {
        try {
          lockFolder(dir).signOwner();
          console.log('locked');
        } catch (error) {
          console.log(error.message);
        }
        gc();
      }`;
    this.child = spawn(process.execPath, ['--expose-gc', '--input-type=module-typescript', '-e', code], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.after(() => void this.child.kill('SIGKILL'));
    this.#answers = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async lock(dir: string): Promise<string> {
    this.child.stdin!.write(`${dir}\n`);
    return (await this.#answers.next()).value as string;
  }

  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }
}

test('a folder is locked once, in one process too, and again when it was released', (t) => {
  const dir = join(scratch(t), 'made/when/needed');
  const lock = lockFolder(dir);
  lock.signOwner();
  const before = readdirSync(dir);
  const why = {
    name: 'FolderLockedError',
    code: 'folder-locked',
    message: new RegExp(`${dir} is in use by process ${process.pid} on host "${hostname()}" since`),
  };
  assert.throws(() => lockFolder(dir), why);
  assert.throws(() => lockFolder(dir), why, 'the first refusal did not take the lock away');
  assert.deepEqual(readdirSync(dir), before, 'who is refused writes nothing');
  lock.release();
  lock.release();
  lockFolder(dir).release();
});

test('a lock of another process is seen, and ends with it, also after SIGKILL', async (t) => {
  const dir = scratch(t);
  const other = new Other(t);
  assert.equal(await other.lock(dir), 'locked');
  assert.throws(() => lockFolder(dir), { message: new RegExp(`in use by process ${other.child.pid} on host`) });
  const files = readdirSync(dir).sort();
  assert.deepEqual(files, ['weir.lock', 'weir.owner']);
  assert.equal(readFileSync(join(dir, 'weir.lock')).length, 0);
  await other.kill();
  const lock = lockFolder(dir);
  // Nothing says yet who it is.
  const second = new Other(t);
  assert.match(await second.lock(dir), /in use by/);
  lock.release();
  assert.equal(await second.lock(dir), 'locked');
});

test('of four processes that start at the same instant exactly one gets the lock, twenty times', async (t) => {
  const dir = scratch(t);
  const others = Array.from({ length: 4 }, () => new Other(t));
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(others.map((other) => other.lock(join(dir, String(round)))));
    assert.equal(answers.filter((one) => one === 'locked').length, 1, answers.join('\n'));
    assert.equal(answers.filter((one) => /is in use by/.test(one)).length, 3, answers.join('\n'));
  }
});

test('what keeps a folder from being locked is said in a sentence', (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'a-file'), '');
  assert.throws(() => lockFolder(join(dir, 'a-file')), { message: /the folder .*a-file cannot be used: EEXIST/ });
  assert.throws(() => lockFolder(join(dir, 'a-file/below')), { message: /the folder .*below cannot be used: ENOTDIR/ });
  writeFileSync(join(dir, 'weir.lock'), 'something of somebody else');
  assert.throws(() => lockFolder(dir), { message: /weir\.lock is no lock file of Weir: it should be empty/ });
  rmSync(join(dir, 'weir.lock'));
  mkdirSync(join(dir, 'weir.lock'));
  assert.throws(() => lockFolder(dir), { message: /weir\.lock cannot be locked/ });
  // SQLite would open this one for reading, and lock nothing. Root may write to all files, but not below /proc.
  const closed = process.getuid?.() === 0 ? '/proc/self/task' : join(dir, 'closed');
  if (closed.startsWith(dir)) {
    mkdirSync(closed);
    writeFileSync(join(closed, 'weir.lock'), '');
    chmodSync(closed, 0o500);
  }
  assert.throws(() => lockFolder(closed), { message: /cannot be (used|locked)/ });
});

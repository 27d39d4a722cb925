import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
// oxlint-disable-next-line @nx/enforce-module-boundaries -- it is this very app
import { SupervisedChild } from './child.ts';

function logger(): {
  lines: string[];
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
} {
  const lines: string[] = [];
  return { lines, info: (_fields, text) => void lines.push(text), warn: (_fields, text) => void lines.push(text) };
}

async function until(probe: () => boolean): Promise<void> {
  for (let i = 0; i < 6000 && !probe(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(probe());
}

test('a child that ends is started again, and stays away once it is stopped', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-child-'));
  try {
    const script = join(dir, 'child.mjs');
    writeFileSync(script, 'process.exit(3);');
    const log = logger();
    const child = new SupervisedChild({ name: 'child', script, args: [], env: {}, log });
    await until(() => log.lines.filter((line) => line === 'child started').length >= 2);
    await child.stop();
    const { length } = log.lines;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(log.lines.length, length);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('a child that cannot be started at all is tried again, and can be stopped', async () => {
  const log = logger();
  const { execPath } = process;
  process.execPath = '/nowhere/node'; // what fork runs
  try {
    const child = new SupervisedChild({ name: 'child', script: 'x.mjs', args: [], env: {}, log });
    await until(() => log.lines.filter((line) => line === 'child cannot be started').length >= 2);
    await child.stop();
  } finally {
    process.execPath = execPath;
  }
});

test('a child that asks for it is told when the store is on disk, and when it is not', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-child-'));
  try {
    const script = join(dir, 'child.mjs');
    const answers = join(dir, 'answers');
    writeFileSync(
      script,
      `import { appendFileSync } from 'node:fs';
       process.on('message', (m) => appendFileSync(${JSON.stringify(answers)}, JSON.stringify(m) + '\\n'));
       process.send({ secure: 1 }, () => process.send({ secure: 2 }));`,
    );
    let calls = 0;
    const secure = async (): Promise<void> => {
      if (++calls === 2) throw new Error('input/output error');
    };
    const child = new SupervisedChild({ name: 'child', script, args: [], env: {}, log: logger(), secure });
    await until(() => existsSync(answers) && readFileSync(answers, 'utf8').trim().split('\n').length === 2);
    assert.deepEqual(readFileSync(answers, 'utf8').trim().split('\n'), [
      '{"secured":1,"error":""}',
      '{"secured":2,"error":"input/output error"}',
    ]);
    await child.stop();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

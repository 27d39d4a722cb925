import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger, pinoLevel } from './index.ts';

test("Redis's log levels let through what they do in Redis, and pino's own names stay", () => {
  assert.deepEqual(['debug', 'verbose', 'notice', 'warning'].map(pinoLevel), ['trace', 'debug', 'info', 'warn']);
  assert.deepEqual(['trace', 'info', 'error', 'silent'].map(pinoLevel), ['trace', 'info', 'error', 'silent']);
});

test('an unknown log level is refused, names that every object has included', () => {
  for (const level of ['loud', '', 'constructor', 'toString']) assert.throws(() => pinoLevel(level), /no log level/);
});

test('a log file is made with its folder, appended to, and holds one JSON object per line, errors with their stack', () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-log-'));
  try {
    const file = join(dir, 'logs', 'node.log');
    createLogger({ level: 'notice', name: 'first', file }).info({ keys: 3 }, 'loaded');
    const logger = createLogger({ level: 'warning', name: 'second', file });
    logger.info('nobody hears this');
    logger.warn({ err: new Error('no room') }, 'failed');
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      lines.map(({ name, msg, keys }) => ({ name, msg, keys })),
      [
        { name: 'first', msg: 'loaded', keys: 3 },
        { name: 'second', msg: 'failed', keys: undefined },
      ],
    );
    assert.match((lines[1].err as { stack: string }).stack, /no room/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('pretty lines are for people: time, level, name and text, no JSON', () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-log-'));
  try {
    const file = join(dir, 'node.log');
    createLogger({ level: 'notice', name: 'engine', file, pretty: true }).warn('the master is gone');
    const text = readFileSync(file, 'utf8');
    assert.match(text, /WARN.*engine.*the master is gone/);
    assert.ok(!text.includes('{"'));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

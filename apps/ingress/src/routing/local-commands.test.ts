import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Request } from '@weir/resp';
import { CONSISTENCY, READONLY, READWRITE, TOKEN } from './command-kinds.ts';
import { answerLocal } from './local-commands.ts';
import type { LevelHolder } from './local-commands.ts';

function holder(): LevelHolder {
  return { level: 'session', portLevel: 'session', position: 0, logId: '0123456789abcdef0123' };
}

function ask(to: LevelHolder, kind: number, ...words: string[]): string {
  return answerLocal(kind, new Request().setFromStrings(...words), to);
}

test('WEIR CONSISTENCY tells and sets the level of the connection', () => {
  const one = holder();
  assert.equal(ask(one, CONSISTENCY, 'WEIR', 'CONSISTENCY'), '$7\r\nsession\r\n');
  assert.equal(ask(one, CONSISTENCY, 'WEIR', 'CONSISTENCY', 'Linearizable'), '+OK\r\n');
  assert.equal(one.level, 'linearizable');
  assert.match(ask(one, CONSISTENCY, 'WEIR', 'CONSISTENCY', 'none'), /^-ERR the consistency of reads is/);
  assert.match(ask(one, CONSISTENCY, 'WEIR', 'CONSISTENCY', 'a', 'b'), /^-ERR wrong number of arguments/);
  assert.equal(one.level, 'linearizable');
});

test('READONLY takes reads of any age, and READWRITE the level of the port again', () => {
  const one: LevelHolder = { ...holder(), portLevel: 'linearizable' };
  assert.equal(ask(one, READONLY, 'READONLY'), '+OK\r\n');
  assert.equal(one.level, 'eventual');
  assert.equal(ask(one, READWRITE, 'READWRITE'), '+OK\r\n');
  assert.equal(one.level, 'linearizable');
  assert.match(ask(one, READONLY, 'READONLY', 'x'), /^-ERR wrong number of arguments for 'readonly'/);
});

test('a token takes what one connection has seen to another, within one log', () => {
  const [from, to] = [holder(), holder()];
  from.position = 123_456_789_012;
  const token = ask(from, TOKEN, 'WEIR', 'TOKEN').split('\r\n')[1];
  assert.equal(ask(to, TOKEN, 'WEIR', 'TOKEN', token), '+OK\r\n');
  assert.equal(to.position, from.position);
  to.position += 5;
  assert.equal(ask(to, TOKEN, 'WEIR', 'TOKEN', token), '+OK\r\n');
  assert.equal(to.position, from.position + 5, 'it never goes back');
  const elsewhere: LevelHolder = { ...holder(), logId: 'ffffffffffffffffffff' };
  assert.match(ask(elsewhere, TOKEN, 'WEIR', 'TOKEN', token), /^-ERR the token is of another log/);
  for (const bad of ['', 'w1', 'w2-0123456789abcdef-1', 'w1-0123456789abcdef-', 'w1-0123456789abcdef-zzzzzzzzzzzzzzz'])
    assert.match(ask(to, TOKEN, 'WEIR', 'TOKEN', bad), /^-ERR that is no token/, bad);
});

// Files that a real redis-server 7.0.15 wrote (fixtures/make.ts), with what it answered for their keys.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OBJECT_HASH, OBJECT_LIST, OBJECT_SET, OBJECT_STREAM, OBJECT_ZSET } from './format.ts';
import { RdbReader } from './reader.ts';
import { CollectingSink, contentOf, CopyingSink } from './testing.ts';
import { RdbWriter } from './writer.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

interface Answer {
  db: number;
  key: string;
  type: string;
  value: string;
  content?: unknown[];
  expireAtMs: number;
}

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(join(FIXTURES, `${name}.rdb`)));

function answers(name: string): Answer[] {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8')) as Answer[];
}

function read(bytes: Uint8Array, step = bytes.length): CollectingSink {
  const sink = new CollectingSink();
  const reader = new RdbReader(sink);
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  reader.end();
  return sink;
}

const TYPE_OF_OBJECT: Record<number, string> = {
  [OBJECT_LIST]: 'list',
  [OBJECT_SET]: 'set',
  [OBJECT_ZSET]: 'zset',
  [OBJECT_HASH]: 'hash',
  [OBJECT_STREAM]: 'stream',
};

function asAnswers(sink: CollectingSink): Answer[] {
  const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
  const strings = sink.entries.map(({ db, key, value, expireAtMs }): Answer => {
    return { db, key: base64(key), type: 'string', value: base64(value), expireAtMs };
  });
  const others = sink.values.map((value): Answer => {
    const { db, key, expireAtMs, object } = value;
    return { db, key: base64(key), type: TYPE_OF_OBJECT[object], value: '', expireAtMs, content: contentOf(value) };
  });
  return [...strings, ...others].sort((a, b) => a.db - b.db || (a.key < b.key ? -1 : 1));
}

const TYPED = ['types', 'types-large', 'types-plain'];

for (const name of ['empty', 'strings', 'plain', 'no-checksum', 'lru', 'lfu', 'functions', ...TYPED]) {
  test(`the file of Redis "${name}" is read as Redis answered`, () => {
    const sink = read(file(name));
    assert.equal(sink.version, 10);
    const aux = Object.fromEntries(sink.auxFields);
    assert.equal(aux['redis-ver'], '7.0.15');
    assert.equal(aux['redis-bits'], '64');
    assert.deepEqual(asAnswers(sink), answers(name));
    assert.deepEqual(read(file(name), 1), sink, 'byte by byte');
  });
}

test('hints of sizes are those of the databases', () => {
  const sink = read(file('strings'));
  assert.deepEqual(sink.databases, [0, 1, 15]);
  sink.databases.forEach((db, i) => {
    const entries = sink.entries.filter((entry) => entry.db === db);
    assert.deepEqual(sink.sizes[i], [entries.length, entries.filter((entry) => entry.expireAtMs !== -1).length]);
  });
});

test('idle times and frequencies are those that the keys were restored with', () => {
  const lru = read(file('lru')).entries;
  assert.equal(lru.length, 7);
  for (const entry of lru) {
    // The server counts in units of its own clock, so one second may have passed.
    const off = entry.lruIdleSeconds - Number(entry.key.slice('key:'.length));
    assert.ok(off === 0 || off === 1, `${entry.key} ${entry.lruIdleSeconds}`);
    assert.equal(entry.lfuFreq, -1);
  }
  const lfu = read(file('lfu')).entries;
  assert.equal(lfu.length, 5);
  for (const entry of lfu) {
    assert.equal(entry.lfuFreq, Number(entry.key.slice('key:'.length)));
    assert.equal(entry.lruIdleSeconds, -1);
  }
});

test('function libraries are told', () => {
  assert.match(read(file('functions')).functions[0], /^#!lua name=mylib\n/);
});

test('small collections are told whole, in the form in which Redis holds them, large ones in parts', () => {
  const kinds = (name: string): Record<string, string> =>
    Object.fromEntries(read(file(name)).values.map(({ key, parts }) => [key, `${parts.length} ${parts[0]?.kind}`]));
  const small = kinds('types');
  assert.equal(small['hash'], '1 listpack');
  assert.equal(small['zset'], '1 listpack');
  assert.equal(small['set:16'], '1 intset');
  assert.equal(small['set:words'], '9 element');
  assert.equal(small['list:one'], '1 listpack');
  const large = kinds('types-large');
  assert.equal(large['hash'], '4 pair');
  assert.equal(large['zset'], '7 member');
  assert.equal(large['set:16'], '3 element');
  assert.equal(large['list'], '8 listpack');
  assert.equal(large['stream'], '51 node');
  assert.equal(large['stream:empty'], '0 undefined');
  const plain = read(file('types-plain')).values[0].parts.map((part) => part.kind);
  assert.deepEqual(plain, ['listpack', 'element', 'listpack', 'element', 'element']);
});

test('what Redis wrote and what the writer makes of it are the same bytes, integers, compressed strings and checksum included', () => {
  for (const name of ['strings', 'plain', 'lru', 'lfu', 'empty', ...TYPED]) {
    const original = file(name);
    const parts: Buffer[] = [];
    const compress = name !== 'plain' && name !== 'types-plain';
    const writer = new RdbWriter({ compress, flush: (chunk) => parts.push(Buffer.from(chunk)) });
    const reader = new RdbReader(new CopyingSink(writer));
    reader.push(original);
    reader.end();
    assert.deepEqual(new Uint8Array(Buffer.concat(parts)), original, name);
  }
});

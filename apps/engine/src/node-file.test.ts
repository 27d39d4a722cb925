import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { NODE_FILE, freshNodeFile, readNodeFile, writeNodeFile } from './node-file.ts';

const FILE = { id: '0123456789abcdef', logId: 'fedcba98'.repeat(5) };
/** What a format 1 file looks like. It must be read for ever: when this fails, a new format is due. */
const FORMAT_1 = `{"format":1,"id":"${FILE.id}","logId":"${FILE.logId}","check":"240d122a"}\n`;

function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-node-file-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function put(dir: string, text: string | Buffer): void {
  writeFileSync(join(dir, NODE_FILE), text);
}

test('an empty folder has no file, and reading writes none', (t) => {
  const dir = scratch(t);
  assert.deepEqual(readNodeFile(dir), { kind: 'none' });
  assert.deepEqual(readdirSync(dir), []);
});

test('a folder with the owner of an earlier start, or the store of a NATS server, has lost its file', (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'weir.lock'), ''); // comes before the file
  assert.deepEqual(readNodeFile(dir), { kind: 'none' });
  writeFileSync(join(dir, 'weir.owner'), '');
  assert.deepEqual(readNodeFile(dir), { kind: 'lost', sign: join(dir, 'weir.owner') });
  mkdirSync(join(dir, 'nats/store'), { recursive: true });
  assert.deepEqual(readNodeFile(dir), { kind: 'lost', sign: join(dir, 'nats/store') });
});

test('what is written is read again, in the frozen format 1', (t) => {
  const dir = scratch(t);
  writeNodeFile(dir, FILE);
  assert.equal(readFileSync(join(dir, NODE_FILE), 'utf8'), FORMAT_1);
  assert.deepEqual(readNodeFile(dir), { kind: 'known', file: FILE, format: 1 });
  const fresh = freshNodeFile();
  writeNodeFile(dir, fresh);
  assert.deepEqual(readNodeFile(dir), { kind: 'known', file: fresh, format: 1 });
});

test('a field of a later program is kept, whatever text is in it', (t) => {
  const dir = scratch(t);
  const file = { ...FILE, began: { seq: 7, note: 'Gr\u00fc\u00dfe, ","check":"00000000"}\n \u{1f30a}' }, knownSeq: 12 };
  writeNodeFile(dir, file);
  const read = readNodeFile(dir);
  assert.ok(read.kind === 'known');
  assert.deepEqual(read.file, file);
  writeNodeFile(dir, { ...read.file, logId: 'a'.repeat(40) });
  assert.deepEqual(readNodeFile(dir), { kind: 'known', file: { ...file, logId: 'a'.repeat(40) }, format: 1 });
});

test('a file of before the checksum is read', (t) => {
  const dir = scratch(t);
  put(dir, `${JSON.stringify(FILE)}\n`);
  assert.deepEqual(readNodeFile(dir), { kind: 'known', file: FILE, format: 0 });
  put(dir, '{ "logId": null, "id": "0123456789abcdef" }');
  assert.deepEqual(readNodeFile(dir), { kind: 'known', file: { ...FILE, logId: null }, format: 0 });
});

test('a file that is cut at any byte is refused', (t) => {
  const dir = scratch(t);
  for (let length = 0; length < FORMAT_1.length; length++) {
    put(dir, FORMAT_1.slice(0, length));
    assert.throws(() => readNodeFile(dir), { name: 'NodeFileError', code: 'node-file-damaged' }, `${length} bytes`);
  }
  const old = JSON.stringify(FILE);
  for (let length = 0; length < old.length; length++) {
    put(dir, old.slice(0, length));
    assert.throws(() => readNodeFile(dir), { code: 'node-file-damaged' }, `${length} bytes of the old format`);
  }
});

test('a file with any one bit flipped is refused', (t) => {
  const dir = scratch(t);
  writeNodeFile(dir, { ...FILE, note: 'Gr\u00fc\u00dfe' });
  const whole = readFileSync(join(dir, NODE_FILE));
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    put(dir, flipped);
    assert.throws(() => readNodeFile(dir), { code: 'node-file-damaged' }, `bit ${bit}: ${flipped.toString('latin1')}`);
  }
});

test('a refusal names the file, what is wrong with it, and how to go on', (t) => {
  const dir = scratch(t);
  for (const [text, why] of [
    ['', /is damaged: it is empty/],
    ['\0'.repeat(120), /it is no JSON/],
    ['[]', /it is no JSON object/],
    ['{}', /it has no node id/],
    [`{"id":"${FILE.id}"}`, /it has no log id/],
    [`{"id":"${FILE.id}","logId":"a b"}`, /it has no log id/],
    [`{"id":"${FILE.id}","logId":null,"more":1}`, /it has no checksum/],
    [FORMAT_1.replace('1', '2'), /its checksum does not fit/],
    [FORMAT_1 + FORMAT_1, /it is no JSON/],
  ] as const) {
    put(dir, text);
    assert.throws(() => readNodeFile(dir), { code: 'node-file-damaged', message: why });
    assert.throws(() => readNodeFile(dir), { message: /weir-node\.json.*Restore it.*docs\/deployment\.md/ });
  }
  rmSync(join(dir, NODE_FILE));
  mkdirSync(join(dir, NODE_FILE));
  assert.throws(() => readNodeFile(dir), { code: 'node-file-damaged', message: /EISDIR/ });
});

test('a file of a newer format is refused with the advice to start the newer program', (t) => {
  const dir = scratch(t);
  // The checksum's place is the same in every format.
  put(dir, '{"format":2,"id":"0123456789abcdef","logId":null,"check":"cb14ba18"}\n');
  assert.throws(() => readNodeFile(dir), { code: 'node-file-newer', message: /format 2.*newer Weir/ });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { listen } from './listen.ts';
import { IDLE_HANDLER } from './socket.ts';
import type { ByteSocket } from './socket.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

// The kernel takes a part of a write, and libuv keeps a pointer to the rest: memory that nothing in JavaScript refers to by then.
for (const raw of [true, false]) {
  test(`bytes that wait for a slow reader outlive garbage collection (${raw ? 'RawSocket' : 'NetSocket'})`, async (t) => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const folder = mkdtempSync(join(tmpdir(), 'weir-link-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const address = { kind: 'unix', path: join(folder, 's') } as const;
    const accepted = Promise.withResolvers<ByteSocket>();
    const listening = await listen({ address, log, onSocket: accepted.resolve, raw });
    t.after(() => listening.close());
    const peer = createConnection(address.path);
    peer.pause();
    t.after(() => peer.destroy());
    await once(peer, 'connect');
    const socket = await accepted.promise;
    let closed: string | undefined;
    socket.handler = { ...IDLE_HANDLER, onClose: (reason) => void (closed = reason) };
    socket.start();

    const roundBytes = 4 * 1024 * 1024;
    const pattern = Buffer.from('0123456789abcdef');
    let got = 0;
    let wrong = -1;
    peer.on('data', (chunk: Buffer) => {
      const at = got % pattern.length;
      const expected = Buffer.alloc(chunk.length + at, pattern).subarray(at);
      if (!chunk.equals(expected) && wrong < 0) wrong = got;
      got += chunk.length;
      peer.pause();
    });
    for (let round = 1; round <= 4; round++) {
      socket.write(Buffer.alloc(roundBytes, pattern), 0, roundBytes);
      while (got < round * roundBytes) {
        // The write's own code has returned; then comes the collector, and others who want the memory.
        await new Promise((resolve) => setImmediate(resolve));
        gc();
        const others = Array.from({ length: 4 }, () => new Uint8Array(256 * 1024).fill(0xff));
        peer.resume();
        await new Promise((resolve) => setImmediate(resolve));
        assert.equal(others.length, 4);
        assert.equal(closed, undefined, 'the connection stays');
        assert.equal(wrong, -1, `the bytes from ${wrong} on are others`);
      }
    }
    socket.destroy();
  });
}

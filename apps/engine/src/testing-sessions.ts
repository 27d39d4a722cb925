/** For tests of the engine without a network: a log whose records are stored when the test says so, and clients of strings. */

import { Config } from '@weir/config';
import type { Host } from '@weir/commands';
import { Keyspace } from '@weir/keyspace';
import type { EnginePort, SessionPort, SessionSink } from '@weir/link';
import type { AppendOutcome } from '@weir/log';
import { HEADER_BYTES } from '@weir/log';
import { Arena } from '@weir/memory';
import { encodeCommand } from '@weir/resp';
import { Engine } from './engine.ts';
import type { Committer } from './commit.ts';

export class ManualLog implements Committer {
  nextOffset = 0;
  fragmentStoredMs = 0;
  seq = 0;
  /** Records under way. */
  readonly pending: ((outcome: AppendOutcome) => void)[] = [];
  /** Payloads as they were handed over. */
  readonly payloads: string[] = [];
  onPayload: (payload: Uint8Array) => void = () => {};

  get canAppend(): boolean {
    return this.pending.length < 2;
  }

  append(
    buffer: Uint8Array,
    payloadBytes: number,
    _commands: number,
    done: (outcome: AppendOutcome, seq: number, endOffset: number) => void,
  ): void {
    this.nextOffset += payloadBytes;
    const seq = ++this.seq;
    const end = this.nextOffset;
    const payload = buffer.subarray(HEADER_BYTES, HEADER_BYTES + payloadBytes);
    this.payloads.push(Buffer.from(payload).toString('latin1'));
    this.onPayload(payload);
    this.pending.push((outcome) => done(outcome, seq, end));
  }

  /** The oldest record is stored. */
  commit(): void {
    const done = this.pending.shift();
    if (done === undefined) throw new Error('no record is under way');
    done('committed');
  }
}

export class TestClient {
  port!: SessionPort;
  /** All that came, as text. */
  text = '';
  closes = 0;
  destroyed = false;
  paused = false;
  congested = false;
  /** Reads nothing, and the ingress has still room for it. */
  deaf = false;
  /** Bytes of replies that it has not read. */
  unread = 0;

  readonly sink: SessionSink = ((client: TestClient) => ({
    output(buf: Uint8Array, start: number, end: number) {
      if (client.closes > 0) client.text += '(after close)';
      client.text += Buffer.from(buf.subarray(start, end)).toString('latin1');
      if (client.congested || client.deaf) client.unread += end - start;
      return !client.congested;
    },
    close: () => void client.closes++,
    destroy() {
      client.destroyed = true;
      client.unread = 0;
    },
    pauseInput: () => void (client.paused = true),
    resumeInput: () => void (client.paused = false),
    get pendingOutputBytes() {
      return client.unread;
    },
  }))(this);

  /** Requests in one chunk, written as words. */
  send(...requests: string[]): void {
    this.raw(Buffer.concat(requests.map((request) => encodeCommand(request.split(' ')))).toString('latin1'));
  }

  raw(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.port.input(bytes, 0, bytes.length);
  }

  /** It has read what was sent to it, and goes on reading. */
  read(): void {
    this.congested = false;
    this.unread = 0;
    this.port.drained();
  }

  /** What came since the last call. */
  take(): string {
    const { text } = this;
    this.text = '';
    return text;
  }
}

/** A client of an ingress that routes, which hears more. */
export class RoutedTestClient extends TestClient {
  /** Requests that are answered. */
  answered = 0;
  bounces = 0;
  readonly states: { readonly flags: number; readonly bytes: Uint8Array }[] = [];

  constructor(engine: EnginePort) {
    super();
    const { output } = this.sink;
    const sink = Object.assign(this.sink, {
      output: (buf: Uint8Array, start: number, end: number, replies: number) => {
        this.answered += replies;
        return output(buf, start, end, replies);
      },
      state: (flags: number, buf: Uint8Array, start: number, end: number) =>
        void this.states.push({ flags, bytes: buf.slice(start, end) }),
      bounced: () => void this.bounces++,
    });
    const info = { remoteAddr: '127.0.0.1:1', localAddr: 'test:2', fd: -1, unixSocket: false, routed: true };
    this.port = engine.open(info, sink);
  }
}

export interface TestEngine {
  readonly engine: Engine;
  readonly log: ManualLog;
  client(remoteAddr?: string): TestClient;
}

export function testEngine(
  overrides: Partial<Host> = {},
  config: Config = new Config(),
  arenaBytes = 1 << 28,
  recordCutBytes?: number,
): TestEngine {
  const host = new Proxy(overrides, {
    get: (target, name) => (name === 'sessions' ? engine.sessions : (Reflect.get(target, name) ?? (() => 0))),
  }) as unknown as Host;
  const keyspace = new Keyspace({
    seed: { k0: 1, k1: 2 },
    randomSeed: 3,
    arena: new Arena({ reserveBytes: arenaBytes, debug: true }),
  });
  const engine: Engine = new Engine({
    config,
    keyspace,
    host,
    ...(recordCutBytes === undefined ? {} : { recordCutBytes }),
  });
  const log = new ManualLog();
  engine.lead(log);
  return {
    engine,
    log,
    client(remoteAddr = '127.0.0.1:1') {
      const client = new TestClient();
      client.port = engine.open({ remoteAddr, localAddr: 'test:2', fd: -1, unixSocket: false }, client.sink);
      return client;
    },
  };
}

/** The event loop has turned: what was executed is under way to the log, whoever was to go on has. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

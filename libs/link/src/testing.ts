/** Fakes for the tests and the floor benchmarks of link and ingress. */
import type { LinkLogger } from './socket.ts';
import type { EnginePort, SessionInfo, SessionPort, SessionSink } from './types.ts';

export class MemoryLogger implements LinkLogger {
  readonly lines: { level: string; obj: object; msg: string }[] = [];
  debug(obj: object, msg: string): void {
    this.lines.push({ level: 'debug', obj, msg });
  }
  info(obj: object, msg: string): void {
    this.lines.push({ level: 'info', obj, msg });
  }
  warn(obj: object, msg: string): void {
    this.lines.push({ level: 'warn', obj, msg });
  }
  error(obj: object, msg: string): void {
    this.lines.push({ level: 'error', obj, msg });
  }
}

/**
 * The least work that an engine could do: one 64-byte bulk for every `*` in the input (keys and values of the
 * load generator contain none). What a benchmark measures with it is the sockets alone.
 */
export class BulkPerRequestEngine implements EnginePort {
  open(_info: SessionInfo, sink: SessionSink): SessionPort {
    return new BulkPerRequestSession(sink);
  }
}

const BULK = Buffer.from(`$64\r\n${'x'.repeat(64)}\r\n`);
const BULKS = Buffer.alloc(BULK.length * 1024, BULK);
const STAR = 42;

class BulkPerRequestSession implements SessionPort {
  private readonly sink: SessionSink;
  constructor(sink: SessionSink) {
    this.sink = sink;
  }
  input(buf: Uint8Array, start: number, end: number): void {
    let n = 0;
    for (let i = start; i < end; i++) if (buf[i] === STAR) n++;
    for (; n > 1024; n -= 1024) this.sink.output(BULKS, 0, BULKS.length);
    if (n > 0) this.sink.output(BULKS, 0, n * BULK.length);
  }
  inputEnded(): void {
    this.sink.close();
  }
  drained(): void {}
  closed(): void {}
}

/** Speaks lines: `onLine` gets each one; what it is answered is up to the test. Keeps all its sessions. */
export class LineEngine implements EnginePort {
  readonly sessions = new Set<LineSession>();
  /** All that were ever opened. */
  readonly opened: LineSession[] = [];
  readonly onLine: (session: LineSession, line: string) => void;

  constructor(onLine: (session: LineSession, line: string) => void = (s, line) => s.reply(`+${line}\n`)) {
    this.onLine = onLine;
  }

  open(info: SessionInfo, sink: SessionSink): SessionPort {
    const session = new LineSession(this, info, sink);
    this.sessions.add(session);
    this.opened.push(session);
    return session;
  }
}

export class LineSession implements SessionPort {
  readonly info: SessionInfo;
  readonly sink: SessionSink;
  inputBytes = 0;
  /** Bytes handed to `output`. */
  outputBytes = 0;
  congested = false;
  drains = 0;
  ended = false;
  closedCalls = 0;
  onDrained: () => void = () => {};
  private readonly engine: LineEngine;
  private rest = '';

  constructor(engine: LineEngine, info: SessionInfo, sink: SessionSink) {
    this.engine = engine;
    this.info = info;
    this.sink = sink;
  }

  input(buf: Uint8Array, start: number, end: number): void {
    this.inputBytes += end - start;
    const lines = (this.rest + Buffer.from(buf.subarray(start, end)).toString('latin1')).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) this.engine.onLine(this, line);
  }

  reply(text: string): boolean {
    return this.replyBytes(Buffer.from(text, 'latin1'));
  }

  replyBytes(bytes: Uint8Array): boolean {
    this.outputBytes += bytes.length;
    const ok = this.sink.output(bytes, 0, bytes.length);
    if (!ok) this.congested = true;
    return ok;
  }

  inputEnded(): void {
    this.ended = true;
    this.sink.close();
  }

  drained(): void {
    this.congested = false;
    this.drains++;
    this.onDrained();
  }

  closed(): void {
    this.closedCalls++;
    this.engine.sessions.delete(this);
  }
}

import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { TestEngine } from '@weir/commands/testing';
import type { TestArg, TestEngineOptions } from '@weir/commands/testing';
import { Keyspace } from '@weir/keyspace';
import { HEADER_BYTES, LogWriter, WRITER_ID_BYTES, openLog, openWriter } from '@weir/log';
import type { LogStore } from '@weir/log';
import { Arena } from '@weir/memory';
import { ENGINE_VERSION } from '@weir/dataset';

/** A master without a process: a test engine whose effects go into a log. */
export class LogFeeder {
  readonly engine: TestEngine;
  readonly log: LogStore;
  writer: LogWriter;
  #pending: { readonly payload: Uint8Array; readonly commands: number; readonly db: string }[] = [];
  #taken = 0;

  private constructor(log: LogStore, engine: TestEngine, writer: LogWriter) {
    this.log = log;
    this.engine = engine;
    this.writer = writer;
  }

  /** Leads a log that is empty. */
  static async open(log: LogStore, options: TestEngineOptions = {}): Promise<LogFeeder> {
    const engine = new TestEngine({ debug: false, now: Date.now(), ...options });
    return new LogFeeder(log, engine, await LogFeeder.#claim(log));
  }

  static async #claim(log: LogStore): Promise<LogWriter> {
    const { tail } = await openLog(log, ENGINE_VERSION);
    return openWriter({ log, tail, writerId: randomBytes(WRITER_ID_BYTES), engineVersion: ENGINE_VERSION });
  }

  /** Another epoch, with this engine's data set as it is. */
  async leadAgain(): Promise<void> {
    this.writer.stop();
    this.writer = await LogFeeder.#claim(this.log);
  }

  /** Executes a command; its effects wait for `flush`. */
  call(...args: TestArg[]): string {
    const reply = this.engine.text(...args);
    const { history, effects } = this.engine;
    if (history.length > this.#taken) {
      const selects = effects.filter(([name]) => name === 'SELECT');
      this.#pending.push({
        payload: history[history.length - 1],
        commands: effects.length - selects.length,
        db: selects.length === 1 ? selects[0][1] : '',
      });
      history.length = this.#taken = 0;
    }
    return reply;
  }

  /** Stores what was executed, in records of about `recordBytes`. Resolves when all of it is committed. */
  async flush(recordBytes = 16 * 1024): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    let group: Uint8Array[] = [];
    let bytes = 0;
    let commands = 0;
    let db = '';
    const send = async (): Promise<void> => {
      if (group.length === 0) return;
      const buffer = new Uint8Array(HEADER_BYTES + bytes);
      let at = HEADER_BYTES;
      for (const payload of group) {
        buffer.set(payload, at);
        at += payload.length;
      }
      while (!this.writer.canAppend) await turn();
      this.writer.append(buffer, bytes, commands, (outcome) => {
        if (outcome !== 'committed') this.#failed ??= outcome;
      });
      group = [];
      bytes = commands = 0;
      db = '';
    };
    for (const { payload, commands: count, db: selected } of pending) {
      // Each call's effects begin with a SELECT; in a record an engine writes it only when the database changes.
      const select =
        selected !== '' && selected === db ? `*2\r\n$6\r\nSELECT\r\n$${selected.length}\r\n${selected}\r\n`.length : 0;
      db = selected;
      group.push(payload.subarray(select));
      bytes += payload.length - select;
      commands += count;
      if (bytes >= recordBytes) await send();
    }
    await send();
    await this.writer.drained();
    if (this.#failed !== null) throw new Error(`a record is ${this.#failed}`);
  }

  #failed: string | null = null;

  stop(): void {
    this.writer.stop();
  }
}

let keyspaces = 0;

/** An empty data set with a hash seed of its own, so that nothing can depend on the order of keys. */
export function newTestKeyspace(databases = 16): Keyspace {
  keyspaces++;
  return new Keyspace({
    databases,
    arena: new Arena({ reserveBytes: 1024 ** 3 }),
    seed: { k0: keyspaces * 7919, k1: keyspaces * 104729 },
    randomSeed: keyspaces,
  });
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

/** Keeps what was logged. */
export function testLogger() {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields });
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    has: (text: string) => lines.some(({ message }) => message.includes(text)),
  };
}

/** Resolves when `condition` holds. Throws after `ms`, so that a test fails instead of hanging. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  ms = 60_000,
): Promise<void> {
  for (const started = performance.now(); !(await condition());) {
    if (performance.now() - started > ms) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

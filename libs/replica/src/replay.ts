import { CommandTable, Context, Lookahead, Session, Slowlog, allCommands, apply } from '@weir/commands';
import type { Host } from '@weir/commands';
import { Config } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import { CommandWriter, FRAME, FrameScanner, ReplyWriter } from '@weir/resp';
import type { Pace } from '@weir/dataset';

/**
 * Commands between two looks at the clock, which costs a tenth of applying a short one. The longest take some tenths of a second, those on strings of
 * half a gigabyte for instance: a lease bears a few of them.
 */
const COMMANDS_PER_LOOK = 4;

/**
 * Applies records to a data set: a context of its own, which nobody's requests reach. Used by slaves, by a master that
 * rebuilds itself, and by the replication app; the same handlers run as on the master, told that they replay.
 */
export class Replay {
  readonly ctx: Context;
  readonly #session: Session;
  readonly #scanner: FrameScanner;
  readonly #lookahead = new Lookahead();
  /** Of the record at hand. */
  #nowMs = 0;

  constructor(keyspace: Keyspace) {
    this.ctx = new Context({
      keyspace,
      config: new Config(),
      host: noHost,
      table: new CommandTable(allCommands),
      reply: new ReplyWriter(),
      effects: new CommandWriter(),
      slowlog: new Slowlog(),
    });
    this.ctx.role.isSlave = true;
    this.ctx.role.becomeReplay();
    this.#session = new Session({
      id: 0,
      control: { close() {}, destroy() {}, pendingOutputBytes: 0, queryBufferBytes: 0 },
      authenticated: true,
      nowMs: 0,
    });
    // What the log holds was accepted once: only what the format cannot hold is refused.
    this.#scanner = new FrameScanner({
      bulkBytesMax: 0x7fffffff,
      argsMax: 0x7fffffff,
      inlineBytesMax: 65536,
      queryBufferBytesMax: 0x7fffffff,
    });
  }

  /** Applies a record's payload in one go. Throws when it cannot be: the data set is then useless. */
  payload(payload: Uint8Array, nowMs: number): void {
    this.begin(payload, nowMs);
    this.more(null);
  }

  /** Begins a record, whose payload stays as it is until `more` has said that it is applied. */
  begin(payload: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#session.db = 0;
    this.#scanner.feed(payload, 0, payload.length);
  }

  /** Applies commands of the record: all that are left, or until the pace is spent. True: the record is applied. Throws as `payload`. */
  more(pace: Pace | null): boolean {
    const { ctx } = this;
    const scanner = this.#scanner;
    const lookahead = this.#lookahead;
    let untilLook = COMMANDS_PER_LOOK;
    lookahead.begin(scanner);
    for (;;) {
      const scanned = lookahead.next(ctx, this.#session);
      if (scanned !== FRAME) {
        if (scanned < 0) throw new Error(`a record of the log is no RESP: ${scanner.errorText}`);
        break;
      }
      apply(ctx, this.#session, lookahead.request, this.#nowMs, lookahead.command);
      ctx.effects.reset(); // handlers' effects are the log's already
      if (pace !== null && --untilLook === 0) {
        untilLook = COMMANDS_PER_LOOK;
        if (pace.spent) {
          lookahead.end();
          return false;
        }
      }
    }
    lookahead.end();
    if (scanner.pendingBytes > 0) throw new Error('a record of the log ends in the middle of a command');
    return true;
  }
}

/** A replayed command has nothing to ask of the process around it. */
const noHost = new Proxy({} as Host, {
  get(_target, name) {
    if (name === 'clockMicros') return () => 0;
    throw new Error(`a command of the log asked its host for ${String(name)}`);
  },
});

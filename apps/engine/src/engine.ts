import { isIP } from 'node:net';
import { CommandTable, Context, EFFECT_BYTES_MAX, Lookahead, Slowlog, allCommands } from '@weir/commands';
import type { Host, Session } from '@weir/commands';
import type { Config } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import type { EnginePort, SessionInfo, SessionPort, SessionSink } from '@weir/link';
import { HEADER_BYTES, RECORD_BYTES_MAX } from '@weir/log';
import type { AppendOutcome } from '@weir/log';
import { CommandWriter, ReplyWriter } from '@weir/resp';
import type { ScanLimits } from '@weir/resp';
import { realTime } from '@weir/time';
import type { Time } from '@weir/time';
import { ClientMemory } from './client-memory.ts';
import { ClientSession } from './client-session.ts';
import { HeldReplies } from './held-replies.ts';
import { KeptBack } from './kept-back.ts';

/**
 * The engine: sessions, the turn, and the commit.
 *
 * A *turn* is what one pass of the event loop executed. At its end, when the log has room for one more append (two are
 * in flight at most), all effects since the last one become one record: group commit, whose size follows from the load
 * and the log's latency by itself. Until the record is stored its writers' replies are held (`held-replies.ts`).
 *
 * A record has a bound. When the effects exceed RECORD_CUT_BYTES they become a record between two commands, within a turn too; if the
 * log has no room for it now, it waits in front of the next one. So no record is larger than that and the effects of one command, which
 * EFFECT_BYTES_MAX bounds: `execute` refuses a larger request before it changes anything.
 *
 * The engine does not know where its records go: a *committer* is given to it when it becomes master and taken away
 * when it stops being one.
 */

/** Where a master's records go: libs/log's LogWriter. */
export interface Committer {
  /** Stores a record: `buffer` has HEADER_BYTES free at its front and `payloadBytes` behind them. */
  append(
    buffer: Uint8Array,
    payloadBytes: number,
    commandCount: number,
    done: (outcome: AppendOutcome, seq: number, endOffset: number) => void,
  ): void;
  /** False while as many appends are in flight as there may be. */
  readonly canAppend: boolean;
  /** Replication offset behind the last record handed over. */
  readonly nextOffset: number;
  /** When the log stored a part of a record last, by its monotonic clock; 0: never. */
  readonly fragmentStoredMs: number;
}

export interface EngineOptions {
  readonly config: Config;
  readonly keyspace: Keyspace;
  readonly host: Host;
  /** Absent: the machine's. */
  readonly time?: Time;
  /** For tests: smaller bounds. */
  readonly recordCutBytes?: number;
}

/** Effects beyond this become a record at once. A record of 64 MB costs the same per byte as a larger one, and its reader less memory. */
const RECORD_CUT_BYTES = 64 * 1024 * 1024;
if (RECORD_CUT_BYTES + EFFECT_BYTES_MAX > RECORD_BYTES_MAX)
  throw new Error('a record has no room for one command more');

/** A writer makes room for some bytes more than it writes. */
const WRITER_SLACK_BYTES = 1024;
/** Replies of all sessions together that wait for the log beyond this: sessions are stopped. */
const HELD_BYTES_MAX = 256 * 1024 * 1024;

/** Requests kept for clients that do not read their replies, of all together: beyond it each of them has as little room as others. */
const KEPT_BYTES_MAX = 256 * 1024 * 1024;

/** Why no session executes anything. */
const STALL_ASKED = 1;
const STALL_EFFECTS = 2;
const STALL_REPLIES = 4;

const NOT_CONFIRMED = Buffer.from(
  '-NOREPLICAS The write was not confirmed by the replication log in time; it may or may not be applied\r\n',
);

const TOO_MANY = Buffer.from('-ERR max number of clients reached\r\n');
const PROTECTED = Buffer.from(
  '-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. ' +
    'In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to ' +
    "Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET " +
    "protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however " +
    'MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. ' +
    '2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the ' +
    "protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, " +
    "restart it with the '--protected-mode no' option. 4) Set up an authentication password for the default user. NOTE: You " +
    'only need to do one of the above things in order for the server to start accepting connections from the outside.\r\n',
);

/** The session of a client that was refused: there is none, and nothing of it is kept. */
const REFUSED: SessionPort = {
  input() {},
  inputEnded() {},
  drained() {},
  closed() {},
};

/** Whether a client comes from another machine, by its `ip:port`. */
function isElsewhere(remoteAddr: string): boolean {
  const ip = remoteAddr
    .slice(0, remoteAddr.lastIndexOf(':'))
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/, '');
  return isIP(ip) !== 0 && ip !== '::1' && !ip.startsWith('127.');
}

export class Engine implements EnginePort {
  readonly ctx: Context;
  readonly config: Config;
  readonly time: Time;
  readonly scanLimits: ScanLimits;
  readonly lookahead = new Lookahead();
  /** Number (the engine's own) of the last record that is committed. */
  committedSeq = 0;
  /** No session executes anything: somebody asked for that, or effects or replies pile up because the log does not take them. */
  stalled = false;
  #stalls = 0;
  #heldBytes = 0;
  /** Sessions by id. */
  readonly sessions = new Map<number, Session>();
  /** Told when a record is committed: sequence in the log, offset behind it. */
  onCommitted: (seq: number, endOffset: number) => void = () => {};
  /** Told when the log refused a record for good: this engine's state is not the log's any more. */
  onFenced: () => void = () => {};

  readonly keptBack: KeptBack;
  readonly clientMemory: ClientMemory;
  /** Whether the replies of authenticated clients are weighed before they are kept for them. */
  limitsOutput = false;
  /** Bytes of requests in the backlogs of all sessions. */
  keptBytes = 0;

  readonly #clients = new Map<number, ClientSession>();
  #nextSessionId = 1;
  #committer: Committer | null = null;
  #turnScheduled = false;
  /** Records handed over and not committed, and the one being filled: replies that wait for them, oldest first. */
  readonly #held: HeldReplies[] = [];
  readonly #sparesHeld: HeldReplies[] = [];
  /** Who else waits for records. */
  #commitWaits: { readonly seq: number; readonly done: (committed: boolean) => void }[] = [];
  /** Records that are whole and wait for the log, oldest first; behind them the one being filled. */
  readonly #ready: { readonly seq: number; readonly effects: CommandWriter }[] = [];
  #readyBytes = 0;
  readonly #recordCutBytes: number;
  readonly #spareWriters: CommandWriter[] = [];
  /** When the oldest record in flight was handed over, by a clock that nobody sets; 0 when none is. */
  #oldestInFlightMs = 0;
  #inFlightSince: number[] = [];

  constructor(options: EngineOptions) {
    this.config = options.config;
    this.time = options.time ?? realTime;
    this.keptBack = new KeptBack(this.time);
    this.#recordCutBytes = options.recordCutBytes ?? RECORD_CUT_BYTES;
    this.ctx = new Context({
      keyspace: options.keyspace,
      config: options.config,
      host: options.host,
      table: new CommandTable(allCommands, options.config.renamedCommands),
      reply: new ReplyWriter(),
      effects: this.#newEffects(),
      slowlog: new Slowlog(),
    });
    this.clientMemory = new ClientMemory(this.ctx, this.#clients, this.time);
    this.ctx.onDefer = (session) => this.#clients.get(session.id)!.defer();
    this.ctx.divideEffects = () => this.cut();
    this.ctx.onDeferWork = (session) => this.#clients.get(session.id)!.deferWork();
    const num = options.config.num;
    this.scanLimits = {
      bulkBytesMax: num.protoMaxBulkLen,
      argsMax: 0x7fffffff,
      inlineBytesMax: 65536,
      queryBufferBytesMax: num.clientQueryBufferLimit,
    };
    const weigh = (): void => {
      const { hardBytes, softBytes } = options.config.clientOutputBufferLimit.normal;
      this.limitsOutput = hardBytes > 0 || softBytes > 0;
    };
    weigh();
    options.config.onChange('client-output-buffer-limit', weigh);
    options.config.onChange('proto-max-bulk-len', () => void (this.scanLimits.bulkBytesMax = num.protoMaxBulkLen));
    options.config.onChange(
      'client-query-buffer-limit',
      () => void (this.scanLimits.queryBufferBytesMax = num.clientQueryBufferLimit),
    );
  }

  get passwordless(): boolean {
    return this.config.value('requirepass') === '';
  }

  get roomToKeep(): boolean {
    return this.keptBytes < KEPT_BYTES_MAX;
  }

  // --- sessions ----------------------------------------------------------------------------------------------------

  open(info: SessionInfo, sink: SessionSink): SessionPort {
    const refusal = this.#refusal(info);
    if (refusal !== null) {
      this.ctx.stats.rejectedConnections++;
      sink.output(refusal, 0, refusal.length);
      sink.close();
      return REFUSED;
    }
    const client = new ClientSession(this, this.#nextSessionId++, info, sink);
    this.ctx.stats.connectionsReceived++;
    this.#clients.set(client.session.id, client);
    this.sessions.set(client.session.id, client.session);
    return client;
  }

  /** Why that client cannot be served, as its only reply. */
  #refusal(info: SessionInfo): Uint8Array | null {
    if (this.#clients.size >= this.config.num.maxclients) return TOO_MANY;
    // Everybody who can run commands can read everything, the credentials of the log included.
    const open = this.passwordless && this.config.bool.protectedMode && !info.unixSocket;
    return open && isElsewhere(info.remoteAddr) ? PROTECTED : null;
  }

  sessionClosed(client: ClientSession): void {
    this.#clients.delete(client.session.id);
    this.sessions.delete(client.session.id);
  }

  /** `timeout`: closes clients that have said nothing for that long and wait for nothing. */
  closeIdle(now: number): void {
    const seconds = this.config.num.timeout;
    if (seconds === 0) return;
    for (const client of this.#clients.values()) {
      const { session } = client;
      if (!session.blocked && now - session.lastInteractionMs > seconds * 1000) client.closeAfterReplies();
    }
  }

  // --- the commit --------------------------------------------------------------------------------------------------

  /** This engine is the master from now on, and its records go there. */
  lead(committer: Committer): void {
    const { ctx } = this;
    // Effects of before are of another data set, or of nobody's.
    this.#abandonHeld();
    this.#dropEffects();
    this.committedSeq = ctx.recordSeq - 1;
    ctx.resetPending();
    // Another log counts its offsets from its own beginning: WAIT would wait for one that it never reaches.
    for (const session of this.sessions.values()) {
      session.lastWriteOffset = Math.min(session.lastWriteOffset, committer.nextOffset);
    }
    this.#committer = committer;
    ctx.keyspace.arena.limited = true;
    ctx.slave = false;
  }

  /**
   * Stops being master. Replies that wait for the log are abandoned: their connections are closed, as those of a master that
   * died, because nobody can say what became of the writes.
   */
  stopLeading(): void {
    this.#committer = null;
    this.#abandonHeld();
    this.#inFlightSince.length = 0;
    this.#oldestInFlightMs = 0;
    this.#dropEffects();
    this.committedSeq = this.ctx.recordSeq - 1;
    this.ctx.resetPending();
    this.#unstall(STALL_EFFECTS | STALL_REPLIES);
  }

  #newEffects(): CommandWriter {
    const effects = new CommandWriter(HEADER_BYTES);
    effects.bytesMax = HEADER_BYTES + RECORD_BYTES_MAX + WRITER_SLACK_BYTES;
    return effects;
  }

  /** What the log has not got yet is nobody's any more. */
  #dropEffects(): void {
    this.#ready.length = 0;
    this.#readyBytes = 0;
    this.ctx.effects.reset();
    this.ctx.recordTaken();
  }

  #abandonHeld(): void {
    for (const held of this.#held) {
      this.#heldBytes -= held.bytes;
      held.abandon();
      this.#sparesHeld.push(held);
    }
    this.#held.length = 0;
    this.#endCommitWaits(Infinity, false);
  }

  /** Calls back, at once or later, when that record is committed; with false when this engine will not know of it any more. */
  whenCommitted(seq: number, done: (committed: boolean) => void): void {
    if (seq <= this.committedSeq) done(true);
    else this.#commitWaits.push({ seq, done });
  }

  /** Those up to that record are told. */
  #endCommitWaits(seq: number, committed: boolean): void {
    if (this.#commitWaits.length === 0) return;
    const ended = this.#commitWaits.filter((wait) => wait.seq <= seq);
    this.#commitWaits = this.#commitWaits.filter((wait) => wait.seq > seq);
    for (const { done } of ended) done(committed);
  }

  get leading(): boolean {
    return this.#committer !== null;
  }

  /** Replication offset behind everything executed so far, committed or not. */
  writtenOffset(): number {
    const committer = this.#committer;
    return committer === null ? 0 : committer.nextOffset + this.unsealedBytes;
  }

  /** Bytes of effects that are not handed to the log yet. */
  get unsealedBytes(): number {
    return this.#readyBytes + this.ctx.effects.pos - HEADER_BYTES;
  }

  get recordsInFlight(): number {
    return this.#inFlightSince.length;
  }

  /** For how long the oldest record has waited for the log, or for the next of its fragments to be stored; 0 when none waits. */
  oldestInFlightAgeMs(): number {
    if (this.#oldestInFlightMs === 0) return 0;
    return this.time.monotonicMs() - Math.max(this.#oldestInFlightMs, this.#committer?.fragmentStoredMs ?? 0);
  }

  /** Keeps replies of a session until that record is committed. True when they are a slice of their own. */
  holdReplies(
    seq: number,
    session: ClientSession,
    buf: Uint8Array,
    start: number,
    end: number,
    replies: number,
  ): boolean {
    this.#heldBytes += end - start;
    if (this.#heldBytes > HELD_BYTES_MAX) this.#stall(STALL_REPLIES);
    return this.#heldFor(seq).add(session, buf, start, end, replies);
  }

  /** Bytes of replies that wait for the log. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The replies that wait for a record; the list stays in the order of the records, some of which have no replies. */
  #heldFor(seq: number): HeldReplies {
    let i = this.#held.length;
    while (i > 0 && this.#held[i - 1].seq > seq) i--;
    if (i > 0 && this.#held[i - 1].seq === seq) return this.#held[i - 1];
    const held = this.#sparesHeld.pop() ?? new HeldReplies();
    held.seq = seq;
    this.#held.splice(i, 0, held);
    return held;
  }

  /** Something was executed: the effects, if any, become a record at the end of this turn of the event loop. */
  turn(): void {
    this.cut();
    if (this.#turnScheduled || this.ctx.effects.pos === HEADER_BYTES) return;
    this.#turnScheduled = true;
    this.time.endOfTurn(this.#endTurn);
  }

  /** Between two commands: effects beyond the bound become a record now. When too many wait for the log, no session executes anything more. */
  cut(): void {
    if (this.ctx.effects.pos <= this.#recordCutBytes || this.#committer === null) return;
    this.#finishRecord();
    this.#handOver();
    // While writes are refused anyway, reads go on: only what expires or is evicted still adds to the effects.
    if (this.unsealedBytes >= this.#recordCutBytes && this.ctx.writeRefusal === '') this.#stall(STALL_EFFECTS);
  }

  readonly #endTurn = (): void => {
    this.#turnScheduled = false;
    this.#seal();
  };

  /** Hands over what is there, as far as the log has room: the whole records first, then the one being filled. */
  #seal(): void {
    this.#handOver();
    if (this.ctx.effects.pos === HEADER_BYTES || this.#ready.length > 0) return;
    if (this.#committer === null || !this.#committer.canAppend) return;
    this.#finishRecord();
    this.#handOver();
  }

  #finishRecord(): void {
    const { ctx } = this;
    const { effects } = ctx;
    effects.settle(); // the chunk that frames were left in is the ingress's again, before the log has done with the record
    this.#ready.push({ seq: ctx.recordSeq, effects });
    this.#readyBytes += effects.pos - HEADER_BYTES;
    ctx.effects = this.#spareWriters.pop() ?? this.#newEffects();
    ctx.recordTaken();
  }

  #handOver(): void {
    while (this.#ready.length > 0 && this.#committer?.canAppend === true) {
      const { seq, effects } = this.#ready.shift()!;
      this.#readyBytes -= effects.pos - HEADER_BYTES;
      this.#append(this.#committer, seq, effects);
    }
    if (this.stalled && this.unsealedBytes < this.#recordCutBytes) this.#unstall(STALL_EFFECTS);
  }

  #append(committer: Committer, seq: number, effects: CommandWriter): void {
    const { ctx } = this;
    const now = this.time.monotonicMs();
    this.#inFlightSince.push(now);
    if (this.#oldestInFlightMs === 0) this.#oldestInFlightMs = now;
    const payloadBytes = effects.pos - HEADER_BYTES;
    ctx.inFlightRecords++;
    ctx.inFlightBytes += payloadBytes;
    ctx.stats.netReplOutputBytes += HEADER_BYTES + payloadBytes;
    committer.append(effects.buf, payloadBytes, effects.count, (outcome, logSeq, endOffset) => {
      ctx.inFlightRecords--;
      ctx.inFlightBytes -= payloadBytes;
      effects.reset();
      if (this.#spareWriters.length < 4) this.#spareWriters.push(effects);
      if (this.#committer !== committer) return;
      if (outcome === 'committed') this.#committed(seq, logSeq, endOffset);
      else if (outcome === 'fenced') this.onFenced();
    });
  }

  #committed(seq: number, logSeq: number, endOffset: number): void {
    this.committedSeq = seq;
    const sinceMs = this.#inFlightSince.shift();
    if (sinceMs !== undefined && this.config.num.latencyMonitorThreshold > 0) {
      this.ctx.latencySample('log-append', (this.time.monotonicMs() - sinceMs) * 1000);
    }
    this.#oldestInFlightMs = this.#inFlightSince.length > 0 ? this.#inFlightSince[0] : 0;
    this.onCommitted(logSeq, endOffset);
    // The next record goes out before the replies do: the log works while they are written.
    this.#seal();
    while (this.#held.length > 0 && this.#held[0].seq <= seq) {
      const held = this.#held.shift()!;
      this.#heldBytes -= held.bytes;
      held.release();
      this.#sparesHeld.push(held);
    }
    this.#endCommitWaits(seq, true);
    if (this.stalled && this.#heldBytes <= HELD_BYTES_MAX / 2) this.#unstall(STALL_REPLIES);
  }

  /**
   * The log does not answer within the bound: whoever waits is told so. The writes stay executed and are still on
   * their way to the log; their keys stay unreadable until it has decided.
   */
  refuseHeld(): void {
    for (const held of this.#held) {
      this.#heldBytes -= held.bytes;
      held.refuse(NOT_CONFIRMED);
    }
    if (this.stalled) this.#unstall(STALL_EFFECTS | STALL_REPLIES);
  }

  /** Stops and resumes the execution of all requests (DEBUG RELOAD, the end). */
  hold(held: boolean): void {
    if (held) this.#stall(STALL_ASKED);
    else this.#unstall(STALL_ASKED);
  }

  #stall(why: number): void {
    this.#stalls |= why;
    this.stalled = true;
  }

  #unstall(why: number): void {
    if ((this.#stalls & why) === 0) return;
    this.#stalls &= ~why;
    if (this.#stalls !== 0) return;
    this.stalled = false;
    for (const client of this.#clients.values()) this.keptBack.add(client);
  }

  /** Takes another data set in place of the present one. */
  swapKeyspace(keyspace: Keyspace): void {
    keyspace.arena.limited = this.leading;
    keyspace.later.freed += this.ctx.keyspace.later.freed;
    this.ctx.keyspace = keyspace;
    this.ctx.resetPending();
  }
}

/**
 * The engine: sessions, which execute requests in one Context, and the commit (`commit.ts`) of what they change.
 *
 * The parts know each other by small interfaces: a session what it needs of the engine (`SessionHost`), the commit whose replies it holds
 * (`ReplyTarget`).
 */

import { isIP } from 'node:net';
import { CommandTable, Context, Lookahead, Slowlog, allCommands, serveReady } from '@weir/commands';
import type { Host, Session } from '@weir/commands';
import type { Config } from '@weir/config';
import type { Keyspace } from '@weir/keyspace';
import type { EnginePort, LinkCommand, SessionInfo, SessionPort, SessionSink } from '@weir/link';
import { ReplyWriter } from '@weir/resp';
import type { ScanLimits } from '@weir/resp';
import { realTime } from '@weir/time';
import type { Time } from '@weir/time';
import { ClientMemory } from './client-memory.ts';
import { ClientSession } from './client-session.ts';
import type { SessionHost } from './client-session.ts';
import { Commit, newEffects } from './commit.ts';
import type { Committer } from './commit.ts';
import { KeptBack } from './kept-back.ts';
import { Lease } from './lease.ts';
import { linkCommands } from './link-commands.ts';

export interface EngineOptions {
  readonly config: Config;
  readonly keyspace: Keyspace;
  readonly host: Host;
  /** Absent: the machine's. */
  readonly time?: Time;
  /** For tests: smaller bounds. */
  readonly recordCutBytes?: number;
}

/** Requests kept for clients that do not read their replies, of all together: beyond it each of them has as little room as others. */
const KEPT_BYTES_MAX = 256 * 1024 * 1024;

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

export class Engine implements EnginePort, SessionHost {
  readonly ctx: Context;
  readonly config: Config;
  readonly time: Time;
  readonly scanLimits: ScanLimits;
  readonly lookahead = new Lookahead();
  readonly commit: Commit;
  readonly lease = new Lease((error) => (this.ctx.role.leaseRefusal = error));
  /** Sessions by id. */
  readonly sessions = new Map<number, Session>();
  readonly keptBack: KeptBack;
  readonly clientMemory: ClientMemory;
  /** Whether the replies of authenticated clients are weighed before they are kept for them. */
  limitsOutput = false;
  /** Bytes of requests in the backlogs of all sessions. */
  keptBytes = 0;

  readonly #clients = new Map<number, ClientSession>();
  #nextSessionId = 1;

  constructor(options: EngineOptions) {
    this.config = options.config;
    this.time = options.time ?? realTime;
    this.keptBack = new KeptBack(this.time);
    this.ctx = new Context({
      keyspace: options.keyspace,
      config: options.config,
      host: options.host,
      table: new CommandTable(allCommands, options.config.renamedCommands),
      reply: new ReplyWriter(),
      effects: newEffects(),
      slowlog: new Slowlog(),
    });
    const { ctx } = this;
    this.commit = new Commit(ctx, {
      nowMs: () => this.time.monotonicMs(),
      endOfTurn: (fn) => this.time.endOfTurn(fn),
      onResume: () => {
        for (const client of this.#clients.values()) this.keptBack.add(client);
      },
      onAppend: (commands, bytes) => {
        ctx.stats.commitCommands.record(commands);
        ctx.stats.commitBytes.record(bytes);
      },
      onStored: (ms) => {
        ctx.stats.recordStored(ms * 1000);
        ctx.latencySample('log-append', ms * 1000);
        this.lease.renewed(this.time.monotonicMs());
      },
      ...(options.recordCutBytes === undefined ? {} : { recordCutBytes: options.recordCutBytes }),
    });
    this.clientMemory = new ClientMemory(this.ctx, this.#clients, this.time);
    this.ctx.onPostpone = (session, req) => this.#clients.get(session.id)!.postpone(req);
    this.ctx.onDefer = (session) => this.#clients.get(session.id)!.defer();
    this.ctx.isStored = (record) => record <= this.commit.committedSeq;
    this.ctx.atEndOfTurn = (run) => this.time.endOfTurn(run);
    this.ctx.whenStored = (record, done) => this.commit.whenCommitted(record, done);
    this.ctx.divideEffects = () => {
      // What is inside another command is one with it: nobody may see a part.
      if (ctx.depth <= 1) this.commit.cut();
    };
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
    return this.ctx.acl.isOpen;
  }

  get roomToKeep(): boolean {
    return this.keptBytes < KEPT_BYTES_MAX;
  }

  /** Replication offset of the log up to which replies show it; told by the node's role, which knows. */
  positionNow: () => number = () => 0;

  get position(): number {
    return this.positionNow();
  }

  get confirmed(): number {
    return this.leading && this.time.monotonicMs() < this.lease.endMs ? this.positionNow() : -1;
  }

  get commands(): readonly LinkCommand[] {
    return linkCommands(this.ctx.table);
  }

  // --- sessions ----------------------------------------------------------------------------------------------------

  open(info: SessionInfo, sink: SessionSink): SessionPort {
    const refusal = this.#refusal(info);
    if (refusal !== null) {
      this.ctx.stats.rejectedConnections++;
      if (info.routed === true && this.ctx.role.isSlave && sink.bounced !== undefined) {
        sink.bounced();
        return REFUSED;
      }
      sink.output(refusal, 0, refusal.length, 1);
      sink.close();
      return REFUSED;
    }
    const client = new ClientSession(this, this.#nextSessionId++, info, sink);
    this.ctx.stats.connectionsReceived++;
    this.#clients.set(client.session.id, client);
    this.sessions.set(client.session.id, client.session);
    return client;
  }

  /** Id of the node, as it reports to the members of its log. */
  node = '';
  readonly #positionListeners = new Set<() => void>();
  #positionMoves = false;

  onPosition(listener: () => void): () => void {
    this.#positionListeners.add(listener);
    return () => void this.#positionListeners.delete(listener);
  }

  /** A record of the log was applied, or stored: who waits for that is told at the end of this turn. */
  positionMoved(): void {
    if (this.#positionListeners.size === 0 || this.#positionMoves) return;
    this.#positionMoves = true;
    this.time.endOfTurn(() => {
      this.#positionMoves = false;
      for (const listener of [...this.#positionListeners]) listener();
    });
  }

  /** A position that has everything acknowledged before; told by the node, which asks the log. */
  confirmNow: (done: (position: number | null) => void) => unknown = (done) => done(null);

  confirm(done: (position: number | null) => void): void {
    this.confirmNow(done);
  }

  /** Why that client cannot be served, as its only reply. */
  #refusal(info: SessionInfo): Uint8Array | null {
    if (this.#clients.size >= this.config.num.maxclients) return TOO_MANY;
    // Everybody who can run commands can read everything, the credentials of the log included.
    const open = this.passwordless && this.config.bool.protectedMode && !info.unixSocket;
    return open && isElsewhere(info.remoteAddr) ? PROTECTED : null;
  }

  sessionClosed(session: Session): void {
    this.#clients.delete(session.id);
    this.sessions.delete(session.id);
  }

  /** `timeout`: closes clients that have said nothing for that long and wait for nothing. */
  closeIdle(now: number): void {
    const seconds = this.config.num.timeout;
    if (seconds === 0) return;
    for (const client of this.#clients.values()) {
      if (now - client.session.lastInteractionMs > seconds * 1000) client.idle();
    }
  }

  // --- the commit --------------------------------------------------------------------------------------------------

  /** This engine is the master from now on, and its records go there. `leaseMs`: it answers as long as it holds a lease of that; 0: it needs none. */
  lead(committer: Committer, leaseMs = 0): void {
    const { ctx } = this;
    this.commit.lead(committer);
    this.lease.begin(committer, leaseMs);
    // Another log counts its offsets from its own beginning: WAIT would wait for one that it never reaches.
    for (const session of this.sessions.values()) {
      session.lastWriteOffset = Math.min(session.lastWriteOffset, committer.nextOffset);
    }
    ctx.keyspace.arena.limited = true;
    ctx.role.isSlave = false;
  }

  /** Stops being master: see Commit.stopLeading. */
  stopLeading(): void {
    this.commit.stopLeading();
    this.lease.end();
  }

  get leading(): boolean {
    return this.commit.leading;
  }

  /** Something was executed: who became ready by it goes on, and the effects become a record at the end of this turn of the event loop. */
  turn(): void {
    serveReady(this.ctx);
    this.commit.turn();
  }

  /** Takes another data set in place of the present one. */
  swapKeyspace(keyspace: Keyspace): void {
    keyspace.arena.limited = this.leading;
    keyspace.later.freed += this.ctx.keyspace.later.freed;
    keyspace.takePlaceOf(this.ctx.keyspace);
    this.ctx.keyspace = keyspace;
    this.ctx.resetPending();
  }
}

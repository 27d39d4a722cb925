/**
 * An engine without a process: commands over a keyspace of its own, with a clock that stands still until it is set and
 * a host that does nothing. What a call changed is kept as the log would keep it, one record a call, so that `replica()`
 * can apply it to a second data set and `contents()` can compare the two.
 */

import type { Config } from '@weir/config';
import { testConfig } from '@weir/config/testing';
import {
  Keyspace,
  TYPE_STRING,
  encodingOf,
  expireOf,
  keyAddress,
  keyLength,
  opsOf,
  typeOf,
  valueAddress,
  valueDigest,
  valueLength,
} from '@weir/keyspace';
import { Arena } from '@weir/memory';
import { CommandWriter, FRAME, FrameScanner, ReplyWriter, Request } from '@weir/resp';
import { testWasm } from '@weir/scripting/testing';
import { Announced, checkAnnounced } from './announced.testing.ts';
import type { Announcement } from './announced.testing.ts';
import type { Command } from './core/command.ts';
import { Context } from './core/context.ts';
import { apply, execute } from './core/execute.ts';
import { resume, serveReady, whenDone } from './core/frame.ts';
import type { Host, ProcessView, ReplicationView, SnapshotView } from './core/host.ts';
import { Session } from './core/session.ts';
import { Slowlog } from './core/slowlog.ts';
import { CommandTable } from './core/table.ts';
import { allCommands } from './index.ts';
import { checkWritten } from './vocabulary.testing.ts';

export type TestArg = string | number | Uint8Array;

export interface TestEngineOptions {
  /** Arena that poisons freed memory and checks every call. Default true. */
  readonly debug?: boolean;
  readonly reserveBytes?: number;
  readonly databases?: number;
  readonly config?: Config | Record<string, string>;
  readonly host?: Partial<Host>;
  readonly commands?: readonly Command[];
  readonly now?: number;
}

/** 2023-11-14T22:13:20Z */
export const TEST_NOW = 1_700_000_000_000;

/** Requests that are remembered while nothing is logged: more than a transaction of a test has. */
const ASKED_MAX = 200;

export class TestEngine {
  readonly ctx: Context;
  readonly arena: Arena;
  readonly config: Config;
  readonly sessions = new Map<number, Session>();
  /** Milliseconds since 1970 that every command sees. */
  now: number;
  /** Arguments of the commands that the last call wrote to the log, one byte per character; SELECT included. */
  effects: string[][] = [];
  /** Every record so far. */
  readonly history: Uint8Array[] = [];
  /** `waitSeq` of the last call. */
  waitSeq = 0;
  /** What the last call announced. */
  announced: readonly Announcement[] = [];
  readonly #announced: Announced;
  readonly #options: TestEngineOptions;
  readonly #default: TestSession;
  #nextSession = 1;

  constructor(options: TestEngineOptions = {}) {
    this.#options = options;
    this.now = options.now ?? TEST_NOW;
    this.arena = new Arena({ debug: options.debug ?? true, reserveBytes: options.reserveBytes ?? 1024 ** 3 });
    const config = options.config ?? {};
    this.config = isConfig(config) ? config : testConfig(config);
    const keyspace = new Keyspace({
      databases: options.databases ?? 16,
      arena: this.arena,
      seed: { k0: 0x12345678, k1: 0x0badcafe },
      randomSeed: 1,
      limits: this.config.num,
      lazyfree: this.config.bool,
    });
    this.ctx = new Context({
      keyspace,
      config: this.config,
      host: testHost(this.sessions, () => this.now, { after: (ms, run) => this.#after(ms, run), ...options.host }),
      table: new CommandTable(options.commands ?? allCommands, this.config.renamedCommands),
      reply: new ReplyWriter(),
      effects: new CommandWriter(),
      slowlog: new Slowlog(),
    });
    // A record is stored when the turn that filled it is over.
    this.ctx.isStored = (record) => record < this.ctx.recordSeq;
    this.ctx.whenStored = (_record, done) => void this.#turnEnds.push(() => done(true));
    this.ctx.atEndOfTurn = (run) => void this.#turnEnds.push(run);
    this.#announced = new Announced(keyspace);
    this.#default = this.session();
    this.ctx.onPostpone = (session, request) => this.#postpone(session, request.copy());
    this.ctx.onDefer = (session) => {
      session.on('wait');
      return (run, atOnce = false) => {
        if (atOnce) this.#goOn(session, run);
        else whenDone(this.ctx, () => this.#goOn(session, run));
      };
    };
  }

  /** Another connection. */
  session(resp: 2 | 3 = 2): TestSession {
    const pushes: Uint8Array[] = [];
    const push = (buf: Uint8Array, start: number, end: number) => void pushes.push(buf.slice(start, end));
    const session = new Session({
      id: this.#nextSession++,
      control: { ...testControl(), push },
      authenticated: true,
      user: this.ctx.acl.defaultUser,
      nowMs: this.now,
      remoteAddr: '127.0.0.1:50000',
      localAddr: '127.0.0.1:6379',
      fd: 8,
    });
    session.resp = resp;
    this.sessions.set(session.id, session);
    return new TestSession(this, session, pushes);
  }

  /** Raw bytes of the reply, on the default connection (RESP2). */
  call(...args: TestArg[]): Uint8Array {
    return this.#default.call(...args);
  }

  /** The same, one character per byte. */
  text(...args: TestArg[]): string {
    return this.#default.text(...args);
  }

  get defaultSession(): Session {
    return this.#default.session;
  }

  /** Executes a request as the engine does: one record if it changed something. What was ready then is done behind it. */
  execute(session: Session, request: Request): Uint8Array {
    const { ctx } = this;
    let asked = this.#askedBy.get(session);
    if (asked === undefined) this.#askedBy.set(session, (asked = []));
    asked.push(Array.from({ length: request.argc }, (_, i) => request.latin1(i)));
    this.#asked = asked;
    ctx.reply.reset();
    ctx.monotonicMs = this.now;
    ctx.busy = true;
    execute(ctx, session, request, this.now);
    ctx.busy = false;
    this.waitSeq = ctx.waitSeq;
    this.#dirty = ctx.dirty;
    const reply = ctx.reply.written();
    if (ctx.ready.length === 0) {
      this.#takeRecord();
      this.#endTurn();
      return reply;
    }
    const own = Buffer.from(reply);
    const before = this.#late.get(session) ?? '';
    this.#late.delete(session);
    this.#serve();
    if (ctx.effects.count > 0) this.#takeRecord(); // nobody was served
    this.#endTurn();
    const late = this.#late.get(session) ?? '';
    this.#late.set(session, before);
    return Buffer.concat([own, Buffer.from(late, 'latin1')]);
  }

  /** What the session was answered by others' requests, and as time passed, since this was asked last. */
  lateOf(session: Session): string {
    const late = this.#late.get(session) ?? '';
    this.#late.delete(session);
    return late;
  }

  /** Lets time pass: those whose time is over are answered. */
  pass(ms: number): void {
    this.now += ms;
    const due = [...this.#timers].filter(({ at }) => at <= this.now).sort((a, b) => a.at - b.at);
    for (const timer of due) if (this.#timers.delete(timer)) timer.run();
    this.#serve();
  }

  readonly #timers = new Set<{ at: number; run: () => void }>();

  #after(ms: number, run: () => void): () => void {
    const timer = { at: this.now + ms, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  readonly #turnEnds: (() => void)[] = [];

  #endTurn(): void {
    for (const run of this.#turnEnds.splice(0)) run();
  }

  /** Changes of the commands whose record is to be taken. */
  #dirty = 0;

  /** What commands said that answered later (Context.defer). */
  lateReply = '';
  readonly #late = new Map<Session, string>();

  #postpone(session: Session, request: Request): void {
    session.isPostponed = true;
    this.ctx.pause.postpone(() => {
      this.#released.push(() => {
        session.isPostponed = false;
        this.#asked = this.#askedBy.get(session)!;
        this.ctx.reply.reset();
        execute(this.ctx, session, request, this.now);
        this.#late.set(session, (this.#late.get(session) ?? '') + latin1(this.ctx.reply.written()));
        this.#dirty += this.ctx.dirty;
        this.#takeRecord();
      });
    });
  }

  /** Requests that go on behind a pause, each as one of its own. */
  readonly #released: (() => void)[] = [];

  #serve(): void {
    serveReady(this.ctx);
    for (let goOn = this.#released.shift(); goOn !== undefined; goOn = this.#released.shift()) {
      goOn();
      serveReady(this.ctx);
    }
  }

  #goOn(session: Session, run: (reply: ReplyWriter) => void): void {
    const { ctx } = this;
    ctx.reply.reset();
    session.on('goOn');
    resume(ctx, session, this.now, run);
    this.waitSeq = ctx.waitSeq;
    this.#dirty += ctx.dirty;
    const reply = latin1(ctx.reply.written());
    this.lateReply += reply;
    this.#late.set(session, (this.#late.get(session) ?? '') + reply);
    this.#takeRecord();
  }

  /** The requests of the session at work since its last record: they may be the record themselves (those that EXEC runs too), or as far as they went before the memory was full. */
  #asked: (readonly string[])[] = [];
  readonly #askedBy = new WeakMap<Session, (readonly string[])[]>();

  #takeRecord(): void {
    const { ctx } = this;
    this.announced = this.#announced.take();
    // Function libraries are no keys.
    const ofFunctions = this.#asked.some(([name]) => /^function$/i.test(name));
    if (!ofFunctions) checkAnnounced(this.announced, this.#dirty);
    this.#dirty = 0;
    this.effects = [];
    if (ctx.effects.count === 0) {
      if (this.#asked.length > ASKED_MAX) this.#asked.shift();
      return;
    }
    const record = ctx.effects.written();
    this.effects = decodeCommands(record);
    // What a script asked for is written down nowhere: handlers are held to their words by the tests that call them.
    const byScript = this.#asked.some(([name]) => /^(eval|fcall)/i.test(name));
    if (this.#options.commands === undefined && !byScript) {
      const rewritten = this.effects.filter((effect) => !this.#asked.some((asked) => this.#isOf(effect, asked)));
      for (const effect of rewritten) checkWritten(effect);
    }
    this.#asked.length = 0;
    this.history.push(record);
    ctx.effects.reset();
    ctx.recordTaken();
  }

  #isOf([name, ...args]: readonly string[], asked: readonly string[]): boolean {
    const sameName = this.ctx.table.renamed || name.toUpperCase() === asked[0]?.toUpperCase();
    return sameName && args.every((arg, i) => arg === asked[i + 1]);
  }

  /** An engine that has applied everything this one logged. */
  replica(): TestEngine {
    const replica = new TestEngine({ ...this.#options, now: this.now });
    replica.ctx.role.isSlave = true;
    for (const record of this.history) replica.apply(record);
    return replica;
  }

  readonly #applySession = new Session({ id: 0, control: testControl(), authenticated: true, nowMs: 0 });

  /** Applies one record of another engine's history. */
  apply(record: Uint8Array): void {
    this.ctx.role.becomeReplay();
    const scanner = new FrameScanner();
    scanner.feed(record, 0, record.length);
    while (scanner.next() === FRAME) {
      apply(this.ctx, this.#applySession, scanner.request, this.now);
    }
    this.ctx.effects.reset();
    this.ctx.role.becomeReplay(false);
    this.#endTurn();
    this.announced = this.#announced.take();
  }

  /** The whole data set, expired keys that nobody has removed yet included, in one order. */
  contents(): KeyContent[] {
    return contentsOf(this.ctx.keyspace);
  }

  /** Throws when the arena's or the tables' books are wrong. */
  verify(): void {
    if (this.#options.debug ?? true) this.arena.verify();
    this.ctx.keyspace.later.verify();
    for (const db of this.ctx.keyspace.dbs) {
      let keys = 0;
      let expires = 0;
      db.keys.forEach((ref) => {
        keys++;
        if (typeOf(this.arena, ref) !== TYPE_STRING) opsOf(this.ctx.space, ref).verify(this.ctx.space, ref);
        if (expireOf(this.arena, ref) >= 0 && !db.expires.holds(db.keys.hashOf(ref), ref)) {
          throw new Error(`db${db.index}: a key with an expire time is missing in expires`);
        }
      });
      db.expires.forEach((ref) => {
        expires++;
        if (!db.keys.holds(db.expires.hashOf(ref), ref)) throw new Error(`db${db.index}: expires holds a dead entry`);
      });
      if (keys !== db.keys.size) throw new Error(`db${db.index}: ${keys} keys, size says ${db.keys.size}`);
      if (expires !== db.expires.size) throw new Error(`db${db.index}: ${expires} expires, size ${db.expires.size}`);
    }
  }
}

/** One connection of a TestEngine. */
export class TestSession {
  readonly engine: TestEngine;
  readonly session: Session;
  readonly #request = new Request();
  readonly #pushes: Uint8Array[];

  constructor(engine: TestEngine, session: Session, pushes: Uint8Array[]) {
    this.engine = engine;
    this.session = session;
    this.#pushes = pushes;
  }

  /** What it was sent since the last call that is no reply, but for what came among its own replies. */
  pushed(): Uint8Array {
    return Buffer.concat(this.#pushes.splice(0));
  }

  call(...args: TestArg[]): Uint8Array {
    return this.engine.execute(this.session, this.#request.setFromStrings(...args));
  }

  text(...args: TestArg[]): string {
    return latin1(this.call(...args));
  }

  /** What it was answered since it asked last: see TestEngine.lateOf. */
  late(): string {
    return this.engine.lateOf(this.session);
  }
}

export interface KeyContent {
  readonly db: number;
  readonly key: string;
  readonly type: number;
  readonly encoding: number;
  readonly expireMs: number;
  /** A string's bytes, one character each; of other types the digest. */
  readonly value: string;
}

/** Every key of a keyspace by database and key; strings are one character per byte. */
function contentsOf(keyspace: Keyspace): KeyContent[] {
  const arena = keyspace.arena;
  const text = (at: number, len: number): string => latin1(arena.u8.subarray(at, at + len));
  const all: KeyContent[] = [];
  for (const db of keyspace.dbs) {
    db.keys.forEach((ref) => {
      all.push({
        db: db.index,
        key: text(keyAddress(arena, ref), keyLength(arena, ref)),
        type: typeOf(arena, ref),
        encoding: encodingOf(arena, ref),
        expireMs: expireOf(arena, ref),
        value:
          typeOf(arena, ref) === TYPE_STRING
            ? text(valueAddress(arena, ref), valueLength(arena, ref))
            : Buffer.from(valueDigest(keyspace, ref)).toString('hex'),
      });
    });
  }
  return all.sort((a, b) => a.db - b.db || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

export { Announced, textOf as announcementText } from './announced.testing.ts';
export type { Announcement } from './announced.testing.ts';

/** The commands in bytes of the log. */
export function decodeCommands(bytes: Uint8Array): string[][] {
  const scanner = new FrameScanner();
  scanner.feed(bytes, 0, bytes.length);
  const commands: string[][] = [];
  while (scanner.next() === FRAME) {
    const args: string[] = [];
    for (let i = 0; i < scanner.request.argc; i++) args.push(scanner.request.latin1(i));
    commands.push(args);
  }
  return commands;
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function isConfig(config: Config | Record<string, string>): config is Config {
  return typeof config.num === 'object';
}

function testControl() {
  return { close() {}, destroy() {}, pendingOutputBytes: 0, queryBufferBytes: 0 };
}

/** A host that knows nothing and does nothing; replace what a test is about. */
export function testHost(
  sessions: ReadonlyMap<number, Session> = new Map(),
  now: () => number = () => TEST_NOW,
  over: Partial<Host> = {},
): Host {
  const replication: ReplicationView = {
    role: 'master',
    replid: '0123456789abcdef0123456789abcdef01234567',
    offset: 0,
    epoch: 1,
    seq: 0,
    slaves: [],
    goodSlaves: 0,
    master: null,
  };
  const snapshots: SnapshotView = {
    lastSaveSeconds: Math.floor(TEST_NOW / 1000),
    changesSinceLastSave: 0,
    inProgress: false,
    lastStatus: 'ok',
    lastSeconds: -1,
    currentSeconds: -1,
    saves: 0,
  };
  const view: ProcessView = {
    pid: 4711,
    runId: 'fedcba9876543210fedcba9876543210fedcba98',
    os: 'Linux 6.1.0 x86_64',
    arch: 'x64',
    executable: '/usr/bin/weir-server',
    configFile: '',
    uptimeMs: 0,
    tcpPort: 6379,
    rssBytes: 50_000_000,
    totalSystemBytes: 8_000_000_000,
    cpu: { user: 0.5, system: 0.25 },
    networkInputBytes: 0,
    networkOutputBytes: 0,
    loading: null,
    version: '0.1.0',
  };
  return {
    clockMicros: () => 0,
    wallClockMicros: () => now() * 1000,
    sessions,
    after: () => () => {},
    replication: () => replication,
    isClustered: () => false,
    handOver: () => 'ERR there is no cluster',
    abortHandover: () => false,
    replicaOf() {},
    waitReplicas: (_offset, _replicas, _timeoutMs, done) => {
      done(0);
      return () => {};
    },
    snapshots: () => snapshots,
    save: (done) => done(null),
    shutdown: () => null,
    shutdownAbort: () => false,
    rewriteConfig: () => null,
    randomBytes: (count) => new Uint8Array(count).fill(0x5a),
    readAclFile: () => ({ error: 'No such file or directory' }),
    writeAclFile: () => null,
    migrate: (_request, done) => done({ lines: [], failure: 'connecting' }),
    reload: (done) => done(null),
    sleep() {},
    process: () => view,
    handshake: () => ({ error: 'ERR no log' }),
    repair: (_args, done) => done({ error: 'ERR no log' }),
    logs: (done) => done([]),
    forgetLog: (id, done) => done(`ERR there is no log ${id}`),
    crash: () => null,
    luaModule: testWasm,
    ...over,
  };
}

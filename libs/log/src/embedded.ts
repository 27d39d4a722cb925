/*
 * A nats-server of our own, for a node that was given no NATS URL.
 *
 * One per directory, in its own process group (a Ctrl-C at the terminal is for us: we stop it when everything that uses it has stopped). It is restarted
 * when it dies, on the same port, and when it lives but cannot work: JetStream switched off, or a stream whose write failed. The second is what
 * a full disk does to nats-server 2.15: appends are no longer answered at all, and stay so when there is room again, until a restart. Its log
 * file is the only place that says it. So: look there, wait for room (reads go on meanwhile), restart. Whoever stops us in order stops it.
 *
 * After a kill -9 of ours it lives on, and that is welcome: slaves go on reading. The next start on the directory notices
 * it by the pipe whose reading end it holds (alive-sign.ts), ends that one process and starts its own. Where it runs in
 * another container it cannot be ended, and the start is refused: two servers on one store destroy it. A directory whose
 * owner still lives is refused by its lock (folder-lock.ts).
 *
 * It listens on loopback and asks for a user and a password, because other users of the machine can reach loopback too: rights.ts says which users
 * there are, embedded-files.ts where their passwords come from. Port and secret are kept in the directory (0600), so the URL that other nodes have
 * learned stays good.
 *
 * Users and rights change while it runs (SIGHUP). When it calls fsync does not: nats-server 2.15 refuses to reload `sync_interval`, so that
 * takes a restart in order.
 */
import { type ChildProcess, execFileSync, spawn, type StdioOptions } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { aliveProcesses, isAlive, openSign } from './alive-sign.ts';
import { guardLogs, noteCleanStop } from './block-guard.ts';
import { syncTree } from './durable-file.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import {
  connectNats,
  describe,
  isJetStreamOff,
  type NatsLink,
  OLDEST_ALWAYS,
  serverIsAtLeast,
  sleep,
} from './connect.ts';
import {
  configurationText,
  type Kept,
  loadKept,
  passwordOf,
  saveKept,
  type Sync,
  writePrivate,
} from './embedded-files.ts';
import { isLogError, LogError } from './errors.ts';
import { type LogNames, type NatsUser } from './rights.ts';
import { watchStart } from './start-watch.ts';

export interface EmbeddedNatsOptions {
  readonly binary: string;
  readonly dir: string;
  /** 0: any free one, and the same again at the next start while it is free. */
  readonly port?: number;
  readonly host?: string;
  /** When JetStream calls fsync: at every message, every second, or as it likes (two minutes). redis.conf's appendfsync. */
  readonly sync?: Sync;
  /** What a node has to know to be given a slave's password: with it, that password changes (`setShared`). */
  readonly shared?: string;
  /** The replication app runs elsewhere: its password is given out like a slave's, and changes like it. */
  readonly replicationElsewhere?: boolean;
  readonly maxPayload?: number;
  readonly maxFileStore?: number;
  readonly logFile?: string;
  /** A server that is not ready and makes no progress for so long is started again; each time the bound doubles. */
  readonly stallMs?: number;
  readonly stopMs?: number;
  readonly onEvent?: (event: EmbeddedNatsEvent) => void;
}

/**
 * Processors that nats-server may use at once beside an engine: half of the machine's. With all of two, the Go runtime's helpers take the
 * engine's processor away (docs/benchmarks.md has the figures). GOMAXPROCS in the environment overrides it.
 */
export function natsProcessors(processors: number): number {
  return Math.max(1, Math.floor(processors / 2));
}

export interface EmbeddedNatsEvent {
  readonly kind:
    'started' | 'starting' | 'exited' | 'restarting' | 'ended-old' | 'jetstream-off' | 'storage-failed' | 'warning';
  readonly detail: string;
}

const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 5_000;
/** After so long alive the next death is a new story. */
const HEALTHY_MS = 30_000;
/**
 * The disk is the limit. Left out, nats-server takes three quarters of what is free when it starts, what it holds already not
 * counted: a log on a disk that was filled by others would stay full after these were gone, and a large one refuse after a restart.
 */
const FILE_STORE_MAX = 2 ** 50;
const STALL_MS = 60_000;
const STALL_MS_MAX = 3_600_000;
/** JetStream's word that it is there, once the server listens. */
const API_MS = 1_000;
const RELOAD_MS = 5_000;
const CHECK_MS = 2_000;
const CHECKS_FAILED_MAX = 2;
const WRITE_FAILED = /critical write error|no space left on device/i;
/** Room without which a restart would only fail again. */
const ROOM_MIN_BYTES = 8 * 1024 * 1024;
const LOG_READ_MAX = 1024 * 1024;

/** The kernel is about to end it with its container; or nobody is. */
const UNSEEN_MS = 2_000;
const KILLED_MS = 2_000;

export async function startEmbeddedNats(options: EmbeddedNatsOptions): Promise<EmbeddedNats> {
  const server = new EmbeddedNats(options);
  await server.start();
  return server;
}

export class EmbeddedNats {
  readonly dir: string;
  readonly #options: EmbeddedNatsOptions;
  readonly #host: string;
  readonly #event: (event: EmbeddedNatsEvent) => void;
  readonly #logFile: string;
  #kept: Kept = { port: 0, name: '', secret: '', log: null };
  #sync: Sync;
  #shared: string;
  #stallMs: number;
  /** What the running server was told. */
  #written = '';
  /** It listens and JetStream answers: signals are understood. */
  #ready = false;
  /** Being restarted in order: its end is no death. */
  #planned = false;
  #changes: Promise<unknown> = Promise.resolve();
  #lock: FolderLock | null = null;
  #child: ChildProcess | null = null;
  #startedAt = 0;
  #stopping = false;
  #stopped: Promise<void> | null = null;
  #delay = RESTART_MIN_MS;
  #timer: NodeJS.Timeout | null = null;
  #monitor: NatsLink | null = null;
  #monitorTimer: NodeJS.Timeout | null = null;
  #checksFailed = 0;
  #logRead = 0;
  #storageFailed = false;
  readonly #onExit = (): void => void this.#child?.kill('SIGTERM');

  constructor(options: EmbeddedNatsOptions) {
    this.#options = options;
    this.dir = resolve(options.dir);
    this.#host = options.host ?? '127.0.0.1';
    this.#event = options.onEvent ?? (() => {});
    this.#sync = options.sync ?? 'no';
    this.#shared = options.shared ?? '';
    this.#stallMs = options.stallMs ?? STALL_MS;
    this.#logFile = options.logFile ?? join(this.dir, 'nats-server.log');
  }

  /** With the right to everything: not to be given away. */
  get url(): string {
    return this.urlOf('admin');
  }

  /** With that user's name and password. */
  urlOf(user: NatsUser): string {
    return `nats://${user}:${this.#password(user)}@${this.#authority}`;
  }

  #password(user: NatsUser): string {
    const given = user === 'slave' || (user === 'replication' && this.#options.replicationElsewhere === true);
    return passwordOf(this.#kept, user, given ? this.#shared : null);
  }

  get #authority(): string {
    return `${this.#host.includes(':') ? `[${this.#host}]` : this.#host}:${this.#kept.port}`;
  }
  get port(): number {
    return this.#kept.port;
  }
  get sync(): Sync {
    return this.#sync;
  }
  /** The log that its users may read and write; null until one was named. */
  get log(): LogNames | null {
    return this.#kept.log;
  }
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    this.#takeOwnership();
    try {
      await this.#endOld();
      this.#kept = loadKept(this.dir);
      const wanted = this.#options.port ?? 0;
      if (wanted !== 0) {
        if (!(await isFree(this.#host, wanted))) throw this.#startError(`port ${wanted} is in use`);
        this.#kept.port = wanted;
      } else if (this.#kept.port === 0 || !(await isFree(this.#host, this.#kept.port)))
        this.#kept.port = await freePort(this.#host);
      saveKept(this.dir, this.#kept);
      process.on('exit', this.#onExit);
      await this.#launchFirst();
    } catch (error) {
      await this.stop();
      throw isLogError(error, 'nats-start') || isLogError(error, 'nats-refused')
        ? error
        : this.#startError(describe(error));
    }
    this.#monitorTimer = setInterval(() => {
      this.#checkStorage();
      void this.#check();
    }, CHECK_MS);
  }

  /**
   * Everything that it has acknowledged is on disk when this resolves. Unless it syncs each write it never syncs the files that say which streams
   * there are, and without them the messages, synced or not, are nobody's: until the system writes old pages (30 s) a power cut takes the
   * whole stream.
   */
  syncStore(): Promise<void> {
    return syncTree(join(this.dir, 'store'));
  }

  /** Graceful, bounded. What it had is on disk then: nats-server does not see to that. */
  stop(): Promise<void> {
    this.#stopping = true;
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#monitorTimer !== null) clearInterval(this.#monitorTimer);
    await this.#monitor?.close();
    const child = this.#child;
    await this.#end('SIGTERM');
    try {
      await this.syncStore();
      if (child?.exitCode === 0) noteCleanStop(this.dir);
    } catch (error) {
      this.#event({ kind: 'warning', detail: describe(error) });
    }
    process.off('exit', this.#onExit);
    this.#lock?.release();
    this.#lock = null;
  }

  // ---------------------------------------------------------------------------------------------- starting

  /** A server that ends at its first start is wrongly installed, which is the caller's to hear; one that stands still is started again. */
  async #launchFirst(): Promise<void> {
    for (;;) {
      try {
        await this.#launch();
        return;
      } catch (error) {
        if (this.#stopping || !this.#isAlive() || isLogError(error, 'nats-refused')) throw error;
        this.#event({ kind: 'warning', detail: describe(error) });
        await this.#end('SIGKILL');
      }
    }
  }

  /** Starts the server and waits until JetStream answers. Throws when it ended or stands still; then it may still be alive. */
  async #launch(): Promise<void> {
    if (this.#stopping) throw this.#startError('it is stopped');
    const conf = join(this.dir, 'nats-server.conf');
    this.#written = this.#configuration();
    writePrivate(conf, this.#written);
    // A group of its own; and no pipes, which would break under it when we are killed.
    this.#logRead = fileSize(this.#logFile);
    this.#storageFailed = false;
    this.#ready = false;
    // It cuts off what is damaged, and says nothing.
    for (const detail of guardLogs(this.dir)) this.#event({ kind: 'warning', detail });
    const env = { GOMAXPROCS: String(natsProcessors(availableParallelism())), ...process.env };
    const child = this.#spawn(conf, env);
    this.#child = child;
    this.#startedAt = performance.now();
    let spawnError: Error | null = null;
    child.once('error', (error) => {
      spawnError = error;
      this.#died(`cannot run ${this.#options.binary}: ${error.message}`);
    });
    child.once('exit', (code, signal) => this.#died(signal !== null ? `signal ${signal}` : `exit code ${code}`));
    const failure = await watchStart({
      pid: child.pid ?? 0,
      logFile: this.#logFile,
      stallMs: this.#stallMs,
      isReady: async () => (await isListening(this.#host, this.#kept.port)) && (await this.#answers(child)),
      ended: () => {
        if (this.#stopping) return 'it is stopped';
        if (spawnError !== null) return `cannot run ${this.#options.binary}: ${(spawnError as Error).message}`;
        return child.exitCode !== null || child.signalCode !== null
          ? `it ended with ${child.exitCode ?? child.signalCode}`
          : '';
      },
      onWaiting: (ms) =>
        this.#event({
          kind: 'starting',
          detail: `nats-server starts since ${Math.round(ms / 1000)} s and lives: a large log takes its time`,
        }),
    });
    if (failure !== '') {
      // Whatever slows it down may slow down the next one as well.
      this.#stallMs = Math.min(STALL_MS_MAX, this.#stallMs * 2);
      throw this.#startError(failure);
    }
    this.#ready = true;
    this.#stallMs = this.#options.stallMs ?? STALL_MS;
    this.#event({
      kind: 'started',
      detail: `nats-server runs: process ${child.pid}, ${this.#host}:${this.#kept.port}`,
    });
    // Told to change while it started.
    if (this.#configuration() !== this.#written) void this.#change(() => this.#reload()).catch(() => {});
  }

  /** Whether this very server's JetStream answers. Throws when it is no server for us. */
  async #answers(child: ChildProcess): Promise<boolean> {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    try {
      this.#monitor ??= await connectNats({
        urls: this.url,
        name: 'weir embedded nats monitor',
        firstConnectMs: API_MS,
        ...(this.#sync === 'always' ? { oldest: OLDEST_ALWAYS } : {}),
      });
      await this.#monitor.api('INFO', undefined, API_MS);
      return true;
    } catch (error) {
      if (isLogError(error, 'nats-refused')) throw error;
      return false;
    }
  }

  #isAlive(): boolean {
    const child = this.#child;
    return child !== null && child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Ends the server, in order unless told otherwise; bounded. */
  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === null || !this.#isAlive()) return;
    const gone = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopMs ?? 10_000);
    await gone;
    clearTimeout(timer);
  }

  #spawn(conf: string, env: NodeJS.ProcessEnv): ChildProcess {
    let sign: number | null = null;
    try {
      sign = openSign(this.#signFile);
    } catch (error) {
      const detail = `${describe(error)}: a nats-server that outlives this process in another container would not be noticed`;
      this.#event({ kind: 'warning', detail });
    }
    try {
      const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', sign ?? 'ignore'];
      return spawn(this.#options.binary, ['-c', conf], { stdio, detached: true, env });
    } finally {
      if (sign !== null) closeSync(sign);
    }
  }

  #died(detail: string): void {
    this.#ready = false;
    if (this.#stopping || this.#planned || this.#timer !== null) return;
    this.#event({ kind: 'exited', detail });
    // The first start reports its own failure; from then on it is being watched.
    if (this.#monitorTimer === null) return;
    if (performance.now() - this.#startedAt > HEALTHY_MS) this.#delay = RESTART_MIN_MS;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#stopping) return;
      this.#event({ kind: 'restarting', detail: 'starting nats-server again' });
      const launched = this.#launch();
      const child = this.#child;
      launched.catch((error: unknown) => {
        // Stopped, or a change has started another one meanwhile.
        if (this.#stopping || this.#planned || child !== this.#child) return;
        this.#event({ kind: 'warning', detail: describe(error) });
        if (this.#isAlive()) child?.kill('SIGKILL');
        else this.#died('did not start');
      });
    }, this.#delay);
    this.#delay = Math.min(RESTART_MAX_MS, this.#delay * 2);
  }

  // ---------------------------------------------------------------------------------------------- changes

  /** One at a time. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(work);
    this.#changes = done.catch(() => {});
    return done;
  }

  /** From now on that log is the one which slaves read and the leader writes. Resolves when the server goes by it. */
  permit(log: LogNames): Promise<void> {
    return this.#change(async () => {
      const { log: old } = this.#kept;
      if (old?.cluster === log.cluster && old.logId === log.logId) return;
      this.#kept = { ...this.#kept, log };
      saveKept(this.dir, this.#kept);
      await this.#reload();
    });
  }

  /** Another password for handshakes: those who have a slave's credentials lose them. Resolves when the server goes by it. */
  setShared(shared: string): Promise<void> {
    return this.#change(async () => {
      const before = this.#shared;
      this.#shared = shared;
      try {
        await this.#reload();
      } catch (error) {
        this.#shared = before;
        throw error;
      }
    });
  }

  /** Users and rights, without a restart. A server that does not run gets them when it starts. */
  async #reload(): Promise<void> {
    const child = this.#child;
    if (!this.#ready || child === null || this.#stopping) return;
    const text = this.#configuration();
    if (text === this.#written) return;
    const before = this.#written;
    let from = fileSize(this.#logFile);
    writePrivate(join(this.dir, 'nats-server.conf'), text);
    this.#written = text;
    child.kill('SIGHUP');
    const deadline = performance.now() + RELOAD_MS;
    for (;;) {
      await sleep(20);
      const size = fileSize(this.#logFile);
      if (size < from) from = 0; // rotated
      const news = readEnd(this.#logFile, Math.min(size - from, LOG_READ_MAX));
      if (/Reloaded server configuration/.test(news)) return;
      // It ended: its successor reads the file.
      if (!this.#ready || this.#child !== child) return;
      const refused = news.split('\n').find((line) => /Failed to reload/.test(line));
      if (refused === undefined && performance.now() < deadline) continue;
      this.#written = before;
      throw new LogError('nats-start', refused?.trim() ?? `nats-server does not reload within ${RELOAD_MS} ms`);
    }
  }

  /**
   * When JetStream calls fsync, from now on: resolves when a server runs that does so. The server is ended in order and started again, and
   * appends wait as in any outage. Rejects when that failed; the server then goes on, or comes back, with the old setting.
   */
  setSync(sync: Sync): Promise<void> {
    return this.#change(async () => {
      if (sync === this.#sync) return;
      if (this.#stopping) throw new LogError('nats-start', 'nats-server is being stopped');
      const version = this.#monitor?.version ?? '';
      if (sync === 'always' && version !== '' && !serverIsAtLeast(version, OLDEST_ALWAYS))
        throw new LogError('nats-refused', `nats-server ${version} is too old for appendfsync always`);
      const before = this.#sync;
      this.#sync = sync;
      this.#planned = true;
      try {
        if (this.#timer !== null) clearTimeout(this.#timer);
        this.#timer = null;
        await this.#end('SIGTERM');
        await this.#launch();
      } catch (error) {
        this.#sync = before;
        if (this.#isAlive()) await this.#end('SIGKILL');
        throw error;
      } finally {
        this.#planned = false;
        if (!this.#ready) this.#died('did not start');
      }
    });
  }

  // ---------------------------------------------------------------------------------------------- watching

  #checkStorage(): void {
    if (this.#stopping || !this.#ready) return;
    if (!this.#storageFailed) {
      const size = fileSize(this.#logFile);
      if (size < this.#logRead) this.#logRead = 0; // rotated
      if (size === this.#logRead) return;
      const news = readEnd(this.#logFile, Math.min(size - this.#logRead, LOG_READ_MAX));
      this.#logRead = size;
      const line = news.split('\n').find((l) => WRITE_FAILED.test(l));
      if (line === undefined) return;
      this.#storageFailed = true;
      this.#event({ kind: 'storage-failed', detail: line.trim() });
    }
    // The first time at once when there is room (another error, a quota); the pause before the start doubles when it goes on failing.
    if (freeBytes(this.dir) >= ROOM_MIN_BYTES) this.#child?.kill('SIGTERM');
  }

  /** A server without JetStream does not recover by itself. */
  async #check(): Promise<void> {
    const monitor = this.#monitor;
    if (monitor === null || monitor.status !== 'connected' || this.#stopping || !this.#ready) return;
    try {
      await monitor.api('INFO', undefined, 1_500);
      this.#checksFailed = 0;
    } catch (error) {
      // Busy is not off: only an answer, or the server's word that nobody is there to answer, counts.
      if (!isJetStreamOff(error)) return;
      if (this.#stopping || monitor.status !== 'connected' || ++this.#checksFailed < CHECKS_FAILED_MAX) return;
      this.#checksFailed = 0;
      this.#event({ kind: 'jetstream-off', detail: `${describe(error)}; ending it: ${this.#logTail(3)}` });
      this.#child?.kill('SIGTERM');
    }
  }

  // ---------------------------------------------------------------------------------------------- files

  get #pidFile(): string {
    return join(this.dir, 'nats-server.pid');
  }

  #takeOwnership(): void {
    try {
      this.#lock = lockFolder(this.dir);
    } catch (error) {
      throw new LogError('nats-start', describe(error), { cause: error });
    }
    this.#lock.signOwner();
    rmSync(join(this.dir, 'owner'), { force: true }); // a pid file of earlier versions
  }

  get #signFile(): string {
    return join(this.dir, 'nats-server.alive');
  }

  /** Ends a server that outlived its owner. One that cannot be seen from here, in another container, refuses the start. */
  async #endOld(): Promise<void> {
    const named = Number.parseInt(readText(this.#pidFile), 10);
    const old = new Set(isAlive(this.#signFile) ? aliveProcesses(this.#signFile) : []);
    // The sign is newer than the pid file, and has no processes on other systems than Linux.
    if (named > 0 && this.#isOurServer(named)) old.add(named);
    const runs = (): boolean => isAlive(this.#signFile) || [...old].some((pid) => this.#isOurServer(pid));
    if (!runs()) return;
    const stopMs = old.size === 0 ? UNSEEN_MS : (this.#options.stopMs ?? 10_000);
    for (const [signal, boundMs] of [
      ['SIGTERM', stopMs],
      ['SIGKILL', KILLED_MS],
    ] as const) {
      for (const pid of old) kill(pid, signal);
      const deadline = performance.now() + boundMs;
      while (runs() && performance.now() < deadline) await sleep(20);
    }
    if (runs()) {
      throw new LogError(
        'nats-start',
        `a nats-server that an earlier owner of ${this.dir} started still runs on its files and cannot be ended from here: ` +
          (old.size > 0
            ? `process ${[...old].join(', ')} does not end`
            : 'end the container that it is in, then start again'),
      );
    }
    if (old.size > 0)
      this.#event({ kind: 'ended-old', detail: `nats-server ${[...old].join(', ')} had outlived its owner` });
  }

  #isOurServer(pid: number): boolean {
    return commandLine(pid).includes(join(this.dir, 'nats-server.conf'));
  }

  #configuration(): string {
    const o = this.#options;
    return configurationText({
      kept: this.#kept,
      passwords: {
        admin: this.#password('admin'),
        leader: this.#password('leader'),
        replication: this.#password('replication'),
        slave: this.#password('slave'),
      },
      listen: this.#authority,
      dir: this.dir,
      pidFile: this.#pidFile,
      logFile: this.#logFile,
      sync: this.#sync,
      maxPayload: o.maxPayload ?? 8 * 1024 * 1024,
      maxFileStore: o.maxFileStore ?? FILE_STORE_MAX,
    });
  }

  #startError(why: string): LogError {
    const tail = this.#logTail(5);
    return new LogError(
      'nats-start',
      `the embedded nats-server in ${this.dir} does not start: ${why}${tail === '' ? '' : `; its log ends: ${tail}`}`,
    );
  }

  #logTail(lines: number): string {
    return readEnd(this.#logFile, 4096).trim().split('\n').slice(-lines).join(' | ');
  }
}

/** Of a file system that is gone: none. */
function freeBytes(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

function fileSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function readEnd(file: string, bytes: number): string {
  try {
    const size = fileSize(file);
    const buffer = Buffer.alloc(Math.min(size, bytes));
    const fd = openSync(file, 'r');
    readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    closeSync(fd);
    return buffer.toString('utf8');
  } catch {
    return '';
  }
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or is not ours to end; who waits for it sees which.
  }
}

function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/**
 * Below those that systems take for outgoing connections (Linux from 32768, others higher): one of those could be gone when the
 * server comes back after its death, to a client of ours that tries to reach it again, for one.
 */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
const PORTS_TRIED = 50;

async function freePort(host: string): Promise<number> {
  for (let i = 0; i < PORTS_TRIED; i++) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (await isFree(host, port)) return port;
  }
  return anyFreePort(host);
}

function anyFreePort(host: string): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, host, () => server.close(() => done(true)));
  });
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

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

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Retry, realTime } from '@weir/time';
import { guardLogs, noteCleanStop } from './block-guard.ts';
import { connectNats, describe, OLDEST_ALWAYS, serverIsAtLeast } from './connect.ts';
import type { NatsLink } from './connect.ts';
import { syncTree } from './durable-file.ts';
import { writePrivate } from './embedded-files.ts';
import type { Sync } from './embedded-files.ts';
import type { EmbeddedNatsEvent, EmbeddedNatsOptions } from './embedded-options.ts';
import { isListening } from './embedded-ports.ts';
import { NatsProcess } from './embedded-process.ts';
import { EmbeddedSettings } from './embedded-settings.ts';
import { isLogError, LogError } from './errors.ts';
import type { FolderLock } from './folder-lock.ts';
import { endOutlived, ownFolder } from './outlived.ts';
import type { LogNames, NatsUser } from './rights.ts';
import { ServerHealth, startError } from './server-health.ts';
import { watchStart } from './start-watch.ts';
import { healMetas, keepMetas } from './stream-meta.ts';

const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 5_000;
/** After so long alive the next death is a new story. */
const HEALTHY_MS = 30_000;
const STALL_MS = 60_000;
const STALL_MS_MAX = 3_600_000;
/** JetStream's word that it is there, once the server listens. */
const API_MS = 1_000;
const STOP_MS = 10_000;

export async function startEmbeddedNats(options: EmbeddedNatsOptions): Promise<EmbeddedNats> {
  const server = new EmbeddedNats(options);
  await server.start();
  return server;
}

export class EmbeddedNats {
  readonly #options: EmbeddedNatsOptions;
  readonly #settings: EmbeddedSettings;
  readonly #event: (event: EmbeddedNatsEvent) => void;
  #stallMs: number;
  /** What the running server was told. */
  #written = '';
  /** It listens and JetStream answers: signals are understood. */
  #ready = false;
  /** Being restarted in order: its end is no death. */
  #planned = false;
  #changes: Promise<unknown> = Promise.resolve();
  #lock: FolderLock | null = null;
  #child: NatsProcess | null = null;
  #stopping = false;
  #stopped: Promise<void> | null = null;
  readonly #restart = new Retry({ time: realTime, minMs: RESTART_MIN_MS, maxMs: RESTART_MAX_MS });
  #monitor: NatsLink | null = null;
  readonly #health: ServerHealth;
  readonly #onExit = (): void => this.#child?.signal('SIGTERM');

  constructor(options: EmbeddedNatsOptions) {
    this.#options = options;
    this.#settings = new EmbeddedSettings(options);
    this.#event = options.onEvent ?? (() => {});
    this.#stallMs = options.stallMs ?? STALL_MS;
    this.#health = new ServerHealth({
      dir: this.dir,
      logFile: this.#settings.logFile,
      onEvent: this.#event,
      isReady: () => this.#ready && !this.#stopping,
      monitor: () => this.#monitor,
      end: () => this.#child?.signal('SIGTERM'),
    });
  }

  get dir(): string {
    return this.#settings.dir;
  }
  /** With the right to everything: not to be given away. */
  get url(): string {
    return this.urlOf('admin');
  }
  /** With that user's name and password. */
  urlOf(user: NatsUser): string {
    return this.#settings.urlOf(user);
  }
  get port(): number {
    return this.#settings.port;
  }
  get sync(): Sync {
    return this.#settings.sync;
  }
  /** The log that its users may read and write; null until one was named. */
  get log(): LogNames | null {
    return this.#settings.log;
  }
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    this.#lock = ownFolder(this.dir);
    try {
      const old = await endOutlived({ ...this.#settings, stopMs: this.#options.stopMs ?? STOP_MS });
      if (old.length > 0)
        this.#event({ kind: 'ended-old', detail: `nats-server ${old.join(', ')} had outlived its owner` });
      await this.#settings.load();
      process.on('exit', this.#onExit);
      await this.#launchFirst();
    } catch (error) {
      await this.stop();
      throw isLogError(error, 'nats-start') || isLogError(error, 'nats-refused')
        ? error
        : startError(this.#settings, describe(error));
    }
    this.#health.watch();
  }

  /**
   * Everything that it has acknowledged is on disk when this resolves. Unless it syncs each write it never syncs the files that say which streams
   * there are, and without them the messages, synced or not, are nobody's: until the system writes old pages (30 s) a power cut takes the
   * whole stream.
   */
  syncStore(): Promise<void> {
    keepMetas(this.dir);
    return syncTree(join(this.dir, 'store'));
  }

  /** Graceful, bounded. What it had is on disk then: nats-server does not see to that. */
  stop(): Promise<void> {
    this.#stopping = true;
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#restart.cancel();
    this.#health.stop();
    await this.#monitor?.close();
    await this.#end('SIGTERM');
    try {
      await this.syncStore();
      if (this.#child?.endedInOrder === true) noteCleanStop(this.dir);
    } catch (error) {
      this.#event({ kind: 'warning', detail: describe(error) });
    }
    process.off('exit', this.#onExit);
    this.#lock?.release();
    this.#lock = null;
  }

  /** A server that ends at its first start is wrongly installed, which is the caller's to hear; one that stands still is started again. */
  async #launchFirst(): Promise<void> {
    for (;;) {
      try {
        await this.#launch();
        return;
      } catch (error) {
        if (this.#stopping || this.#child?.isAlive !== true || isLogError(error, 'nats-refused')) throw error;
        this.#event({ kind: 'warning', detail: describe(error) });
        await this.#end('SIGKILL');
      }
    }
  }

  /** Starts the server and waits until JetStream answers. Throws when it ended or stands still; then it may still be alive. */
  async #launch(): Promise<void> {
    if (this.#stopping) throw startError(this.#settings, 'it is stopped');
    const { conf, signFile, logFile, host } = this.#settings;
    this.#written = this.#settings.text();
    writePrivate(conf, this.#written);
    this.#health.begin();
    this.#ready = false;
    // It cuts off and passes over what is damaged, and says nothing.
    for (const detail of [...healMetas(this.dir), ...guardLogs(this.dir)]) this.#event({ kind: 'warning', detail });
    const child = new NatsProcess({
      binary: this.#options.binary,
      conf,
      signFile,
      onWarning: (detail) => this.#event({ kind: 'warning', detail }),
      onEnded: (detail) => this.#died(detail),
    });
    this.#child = child;
    const failure = await watchStart({
      pid: child.pid ?? 0,
      logFile,
      stallMs: this.#stallMs,
      isReady: async () => (await isListening(host, this.port)) && (await this.#answers(child)),
      ended: () => (this.#stopping ? 'it is stopped' : child.failure),
      onWaiting: (ms) =>
        this.#event({
          kind: 'starting',
          detail: `nats-server starts since ${Math.round(ms / 1000)} s and lives: a large log takes its time`,
        }),
    });
    if (failure !== '') {
      // Whatever slows it down may slow down the next one as well.
      this.#stallMs = Math.min(STALL_MS_MAX, this.#stallMs * 2);
      throw startError(this.#settings, failure);
    }
    this.#ready = true;
    this.#stallMs = this.#options.stallMs ?? STALL_MS;
    this.#event({
      kind: 'started',
      detail: `nats-server runs: process ${child.pid}, ${host}:${this.port}`,
    });
    // Told to change while it started.
    if (this.#settings.text() !== this.#written) void this.#change(() => this.#reload()).catch(() => {});
  }

  /** Whether this very server's JetStream answers. Throws when it is no server for us. */
  async #answers(child: NatsProcess): Promise<boolean> {
    if (!child.isAlive) return false;
    try {
      this.#monitor ??= await connectNats({
        urls: this.url,
        name: 'weir embedded nats monitor',
        firstConnectMs: API_MS,
        ...(this.sync === 'always' ? { oldest: OLDEST_ALWAYS } : {}),
      });
      await this.#monitor.api('INFO', undefined, API_MS);
      return true;
    } catch (error) {
      if (isLogError(error, 'nats-refused')) throw error;
      return false;
    }
  }

  /** Ends the server, in order unless told otherwise; bounded. */
  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#child?.end(signal, this.#options.stopMs ?? STOP_MS);
  }

  #died(detail: string): void {
    this.#ready = false;
    if (this.#stopping || this.#planned || this.#restart.waiting) return;
    this.#event({ kind: 'exited', detail });
    if (!this.#health.isWatching) return;
    if (performance.now() - (this.#child?.startedAt ?? 0) > HEALTHY_MS) this.#restart.succeeded();
    this.#restart.schedule(() => {
      if (this.#stopping) return;
      this.#event({ kind: 'restarting', detail: 'starting nats-server again' });
      const launched = this.#launch();
      const child = this.#child;
      launched.catch((error: unknown) => {
        // Stopped, or a change has started another one meanwhile.
        if (this.#stopping || this.#planned || child !== this.#child) return;
        this.#event({ kind: 'warning', detail: describe(error) });
        if (this.#child?.isAlive === true) child?.signal('SIGKILL');
        else this.#died('did not start');
      });
    });
  }

  /** One at a time. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(work);
    this.#changes = done.catch(() => {});
    return done;
  }

  /** From now on that log is the one which slaves read and the leader writes. Resolves when the server goes by it. */
  permit(log: LogNames): Promise<void> {
    return this.#change(async () => {
      if (this.#settings.nameLog(log)) await this.#reload();
    });
  }

  /** Another password for handshakes: those who have a slave's credentials lose them. Resolves when the server goes by it. */
  setShared(shared: string): Promise<void> {
    return this.#change(async () => {
      const before = this.#settings.shared;
      this.#settings.shared = shared;
      try {
        await this.#reload();
      } catch (error) {
        this.#settings.shared = before;
        throw error;
      }
    });
  }

  /** Users and rights, without a restart. A server that does not run gets them when it starts. */
  async #reload(): Promise<void> {
    const child = this.#child;
    if (!this.#ready || child === null || this.#stopping) return;
    const text = this.#settings.text();
    if (text === this.#written) return;
    const before = this.#written;
    this.#written = text;
    const { conf, logFile } = this.#settings;
    // One that ended meanwhile: its successor reads the file.
    const isCurrent = (): boolean => this.#ready && this.#child === child;
    try {
      await child.reload(() => writePrivate(conf, text), logFile, isCurrent);
    } catch (error) {
      this.#written = before;
      throw error;
    }
  }

  /**
   * When JetStream calls fsync, from now on: resolves when a server runs that does so. The server is ended in order and started again, and
   * appends wait as in any outage. Rejects when that failed; the server then goes on, or comes back, with the old setting.
   */
  setSync(sync: Sync): Promise<void> {
    return this.#change(async () => {
      if (sync === this.sync) return;
      if (this.#stopping) throw new LogError('nats-start', 'nats-server is being stopped');
      const version = this.#monitor?.version ?? '';
      if (sync === 'always' && version !== '' && !serverIsAtLeast(version, OLDEST_ALWAYS))
        throw new LogError('nats-refused', `nats-server ${version} is too old for appendfsync always`);
      const before = this.#settings.sync;
      this.#settings.sync = sync;
      this.#planned = true;
      try {
        this.#restart.cancel();
        await this.#end('SIGTERM');
        await this.#launch();
      } catch (error) {
        this.#settings.sync = before;
        if (this.#child?.isAlive === true) await this.#end('SIGKILL');
        throw error;
      } finally {
        this.#planned = false;
        if (!this.#ready) this.#died('did not start');
      }
    });
  }
}

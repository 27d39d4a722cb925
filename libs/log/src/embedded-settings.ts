/* What an embedded nats-server is at present: its address, secrets, log and fsync setting, and the configuration that says so. */

import { join, resolve } from 'node:path';
import { configurationText, loadKept, passwordOf, saveKept } from './embedded-files.ts';
import type { Kept, Sync } from './embedded-files.ts';
import type { EmbeddedNatsOptions } from './embedded-options.ts';
import { freePort, isFree } from './embedded-ports.ts';
import type { LogNames, NatsUser } from './rights.ts';

/**
 * The disk is the limit. Left out, nats-server takes three quarters of what is free when it starts, what it holds already not
 * counted: a log on a disk that was filled by others would stay full after these were gone, and a large one refuse after a restart.
 */
const FILE_STORE_MAX = 2 ** 50;
const PAYLOAD_MAX = 8 * 1024 * 1024;

export class EmbeddedSettings {
  readonly dir: string;
  readonly host: string;
  readonly conf: string;
  readonly pidFile: string;
  readonly logFile: string;
  /** The pipe that says whether the server lives (alive-sign.ts). */
  readonly signFile: string;
  sync: Sync;
  shared: string;
  readonly #options: EmbeddedNatsOptions;
  #kept: Kept = { port: 0, name: '', secret: '', log: null };

  constructor(options: EmbeddedNatsOptions) {
    this.#options = options;
    this.dir = resolve(options.dir);
    this.host = options.host ?? '127.0.0.1';
    this.conf = join(this.dir, 'nats-server.conf');
    this.pidFile = join(this.dir, 'nats-server.pid');
    this.logFile = options.logFile ?? join(this.dir, 'nats-server.log');
    this.signFile = join(this.dir, 'nats-server.alive');
    this.sync = options.sync ?? 'no';
    this.shared = options.shared ?? '';
  }

  /** From the folder, with the port that was asked for or a free one. Rejects with a sentence. */
  async load(): Promise<void> {
    this.#kept = loadKept(this.dir);
    const wanted = this.#options.port ?? 0;
    if (wanted !== 0) {
      if (!(await isFree(this.host, wanted))) throw new Error(`port ${wanted} is in use`);
      this.#kept.port = wanted;
    } else if (this.#kept.port === 0 || !(await isFree(this.host, this.#kept.port)))
      this.#kept.port = await freePort(this.host);
    saveKept(this.dir, this.#kept);
  }

  get port(): number {
    return this.#kept.port;
  }

  get log(): LogNames | null {
    return this.#kept.log;
  }

  /** False when it is that one already. */
  nameLog(log: LogNames): boolean {
    const { log: old } = this.#kept;
    if (old?.cluster === log.cluster && old.logId === log.logId) return false;
    this.#kept = { ...this.#kept, log };
    saveKept(this.dir, this.#kept);
    return true;
  }

  urlOf(user: NatsUser): string {
    return `nats://${user}:${this.#password(user)}@${this.#authority}`;
  }

  /** Of the configuration file. */
  text(): string {
    const { maxPayload = PAYLOAD_MAX, maxFileStore = FILE_STORE_MAX } = this.#options;
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
      pidFile: this.pidFile,
      logFile: this.logFile,
      sync: this.sync,
      maxPayload,
      maxFileStore,
    });
  }

  get #authority(): string {
    return `${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.#kept.port}`;
  }

  #password(user: NatsUser): string {
    const given = user === 'slave' || (user === 'replication' && this.#options.replicationElsewhere === true);
    return passwordOf(this.#kept, user, given ? this.shared : null);
  }
}

import { join } from 'node:path';
import { externalRights, isClustered, missingNodeFile, takeNewerLog } from '@weir/app-engine';
import type { LogLocation, RoleMemory, OwnLog as EngineOwnLog } from '@weir/app-engine';
import { askClusterLog, clusterLogId, rememberClusterLog } from '@weir/cluster';
import type { ClusterPlace } from '@weir/cluster';
import type { Config } from '@weir/config';
import { EmbeddedNats, dropGuard, guardedTail, logStream } from '@weir/log';
import type { GuardedTail, Sync } from '@weir/log';
import type { EventLogger } from '@weir/telemetry';
import { findNatsServer } from '@weir/toolchain';
import { natsListenHost } from './nats-address.ts';

/**
 * The log of a node that leads: on the NATS server that `nats-url` names, or on one of its own, which is started when it
 * is first needed (a slave never needs it) and keeps its files below `dir`.
 *
 * On a server of its own everybody has the rights that their part needs (libs/log, rights.ts): the engine appends, the replication app
 * trims, and what a handshake gives out reads. On one that `nats-url` names the rights are its operator's affair.
 */
export class OwnLog implements EngineOwnLog {
  readonly #config: Config;
  readonly #log: EventLogger;
  /** Told when the embedded server's storage fails, with the reason in words, and with '' when it has started anew. */
  onTrouble: (reason: string) => void = () => {};
  #embedded: Promise<EmbeddedNats> | null = null;
  #running: EmbeddedNats | null = null;
  /** Also while it starts, which may take long. */
  #server: EmbeddedNats | null = null;
  #guard: { readonly stream: string; readonly tail: GuardedTail | null } | null = null;

  constructor(config: Config, log: EventLogger) {
    this.#config = config;
    this.#log = log;
  }

  get ownsStore(): boolean {
    return this.#config.text.natsUrl === '';
  }

  async locate(memory: RoleMemory, signal: AbortSignal): Promise<LogLocation> {
    const place = await this.#place(signal);
    if (memory.logId === null) {
      const { lostSign } = memory;
      const logId = lostSign === null ? await clusterLogId(place) : await this.#lostLogId(place, lostSign, memory);
      memory.remember(logId, null);
    } else if (this.ownsStore) await this.#takeNewer(memory, place);
    else if (isClustered(this.#config)) await takeNewerLog(memory, place, this.#log);
    return this.#located(place, memory.logId!);
  }

  async place(logId: string, signal: AbortSignal): Promise<LogLocation> {
    return this.#located(await this.#place(signal), logId);
  }

  async secure(): Promise<void> {
    await (await this.#embedded)?.syncStore();
  }

  /** On a NATS server of its own this node is the cluster; on a shared one the former master's log stays the cluster's, unless its nodes choose their leader. */
  async remember({ logId }: LogLocation, generation: number, signal: AbortSignal): Promise<void> {
    if (this.ownsStore || isClustered(this.#config))
      await rememberClusterLog(await this.#place(signal), { logId, generation });
  }

  guard(logId: string): GuardedTail | null {
    if (!this.ownsStore) return null;
    const stream = this.#stream(logId);
    // Without a copy it costs one look at a folder; with one it is read once.
    if (this.#guard?.stream !== stream || this.#guard.tail === null)
      this.#guard = { stream, tail: guardedTail(this.#natsDir, stream) };
    return this.#guard.tail;
  }

  settled(logId: string): void {
    this.#guard = null;
    if (this.ownsStore) dropGuard(this.#natsDir, this.#stream(logId));
  }

  get #natsDir(): string {
    return join(this.#config.text.dir, 'nats');
  }

  #stream(logId: string): string {
    return logStream(this.#config.text.weirCluster, logId);
  }

  async #place(signal: AbortSignal): Promise<ClusterPlace> {
    const cluster = this.#config.text.weirCluster;
    const external = this.#config.text.natsUrl;
    const embedded = external === '' ? await unlessAborted(this.#start(), signal) : null;
    const natsUrl = embedded?.urlOf('leader') ?? external;
    let said = '';
    const onRetry = (reason: string): void => {
      if (reason !== said) this.#log.warn({}, `no log yet: ${reason}; trying again`);
      said = reason;
    };
    return { natsUrl, cluster, signal, replicas: this.#config.num.logReplicas, onRetry };
  }

  /** That log, with the rights that everybody's part needs. */
  async #located({ natsUrl, cluster }: ClusterPlace, logId: string): Promise<LogLocation> {
    const embedded = this.#running;
    if (embedded === null) return { natsUrl, cluster, logId, ...externalRights(this.#config) };
    await embedded.permit({ cluster, logId });
    const elsewhere = this.#config.choice.replicationApp === 'external';
    return {
      natsUrl,
      cluster,
      logId,
      urlFor: (who) => (who === 'replication' && !elsewhere ? null : embedded.urlOf(who)),
    };
  }

  /** What the replication app that this node starts connects with. */
  replicationUrl(location: LogLocation): string {
    return this.#running?.urlOf('replication') ?? (this.#config.text.natsUrlReplication || location.natsUrl);
  }

  /** With every right on the NATS server of its own; null while it runs none. */
  get upkeepUrl(): string | null {
    return this.#running?.url ?? null;
  }

  /**
   * The file and the NATS server of this node name different logs: one of the two is an older copy, or the node died between the two. The bucket is
   * written first, when the log has its first record, so whichever began later is whole.
   */
  async #takeNewer(memory: RoleMemory, place: ClusterPlace): Promise<void> {
    const named = await askClusterLog(place);
    if (named === null || named.logId === memory.logId || named.generation <= memory.generation) return;
    this.#log.warn(
      { file: memory.logId, nats: named.logId },
      'weir-node.json names an earlier log than the NATS server in dir: that one is taken',
    );
    memory.begin(named.logId, named.generation, null);
  }

  /** The id that `weir-node.json` had, from the NATS server that only this node uses. */
  async #lostLogId(place: ClusterPlace, sign: string, memory: RoleMemory): Promise<string> {
    const named = await askClusterLog(place);
    if (named === null) throw missingNodeFile(this.#config.text.dir, sign);
    const { logId, generation } = named;
    memory.begin(logId, generation, null);
    this.#log.warn({ logId }, 'weir-node.json is missing: the log that the NATS server in dir names is taken');
    return logId;
  }

  /** Resolves when the NATS server runs, where it is this node's to run; rejects with a sentence when it cannot. */
  async ready(): Promise<void> {
    if (this.#config.text.natsUrl === '') await this.#start();
  }

  /**
   * CONFIG SET appendfsync: resolves when JetStream goes by it, or with why it does not. A node that runs no NATS server (a slave) goes by
   * it when it starts one.
   */
  syncChanges(after: string): Promise<string | undefined> | undefined {
    const embedded = this.#embedded;
    if (embedded === null) return undefined;
    return embedded.then((nats) => nats.setSync(after as Sync)).then(() => undefined, textOf);
  }

  /** CONFIG SET requirepass: the credentials that handshakes gave out become void. One that still starts is not waited for. */
  passwordChanges(after: string): Promise<string | undefined> | undefined {
    return this.#server?.setShared(after).then(() => undefined, textOf);
  }

  #start(): Promise<EmbeddedNats> {
    const { text, choice, num } = this.#config;
    if (this.#embedded !== null) return this.#embedded;
    const server = new EmbeddedNats({
      binary: text.natsServer !== '' ? text.natsServer : findNatsServer(),
      dir: this.#natsDir,
      host: natsListenHost(this.#config),
      port: num.natsPort,
      sync: choice.appendfsync,
      shared: this.#config.value('requirepass'),
      replicationElsewhere: choice.replicationApp === 'external',
      stallMs: num.natsStartTimeout * 1000,
      onEvent: ({ kind, detail }) => {
        this.#log[kind === 'started' || kind === 'ended-old' ? 'info' : 'warn'](
          { nats: kind },
          detail || 'nats-server',
        );
        // The last words of the server's line are the system's: "write /data/6379/nats/…: no space left on device".
        if (kind === 'storage-failed') this.onTrouble(detail.slice(detail.lastIndexOf(': ') + 2));
        else if (kind === 'started') this.onTrouble('');
      },
    });
    this.#server = server;
    const started = server.start().then(() => server);
    this.#embedded = started;
    started.then(
      () => (this.#running = server),
      () => (this.#embedded = null),
    );
    return started;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#embedded = null;
    this.#running = null;
    await server?.stop();
  }
}

/** Its end is not waited for when the signal comes first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
}

import { join } from 'node:path';
import { missingNodeFile } from '@weir/app-engine';
import type { LogLocation, NodeMemory, OwnLog as EngineOwnLog } from '@weir/app-engine';
import { clusterLogId, knownClusterLogId, rememberClusterLogId } from '@weir/cluster';
import type { ClusterPlace } from '@weir/cluster';
import type { Config } from '@weir/config';
import { dropGuard, guardedTail, logStream, startEmbeddedNats } from '@weir/log';
import type { EmbeddedNats, GuardedTail } from '@weir/log';
import { findNatsServer } from '@weir/toolchain';
import { natsListenHost } from './nats-address.ts';
import type { ServerLogger } from './server.ts';

/**
 * The log of a node that leads: on the NATS server that `nats-url` names, or on one of its own, which is started when it
 * is first needed (a slave never needs it) and keeps its files below `dir`.
 */
export class OwnLog implements EngineOwnLog {
  readonly #config: Config;
  readonly #log: ServerLogger;
  /** Told when the embedded server's storage fails, with the reason in words, and with '' when it has started anew. */
  onTrouble: (reason: string) => void = () => {};
  #embedded: Promise<EmbeddedNats> | null = null;
  #guard: { readonly stream: string; readonly tail: GuardedTail | null } | null = null;

  constructor(config: Config, log: ServerLogger) {
    this.#config = config;
    this.#log = log;
  }

  get ownsStore(): boolean {
    return this.#config.text.natsUrl === '';
  }

  async locate(memory: NodeMemory, signal: AbortSignal): Promise<LogLocation> {
    const place = await this.#place(signal);
    const logId =
      memory.logId ??
      (memory.lostSign === null ? await clusterLogId(place) : await this.#lostLogId(place, memory.lostSign));
    if (memory.logId === null) memory.remember(logId, null);
    return { natsUrl: place.natsUrl, cluster: place.cluster, logId };
  }

  async place(logId: string, signal: AbortSignal): Promise<LogLocation> {
    const { natsUrl, cluster } = await this.#place(signal);
    return { natsUrl, cluster, logId };
  }

  /** On a NATS server of its own this node is the cluster; on a shared one the former master's log stays the cluster's. */
  async remember({ logId }: LogLocation, signal: AbortSignal): Promise<void> {
    if (this.ownsStore) await rememberClusterLogId(await this.#place(signal), logId);
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
    const natsUrl = external !== '' ? external : (await this.#start()).url;
    let said = '';
    const onRetry = (reason: string): void => {
      if (reason !== said) this.#log.warn({}, `no log yet: ${reason}; trying again`);
      said = reason;
    };
    return { natsUrl, cluster, signal, replicas: this.#config.num.logReplicas, onRetry };
  }

  /** The id that `weir-node.json` had, from the NATS server that only this node uses. */
  async #lostLogId(place: ClusterPlace, sign: string): Promise<string> {
    const logId = await knownClusterLogId(place);
    if (logId === null) throw missingNodeFile(this.#config.text.dir, sign);
    this.#log.warn({ logId }, 'weir-node.json is missing: the log that the NATS server in dir names is taken');
    return logId;
  }

  /** Resolves when the NATS server runs, where it is this node's to run; rejects with a sentence when it cannot. */
  async ready(): Promise<void> {
    if (this.#config.text.natsUrl === '') await this.#start();
  }

  #start(): Promise<EmbeddedNats> {
    const { text, choice } = this.#config;
    this.#embedded ??= (async () => {
      const nats = await startEmbeddedNats({
        binary: text.natsServer !== '' ? text.natsServer : findNatsServer(),
        dir: this.#natsDir,
        host: natsListenHost(this.#config),
        port: this.#config.num.natsPort,
        sync: choice.appendfsync,
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
      return nats;
    })();
    this.#embedded.catch(() => (this.#embedded = null));
    return this.#embedded;
  }

  async stop(): Promise<void> {
    const embedded = this.#embedded;
    this.#embedded = null;
    await (await embedded?.catch(() => null))?.stop();
  }
}

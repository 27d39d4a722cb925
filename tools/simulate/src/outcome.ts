import { fingerprint } from '@weir/keyspace';
import type { Reply } from '@weir/resp';
import { epochOf } from './broker.ts';
import { valueOf } from './client.ts';
import type { Cluster } from './cluster.ts';
import { Violation } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import type { SimulatedNode } from './node.ts';

/** So much virtual time everything may need to be well again. */
const HEAL_MS = 180_000;
const PROBE_MS = 500;
/** So often in a row all must be well: a master that was deposed finds out within two seconds. */
const WELL_PROBES = 8;
/** An operator looks after so long. */
const OPERATE_MS = 25_000;
const ANSWER_MS = 20_000;

/**
 * What must be so when the faults have ended: everybody serves within a bounded time, all data sets are the same one, that of a node which starts now
 * included, and it holds what the ledger says.
 */
export class Outcome {
  /** How often an operator gave up what a power cut had taken. */
  operated = 0;
  readonly #cluster: Cluster;
  readonly #ledger: Ledger;
  #operatesAt = 0;

  constructor(cluster: Cluster, ledger: Ledger) {
    this.#cluster = cluster;
    this.#ledger = ledger;
  }

  /** Every node answers reads, and one of them takes writes. */
  async allServe(): Promise<void> {
    const { scheduler, nodes } = this.#cluster;
    const end = scheduler.now + HEAL_MS;
    this.#operatesAt = scheduler.now + OPERATE_MS;
    let why = '';
    for (let well = 0; scheduler.now < end && scheduler.failure === null;) {
      const read = nodes.map(() => 'no reply');
      const write = nodes.map(() => 'no reply');
      nodes.forEach((node, i) => {
        void this.#cluster.ask(node, ['GET', 'probe']).then((reply) => (read[i] = stateOf(reply)));
        void this.#cluster.ask(node, ['SET', 'probe', '1']).then((reply) => (write[i] = stateOf(reply)));
      });
      await scheduler.run(scheduler.now + PROBE_MS);
      const masters = write.filter((state) => state === 'ok').length;
      // A slave in trouble answers reads with what it has, and says so elsewhere.
      const inTrouble = nodes.filter((node) => node.engineNode!.role.trouble !== null);
      const serve = masters === 1 && read.every((state) => state === 'ok') && inTrouble.length === 0;
      well = serve ? well + 1 : 0;
      if (well === WELL_PROBES) return;
      why = nodes
        .map(({ name, engineNode }, i) => {
          const trouble = engineNode!.role.trouble?.text;
          return `${name} reads: ${read[i]!}, writes: ${write[i]!}${trouble === undefined ? '' : `, trouble: ${trouble}`}`;
        })
        .join('; ');
      if (well === 0) this.#operate(inTrouble);
    }
    if (scheduler.failure === null) throw new Violation(`not all is well ${HEAL_MS} ms after the last fault: ${why}`);
  }

  /**
   * What a power cut took may leave a node that knows more than its log: it says so, and waits for an operator, who gives up what is lost. Only
   * then: a node in trouble without a loss has a bug.
   */
  #operate(inTrouble: readonly SimulatedNode[]): void {
    const { scheduler } = this.#cluster;
    if (!this.#ledger.anyLost || scheduler.now < this.#operatesAt) return;
    this.#operatesAt = scheduler.now + OPERATE_MS;
    for (const node of inTrouble) {
      scheduler.note(node.name, 'an operator gives up what the log lost');
      this.operated++;
      void this.#cluster.ask(node, ['WEIR', 'REPAIR', 'DISCARD', 'CONFIRM']).then((reply) => {
        scheduler.note(node.name, `answers ${reply === null ? 'nothing' : String(valueOf(reply))}`);
      });
    }
  }

  async allEqual(): Promise<void> {
    const { scheduler, nodes } = this.#cluster;
    const end = scheduler.now + HEAL_MS;
    let digests: string[] = [];
    while (scheduler.now < end && scheduler.failure === null) {
      digests = nodes.map((node) => fingerprint(node.engineNode!.engine.ctx.keyspace));
      if (new Set(digests).size === 1) return;
      await scheduler.run(scheduler.now + PROBE_MS);
    }
    if (scheduler.failure === null) throw new Violation(`the data sets differ: ${digests.join(' ')}`);
  }

  /** A node that starts now, from snapshot and log, has what the others have. */
  async newcomerHasAll(name: string): Promise<void> {
    const cluster = this.#cluster;
    const { scheduler } = cluster;
    const digest = fingerprint(cluster.nodes[0]!.engineNode!.engine.ctx.keyspace);
    const master = cluster.nodes.find((node) => node.engineNode!.role.leading) ?? cluster.leader;
    const newcomer = cluster.add(name, cluster.isClustered ? null : master);
    newcomer.start();
    let own = '';
    const up = await scheduler.run(scheduler.now + HEAL_MS, () => {
      const { ctx } = newcomer.engineNode!.engine;
      if (!ctx.role.isLoading) own = fingerprint(ctx.keyspace);
      return !ctx.role.isLoading;
    });
    if (scheduler.failure !== null) return;
    if (!up) throw new Violation('a node that starts after the healing does not load its data set');
    if (own !== digest) throw new Violation(`a node that starts after the healing has data set ${own}, not ${digest}`);
  }

  /** The values of all keys, asked of each node. */
  async allThere(): Promise<void> {
    const { scheduler, nodes } = this.#cluster;
    for (const node of nodes) {
      for (const { key, kind } of this.#ledger.keys()) {
        const command = kind === 'lpush' || kind === 'queue' ? ['LRANGE', key, '0', '-1'] : ['GET', key];
        const reply = await this.#cluster.answer(node, command, ANSWER_MS);
        if (scheduler.failure !== null) return;
        if (reply === undefined || reply === null || reply.type === 'error')
          throw new Violation(`${node.name} does not show ${key} in the end: ${stateOf(reply ?? null)}`);
        const value = valueOf(reply);
        this.#ledger.settled(key, kind === 'incr' ? Number(value ?? 0) : value);
      }
    }
  }

  /** In the history that is stored, an epoch has one writer. */
  oneWriterAnEpoch(): void {
    if (this.#ledger.anyLost) return;
    for (const broker of this.#cluster.brokers.values()) {
      for (const [logId, stream] of broker.logs()) {
        const writers = new Map<number, string>();
        for (const { bytes } of stream.messages) {
          const { epoch, writer } = epochOf(bytes);
          const before = writers.get(epoch);
          if (before !== undefined && before !== writer)
            throw new Violation(`epoch ${epoch} of log ${logId.slice(0, 6)} has two writers`);
          writers.set(epoch, writer);
        }
      }
    }
  }
}

function stateOf(reply: Reply | null): string {
  if (reply === null) return 'closed';
  return reply.type === 'error' ? reply.value.slice(0, 200) : 'ok';
}

import type { Config } from '@weir/config';
import { SocketLinkClient, parseAddress } from '@weir/link';
import type { EnginePort } from '@weir/link';
import { machineBytes } from '@weir/program';
import type { Program, Running } from '@weir/program';
import { realTime } from '@weir/time';
import { clientAddresses, isOptionalAddress } from './addresses.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { startIngress } from './ingress.ts';
import type { IngressOptions } from './ingress.ts';
import { Fleet } from './routing/fleet.ts';
import { Workers } from './workers.ts';

/** Which worker this process is, as the one that started it says: the first one has the number 1. */
const WORKER = 'INGRESS_WORKER';

/**
 * An ingress alone: clients on the usual addresses. With `link-connect` they are served by the engine there, else by all engines of a log, which is found by
 * `nats-url` (the cluster's) or by `replicaof` (that of a node).
 */
export async function startIngressProgram(program: Program): Promise<Running> {
  const { config } = program;
  const worker = Number(process.env[WORKER] ?? 0);
  if (worker === 0 && config.num.ingressWorkers > 1) return startWorkers(program);
  // Whoever started it is gone: so are its directives, and whoever would end it.
  if (worker > 0) process.once('disconnect', () => program.stop('the process that started this worker is gone'));
  if (config.text.linkConnect !== '') return serveOne(program, config.text.linkConnect);
  if (config.text.natsUrl === '' && config.replicaof === null) {
    throw new Error(
      'an ingress alone needs nats-url or replicaof, to find the engines of a log, or link-connect: where one engine takes its link',
    );
  }
  return serveLog(program);
}

async function serveOne(program: Program, linkConnect: string): Promise<Running> {
  const engine = new SocketLinkClient({ address: parseAddress(linkConnect), log: program.logger });
  const ingress = await startIngress({ ...optionsOf(program), engine });
  engine.run();
  return {
    async stop() {
      await ingress.stop();
      await engine.stop();
    },
  };
}

async function serveLog(program: Program): Promise<Running> {
  const { config, logger: log } = program;
  const { num, choice } = config;
  let logId = '';
  const fleet = new Fleet({
    time: realTime,
    log,
    lagMsMax: num.weirMaxLag,
    readWaitMs: num.weirReadWait,
    holdMs: num.weirHoldTimeout,
    connect: ({ id }, address, events) =>
      new SocketLinkClient({ address: parseAddress(address), log, node: id, ...events }),
    poll: () => watch.poll(),
  });
  const watch = new ClusterWatch({
    config,
    log,
    onReport: (member) => fleet.heard(member),
    onLog: (id) => {
      logId = id;
      fleet.clear();
    },
  });
  const ingress = await startIngress({
    ...optionsOf(program),
    routing: {
      fleet,
      level: choice.weirConsistency,
      closesUnknown: choice.weirUnknownOutcome === 'close',
      limits: limitsOf(config),
      logId: () => logId,
      held: { bytes: 0 },
    },
  });
  watch.start();
  return {
    async stop() {
      await ingress.stop();
      await watch.stop();
      await fleet.stop();
    },
  };
}

function limitsOf({ num }: Config): {
  bulkBytesMax: number;
  argsMax: number;
  inlineBytesMax: number;
  queryBufferBytesMax: number;
} {
  return {
    bulkBytesMax: num.protoMaxBulkLen,
    argsMax: 0x7fffffff,
    inlineBytesMax: 65536,
    queryBufferBytesMax: num.clientQueryBufferLimit,
  };
}

/** The port is bound once before anything is started: an error of it is said at once, by one. */
async function startWorkers(program: Program): Promise<Running> {
  const { config, logger: log } = program;
  const addresses = clientAddresses(config);
  if (addresses.some((address) => address.kind === 'tcp' && address.port === 0))
    throw new Error('workers share a port: give one');
  const probe = await startIngress({ ...optionsOf(program), engine: NOBODY });
  await probe.stop(0);
  return new Workers({
    count: config.num.ingressWorkers,
    log,
    env: (worker) => ({ [WORKER]: String(worker) }),
  });
}

/** Serves the clients of a moment. */
const NOBODY: EnginePort = {
  commands: [],
  position: 0,
  open(_info, sink) {
    sink.destroy();
    return { input() {}, drained() {}, closed() {} };
  },
};

function optionsOf({ config, logger }: Program): Omit<IngressOptions, 'engine' | 'routing'> {
  const worker = Number(process.env[WORKER] ?? 0);
  const all = clientAddresses(config);
  return {
    // A path cannot be shared.
    listen: worker > 1 ? all.filter(({ kind }) => kind === 'tcp') : all,
    sharesPort: worker > 0,
    isOptional: (address) => isOptionalAddress(config, address),
    backlog: config.num.tcpBacklog,
    keepAliveSeconds: config.num.tcpKeepalive,
    unixSocketMode: config.num.unixsocketperm,
    outputBytesMax: Math.floor(machineBytes() / 2 / config.num.ingressWorkers),
    log: logger,
  };
}

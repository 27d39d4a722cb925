import type { Config } from '@weir/config';
import { SocketLinkClient, parseAddress } from '@weir/link';
import { machineBytes } from '@weir/program';
import type { Program, Running } from '@weir/program';
import { realTime } from '@weir/time';
import { clientAddresses, isOptionalAddress } from './addresses.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { startIngress } from './ingress.ts';
import type { IngressOptions } from './ingress.ts';
import { Fleet } from './routing/fleet.ts';

/**
 * An ingress alone: clients on the usual addresses. With `link-connect` they are served by the engine there, else by all engines of a log, which is found by
 * `nats-url` (the cluster's) or by `replicaof` (that of a node).
 */
export async function startIngressProgram(program: Program): Promise<Running> {
  const { config } = program;
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

function optionsOf({ config, logger }: Program): Omit<IngressOptions, 'engine' | 'routing'> {
  return {
    listen: clientAddresses(config),
    isOptional: (address) => isOptionalAddress(config, address),
    backlog: config.num.tcpBacklog,
    keepAliveSeconds: config.num.tcpKeepalive,
    unixSocketMode: config.num.unixsocketperm,
    outputBytesMax: Math.floor(machineBytes() / 2),
    log: logger,
  };
}

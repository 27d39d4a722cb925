import { SocketLinkClient, parseAddress } from '@weir/link';
import { machineBytes } from '@weir/program';
import type { Program, Running } from '@weir/program';
import { clientAddresses, isOptionalAddress } from './addresses.ts';
import { startIngress } from './ingress.ts';

/** An ingress alone: clients on the usual addresses, the engine at `link-connect`. */
export async function startIngressProgram(program: Program): Promise<Running> {
  const { config, logger } = program;
  const { linkConnect } = config.text;
  if (linkConnect === '') throw new Error('an ingress alone needs link-connect: where the engine takes its link');
  const engine = new SocketLinkClient({ address: parseAddress(linkConnect), log: logger });
  const ingress = await startIngress({
    engine,
    listen: clientAddresses(config),
    isOptional: (address) => isOptionalAddress(config, address),
    backlog: config.num.tcpBacklog,
    keepAliveSeconds: config.num.tcpKeepalive,
    unixSocketMode: config.num.unixsocketperm,
    outputBytesMax: Math.floor(machineBytes() / 2),
    log: logger,
  });
  engine.run();
  return {
    async stop() {
      await ingress.stop();
      await engine.stop();
    },
  };
}

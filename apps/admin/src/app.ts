import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { Config } from '@weir/config';
import type { Logger } from '@weir/telemetry';
import { wallClockMs } from '@weir/time';
import { nodePassword } from './locate.ts';
import { Nodes } from './nodes.ts';
import { buildServer } from './server.ts';
import { Restores } from './restores.ts';
import { Source } from './source.ts';
import { readTokenFile } from './tokens.ts';

/** The admin app: an HTTP server that looks at one log and its members, and holds no state of its own. Any number may run. */
export interface AdminApp {
  readonly url: string;
  /** Reads the token file anew; with an error the tokens stay as they are. */
  readTokens(): void;
  stop(): Promise<void>;
}

export interface AdminOptions {
  readonly config: Config;
  readonly logger: Logger;
}

const STOP_MS = 10_000;

/** Serves at once, also while the log is not found yet: /readyz says so. */
export async function startAdmin({ config, logger }: AdminOptions): Promise<AdminApp> {
  const { adminBind, natsUrl, masteruser } = config.text;
  if (config.replicaof === null && natsUrl === '') {
    throw new Error('which log? Give replicaof HOST PORT of a node, or nats-url for the log of the cluster');
  }
  const file = config.text.adminTokenFile === '' ? null : config.path('admin-token-file');
  let tokens = file === null ? null : readTokenFile(file);
  if (tokens === null) logger.warn({}, 'no admin-token-file: this machine may read, and nobody may change anything');
  const source = new Source(config, logger);
  const nodes = new Nodes({ user: () => masteruser, password: () => nodePassword(config) });
  const restores = new Restores({ folder: resolve(config.text.dir, 'restores'), wallMs: wallClockMs });
  const server = await buildServer({ source, nodes, restores, tokens: () => tokens, logger, watch: true });
  await server.listen({ host: adminBind, port: config.num.adminPort });
  source.start();
  const { address, family, port } = server.server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  return {
    url,
    readTokens() {
      if (file === null) return;
      try {
        tokens = readTokenFile(file);
        logger.info({ tokens: tokens.count }, 'read the token file');
      } catch (error) {
        logger.error({}, `${(error as Error).message}; the tokens stay as they are`);
      }
    },
    async stop() {
      // Answers under way are finished, within a bound; streams end at once.
      const late = setTimeout(() => server.server.closeAllConnections(), STOP_MS);
      await server.close();
      clearTimeout(late);
      nodes.stop();
      await source.stop();
    },
  };
}

import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { WEIR_VERSION } from '@weir/dataset';
import type { Logger } from '@weir/telemetry';
import { LogController, fastify } from 'fastify';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { controlAccess } from './access.ts';
import { Metrics } from './metrics.ts';
import { Monitor } from './monitor.ts';
import type { Nodes } from './nodes.ts';
import { Problem, toProblem } from './problems.ts';
import { changeRoutes } from './routes/changes.ts';
import { configRoutes } from './routes/config.ts';
import { dashboardRoutes } from './routes/dashboard.ts';
import { healthRoutes } from './routes/health.ts';
import { keyRoutes } from './routes/keys.ts';
import { logRoutes } from './routes/log.ts';
import { nodeRoutes } from './routes/nodes.ts';
import { digestRoutes } from './routes/digests.ts';
import { overviewRoutes } from './routes/overview.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { topologyRoutes } from './routes/topology.ts';
import { restoreRoutes } from './routes/restores.ts';
import type { Restores } from './restores.ts';
import type { LogSource } from './source.ts';
import { EventStreams } from './sse.ts';
import type { Tokens } from './tokens.ts';
import { TopologyReader } from './topology.ts';

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What routes work with. */
export interface Services {
  readonly source: LogSource;
  readonly nodes: Nodes;
  readonly topology: TopologyReader;
  readonly streams: EventStreams;
  readonly metrics: Metrics;
  readonly monitor: Monitor;
  readonly restores: Restores;
}

export interface ServerOptions {
  readonly source: LogSource;
  readonly nodes: Nodes;
  readonly restores: Restores;
  /** Null: no token file is configured. */
  readonly tokens: () => Tokens | null;
  readonly logger: Logger;
  /** Of one client address, in a minute. */
  readonly requestsPerMinute?: number;
  readonly streamsMax?: number;
  /** Looks at the cluster every second, whoever asks; else only when somebody does. */
  readonly watch?: boolean;
}

const BODY_BYTES_MAX = 64 * 1024;
const REQUEST_MS = 30_000;
const KEY_CHARACTERS_MAX = 8192;
const REQUESTS_PER_MINUTE = 1200;
const STREAMS_MAX = 32;

/** The routes and all around them, not listening yet. */
export async function buildServer(options: ServerOptions): Promise<App> {
  const app: App = fastify({
    loggerInstance: options.logger as FastifyBaseLogger,
    // One line of its own for each request, below: at debug, because dashboards ask every second.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    // A stream has no head without a body.
    exposeHeadRoutes: false,
    // A request has to be here within this time, however slowly it is sent; how long an answer takes is each route's to bound.
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: 10_000,
    forceCloseConnections: 'idle',
    // An unknown name in a body is a mistake to be told of, not to be passed over.
    ajv: { customOptions: { removeAdditional: false } },
    // An address that cannot be read comes to no route.
    frameworkErrors: answerProblem,
    routerOptions: { maxParamLength: KEY_CHARACTERS_MAX },
    // Whose address the audit log tells is the connection's: a header could say anything.
    trustProxy: false,
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler({ preHandler: [] }, (request) => {
    throw new Problem('not-found', `${request.method} ${request.url.split('?')[0]!}`);
  });
  app.addHook('onResponse', async ({ method, url, ip, principal, log }, { statusCode: status, elapsedTime }) => {
    const fields = { method, url, status, ms: Math.round(elapsedTime), from: ip, who: principal?.name ?? null };
    log[status >= 500 ? 'warn' : 'debug'](fields, 'request');
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });

  await app.register(rateLimit, {
    max: options.requestsPerMinute ?? REQUESTS_PER_MINUTE,
    timeWindow: 60_000,
    // Also of what has no token or a wrong one: guessing is slow. Bounded: an address is forgotten when others come.
    cache: 5000,
    errorResponseBuilder: (_request, { ttl, after }) =>
      new Problem('too-many-requests', `try again in ${after}`, { retryAfterSeconds: Math.ceil(ttl / 1000) }),
  });
  controlAccess(app, { tokens: options.tokens });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Weir admin API',
        version: WEIR_VERSION,
        description:
          'What a Weir cluster is doing, and the few things that are changed from outside. Errors are problem+json with stable codes.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // The page's own says to use https, which a server without it does not have, and lets other hosts in.
    staticCSP: "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    uiConfig: { persistAuthorization: false, validatorUrl: null },
  });

  const { source, nodes } = options;
  const topology = new TopologyReader(nodes);
  const streams = new EventStreams(options.streamsMax ?? STREAMS_MAX);
  const monitor = new Monitor({ source, nodes, topology });
  const metrics = new Metrics({ source, nodes, topology, streams, monitor });
  const services: Services = { source, nodes, topology, streams, metrics, monitor, restores: options.restores };
  healthRoutes(app, services);
  dashboardRoutes(app);
  await app.register(
    async (api: App) => {
      api.get('/openapi.json', { config: { access: 'anybody' }, schema: { hide: true } }, async () => app.swagger());
      topologyRoutes(api, services);
      overviewRoutes(api, services);
      digestRoutes(api, services);
      logRoutes(api, services);
      snapshotRoutes(api, services);
      restoreRoutes(api, services);
      nodeRoutes(api, services);
      configRoutes(api, services);
      keyRoutes(api, services);
      changeRoutes(api, services);
    },
    { prefix: '/api/v1' },
  );
  if (options.watch === true) app.addHook('onReady', async () => monitor.start());
  app.addHook('preClose', async () => {
    monitor.stop();
    options.restores.stop();
    streams.endAll();
  });
  app.addHook('onClose', async () => metrics.stop());
  return app;
}

function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error);
  if (problem.code === 'internal') request.log.error({ err: error }, 'a request failed');
  if (problem.code === 'unauthorized') void reply.header('www-authenticate', 'Bearer realm="weir"');
  void reply.code(problem.status).type('application/problem+json').serializer(JSON.stringify).send(problem.body());
}

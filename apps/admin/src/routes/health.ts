import { Type } from '@fastify/type-provider-typebox';
import { problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';

/** For whoever starts, restarts and scrapes the process. */
export function healthRoutes(app: App, { source, metrics }: Services): void {
  const quiet = { logLevel: 'warn', exposeHeadRoute: true, config: { access: 'anybody', rateLimit: false } } as const;

  app.get(
    '/healthz',
    {
      ...quiet,
      schema: {
        tags: ['health'],
        summary: 'Whether the process serves',
        security: [],
        response: { 200: Type.Object({ status: Type.Literal('ok') }) },
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  const Ready = Type.Object({ ready: Type.Boolean(), reasons: Type.Array(Type.String()) });
  app.get(
    '/readyz',
    {
      ...quiet,
      schema: {
        tags: ['health'],
        summary: 'Whether it can tell about the cluster, and if not, why',
        security: [],
        response: { 200: Ready, 503: Ready },
      },
    },
    async (_request, reply) => {
      const reasons: string[] = [];
      if (source.trouble !== '') reasons.push(source.trouble);
      else {
        try {
          await source.need().log.state();
        } catch (error) {
          reasons.push((error as Error).message);
        }
      }
      return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
    },
  );

  app.get(
    '/metrics',
    {
      logLevel: 'warn',
      // Counted by itself: tokens are guessed as slowly as elsewhere, and an address with too many requests is scraped all the same.
      config: { access: 'read', rateLimit: {} },
      schema: {
        tags: ['health'],
        summary: 'In the text format of Prometheus',
        response: { 200: Type.String(), ...problems },
      },
    },
    async (_request, reply) =>
      reply
        .type(metrics.contentType)
        .serializer(String)
        .send(await metrics.text()),
  );
}

import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readPageFiles } from '../page-files.ts';
import type { PageFile } from '../page-files.ts';
import { Problem } from '../problems.ts';
import { problems } from '../schemas.ts';
import type { App } from '../server.ts';

/**
 * The page and its files. They say nothing of the cluster, so nobody is asked for a token; what the page shows it asks of the API with the token that
 * it was given. The policy lets scripts, styles and requests come from and go to this server alone, none of them inline, and strings never become
 * scripts or markup: keys and values are whatever clients wrote.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

export function dashboardRoutes(app: App): void {
  const { index, base, files } = readPageFiles();
  const open = { logLevel: 'warn', config: { access: 'anybody' }, exposeHeadRoute: true } as const;
  const schema = { hide: true, response: { 200: Type.String(), ...problems } };

  app.get('/', { ...open, schema }, async (request, reply) => {
    void reply.header('content-security-policy', PAGE_POLICY).header('referrer-policy', 'no-referrer');
    return send(request, reply.header('cache-control', 'no-cache'), index);
  });

  app.get(
    '/ui/:hash/:name',
    { ...open, schema: { ...schema, params: Type.Object({ hash: Type.String(), name: Type.String() }) } },
    async (request, reply) => {
      const { hash, name } = request.params;
      const file = files.get(name);
      // The files of another version: a page that was loaded from it has to be loaded anew.
      if (file === undefined || `/ui/${hash}` !== base) throw new Problem('not-found', 'no such file of this version');
      return send(request, reply.header('cache-control', 'public, max-age=31536000, immutable'), file);
    },
  );
}

function send({ headers }: FastifyRequest, reply: FastifyReply, { type, plain, brotli, gzip }: PageFile): FastifyReply {
  const accepted = headers['accept-encoding'] ?? '';
  const [encoding, body] = /\bbr\b/.test(accepted)
    ? (['br', brotli] as const)
    : /\bgzip\b/.test(accepted)
      ? (['gzip', gzip] as const)
      : ([null, plain] as const);
  if (encoding !== null) void reply.header('content-encoding', encoding);
  return reply
    .type(type)
    .header('vary', 'accept-encoding')
    .serializer((same: unknown) => same as string)
    .send(body);
}

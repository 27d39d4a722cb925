/**
 * Every route says which role it needs; one that does not say it is a bug that the start finds. Without a token file only this machine may read:
 * not what a proxy on it passes on, nor what a web page in a browser on it asks for under a name of its own (the Host header tells).
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problems.ts';
import type { Principal, Role, Tokens } from './tokens.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** 'anybody': tells nothing about data or topology. */
    readonly access?: Role | 'anybody';
    /** The name of a change in the audit log. */
    readonly audit?: string;
  }
  interface FastifyRequest {
    principal: Principal | null;
    /** What an audited request is about, beside its parameters. No values of settings or keys. */
    auditDetails: Record<string, unknown> | null;
  }
}

const LOOPBACK_ADDRESS = /^(127\.|::1$|::ffff:127\.)/;
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

export interface AccessOptions {
  /** Null: no token file is configured. Asked for at each request: the file may be read anew. */
  readonly tokens: () => Tokens | null;
}

export function controlAccess(app: FastifyInstance, { tokens }: AccessOptions): void {
  app.decorateRequest('principal', null);
  app.decorateRequest('auditDetails', null);
  app.addHook('onRoute', ({ url, config, method }) => {
    // Beneath /docs stand the files of the reference page, which a plugin registers.
    if (config?.access === undefined && !url.startsWith('/docs')) throw new Error(`${String(method)} ${url}: who may?`);
  });
  // Behind the count of requests, which is taken in onRequest: so guessing is counted. In front of the body, which is not read for strangers.
  app.addHook('preParsing', async (request) => {
    const needed = request.routeOptions.config.access ?? 'anybody';
    if (needed === 'anybody') return;
    const principal = authenticate(request, tokens());
    request.principal = principal;
    if (needed === 'operate' && principal.role !== 'operate') {
      throw new Problem('forbidden', `this needs the role operate; ${principal.name} has the role read`);
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    const { audit } = request.routeOptions.config;
    if (audit === undefined) return;
    const { principal, params, auditDetails, ip } = request;
    request.log.info(
      {
        audit,
        who: principal?.name ?? null,
        from: ip,
        params,
        ...(auditDetails ?? {}),
        status: reply.statusCode,
        outcome: reply.statusCode < 400 ? 'done' : 'refused',
      },
      `audit: ${audit}`,
    );
  });
}

function authenticate(request: FastifyRequest, tokens: Tokens | null): Principal {
  const { authorization } = request.headers;
  if (tokens === null) {
    if (isThisMachine(request)) return { name: 'this machine', role: 'read' };
    throw new Problem('unauthorized', 'no admin-token-file is configured: only this machine may read');
  }
  if (authorization === undefined) throw new Problem('unauthorized', 'the request has no Authorization header');
  const [, token] = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization) ?? [];
  const principal = token === undefined ? null : tokens.find(token);
  if (principal === null) throw new Problem('unauthorized', 'the token is not known');
  return principal;
}

function isThisMachine({ socket, headers }: FastifyRequest): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined) return false;
  return LOOPBACK_ADDRESS.test(socket.remoteAddress ?? '') && LOOPBACK_HOST.test(headers.host ?? '');
}

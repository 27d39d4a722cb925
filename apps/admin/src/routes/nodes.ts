import { Type } from '@fastify/type-provider-typebox';
import { quoteBytes, splitLine } from '../console.ts';
import { parseClients, parseInfoSections } from '../info.ts';
import { Problem } from '../problems.ts';
import { BytesBody, Database, NodeParams, problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';
import { engineOf } from '../topology.ts';
import { showBytes } from '../bytes.ts';

const Texts = Type.Record(Type.String(), Type.String());
const ARGUMENT_BYTES_MAX = 256;

/** What one engine tells about itself. */
export function nodeRoutes(api: App, { source, nodes }: Services): void {
  const engine = (id: string) => engineOf(source.need().members.members(), id);

  api.get(
    '/nodes/:id/info',
    {
      config: { access: 'read' },
      schema: {
        tags: ['nodes'],
        summary: 'INFO by sections, and ROLE',
        params: NodeParams,
        querystring: Type.Object({ section: Type.Optional(Type.String({ pattern: '^[a-z]{1,32}$' })) }),
        response: {
          200: Type.Object({
            id: Type.String(),
            role: Type.Array(Type.Any()),
            sections: Type.Record(Type.String(), Texts),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const node = engine(request.params.id);
      const { section = 'everything' } = request.query;
      const [role, info] = await Promise.all([nodes.call(node, ['ROLE']), nodes.info(node, section)]);
      return { id: node.id, role: role as unknown[], sections: parseInfoSections(info) };
    },
  );

  const SlowEntry = Type.Object({
    id: Type.Integer(),
    atSeconds: Type.Integer({ description: 'Unix time' }),
    micros: Type.Integer(),
    args: Type.Array(BytesBody),
    client: Type.String(),
    clientName: Type.String(),
  });
  api.get(
    '/nodes/:id/slowlog',
    {
      config: { access: 'read' },
      schema: {
        tags: ['nodes'],
        summary: 'The slow log, newest first',
        params: NodeParams,
        querystring: Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 1000, default: 128 }) }),
        response: { 200: Type.Object({ id: Type.String(), entries: Type.Array(SlowEntry) }), ...problems },
      },
    },
    async (request) => {
      const node = engine(request.params.id);
      const entries = await nodes.callBytes(node, ['SLOWLOG', 'GET', request.query.limit]);
      return { id: node.id, entries: (entries as SlowReply[]).map(toSlowEntry) };
    },
  );

  api.get(
    '/nodes/:id/clients',
    {
      config: { access: 'read' },
      schema: {
        tags: ['nodes'],
        summary: 'CLIENT LIST',
        params: NodeParams,
        response: { 200: Type.Object({ id: Type.String(), clients: Type.Array(Texts) }), ...problems },
      },
    },
    async (request) => {
      const node = engine(request.params.id);
      return { id: node.id, clients: parseClients(String(await nodes.call(node, ['CLIENT', 'LIST']))) };
    },
  );

  api.delete(
    '/nodes/:id/clients/:client',
    {
      config: { access: 'operate', audit: 'client.kill' },
      schema: {
        tags: ['nodes'],
        summary: 'CLIENT KILL ID',
        params: Type.Object({
          ...NodeParams.properties,
          client: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
        }),
        response: { 204: Type.Null(), ...problems },
      },
    },
    async (request, reply) => {
      const { id, client } = request.params;
      const killed = await nodes.call(engine(id), ['CLIENT', 'KILL', 'ID', client]);
      if (killed === 0) throw new Problem('no-such-client', `node ${id} has no client ${client}`);
      return reply.code(204).send(null);
    },
  );

  api.post(
    '/nodes/:id/command',
    {
      config: { access: 'operate', audit: 'command' },
      schema: {
        tags: ['nodes'],
        summary: 'A command, over a connection of its own: at most 5 s and 1 MB of reply',
        params: NodeParams,
        body: Type.Object({
          line: Type.String({
            minLength: 1,
            maxLength: 16384,
            description: 'As redis-cli takes it, with its quotes and escapes',
          }),
          db: Type.Optional(Database),
        }),
        response: {
          200: Type.Object({
            text: Type.String({ description: 'The reply as redis-cli shows it' }),
            isError: Type.Boolean(),
            bytes: Type.Integer(),
            ms: Type.Number(),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const args = splitLine(request.body.line);
      if (args === null || args.length === 0) throw new Problem('bad-request', 'Invalid argument(s)');
      // What it is about stays out of the audit log: a password may be among it.
      const command = quoteBytes(args[0]!.subarray(0, COMMAND_BYTES_SHOWN)).toLowerCase();
      request.auditDetails = { command, arguments: args.length - 1 };
      return nodes.runCommand(engine(request.params.id), args, request.body.db ?? 0);
    },
  );
}

const COMMAND_BYTES_SHOWN = 64;

type SlowReply = [id: number, at: number, micros: number, args: Buffer[], client: Buffer, name: Buffer];

function toSlowEntry([id, atSeconds, micros, args, client, name]: SlowReply) {
  return {
    id,
    atSeconds,
    micros,
    args: args.map((arg) => showBytes(arg, ARGUMENT_BYTES_MAX)),
    client: String(client),
    clientName: String(name),
  };
}

import { Type } from '@fastify/type-provider-typebox';
import { namedBytes, showBytes } from '../bytes.ts';
import { readKey } from '../key.ts';
import { Problem } from '../problems.ts';
import { BytesBody, Database, Encoding, problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';
import { engineOf } from '../topology.ts';

const KEY_BYTES_SHOWN = 1024;
/** SCAN goes on until it has enough keys, or has asked so often: a pattern may fit nothing. */
const STEPS_MAX = 50;
const STEP_KEYS = 200;

const Where = {
  node: Type.Optional(Type.String({ maxLength: 128, description: 'Default: the master' })),
  db: Database,
};

export function keyRoutes(api: App, { source, nodes }: Services): void {
  const engine = (id?: string) => engineOf(source.need().members.members(), id);

  api.get(
    '/keys',
    {
      config: { access: 'read' },
      schema: {
        tags: ['keys'],
        summary: 'SCAN: a page of keys; go on with its cursor until that is 0. A page may be empty',
        querystring: Type.Object({
          ...Where,
          pattern: Type.Optional(Type.String({ maxLength: 1024 })),
          type: Type.Optional(Type.Enum(['string', 'list', 'set', 'zset', 'hash', 'stream'])),
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'About so many' }),
          cursor: Type.String({ pattern: '^\\d{1,20}$', default: '0' }),
        }),
        response: {
          200: Type.Object({ node: Type.String(), cursor: Type.String(), keys: Type.Array(BytesBody) }),
          ...problems,
        },
      },
    },
    async (request) => {
      const { node: id, db, pattern, type, limit, cursor } = request.query;
      const node = engine(id);
      const filter = [
        ...(pattern === undefined ? [] : ['MATCH', pattern]),
        ...(type === undefined ? [] : ['TYPE', type]),
      ];
      const keys: Buffer[] = [];
      let next = cursor;
      for (let step = 0; step < STEPS_MAX && keys.length < limit; step++) {
        const count = filter.length === 0 ? Math.min(STEP_KEYS, limit - keys.length) : STEP_KEYS;
        const reply = await nodes.callBytes(node, ['SCAN', next, ...filter, 'COUNT', count], db);
        const [nextCursor, found] = reply as [Buffer, Buffer[]];
        next = String(nextCursor);
        keys.push(...found);
        if (next === '0') break;
      }
      return { node: node.id, cursor: next, keys: keys.map((key) => showBytes(key, KEY_BYTES_SHOWN)) };
    },
  );

  api.get(
    '/keys/:key',
    {
      config: { access: 'read' },
      schema: {
        tags: ['keys'],
        summary: 'A key: type, encoding, expiry, size, and the first part of its value',
        params: Type.Object({ key: Type.String() }),
        querystring: Type.Object({
          ...Where,
          encoding: Encoding,
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Elements' }),
          'value-bytes': Type.Integer({
            minimum: 0,
            maximum: 1048576,
            default: 65536,
            description: 'Of a string or an element',
          }),
        }),
        response: {
          200: Type.Object({
            node: Type.String(),
            key: BytesBody,
            type: Type.String(),
            encoding: Type.String(),
            ttlMs: Type.Union([Type.Integer(), Type.Null()], { description: 'null: it does not expire' }),
            memoryBytes: Type.Integer(),
            length: Type.Integer({ description: 'Bytes of a string, elements of anything else' }),
            elementsShown: Type.Integer(),
            value: Type.Any({
              description:
                'string: bytes; list, set: elements; hash: fields with values; zset: members with scores; stream: entries with fields',
            }),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const { node: id, db, encoding, limit, 'value-bytes': valueBytesMax } = request.query;
      const node = engine(id);
      const key = namedBytes(request.params.key, encoding);
      const found = await readKey((args) => nodes.callBytes(node, args, db), key, { limit, valueBytesMax });
      if (found === null) throw new Problem('no-such-key', `node ${node.id} has no such key in database ${db}`);
      return { node: node.id, key: showBytes(key, KEY_BYTES_SHOWN), ...found };
    },
  );

  api.delete(
    '/keys/:key',
    {
      config: { access: 'operate', audit: 'key.delete' },
      schema: {
        tags: ['keys'],
        summary: 'UNLINK at the master',
        params: Type.Object({ key: Type.String() }),
        querystring: Type.Object({ db: Database, encoding: Encoding }),
        response: { 204: Type.Null(), ...problems },
      },
    },
    async (request, reply) => {
      const { db, encoding } = request.query;
      const node = engine();
      request.auditDetails = { node: node.id, db };
      const removed = await nodes.call(node, ['UNLINK', namedBytes(request.params.key, encoding)], db);
      if (removed === 0) throw new Problem('no-such-key', `node ${node.id} has no such key in database ${db}`);
      return reply.code(204).send(null);
    },
  );
}

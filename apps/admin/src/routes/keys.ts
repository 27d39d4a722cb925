import { Type } from '@fastify/type-provider-typebox';
import { namedBytes, showBytes } from '../bytes.ts';
import { factsOfKeys, readKey } from '../key.ts';
import type { KeyFacts } from '../key.ts';
import type { Argument } from '../nodes.ts';
import { Problem } from '../problems.ts';
import { BytesBody, Database, Encoding, problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';
import { engineOf } from '../topology.ts';

const KEY_BYTES_SHOWN = 1024;
/** SCAN goes on until it has enough keys, or has asked so often: a pattern may fit nothing. */
const STEPS_MAX = 50;
const STEP_KEYS = 200;

const KeyBody = Type.Object({
  ...BytesBody.properties,
  type: Type.Optional(Type.String()),
  memoryBytes: Type.Optional(Type.Integer()),
  ttlMs: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  uses: Type.Optional(Type.Integer({ description: 'OBJECT FREQ' })),
});

interface FoundKey {
  readonly key: Buffer;
  readonly facts: KeyFacts | null;
}

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
          'min-bytes': Type.Optional(Type.Integer({ minimum: 0, description: 'Only keys that take so much memory' })),
          expiry: Type.Enum(['any', 'with', 'without'], { default: 'any' }),
          'expires-within-ms': Type.Optional(
            Type.Integer({ minimum: 0, description: 'Only keys that expire so soon' }),
          ),
          facts: Type.Boolean({ default: false, description: 'Type, memory and expiry of each key' }),
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'About so many' }),
          cursor: Type.String({ pattern: '^\\d{1,20}$', default: '0' }),
        }),
        response: {
          200: Type.Object({ node: Type.String(), cursor: Type.String(), keys: Type.Array(KeyBody) }),
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
      const { 'min-bytes': minBytes = 0, expiry, 'expires-within-ms': within = null, facts } = request.query;
      const looks = facts || minBytes > 0 || expiry !== 'any' || within !== null;
      const keys: FoundKey[] = [];
      let next = cursor;
      for (let step = 0; step < STEPS_MAX && keys.length < limit; step++) {
        const count = filter.length === 0 ? Math.min(STEP_KEYS, limit - keys.length) : STEP_KEYS;
        const reply = await nodes.callBytes(node, ['SCAN', next, ...filter, 'COUNT', count], db);
        const [nextCursor, found] = reply as [Buffer, Buffer[]];
        next = String(nextCursor);
        if (!looks) keys.push(...found.map((key) => ({ key, facts: null })));
        else {
          for (const one of await factsOfKeys((args) => nodes.callBytes(node, args, db), found)) {
            const { memoryBytes, ttlMs } = one.facts;
            const fits = ttlMs === null ? expiry !== 'with' && within === null : expiry !== 'without';
            if (fits && memoryBytes >= minBytes && (within === null || ttlMs! <= within)) keys.push(one);
          }
        }
        if (next === '0') break;
      }
      return {
        node: node.id,
        cursor: next,
        keys: keys.map(({ key, facts: known }) => ({ ...showBytes(key, KEY_BYTES_SHOWN), ...(known ?? {}) })),
      };
    },
  );

  api.get(
    '/big-keys',
    {
      config: { access: 'read' },
      schema: {
        tags: ['keys'],
        summary: 'The largest keys by memory, and the hottest where maxmemory-policy counts uses (an LFU policy)',
        description: 'Looks at up to `scan` keys, in order of SCAN; go on with its cursor until that is 0.',
        querystring: Type.Object({
          ...Where,
          scan: Type.Integer({ minimum: 1, maximum: 20_000, default: 5000, description: 'Keys that are looked at' }),
          limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
          cursor: Type.String({ pattern: '^\\d{1,20}$', default: '0' }),
        }),
        response: {
          200: Type.Object({
            node: Type.String(),
            cursor: Type.String(),
            scanned: Type.Integer(),
            big: Type.Array(KeyBody),
            hot: Type.Union([Type.Array(KeyBody), Type.Null()], { description: 'null: uses are not counted' }),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const { node: id, db, scan, limit, cursor } = request.query;
      const node = engine(id);
      const call = (args: readonly Argument[]): Promise<unknown> => nodes.callBytes(node, args, db);
      const [, policy] = (await nodes.call(node, ['CONFIG', 'GET', 'maxmemory-policy'])) as string[];
      const counts = policy?.includes('lfu') === true;
      let big: FoundKey[] = [];
      let hot: FoundKey[] = [];
      let scanned = 0;
      let next = cursor;
      do {
        const [nextCursor, found] = (await call(['SCAN', next, 'COUNT', STEP_KEYS])) as [Buffer, Buffer[]];
        const looked = await factsOfKeys(call, found, counts);
        big = [...big, ...looked].sort((a, b) => b.facts!.memoryBytes - a.facts!.memoryBytes).slice(0, limit);
        if (counts)
          hot = [...hot, ...looked].sort((a, b) => (b.facts!.uses ?? 0) - (a.facts!.uses ?? 0)).slice(0, limit);
        scanned += found.length;
        next = String(nextCursor);
      } while (next !== '0' && scanned < scan);
      const shown = (all: readonly FoundKey[]) =>
        all.map(({ key, facts }) => ({ ...showBytes(key, KEY_BYTES_SHOWN), ...facts }));
      return { node: node.id, cursor: next, scanned, big: shown(big), hot: counts ? shown(hot) : null };
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

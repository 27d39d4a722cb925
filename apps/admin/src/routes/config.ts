import { Type } from '@fastify/type-provider-typebox';
import type { Member } from '@weir/cluster';
import { findDirective } from '@weir/config';
import { Problem } from '../problems.ts';
import { problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';
import { engineOf, enginesOf } from '../topology.ts';

const HIDDEN = '(redacted)';
/** They name a node or its place: that they differ means nothing. */
const OWN = new Set([
  'port',
  'bind',
  'dir',
  'pidfile',
  'logfile',
  'unixsocket',
  'replicaof',
  'slaveof',
  'replica-announce-ip',
  'replica-announce-port',
  'nats-port',
  'link-listen',
  'link-announce',
]);

const Setting = Type.Object({
  name: Type.String(),
  differs: Type.Boolean({ description: 'Between engines, where that means something' }),
  values: Type.Record(Type.String(), Type.String(), { description: 'By node' }),
});
const NodeResult = Type.Object({ node: Type.String(), ok: Type.Boolean(), error: Type.Optional(Type.String()) });

/** Settings of all engines side by side, and changing them on all. */
export function configRoutes(api: App, { source, nodes }: Services): void {
  api.get(
    '/config',
    {
      config: { access: 'read' },
      schema: {
        tags: ['configuration'],
        summary: 'CONFIG GET at every engine, and where they differ',
        querystring: Type.Object({
          pattern: Type.String({ minLength: 1, maxLength: 128, default: '*' }),
          differing: Type.Boolean({ default: false, description: 'Only what differs' }),
        }),
        response: {
          200: Type.Object({
            settings: Type.Array(Setting),
            drift: Type.Array(Type.String(), { description: 'Names of settings that differ' }),
            unreachable: Type.Array(Type.Object({ node: Type.String(), error: Type.String() })),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const engines = enginesOf(source.need().members.members());
      if (engines.length === 0) throw new Problem('no-such-node', 'no engine reports');
      const { pattern, differing } = request.query;
      const byName = new Map<string, Map<string, string>>();
      const unreachable: { node: string; error: string }[] = [];
      await Promise.all(
        engines.map(async ({ id }, i) => {
          try {
            const pairs = (await nodes.call(engines[i]!, ['CONFIG', 'GET', pattern])) as string[];
            for (let at = 0; at < pairs.length; at += 2) {
              const name = pairs[at]!;
              if (!byName.has(name)) byName.set(name, new Map());
              byName.get(name)!.set(id, pairs[at + 1]!);
            }
          } catch (error) {
            unreachable.push({ node: id, error: (error as Error).message });
          }
        }),
      );
      const answered = engines.length - unreachable.length;
      const settings = [...byName]
        .map(([name, values]) => ({
          name,
          differs: !OWN.has(name) && (new Set(values.values()).size > 1 || values.size < answered),
          values: Object.fromEntries([...values].map(([node, value]) => [node, shown(name, value)])),
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const drift = settings.filter(({ differs }) => differs).map(({ name }) => name);
      return { settings: differing ? settings.filter(({ differs }) => differs) : settings, drift, unreachable };
    },
  );

  api.patch(
    '/config',
    {
      config: { access: 'operate', audit: 'config.set' },
      schema: {
        tags: ['configuration'],
        summary: 'CONFIG SET at every engine, or at those named; each takes all of the settings or none',
        body: Type.Object({
          settings: Type.Record(
            Type.String({ pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$' }),
            Type.String({ maxLength: 4096 }),
            {
              additionalProperties: false,
              minProperties: 1,
              maxProperties: 64,
            },
          ),
          nodes: Type.Optional(Type.Array(Type.String({ maxLength: 128 }), { minItems: 1, maxItems: 1000 })),
        }),
        response: { 200: Type.Object({ nodes: Type.Array(NodeResult) }), ...problems },
      },
    },
    async (request) => {
      const { settings, nodes: wanted } = request.body;
      const members = source.need().members.members();
      const engines: Member[] = wanted === undefined ? enginesOf(members) : wanted.map((id) => engineOf(members, id));
      if (engines.length === 0) throw new Problem('no-such-node', 'no engine reports');
      // The names, not the values: a password may be among them.
      request.auditDetails = { settings: Object.keys(settings), nodes: engines.map(({ id }) => id) };
      const results: { node: string; ok: boolean; error?: string }[] = [];
      // One after the other: the first that refuses a value ends it, before the others have it.
      for (const engine of engines) {
        try {
          await nodes.call(engine, ['CONFIG', 'SET', ...Object.entries(settings).flat()]);
          results.push({ node: engine.id, ok: true });
        } catch (error) {
          results.push({ node: engine.id, ok: false, error: (error as Error).message });
          if (error instanceof Problem && error.code === 'node-refused') break;
        }
      }
      const failed = results.find(({ ok }) => !ok);
      if (failed !== undefined) {
        throw new Problem('config-refused', `${failed.node}: ${failed.error ?? ''}`, {
          nodes: results,
          untouched: engines.slice(results.length).map(({ id }) => id),
        });
      }
      return { nodes: results };
    },
  );
}

function shown(name: string, value: string): string {
  if (value === '') return '';
  if (findDirective(name)?.options.sensitive === true) return HIDDEN;
  // Names and passwords stand in its addresses.
  return name.startsWith('nats-url') ? value.replaceAll(/\/\/[^/@\s]+@/g, '//…@') : value;
}

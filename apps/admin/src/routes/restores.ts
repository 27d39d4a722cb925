import { createReadStream } from 'node:fs';
import { Type } from '@fastify/type-provider-typebox';
import { Problem, toProblem } from '../problems.ts';
import type { RestorePoint } from '../restores.ts';
import { Seq, problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';
import { replyWithEvents } from '../sse.ts';

const RestoreParams = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{16}$' }) });
const Restore = Type.Object({
  id: Type.String(),
  logId: Type.String({ description: 'The log that it was read from' }),
  seq: Seq,
  keys: Type.Integer(),
  bytes: Type.Integer(),
  digest: Type.String(),
  snapshot: Type.Union([Type.String(), Type.Null()], {
    description: 'That it began with; null: the beginning of the log',
  }),
  createdAt: Type.Number(),
  folder: Type.String({ description: 'On the machine of the admin app: a node that is started there begins with it' }),
});

/** The data set as it was, for a new node beside the old ones. */
export function restoreRoutes(api: App, { source, restores, streams }: Services): void {
  api.get(
    '/restores',
    {
      config: { access: 'read' },
      schema: {
        tags: ['restores'],
        summary: 'What was restored, the newest first',
        response: { 200: Type.Object({ restores: Type.Array(Restore) }), ...problems },
      },
    },
    async () => ({ restores: await restores.list() }),
  );

  api.post(
    '/restores',
    {
      config: { access: 'operate', audit: 'restore' },
      schema: {
        tags: ['restores'],
        summary: 'Restores a sequence, a time or a snapshot beside what there is; progress as server-sent events',
        description: 'Events: `progress` with phase, done and total; then `done` with the restore, or `problem`.',
        body: Type.Object({
          sequence: Type.Optional(Seq),
          timeMs: Type.Optional(Type.Integer({ minimum: 0, description: 'Milliseconds since 1970, by NATS' })),
          snapshot: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
        }),
        produces: ['text/event-stream'],
        response: { 200: Type.String(), ...problems },
      },
    },
    async (request, reply) => {
      const point: RestorePoint = request.body;
      if (Object.keys(point).length !== 1)
        throw new Problem('bad-request', 'give one of sequence, timeMs and snapshot');
      request.auditDetails = { ...point };
      const make = await restores.begin(source.need(), point);
      const stream = streams.open();
      void make((data) => void stream.send({ event: 'progress', data }))
        .then(
          (data) => stream.send({ event: 'done', data }),
          (error: unknown) => stream.send({ event: 'problem', data: toProblem(error).body() }),
        )
        .finally(() => stream.end());
      return replyWithEvents(reply, stream);
    },
  );

  api.get(
    '/restores/:id/download',
    {
      config: { access: 'read' },
      schema: {
        tags: ['restores'],
        summary: 'The restored data set as an RDB file',
        params: RestoreParams,
        produces: ['application/octet-stream'],
        response: { 200: Type.String({ format: 'binary' }), ...problems },
      },
    },
    async (request, reply) => {
      const found = await restores.find(request.params.id);
      return reply
        .type('application/octet-stream')
        .header('content-length', found.bytes)
        .header('content-disposition', 'attachment; filename="dump.rdb"')
        .serializer((same: unknown) => same as string)
        .send(createReadStream(restores.file(found)) as never);
    },
  );

  api.delete(
    '/restores/:id',
    {
      config: { access: 'operate', audit: 'restore.delete' },
      schema: {
        tags: ['restores'],
        summary: 'Removes the file of a restore',
        params: RestoreParams,
        response: { 204: Type.Null(), ...problems },
      },
    },
    async (request, reply) => {
      await restores.remove(request.params.id);
      return reply.code(204).send(null);
    },
  );
}

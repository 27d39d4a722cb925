import { Type } from '@fastify/type-provider-typebox';
import { checkStart, parseEventId, streamChanges } from '../changes.ts';
import { Seq, problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';
import { replyWithEvents } from '../sse.ts';

const ARGS_MAX = 1000;

export function changeRoutes(api: App, { source, streams }: Services): void {
  api.get(
    '/changes',
    {
      config: { access: 'read' },
      schema: {
        tags: ['log'],
        summary: 'Changes as server-sent events, one per command; the event id resumes behind it by Last-Event-ID',
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 64 })) }),
        querystring: Type.Object({
          from: Type.Optional({ ...Seq, minimum: 1, description: 'First sequence; default: what comes from now on' }),
          'value-bytes': Type.Integer({ minimum: 0, maximum: 1048576, default: 65536, description: 'Of one argument' }),
        }),
        produces: ['text/event-stream'],
        response: { 200: Type.String(), ...problems },
      },
    },
    async (request, reply) => {
      const view = source.need();
      const lastId = request.headers['last-event-id'] ?? '';
      const { from, 'value-bytes': valueBytesMax } = request.query;
      const begin = from === undefined ? null : { seq: from, index: -1 };
      const resume = lastId === '' ? begin : parseEventId(lastId, view.logId);
      if (resume !== null) await checkStart(view.log, resume.seq);
      const stream = streams.open();
      void streamChanges(view, resume, { valueBytesMax, argsMax: ARGS_MAX }, stream);
      return replyWithEvents(reply, stream);
    },
  );
}

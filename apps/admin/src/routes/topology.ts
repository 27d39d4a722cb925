import { TopologyBody, problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';
import { replyWithEvents } from '../sse.ts';
import type { EventStream } from '../sse.ts';
import { toProblem } from '../problems.ts';
import { Type } from '@fastify/type-provider-typebox';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 1000;

export function topologyRoutes(api: App, { source, topology, streams }: Services): void {
  api.get(
    '/topology',
    {
      config: { access: 'read' },
      schema: {
        tags: ['cluster'],
        summary: 'Nodes with their roles, positions and lag',
        response: { 200: TopologyBody, ...problems },
      },
    },
    async () => topology.read(source.need()),
  );

  api.get(
    '/topology/events',
    {
      config: { access: 'read' },
      schema: {
        tags: ['cluster'],
        summary: 'The same every second, as server-sent events',
        produces: ['text/event-stream'],
        response: { 200: Type.String(), ...problems },
      },
    },
    async (_request, reply) => {
      const stream = streams.open();
      void tell(stream);
      return replyWithEvents(reply, stream);
    },
  );

  async function tell(stream: EventStream): Promise<void> {
    while (!stream.signal.aborted) {
      try {
        await stream.send({ event: 'topology', data: await topology.read(source.need()) });
      } catch (error) {
        await stream.send({ event: 'problem', data: toProblem(error).body() });
      }
      await sleep(EVERY_MS, undefined, { signal: stream.signal }).catch(() => undefined);
    }
  }
}

import { Type } from '@fastify/type-provider-typebox';
import type { Monitor, Overview } from '../monitor.ts';
import { AlertBody, EventBody, OverviewBody, problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';
import { replyWithEvents } from '../sse.ts';
import type { EventStream } from '../sse.ts';

/** What the dashboard shows first: all of the cluster at a glance, its alerts, and how it came to be so. */
export function overviewRoutes(api: App, { monitor, streams }: Services): void {
  api.get(
    '/whoami',
    {
      config: { access: 'read' },
      schema: {
        tags: ['access'],
        summary: 'Name and role of the token',
        response: {
          200: Type.Object({ name: Type.String(), role: Type.Enum(['read', 'operate']) }),
          ...problems,
        },
      },
    },
    async ({ principal }) => ({ name: principal!.name, role: principal!.role }),
  );

  api.get(
    '/overview',
    {
      config: { access: 'read' },
      schema: {
        tags: ['cluster'],
        summary: 'Topology, figures of each engine, snapshots and alerts, as they were seen within the last second',
        response: { 200: OverviewBody, ...problems },
      },
    },
    async () => {
      if (monitor.last === null) await monitor.look();
      return monitor.last!;
    },
  );

  api.get(
    '/overview/events',
    {
      config: { access: 'read' },
      schema: {
        tags: ['cluster'],
        summary: 'The same every second as server-sent events; before them the history of the last quarter of an hour',
        produces: ['text/event-stream'],
        response: { 200: Type.String(), ...problems },
      },
    },
    async (_request, reply) => {
      const stream = streams.open();
      tell(monitor, stream);
      return replyWithEvents(reply, stream);
    },
  );

  api.get(
    '/alerts',
    {
      config: { access: 'read' },
      schema: {
        tags: ['cluster'],
        summary: 'What an operator has to know now, the worst first',
        response: { 200: Type.Object({ alerts: Type.Array(AlertBody) }), ...problems },
      },
    },
    async () => ({ alerts: [...(monitor.last?.alerts ?? [])] }),
  );

  api.get(
    '/events',
    {
      config: { access: 'read' },
      schema: {
        tags: ['cluster'],
        summary: 'What happened since this app was started, with causes, newest first',
        response: { 200: Type.Object({ events: Type.Array(EventBody) }), ...problems },
      },
    },
    async () => ({ events: monitor.events.all() }),
  );
}

/** A client that is slow misses looks, it does not fall behind. */
function tell(monitor: Monitor, stream: EventStream): void {
  let full = false;
  const send = async (overview: Overview): Promise<void> => {
    if (full || stream.signal.aborted) return;
    full = true;
    await stream.send({ event: 'overview', data: { ...overview, events: monitor.events.all().slice(0, EVENTS_TOLD) } });
    full = false;
  };
  void stream.send({ event: 'history', data: monitor.history.body() });
  if (monitor.last !== null) void send(monitor.last);
  const off = monitor.onLook((overview) => void send(overview));
  stream.signal.addEventListener('abort', off, { once: true });
}

const EVENTS_TOLD = 50;

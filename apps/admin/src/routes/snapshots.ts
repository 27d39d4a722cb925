import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '@fastify/type-provider-typebox';
import type { SnapshotManifest, SnapshotStore } from '@weir/log';
import { Problem, toProblem } from '../problems.ts';
import { makeSnapshot, removeSnapshot, savingReport } from '../saving.ts';
import { SnapshotBody, SnapshotParams, problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';
import type { LogView } from '../source.ts';
import { replyWithEvents } from '../sse.ts';
import type { EventStream } from '../sse.ts';

const TELL_MS = 500;
/** A client that reads nothing of a download for so long is let go: the log's connection is held for it. */
const DOWNLOAD_STALL_MS = 60_000;

export function snapshotRoutes(api: App, { source, streams }: Services): void {
  api.get(
    '/snapshots',
    {
      config: { access: 'read' },
      schema: {
        tags: ['snapshots'],
        summary: 'Complete snapshots, the newest first',
        response: { 200: Type.Object({ logId: Type.String(), snapshots: Type.Array(SnapshotBody) }), ...problems },
      },
    },
    async () => {
      const { logId, snapshots } = source.need();
      const all = await snapshots.list();
      const newest = all.find(({ state }) => state === 'usable')?.id;
      return { logId, snapshots: all.map((one) => ({ ...one, parts: one.parts.length, newest: one.id === newest })) };
    },
  );

  api.post(
    '/snapshots',
    {
      config: { access: 'operate', audit: 'snapshot.create' },
      schema: {
        tags: ['snapshots'],
        summary:
          'Makes a snapshot of everything that the log holds now; with Accept: text/event-stream the progress is told',
        produces: ['application/json', 'text/event-stream'],
        response: { 201: Type.Object({ id: Type.String(), seq: Type.Integer() }), ...problems },
      },
    },
    async (request, reply) => {
      const view = source.need();
      if (!/text\/event-stream/.test(request.headers.accept ?? '')) {
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const made = await makeSnapshot(view, gone.signal).catch((error: unknown) => {
          throw gone.signal.aborted ? new Problem('snapshot-failed', 'the client left before it was made') : error;
        });
        request.auditDetails = { snapshot: made.id };
        return reply.code(201).send(made);
      }
      const stream = streams.open();
      void tellProgress(view, stream);
      return replyWithEvents(reply, stream);
    },
  );

  api.get(
    '/snapshots/:id/download',
    {
      config: { access: 'read' },
      schema: {
        tags: ['snapshots'],
        summary:
          'The snapshot as an RDB file, which Redis 7.0 or newer loads; each part is checked before it is sent whole',
        params: SnapshotParams,
        produces: ['application/octet-stream'],
        response: { 200: Type.String({ format: 'binary' }), ...problems },
      },
    },
    async (request, reply) => {
      const { snapshots } = source.need();
      const manifest = (await snapshots.list()).find(({ id }) => id === request.params.id);
      if (manifest === undefined) throw new Problem('no-such-snapshot', `no snapshot ${request.params.id}`);
      const body = Readable.from(chunksOf(snapshots.read(manifest)), { objectMode: false, highWaterMark: 1024 * 1024 });
      letGoOfTheStalled(body, manifest);
      return reply
        .type('application/octet-stream')
        .header('content-length', manifest.bytes)
        .header('content-disposition', 'attachment; filename="dump.rdb"')
        .serializer((same: unknown) => same as string)
        .send(body as never);
    },
  );

  function letGoOfTheStalled(body: Readable, { id }: SnapshotManifest): void {
    let last = performance.now();
    body.on('data', () => (last = performance.now())).pause();
    const timer = setInterval(() => {
      if (performance.now() - last > DOWNLOAD_STALL_MS) body.destroy(new Error(`nobody reads snapshot ${id} any more`));
    }, DOWNLOAD_STALL_MS / 4);
    body.once('close', () => clearInterval(timer));
  }

  api.post(
    '/snapshots/:id/verify',
    {
      config: { access: 'operate', audit: 'snapshot.verify' },
      schema: {
        tags: ['snapshots'],
        summary: 'Reads all of a snapshot back and compares each part with its SHA-256; progress as server-sent events',
        description:
          'Events: `progress` with done and total bytes; then `done`, or `problem`. Its data set is not loaded.',
        params: SnapshotParams,
        produces: ['text/event-stream'],
        response: { 200: Type.String(), ...problems },
      },
    },
    async (request, reply) => {
      const { snapshots } = source.need();
      const manifest = (await snapshots.list()).find(({ id }) => id === request.params.id);
      if (manifest === undefined) throw new Problem('no-such-snapshot', `no snapshot ${request.params.id}`);
      const stream = streams.open();
      void verify(snapshots, manifest, stream);
      return replyWithEvents(reply, stream);
    },
  );

  api.delete(
    '/snapshots/:id',
    {
      config: { access: 'operate', audit: 'snapshot.delete' },
      schema: {
        tags: ['snapshots'],
        summary: 'Removes a snapshot, never the newest usable one',
        params: SnapshotParams,
        response: { 204: Type.Null(), ...problems },
      },
    },
    async (request, reply) => {
      await removeSnapshot(source.need(), request.params.id);
      return reply.code(204).send(null);
    },
  );
}

/** Ends early when the client leaves: nobody would be told. */
async function verify(snapshots: SnapshotStore, manifest: SnapshotManifest, stream: EventStream): Promise<void> {
  let done = 0;
  let toldMs = 0;
  try {
    for await (const chunk of snapshots.read(manifest)) {
      if (stream.signal.aborted) return;
      done += chunk.length;
      if (performance.now() - toldMs < TELL_MS) continue;
      toldMs = performance.now();
      await stream.send({ event: 'progress', data: { done, total: manifest.bytes } });
    }
    void stream.send({ event: 'done', data: { id: manifest.id, bytes: done, parts: manifest.parts.length } });
  } catch (error) {
    void stream.send({ event: 'problem', data: toProblem(error).body() });
  } finally {
    stream.end();
  }
}

/** Copies: what the store yields is dead when it is asked for the next one, and a stream asks ahead. */
async function* chunksOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

/** `progress` while it is made, then `done` or `problem`. It goes on when the client leaves. */
async function tellProgress(view: LogView, stream: EventStream): Promise<void> {
  const made = makeSnapshot(view, new AbortController().signal).then(
    (snapshot) => ({ event: 'done', data: snapshot }),
    (error: unknown) => ({ event: 'problem', data: toProblem(error).body() }),
  );
  let end: Awaited<typeof made> | null = null;
  while (end === null && !stream.signal.aborted) {
    const report = savingReport(view);
    await stream.send({ event: 'progress', data: report ?? { inProgress: false } });
    view.members.poll();
    end = await Promise.race([made, sleep(TELL_MS, null, { signal: stream.signal }).catch(() => null)]);
  }
  if (end !== null) void stream.send(end);
  stream.end();
}

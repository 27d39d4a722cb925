/** What routes take and answer, as JSON schemas: requests are checked by them, answers are written by them, and the OpenAPI document shows them. */

import { Type } from '@fastify/type-provider-typebox';
import { ALERTS } from './alerts.ts';
import type { AlertCode } from './alerts.ts';
import { PROBLEMS } from './problems.ts';

export const Seq = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Sequence of a message of the log',
});

export const ProblemBody = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.Enum(Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[]),
  },
  { additionalProperties: true, description: 'application/problem+json (RFC 9457); `code` is stable' },
);

/** Of every route: what it answers when it cannot. */
const answer = { description: 'What is wrong', content: { 'application/problem+json': { schema: ProblemBody } } };
export const problems = { '4xx': answer, '5xx': answer } as const;

export const LagBody = Type.Object({ records: Type.Integer(), bytes: Type.Integer(), ms: Type.Integer() });

export const SnapshotReportBody = Type.Object({
  inProgress: Type.Boolean(),
  startedMs: Type.Number(),
  runningMs: Type.Number(),
  lastSavedMs: Type.Number(),
  lastOk: Type.Boolean(),
  lastDurationMs: Type.Number(),
  saves: Type.Integer(),
  changesSince: Type.Integer(),
});

export const LogBody = Type.Object({
  firstSeq: Seq,
  lastSeq: Seq,
  bytes: Type.Integer({ description: 'On disk' }),
  messages: Type.Integer(),
  firstMs: Type.Number({
    description: 'When the oldest message was stored; milliseconds since 1970, by NATS. 0: none',
  }),
  lastMs: Type.Number(),
  serverMs: Type.Number({ description: "NATS's clock at the time of this answer" }),
  leader: Type.String({ description: 'NATS server that leads the stream; empty without a NATS cluster' }),
  replicas: Type.Integer(),
  currentReplicas: Type.Integer(),
  maxBytes: Type.Integer({ description: 'Appends are refused above; 0 is no limit' }),
});

export const NodeBody = Type.Object({
  id: Type.String(),
  role: Type.Enum(['master', 'slave', 'replication']),
  address: Type.String({ description: 'Host and port for clients; empty for a replication app' }),
  state: Type.String({ description: 'loading, catching-up or online' }),
  epoch: Type.Integer(),
  seq: Seq,
  offset: Type.Integer(),
  reportedMsAgo: Type.Integer(),
  version: Type.String(),
  up: Type.Boolean({ description: 'It answered on its port just now' }),
  lag: LagBody,
  snapshot: Type.Optional(SnapshotReportBody),
});

const Topology = {
  cluster: Type.String(),
  logId: Type.String(),
  log: LogBody,
  nats: Type.Object({ status: Type.String(), version: Type.String() }),
};
export const TopologyBody = Type.Object({ ...Topology, nodes: Type.Array(NodeBody) });

export const AlertBody = Type.Object({
  code: Type.Enum(Object.keys(ALERTS) as AlertCode[]),
  severity: Type.Enum(['critical', 'warning']),
  node: Type.Optional(Type.String({ description: 'Absent: it is about the log' })),
  text: Type.String(),
});

export const EventBody = Type.Object({
  atMs: Type.Number({ description: 'Milliseconds since 1970' }),
  kind: Type.Enum(['leader', 'node', 'snapshot', 'log', 'alert']),
  node: Type.Optional(Type.String()),
  text: Type.String(),
  cause: Type.String(),
});

const FiguresBody = Type.Object({
  opsPerSecond: Type.Number(),
  clients: Type.Integer(),
  keys: Type.Integer(),
  memoryBytes: Type.Number(),
  memoryMaxBytes: Type.Number({ description: '0: no limit' }),
  rssBytes: Type.Number(),
  appendMs: Type.Union([Type.Number(), Type.Null()], {
    description: 'Mean of the appends since the look before; null: there were none',
  }),
  writesRefused: Type.Boolean(),
  progress: Type.Union([
    Type.Object({ what: Type.Enum(['loading', 'sync']), doneBytes: Type.Number(), totalBytes: Type.Number() }),
    Type.Null(),
  ]),
});

export const OverviewBody = Type.Object({
  atMs: Type.Number({ description: 'When the app looked; milliseconds since 1970' }),
  trouble: Type.String({ description: 'Why the log does not answer; empty when it does' }),
  topology: Type.Union([
    Type.Object({
      ...Topology,
      nodes: Type.Array(
        Type.Object({
          ...NodeBody.properties,
          figures: Type.Union([FiguresBody, Type.Null()]),
          stuckMs: Type.Number({ description: 'For how long it has stood still while it was behind' }),
          checksum: Type.String({ description: 'Of the history up to its sequence' }),
        }),
      ),
    }),
    Type.Null(),
  ]),
  snapshots: Type.Array(
    Type.Object({
      id: Type.String(),
      seq: Seq,
      state: Type.Enum(['uploaded', 'usable']),
      createdAt: Type.Number(),
      bytes: Type.Integer(),
      keys: Type.Integer(),
    }),
  ),
  alerts: Type.Array(AlertBody),
});

export const BytesBody = Type.Object(
  {
    text: Type.String(),
    encoding: Type.Enum(['utf8', 'base64']),
    bytes: Type.Integer({ description: 'Of the whole value' }),
    truncated: Type.Boolean(),
  },
  { description: 'A key or a value: text where it is UTF-8, else base64' },
);

export const CommandBody = Type.Object({
  index: Type.Integer(),
  db: Type.Integer(),
  command: Type.String(),
  args: Type.Array(BytesBody),
  argsOmitted: Type.Integer(),
});

export const SnapshotBody = Type.Object({
  id: Type.String(),
  state: Type.Enum(['uploaded', 'usable']),
  seq: Seq,
  offset: Type.Integer(),
  epoch: Type.Integer(),
  checksum: Type.String(),
  digest: Type.String(),
  keys: Type.Integer(),
  bytes: Type.Integer(),
  parts: Type.Integer(),
  engineVersion: Type.Integer(),
  createdAt: Type.Number({ description: 'Milliseconds since 1970' }),
  newest: Type.Boolean({ description: 'The one that a slave starts from' }),
});

export const NodeParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });
export const SnapshotParams = Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }) });
export const Encoding = Type.Enum(['utf8', 'base64'], { default: 'utf8' });
export const Database = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, default: 0 });

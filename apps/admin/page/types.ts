/** What the API answers, as far as the page looks at it. */

export interface Lag {
  records: number;
  bytes: number;
  ms: number;
}

export interface Figures {
  opsPerSecond: number;
  clients: number;
  keys: number;
  memoryBytes: number;
  memoryMaxBytes: number;
  rssBytes: number;
  appendMs: number | null;
  writesRefused: boolean;
  progress: null | { what: 'loading' | 'sync'; doneBytes: number; totalBytes: number };
}

export interface Node {
  id: string;
  role: 'master' | 'slave' | 'replication';
  address: string;
  state: string;
  epoch: number;
  seq: number;
  offset: number;
  version: string;
  up: boolean;
  lag: Lag;
  figures: Figures | null;
  stuckMs: number;
  snapshot?: {
    inProgress: boolean;
    runningMs: number;
    lastOk: boolean;
    lastDurationMs: number;
    lastSavedMs: number;
    changesSince: number;
  };
}

export interface Snapshot {
  id: string;
  seq: number;
  state: 'uploaded' | 'usable';
  createdAt: number;
  bytes: number;
  keys: number;
}

export interface Alert {
  code: string;
  severity: 'critical' | 'warning';
  node?: string;
  text: string;
}

export interface ClusterEvent {
  atMs: number;
  kind: string;
  node?: string;
  text: string;
  cause: string;
}

export interface Topology {
  cluster: string;
  logId: string;
  log: {
    firstSeq: number;
    lastSeq: number;
    bytes: number;
    messages: number;
    firstMs: number;
    lastMs: number;
    leader: string;
    replicas: number;
    currentReplicas: number;
  };
  nats: { status: string; version: string };
  nodes: Node[];
}

export interface Overview {
  atMs: number;
  trouble: string;
  topology: Topology | null;
  snapshots: Snapshot[];
  alerts: Alert[];
  events: ClusterEvent[];
}

export const FIGURES = ['lagRecords', 'lagBytes', 'lagMs', 'opsPerSecond', 'appendMs', 'memoryBytes'] as const;
export type Figure = (typeof FIGURES)[number];

export interface History {
  atMs: number[];
  nodes: Record<string, Record<Figure, (number | null)[]>>;
}

export interface Bytes {
  text: string;
  encoding: 'utf8' | 'base64';
  bytes: number;
  truncated: boolean;
  /** Where they were asked for. */
  memoryBytes?: number;
  type?: string;
}

export interface Who {
  name: string;
  role: 'read' | 'operate';
}

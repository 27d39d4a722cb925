import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemberWatch } from '@weir/cluster';
import type { Member, MemberReport } from '@weir/cluster';
import { FakeNats } from '@weir/cluster/testing';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import { LogFeeder } from '@weir/replica/testing';
import { createLogger } from '@weir/telemetry';
import type { Logger } from '@weir/telemetry';
import { realTime } from '@weir/time';
import { Nodes } from './nodes.ts';
import type { Argument } from './nodes.ts';
import { Problem } from './problems.ts';
import { buildServer } from './server.ts';
import type { App, ServerOptions } from './server.ts';
import { Restores } from './restores.ts';
import type { LogSource, LogView } from './source.ts';

/** The server over a log, members and engines in memory. */
export interface Bench {
  readonly app: App;
  readonly log: FakeLog;
  readonly feeder: LogFeeder;
  readonly snapshots: FakeSnapshots;
  readonly nats: FakeNats;
  readonly nodes: FakeNodes;
  readonly source: FakeSource;
  /** As a member reports. */
  report(report: Partial<MemberReport>): Promise<void>;
  /** Lines of the log, with their fields. */
  readonly lines: Record<string, unknown>[];
}

/** An answer whose shape the test knows. */
export type Json = ReturnType<typeof JSON.parse>;

export const STORED_MS = 1_700_000_000_000;

export class FakeNodes extends Nodes {
  /** What an engine answers, by its id and the command as one line. */
  readonly answers = new Map<string, unknown>();
  readonly asked: string[] = [];

  constructor() {
    super({ user: () => '', password: () => '' });
  }

  override async call(node: Member, args: readonly Argument[]): Promise<unknown> {
    const line = args.map(String).join(' ');
    this.asked.push(`${node.id} ${line}`);
    const answer = this.answers.get(`${node.id} ${line}`) ?? this.answers.get(line);
    if (answer === undefined) throw new Problem('node-unreachable', `${node.id} was asked ${line}`);
    if (answer instanceof Error) throw new Problem('node-refused', answer.message);
    return answer;
  }

  override callBytes(node: Member, args: readonly Argument[]): Promise<unknown> {
    return this.call(node, args);
  }
}

export class FakeSource implements LogSource {
  current: LogView | null;
  trouble = '';

  constructor(view: LogView) {
    this.current = view;
  }

  need(): LogView {
    if (this.current === null) throw new Problem('log-unknown', this.trouble);
    return this.current;
  }
}

/** Runs `body` with a server that does not listen. */
export async function withBench(
  body: (bench: Bench) => Promise<void>,
  options: Partial<ServerOptions> & { maxMessageBytes?: number } = {},
): Promise<void> {
  const { maxMessageBytes, ...more } = options;
  const log = new FakeLog(maxMessageBytes === undefined ? {} : { maxMessageBytes });
  const feeder = await LogFeeder.open(log);
  const snapshots = new FakeSnapshots(() => STORED_MS);
  const nats = new FakeNats();
  const handle = nats.handle();
  const place = { natsUrl: 'nats://fake', cluster: 'weir', logId: 'a'.repeat(40) };
  const source = new FakeSource({
    ...place,
    closed: new AbortController().signal,
    link: Object.assign(handle, { version: '2.15.1' }),
    log: Object.assign(log, {
      readStored: async (seq: number) => {
        const message = await log.read(seq);
        return message === null ? null : { message, storedMs: STORED_MS + 1000 * seq };
      },
      describe: async () => ({
        ...(await log.state()),
        firstMs: STORED_MS,
        lastMs: STORED_MS,
        serverMs: STORED_MS + 60_000,
        leader: 'n1',
        replicas: 3,
        currentReplicas: 2,
        maxBytes: 0,
      }),
    }),
    snapshots,
    members: new MemberWatch({ nats: handle, cluster: place.cluster, logId: place.logId, time: realTime }),
  });
  const nodes = new FakeNodes();
  const lines: Record<string, unknown>[] = [];
  const restores = new Restores({ folder: join(tmpdir(), 'weir-no-restores'), wallMs: () => STORED_MS });
  const app = await buildServer({ source, nodes, restores, tokens: () => null, logger: heard(lines), ...more });
  await app.ready();
  const report = async (one: Partial<MemberReport>): Promise<void> => {
    const whole = {
      id: 'm',
      role: 'master',
      ip: '127.0.0.1',
      port: 1,
      epoch: 1,
      seq: 0,
      offset: 0,
      state: 'online',
      ...one,
    };
    nats.deliver(`weir.weir.${place.logId}.progress`, Buffer.from(JSON.stringify(whole)), undefined);
    await new Promise(setImmediate);
  };
  try {
    await body({ app, log, feeder, snapshots, nats, nodes, source, report, lines });
  } finally {
    await app.close();
    nodes.stop();
    source.current?.members.stop();
  }
}

/** A real logger whose lines are kept. */
function heard(lines: Record<string, unknown>[]): Logger {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const keep =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push({ level, message, ...fields });
  const own = { info: keep('info'), warn: keep('warn'), error: keep('error'), debug: keep('debug') };
  return Object.assign(logger, own, { child: () => Object.assign(Object.create(logger) as Logger, own) });
}

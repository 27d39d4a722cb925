/** What the steps of a role share, and what outlives a term. */

import type { MemberReport } from '@weir/cluster';
import { serveReady } from '@weir/commands';
import type { Keyspace } from '@weir/keyspace';
import { LogError, RecentMessages } from '@weir/log';
import type { LogWriter, WriterState } from '@weir/log';
import { Pace, discardKeyspace } from '@weir/dataset';
import { Follower } from '@weir/replica';
import type { LoadProgress, LoadedSnapshot } from '@weir/dataset';
import type { LogAccess, LogLocation } from '../log-access.ts';
import { MasterLink } from '../master-link.ts';
import { Promotions } from '../promotions.ts';
import type { Asking } from '../proof.ts';
import { Pauses, within } from '../waiting.ts';
import { hasEffects } from './engine-side.ts';
import { answerMs } from './silence.ts';
import type { RoleOptions } from './ports.ts';
import type { Term } from './term.ts';

export interface Loading {
  /** A calendar time, to be shown. */
  readonly startedMs: number;
  /** The same by the monotonic clock. */
  readonly startedAt: number;
  readonly totalBytes: number;
  readonly loadedBytes: number;
}

/** What is on its way to the log when a term ends may arrive for so long. */
export const DRAIN_MS = 5000;

export class RoleParts {
  readonly options: RoleOptions;
  readonly masterLink = new MasterLink();
  /** Ended early when a term ends or its follower fails. */
  readonly pauses: Pauses;
  readonly promotions: Promotions;
  readonly #report: () => MemberReport;
  loading: Loading | null = null;
  writerState: WriterState = 'stopped';
  writerDetail = '';
  /** Of the log that is led or followed. */
  epoch = 0;
  committedSeq = 0;
  committedOffset = 0;
  /** Our own address as the master sees it. */
  announceIp = '';
  /** Id of the node that answered the last handshake. */
  follows = '';
  /** Of asking the master where its log is, since it answered last. */
  attempts = 0;
  /** The trouble that the node's log was told of last. */
  troubleSaid: { readonly code: string; readonly sinceMs: number; readonly atMs: number } | null = null;
  /** The log refused a record of this node for good. */
  onFenced: () => void = () => {};
  /** The node stops: requests stay held. */
  isStopping = false;
  /** The newest messages of the log, for when it loses them. */
  #recent: { readonly logId: string; readonly messages: RecentMessages } | null = null;

  constructor(options: RoleOptions, report: () => MemberReport) {
    this.options = options;
    this.#report = report;
    this.pauses = new Pauses(options.time);
    this.promotions = new Promotions(options.time);
  }

  get now(): number {
    return this.options.time.monotonicMs();
  }

  recentOf(logId: string): RecentMessages {
    if (this.#recent?.logId !== logId) {
      this.#recent = { logId, messages: new RecentMessages(this.options.recentBytes) };
    }
    return this.#recent.messages;
  }

  forgetRecent(): void {
    this.#recent = null;
  }

  asking({ signal }: Term): Asking {
    const { logger, time } = this.options;
    return { signal, logger, time };
  }

  /** With a number it is given up after so long, with LogError 'log-unavailable'; else it is tried until the signal. */
  async open(location: LogLocation, name: string, signal: AbortSignal, patienceMs: number | null): Promise<LogAccess> {
    const { logger, openLog, time, cluster } = this.options;
    const options = {
      name,
      report: this.#report,
      logger,
      ...(cluster === undefined ? {} : { answerMs: answerMs(cluster) }),
    };
    if (patienceMs === null) return openLog(location, { ...options, signal });
    const late = new AbortController();
    const patience = time.after(patienceMs, () => {
      late.abort(new LogError('log-unavailable', `nobody answers at the log's address within ${patienceMs} ms`));
    });
    try {
      return await openLog(location, { ...options, signal: AbortSignal.any([signal, late.signal]) });
    } finally {
      patience.cancel();
    }
  }

  /** `keeps`: what it reads is remembered. */
  newFollower({ location, log, snapshots }: LogAccess, keeps: boolean, loaded: LoadedSnapshot | null = null): Follower {
    const { engine, logger, time, newKeyspace } = this.options;
    if (this.loading === null) this.loads({ totalBytes: 0, loadedBytes: 0 });
    return new Follower({
      log,
      snapshots,
      newKeyspace,
      ...(loaded === null ? {} : { loaded }),
      logger,
      now: () => time.wallMs(),
      ...(keeps ? { recent: this.recentOf(location.logId) } : {}),
      time,
      pace: new Pace({ time }),
      onState: (state, detail) => {
        logger[state === 'failed' || state === 'disconnected' ? 'warn' : 'debug']({ state, detail }, 'replication');
        if (state === 'failed') this.pauses.end();
      },
      onProgress: (progress) => this.loads(progress),
      onApplied: () => {
        engine.positionMoved();
        serveReady(engine.ctx);
      },
      onLeader: () => this.pauses.end(),
      onHandover: () => this.pauses.end(),
    });
  }

  loads({ totalBytes, loadedBytes }: LoadProgress): void {
    const { time } = this.options;
    const { startedMs, startedAt } = this.loading ?? { startedMs: time.wallMs(), startedAt: time.monotonicMs() };
    this.loading = { startedMs, startedAt, totalBytes, loadedBytes };
  }

  /** Snapshot and log, up to the log's end. */
  async catchUp(follower: Follower, access: LogAccess, signal: AbortSignal): Promise<void> {
    await follower.bootstrap(signal);
    follower.start();
    await this.reachEnd(follower, access, signal);
    await follower.serve();
    signal.throwIfAborted();
  }

  async reachEnd(follower: Follower, access: LogAccess, signal: AbortSignal): Promise<void> {
    for (;;) {
      const { lastSeq } = await access.log.state();
      signal.throwIfAborted();
      if (follower.seq >= lastSeq) return;
      await follower.reached(lastSeq, signal);
    }
  }

  /** That data set takes the place of the present one, whose memory is given back now. */
  adopt(keyspace: Keyspace): void {
    const { engine } = this.options;
    const old = engine.ctx.keyspace;
    if (old === keyspace) return;
    engine.swapKeyspace(keyspace);
    discardKeyspace(old);
  }

  /** Whether everything that was executed had its outcome in time. */
  drained(writer: LogWriter): Promise<boolean> {
    const { engine, time } = this.options;
    const drained = async (): Promise<void> => {
      while (hasEffects(engine) && writer.canAppend) await new Promise<void>((resolve) => time.endOfTurn(resolve));
      await writer.drained();
    };
    return within(time, DRAIN_MS, drained());
  }

  /** Of a slave to its master. A link that is sought again after it was up is down since now. */
  linkIs(is: 'lost' | 'sought' | 'syncing' | 'up'): void {
    const { masterLink, now } = this;
    if (is === 'lost' || (is === 'sought' && masterLink.up)) masterLink.begin(now);
    else if (is === 'syncing') masterLink.state = 'sync';
    else if (is === 'up') masterLink.connected(now);
  }

  slaveIds({ membership }: LogAccess): string[] {
    return membership.others().flatMap(({ id, role }) => (role === 'slave' ? [id] : []));
  }
}

/**
 * The work of one active replication app, for the length of one term of its lease:
 *
 *   waiting for the log ──▶ opening a copy ──▶ watching ⇄ making a snapshot ──▶ retention
 *          ▲                                      │
 *          └── the copy cannot follow any more ───┘   (newest snapshot again; longer pauses each time)
 *
 * One thing at a time: a snapshot, a retention or a look at the log. Requests for snapshots that come meanwhile wait; all that
 * a snapshot covers are answered by it.
 */

import type { Member, MemberReport, RemovalAnswer, SnapshotAnswer, SnapshotReport } from '@weir/cluster';
import { LOG_START, isLogError } from '@weir/log';
import type { LogPosition, LogStore, SnapshotManifest, SnapshotStore } from '@weir/log';
import { provenSnapshots } from '@weir/replica';
import { realTime, Retry } from '@weir/time';
import type { Time } from '@weir/time';
import { EphemeralCopy, ResidentCopy } from './copy.ts';
import type { Copy } from './copy.ts';
import type { AppLogger, ReplicationSettings } from './options.ts';
import { planRetention } from './retention.ts';
import { dueReason } from './rules.ts';
import { makeSnapshot } from './snapshot-job.ts';

export interface Timings {
  /** Between two looks at the log. */
  readonly tickMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** A step of a snapshot without any progress for so long has failed. */
  readonly stallMs: number;
  /** An upload that has stood still for so long is nobody's. */
  readonly abandonedMs: number;
  /** Between looks at what retention holds back. */
  readonly retentionMs: number;
  readonly holdMsMax: number;
}

export const TIMINGS: Timings = {
  tickMs: 1000,
  retryMinMs: 5000,
  retryMaxMs: 60_000,
  stallMs: 60_000,
  abandonedMs: 120_000,
  retentionMs: 10_000,
  holdMsMax: 15 * 60_000,
};
if (TIMINGS.abandonedMs <= TIMINGS.stallMs)
  throw new Error('an upload may stand still for as long as its maker lets it');

export interface ReplicatorOptions {
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly settings: ReplicationSettings;
  readonly logger: AppLogger;
  /** The calendar's: what snapshots are dated with, and INFO tells. */
  readonly now: () => number;
  /** Absent: the machine's. */
  readonly time?: Time;
  /** For ages, in place of that time's clock. */
  readonly monotonicMs?: () => number;
  readonly members: () => readonly Member[];
  readonly timings?: Partial<Timings>;
  /** When it resolves, everything that the store has acknowledged is on disk. Left out: the store sees to that itself, or nobody here can. */
  readonly secure?: () => Promise<void>;
}

const WAITERS_MAX = 1000;
/** Of log that is kept for slaves that are behind, in multiples of snapshot-log-bytes. */
const HOLD_LOGS = 4;
const HOLD_BYTES_DEFAULT = 1024 ** 3;
const MEMBER_SILENT_MS = 10_000;

interface Waiter {
  readonly seq: number;
  readonly answer: (answer: SnapshotAnswer) => void;
}

export class Replicator {
  readonly #o: ReplicatorOptions;
  readonly #timings: Timings;
  #settings: ReplicationSettings;
  readonly #monotonicMs: () => number;
  readonly #time: Time;
  readonly #startedAt: number;
  #copy: Copy | null = null;
  #active = false;
  #newest: SnapshotManifest | null = null;
  #waiters: Waiter[] = [];
  #wake: (() => void) | null = null;
  /** Of snapshots that failed: none is begun by itself before `#nextTryMs`. */
  readonly #again: Retry;
  #nextTryMs = 0;
  #heldSinceMs = 0;
  #retentionAtMs = 0;
  #trouble = '';
  /** Uploads that are not proven, and since when this app has seen them. */
  #unproven = new Map<string, number>();
  // What SnapshotReport tells.
  #snapshotStartedMs = 0;
  #snapshotStartedAt = 0;
  #lastSavedMs = 0;
  /** The same by the monotonic clock, or when this app began. */
  #savedAt = 0;
  #lastOk = true;
  #lastDurationMs = 0;
  #saves = 0;

  constructor(options: ReplicatorOptions) {
    this.#o = options;
    this.#settings = options.settings;
    this.#timings = { ...TIMINGS, ...options.timings };
    const time = (this.#time = options.time ?? realTime);
    this.#monotonicMs = options.monotonicMs ?? (() => time.monotonicMs());
    const { retryMinMs: minMs, retryMaxMs: maxMs } = this.#timings;
    this.#again = new Retry({ time, minMs, maxMs });
    this.#startedAt = this.#monotonicMs();
  }

  get newest(): SnapshotManifest | null {
    return this.#newest;
  }

  get snapshotInProgress(): boolean {
    return this.#snapshotStartedMs > 0;
  }

  /** Save rules and the like, changed while it runs. The mode stays. */
  configure(settings: Partial<Omit<ReplicationSettings, 'mode' | 'newKeyspace'>>): void {
    this.#settings = { ...this.#settings, ...settings };
    this.#wake?.();
  }

  /** Standing by, an app says nothing about snapshots: the active one does. */
  report(id: string): MemberReport {
    const position: LogPosition = this.#copy?.position ?? LOG_START;
    return {
      id,
      role: 'replication',
      ip: '',
      port: 0,
      epoch: position.epoch,
      seq: position.seq,
      offset: position.offset,
      state: this.#copy?.state ?? 'loading',
      ...(this.#active ? { snapshot: this.snapshotReport() } : {}),
    };
  }

  snapshotReport(): SnapshotReport {
    return {
      inProgress: this.snapshotInProgress,
      startedMs: this.#snapshotStartedMs,
      runningMs: this.snapshotInProgress ? this.#monotonicMs() - this.#snapshotStartedAt : 0,
      lastSavedMs: this.#lastSavedMs,
      lastOk: this.#lastOk,
      lastDurationMs: this.#lastDurationMs,
      saves: this.#saves,
      changesSince: this.#copy?.changes ?? 0,
    };
  }

  /** Resolves when a snapshot of at least everything up to `seq` (all that the log has now) is usable, or when making it failed. */
  async request(seq?: number): Promise<SnapshotAnswer> {
    if (!this.#active) return inactive('is not the active one');
    if (this.#waiters.length >= WAITERS_MAX) return { ok: false, error: `${WAITERS_MAX} wait for a snapshot already` };
    const { lastSeq } = await this.#o.log.state();
    if (!this.#active) return inactive('is not the active one any more');
    return new Promise((resolve) => {
      this.#waiters.push({ seq: Math.min(seq ?? lastSeq, lastSeq), answer: resolve });
      this.#wake?.();
    });
  }

  /**
   * Removes a verified snapshot of this log on request. Never the newest: a slave starts from it. Nor one that is not of this log's history: it may be
   * the last copy of what the log lost, and an operator has other ways to remove that.
   */
  async remove(id: string): Promise<RemovalAnswer> {
    if (!this.#active) return { ok: false, why: 'again', error: 'this replication app is not the active one' };
    const { log, snapshots, logger } = this.#o;
    if (this.snapshotInProgress) return { ok: false, why: 'busy', error: 'a snapshot is being made; try again then' };
    if (!(await snapshots.list()).some((one) => one.id === id))
      return { ok: false, why: 'missing', error: `no snapshot ${id}` };
    const { usable } = await provenSnapshots(log, snapshots, logger);
    if (!usable.some((one) => one.id === id))
      return { ok: false, why: 'needed', error: `snapshot ${id} is not a verified one of this log` };
    if (usable[0]!.id === id)
      return { ok: false, why: 'needed', error: `snapshot ${id} is the newest usable one: a slave starts from it` };
    // As in retention: the newer one must not be lost with the machine's power.
    await this.#o.secure?.();
    await snapshots.remove(id);
    logger.info({ snapshot: id }, 'removed a snapshot that was asked to be removed');
    return { ok: true, removed: id };
  }

  /** Until the signal: never throws, tries again for ever. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger } = this.#o;
    const { retryMinMs, retryMaxMs } = this.#timings;
    const again = new Retry({ time: this.#time, minMs: retryMinMs, maxMs: retryMaxMs });
    this.#active = true;
    while (!signal.aborted) {
      const started = this.#monotonicMs();
      try {
        await this.#term(signal);
      } catch (error) {
        if (signal.aborted) break;
        if (this.#monotonicMs() - started > retryMaxMs) again.succeeded();
        const pauseMs = again.failed();
        logger.error(
          { err: error, retryInMs: pauseMs },
          'the copy cannot follow the log: beginning again from the newest snapshot',
        );
        this.#lastOk = false;
        this.#answerAll({ ok: false, error: textOf(error) });
        await this.#pause(pauseMs, signal);
      } finally {
        this.#copy?.stop();
        this.#copy = null;
      }
    }
    this.#active = false;
    this.#answerAll(inactive('stopped being the active one'));
  }

  async #term(signal: AbortSignal): Promise<void> {
    const { log, snapshots, logger, now } = this.#o;
    await this.#whenAvailable(signal, async () => {
      await snapshots.ensure();
      // An empty log may still get an imported data set in front of it: its first record says that it is complete.
      return (await log.state()).lastSeq > 0;
    });
    const newest = (await provenSnapshots(log, snapshots, logger)).usable[0] ?? null;
    this.#newest = newest;
    this.#savedAt = this.#startedAt;
    if (newest !== null) {
      // Another machine's clock dated it. An age that cannot be, behind zero, is none: at worst a save rule waits its seconds once more.
      this.#lastSavedMs = newest.createdAt;
      this.#savedAt = this.#monotonicMs() - Math.max(0, now() - newest.createdAt);
    }
    this.#retentionAtMs = this.#monotonicMs();
    const copy = await this.#openCopy(newest, signal);
    this.#copy = copy;
    logger.info(
      { mode: this.#settings.mode, snapshot: newest?.id ?? null, seq: copy.position.seq },
      'following the log',
    );
    while (!signal.aborted) {
      await this.#look(copy, signal);
      if (this.#monotonicMs() >= this.#retentionAtMs) await this.#retain();
      const why = this.#why(copy);
      if (why !== null) await this.#snapshot(copy, why, signal);
      else await this.#pause(this.#timings.tickMs, signal);
    }
  }

  async #openCopy(newest: SnapshotManifest | null, signal: AbortSignal): Promise<Copy> {
    const { log, snapshots, logger, now } = this.#o;
    const options = {
      log,
      snapshots,
      logger,
      now,
      time: this.#time,
      newKeyspace: this.#settings.newKeyspace,
      stallMs: this.#timings.stallMs,
    };
    if (this.#settings.mode === 'resident') return ResidentCopy.open(options, signal);
    return new EphemeralCopy(options, newest);
  }

  /** Brings the counts up to date; a broker that is away is waited for, with the copy kept. */
  async #look(copy: Copy, signal: AbortSignal): Promise<void> {
    await this.#whenAvailable(signal, async () => {
      await copy.tick(signal);
      return true;
    });
  }

  async #whenAvailable(signal: AbortSignal, attempt: () => Promise<boolean>): Promise<void> {
    const { logger } = this.#o;
    const { tickMs, retryMinMs } = this.#timings;
    const again = new Retry({ time: this.#time, minMs: tickMs, maxMs: Math.max(tickMs, retryMinMs) });
    while (!signal.aborted) {
      let trouble = 'the log is empty';
      try {
        if (await attempt()) {
          if (this.#trouble !== '') logger.info({ after: this.#trouble }, 'the log is there');
          this.#trouble = '';
          return;
        }
      } catch (error) {
        signal.throwIfAborted();
        const waits =
          isLogError(error, 'log-unavailable') ||
          isLogError(error, 'log-full') ||
          (this.#copy === null && isLogError(error, 'log-missing'));
        if (!waits) throw error;
        trouble = error.message;
        if (this.#copy !== null) this.#answerAll({ ok: false, error: error.message });
      }
      if (trouble !== this.#trouble) logger.warn({ trouble }, 'waiting for the log');
      this.#trouble = trouble;
      await this.#pause(again.failed(), signal);
    }
    signal.throwIfAborted();
  }

  #why(copy: Copy): string | null {
    if (this.#waiters.length > 0) return 'asked for';
    const now = this.#monotonicMs();
    if (now < this.#nextTryMs) return null;
    const { save, logBytesMax } = this.#settings;
    return dueReason({
      save,
      logBytesMax,
      changes: copy.changes,
      logBytes: copy.logBytes,
      sinceMs: now - this.#savedAt,
    });
  }

  async #snapshot(copy: Copy, why: string, term: AbortSignal): Promise<void> {
    const { log, snapshots, logger, now } = this.#o;
    const started = this.#monotonicMs();
    const stalled = new AbortController();
    const lookMs = Math.max(10, this.#timings.stallMs / 4);
    let silentMs = 0;
    let lookedAt = started;
    const watch = this.#time.every(lookMs, () => {
      const at = this.#monotonicMs();
      // A process that got no CPU, or was stopped, made no progress because it could not: that time is not held against the job.
      silentMs += Math.min(at - lookedAt, 2 * lookMs);
      lookedAt = at;
      if (silentMs > this.#timings.stallMs) stalled.abort(new Error(`no progress for ${Math.round(silentMs)} ms`));
    });
    this.#snapshotStartedMs = now();
    this.#snapshotStartedAt = started;
    let seq = this.#waiters.reduce((most, waiter) => Math.max(most, waiter.seq), 0);
    try {
      seq = Math.max(seq, (await log.state()).lastSeq);
      if (this.#newest !== null && this.#newest.seq >= seq) {
        // Nothing came since: the data set as it is now is saved already.
        this.#saved(this.#newest, seq, started);
        return;
      }
      logger.info({ why, seq, mode: this.#settings.mode }, 'making a snapshot');
      const { manifest, frozen } = await makeSnapshot({
        copy,
        snapshots,
        settings: this.#settings,
        logger,
        now,
        time: this.#time,
        seq,
        signal: AbortSignal.any([term, stalled.signal]),
        onProgress: () => void (silentMs = 0),
      });
      copy.saved(frozen);
      this.#newest = manifest;
      this.#retentionAtMs = 0;
      this.#saved(manifest, frozen.readSeq, started);
    } catch (error) {
      if (term.aborted) throw error;
      // Two apps at a time, for a moment: the other's snapshot was the newer one, and this one's was removed as never proven.
      const others = await snapshots.newestUsable().catch(() => null);
      if (others !== null && others.seq >= seq) {
        this.#newest = others;
        this.#saved(others, others.seq, started);
        return;
      }
      this.#lastOk = false;
      const retryMs = this.#again.failed();
      this.#nextTryMs = this.#monotonicMs() + retryMs;
      logger.error({ err: error, why, retryInMs: retryMs }, 'snapshot failed');
      this.#answer(seq, { ok: false, error: textOf(error) });
    } finally {
      watch.cancel();
      this.#snapshotStartedMs = 0;
    }
  }

  #saved(manifest: SnapshotManifest, seq: number, startedAt: number): void {
    this.#lastOk = true;
    this.#again.succeeded();
    this.#nextTryMs = 0;
    this.#lastSavedMs = this.#o.now();
    this.#savedAt = this.#monotonicMs();
    this.#lastDurationMs = this.#savedAt - startedAt;
    this.#saves++;
    this.#answer(seq, { ok: true, id: manifest.id, seq: manifest.seq });
  }

  async #retain(): Promise<void> {
    const { log, snapshots, logger, members } = this.#o;
    const { keep, logBytesMax } = this.#settings;
    this.#retentionAtMs = this.#monotonicMs() + this.#timings.retentionMs;
    try {
      for (const id of await snapshots.removeAbandoned(this.#timings.abandonedMs)) {
        logger.info({ snapshot: id }, 'removed an upload that was never finished');
      }
      // A snapshot of another history stands for nothing of this log, and may be the last copy of what the log lost.
      const { state, usable } = await provenSnapshots(log, snapshots, logger);
      const counted = new Set(usable.map(({ id }) => id));
      const listed = (await snapshots.list()).filter(({ id, state: s }) => s !== 'usable' || counted.has(id));
      const plan = planRetention(
        {
          keep,
          holdBytesMax: logBytesMax > 0 ? logBytesMax * HOLD_LOGS : HOLD_BYTES_DEFAULT,
          holdMsMax: this.#timings.holdMsMax,
          silentMsMax: MEMBER_SILENT_MS,
        },
        {
          log: state,
          snapshots: this.#settled(listed),
          members: members(),
          now: this.#monotonicMs(),
          heldSinceMs: this.#heldSinceMs,
        },
      );
      if (plan.heldFor.length === 0) this.#heldSinceMs = 0;
      else if (this.#heldSinceMs === 0) {
        this.#heldSinceMs = this.#monotonicMs();
        logger.info({ members: plan.heldFor }, 'log and snapshots are kept for members that are catching up');
      }
      if (plan.outOfTime)
        logger.warn({ members: plan.heldFor }, 'members that are still behind are not waited for any longer');
      // A snapshot that a power cut takes must not be what stands for the log in front of it.
      if (plan.remove.length > 0 || plan.trimTo !== null) await this.#o.secure?.();
      for (const id of plan.remove) {
        await snapshots.remove(id);
        logger.info({ snapshot: id }, 'removed an old snapshot');
      }
      if (plan.trimTo !== null) {
        await log.purgeTo(plan.trimTo);
        logger.info({ from: state.firstSeq, to: plan.trimTo }, 'trimmed the log');
      }
    } catch (error) {
      logger.warn({ err: error }, 'retention failed; it is tried again');
    }
  }

  /**
   * Without those that somebody may be proving right now: another app, for a moment active too, could mark one usable, and the log be trimmed
   * behind it, between this plan and the removal.
   */
  #settled(all: readonly SnapshotManifest[]): SnapshotManifest[] {
    const now = this.#monotonicMs();
    const unproven = new Map<string, number>();
    for (const { id, state } of all) if (state === 'uploaded') unproven.set(id, this.#unproven.get(id) ?? now);
    this.#unproven = unproven;
    return all.filter(({ id }) => now - (unproven.get(id) ?? -Infinity) >= this.#timings.abandonedMs);
  }

  #answer(seq: number, answer: SnapshotAnswer): void {
    const answered = this.#waiters.filter((waiter) => waiter.seq <= seq);
    this.#waiters = this.#waiters.filter((waiter) => waiter.seq > seq);
    for (const waiter of answered) waiter.answer(answer);
  }

  #answerAll(answer: SnapshotAnswer): void {
    for (const waiter of this.#waiters.splice(0)) waiter.answer(answer);
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        this.#wake = null;
        resolve();
      };
      const timer = this.#time.after(ms, end);
      this.#wake = end;
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}

function inactive(what: string): SnapshotAnswer {
  return { ok: false, error: `this replication app ${what}`, again: true };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

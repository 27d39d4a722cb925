import type { ReplyWriter } from '@weir/resp';
import type { LuaModule } from '@weir/scripting';
import type { Session } from './session.ts';

/**
 * What commands need from the process around the engine: everything that does I/O, takes time, or knows of other nodes.
 * Implemented by the engine app; tests use a plain object.
 */
export interface Host {
  /** Monotonic clock for durations, in microseconds. */
  clockMicros(): number;
  /** Wall clock, microseconds since 1970 (TIME). */
  wallClockMicros(): number;
  readonly sessions: ReadonlyMap<number, Session>;
  /** Calls `run` once, when so many milliseconds (as many as there may be) have passed; the returned function calls it off. */
  after(ms: number, run: () => void): () => void;

  replication(): ReplicationView;
  /** FAILOVER: another node is to lead in place of this one. Returns at once: null, or why not. `timeoutMs` 0: it takes what it takes. */
  handOver(options: {
    to: { readonly host: string; readonly port: number } | null;
    timeoutMs: number;
    force: boolean;
  }): string | null;
  /** FAILOVER ABORT: false when none is waiting for the other node to catch up. */
  abortHandover(): boolean;
  /** The nodes of its cluster choose their leader: nobody else does. */
  isClustered(): boolean;
  /** REPLICAOF; null is NO ONE. The role changes when it can; a promise is what the reply waits for: null or an error's text. */
  replicaOf(target: { host: string; port: number } | null): Promise<string | null> | undefined | void;
  /**
   * WAIT/WAITAOF: calls back with the number of slaves that have applied up to the offset, at once or later. The returned
   * function ends the wait early, as its time-out would.
   */
  waitReplicas(offset: number, replicas: number, timeoutMs: number, done: (acknowledged: number) => void): () => void;

  snapshots(): SnapshotView;
  /** BGSAVE, SAVE: asks the replication app; `done` is told an error's text or null, when the snapshot is usable. */
  save(done: (error: string | null) => void): void;

  /** SHUTDOWN. An error's text when it is refused. */
  shutdown(options: { save: boolean | null; now: boolean; force: boolean }): string | null;
  shutdownAbort(): boolean;
  /** CONFIG REWRITE: an error's text or null. */
  rewriteConfig(): string | null;
  /** So many bytes that nobody can guess. */
  randomBytes(count: number): Uint8Array;
  /** The text of `aclfile`, a byte string, or why it cannot be read, in the words of strerror. */
  readAclFile(): { readonly text: string } | { readonly error: string };
  /** Puts a text in its place, whole or not at all; why that was not done, or null. */
  writeAclFile(text: string): string | null;
  /**
   * MIGRATE: sends commands to another server and calls back once with what it answered; not before that record of ours is
   * committed, so that no other server ever has what this one may yet lose.
   */
  migrate(request: MigrateRequest, done: (answer: MigrateAnswer) => void): void;
  /** DEBUG RELOAD: drops the data set and builds it anew from snapshot and log; `done` with an error's text or null. */
  reload(done: (error: string | null) => void): void;
  /** DEBUG SLEEP: stops the whole engine for that long. */
  sleep(ms: number): void;
  /** Facts for INFO that only the process knows. */
  process(): ProcessView;
  /**
   * What WEIR HANDSHAKE tells another node: how to reach the log, with the rights of a slave or of a replication app, as JSON text; an error's
   * text when there is none, or not with these rights.
   */
  handshake(who: 'slave' | 'replication'): { json: string } | { error: string };
  /** WEIR LOGS: the logs that are stored where this node's is; `done` with an error's text when that cannot be told. */
  logs(done: (answer: readonly LogView[] | string) => void): void;
  /** WEIR LOGS FORGET: removes one that nobody needs; `done` with an error's text or null. */
  forgetLog(id: string, done: (error: string | null) => void): void;
  /** WEIR REPAIR, with its arguments: lines that tell what was done or would be, or an error's text. */
  repair(args: readonly string[], done: (answer: { lines: string[] } | { error: string }) => void): void;
  /** Lua, compiled: what scripts run in. Asked for when the first one is there. */
  luaModule?(): LuaModule;
  /** A line in the server log, as a warning: DEBUG LOG, clients that are refused or closed. */
  log?(message: string): void;
  /** DEBUG commands that test-suites use to hurt a server (`segfault`, `panic`, `restart` …): performs or refuses. */
  crash(how: string): string | null;
}

export interface LogView {
  /** 40 hex digits. */
  readonly id: string;
  readonly messages: number;
  /** Of log and snapshots. */
  readonly bytes: number;
  readonly lastWriteMs: number;
  readonly readers: number;
  /** Ids of the nodes and replication apps that report in it. */
  readonly members: readonly string[];
  /** This node has it, or remembers it as its own. */
  readonly own: boolean;
  /** NATS names it as the log of the cluster. */
  readonly named: boolean;
}

export interface MigrateRequest {
  readonly host: string;
  readonly port: number;
  /** How long the target may show no sign of life. */
  readonly timeoutMs: number;
  /** Number (Context.recordSeq) of the record to wait for; 0: none. */
  readonly afterRecord: number;
  /** Whole requests, one behind the other, each answered in one line. */
  readonly requests: Uint8Array;
  readonly count: number;
}

export interface MigrateAnswer {
  /** The replies that came, without their line ends: as many as were asked for, unless something failed. */
  readonly lines: readonly string[];
  readonly failure: null | 'connecting' | 'writing' | 'reading' | 'uncommitted';
}

export interface ReplicationView {
  readonly role: 'master' | 'slave';
  /** 40 hex digits: the log's identity. */
  readonly replid: string;
  /** Replication offset: bytes of the log that are committed (master) or applied (slave). */
  readonly offset: number;
  readonly epoch: number;
  /** Sequence of the last committed or applied record. */
  readonly seq: number;
  /** The node's own: those that were told to follow it. */
  readonly slaves: readonly SlaveView[];
  /** Of all slaves of the log, those that `min-replicas-to-write` counts. */
  readonly goodSlaves: number;
  readonly master: null | {
    readonly host: string;
    readonly port: number;
    /** As ROLE says it: connect, connecting, sync, connected. */
    readonly state: 'connect' | 'connecting' | 'sync' | 'connected';
    readonly lastIoSeconds: number;
    readonly linkDownSeconds: number;
    readonly syncLeftBytes: number;
    readonly syncTotalBytes: number;
  };
}

export interface SlaveView {
  readonly ip: string;
  readonly port: number;
  readonly state: 'wait_bgsave' | 'send_bulk' | 'online';
  readonly offset: number;
  readonly lagSeconds: number;
}

export interface SnapshotView {
  /** Unix time in seconds of the last usable snapshot (or of the start). */
  readonly lastSaveSeconds: number;
  readonly changesSinceLastSave: number;
  readonly inProgress: boolean;
  readonly lastStatus: 'ok' | 'err';
  readonly lastSeconds: number;
  readonly currentSeconds: number;
  readonly saves: number;
}

export interface ProcessView {
  readonly pid: number;
  readonly runId: string;
  readonly os: string;
  readonly arch: string;
  readonly executable: string;
  readonly configFile: string;
  /** By the monotonic clock. */
  readonly uptimeMs: number;
  readonly tcpPort: number;
  readonly rssBytes: number;
  /** How late the event loop was lately, in microseconds. */
  readonly eventLoopDelay?: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly totalSystemBytes: number;
  readonly cpu: { readonly user: number; readonly system: number };
  readonly networkInputBytes: number;
  readonly networkOutputBytes: number;
  /** Loading a data set now: progress in bytes; null when not. */
  readonly loading: null | {
    readonly startedMs: number;
    /** Since then, by a monotonic clock. */
    readonly elapsedMs: number;
    readonly totalBytes: number;
    readonly loadedBytes: number;
  };
  readonly version: string;
}

/**
 * Goes on with a command some time after it returned, once: what is written, and changed, then belongs to that command. `atOnce`: for those who
 * are between commands already, and look at what it did.
 */
export type Deferred = (run: (reply: ReplyWriter) => void, atOnce?: boolean) => void;

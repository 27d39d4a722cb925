/**
 * The ingress–engine protocol as an interface. A session is one client connection as the engine sees it. The link
 * carries the client's bytes to the engine in order, split anywhere, and the replies' bytes back in order: framing
 * belongs to the engine's own scanner (one scan per request, wherever the ingress runs). Two adapters implement it:
 * in-process (plain calls) and socket (many sessions multiplexed over one framed connection).
 *
 * Flow control, both ways, in bytes:
 * - `output` answers false when the client does not drain; the engine then stops executing that session's requests
 *   until `drained` is called. Bytes handed over before that are kept and sent.
 * - `pauseInput`/`resumeInput` tell the ingress to stop and resume reading from that client.
 */

export interface SessionInfo {
  /** `ip:port` of the client, or the path of the Unix socket followed by `:0`, as CLIENT LIST shows it. */
  readonly remoteAddr: string;
  /** `ip:port` (or path) that the client connected to. */
  readonly localAddr: string;
  /** File descriptor at the ingress when known, else -1 (CLIENT LIST's fd). */
  readonly fd: number;
  readonly unixSocket: boolean;
  /** The ingress may take its requests to another engine: what this one may not execute now is given back (`bounced`), not refused. */
  readonly routed?: boolean;
}

/** Of `SessionSink.state`: the session may not go on at another engine before the next state (a transaction, watched keys, subscriptions). */
export const STATE_PINNED = 1;
/** … and it ends with this engine: what it is cannot be had at another one (subscriptions, MONITOR). */
export const STATE_FRAGILE = 2;
/** Its commands have no replies (CLIENT REPLY). */
export const STATE_SILENT = 4;

/** What the engine calls; implemented by the ingress (or by the link on its behalf). */
export interface SessionSink {
  /**
   * Sends reply bytes `buf[start, end)`, borrowed for the call; `replies` requests are answered by them, the last with their last byte, those without
   * a reply included. What is no reply (a message of a subscription) counts for none. False: congested, wait for `drained`.
   */
  output(buf: Uint8Array, start: number, end: number, replies: number): boolean;
  /** Closes the connection after everything handed to `output` was sent. `closed()` of the port follows. */
  close(): void;
  /** Closes at once, pending output dropped (CLIENT KILL, output limits). */
  destroy(): void;
  pauseInput(): void;
  resumeInput(): void;
  /**
   * What the session is now, told before the replies that show it: bytes for `setState` at another engine, which only engines read, borrowed for
   * the call; `flags` are STATE_…. Only to who routes.
   */
  state?(flags: number, buf: Uint8Array, start: number, end: number): void;
  /**
   * No request that has no reply yet was executed, and none will be: this engine may not, now. The session is of no more use, and the ingress closes it.
   * Only to who routes.
   */
  bounced?(): void;
  /** From the link: it is lost. In place of `close()`; `closed()` follows. */
  lost?(): void;
  /** Bytes of replies not yet taken by the kernel (CLIENT LIST's omem). */
  readonly pendingOutputBytes: number;
}

/** What the ingress calls; implemented by the engine (or by the link on its behalf). */
export interface SessionPort {
  /** Client bytes `buf[start, end)`, borrowed for the call, any split. */
  input(buf: Uint8Array, start: number, end: number): void;
  /**
   * The client will send nothing more (half-closed): answer what it has asked, then call `close()`; a session which waits for
   * something that may never come (blocked, subscribed, MONITOR) closes at once, as nothing else tells that its client is gone.
   * Without this method the ingress closes as soon as the output that it has is sent.
   */
  inputEnded?(): void;
  /** The output that made `output` answer false is gone. */
  drained(): void;
  /** The session goes on as what it was at another engine, which has told that state; `isBroken`: that engine is lost, and with it what was queued or watched. */
  setState?(buf: Uint8Array, start: number, end: number, isBroken: boolean): void;
  /** The client was served elsewhere lately: it is not idle. */
  alive?(): void;
  /** Of a session on a link: the highest position that its replies depended on. */
  readonly position?: number;
  /** Of a session on a link: the bytes of the last `output` end within a reply, or may. */
  readonly isCut?: boolean;
  /** The connection is gone, whoever closed it; called once; nothing may be called on either side afterwards. */
  closed(): void;
}

/** As much of a command as routing needs; COMMAND INFO's words. */
export interface LinkCommand {
  /** Lower case, as clients call it here (`rename-command`); of a subcommand its own word only. */
  readonly name: string;
  /** Its own name, where clients call it by another one. */
  readonly own?: string;
  /** Arguments with the name; negative: at least that many. */
  readonly arity: number;
  readonly flags: readonly string[];
  /** First and last argument that is a key, and the step; last: negative counts from the end. Zeros: none, or not so simple (`movablekeys`). */
  readonly keys: readonly [first: number, last: number, step: number];
  readonly specs?: readonly LinkKeySpec[];
  readonly subcommands?: readonly LinkCommand[];
}

/** Where keys stand that a range does not tell: COMMAND INFO's key specifications. */
export interface LinkKeySpec {
  readonly flags: readonly string[];
  readonly begin: { readonly index: number } | { readonly keyword: string; readonly from: number } | 'unknown';
  readonly find:
    | { readonly last: number; readonly step: number; readonly limit: number }
    | { readonly keynumIndex: number; readonly first: number; readonly step: number }
    | 'unknown';
}

export interface EnginePort {
  /** What it can be asked for, so that an ingress can route without the handlers. Empty while an engine elsewhere is not reached. */
  readonly commands: readonly LinkCommand[];
  /**
   * The replication offset of the log that it is on: what replies handed over now may show is stored up to it (a master) or was applied
   * (a slave), and nothing beyond it.
   */
  readonly position: number;
  /**
   * For linearizable reads elsewhere: everything that anybody was told is stored lies up to this offset, as sure as this engine leads under a lease that
   * holds at this moment; -1 when it does not lead, or cannot know. A slave that has applied so much may answer what was asked before this was
   * read. Absent: the engine does not say.
   */
  readonly confirmed?: number;
  /** Id of the node, as it reports to the members of its log; '' or absent: none. */
  readonly node?: string;
  /** Calls `listener` after `position` has moved, until what it returns is called. */
  onPosition?(listener: () => void): () => void;
  /**
   * Finds out a position that has everything which was acknowledged, by whomever, before the call; null: this engine cannot know it, or did not within
   * a bounded time.
   */
  confirm?(done: (position: number | null) => void): void;
  /** Opens a session; the engine may answer and close through `sink` already during the call. */
  open(info: SessionInfo, sink: SessionSink): SessionPort;
}
